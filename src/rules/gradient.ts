// Gradient descent: θ⁺ = θ − μ ∇F(θ). One evaluation a step.

import type { Rule } from '../descend.js';
import { axpy } from './vector.js';

/** @param stepSize μ > 0. Descent is guaranteed for μ < 2/L where ∇F is L-Lipschitz. */
export const gradient =
  (stepSize: number): Rule =>
  () =>
  (it) => ({ theta: axpy(-stepSize, it.grad, it.theta) });
