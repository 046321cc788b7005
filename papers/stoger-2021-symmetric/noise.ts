// Noisy measurements: the error falls, then rises again while the noise is fitted; measurements kept back say when to stop.

import {
  type Factored,
  gaussian,
  type Kernels,
  relativeFrobenius,
  type Stream,
  split,
  symmetric,
  withNoise,
} from 'lorank';
import type { Row } from '../paper.js';
import { smallest } from '../statistics.js';
import { sideBySideRuns } from '../trajectory.js';
import { type Preset, STEP, scene, startOf } from './presets.js';

export interface Noisy {
  readonly preset: Preset;
  readonly deviation: number; // of the noise on y = 𝒜(X)
  readonly steps: number;
}

const HELD_OUT = 60; // measurements
const ALPHA = 1e-4;

interface Curve {
  readonly width: number;
  readonly te: readonly number[];
  readonly heldOut: readonly number[];
}

const EVERY = 3;

/** te and the held-out error of k = n and of k = r, at every third step. */
function* noisyRuns(K: Kernels, random: Stream, { preset, deviation, steps }: Noisy): Generator<undefined, Curve[]> {
  const made = scene(K, preset, random);
  const shape = { rows: preset.n, cols: preset.n, measurements: HELD_OUT, symmetric: true };
  const back = gaussian(K, shape, split(random, 'held out'));
  const seen = withNoise(made.y, deviation, split(random, 'noise'));
  // rows over √60 in place of √m: the noise on them is as much larger
  const ratio = Math.sqrt(preset.measurements / HELD_OUT);
  const kept = withNoise(back.apply(made.X), deviation * ratio, split(random, 'noise held out'));
  const runs = [preset.n, preset.rank].map((width) => ({
    phi: symmetric(K, preset.n, width),
    start: startOf(preset.n, random, width, ALPHA),
  }));
  const curves = runs.map(({ phi }) => ({ width: phi.size / preset.n, te: [] as number[], heldOut: [] as number[] }));
  const missed = (at: Factored) => back.apply(at).reduce((sum, v, i) => sum + (v - kept[i]) * (v - kept[i]), 0);
  const options = { stepSize: STEP, steps, level: Infinity };
  yield* sideBySideRuns(K, { ...made, y: seen }, runs, options, (j, t, at) => {
    if (t % EVERY !== 0) return;
    curves[j].te.push(relativeFrobenius(K, at, made.X));
    curves[j].heldOut.push(missed(at));
  });
  return curves;
}

export function* noise(K: Kernels, random: Stream, noisy: Noisy): Generator<undefined, Row[]> {
  const [wide, exact] = yield* noisyRuns(K, random, noisy);
  const best = smallest(wide.te);
  return [
    {
      best,
      bestAt: EVERY * wide.te.indexOf(best),
      stopped: wide.te[wide.heldOut.indexOf(smallest(wide.heldOut))],
      trained: wide.te[wide.te.length - 1],
      exactBest: smallest(exact.te),
      exactLast: exact.te[exact.te.length - 1],
    },
  ];
}

/** For figures. */
export function* noiseCurves(K: Kernels, random: Stream, noisy: Noisy): Generator<undefined, Row[]> {
  const curves = yield* noisyRuns(K, random, noisy);
  return curves.flatMap(({ width, te, heldOut }) =>
    te.flatMap((error, i) => {
      const t = EVERY * i;
      return t < 120 || t % 30 === 0 ? [{ width, t, te: error, heldOut: heldOut[i] }] : [];
    }),
  );
}
