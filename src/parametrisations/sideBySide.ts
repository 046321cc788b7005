// Several X at once, (X₁, …, X_c) = (φ₁(θ₁), …, φ_c(θ_c)): θ holds θ₁, then θ₂, …. What lets runs share a pass over an operator.

import type { Parametrisation } from '../descend.js';

/** @param phis of each X; they may differ in width. */
export function sideBySide<X, G>(phis: readonly Parametrisation<X, G>[]): Parametrisation<readonly X[], readonly G[]> {
  const ends: number[] = [];
  for (const { size } of phis) ends.push((ends.at(-1) ?? 0) + size);
  const size = ends.at(-1) ?? 0;
  const part = (theta: Float64Array, j: number) => theta.subarray(ends[j] - phis[j].size, ends[j]);
  return {
    size,
    value: (theta) => phis.map((phi, j) => phi.value(part(theta, j))),
    pullback(theta, grads) {
      const all = new Float64Array(size);
      phis.forEach((phi, j) => {
        all.set(phi.pullback(part(theta, j), grads[j]), ends[j] - phi.size);
      });
      return all;
    },
  };
}
