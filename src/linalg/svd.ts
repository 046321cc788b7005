// The singular value decomposition A = U Σ Vᵀ. Bidiagonalisation, implicit QR on the bidiagonal, rotations applied in
// batches; a matrix with many more rows than columns is reduced to its R first.
// Backward stable: ‖A − UΣVᵀ‖ ≤ c·n·ε·‖A‖ and UᵀU = VᵀV = I to c·n·ε, for any rank and any scale (entries are scaled by a
// power of two, exactly). Sums run in the kernels' order, so the bits do not depend on the number of threads.
// Reference: Golub and Van Loan, Matrix Computations, 8.6. Cost: about 20·n³ flops for n×n with vectors, 8/3·n³ without.

import type { Kernels } from '../kernels/contract.js';
import { at, type Matrix, matrix, transpose } from '../matrix.js';
import { type Bidiagonal, bidiagonalise } from './bidiagonal.js';
import { diagonalise } from './diagonalise.js';
import { identity, orthogonalRows, rowOf } from './householder.js';
import { assign, multiply, scratch } from './products.js';
import { finiteScale, qr, thinR } from './qr.js';
import { recorder } from './rotations.js';

export interface Svd {
  /** m×s, orthonormal columns, s = min(m, n). */
  readonly U: Matrix<Float64Array>;
  /** σ₁ ≥ … ≥ σ_s ≥ 0. */
  readonly values: Float64Array;
  /** n×s, orthonormal columns: A = U·diag(values)·Vᵀ. */
  readonly V: Matrix<Float64Array>;
}

// Above this ratio of rows to columns R is computed first.
const TALL = 1.6;

/** The thin SVD of A: m×n, any shape, rank and scale; factors dense row-major. Refuses numbers that are not finite. */
export function svd(K: Kernels, A: Matrix): Svd {
  if (A.rows < A.cols) {
    const { U, values, V } = svd(K, transpose(A));
    return { U: V, values, V: U };
  }
  const { rows: m, cols: n } = A;
  const scale = finiteScale('svd', A);
  if (m > TALL * n && n > 0) {
    const { Q, R } = qr(K, A);
    const core = svd(K, R);
    return { ...core, U: multiply(K, Q, core.U) };
  }
  if (n <= 1 && m === n) return tiny(A);
  const U = matrix(m, n);
  const V = matrix(n, n);
  const values = new Float64Array(n);
  K.scoped(() => {
    const { d, e, left, right } = reduce(K, A, scale);
    const Ut = orthogonalRows(K, left.Vt, left.tau, n);
    const Vt = orthogonalRows(K, right.Vt, right.tau, n);
    diagonalise(d, e, recorder(K, [Ut, Vt]));
    const order = descending(d);
    order.forEach((from, to) => {
      values[to] = Math.abs(d[from]) / scale;
      const sign = d[from] < 0 ? -1 : 1;
      const u = rowOf(Ut, from);
      const v = rowOf(Vt, from);
      for (let i = 0; i < m; i++) U.data[i * n + to] = sign * u[i];
      for (let i = 0; i < n; i++) V.data[i * n + to] = v[i];
    });
  });
  return { U, values, V };
}

/** σ₁ ≥ … ≥ σ_s of A: m×n, s = min(m, n), without the vectors. Refuses numbers that are not finite. */
export function singularValues(K: Kernels, A: Matrix): Float64Array {
  if (A.rows < A.cols) return singularValues(K, transpose(A));
  const scale = finiteScale('singularValues', A);
  const n = A.cols;
  if (A.rows > TALL * n && n > 0) return singularValues(K, thinR(K, A));
  return K.scoped(() => {
    const { d, e } = reduce(K, A, scale);
    diagonalise(d, e, recorder(K, []));
    return Float64Array.from(descending(d), (i) => Math.abs(d[i]) / scale);
  });
}

function reduce(K: Kernels, A: Matrix, scale: number): Bidiagonal {
  const W = scratch(K, A.rows, A.cols);
  assign(W, A);
  for (let i = 0; i < W.data.length; i++) W.data[i] *= scale;
  return bidiagonalise(K, W);
}

/** The SVD of a 0×0 or 1×1 matrix. */
const tiny = (A: Matrix): Svd => ({
  U: A.rows > 0 && at(A, 0, 0) < 0 ? matrix(1, 1, Float64Array.of(-1)) : identity(A.rows),
  values: Float64Array.from({ length: A.rows }, () => Math.abs(at(A, 0, 0))),
  V: identity(A.rows),
});

/** Indices by descending magnitude; ties in the order given. */
const descending = (d: Float64Array): number[] =>
  Array.from(d.keys()).sort((i, j) => Math.abs(d[j]) - Math.abs(d[i]) || i - j);
