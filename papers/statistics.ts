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

/** 97.5 % points of Student's t with 1, 2, … degrees of freedom. */
const STUDENT = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093,
];

/** A mean and the half width of its 95 % t-interval. */
export interface Interval {
  readonly mean: number;
  readonly half: number;
}

/** Of 2 to 20 independent numbers. A run that failed (NaN) leaves NaN. */
export function interval(values: readonly number[]): Interval {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const squares = values.reduce((sum, x) => sum + (x - mean) * (x - mean), 0);
  return { mean, half: (STUDENT[n - 2] ?? Number.NaN) * Math.sqrt(squares / (n - 1) / n) };
}
