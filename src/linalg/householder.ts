// Reflectors H = I − τ v vᵀ, v₀ = 1, one by one and in blocks: H₁ H₂ … H_p = I − V T Vᵀ with T upper triangular (compact
// WY form; Schreiber and Van Loan 1989). Vectors are kept as the rows of Vᵀ, so that they are contiguous.

import type { Kernels } from '../kernels/contract.js';
import { type Matrix, matrix, slice, transpose } from '../matrix.js';
import { scratch } from './products.js';
import { norm } from './vectors.js';

/** Reflectors that are applied together. */
export const PANEL = 32;

const TINY = 1e-290;
const LIFT = 2 ** 600;

/** Overwrites x by v, v₀ = 1, such that (I − τ v vᵀ) x = (β, 0, …, 0). x: contiguous, at least one number. */
export function reflect(x: Float64Array): { beta: number; tau: number } {
  const size = norm(x);
  let rest = 0;
  for (let i = 1; i < x.length; i++) if (x[i] !== 0) rest = 1;
  if (rest === 0) {
    const beta = x[0];
    x[0] = 1;
    return { beta, tau: 0 };
  }
  if (size < TINY) {
    // Among subnormal numbers v would be too coarse for H to be orthogonal.
    for (let i = 0; i < x.length; i++) x[i] *= LIFT;
    const { beta, tau } = reflect(x);
    return { beta: beta / LIFT, tau };
  }
  const first = x[0];
  const beta = first > 0 ? -size : size;
  const pivot = first - beta;
  for (let i = 1; i < x.length; i++) x[i] /= pivot;
  x[0] = 1;
  return { beta, tau: -pivot / beta };
}

/** T: p×p, upper triangular, in kernel memory, with H₁ … H_p = I − V T Vᵀ. Vt: p×m. */
export function blockFactor(K: Kernels, Vt: Matrix<Float64Array>, tau: Float64Array): Matrix<Float64Array> {
  const p = Vt.rows;
  const T = scratch(K, p, p);
  const products = scratch(K, p, p);
  K.gemm(1, Vt, transpose(Vt), products);
  const t = T.data;
  for (let j = 0; j < p; j++) {
    for (let i = 0; i < j; i++) {
      let sum = 0;
      for (let k = i; k < j; k++) sum += t[i * p + k] * products.data[k * p + j];
      t[i * p + j] = -tau[j] * sum;
    }
    t[j * p + j] = tau[j];
  }
  return T;
}

/** Y ← Y − (Y V) S Vᵀ with S = T or Tᵀ: the rows of Y times H₁ … H_p, or times its transpose. Y: k×m, Vt: p×m. */
export function applyBlock(K: Kernels, Y: Matrix, Vt: Matrix, S: Matrix): void {
  K.scoped(() => {
    const YV = scratch(K, Y.rows, Vt.rows);
    const YVS = scratch(K, Y.rows, Vt.rows);
    K.gemm(1, Y, transpose(Vt), YV);
    K.gemm(1, YV, S, YVS);
    K.gemm(-1, YVS, Vt, Y, true);
  });
}

/**
 * The first k columns of H₁ H₂ … H_p as the rows of a k×m matrix in kernel memory. Vt: p×m, p ≤ k ≤ m; row j of Vt is zero
 * before entry j.
 */
export function orthogonalRows(
  K: Kernels,
  Vt: Matrix<Float64Array>,
  tau: Float64Array,
  k: number,
): Matrix<Float64Array> {
  const m = Vt.cols;
  const Qt = scratch(K, k, m);
  for (let i = 0; i < k; i++) Qt.data[i * m + i] = 1;
  for (let end = Vt.rows; end > 0; ) {
    const start = Math.floor((end - 1) / PANEL) * PANEL;
    K.scoped(() => {
      const panel = slice(Vt, start, end, start);
      const T = blockFactor(K, panel, tau.subarray(start, end));
      applyBlock(K, slice(Qt, start, k, start), panel, transpose(T));
    });
    end = start;
  }
  return Qt;
}

/** Row r of a row-major matrix from column c on, as a vector on the same numbers. */
export const rowOf = (A: Matrix<Float64Array>, r: number, c = 0): Float64Array =>
  A.data.subarray(A.offset + r * A.rowStride + c, A.offset + r * A.rowStride + A.cols);

/** The n×n identity, or its first columns as m×n. */
export function identity(m: number, n = m): Matrix<Float64Array> {
  const E = matrix(m, n);
  for (let i = 0; i < Math.min(m, n); i++) E.data[i * n + i] = 1;
  return E;
}
