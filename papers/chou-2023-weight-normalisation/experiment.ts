// The grid. Every seed is one problem and one start, shared by all runs of a cell.

import { type Kernels, type Stream, split, stream } from 'lorank';
import type { Cell, Row, Size } from '../paper.js';
import { paths, sparsities, startGrid, starts, thresholds } from './descents.js';
import { alphas, type Window, windows } from './early.js';
import { depthOne, driftCurves, equivalence, invariants, potentialGaps } from './laws.js';

interface Grid {
  readonly laws: number; // seeds
  readonly seeds: number;
  readonly grid: number; // seeds of α × κ
  readonly iterations: number;
  readonly threshold: number; // iterations
  readonly repetitions: number; // of the stopping windows
  readonly length: number; // of x, over α
}

export const grids: Readonly<Record<Size, Grid>> = {
  quick: { laws: 3, seeds: 5, grid: 1, iterations: 60_000, threshold: 50_000, repetitions: 8, length: 5000 },
  full: { laws: 8, seeds: 8, grid: 3, iterations: 400_000, threshold: 100_000, repetitions: 30, length: 10_000 },
};

const WINDOWS: readonly Window[] = [
  { depth: 4, start: 1e-5, iterations: 25_000, every: 100 },
  { depth: 3, start: 1e-5, iterations: 10_000, every: 20 },
  { depth: 2, start: 1e-5, iterations: 3000, every: 5 },
  { depth: 2, start: 1, iterations: 3000, every: 5 },
  { depth: 3, start: 1, iterations: 10_000, every: 20 },
  { depth: 4, start: 1, iterations: 5000, every: 100 },
];

export function cells(size: Size, seed: number): Cell[] {
  const { laws, seeds, grid, iterations, threshold, repetitions, length } = grids[size];
  const run = (i: number) => stream(seed, 'S3', i);
  const perSeed = (table: string, count: number, rows: (K: Kernels, random: Stream) => Generator<undefined, Row[]>) =>
    Array.from(
      { length: count },
      (_, i): Cell => ({
        id: `${table}-${i}`,
        table,
        *run(K) {
          const made = yield* rows(K, split(run(i), table));
          return made.map((row) => ({ seed: i, ...row }));
        },
      }),
    );
  return [
    ...WINDOWS.map(
      (window): Cell => ({
        id: `window-${window.depth}-${window.start}`,
        table: 'window',
        run: (K) =>
          windows(
            K,
            Array.from({ length: repetitions }, (_, i) => split(run(i), 'window')),
            window,
          ),
      }),
    ),
    ...perSeed('grid', grid, (K, random) => startGrid(K, random, iterations)),
    ...perSeed('sparsity', Math.max(6, seeds), (K, random) => sparsities(K, random, iterations)),
    ...perSeed('starts', seeds, (K, random) => starts(K, random, iterations)),
    ...perSeed('threshold', seeds, (K, random) => thresholds(K, random, threshold)),
    ...perSeed('alphas', seeds, (K, random) => alphas(K, random, length)),
    ...perSeed('equivalence', laws, equivalence),
    ...perSeed('potential', laws, potentialGaps),
    ...perSeed('invariants', laws, invariants),
    ...perSeed('depthOne', laws, depthOne),
    ...perSeed('drift', 1, driftCurves),
    ...perSeed('paths', 1, paths),
  ];
}
