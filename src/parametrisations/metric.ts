// D (FᵀF + λI)⁻¹, through the thin QR of [F; √λ·I] = QR, so that FᵀF (which squares the condition number) is never formed:
// the answer is D R⁻¹ R⁻ᵀ.

import type { Kernels } from '../kernels/contract.js';
import { qr, solveLower, solveUpper } from '../linalg/qr.js';
import { at, copy, type Matrix, matrix, transpose } from '../matrix.js';

/** D: n×k, F: p×k, damping λ ≥ 0 → n×k. Refuses an F without full column rank when λ = 0. */
export function divideByGram(K: Kernels, D: Matrix, F: Matrix, damping: number): Matrix<Float64Array> {
  const { R } = qr(K, damping > 0 ? damped(F, damping) : F);
  return copy(transpose(solveUpper(R, solveLower(transpose(R), transpose(D)))));
}

/** [F; √λ·I]: (p+k)×k. */
function damped(F: Matrix, damping: number): Matrix {
  const { rows: p, cols: k } = F;
  const tall = matrix(p + k, k);
  for (let i = 0; i < p; i++) for (let j = 0; j < k; j++) tall.data[i * k + j] = at(F, i, j);
  for (let j = 0; j < k; j++) tall.data[(p + j) * k + j] = Math.sqrt(damping);
  return tall;
}
