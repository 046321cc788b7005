// AdamW: gradient steps over running root mean squares, entry by entry, with weight decay apart from the gradient. At step
// t = 1, 2, …, with gradient g and step size η:
//   m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  θ ← (1 − ηλ)θ − η·(m/(1 − β₁ᵗ))/(√(v/(1 − β₂ᵗ)) + ε)
// (Loshchilov, Hutter 2019; the form of PyTorch). Cost: one pass over θ, g, m and v, which are written in place.

import type { Float } from '../matrix.js';

/** What a step of AdamW takes. */
export interface AdamwOptions {
  readonly learningRate: number; // η
  /** β₁, β₂; default 0.9, 0.999. */
  readonly betas?: readonly [number, number];
  /** ε; default 1e-8. */
  readonly epsilon?: number;
  /** λ; default 0. */
  readonly weightDecay?: number;
}

/** Step t ≥ 1 on entries from … to−1, in place. m and v are zeros before the first one. */
export function adamw(
  { theta, gradient, m, v }: { theta: Float; gradient: Float; m: Float; v: Float },
  t: number,
  { learningRate, betas: [beta1, beta2] = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0 }: AdamwOptions,
  from = 0,
  to = theta.length,
): void {
  const step = learningRate / (1 - power(beta1, t));
  const root = 1 / Math.sqrt(1 - power(beta2, t));
  const kept = 1 - learningRate * weightDecay;
  for (let i = from; i < to; i++) {
    const g = gradient[i];
    const first = beta1 * m[i] + (1 - beta1) * g;
    const second = beta2 * v[i] + (1 - beta2) * g * g;
    m[i] = first;
    v[i] = second;
    theta[i] = kept * theta[i] - (step * first) / (Math.sqrt(second) * root + epsilon);
  }
}

/** Multiplies the gradient by min(1, most/‖gradient‖) and returns the norm that it had. */
export function clipNorm(gradient: Float, most: number): number {
  let sum = 0;
  for (let i = 0; i < gradient.length; i++) sum += gradient[i] * gradient[i];
  const norm = Math.sqrt(sum);
  if (norm > most) for (let i = 0, factor = most / norm; i < gradient.length; i++) gradient[i] *= factor;
  return norm;
}

/** x^t for a whole t ≥ 0, by squaring. */
function power(x: number, t: number): number {
  let result = 1;
  for (let square = x, left = t; left > 0; left = Math.floor(left / 2), square *= square)
    if (left % 2 === 1) result *= square;
  return result;
}
