// Gradient descent with backtracking (Armijo 1966): the largest μ in {μ₀, sμ₀, s²μ₀, …} with
// F(θ − μg) ≤ F(θ) − c μ‖g‖². The memory is the last step, from which the next search starts one notch higher.
// Descent at every step for any smooth F. Cost: one evaluation a trial.

import type { Rule } from '../descend.js';
import { dot } from '../linalg/vectors.js';
import { axpy } from './vector.js';

/**
 * @param stepSize μ₀ > 0, the first trial of the first step.
 * @param shrink s in (0, 1); default ½.
 * @param decrease c in (0, ½]; default 1e-4.
 */
export const armijo =
  (stepSize: number, shrink = 0.5, decrease = 1e-4): Rule =>
  (F) =>
  (it) => {
    const square = dot(it.grad, it.grad);
    let mu = it.memory ? it.memory[0] / shrink : stepSize;
    for (;;) {
      const theta = axpy(-mu, it.grad, it.theta);
      const settled = mu * square <= Number.EPSILON * it.loss || mu === 0;
      if (settled || F.evaluate(theta, it.k).loss <= it.loss - decrease * mu * square)
        return { theta, memory: Float64Array.of(mu) };
      mu *= shrink;
    }
  };
