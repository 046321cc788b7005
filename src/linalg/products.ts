// Products of matrix views. The order of additions is the kernel's (blocks of 256 terms, each summed in order).

import { usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { type Float, type Matrix, matrix, transpose } from '../matrix.js';
import { entriesOf } from './vectors.js';

/** C = A·B, dense row-major, in f64. A: m×q, B: q×n. */
export function multiply(K: Kernels, A: Matrix, B: Matrix): Matrix<Float64Array> {
  const C = matrix(A.rows, B.cols);
  multiplyInto(K, A, B, C);
  return C;
}

/** C ← α·A·B, or C + α·A·B with accumulate. A: m×q, B: q×n, C: m×n, in f64 unless all three are in f32; C overlaps neither. */
export function multiplyInto(
  K: Kernels,
  A: Matrix,
  B: Matrix,
  C: Matrix,
  { alpha = 1, accumulate = false }: { alpha?: number; accumulate?: boolean } = {},
): void {
  if (A.cols !== B.rows || C.rows !== A.rows || C.cols !== B.cols)
    throw usageError(
      `multiply: shapes should be m×q, q×n → m×n, got ${shape(A)}, ${shape(B)} → ${shape(C)}`,
      'transpose or slice one of them',
    );
  const single = C.data instanceof Float32Array && A.data instanceof Float32Array && B.data instanceof Float32Array;
  if (C.data instanceof Float32Array && !single)
    throw usageError('multiply: an f32 result should have f32 factors, got one in f64', 'write to an f64 matrix');
  if (single) K.gemm(alpha, A, B, C, accumulate);
  else K.gemm(alpha, double(A), double(B), C, accumulate);
}

/** AᵀA: n×n, exactly symmetric. A: m×n. */
export const gram = (K: Kernels, A: Matrix): Matrix<Float64Array> => multiply(K, transpose(A), A);

/** "m×n", for messages. */
export const shape = (A: { rows: number; cols: number }): string => `${A.rows}×${A.cols}`;

/** A with its numbers in f64. */
const double = (A: Matrix): Matrix =>
  A.data instanceof Float64Array ? A : matrix<Float>(A.rows, A.cols, entriesOf(A));

/** An m×n matrix of zeros in kernel memory: for use within K.scoped. */
export const scratch = (K: Kernels, rows: number, cols: number): Matrix<Float64Array> =>
  matrix(rows, cols, K.allocate('f64', rows * cols));

/** to ← from, entry by entry. Both m×n; they do not overlap. */
export function assign(to: Matrix, from: Matrix): void {
  if (isDense(to) && isDense(from)) {
    to.data.set(from.data.subarray(from.offset, from.offset + from.rows * from.cols), to.offset);
    return;
  }
  // In blocks of columns, so that a transposition reads and writes lines that are still in the cache.
  for (let j0 = 0; j0 < to.cols; j0 += 64) {
    const j1 = Math.min(to.cols, j0 + 64);
    for (let i = 0; i < to.rows; i++) {
      let t = to.offset + i * to.rowStride + j0 * to.colStride;
      let s = from.offset + i * from.rowStride + j0 * from.colStride;
      for (let j = j0; j < j1; j++, t += to.colStride, s += from.colStride) to.data[t] = from.data[s];
    }
  }
}

const isDense = (A: Matrix): boolean => A.colStride === 1 && A.rowStride === A.cols;
