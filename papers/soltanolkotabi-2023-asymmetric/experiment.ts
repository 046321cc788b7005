// The grid: X = VWᵀ from Gaussian measurements, V⁺ = V + μGW and W⁺ = W + μGᵀV with G = 𝒜*(y − 𝒜(VWᵀ)), from a small random
// start. Every seed is one truth, one operator and one base start, shared by all runs of its cells.

import { type Kernels, type Stream, split, stream } from 'lorank';
import type { Cell, Row, Size } from '../paper.js';
import { couplingCurves, identities } from './couplings.js';
import { conditionSweep, driftSweep, exactWidth, floorSweep, sweep, widthSweep } from './descents.js';
import { decayCurves, lateRates } from './late.js';
import { LARGE, type Preset, SMALL } from './presets.js';

interface Grid {
  readonly seeds: number;
  readonly alphas: readonly number[];
  readonly drift: { readonly preset: Preset; readonly stepSizes: readonly number[]; readonly time: number };
  readonly floors: { readonly preset: Preset; readonly factors: readonly number[] };
  readonly widths: { readonly preset: Preset; readonly widths: readonly number[]; readonly seeds: number };
}

const grids: Readonly<Record<Size, Grid>> = {
  quick: {
    seeds: 5,
    alphas: [1e-1, 1e-3, 1e-4, 1e-5, 1e-6],
    drift: { preset: SMALL, stepSizes: [0.2, 0.1, 0.05], time: 50 },
    floors: { preset: SMALL, factors: [6, 12, 24] },
    widths: { preset: SMALL, widths: [2, 4, 16, 54, 120], seeds: 5 },
  },
  full: {
    seeds: 8,
    alphas: [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6],
    drift: { preset: LARGE, stepSizes: [0.4, 0.2, 0.1, 0.05, 0.025], time: 125 },
    floors: { preset: LARGE, factors: [6, 12, 24, 48] },
    widths: { preset: LARGE, widths: [2, 4, 16, 90, 200], seeds: 8 },
  },
};

export function cells(size: Size, seed: number): Cell[] {
  const { seeds, alphas, drift, floors, widths } = grids[size];
  const run = (i: number) => stream(seed, 'S1', i);
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
    ...perSeed('widths', widths.seeds, (K, random) => widthSweep(K, random, widths.preset, widths.widths)),
    ...perSeed('sweep', seeds, (K, random) => sweep(K, random, LARGE, alphas)),
    ...perSeed('floors', seeds, (K, random) => floorSweep(K, random, floors.preset, floors.factors)),
    ...perSeed('drift', seeds, (K, random) => driftSweep(K, random, drift)),
    ...perSeed('condition', seeds, (K, random) => conditionSweep(K, random, LARGE)),
    ...perSeed('coupling', seeds, (K, random) => couplingCurves(K, random, LARGE)),
    ...perSeed('exact', seeds, (K, random) => exactWidth(K, random, LARGE)),
    ...perSeed('late', seeds, lateRates),
    ...perSeed('identities', seeds, identities),
    { id: 'decay', table: 'decay', run: (K) => decayCurves(K, split(run(0), 'late')) },
  ];
}
