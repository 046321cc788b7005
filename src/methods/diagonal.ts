// Descent on a diagonal network x = φ(θ), φ(θ) = θ^L or u^L − v^L, from y = A x: f(θ) = ½‖A φ(θ) − y‖².
//
//   gradient           θ⁺ = θ − μ∇f(θ)                     Hadamard gradient descent
//   weight-normalised  the polar step of rules/weightNormalised.ts
//
// It is descend(pull(linear, hadamard), rule), the same bits, on buffers that are used again: runs take 10⁵ steps of a few
// microseconds, and a new array a step would cost as much as the step. Iterates are yielded at every multiple of `every`.
// Cost per step: one pass over A.

import type { Iterate, Theta } from '../descend.js';
import type { Kernels } from '../kernels/contract.js';
import { chain, powers } from '../parametrisations/hadamard.js';
import type { Design } from '../problems/linear.js';
import { checkDirection, polarStep } from '../rules/weightNormalised.js';

/** What descent on a diagonal network is made of. */
export interface DiagonalOptions {
  readonly depth: number; // L
  readonly positive: boolean; // θ: N; else 2N
  readonly stepSize: number; // μ, or η_u
  /** κ; without it, plain gradient descent. */
  readonly ratio?: number;
  readonly every: number; // steps between two iterates
  readonly last: number; // this one is an iterate as well
}

/** The iterates from a start, or on from one of them. A: M×N, y: M. */
export const diagonal = (K: Kernels, A: Design, y: Float64Array, options: DiagonalOptions) =>
  function* (from: Theta | Iterate): Generator<Iterate, never> {
    const { depth, positive, stepSize, ratio, every, last } = options;
    const { rows, cols } = A;
    const size = positive ? cols : 2 * cols;
    const x = K.allocate('f64', cols);
    const g = K.allocate('f64', cols);
    const r = K.allocate('f64', rows);
    const data = K.allocate('f64', rows);
    data.set(y);
    const grad = new Float64Array(size);
    const theta = 'theta' in from ? from.theta.slice() : from.slice();
    if (ratio !== undefined) checkDirection('weight-normalised', theta);
    let k = 'theta' in from ? from.k : 0;
    for (; ; k++) {
      powers(theta, depth, x, grad);
      K.rowsGradient(A.packed, 1, x, data, r, g, 'f64');
      chain(g, grad);
      if (k % every === 0 || k === last) {
        let sum = 0;
        for (let i = 0; i < rows; i++) sum += r[i] * r[i];
        yield { k, theta: theta.slice(), loss: 0.5 * sum, grad: grad.slice() };
      }
      if (ratio === undefined) for (let i = 0; i < size; i++) theta[i] -= stepSize * grad[i];
      else polarStep(theta, grad, stepSize, stepSize / ratio);
    }
  };
