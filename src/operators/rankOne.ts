// Rank-one measurements y_i = (1/√m)·a_iᵀ X b_i, a_i and b_i independent standard normal vectors, so E‖𝒜(X)‖² = ‖X‖_F²; for
// symmetric X, A_i = (a_i b_iᵀ + b_i a_iᵀ)/2. 𝒜 has no RIP in ℓ₂ at m ≈ r(n₁+n₂) (the a_i b_iᵀ are heavy-tailed), though an
// ℓ₁ form holds (Cai and Zhang 2015), so gradient descent wants more measurements or smaller steps.
//
// With A = [a_i], B = [b_i]: 𝒜(LRᵀ)_i = ⟨(AL)_i, (BR)_i⟩/√m and 𝒜*(r) = Aᵀ diag(r) B/√m, never formed.
// Cost: O(m(n₁+n₂)k) for apply to factors of width k and for products with 𝒜*(r). Memory: 8m(n₁+n₂) bytes.

import type { Factored, LinearMap } from '../descend.js';
import type { Kernels } from '../kernels/contract.js';
import { multiply } from '../linalg/products.js';
import { type Matrix, matrix, transpose } from '../matrix.js';
import { at, fillNormals, type Stream, split } from '../random/index.js';
import { isFactored, type Operator } from './operator.js';
import { checkedShape, checkMatrix, checkVector, type Shape } from './vectorised.js';

/** Rank-one measurements; a_i and b_i are drawn from streams 'left' and 'right' of `random`, index i. */
export function rankOne(K: Kernels, options: Shape, random: Stream): Operator {
  checkedShape('rankOne', options);
  const { rows, cols, measurements, symmetric = false } = options;
  const A = normalRows(K, measurements, rows, split(random, 'left'));
  const B = normalRows(K, measurements, cols, split(random, 'right'));
  return products(K, A, B, 1 / Math.sqrt(measurements), symmetric);
}

/** In kernel memory, so that products need no copy. */
function normalRows(K: Kernels, m: number, n: number, random: Stream): Matrix<Float64Array> {
  const A = matrix(m, n, K.allocate('f64', m * n));
  for (let i = 0; i < m; i++) fillNormals(at(random, i), A.data.subarray(i * n, (i + 1) * n));
  return A;
}

/** y_i = scale·a_iᵀ X b_i. A: m×n₁, B: m×n₂. */
function products(
  K: Kernels,
  A: Matrix<Float64Array>,
  B: Matrix<Float64Array>,
  scale: number,
  symmetric: boolean,
): Operator {
  const m = A.rows;
  const bilinear = (X: Matrix | Factored): Float64Array => {
    const AX = isFactored(X) ? multiply(K, A, X.left) : multiply(K, A, X);
    const right = isFactored(X) ? multiply(K, B, X.right) : B;
    const k = AX.cols;
    const y = new Float64Array(m);
    for (let i = 0; i < m; i++) {
      let sum = 0;
      for (let t = i * k; t < (i + 1) * k; t++) sum += AX.data[t] * right.data[t];
      y[i] = scale * sum;
    }
    return y;
  };
  const operator: Operator = {
    rows: A.cols,
    cols: B.cols,
    measurements: m,
    symmetric,
    apply(X) {
      checkMatrix(operator, X);
      if (!symmetric || (isFactored(X) && X.left === X.right)) return bilinear(X);
      const other = bilinear(isFactored(X) ? { left: X.right, right: X.left } : transpose(X));
      return bilinear(X).map((v, i) => (v + other[i]) / 2);
    },
    adjoint(r) {
      checkVector(operator, 'r', r);
      const weights = r.map((v) => scale * v);
      const times = (V: Matrix) => sandwich(K, A, weights, B, V);
      const timesT = (U: Matrix) => sandwich(K, B, weights, A, U);
      const both = (V: Matrix) => average(times(V), timesT(V));
      const map = symmetric ? { symmetric, times: both, timesT: both } : { times, timesT };
      return { rows: A.cols, cols: B.cols, ...map } satisfies LinearMap;
    },
    gradient(X, y) {
      checkVector(operator, 'y', y);
      const residual = operator.apply(X);
      for (let i = 0; i < m; i++) residual[i] -= y[i];
      return { residual, gradient: operator.adjoint(residual) };
    },
    select: (indices) => products(K, rowsOf(A, indices), rowsOf(B, indices), scale, symmetric),
  };
  return operator;
}

/** Pᵀ diag(w) Q V. P: m×p, Q: m×q, V: q×k. */
function sandwich(K: Kernels, P: Matrix, w: Float64Array, Q: Matrix, V: Matrix): Matrix<Float64Array> {
  const QV = multiply(K, Q, V);
  const k = V.cols;
  for (let i = 0; i < w.length; i++) for (let t = i * k; t < (i + 1) * k; t++) QV.data[t] *= w[i];
  return multiply(K, transpose(P), QV);
}

const average = (A: Matrix<Float64Array>, B: Matrix<Float64Array>) =>
  matrix(
    A.rows,
    A.cols,
    A.data.map((v, i) => (v + B.data[i]) / 2),
  );

/** The rows listed. A: m×n, row-major. */
function rowsOf(A: Matrix<Float64Array>, indices: ArrayLike<number>): Matrix<Float64Array> {
  const some = matrix(indices.length, A.cols);
  for (let i = 0; i < indices.length; i++)
    some.data.set(A.data.subarray(indices[i] * A.cols, (indices[i] + 1) * A.cols), i * A.cols);
  return some;
}
