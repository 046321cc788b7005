// The sweeps of the paper's figures, in the full grid at its own size: n = 200, r = 5, m = 10nr = 10 000.

import { type Kernels, type Stream, symmetric } from 'lorank';
import type { Row } from '../paper.js';
import { sideBySideRuns } from '../trajectory.js';
import { type Preset, STEP, scene, startOf } from './presets.js';

/** Over α, k = n. */
export function* alphaSweep(K: Kernels, random: Stream, preset: Preset, steps: number): Generator<undefined, Row[]> {
  const { n, rank } = preset;
  const alphas = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7];
  const made = scene(K, preset, random);
  const runs = alphas.map((alpha) => ({ phi: symmetric(K, n, n), start: startOf(n, random, n, alpha) }));
  const losses = alphas.map(() => Number.NaN);
  const found = yield* sideBySideRuns(K, made, runs, { stepSize: STEP, steps, level: 0.1 }, (j, t, _at, seen) => {
    if (t === steps) losses[j] = seen.residual.reduce((sum, v) => sum + v * v, 0);
  });
  return alphas.map((alpha, j) => ({
    seed: 0,
    n,
    alpha,
    hit: found[j].hit,
    te: found[j].te,
    loss: losses[j],
    seen: made.values[rank - 1],
    next: made.values[rank],
    bias: made.bias,
  }));
}

/** Over k, α = 1/(70n²). */
export function* widthSweep(
  K: Kernels,
  random: Stream,
  preset: Preset,
  { widths, steps }: { readonly widths: readonly number[]; readonly steps: number },
): Generator<undefined, Row[]> {
  const { n } = preset;
  const made = scene(K, preset, random);
  const runs = widths.map((width) => ({
    phi: symmetric(K, n, width),
    start: startOf(n, random, width, 1 / (70 * n * n)),
  }));
  const found = yield* sideBySideRuns(K, made, runs, { stepSize: STEP, steps, level: 0.5 });
  return widths.map((width, j) => ({ n, width, hit: found[j].hit, te: found[j].te }));
}
