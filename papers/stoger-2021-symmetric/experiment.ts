// The grid: X positive semidefinite, Gaussian measurements, U⁺ = U + μ𝒜*(y − 𝒜(UUᵀ))U from a small random start. Every seed is
// one truth, one operator and one base start, shared by all runs of its cells.

import { type Kernels, type Stream, split, stream } from 'lorank';
import type { Cell, Row, Size } from '../paper.js';
import { type Race, race } from './accelerated.js';
import {
  conditionSweep,
  exactWidth,
  floorSweep,
  incremental,
  lateRate,
  spectra,
  tooLong,
  widthCurves,
  widthTimes,
} from './descents.js';
import { alphaSweep, widthSweep } from './large.js';
import { type Noisy, noise, noiseCurves } from './noise.js';
import { oneStep } from './oneStep.js';
import { curves, phaseSweep } from './phaseRuns.js';
import { P40, P60, P200, type Preset } from './presets.js';

interface Grid {
  readonly large: { readonly preset: Preset; readonly steps: number; readonly widths: readonly number[] };
  readonly seeds: number;
  readonly alphas: readonly number[];
  readonly sweepSteps: number;
  readonly steps: { readonly preset: Preset; readonly seeds: number };
  readonly floors: { readonly n: number; readonly factors: readonly number[] };
  readonly spectra: readonly number[];
  readonly widths: { readonly preset: Preset; readonly widths: readonly number[]; readonly seeds: number };
  readonly condition: { readonly preset: Preset; readonly conditions: readonly number[] };
  readonly incremental: { readonly preset: Preset; readonly steps: number };
  readonly race: Race;
  readonly noise: Noisy;
}

const grids: Readonly<Record<Size, Grid>> = {
  quick: {
    seeds: 5,
    large: { preset: { n: 40, rank: 1, measurements: 400 }, steps: 250, widths: [1, 2, 3, 5, 10, 40] },
    alphas: [1e-3, 1e-4, 1e-6],
    sweepSteps: 270,
    steps: { preset: P40, seeds: 5 },
    floors: { n: 30, factors: [5, 10, 20, 40] },
    spectra: [5, 10, 20, 40],
    widths: { preset: P60, widths: [2, 4, 60], seeds: 10 },
    condition: { preset: { n: 40, rank: 2, measurements: 1200 }, conditions: [1, 1.5, 2, 3] },
    incremental: { preset: { n: 40, rank: 3, measurements: 1200 }, steps: 700 },
    race: {
      preset: { n: 24, rank: 2, measurements: 7200 },
      width: 8,
      alpha: 1e-10,
      conditions: [1, 2, 4, 8],
      slow: [1, 4],
    },
    noise: { preset: { n: 40, rank: 1, measurements: 400 }, deviation: 0.01, steps: 1500 },
  },
  full: {
    seeds: 8,
    large: { preset: P200, steps: 500, widths: [5, 6, 7, 10, 20, 50, 200, 400] },
    alphas: [1e-3, 1e-4, 1e-5, 1e-6],
    sweepSteps: 500,
    steps: { preset: P60, seeds: 8 },
    floors: { n: 40, factors: [5, 10, 20, 40, 80] },
    spectra: [5, 10, 20, 40, 80, 160],
    widths: { preset: { n: 80, rank: 3, measurements: 2400 }, widths: [3, 6, 80], seeds: 10 },
    condition: { preset: { n: 60, rank: 2, measurements: 1800 }, conditions: [1, 1.5, 2, 3, 4] },
    incremental: { preset: { n: 60, rank: 3, measurements: 1800 }, steps: 1500 },
    race: {
      preset: { n: 40, rank: 2, measurements: 12_000 },
      width: 8,
      alpha: 1e-10,
      conditions: [1, 2, 4, 8],
      slow: [1, 4],
    },
    noise: { preset: P60, deviation: 0.01, steps: 3000 },
  },
};

export function cells(size: Size, seed: number): Cell[] {
  const grid = grids[size];
  const { seeds } = grid;
  const run = (i: number) => stream(seed, 'S2', i);
  type Rows = (K: Kernels, random: Stream) => Generator<undefined, Row[]>;
  const perSeed = (name: string, count: number, rows: Rows, table = name) =>
    Array.from(
      { length: count },
      (_, i): Cell => ({
        id: `${name}-${i}`,
        table,
        *run(K) {
          const made = yield* rows(K, split(run(i), name));
          return made.map((row) => ({ seed: i, ...row }));
        },
      }),
    );
  const once = (table: string, rows: Rows): Cell => ({ id: table, table, run: (K) => rows(K, split(run(0), table)) });
  const sweep = { alphas: grid.alphas, steps: grid.sweepSteps, condition: 1, stride: 1 };
  const curved = { alphas: [1e-6], steps: size === 'full' ? 600 : 420, condition: 2, stride: size === 'full' ? 1 : 2 };
  return [
    once('large', (K, random) => alphaSweep(K, random, grid.large.preset, grid.large.steps)),
    once('largeWidths', (K, random) => widthSweep(K, random, grid.large.preset, grid.large)),
    ...perSeed('phases', seeds, (K, random) => phaseSweep(K, random, P60, sweep)),
    ...perSeed('phases-curved', seeds, (K, random) => phaseSweep(K, random, P60, curved), 'phases'),
    ...perSeed('incremental', seeds, (K, random) =>
      incremental(K, random, grid.incremental.preset, { alpha: 1e-8, steps: grid.incremental.steps }),
    ),
    ...perSeed('noise', seeds, (K, random) => noise(K, random, grid.noise)),
    ...perSeed('race', seeds, (K, random) => race(K, random, grid.race)),
    ...perSeed('floors', seeds, (K, random) =>
      floorSweep(K, random, grid.floors.n, grid.floors.factors, size === 'full' ? 500 : 350),
    ),
    ...perSeed('condition', seeds, (K, random) =>
      conditionSweep(K, random, grid.condition.preset, grid.condition.conditions),
    ),
    ...[1, 2].flatMap((condition) =>
      perSeed(
        `steps-${condition}`,
        grid.steps.seeds,
        (K, random) => oneStep(K, random, grid.steps.preset, { condition, steps: 100 + 80 * condition, alpha: 1e-4 }),
        'steps',
      ),
    ),
    ...perSeed('exact', seeds, (K, random) => exactWidth(K, random, P60, 400)),
    ...perSeed('widths', grid.widths.seeds, (K, random) =>
      widthTimes(K, random, grid.widths.preset, grid.widths.widths, 90),
    ),
    ...perSeed('spectra', seeds, (K, random) => spectra(K, random, P60, grid.spectra)),
    ...perSeed('late', seeds, (K, random) => lateRate(K, random, 4)),
    once('lateExact', (K, random) => lateRate(K, random, 2)),
    once('tooLong', (K, random) => tooLong(K, random, P40)),
    once('curves', (K, random) => curves(K, random, P60, { alpha: 1e-6, steps: 300, condition: 1 })),
    once('curvesCurved', (K, random) => curves(K, random, P60, { alpha: 1e-6, steps: 420, condition: 2 })),
    once('widthCurves', (K, random) => widthCurves(K, random, P60, [2, 3, 4, 8, 20, 60], 300)),
    once('noiseCurves', (K, random) => noiseCurves(K, random, grid.noise)),
  ];
}
