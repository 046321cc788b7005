// X = UUᵀ, U: n×k, symmetric positive semidefinite. θ holds U row by row.
// Pullback of a gradient G: (G + Gᵀ)U; with f(X) = ¼‖𝒜(X) − y‖² and symmetric 𝒜 that is 𝒜*(residual)·U (Stöger, Soltanolkotabi 2021).

import type { Factored, LinearMap, Parametrisation } from '../descend.js';
import type { Kernels } from '../kernels/contract.js';
import { matrix } from '../matrix.js';
import { divideByGram } from './metric.js';

/**
 * @param n rows of U.
 * @param k width: columns of U.
 * @param damping λ ≥ 0 of the metric UᵀU + λI; default 0.
 */
export function symmetric(K: Kernels, n: number, k: number, damping = 0): Parametrisation<Factored, LinearMap> {
  const view = (theta: Float64Array) => matrix(n, k, theta);
  return {
    size: n * k,
    value(theta) {
      const U = view(theta);
      return { left: U, right: U };
    },
    pullback(theta, G) {
      const U = view(theta);
      const GU = G.times(U).data;
      const GtU = G.symmetric ? GU : G.timesT(U).data;
      return GU.map((value, i) => value + GtU[i]);
    },
    metric: (theta, direction) => divideByGram(K, view(direction), view(theta), damping).data,
  };
}
