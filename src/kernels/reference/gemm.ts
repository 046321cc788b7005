// K3, dense products. The order of additions: the terms of a C entry are cut into blocks of 256; each block is summed
// from zero in ascending order, and α times its sum is added to the entry, block after block. In f32 every product and
// every sum rounds to f32.

import { type Matrix, matrix } from '../../matrix.js';

/** Terms of a C entry that are summed before they are added to it. */
export const DEPTH = 256;

const exact = (v: number): number => v;

/** C = α·A B (+ C with accumulate). A: m×q, B: q×n, C: m×n, any strides. */
export function gemm(alpha: number, A: Matrix, B: Matrix, C: Matrix, accumulate = false): void {
  const round = C.data instanceof Float32Array ? Math.fround : exact;
  const factor = round(alpha);
  for (let i = 0; i < C.rows; i++)
    for (let j = 0; j < C.cols; j++) {
      const c = C.offset + i * C.rowStride + j * C.colStride;
      let a = A.offset + i * A.rowStride;
      let b = B.offset + j * B.colStride;
      if (!accumulate) C.data[c] = 0;
      for (let start = 0; start < A.cols; start += DEPTH) {
        let sum = 0;
        for (let t = start; t < Math.min(A.cols, start + DEPTH); t++, a += A.colStride, b += B.rowStride)
          sum = round(sum + round(A.data[a] * B.data[b]));
        C.data[c] += round(factor * sum);
      }
    }
}

/** The same in f32 with B in bf16, row-major. */
export function gemmBf16(
  alpha: number,
  A: Matrix<Float32Array>,
  bits: Uint16Array,
  C: Matrix<Float32Array>,
  accumulate = false,
): void {
  gemm(alpha, A, matrix(A.cols, C.cols, widened(bits)), C, accumulate);
}

/** bf16 as f32: its bits above 16 zero bits. */
export function widened(bits: Uint16Array): Float32Array {
  const out = new Float32Array(bits.length);
  const words = new Uint32Array(out.buffer);
  for (let t = 0; t < bits.length; t++) words[t] = bits[t] << 16;
  return out;
}
