// f(X) = ½ Σ_e (X_ij − x_e)² over the known entries of a matrix, ∇f(X) = the residual at the entries, sparse.
//
// On factors X = VWᵀ the fused objective reads every entry once for the loss and both factor gradients; it equals the pulled
// one up to rounding. Cost per evaluation: O(mk).

import type { Factored, LinearMap, Objective, Problem } from '../descend.js';
import type { Entries, Kernels } from '../kernels/contract.js';
import { mask } from '../operators/mask.js';
import { sensing } from './sensing.js';

/** values: one per entry, in f64. */
export type KnownEntries = Entries & { readonly values: Float64Array };

/** E: entries of an n₁×n₂ matrix. */
export const entriesLoss = (K: Kernels, E: KnownEntries): Problem<Factored, LinearMap> =>
  sensing(mask(K, E, { scale: 'none' }), E.values);

/** F(θ) = f(VWᵀ), θ as in factorPair: V: n₁×k, then W: n₂×k. */
export function entriesObjective(K: Kernels, E: KnownEntries, k: number): Objective {
  const inside = {
    ...E,
    starts: kept(K.allocate('i32', E.starts.length), E.starts),
    columns: kept(K.allocate('i32', E.columns.length), E.columns),
    values: kept(K.allocate('f64', E.values.length), E.values),
  };
  const cut = E.rows * k;
  return {
    evaluate(theta) {
      const grad = new Float64Array(theta.length);
      const left = theta.subarray(0, cut);
      const right = theta.subarray(cut);
      const sum = K.entriesGradient(inside, k, left, right, grad.subarray(0, cut), grad.subarray(cut));
      return { loss: 0.5 * sum, grad };
    },
  };
}

function kept<T extends Float64Array | Int32Array>(to: T, from: T): T {
  to.set(from);
  return to;
}
