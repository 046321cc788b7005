// How the rows of a dense operator, and the entries of a mask, are cut. A cut depends on the shape and the entries alone, never
// on the number of threads: every part has a partial gradient of its own, and the partial gradients are added in a fixed
// tree. So the threads decide only who computes a part, not what is computed.

import type { Float } from '../matrix.js';
import type { Entries, Precision } from './contract.js';

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

/** Entries for each row of a partial gradient of V, at least: with fewer, adding the parts would cost too much. */
const ENTRIES_PER_COLUMN = 48;

/** Numbers in a vector of 16 bytes. */
export const lanesOf = (x: Float): number => (x instanceof Float32Array ? 4 : 2);

/**
 * The first row of each part of the entries, and n₁ at the end: 1, 2, 4 or 8 parts with about as many entries each, whose
 * gradients of V (n₂ rows of k numbers) together stay below 256 MB.
 */
export function entryParts(
  { rows, cols, starts }: Omit<Entries, 'values' | 'columns'>,
  k: number,
  lanes: number,
): Int32Array {
  const m = starts[rows];
  const bytes = 16 * cols * Math.ceil(k / lanes);
  let parts = 1;
  while (parts < MAX_PARTS && 2 * parts * bytes <= PARTIALS_BYTES && 2 * parts * cols * ENTRIES_PER_COLUMN <= m)
    parts *= 2;
  const bounds = new Int32Array(parts + 1);
  for (let part = 1, i = 0; part < parts; part++) {
    while (starts[i] * parts < m * part) i++;
    bounds[part] = i;
  }
  bounds[parts] = rows;
  return bounds;
}
