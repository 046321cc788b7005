// Vectors, and the entries of a matrix as one: sums in f64 in a fixed order, and scaling that keeps squares in range.

import { at, type Float, type Matrix } from '../matrix.js';

// Sums of squares in this range have lost nothing to underflow or overflow.
const SAFE_LOW = 1e-280;
const SAFE_HIGH = 1e280;

/** ⟨x, y⟩, over x.length numbers, as four interleaved sums. */
export function dot(x: Float, y: Float): number {
  const n = x.length;
  const whole = n - (n % 4);
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let i = 0; i < whole; i += 4) {
    s0 += x[i] * y[i];
    s1 += x[i + 1] * y[i + 1];
    s2 += x[i + 2] * y[i + 2];
    s3 += x[i + 3] * y[i + 3];
  }
  for (let i = whole; i < n; i++) s0 += x[i] * y[i];
  return s0 + s2 + (s1 + s3);
}

/** ‖x‖₂, right for any magnitudes: numbers are scaled by the largest where their squares would not fit. */
export function norm(x: Float): number {
  const squares = dot(x, x);
  if (squares > SAFE_LOW && squares < SAFE_HIGH) return Math.sqrt(squares);
  const largest = largestOf(x);
  if (largest === 0 || !(largest < Infinity)) return largest;
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] / largest) * (x[i] / largest);
  return largest * Math.sqrt(sum);
}

/** max |x_i|, 0 of none; NaN where x holds one. */
export function largestOf(x: Float): number {
  let largest = 0;
  for (let i = 0; i < x.length; i++) largest = Math.max(largest, Math.abs(x[i]));
  return largest;
}

/** max |A_ij|; NaN where A holds one. A: m×n. */
export function largestEntry(A: Matrix): number {
  let largest = 0;
  for (let i = 0; i < A.rows; i++)
    for (let j = 0, s = A.offset + i * A.rowStride; j < A.cols; j++, s += A.colStride) {
      const size = Math.abs(A.data[s]);
      if (!(size <= largest)) {
        largest = size;
        if (Number.isNaN(size)) return size;
      }
    }
  return largest;
}

/** The entries of A in row-major order, in f64, without a copy where they lie so already. */
export function entriesOf(A: Matrix): Float64Array {
  const { rows, cols, data, offset } = A;
  const dense = A.colStride === 1 && (A.rowStride === cols || rows <= 1);
  if (dense && data instanceof Float64Array) return data.subarray(offset, offset + rows * cols);
  const out = new Float64Array(rows * cols);
  for (let i = 0, t = 0; i < rows; i++) for (let j = 0; j < cols; j++) out[t++] = at(A, i, j);
  return out;
}

const BITS = new DataView(new ArrayBuffer(8));

/** A power of two s with 1 ≤ s·x < 2 (within [2⁻¹⁰²², 2¹⁰²²], so that s and 1/s are normal numbers). x > 0, finite. */
export function powerOfTwoScale(x: number): number {
  BITS.setFloat64(0, x);
  const exponent = Math.min(2045, Math.max(1, 2046 - (BITS.getUint16(0) >>> 4)));
  BITS.setUint16(0, exponent << 4);
  for (let i = 2; i < 8; i++) BITS.setUint8(i, 0);
  return BITS.getFloat64(0);
}
