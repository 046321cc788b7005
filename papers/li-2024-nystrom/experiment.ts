// The grid: one cell a table and a seed. A seed is one Q, one Ω and one set of noise, shared by every κ, ξ and η of its cells.

import { type Kernels, type Stream, split, stream } from 'lorank';
import type { Cell, Row, Size, Work } from '../paper.js';
import { conversions, files, noOp, orthogonal, realStarts, residuals, rowSpace, streamed } from './adapters.js';
import { completion, damped, locked, lockedCourses, random } from './family.js';
import { law, oneStep, single, sweeps } from './pair.js';
import { sizes } from './presets.js';
import { reach } from './reach.js';
import { courses, exact, narrow, perturbed, plain, rates, scales, wide } from './symmetric.js';

export function cells(size: Size, seed: number): Cell[] {
  const { inside, outside, damped: ofDamped, seeds, pair, completion: ratings } = sizes[size];
  const perSeed = (table: string, count: number, rows: (K: Kernels, random: Stream) => Work<Row[]>) =>
    Array.from(
      { length: count },
      (_, i): Cell => ({
        id: `${table}-${i}`,
        table,
        async *run(K) {
          const made = yield* rows(K, split(stream(seed, 'S6', i), table));
          return made.map((row) => ({ seed: i, ...row }));
        },
      }),
    );
  return [
    ...perSeed('plain', seeds.gd, (K, r) => plain(K, r, outside)),
    ...perSeed('perturbed', seeds.outside, (K, r) => perturbed(K, r, outside)),
    ...perSeed('completion', ratings.seeds, (K, r) => completion(K, r, ratings)),
    ...perSeed('exact', seeds.exact, (K, r) => exact(K, r, inside)),
    ...perSeed('scales', seeds.exact, (K, r) => scales(K, r, inside)),
    ...perSeed('rates', 2, (K, r) => rates(K, r, inside)),
    ...perSeed('wide', seeds.wide, (K, r) => wide(K, r, inside)),
    ...perSeed('narrow', seeds.outside, (K, r) => narrow(K, r, inside)),
    ...perSeed('oneStep', seeds.wide, (K, r) => oneStep(K, r, pair)),
    ...perSeed('law', 2, (K, r) => law(K, r, pair)),
    ...perSeed('sweeps', 2, (K, r) => sweeps(K, r, pair)),
    ...perSeed('random', seeds.wide, (K, r) => random(K, r, outside)),
    ...perSeed('locked', 3, (K, r) => locked(K, r, 30)),
    ...perSeed('damped', seeds.wide, (K, r) => damped(K, r, ofDamped)),
    ...perSeed('single', seeds.wide, (K, r) => single(K, r, inside, pair)),
    ...perSeed('noOp', 1, noOp),
    ...perSeed('rowSpace', seeds.exact, rowSpace),
    ...perSeed('weights', 1, realStarts),
    ...perSeed('residuals', 1, residuals),
    ...perSeed('conversions', 2, conversions),
    ...perSeed('orthogonal', 1, orthogonal),
    ...perSeed('files', 1, files),
    ...perSeed('streamed', 1, streamed),
    ...perSeed('reach', seeds.gd, reach),
    ...perSeed('courses', 1, function* (K, r) {
      return [...(yield* courses(K, r, inside)), ...(yield* lockedCourses(K, r, 30))];
    }),
  ];
}
