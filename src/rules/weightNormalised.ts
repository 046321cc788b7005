// Weight normalisation: gradient descent on θ = r·u, ‖u‖ = 1, with two step sizes. With g = ∇F(θ) and s = ⟨u, g⟩:
//
//   r⁺ = r − η_r s,   u⁺ = u − η_u r (g − s u), divided by its norm,   η_r = η_u/κ.
//
// In small steps it is θ' = −P(θ) g with P = η_r (uuᵀ + κ r² (I − uuᵀ)): κ = η_u/η_r is the one number that the path depends
// on. The form g·v/‖v‖ of Salimans and Kingma (2016) is this with η_u = η_v/‖v‖². For θ ↦ θ^L see methods/weightNorm.ts for
// what stays invariant and what (r₀, κ) to choose (Chou, Rauhut, Ward 2023; depth 1: Wu et al. 2020). (r, u) and (−r, −u)
// take the same path, so that θ itself is all there is to remember. Cost: O(size).

import type { Rule } from '../descend.js';
import { usageError } from '../errors.js';

/** The two step sizes of weight normalisation. */
export interface PolarSteps {
  readonly stepSize: number; // η_u > 0
  readonly ratio: number; // κ = η_u/η_r > 0
}

/**
 * Gradient descent on θ = r·u, ‖u‖ = 1.
 * @throws usage error when κ or η_u is not positive, or the start is zero.
 */
export const weightNormalised = ({ stepSize, ratio }: PolarSteps): Rule => {
  checkPolar('weightNormalised', { stepSize, ratio });
  return () => (it) => {
    if (it.k === 0) checkDirection('weightNormalised', it.theta);
    const theta = it.theta.slice();
    polarStep(theta, it.grad, stepSize, stepSize / ratio);
    return { theta };
  };
};

/** @throws usage error unless κ > 0 and η_u > 0. */
export function checkPolar(caller: string, { stepSize, ratio }: PolarSteps): void {
  if (!(ratio > 0 && ratio < Infinity))
    throw usageError(`${caller}: ratio κ should be a positive number, got ${ratio}`, 'κ‖x‖₁ of 20 to 90 is usual');
  if (!(stepSize > 0 && stepSize < Infinity))
    throw usageError(`${caller}: stepSize should be a positive number, got ${stepSize}`, 'leave it out');
}

/** @throws usage error where θ = 0. */
export function checkDirection(caller: string, theta: Float64Array): void {
  if (theta.every((w) => w === 0))
    throw usageError(`${caller}: the start should not be zero: it has no direction to normalise`, 'start from α > 0');
}

/** One step, in place. */
export function polarStep(theta: Float64Array, grad: Float64Array, stepU: number, stepR: number): void {
  const n = theta.length;
  let squares = 0;
  let along = 0;
  for (let i = 0; i < n; i++) {
    squares += theta[i] * theta[i];
    along += theta[i] * grad[i];
  }
  const r = Math.sqrt(squares);
  const s = along / r;
  // u⁺ before its normalisation: (1/r + η_u s)·θ − η_u r·g
  const keep = 1 / r + stepU * s;
  const turn = stepU * r;
  let size = 0;
  for (let i = 0; i < n; i++) {
    const u = keep * theta[i] - turn * grad[i];
    theta[i] = u;
    size += u * u;
  }
  const scale = (r - stepR * s) / Math.sqrt(size);
  for (let i = 0; i < n; i++) theta[i] *= scale;
}
