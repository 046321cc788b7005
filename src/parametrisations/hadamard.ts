// x = w^L entry by entry (a diagonal linear network of depth L; x ≥ 0 where w ≥ 0), or x = u^L − v^L, which has any sign.
// θ holds w, or u and then v. Pullback of a gradient g: L w^{L−1} ⊙ g, and −L v^{L−1} ⊙ g for v.
//
// Gradient descent from θ = α·1 prefers sparse x: as α → 0 the limit has the least ‖x‖₁ of all that fit, exponentially
// slowly for L = 2 and like α^{L−2} for L > 2 (Woodworth et al. 2020; Vaskevicius, Kanade, Rebeschini 2019; Li, Nguyen,
// Hegde, Wong 2021; Chou, Maly, Rauhut 2021). u^L − v^L on A is w^L on [A, −A]. Cost: O(N·L).

import type { Parametrisation } from '../descend.js';
import { usageError } from '../errors.js';

/** Options of hadamard(). */
export interface HadamardOptions {
  /** L, a whole number of at least 1. Default 2. */
  readonly depth?: number;
  /** x = w^L alone. Default false: x = u^L − v^L. */
  readonly positive?: boolean;
}

/** x = u^L − v^L, or w^L. @param n entries of x. */
export function hadamard(n: number, options: HadamardOptions = {}): Parametrisation<Float64Array, Float64Array> {
  const { depth = 2, positive = false } = options;
  checkDepth('hadamard', depth);
  const size = positive ? n : 2 * n;
  return {
    size,
    value(theta) {
      const x = new Float64Array(n);
      powers(theta, depth, x, new Float64Array(size));
      return x;
    },
    pullback(theta, g) {
      const grad = new Float64Array(size);
      powers(theta, depth, new Float64Array(n), grad);
      chain(g, grad);
      return grad;
    },
  };
}

/** @throws usage error unless L is a whole number of at least 1. */
export function checkDepth(caller: string, depth: number): void {
  if (!(Number.isSafeInteger(depth) && depth >= 1))
    throw usageError(`${caller}: depth should be a whole number of at least 1, got ${depth}`, 'depth 2 is usual');
}

/** x: N and ∂x/∂θ, as long as θ, into place. */
export function powers(theta: Float64Array, depth: number, x: Float64Array, slope: Float64Array): void {
  const n = x.length;
  for (let j = 0; j < n; j++) {
    const w = theta[j];
    let p = 1;
    for (let l = 1; l < depth; l++) p *= w;
    x[j] = p * w;
    slope[j] = depth * p;
  }
  for (let j = n; j < theta.length; j++) {
    const v = theta[j];
    let p = 1;
    for (let l = 1; l < depth; l++) p *= v;
    x[j - n] -= p * v;
    slope[j] = -depth * p;
  }
}

/** ∂x/∂θ becomes the gradient in θ, in place. g: N, the gradient in x. */
export function chain(g: Float64Array, slope: Float64Array): void {
  const n = g.length;
  for (let j = 0; j < n; j++) slope[j] *= g[j];
  for (let j = n; j < slope.length; j++) slope[j] *= g[j - n];
}
