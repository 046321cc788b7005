// Which entries of a matrix are seen, in compressed sparse rows: row i holds columns[starts[i] … starts[i+1]), ascending.

import { usageError } from '../errors.js';
import type { Entries } from '../kernels/contract.js';
import { at, type Stream, subset } from '../random/index.js';

type Mask = Omit<Entries, 'values'>;

/**
 * `count` entries of an n₁×n₂ matrix, all sets equally likely; of i ≤ j only where symmetric.
 * @throws usage error when there are fewer entries than that.
 */
export function uniformMask(n1: number, n2: number, count: number, random: Stream, symmetric = false): Mask {
  if (symmetric && n1 !== n2)
    throw usageError(`uniformMask: a symmetric mask should be square, got ${n1}×${n2}`, 'make n₁ equal n₂');
  const cells = symmetric ? (n1 * (n1 + 1)) / 2 : n1 * n2;
  const starts = new Int32Array(n1 + 1);
  const columns = new Int32Array(count);
  // Cells are numbered row by row; `first` is the number of the first cell of row i.
  let i = 0;
  let first = 0;
  const width = () => (symmetric ? n1 - i : n2);
  subset(random, cells, count).forEach((cell, e) => {
    while (cell >= first + width()) {
      first += width();
      starts[++i] = e;
    }
    columns[e] = n2 - width() + cell - first;
  });
  starts.fill(count, i + 1);
  return { rows: n1, cols: n2, starts, columns };
}

/** counts[i] entries of row i, all sets equally likely; row i is drawn from index i of the stream. */
export function perRowMask(n2: number, counts: ArrayLike<number>, random: Stream): Mask {
  const n1 = counts.length;
  const starts = new Int32Array(n1 + 1);
  for (let i = 0; i < n1; i++) starts[i + 1] = starts[i] + counts[i];
  const columns = new Int32Array(starts[n1]);
  for (let i = 0; i < n1; i++) columns.set(subset(at(random, i), n2, counts[i]), starts[i]);
  return { rows: n1, cols: n2, starts, columns };
}
