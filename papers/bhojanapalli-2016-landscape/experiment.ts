// The grid: a family of problems in the plane where the restricted isometry constant is a dial, points whose derivatives are
// exact, and Gaussian measurements of UUᵀ without and with noise.

import { type Kernels, type Stream, split, stream } from 'lorank';
import type { Cell, Row, Size } from '../paper.js';
import { belowLevel, failures } from './family.js';
import { certificate, cure, identities, instance, regulariser, saddles, traps } from './points.js';
import { noisy, recoveries, stochastic } from './recovery.js';

interface Grid {
  readonly seeds: number;
  readonly deltas: readonly number[];
  readonly late: number; // steps after which a strict minimum still holds its starts
  readonly sizes: readonly number[]; // n of the instance with δ = ½
  readonly certificate: number;
  readonly recovery: { readonly n: number; readonly trials: Readonly<Record<number, number>> };
  readonly noise: readonly (readonly [n: number, rank: number])[];
  readonly stochastic: number; // n
  readonly draws: number;
}

const grids: Readonly<Record<Size, Grid>> = {
  quick: {
    seeds: 5,
    deltas: [0, 0.2, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 0.95],
    late: 10_000,
    sizes: [2, 6],
    certificate: 60,
    recovery: { n: 20, trials: { 1: 4, 1.5: 8, 2: 20, 3: 20 } },
    noise: [
      [20, 1],
      [40, 1],
      [80, 1],
      [30, 3],
    ],
    stochastic: 20,
    draws: 1e5,
  },
  full: {
    seeds: 8,
    deltas: [0, 0.1, 0.2, 0.3, 0.4, 0.45, 0.48, 0.5, 0.52, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95],
    late: 20_000,
    sizes: [2, 6, 12],
    certificate: 150,
    recovery: { n: 30, trials: { 1: 10, 1.25: 10, 1.5: 10, 1.75: 10, 2: 20, 2.5: 20, 3: 20 } },
    noise: [
      [20, 1],
      [40, 1],
      [80, 1],
      [40, 4],
    ],
    stochastic: 30,
    draws: 4.5e5,
  },
};

const RANKS = [1, 2, 3];
const NOISE = 0.1; // σ
const STARTS = 20_000;
const FALL = [100, 200, 500, 1000, 2000, 5000, 10_000, 20_000];
/** δ of f_δ where a descent from below a level of f must succeed. */
const CERTIFIED = [0.6, 0.8, 0.9];

/** (1 − δ)ε² f(0) for z of length 1, ε = min(√(1 − δ²), (√5 − 1)/2). */
function certifiedLevel(delta: number): number {
  const epsilon = Math.min(Math.sqrt(1 - delta * delta), (Math.sqrt(5) - 1) / 2);
  return (1 - delta) * epsilon * epsilon;
}

export function cells(size: Size, seed: number): Cell[] {
  const grid = grids[size];
  const random = stream(seed, 'S4');
  const cell = (id: string, table: string, run: (K: Kernels, random: Stream) => Generator<undefined, Row[]>): Cell => ({
    id,
    table,
    run: (K) => run(K, split(random, id)),
  });
  const perSeed = (
    table: string,
    count: number,
    rows: (K: Kernels, random: Stream) => Generator<undefined, Row[]>,
    name = table,
  ) =>
    Array.from(
      { length: count },
      (_, i): Cell => ({
        id: `${name}-${i}`,
        table,
        *run(K) {
          const made = yield* rows(K, split(random, name, i));
          return made.map((row) => ({ seed: i, ...row }));
        },
      }),
    );
  const times = (delta: number) =>
    delta === 0.5 ? FALL : delta < 0.5 ? [1000, 10_000, 20_000] : [1000, ...new Set([10_000, grid.late])];
  const { n, trials } = grid.recovery;
  return [
    ...grid.deltas.map((delta) =>
      cell(`failures-${delta}`, 'failures', (_, r) => failures(r, { delta, sign: 1 }, STARTS, times(delta))),
    ),
    ...[0.6, 0.8].map((delta) =>
      cell(`failures-flipped-${delta}`, 'failures', (_, r) => failures(r, { delta, sign: -1 }, STARTS, [1000])),
    ),
    ...perSeed('stochastic', grid.seeds, (K, r) => stochastic(K, r, grid.stochastic, 2, NOISE)),
    ...grid.noise.flatMap(([rows, rank]) =>
      perSeed('noise', 8, (K, r) => noisy(K, r, rows, rank, NOISE), `noise-${rows}-${rank}`),
    ),
    ...Object.entries(trials).flatMap(([ratio, count]) =>
      perSeed('recovery', count, (K, r) => recoveries(K, r, n, RANKS, Number(ratio)), `recovery-${ratio}`),
    ),
    ...perSeed('cure', 3, (K, r) => cure(K, r, 0.8, 20_000)),
    ...perSeed('saddles', grid.seeds, (K, r) => saddles(K, r, 8, 3, [0, 0.05, 0.1, 0.15, 0.19])),
    ...perSeed('identities', grid.seeds, (K, r) => identities(K, r, 12, 3, 12)),
    ...perSeed('regulariser', grid.seeds, (_, r) => regulariser(r)),
    ...grid.sizes.flatMap((size) =>
      perSeed('instance', size === 2 ? 1 : 3, (K, r) => instance(K, r, size), `instance-${size}`),
    ),
    ...CERTIFIED.flatMap((delta) =>
      [certifiedLevel(delta), 0.5].map((level, i) =>
        cell(`below-${delta}-${i}`, 'below', (_, r) =>
          belowLevel(r, { delta, sign: 1 }, { draws: i === 0 ? grid.draws : 2e4, level, steps: 20_000 }),
        ),
      ),
    ),
    cell('traps', 'traps', (K) =>
      traps(
        K,
        grid.deltas.filter((delta) => delta > 0),
      ),
    ),
    cell('certificate', 'certificate', () => certificate(grid.certificate)),
  ];
}
