// How the rows of a dense operator are cut. A cut depends on the shape alone, never on the number of threads: every part
// has a partial gradient of its own, and the partial gradients are added in a fixed tree. So the threads decide only who
// computes a part, not what is computed.

import type { Precision } from './contract.js';

/** Rows that go through the fused kernel together. */
export const BLOCK = 4;
/** Rows after which f32 gradients are added to f64 ones. */
export const FLUSH_ROWS = 256;
/** Columns after which f32 row sums are added to f64 ones. */
export const FLUSH_COLS = 1024;

const MAX_PARTS = 8;
const MIN_ROWS = 16;
const MIN_BYTES = 2 ** 17;
const PARTIALS_BYTES = 256 * 2 ** 20;
const PART_BYTES = 2 ** 30;

/** m rounded up to whole blocks. */
export const paddedRows = (m: number): number => BLOCK * Math.ceil(m / BLOCK);
/** p rounded up to whole steps of the kernels. */
export const paddedCols = (p: number): number => 8 * Math.ceil(p / 8);

/** The first row of each part, and m rounded up to whole blocks at the end. */
export function rowParts(m: number, p: number, storage: Precision): number[] {
  const blocks = paddedRows(m) / BLOCK;
  const bytes = paddedRows(m) * paddedCols(p) * (storage === 'f64' ? 8 : 4);
  const affordable = Math.max(1, Math.floor(PARTIALS_BYTES / (8 * p + 1)));
  const wanted = Math.min(MAX_PARTS, Math.ceil(m / MIN_ROWS), Math.ceil(bytes / MIN_BYTES), affordable);
  const parts = Math.min(Math.max(1, wanted, Math.ceil(bytes / PART_BYTES)), Math.max(1, blocks));
  return Array.from({ length: parts + 1 }, (_, k) => BLOCK * Math.floor((blocks * k) / parts));
}

/** The tree that adds n partial results into the first one, level by level: pairs (into, from). */
export function foldLevels(n: number): [number, number][][] {
  const levels: [number, number][][] = [];
  for (let step = 1; step < n; step *= 2) {
    const pairs: [number, number][] = [];
    for (let i = 0; i + step < n; i += 2 * step) pairs.push([i, i + step]);
    levels.push(pairs);
  }
  return levels;
}
