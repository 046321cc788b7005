// Two sets of entries of one matrix that have none in common: what a run sees, and what it is judged by.

import { usageError } from '../errors.js';
import { type Stream, split, subset } from '../random/index.js';
import { uniformMask } from '../truth/index.js';

type Mask = ReturnType<typeof uniformMask>;

/**
 * @param counts of entries in the first and in the second; all pairs of sets equally likely.
 * @param symmetric entries of i ≤ j only.
 * @throws usage error when the n₁×n₂ matrix has not so many.
 */
export function twoMasks(
  [n1, n2]: readonly [number, number],
  counts: readonly [number, number],
  random: Stream,
  symmetric = false,
): [Mask, Mask] {
  const cells = symmetric ? (n1 * (n1 + 1)) / 2 : n1 * n2;
  const count = counts[0] + counts[1];
  if (count > cells)
    throw usageError(`generator: a ${n1}×${n2} matrix has ${cells} entries to see, got ${count}`, 'ask for fewer');
  const all = uniformMask(n1, n2, count, split(random, 'seen'), symmetric);
  const second = new Uint8Array(count);
  for (const e of subset(split(random, 'second'), count, counts[1])) second[e] = 1;
  const part = (which: number): Mask => {
    const starts = new Int32Array(n1 + 1);
    for (let i = 0; i < n1; i++) {
      starts[i + 1] = starts[i];
      for (let e = all.starts[i]; e < all.starts[i + 1]; e++) if (second[e] === which) starts[i + 1]++;
    }
    return { rows: n1, cols: n2, starts, columns: all.columns.filter((_, e) => second[e] === which) };
  };
  return [part(0), part(1)];
}
