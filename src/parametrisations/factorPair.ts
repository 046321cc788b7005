// X = VWᵀ, V: n₁×k, W: n₂×k. θ holds V row by row, then W row by row.
// Pullback of a gradient G: (GW, GᵀV). Metric of scaled rules: (D_V (WᵀW + λI)⁻¹, D_W (VᵀV + λI)⁻¹).

import type { Factored, LinearMap, Parametrisation } from '../descend.js';
import type { Kernels } from '../kernels/contract.js';
import { matrix } from '../matrix.js';
import { divideByGram } from './metric.js';

/**
 * @param n1 rows of X.
 * @param n2 columns of X.
 * @param k width of the factors; may exceed n1 and n2.
 * @param damping λ ≥ 0 of the metric; default 0.
 */
export function factorPair(
  K: Kernels,
  n1: number,
  n2: number,
  k: number,
  damping = 0,
): Parametrisation<Factored, LinearMap> {
  const V = (theta: Float64Array) => matrix(n1, k, theta);
  const W = (theta: Float64Array) => matrix(n2, k, theta, n1 * k);
  const join = (left: Float64Array, right: Float64Array) => {
    const theta = new Float64Array((n1 + n2) * k);
    theta.set(left);
    theta.set(right, n1 * k);
    return theta;
  };
  return {
    size: (n1 + n2) * k,
    value: (theta) => ({ left: V(theta), right: W(theta) }),
    pullback: (theta, G) => join(G.times(W(theta)).data, G.timesT(V(theta)).data),
    metric: (theta, direction) =>
      join(
        divideByGram(K, V(direction), W(theta), damping).data,
        divideByGram(K, W(direction), V(theta), damping).data,
      ),
  };
}
