// Sizes, and the data that experiments share. From the Nyström start a run lives in the columns of A, so that iterations do not
// depend on n at all; a random start has a part outside, whose size does.

import {
  formed,
  frobenius,
  type Kernels,
  lowRank,
  type Matrix,
  mapOf,
  matrix,
  normals,
  nystrom,
  type Stream,
  split,
} from 'lorank';
import type { Size } from '../paper.js';

export const RANK = 20; // r_A
export const CONDITIONS = [10, 100, 1e3, 1e4] as const; // κ
export const SCALES = [1e-3, 1, 1e3] as const; // ξ
export const STEPS = [0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9] as const; // η
export const NOISES = [1e-1, 1e-3, 1e-6] as const; // ξ_n of a perturbed start, ξ of a random one
export const LEVEL = 1e-10; // where iterations are counted

interface Sizes {
  /** n of symmetric runs from the Nyström start, and of those with a part outside. */
  readonly inside: number;
  readonly outside: number;
  /** n of the runs of ScaledGD(λ). */
  readonly damped: number;
  readonly seeds: { readonly exact: number; readonly wide: number; readonly outside: number; readonly gd: number };
  readonly pair: readonly [number, number];
  readonly completion: {
    readonly n: number;
    readonly rank: number;
    readonly share: number;
    /** Most steps of gradient descent. */
    readonly steps: number;
    readonly seeds: number;
  };
}

export const sizes: Readonly<Record<Size, Sizes>> = {
  quick: {
    inside: 100,
    outside: 500,
    damped: 100,
    seeds: { exact: 10, wide: 5, outside: 2, gd: 2 },
    pair: [300, 200],
    completion: { n: 500, rank: 10, share: 0.2, steps: 500, seeds: 1 },
  },
  full: {
    inside: 500,
    outside: 500,
    damped: 300,
    seeds: { exact: 10, wide: 10, outside: 5, gd: 5 },
    pair: [600, 400],
    completion: { n: 500, rank: 10, share: 0.2, steps: 1000, seeds: 8 },
  },
};

/** A = QΣQᵀ or QΣPᵀ with a geometric spectrum from 1 to 1/κ, in the memory of the kernels. */
export interface Known {
  readonly A: Matrix<Float64Array>;
  readonly Q: Matrix<Float64Array>; // n₁×r_A
  readonly P: Matrix<Float64Array>; // n₂×r_A
  readonly sigma: Float64Array;
  readonly size: number; // ‖A‖_F
}

/** @param random the same one gives the same Q and P for every κ. */
export function known(
  K: Kernels,
  [rows, cols]: readonly [number, number],
  condition: number,
  random: Stream,
  { rank = RANK, symmetric = rows === cols, spectrum = 'geometric' as 'geometric' | 'linear' } = {},
): Known {
  const truth = lowRank(K, { rows, cols, rank, condition, symmetric, spectrum }, split(random, 'truth'));
  const A = matrix(rows, cols, K.allocate('f64', rows * cols));
  A.data.set(formed(K, truth.X).data);
  return { A, Q: truth.U, P: truth.V, sigma: truth.singularValues, size: frobenius(A) };
}

/** A·Ω with the same Gaussian matrix for every A and ξ. */
export const sketched = (K: Kernels, { A }: Known, random: Stream, width: number, initScale = 1): Float64Array =>
  nystrom(mapOf(K, A), random, { width, initScale, symmetric: A.rows === A.cols });

/** Entries N(0, ξ²). */
export const gaussian = (random: Stream, length: number, scale: number): Float64Array =>
  normals(split(random, 'gaussian'), length).map((v) => scale * v);
