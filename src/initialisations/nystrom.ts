// The Nyström start: the sketch V₀ = A Ω with W₀ = 0, or U₀ = A Ω for a symmetric A, where Ω is Gaussian. Its columns lie in
// the column space of A and stay there under scaled descent, which then converges quadratically at step ½ (symmetric), or in
// the one step W = Aᵀ(V₀⁺)ᵀ, as V₀Wᵀ is the projection of A on the columns of V₀. A start with any part outside that space
// sheds it by 1 − η a step only. V₀ has rank min(k, rank A) almost surely.
// Li, Zhang, Mokhtari, He, ICLR 2025. Cost: one product of A with k columns.

import type { LinearMap, Theta } from '../descend.js';
import { usageError } from '../errors.js';
import { matrix } from '../matrix.js';
import { normals, type Stream, split } from '../random/index.js';

/** What nystrom() takes. */
export interface NystromOptions {
  readonly width: number; // k
  readonly initScale?: number; // ξ: entries of Ω are N(0, ξ²); default 1
  readonly symmetric?: boolean; // default false
}

/**
 * The Nyström start: θ of a factor pair (V₀: n₁×k row by row, then W₀ = 0: n₂×k), or of a symmetric factor (U₀: n×k).
 * @param A n₁×n₂; symmetric where `symmetric`.
 * @param random Ω comes from its stream 'sketch'.
 */
export function nystrom(A: LinearMap, random: Stream, { width, initScale = 1, symmetric }: NystromOptions): Theta {
  if (!(initScale > 0 && initScale < Infinity))
    throw usageError(`nystrom: initScale should be a positive number, got ${initScale}`, 'leave it out');
  const omega = normals(split(random, 'sketch'), A.cols * width);
  for (let t = 0; t < omega.length; t++) omega[t] *= initScale;
  const sketch = A.times(matrix(A.cols, width, omega)).data;
  if (symmetric) return sketch;
  const theta = new Float64Array((A.rows + A.cols) * width);
  theta.set(sketch);
  return theta;
}
