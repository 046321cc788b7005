// Blocks of triples: what every reader of ratings yields and returns.

import { dataError } from '../errors.js';
import type { Delimiter } from './layout.js';
import type { Format } from './sniff.js';

/** Triples that a block has room for. */
export const BLOCK = 1 << 16;

/** Some triples, in the order of the file. */
export interface RatingBlock {
  /** Index of the row id (user), of the column id (item), and the value, of each triple. */
  rows: Int32Array;
  cols: Int32Array;
  values: Float64Array;
  /** Triples in this block. */
  count: number;
  /** Records skipped for a missing value while this block was filled. */
  missing: number;
}

/** What readRatings returns at the end of the stream. */
export interface RatingSummary {
  format: Format;
  /** Names of the columns read, or 'field 3' where the file has no names. */
  columns: { user: string; item: string; value: string };
  /** Records read, those with a missing value among them, and how many those are. */
  records: number;
  missing: number;
  delimiter?: Delimiter;
  header?: boolean;
}

export const emptyBlock = (): RatingBlock => ({
  rows: new Int32Array(BLOCK),
  cols: new Int32Array(BLOCK),
  values: new Float64Array(BLOCK),
  count: 0,
  missing: 0,
});

export const badValue = (where: string, name: string, text: string, notFinite: boolean) =>
  dataError(
    `readRatings: ${where}, column '${name}' should be ${notFinite ? 'a finite number' : 'a number'}, ` +
      `got '${text.length > 40 ? `${text.slice(0, 40)}…` : text}'`,
    'correct the file, or leave the value empty where it is missing',
  );
