// A measurement operator 𝒜 : ℝ^{n₁×n₂} → ℝᵐ and its adjoint. Random ensembles are normalised so that E‖𝒜(X)‖² = ‖X‖_F²
// (the 1/√m is inside). A symmetric operator acts on symmetric matrices, n₁ = n₂, and its adjoint is symmetric.

import type { Factored, LinearMap } from '../descend.js';
import type { Precision } from '../kernels/contract.js';
import type { Matrix } from '../matrix.js';

/** 𝒜 and 𝒜*, with the shapes between which they map. */
export interface Operator {
  readonly rows: number; // n₁
  readonly cols: number; // n₂
  readonly measurements: number; // m
  readonly symmetric: boolean;

  /** 𝒜(X): m. X: n₁×n₂, dense or as its factors. */
  apply(X: Matrix | Factored): Float64Array;
  /** 𝒜*(r): n₁×n₂, known by its products. r: m. */
  adjoint(r: Float64Array): LinearMap;
  /** residual = 𝒜(X) − y: m, and gradient = 𝒜*(residual), in one pass over the operator where it can. */
  gradient(X: Matrix | Factored, y: Float64Array): { residual: Float64Array; gradient: LinearMap };
  /** gradient for several X under as many y, in one pass over the operator for all where it can; the same bits as one by one. */
  gradients?(
    X: readonly (Matrix | Factored)[],
    y: readonly Float64Array[],
  ): { residual: Float64Array; gradient: LinearMap }[];
  /** The same operator with the heavy passes in f32 or in f64 arithmetic, where there is a choice. */
  at?(arithmetic: Precision): Operator;
  /** The operator of the measurements listed, in that order; of use inside K.scoped, as it may hold kernel memory. */
  select?(indices: ArrayLike<number>): Operator;
}

export const isFactored = (X: Matrix | Factored): X is Factored => 'left' in X;
