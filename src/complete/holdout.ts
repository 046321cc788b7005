// Which ratings are kept back to judge by: a random share of them, the same for the same seed.

import type { Entries } from '../kernels/contract.js';
import { type Stream, split, subset } from '../random/index.js';
import type { Ratings, TripleBlock } from './ratings.js';

/** Below this many ratings none are kept back: neither part could say anything. */
export const FEWEST_TO_SPLIT = 20;

export interface Split {
  readonly train: Ratings['entries'];
  readonly heldOut: TripleBlock;
}

/** share: of the entries, in [0, 1). Cost O(m). */
export function holdOut(entries: Ratings['entries'], share: number, random: Stream): Split {
  const m = entries.values.length;
  const count = m < FEWEST_TO_SPLIT ? 0 : Math.round(share * m);
  const chosen = subset(split(random, 'holdout'), m, count);
  const { rows, cols } = entries;
  const heldOut = {
    rows: new Int32Array(count),
    cols: new Int32Array(count),
    values: new Float64Array(count),
    count,
  };
  const starts = new Int32Array(rows + 1);
  const columns = new Int32Array(m - count);
  const values = new Float64Array(m - count);
  let kept = 0;
  let out = 0;
  for (let i = 0; i < rows; i++) {
    for (let e = entries.starts[i]; e < entries.starts[i + 1]; e++)
      if (out < count && chosen[out] === e) {
        heldOut.rows[out] = i;
        heldOut.cols[out] = entries.columns[e];
        heldOut.values[out++] = entries.values[e];
      } else {
        columns[kept] = entries.columns[e];
        values[kept++] = entries.values[e];
      }
    starts[i + 1] = kept;
  }
  return { train: { rows, cols, starts, columns, values }, heldOut };
}

/** The mean of the values, summed in order. */
export function meanOf(E: Entries): number {
  let sum = 0;
  for (let e = 0; e < E.values.length; e++) sum += E.values[e];
  return sum / E.values.length;
}
