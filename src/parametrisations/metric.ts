// D (FᵀF + λI)⁻¹, through the thin QR of [F; √λ·I] = QR, so that FᵀF (which squares the condition number) is never formed:
// the answer is D R⁻¹ R⁻ᵀ.

import type { Kernels } from '../kernels/contract.js';
import { damped } from '../linalg/dual.js';
import { qr, solveLower, solveUpper } from '../linalg/qr.js';
import { copy, type Matrix, transpose } from '../matrix.js';

/** D: n×k, F: p×k, damping λ ≥ 0 → n×k. Refuses an F without full column rank when λ = 0. */
export function divideByGram(K: Kernels, D: Matrix, F: Matrix, damping: number): Matrix<Float64Array> {
  const { R } = qr(K, damping > 0 ? damped(F, damping) : F);
  return copy(transpose(solveUpper(R, solveLower(transpose(R), transpose(D)))));
}
