// The rows of a run, and as the arrays of a checkpoint.

import type { Checkpoint } from '../stream.js';

/** One step as it is shown. */
export interface TrainRow {
  readonly step: number;
  /** Of the step's batch, before its update; the row of step 0 has none. */
  readonly loss?: number;
  /** After its update, where evaluated. */
  readonly heldOut?: number;
  readonly learningRate: number;
  /** Before clipping. */
  readonly gradientNorm?: number;
}

const COLUMNS = ['step', 'loss', 'heldOut', 'learningRate', 'gradientNorm'] as const;

/** Rows as arrays; what a row has not is NaN. */
export const tableOf = (rows: readonly TrainRow[]): Record<string, Float64Array> =>
  Object.fromEntries(COLUMNS.map((key) => [`row ${key}`, Float64Array.from(rows, (row) => row[key] ?? Number.NaN)]));

/** The rows of tableOf. */
export function rowsOfTable(arrays: Checkpoint['arrays']): TrainRow[] {
  return Array.from(arrays['row step'], (_, i) => {
    const row: Record<string, number> = {};
    for (const key of COLUMNS) {
      const value = arrays[`row ${key}`][i];
      // A loss that is not a number is one; the row of step 0 has none.
      if (!Number.isNaN(value) || (key === 'loss' && row.step > 0)) row[key] = value;
    }
    return row as unknown as TrainRow;
  });
}
