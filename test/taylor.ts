// The gradient check of the repository: the remainder F(θ + hd) − F(θ) − h⟨∇F(θ), d⟩ falls as h² exactly when ∇F is the
// gradient of F, and as h when it is not.

import type { Objective, Theta } from '../src/descend.js';

/** The slope of log remainder against log h, over h = 2⁻⁴ … 2⁻¹⁰ times the size of θ: 2 for a right gradient. */
export function taylorSlope(F: Objective, theta: Theta, direction: Theta): number {
  const { loss, grad } = F.evaluate(theta, 0);
  const slope = grad.reduce((s, g, i) => s + g * direction[i], 0);
  const points: [number, number][] = [];
  for (let e = 4; e <= 10; e++) {
    const h = 2 ** -e;
    const moved = F.evaluate(
      theta.map((t, i) => t + h * direction[i]),
      0,
    ).loss;
    points.push([Math.log(h), Math.log(Math.abs(moved - loss - h * slope))]);
  }
  const mean = (of: number) => points.reduce((s, p) => s + p[of], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  return points.reduce((s, p) => s + (p[0] - x) * (p[1] - y), 0) / points.reduce((s, p) => s + (p[0] - x) ** 2, 0);
}
