// What a matrix's singular values say: how many count, and how balanced a pair of factors is.

import type { Factored } from '../descend.js';
import type { Kernels } from '../kernels/contract.js';
import { factoredSvd } from '../linalg/factored.js';
import { spectralNorm } from '../linalg/norms.js';
import { matrix, transpose } from '../matrix.js';
import { exp, log } from '../random/index.js';

/** σ₁ ≥ σ₂ ≥ … of X, min(k, n₁, n₂) of them. X: left n₁×k, right n₂×k. */
export const singularValues = (K: Kernels, X: Factored): Float64Array => factoredSvd(K, X).values;

/** exp of the entropy of σ/Σσ (Roy, Vetterli 2007): between 1 and the rank; 0 for the zero matrix. */
export function effectiveRank(sigma: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < sigma.length; i++) total += sigma[i];
  if (!(total > 0)) return 0;
  let entropy = 0;
  for (let i = 0; i < sigma.length; i++) {
    const p = sigma[i] / total;
    if (p > 0) entropy -= p * log(p);
  }
  return exp(entropy);
}

/** How many singular values exceed the tolerance times the largest. */
export function numericalRank(sigma: ArrayLike<number>, tolerance: number): number {
  let rank = 0;
  while (rank < sigma.length && sigma[rank] > tolerance * sigma[0]) rank++;
  return rank;
}

/** ‖VᵀV − WᵀW‖₂ of the factors V: n₁×k, W: n₂×k: constant under gradient flow. */
export function imbalance(K: Kernels, { left: V, right: W }: Factored): number {
  const B = matrix(V.cols, V.cols);
  K.gemm(1, transpose(V), V, B);
  K.gemm(-1, transpose(W), W, B, true);
  return spectralNorm(K, B);
}
