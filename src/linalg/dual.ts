// The dual of a factor, F† = F(FᵀF + λI)⁻¹, without FᵀF (which squares the condition number), as an orthonormal basis and
// what is left to do once it has been multiplied: B F† = divide(B·basis).
//   λ = 0   F = QR: basis Q, then R⁻ᵀ; where R shows dependent columns, F = Q U S Vᵀ: basis QU, then S⁺Vᵀ, so that F† = (F⁺)ᵀ
//   λ > 0   [F; √λ·I] = QR: basis the first rows of Q, then R⁻ᵀ
// B F† computed so has the error of least squares; B times a finished F† loses a factor of the condition number, and the Gram
// matrix loses its square. Cost: a thin QR, O(nk²).

import type { Kernels } from '../kernels/contract.js';
import { at, type Matrix, matrix, slice, transpose } from '../matrix.js';
import { multiply } from './products.js';
import { qr, solveRight } from './qr.js';
import { svd } from './svd.js';

/** F† = F(FᵀF + λI)⁻¹ in two parts: B F† = divide(B·basis). */
export interface Dual {
  /** n×s, s ≤ k. */
  readonly basis: Matrix<Float64Array>;
  /** C: p×s → p×k. */
  divide(C: Matrix): Matrix<Float64Array>;
}

/** Diagonal entries of R further apart than this call for an SVD. */
const SUSPECT = 1e-9;

/**
 * The dual of a factor: F: n×k, any shape and rank.
 * @param cutoff singular values below this share of the largest count as zero; for λ = 0.
 */
export function dual(K: Kernels, F: Matrix, damping = 0, cutoff = 1e-12): Dual {
  if (damping > 0) {
    const { Q, R } = qr(K, damped(F, damping));
    return { basis: slice(Q, 0, F.rows), divide: (C) => solveRight(C, R, true) };
  }
  if (F.rows < F.cols) return pseudoInverse(K, F, cutoff);
  const { Q, R } = qr(K, F);
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (let j = 0; j < R.rows; j++) {
    least = Math.min(least, at(R, j, j));
    most = Math.max(most, at(R, j, j));
  }
  if (least > Math.max(SUSPECT, cutoff) * most) return { basis: Q, divide: (C) => solveRight(C, R, true) };
  const { basis, divide } = pseudoInverse(K, R, cutoff);
  return { basis: multiply(K, Q, basis), divide };
}

function pseudoInverse(K: Kernels, F: Matrix, cutoff: number): Dual {
  const { U, values, V } = svd(K, F);
  const inverse = values.map((value) => (value > cutoff * values[0] ? 1 / value : 0));
  const scaled = matrix(
    V.rows,
    V.cols,
    V.data.map((v, t) => v * inverse[t % V.cols]),
  );
  return { basis: U, divide: (C) => multiply(K, C, transpose(scaled)) };
}

/** [F; √λ·I]: (n+k)×k. */
export function damped(F: Matrix, damping: number): Matrix<Float64Array> {
  const { rows: n, cols: k } = F;
  const tall = matrix(n + k, k);
  for (let i = 0; i < n; i++) for (let j = 0; j < k; j++) tall.data[i * k + j] = at(F, i, j);
  for (let j = 0; j < k; j++) tall.data[(n + j) * k + j] = Math.sqrt(damping);
  return tall;
}
