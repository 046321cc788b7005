// Riemannian gradient descent: θ⁺ = R(θ − μ·P_θ∇F(θ)), P_θ the projection onto the tangent space at θ (in which blocks may
// have speeds of their own), R the way back to the manifold. One evaluation a step.

import type { Rule, Theta } from '../descend.js';
import { axpy } from './vector.js';

/**
 * Riemannian gradient descent.
 * @param stepSize μ > 0.
 * @param manifold what a parametrisation by points of a manifold brings, such as polarSymmetric.
 */
export const retracted =
  (
    stepSize: number,
    { project, retract }: { project(theta: Theta, direction: Theta): Theta; retract(theta: Theta): Theta },
  ): Rule =>
  () =>
  (it) => ({ theta: retract(axpy(-stepSize, project(it.theta, it.grad), it.theta)) });
