// K3, dense products.

import type { Matrix } from '../../matrix.js';

/** C = α·A B (+ C with accumulate). A: m×q, B: q×n, C: m×n, any strides. Sums run over q in f64, in order. */
export function gemm(alpha: number, A: Matrix, B: Matrix, C: Matrix, accumulate = false): void {
  for (let i = 0; i < C.rows; i++)
    for (let j = 0; j < C.cols; j++) {
      let a = A.offset + i * A.rowStride;
      let b = B.offset + j * B.colStride;
      let sum = 0;
      for (let t = 0; t < A.cols; t++, a += A.colStride, b += B.rowStride) sum += A.data[a] * B.data[b];
      const c = C.offset + i * C.rowStride + j * C.colStride;
      C.data[c] = (accumulate ? C.data[c] : 0) + alpha * sum;
    }
}
