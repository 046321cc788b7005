// The paper's own size: n = 200, r = 5, m = 10nr = 10 000.

import { type Kernels, type Stream, sineBetween, slice, spectralReference, svd, symmetric } from 'lorank';
import type { Row } from '../paper.js';
import { sideBySideRuns } from '../trajectory.js';
import { P200, STEP, scene, startOf } from './presets.js';

/** Over α, k = n. */
export function* largeSweep(K: Kernels, random: Stream): Generator<undefined, Row[]> {
  const alphas = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7];
  const made = scene(K, P200, random);
  const { L, rank } = spectralReference(K, made.M, P200.rank);
  const runs = alphas.map((alpha) => ({
    phi: symmetric(K, P200.n, P200.n),
    start: startOf(P200.n, random, P200.n, alpha),
  }));
  const losses = alphas.map(() => Number.NaN);
  const found = yield* sideBySideRuns(K, made, runs, { stepSize: STEP, steps: 500, level: 0.1 }, (j, t, _at, seen) => {
    if (t === 500) losses[j] = seen.residual.reduce((sum, v) => sum + v * v, 0);
  });
  return alphas.map((alpha, j) => ({
    alpha,
    hit: found[j].hit,
    te: found[j].te,
    loss: losses[j],
    seen: made.values[rank - 1],
    next: made.values[rank],
    bias: made.bias,
    alignment: sineBetween(K, L, slice(svd(K, found[j].last.left).U, 0, P200.n, 0, rank)),
  }));
}

/** Over k, α = 1/(70n²). */
export function* largeWidths(K: Kernels, random: Stream): Generator<undefined, Row[]> {
  const widths = [5, 6, 7, 10, 20, 50, 200, 400];
  const made = scene(K, P200, random);
  const runs = widths.map((width) => ({
    phi: symmetric(K, P200.n, width),
    start: startOf(P200.n, random, width, 1 / (70 * P200.n * P200.n)),
  }));
  const found = yield* sideBySideRuns(K, made, runs, { stepSize: STEP, steps: 300, level: 0.5 });
  return widths.map((width, j) => ({ width, hit: found[j].hit, te: found[j].te }));
}
