// The statistics that claims are made of. A run that failed leaves NaN or Infinity in its row, and a statistic over it is then
// in no band: it cannot be outvoted in silence.

import { log } from 'lorank';
import type { Row } from './paper.js';

/** The first t with a value below the level; NaN where there is none. */
export function hit(values: ArrayLike<number>, level: number): number {
  for (let t = 0; t < values.length; t++) if (values[t] < level) return t;
  return Number.NaN;
}

/** Of numbers that are all finite; NaN where one is not, so that a run that failed cannot be outvoted in silence. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  if (sorted.length === 0 || sorted.some(Number.isNaN)) return Number.NaN;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Of the least-squares line through (x_i, y_i). */
export function slope(x: readonly number[], y: readonly number[]): number {
  const mean = (v: readonly number[]) => v.reduce((a, b) => a + b, 0) / v.length;
  const [mx, my] = [mean(x), mean(y)];
  const products = x.map((v, i) => (v - mx) * (y[i] - my));
  const squares = x.map((v) => (v - mx) * (v - mx));
  return mean(products) / mean(squares);
}

/** The p of y ∝ xᵖ, by least squares in logarithms. */
export const exponent = (x: readonly number[], y: readonly number[]): number => slope(x.map(log), y.map(log));

/** The numbers of one column. */
export const numbers = (rows: readonly Row[], key: string): number[] => rows.map((row) => Number(row[key]));

/** The rows that hold all these values. */
export const where = (rows: readonly Row[], values: Row): Row[] =>
  rows.filter((row) => Object.entries(values).every(([key, value]) => row[key] === value));

/** The rows by the values of one column, in the order of their first appearance. */
export function grouped(rows: readonly Row[], key: string): Row[][] {
  const groups = new Map<Row[string], Row[]>();
  for (const row of rows) {
    if (!groups.has(row[key])) groups.set(row[key], []);
    groups.get(row[key])!.push(row);
  }
  return [...groups.values()];
}

/** The largest; NaN where one is NaN, or there is none. */
export const largest = (values: readonly number[]): number => (values.length > 0 ? Math.max(...values) : Number.NaN);
/** The smallest; NaN where one is NaN, or there is none. */
export const smallest = (values: readonly number[]): number => (values.length > 0 ? Math.min(...values) : Number.NaN);
