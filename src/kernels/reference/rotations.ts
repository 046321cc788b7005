// K3, plane rotations of rows, in the order they are given.

import type { Matrix } from '../../matrix.js';
import type { RotationBatch } from '../contract.js';

/** X ← G_last … G₂ G₁ X. X: m×n, row-major, f64. */
export function rotateRows(X: Matrix<Float64Array>, { sweeps, coefficients }: RotationBatch, count: number): void {
  const x = X.data;
  for (let t = 0, k = 0; t < count; t++) {
    const [first, length, step] = sweeps.subarray(3 * t, 3 * t + 3);
    for (let r = 0, row = first; r < length; r++, row += step, k += 2) {
      const c = coefficients[k];
      const s = coefficients[k + 1];
      const p = X.offset + row * X.rowStride;
      const q = p + step * X.rowStride;
      for (let j = 0; j < X.cols; j++) {
        const carried = x[p + j];
        const next = x[q + j];
        x[p + j] = c * carried + s * next;
        x[q + j] = c * next - s * carried;
      }
    }
  }
}
