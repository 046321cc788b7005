// K2, the entries of a mask. The order of additions: a dot product has as many sums as a vector of 16 bytes has lanes, each
// over every so-manieth component in order, then (l₀+l₁), or (l₀+l₁)+(l₂+l₃) in f32. Gradients see their additions in the
// order of the entries; ∇V does so in each part of the rows (parts.ts), and the parts are added in a tree. In f32 every
// product and every sum rounds to f32, only the loss is summed in f64.

import type { Float } from '../../matrix.js';
import type { Entries } from '../contract.js';
import { entryParts, foldLevels, lanesOf } from '../parts.js';

type Round = (v: number) => number;
const exact: Round = (v) => v;
const roundOf = (x: Float): Round => (x instanceof Float32Array ? Math.fround : exact);

/** ⟨u_i, v_j⟩ of rows that start at p and q. */
function dots(k: number, U: Float, V: Float): (p: number, q: number) => number {
  const round = roundOf(U);
  const lanes = lanesOf(U);
  const sums = new Float64Array(lanes);
  const padded = lanes * Math.ceil(k / lanes);
  return (p, q) => {
    for (let t = 0; t < padded; t++) {
      const product = t < k ? round(U[p + t] * V[q + t]) : 0;
      sums[t % lanes] = t < lanes ? product : round(sums[t % lanes] + product);
    }
    const low = round(sums[0] + sums[1]);
    return lanes === 2 ? low : round(low + round(sums[2] + sums[3]));
  };
}

/** out_e = ⟨u_i, v_j⟩ at every entry. U: n₁×k, V: n₂×k, row-major. */
export function entriesApply(E: Entries, k: number, U: Float, V: Float, out: Float): void {
  const dot = dots(k, U, V);
  for (let i = 0; i < E.rows; i++)
    for (let e = E.starts[i]; e < E.starts[i + 1]; e++) out[e] = dot(i * k, E.columns[e] * k);
}

/** r_e = ⟨u_i, v_j⟩ − value_e; gU = R V, gV = Rᵀ U. Returns Σ r_e². */
export function entriesGradient(E: Entries, k: number, U: Float, V: Float, gU: Float, gV: Float): number {
  const round = roundOf(U);
  const dot = dots(k, U, V);
  const size = E.cols * k;
  gU.fill(0, 0, E.rows * k);
  const bounds = entryParts(E, k, lanesOf(U));
  const parts = bounds.length - 1;
  const partials = Array.from({ length: parts }, () =>
    U instanceof Float32Array ? new Float32Array(size) : new Float64Array(size),
  );
  const losses = new Float64Array(parts);
  partials.forEach((g, part) => {
    for (let i = bounds[part]; i < bounds[part + 1]; i++)
      for (let e = E.starts[i]; e < E.starts[i + 1]; e++) {
        const p = i * k;
        const q = E.columns[e] * k;
        const r = round(dot(p, q) - E.values[e]);
        for (let t = 0; t < k; t++) {
          gU[p + t] += round(r * V[q + t]);
          g[q + t] += round(r * U[p + t]);
        }
        losses[part] += r * r;
      }
  });
  for (const level of foldLevels(parts))
    for (const [into, from] of level) {
      for (let t = 0; t < size; t++) partials[into][t] += partials[from][t];
      losses[into] += losses[from];
    }
  gV.set(partials[0]);
  return losses[0];
}
