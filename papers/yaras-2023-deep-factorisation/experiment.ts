// The grid: X = W_L ⋯ W_1 fitted to a matrix of rank r, or to some of its entries. Every seed is one truth, one mask and one
// start, shared by all runs of its cell.

import { type Kernels, type Stream, split, stream } from 'lorank';
import type { Cell, Row, Size } from '../paper.js';
import { depths, type EntriesPreset, outerSteps, overestimates, surrogates } from './completion.js';
import { compression, type KnownPreset, surrogate } from './factorisation.js';
import { spectra, subspaces } from './subspace.js';

interface Grid {
  readonly seeds: number;
  readonly known: KnownPreset;
  readonly entries: EntriesPreset;
  readonly gammas: readonly number[];
  readonly over: { readonly ranks: readonly number[]; readonly gamma: number };
  readonly deep: EntriesPreset;
  readonly residual: number;
  readonly steps: { readonly two: number; readonly three: number };
  readonly deepSeeds: number;
  readonly faster: EntriesPreset;
  readonly pointwise: KnownPreset;
}

export const grids: Readonly<Record<Size, Grid>> = {
  quick: {
    seeds: 3,
    known: { d: 40, rank: 3, initScale: 2e-3, stepSize: 0.015 },
    entries: { d: 40, rank: 2, share: 0.4, initScale: 2e-3, stepSize: 0.015 },
    gammas: [0, 0.01, 0.1],
    over: { ranks: [2, 3, 5, 8], gamma: 0.1 },
    deep: { d: 60, rank: 4, share: 0.4, initScale: 1e-2, stepSize: 0.01 },
    residual: 1e-5, // what the start leaves, √d·ε³, is not far below 1e-6
    steps: { two: 5000, three: 10_000 },
    deepSeeds: 5,
    faster: { d: 40, rank: 2, share: 0.4, initScale: 1e-2, stepSize: 5 },
    pointwise: { d: 40, rank: 3, initScale: 1e-2, stepSize: 0.01 },
  },
  full: {
    seeds: 3,
    known: { d: 100, rank: 5, initScale: 1e-3, stepSize: 0.01 },
    entries: { d: 100, rank: 5, share: 0.3, initScale: 1e-3, stepSize: 0.01 },
    gammas: [0, 0.001, 0.01, 0.1],
    over: { ranks: [5, 8, 12, 20], gamma: 0.01 },
    deep: { d: 60, rank: 4, share: 0.4, initScale: 1e-3, stepSize: 0.01 },
    residual: 1e-6,
    steps: { two: 60_000, three: 60_000 },
    deepSeeds: 3,
    faster: { d: 100, rank: 5, share: 0.3, initScale: 1e-2, stepSize: 10 },
    pointwise: { d: 60, rank: 5, initScale: 1e-2, stepSize: 0.005 },
  },
};

export function cells(size: Size, seed: number): Cell[] {
  const grid = grids[size];
  const run = (i: number) => stream(seed, 'S5', i);
  const perSeed = (
    table: string,
    rows: (K: Kernels, random: Stream) => Generator<undefined, Row[]>,
    count = grid.seeds,
  ) =>
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
  const { d } = grid.deep;
  const chains = [
    ...[8, 20, d].map((width) => ({ depth: 3, width, steps: grid.steps.three })),
    { depth: 2, width: d, steps: grid.steps.two },
  ];
  return [
    ...perSeed('entries', (K, random) => outerSteps(K, random, grid.entries, grid.gammas)),
    ...perSeed('over', (K, random) => overestimates(K, random, grid.entries, grid.over)),
    ...perSeed('depth', (K, random) => depths(K, random, grid.deep, grid.residual, chains), grid.deepSeeds),
    ...perSeed('faster', (K, random) => surrogates(K, random, grid.faster, [1, 2, 5])),
    ...perSeed('known', (K, random) => compression(K, random, grid.known)),
    ...perSeed('pointwise', (K, random) => surrogate(K, random, grid.pointwise)),
    ...perSeed('subspace', subspaces, 5),
    ...perSeed('spectra', spectra, 1),
  ];
}
