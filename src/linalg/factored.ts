// A matrix known by its factors, X = L Rᵀ, and its SVD without forming X where the factors are thin: L = Q₁R₁, R = Q₂R₂ and
// the k×k SVD of R₁R₂ᵀ. Cost: O((n₁+n₂)k² + k³), or O(n₁n₂·min(n₁,n₂)) for wide factors.

import type { Factored } from '../descend.js';
import type { Kernels } from '../kernels/contract.js';
import { at, type Matrix, matrix, transpose } from '../matrix.js';
import { multiply } from './products.js';
import { qr } from './qr.js';
import { svd } from './svd.js';

/** X as a dense n₁×n₂ matrix. left: n₁×k, right: n₂×k. */
export const formed = (K: Kernels, { left, right }: Factored): Matrix<Float64Array> =>
  multiply(K, left, transpose(right));

/** U: n₁×s, values: s descending, V: n₂×s, with s = min(k, n₁, n₂). X: left n₁×k, right n₂×k. */
export function factoredSvd(K: Kernels, X: Factored): { U: Matrix; values: Float64Array; V: Matrix } {
  const { left, right } = X;
  if (left.cols >= Math.min(left.rows, right.rows)) return svd(K, formed(K, X));
  const first = qr(K, left);
  const second = qr(K, right);
  const core = svd(K, multiply(K, first.R, transpose(second.R)));
  return { U: multiply(K, first.Q, core.U), values: core.values, V: multiply(K, second.Q, core.V) };
}

/** The balanced factors U√σ: n₁×r, V√σ: n₂×r of the best rank-r approximation of X. */
export function truncated(K: Kernels, X: Factored, r: number): Factored {
  const { U, values, V } = factoredSvd(K, X);
  const root = (A: Matrix) => {
    const B = matrix(A.rows, r);
    for (let i = 0; i < A.rows; i++) for (let j = 0; j < r; j++) B.data[i * r + j] = at(A, i, j) * Math.sqrt(values[j]);
    return B;
  };
  return { left: root(U), right: root(V) };
}
