// What share of ‖W₀‖_F² lies in the span of a factor: ‖W₀Q‖_F²/‖W₀‖_F² with Q an orthonormal basis of row(A) (or of col(B),
// for the columns of W₀). On all lines it is exact; on a random sample of m of n lines it is a ratio estimate with standard
// error √((1 − m/n)·m/(m−1)·Σ(a_i − e·b_i)²)/Σb_i, where line i has energy b_i and captured energy a_i.

import type { Kernels } from '../kernels/contract.js';
import { qr } from '../linalg/qr.js';
import { dot } from '../linalg/vectors.js';
import { type Matrix, matrix, slice, transpose } from '../matrix.js';

/** A share in [0, 1] and its standard error, 0 where it is exact. */
export interface Energy {
  readonly share: number;
  readonly error: number;
}

/** Share of the energy of the lines in row(F). F: r×length; sample: m×length out of `lines`. NaN for lines that are all zero. */
export function energyIn(K: Kernels, F: Matrix<Float32Array>, sample: Matrix<Float32Array>, lines: number): Energy {
  const m = sample.rows;
  const wide = F.rows >= F.cols; // spans everything, or as good as: r ≤ length is checked at the door
  const Q = wide ? undefined : qr(K, transpose(F)).Q;
  const captured = matrix(m, Q?.cols ?? 0, new Float32Array(m * (Q?.cols ?? 0)));
  if (Q) K.gemm(1, sample, matrix(Q.rows, Q.cols, Float32Array.from(Q.data)), captured);
  const squares = (M: Matrix<Float32Array>) =>
    Float64Array.from({ length: m }, (_, i) => squaresOf(slice(M, i, i + 1)));
  const b = squares(sample);
  const a = Q ? squares(captured) : b;
  const total = b.reduce((x, y) => x + y, 0);
  const share = Math.min(1, a.reduce((x, y) => x + y, 0) / total);
  if (m === lines || m < 2) return { share, error: 0 };
  let spread = 0;
  for (let i = 0; i < m; i++) spread += (a[i] - share * b[i]) * (a[i] - share * b[i]);
  return { share, error: Math.sqrt((1 - m / lines) * (m / (m - 1)) * spread) / total };
}

/** Σ M_ij². */
export function squaresOf(M: Matrix<Float32Array>): number {
  if (M.colStride === 1 && (M.rowStride === M.cols || M.rows === 1)) {
    const numbers = M.data.subarray(M.offset, M.offset + M.rows * M.cols);
    return dot(numbers, numbers);
  }
  let sum = 0;
  for (let i = 0; i < M.rows; i++)
    for (let j = 0, t = M.offset + i * M.rowStride; j < M.cols; j++, t += M.colStride) sum += M.data[t] * M.data[t];
  return sum;
}
