// K2, one half step of the Gaussian posterior of a factor model with biases.

import type { PosteriorStep } from '../contract.js';

/** Pivots below this share of their diagonal entry are raised to it: directions that rounding has emptied. */
export const PIVOT = 1e-14;

/** For each row i of `which` in turn; see the contract. Sums run over the entries of a row in their order. */
export function entriesPosterior(step: PosteriorStep): void {
  const { entries, width: w, mean, variance, precision, prior, pull, which } = step;
  const { starts, columns, values } = entries;
  const P = new Float64Array(w * w); // upper triangle, then its factor R with P = RᵀR
  const g = new Float64Array(w);
  const z = new Float64Array(w);
  for (const i of which) {
    const first = starts[i];
    const last = starts[i + 1];
    P.fill(0);
    g.fill(0);
    const spread = step.newVariance.subarray(i * w, i * w + w); // of the fixed side, summed; then the new variance
    spread.fill(0);
    for (let e = first; e < last; e++) {
      const at = columns[e] * w;
      const y = values[e] - mean[at];
      z[0] = 1;
      for (let a = 1; a < w; a++) {
        z[a] = mean[at + a];
        spread[a] += variance[at + a];
      }
      for (let a = 0; a < w; a++) {
        g[a] += z[a] * y;
        for (let b = a; b < w; b++) P[a * w + b] += z[a] * z[b];
      }
    }
    for (let a = 0; a < w; a++) {
      P[a * w + a] += spread[a];
      for (let b = a; b < w; b++) P[a * w + b] *= precision;
      P[a * w + a] += prior[i * w + a];
      spread[a] = 1 / P[a * w + a];
      g[a] = g[a] * precision + pull[i * w + a];
    }
    factorise(P, w, spread);
    const m = step.newMean.subarray(i * w, i * w + w);
    solve(P, w, g, m);
    if (step.misfit.length > 0) step.misfit[i] = misfit(step, i, m, spread, z);
  }
}

/** P ← R, upper triangular with P = RᵀR, row by row. inverse: 1/diag(P). */
function factorise(P: Float64Array, w: number, inverse: Float64Array): void {
  for (let q = 0; q < w; q++) {
    const root = 1 / Math.sqrt(Math.max(P[q * w + q], PIVOT / inverse[q]));
    P[q * w + q] = root; // the diagonal holds 1/R_qq
    for (let b = q + 1; b < w; b++) P[q * w + b] *= root;
    for (let a = q + 1; a < w; a++) {
      const f = P[q * w + a];
      for (let b = a; b < w; b++) P[a * w + b] -= f * P[q * w + b];
    }
  }
}

/** m = R⁻¹ R⁻ᵀ g; g is destroyed. */
function solve(R: Float64Array, w: number, g: Float64Array, m: Float64Array): void {
  for (let q = 0; q < w; q++) {
    g[q] *= R[q * w + q];
    for (let b = q + 1; b < w; b++) g[b] -= R[q * w + b] * g[q];
  }
  for (let q = w - 1; q >= 0; q--) {
    let s = g[q];
    for (let b = q + 1; b < w; b++) s -= R[q * w + b] * m[b];
    m[q] = s * R[q * w + q];
  }
}

/** E Σ_e r_e² of row i. Sums over components run over the even ones and the odd ones, then both are added. */
function misfit(step: PosteriorStep, i: number, m: Float64Array, s: Float64Array, square: Float64Array): number {
  const { entries, width: w, mean, variance } = step;
  square[0] = 1;
  for (let a = 1; a < w; a++) square[a] = m[a] * m[a] + s[a];
  let total = 0;
  for (let e = entries.starts[i]; e < entries.starts[i + 1]; e++) {
    const at = entries.columns[e] * w;
    let fit0 = 0;
    let fit1 = 0;
    let var0 = 0;
    let var1 = 0;
    for (let a = 0; a < w; a++) {
      const za = a === 0 ? 1 : mean[at + a];
      const fit = m[a] * za;
      const spread = s[a] * (za * za) + variance[at + a] * square[a];
      if (a % 2 === 0) {
        fit0 += fit;
        var0 += spread;
      } else {
        fit1 += fit;
        var1 += spread;
      }
    }
    const r = entries.values[e] - mean[at] - (fit0 + fit1);
    total += r * r + (var0 + var1);
  }
  return total;
}
