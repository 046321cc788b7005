// Heavy ball (Polyak 1964): p⁺ = β p − μ ∇F(θ), θ⁺ = θ + p⁺. One evaluation a step; the memory is p.

import type { Rule } from '../descend.js';
import { axpy } from './vector.js';

/**
 * @param stepSize μ > 0.
 * @param momentum β in [0, 1); 0 is gradient descent.
 */
export const heavyBall =
  (stepSize: number, momentum: number): Rule =>
  () =>
  (it) => {
    const p = new Float64Array(it.theta.length);
    for (let i = 0; i < p.length; i++) p[i] = (it.memory ? momentum * it.memory[i] : 0) - stepSize * it.grad[i];
    return { theta: axpy(1, p, it.theta), memory: p };
  };
