// Ratings: triples (row id, column id, value) from any file that holds them, as one stream of blocks.
//
//   const rowIds = new Ids(), colIds = new Ids();
//   for await (const { rows, cols, values, count } of readRatings(source, { name: 'ratings.csv.gz' }, rowIds, colIds))
//     for (let e = 0; e < count; e++) …  // values[e] at row rows[e], column cols[e]
//   rowIds.text(rows[0]);                // the id as it stands in the file
//
// - Ids are numbered 0, 1, 2, … in the order they are first seen, and compared by their exact text: '01' ≠ '1'. Reading a
//   second file with the same Ids appends: indices from the old `size` on are ids that the first file did not have.
// - Duplicates are given as often as they occur; a record whose value is missing is skipped and counted.
// - values are finite. NaN or an infinity in a file of records is refused; in a dense npy NaN means missing.
// - Ids of a Matrix Market file are its 1-based numbers, of an npy matrix its 0-based ones, as decimal text.
// - A block is never written again after it is yielded. Its arrays may be longer than `count`.

import type { RatingBlock, RatingSummary } from './blocks.js';
import type { ByteSource } from './bytes.js';
import { chunks } from './bytes.js';
import type { Column } from './columns.js';
import { delimitedRatings } from './delimited.js';
import type { Ids } from './ids.js';
import { sniff, wrongFormat } from './sniff.js';
import { matrixMarketRatings, ndjsonRatings, npyRatings, parquetRatings } from './tables.js';

/** Which columns to read. */
export interface RatingOptions {
  /** The name of the file: decides only where its content does not. */
  name?: string;
  /** Column of the row ids, by name or by number from 1. Default: see resolveColumns in columns.ts. */
  user?: Column;
  /** Column of the column ids. */
  item?: Column;
  /** Column of the values; null reads pairs (user, item), whose values are NaN. */
  value?: Column | null;
}

/** Triples of a source (comma, tab, '::' or ';' text, NDJSON, Parquet, Matrix Market, npy; gzipped or not). */
export async function* readRatings(
  source: ByteSource,
  options: RatingOptions,
  rowIds: Ids,
  colIds: Ids,
): AsyncGenerator<RatingBlock, RatingSummary> {
  const { format, source: plain } = await sniff(source, options.name);
  switch (format) {
    case 'delimited':
    case 'empty':
      return yield* delimitedRatings(chunks(plain), options, rowIds, colIds);
    case 'parquet':
      return yield* parquetRatings(plain, options, rowIds, colIds);
    case 'ndjson':
      return yield* ndjsonRatings(plain, options, rowIds, colIds);
    case 'matrix-market':
      return yield* matrixMarketRatings(plain, rowIds, colIds);
    case 'npy':
      return yield* npyRatings(plain, rowIds, colIds);
    default:
      throw wrongFormat('readRatings', 'a table of ratings', format);
  }
}
