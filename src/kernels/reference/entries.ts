// K2, the entries of a mask.

import type { Float } from '../../matrix.js';
import type { Entries } from '../contract.js';

/** out_e = ⟨u_i, v_j⟩ at every entry. U: n₁×k, V: n₂×k, row-major. */
export function entriesApply(E: Entries, k: number, U: Float, V: Float, out: Float): void {
  for (let i = 0; i < E.rows; i++)
    for (let e = E.starts[i]; e < E.starts[i + 1]; e++) {
      const j = E.columns[e];
      let sum = 0;
      for (let t = 0; t < k; t++) sum += U[i * k + t] * V[j * k + t];
      out[e] = sum;
    }
}

/** r_e = ⟨u_i, v_j⟩ − value_e; gU = R V, gV = Rᵀ U. Returns Σ r_e². */
export function entriesGradient(E: Entries, k: number, U: Float, V: Float, gU: Float, gV: Float): number {
  gU.fill(0, 0, E.rows * k);
  gV.fill(0, 0, E.cols * k);
  let loss = 0;
  for (let i = 0; i < E.rows; i++)
    for (let e = E.starts[i]; e < E.starts[i + 1]; e++) {
      const j = E.columns[e];
      let r = -E.values[e];
      for (let t = 0; t < k; t++) r += U[i * k + t] * V[j * k + t];
      for (let t = 0; t < k; t++) {
        gU[i * k + t] += r * V[j * k + t];
        gV[j * k + t] += r * U[i * k + t];
      }
      loss += r * r;
    }
  return loss;
}
