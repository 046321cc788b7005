// Ratings: which entries of a matrix are known, gathered from a stream of triples into compressed sparse rows. Rows and
// columns are numbered in the order in which their ids are first seen. A pair that comes several times counts once, with
// the mean of its values.
//
// Cost: two counting sorts. Memory per triple: 16 bytes for the blocks, then 12 more for a while; 12 stay.

import { dataError, usageError } from '../errors.js';
import { Ids } from '../io/ids.js';
import type { Entries } from '../kernels/contract.js';

/** The known entries of a matrix, in compressed rows, and the ids of its rows and columns. */
export interface Ratings {
  readonly rowIds: Ids;
  readonly colIds: Ids;
  /** One entry for each known pair. */
  readonly entries: Entries & { readonly values: Float64Array };
  /** Triples that repeated a pair. */
  readonly duplicates: number;
}

/** count triples: the value at a row and a column, by their indices in the tables of ids. What readRatings yields. */
export interface TripleBlock {
  readonly rows: Int32Array;
  readonly cols: Int32Array;
  readonly values: Float64Array;
  readonly count: number;
}

export interface Gatherer {
  /** Takes a block, which must not be written again. */
  add(block: TripleBlock): void;
  /** The ratings of all blocks; the gatherer is empty afterwards. */
  ratings(): Ratings;
}

/** Collects blocks whose indices point into these tables of ids. */
export function gather(rowIds: Ids, colIds: Ids): Gatherer {
  let blocks: TripleBlock[] = [];
  return {
    add(block) {
      if (block.count > 0) blocks.push(tight(block));
    },
    ratings() {
      const taken = blocks;
      blocks = [];
      return { rowIds, colIds, ...compress(taken, rowIds.size, colIds.size) };
    },
  };
}

export type Triple = readonly [user: string | number, item: string | number, value: number];

/**
 * Ratings from triples in memory: [user, item, value] each.
 * @throws data error for a value that is not finite, and for an id that is neither a text nor a whole number.
 */
export function ratingsFrom(triples: Iterable<Triple>): Ratings {
  const rowIds = new Ids();
  const colIds = new Ids();
  const gatherer = gather(rowIds, colIds);
  const size = 1 << 16;
  const fresh = () => ({ rows: new Int32Array(size), cols: new Int32Array(size), values: new Float64Array(size) });
  let block = fresh();
  let count = 0;
  let seen = 0;
  for (const [user, item, value] of triples) {
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw dataError(
        `complete: the value of triple ${seen} should be a finite number, got ${value}`,
        'leave missing ratings out',
      );
    if (count === size) {
      gatherer.add({ ...block, count });
      block = fresh();
      count = 0;
    }
    block.rows[count] = numberOf(rowIds, user, seen);
    block.cols[count] = numberOf(colIds, item, seen);
    block.values[count++] = value;
    seen++;
  }
  gatherer.add({ ...block, count });
  return gatherer.ratings();
}

function numberOf(ids: Ids, id: string | number, triple: number): number {
  if (typeof id === 'string') return ids.add(id);
  if (Number.isSafeInteger(id)) return ids.addInteger(id);
  throw dataError(
    `complete: an id of triple ${triple} should be a text or a whole number, got ${id}`,
    'use String(id)',
  );
}

/** The block without much unused room, since blocks are kept. */
const tight = ({ rows, cols, values, count }: TripleBlock): TripleBlock =>
  count * 2 > rows.length
    ? { rows, cols, values, count }
    : { rows: rows.slice(0, count), cols: cols.slice(0, count), values: values.slice(0, count), count };

function compress(blocks: TripleBlock[], n1: number, n2: number): Pick<Ratings, 'entries' | 'duplicates'> {
  const total = blocks.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) throw dataError('complete: there should be at least one rating, got none', 'check the input');
  if (total >= 2 ** 31)
    throw usageError(`complete: there should be fewer than 2³¹ ratings, got ${total}`, 'sample them');
  const sorted = byColumn(blocks, total, n2);
  blocks.length = 0;
  return merged(byRow(sorted, n1, n2));
}

interface ByColumn {
  readonly starts: Int32Array;
  readonly rows: Int32Array;
  readonly values: Float64Array;
}

function byColumn(blocks: readonly TripleBlock[], total: number, n2: number): ByColumn {
  const starts = new Int32Array(n2 + 1);
  for (const { cols, count } of blocks) for (let t = 0; t < count; t++) starts[cols[t] + 1]++;
  for (let j = 0; j < n2; j++) starts[j + 1] += starts[j];
  const next = starts.slice();
  const rows = new Int32Array(total);
  const values = new Float64Array(total);
  for (const block of blocks)
    for (let t = 0; t < block.count; t++) {
      const e = next[block.cols[t]]++;
      rows[e] = block.rows[t];
      values[e] = block.values[t];
    }
  return { starts, rows, values };
}

type DenseEntries = Entries & { readonly values: Float64Array };

/** Compressed rows, with columns ascending because they are met in that order. */
function byRow({ starts: colStarts, rows, values: from }: ByColumn, n1: number, n2: number): DenseEntries {
  const starts = new Int32Array(n1 + 1);
  for (let e = 0; e < rows.length; e++) starts[rows[e] + 1]++;
  for (let i = 0; i < n1; i++) starts[i + 1] += starts[i];
  const next = starts.slice();
  const columns = new Int32Array(rows.length);
  const values = new Float64Array(rows.length);
  for (let j = 0; j < n2; j++)
    for (let e = colStarts[j]; e < colStarts[j + 1]; e++) {
      const at = next[rows[e]]++;
      columns[at] = j;
      values[at] = from[e];
    }
  return { rows: n1, cols: n2, starts, columns, values };
}

/** Equal pairs, which lie side by side, become their mean. */
function merged(E: DenseEntries): Pick<Ratings, 'entries' | 'duplicates'> {
  const { rows, cols, columns, values } = E;
  const starts = new Int32Array(rows + 1);
  let to = 0;
  for (let i = 0; i < rows; i++) {
    for (let e = E.starts[i]; e < E.starts[i + 1]; to++) {
      const j = columns[e];
      let sum = 0;
      let count = 0;
      for (; e < E.starts[i + 1] && columns[e] === j; e++, count++) sum += values[e];
      columns[to] = j;
      values[to] = count === 1 ? values[e - 1] : sum / count;
    }
    starts[i + 1] = to;
  }
  const duplicates = columns.length - to;
  if (duplicates === 0) return { entries: E, duplicates };
  return { entries: { rows, cols, starts, columns: columns.slice(0, to), values: values.slice(0, to) }, duplicates };
}

/** The entries column by column: those of Xᵀ. values may come with other contents in the order of E. */
export function transposed(
  E: Entries,
  into: { starts: Int32Array; columns: Int32Array; values: Float64Array },
): DenseEntries {
  const { rows, cols } = E;
  const { starts, columns, values } = into;
  starts.fill(0);
  for (let e = 0; e < E.starts[rows]; e++) starts[E.columns[e] + 1]++;
  for (let j = 0; j < cols; j++) starts[j + 1] += starts[j];
  const next = starts.slice();
  for (let i = 0; i < rows; i++)
    for (let e = E.starts[i]; e < E.starts[i + 1]; e++) {
      const at = next[E.columns[e]]++;
      columns[at] = i;
      values[at] = E.values[e];
    }
  return { rows: cols, cols: rows, starts, columns, values };
}
