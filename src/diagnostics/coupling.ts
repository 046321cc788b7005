// How the factors of X ≈ VWᵀ, V: n₁×k, W: n₂×k, couple during descent from a small random start
// (Soltanolkotabi, Stöger and Xie 2023). With sym(A) = [[0, A], [Aᵀ, 0]],
//
//   Z = [V; W]/√2 and Z̃ = [V; −W]/√2        ZZᵀ − Z̃Z̃ᵀ = sym(VWᵀ),   ZᵀZ̃ = ½B
//   B = VᵀV − WᵀW                           the imbalance, constant under gradient flow
//
// and a step V⁺ = V + μGW, W⁺ = W + μGᵀV with G = 𝒜*(y − 𝒜(VWᵀ)) is, exactly,
//
//   Z⁺ = (I + μ·sym(G))Z,   Z̃⁺ = (I − μ·sym(G))Z̃,   B⁺ − B = μ²((GW)ᵀGW − (GᵀV)ᵀGᵀV).
//
// Against the truth X = U_XΣV_Xᵀ: L₊ = [U_X; V_X]/√2 and L₋ = [U_X; −V_X]/√2 span the eigenvectors of sym(X) of eigenvalues
// ±σ. Z grows along L₊; along L₋ it dies out, which is what couples two independent starts.

import type { Factored, LinearMap } from '../descend.js';
import type { Kernels } from '../kernels/contract.js';
import { spectralNorm } from '../linalg/norms.js';
import { multiply, multiplyInto } from '../linalg/products.js';
import { qr } from '../linalg/qr.js';
import { svd } from '../linalg/svd.js';
import { at, type Matrix, matrix, transpose } from '../matrix.js';

/** Singular vectors of a truth X = U·diag(σ)·Vᵀ: orthonormal columns. */
export interface SingularSpaces {
  readonly U: Matrix; // n₁×r
  readonly V: Matrix; // n₂×r
}

/** Z and Z̃: (n₁+n₂)×k. */
export function symmetrised({ left: V, right: W }: Factored): {
  Z: Matrix<Float64Array>;
  conjugate: Matrix<Float64Array>;
} {
  const stack = (sign: number) => {
    const S = matrix(V.rows + W.rows, V.cols);
    for (let j = 0; j < V.cols; j++) {
      for (let i = 0; i < V.rows; i++) S.data[i * V.cols + j] = at(V, i, j) * Math.SQRT1_2;
      for (let i = 0; i < W.rows; i++) S.data[(V.rows + i) * V.cols + j] = sign * at(W, i, j) * Math.SQRT1_2;
    }
    return S;
  };
  return { Z: stack(1), conjugate: stack(-1) };
}

/** B = VᵀV − WᵀW: k×k. V: n₁×k, W: n₂×k. */
export function imbalanceMatrix(K: Kernels, { left: V, right: W }: Factored): Matrix<Float64Array> {
  const B = multiply(K, transpose(V), V);
  multiplyInto(K, transpose(W), W, B, { alpha: -1, accumulate: true });
  return B;
}

/** B⁺ − B: k×k, of one step of gradient descent with step size μ. G: n₁×n₂, the gradient at VWᵀ, of either sign. */
export function imbalanceStep(K: Kernels, X: Factored, G: LinearMap, stepSize: number): Matrix<Float64Array> {
  const change = imbalanceMatrix(K, { left: G.times(X.right), right: G.timesT(X.left) });
  return { ...change, data: change.data.map((v) => stepSize * stepSize * v) };
}

/** What couples and what stays small, all as lengths in Z-space. */
export interface Coupling {
  /** σ_min(L₊ᵀZ). */
  readonly signal: number;
  /** ‖L₋ᵀZ‖ = ½‖U_XᵀV − V_XᵀW‖. */
  readonly antiSignal: number;
  /** Sine of the largest angle from L₊ to the columns of ZQ, Q the right singular vectors of L₊ᵀZ. */
  readonly angle: number;
  /** ‖Z − ZQQᵀ‖: what the signal does not carry. */
  readonly noise: number;
}

/** Factors of width k ≥ r against the singular spaces of the truth. Cost: O((n₁+n₂)k·min(n₁+n₂, k)) for the noise. */
export function coupling(K: Kernels, X: Factored, { U, V }: SingularSpaces): Coupling {
  const { Z } = symmetrised(X);
  const { Z: Lplus, conjugate: Lminus } = symmetrised({ left: U, right: V });
  const along = svd(K, multiply(K, transpose(Lplus), Z));
  const ZQ = multiply(K, Z, along.V);
  const noise = matrix(Z.rows, Z.cols, Z.data.slice());
  multiplyInto(K, ZQ, transpose(along.V), noise, { alpha: -1, accumulate: true });
  const basis = qr(K, ZQ).Q;
  const off = matrix(basis.rows, basis.cols, basis.data.slice());
  multiplyInto(K, Lplus, multiply(K, transpose(Lplus), basis), off, { alpha: -1, accumulate: true });
  return {
    signal: along.values[along.values.length - 1],
    antiSignal: spectralNorm(K, multiply(K, transpose(Lminus), Z)),
    angle: spectralNorm(K, off),
    noise: spectralNorm(K, noise),
  };
}
