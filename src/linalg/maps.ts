// A matrix as a map known by its products, and back.

import type { Factored, LinearMap } from '../descend.js';
import type { Kernels } from '../kernels/contract.js';
import { type Matrix, matrix, transpose } from '../matrix.js';
import { identity } from './householder.js';
import { multiply } from './products.js';
import { entriesOf } from './vectors.js';

/** A: m×n as a map. It reads A's numbers at every product: kernel memory spares a copy each time. */
export const mapOf = (K: Kernels, A: Matrix): LinearMap => ({
  rows: A.rows,
  cols: A.cols,
  times: (V) => multiply(K, A, V),
  timesT: (U) => multiply(K, transpose(A), U),
});

/** left·rightᵀ as a map, never formed. left: n₁×k, right: n₂×k. */
export const mapOfFactored = (K: Kernels, { left, right }: Factored): LinearMap => ({
  rows: left.rows,
  cols: right.rows,
  times: (V) => multiply(K, left, multiply(K, transpose(right), V)),
  timesT: (U) => multiply(K, right, multiply(K, transpose(left), U)),
});

/** G: m×n as a dense matrix, from its products with the shorter identity. */
export function denseOf(_K: Kernels, G: LinearMap): Matrix<Float64Array> {
  if (G.rows === 0 || G.cols === 0) return matrix(G.rows, G.cols);
  if (G.cols <= G.rows) return G.times(identity(G.cols));
  return matrix(G.rows, G.cols, entriesOf(transpose(G.timesT(identity(G.rows)))));
}
