// Do neighbours resemble each other? Where all ids of a side are whole numbers (pixels, days, positions) their order may
// carry meaning, and the ratings themselves tell: after the biases are taken away, entries next to each other agree or not.

import type { Ids } from '../io/ids.js';
import type { Entries } from '../kernels/contract.js';
import type { Observed, Posterior } from './posterior.js';
import type { Ratings } from './ratings.js';

/** Correlation of neighbouring residuals from which on a side counts as ordered. Ratings of films show less than 0.1. */
const ORDERED = 0.3;
const FEWEST_PAIRS = 100;

/** The indices of ids in the order of the whole numbers that they are; undefined where one is none. */
export function numericOrder(ids: Ids): Int32Array | undefined {
  const numbers = new Float64Array(ids.size);
  for (let i = 0; i < numbers.length; i++) {
    const text = ids.text(i);
    if (!/^(0|[1-9]\d{0,14})$/.test(text)) return undefined;
    numbers[i] = Number(text);
  }
  return Int32Array.from(numbers.keys()).sort((a, b) => numbers[a] - numbers[b]);
}

/** The order of the columns of E where neighbours in it resemble each other, else undefined. E: residuals. */
function meaningfulOrder(E: Entries, order: Int32Array | undefined): Int32Array | undefined {
  if (!order) return undefined;
  const { pairs, correlation } = neighbourCorrelation(E, order);
  return pairs >= FEWEST_PAIRS && correlation > ORDERED ? order : undefined;
}

/** Over pairs of entries of one row in neighbouring columns: Σ x x' / ½Σ(x² + x'²). */
export function neighbourCorrelation(E: Entries, order: Int32Array): { pairs: number; correlation: number } {
  const position = new Int32Array(order.length);
  for (let p = 0; p < order.length; p++) position[order[p]] = p;
  const at = new Int32Array(order.length + 1).fill(-1); // at[p]: the entry of this row at position p
  let pairs = 0;
  let product = 0;
  let square = 0;
  for (let i = 0; i < E.rows; i++) {
    for (let e = E.starts[i]; e < E.starts[i + 1]; e++) at[position[E.columns[e]]] = e;
    for (let e = E.starts[i]; e < E.starts[i + 1]; e++) {
      const next = at[position[E.columns[e]] + 1];
      if (next < E.starts[i]) continue; // of an earlier row, or none
      const x = E.values[e];
      const y = E.values[next];
      pairs++;
      product += x * y;
      square += 0.5 * (x * x + y * y);
    }
  }
  return { pairs, correlation: square > 0 ? product / square : 0 };
}

/** The sides whose ids are whole numbers, and whose neighbours resemble each other once the biases are taken away. */
export function ordersOf({ rowIds, colIds }: Ratings, { entries, turned }: Observed, baseline: Posterior) {
  const residuals = (E: Entries, rows: Float64Array, cols: Float64Array): Entries => {
    const values = new Float64Array(E.values.length);
    for (let i = 0; i < E.rows; i++)
      for (let e = E.starts[i]; e < E.starts[i + 1]; e++) values[e] = E.values[e] - rows[i] - cols[E.columns[e]];
    return { ...E, values };
  };
  const { rows, cols } = baseline;
  return {
    rowOrder: meaningfulOrder(residuals(turned, cols.mean, rows.mean), numericOrder(rowIds)),
    colOrder: meaningfulOrder(residuals(entries, rows.mean, cols.mean), numericOrder(colIds)),
  };
}
