// The preconditioner of NoRA+ for a low-rank adapter W₀ + s·B A, A: r×n_in, B: n_out×r: ScaledGD directions, which an optimiser
// such as AdamW then takes for gradients. With M_B = (BᵀB + λI)⁻¹ and M_A = (AAᵀ + λI)⁻¹:
//
//   authors      G_A ← M_B G_A/‖M_B‖_F from step 1 on (at step 0, B = 0),  G_B ← G_B M_A/‖M_A‖_F,  λ = 1e-6
//   riemannian   G_A ← M_B G_A,  G_B ← G_B M_A,  λ = 1e-2
//
// The first is NoRA+ as its authors released it (Li, Zhang, Mokhtari, He 2025), to be applied once to the gradient of a step and
// before it is clipped; the second is the form of PEFT's Riemannian optimiser. Cost: a thin QR of each factor.

import type { Kernels } from '../kernels/contract.js';
import { damped } from '../linalg/dual.js';
import { identity } from '../linalg/householder.js';
import { frobenius } from '../linalg/norms.js';
import { solveRight, thinR } from '../linalg/qr.js';
import { type Matrix, matrix, transpose } from '../matrix.js';

/** The factors of an adapter, or their gradients. */
export interface FactorPair {
  readonly A: Matrix; // r×n_in
  readonly B: Matrix; // n_out×r
}

/** NoRA+ as released by its authors: normalised, and G_A left alone at step 0. damping: λ; default 1e-6. */
export function noraPlus(
  K: Kernels,
  { A, B }: FactorPair,
  gradient: FactorPair,
  step: number,
  damping = 1e-6,
): FactorPair {
  const [ofA, ofB] = [inverse(K, transpose(A), damping), inverse(K, B, damping)];
  return {
    A: step === 0 ? gradient.A : transpose(scaledBy(ofB.times(transpose(gradient.A)), 1 / ofB.size())),
    B: scaledBy(ofA.times(gradient.B), 1 / ofA.size()),
  };
}

/** The same without normalisation, from step 0 on. damping: λ; default 1e-2. */
export function riemannian(K: Kernels, { A, B }: FactorPair, gradient: FactorPair, damping = 1e-2): FactorPair {
  return {
    A: transpose(inverse(K, B, damping).times(transpose(gradient.A))),
    B: inverse(K, transpose(A), damping).times(gradient.B),
  };
}

/** M = (FᵀF + λI)⁻¹ from R of [F; √λ·I] = QR: D M = D R⁻¹R⁻ᵀ. F: n×r. */
function inverse(K: Kernels, F: Matrix, damping: number) {
  const R = thinR(K, damped(F, damping));
  const times = (D: Matrix) => solveRight(solveRight(D, R), R, true);
  return { times, size: () => frobenius(times(identity(F.cols))) };
}

const scaledBy = (G: Matrix<Float64Array>, factor: number): Matrix<Float64Array> =>
  matrix(
    G.rows,
    G.cols,
    G.data.map((g) => factor * g),
  );
