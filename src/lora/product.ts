// The product L Rᵀ of two thin factors, never formed: its singular values, its best approximation of lower rank, its norm.
//
//   L = Q₁R₁, R = Q₂R₂ (the triangles alone),  R₁R₂ᵀ = U Σ Vᵀ (k×k),  L·(R₂ᵀV) = (Q₁U)Σ,  R·(R₁ᵀU) = (Q₂V)Σ
//
// so neither Q is formed nor is a triangle inverted. Backward stable: the error of the product is a small multiple of
// k·ε·‖L‖·‖R‖, for any rank. A product that is zero as far as factors in f32 can tell (a start that is not trained yet) has no
// best approximation but zero: it keeps the leading columns of one factor, so that it can still be trained. Cost: 2(n₁+n₂)k² + 20k³ flops, and 2(n₁+n₂)k·r for factors of rank r.

import type { Factored } from '../descend.js';
import type { Kernels } from '../kernels/contract.js';
import { frobenius } from '../linalg/norms.js';
import { assign, multiply } from '../linalg/products.js';
import { thinR } from '../linalg/qr.js';
import { type Svd, svd } from '../linalg/svd.js';
import { type Matrix, matrix, slice, transpose } from '../matrix.js';
import type { AdapterLayer } from './adapter.js';

/** What is left of X = L Rᵀ at rank r. */
export interface Compressed {
  /** U√Σ: n₁×r, in f64. */
  readonly left: Matrix<Float64Array>;
  /** V√Σ: n₂×r. */
  readonly right: Matrix<Float64Array>;
  readonly rank: number;
  /** Of X, descending; those that are rounding errors of the product are 0, and all where X is zero to f32 rounding. */
  readonly values: Float64Array;
}

/** A dense copy in f64. */
function double(X: Matrix): Matrix<Float64Array> {
  const to = matrix(X.rows, X.cols);
  assign(to, X);
  return to;
}

/** R of a factor: k×k, or the factor itself where it has no more rows than columns. X: n×k. */
const triangle = (K: Kernels, X: Matrix): Matrix => (X.rows > X.cols ? thinR(K, X) : X);

/** The triangles of both factors, and the SVD of their product. X: left n₁×k, right n₂×k. */
function core(K: Kernels, { left, right }: Factored): Svd & { R1: Matrix; R2: Matrix } {
  const R1 = triangle(K, left);
  const R2 = triangle(K, right);
  const found = svd(K, multiply(K, R1, transpose(R2)));
  const noise = 4 * left.cols * Number.EPSILON * frobenius(R1) * frobenius(R2);
  return { ...found, values: found.values.map((value) => (value > noise ? value : 0)), R1, R2 };
}

/** The singular values of X, min(k, n₁, n₂) of them, descending. X: left n₁×k, right n₂×k. */
export const productValues = (K: Kernels, X: Factored): Float64Array => core(K, X).values;

/**
 * The best approximation of X of the rank that `choose` finds from its singular values (cut to min(k, n₁, n₂)), in
 * balanced factors. Of a zero: the leading columns of right and a zero, or, where right is zero, of left. of: left n₁×k,
 * right n₂×k.
 */
export function compressed(K: Kernels, of: Factored, choose: (values: Float64Array) => number): Compressed {
  const X = { left: double(of.left), right: double(of.right) };
  const { U, values, V, R1, R2 } = core(K, X);
  // f32 factors with L Rᵀ = 0 before they are rounded: √Σσ² ≈ 0.6·2⁻²⁴·‖L‖_F·‖R‖_F/√k
  const rounding = (2 ** -23 * frobenius(R1) * frobenius(R2)) / Math.sqrt(X.left.cols);
  if (Math.sqrt(sumOfSquares(values)) <= rounding) return idle(X, values.fill(0), choose);
  const rank = Math.min(values.length, choose(values));
  const lead = (Q: Matrix) => slice(Q, 0, Q.rows, 0, rank);
  const left = multiply(K, X.left, multiply(K, transpose(R2), lead(V)));
  const right = multiply(K, X.right, multiply(K, transpose(R1), lead(U)));
  for (const F of [left, right])
    for (let i = 0, t = 0; i < F.rows; i++)
      for (let j = 0; j < rank; j++, t++) F.data[t] = values[j] > 0 ? F.data[t] / Math.sqrt(values[j]) : 0;
  return { left, right, rank, values };
}

function idle({ left, right }: Factored, values: Float64Array, choose: (values: Float64Array) => number): Compressed {
  const rank = Math.min(values.length, choose(values));
  const lead = (F: Matrix) => double(slice(F, 0, F.rows, 0, rank));
  const zero = (F: Matrix) => matrix(F.rows, rank);
  return frobenius(right) > 0
    ? { left: zero(left), right: lead(right), rank, values }
    : { left: lead(left), right: zero(right), rank, values };
}

/** ‖L Rᵀ‖_F. X: left n₁×k, right n₂×k. */
export const productNorm = (K: Kernels, { left, right }: Factored): number =>
  frobenius(multiply(K, triangle(K, left), transpose(triangle(K, right))));

/** [X₁ X₂ …], side by side, in f64. All with as many rows. */
export function beside(blocks: readonly Matrix[]): Matrix<Float64Array> {
  const all = matrix(
    blocks[0].rows,
    blocks.reduce((sum, { cols }) => sum + cols, 0),
  );
  let start = 0;
  for (const X of blocks) {
    assign(slice(all, 0, all.rows, start, start + X.cols), X);
    start += X.cols;
  }
  return all;
}

/** t·X, in f64. */
export const times = (t: number, X: Matrix): Matrix<Float64Array> => {
  const Y = double(X);
  for (let i = 0; i < Y.data.length; i++) Y.data[i] *= t;
  return Y;
};

/** t₁X₁ + t₂X₂ + … in factors of width k₁ + k₂ + …, exactly. */
export const sumOfProducts = (terms: readonly (readonly [t: number, X: Factored])[]): Factored => ({
  left: beside(terms.map(([t, X]) => times(t, X.left))),
  right: beside(terms.map(([, X]) => X.right)),
});

/** B A in factors, without the scaling. */
export const productOf = ({ A, B }: AdapterLayer): Factored => ({ left: B, right: transpose(A) });

/** The least rank with Σ_{j≤r} σ_j² ≥ energy·Σ σ_j²; 1 for a product of zeros. values: descending. */
export function rankForEnergy(values: Float64Array, energy: number, total = sumOfSquares(values)): number {
  let kept = 0;
  for (let r = 0; r < values.length; r++) {
    if (kept >= energy * total && r > 0) return r;
    kept += values[r] * values[r];
  }
  return Math.max(1, values.length);
}

export const sumOfSquares = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let j = values.length - 1; j >= 0; j--) sum += values[j] * values[j];
  return sum;
};
