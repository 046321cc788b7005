// U_t of a descent on UUᵀ from a small random start, split into what carries the truth and what does not
// (Stöger and Soltanolkotabi 2021). With V_X an orthonormal basis of the truth's columns and V_XᵀU_t = V_tΣ_tW_tᵀ,
//
//   U_t = U_tW_tW_tᵀ + U_tW_⊥W_⊥ᵀ        signal, of rank r, and noise, with V_Xᵀ·noise = 0 exactly
//
// W_⊥ is never formed: the noise is U_t less the signal. The signal grows until it meets the truth; the noise grows more slowly
// and then stays, and is the floor of the error. Cost: O(nkr), and an SVD of n×k where the norm of the noise is asked for.

import type { Kernels } from '../kernels/contract.js';
import { spectralNorm } from '../linalg/norms.js';
import { multiply, multiplyInto } from '../linalg/products.js';
import { projectOut, qr } from '../linalg/qr.js';
import { singularValues, svd } from '../linalg/svd.js';
import { copy, type Matrix, transpose } from '../matrix.js';

/** U = signal·Wᵀ + noise. With k < r columns there are k directions of signal and no noise. */
export interface SignalNoise {
  /** W: k×min(r, k), the right singular vectors of V_XᵀU. */
  readonly W: Matrix<Float64Array>;
  /** UW: n×min(r, k). */
  readonly signal: Matrix<Float64Array>;
  /** U − UWWᵀ: n×k. */
  readonly noise: Matrix<Float64Array>;
  /** The singular values of V_XᵀU, descending. */
  readonly strengths: Float64Array;
}

/** U: n×k; V_X: n×r with orthonormal columns. */
export function signalNoise(K: Kernels, U: Matrix, V_X: Matrix): SignalNoise {
  const { values: strengths, V: W } = svd(K, multiply(K, transpose(V_X), U));
  const signal = multiply(K, U, W);
  const noise = copy(U);
  multiplyInto(K, signal, transpose(W), noise, { alpha: -1, accumulate: true });
  return { W, signal, noise, strengths };
}

/** The lengths and the angle of a split. */
export interface SplitNorms {
  /** σ_1 ≥ … of V_XᵀU: the last of r is σ_min(V_XᵀU). */
  readonly strengths: Float64Array;
  /** σ_min(UW). */
  readonly reach: number;
  /** ‖UW_⊥‖. */
  readonly noise: number;
  /** Sine of the largest angle from the truth's columns to those of UW. */
  readonly angle: number;
}

/** U: n×k; V_X: n×r with orthonormal columns. */
export function splitNorms(K: Kernels, U: Matrix, V_X: Matrix): SplitNorms {
  const { signal, noise, strengths } = signalNoise(K, U, V_X);
  return {
    strengths,
    reach: singularValues(K, signal)[signal.cols - 1],
    noise: spectralNorm(K, noise),
    angle: sineFrom(K, V_X, signal),
  };
}

/** The sine of the largest angle from span(Q) to span(B). Q: n×r with orthonormal columns, B: n×s of full column rank. */
export const sineFrom = (K: Kernels, Q: Matrix, B: Matrix): number => sineBetween(K, Q, qr(K, B).Q);

/** The same where both have orthonormal columns. */
export const sineBetween = (K: Kernels, Q: Matrix, B: Matrix): number => spectralNorm(K, projectOut(K, Q, B));
