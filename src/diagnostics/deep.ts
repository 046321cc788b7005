// What descent does inside a chain W_L ⋯ W_1: singular values of each factor, how far their vectors turn, and the invariant
// subspace. From W_l(0) = ε_l·orthogonal, d×d, on ½‖W_L ⋯ W_1 − T‖_F² + ½λ‖θ‖², rank T = r, with V_{1,2} the complement of V₁
// (initialisations/deep.ts), U_{l,2} = W_l(0)V_{l,2}/ε_l and V_{l+1,2} = U_{l,2}: for every step and factor
//   W_l V_{l,2} = ρ_l U_{l,2},  W_lᵀU_{l,2} = ρ_l V_{l,2},  ρ_l⁺ = ρ_l(1 − μλ − μ·Π_{k≠l} ρ_k²),  ρ_l(0) = ε_l.
// Yaras, Wang, Hu, Zhu, Balzano, Qu 2023; exact, for any depth and any ε_l.

import type { Theta } from '../descend.js';
import type { Kernels } from '../kernels/contract.js';
import { anglesBetween } from '../linalg/angles.js';
import { multiply } from '../linalg/products.js';
import { complement } from '../linalg/qr.js';
import { singularValues, svd } from '../linalg/svd.js';
import { at, type Matrix, matrix, slice, transpose } from '../matrix.js';
import { layersOf, type Widths } from '../parametrisations/deep.js';

/** The singular values of W_1, …, W_L, each descending. */
export const layerSpectra = (K: Kernels, widths: Widths, theta: Theta): Float64Array[] =>
  layersOf(widths, theta).map((W) => singularValues(K, W));

/** How many of the values, in order, are equal within the tolerance: the largest group. */
export function equalCount(values: ArrayLike<number>, tolerance: number): number {
  const sorted = Float64Array.from(values).sort();
  let most = 0;
  for (let from = 0, to = 0; to < sorted.length; to++) {
    while (sorted[to] - sorted[from] > tolerance) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

/** The largest angle, in radians, between the spaces of the right singular vectors from … to − 1 of A and of B. A, B: m×n. */
export function turnedBy(K: Kernels, A: Matrix, B: Matrix, from: number, to: number): number {
  const [V, W] = [A, B].map((M) => {
    const { V: vectors } = svd(K, M);
    return slice(vectors, 0, vectors.rows, from, to);
  });
  return anglesBetween(K, V, W)[to - from - 1];
}

/**
 * V_{1,2}, U_{1,2} = V_{2,2}, …, U_{L,2}: the L + 1 bases d×(d − 2r).
 * @param layers W_1(0), …, W_L(0). @param moving V₁: d×2r. @param scales ε_1, …, ε_L.
 */
export function restBases(
  K: Kernels,
  layers: readonly Matrix[],
  moving: Matrix,
  scales: readonly number[],
): Matrix<Float64Array>[] {
  const bases = [complement(K, moving)];
  layers.forEach((W, l) => {
    const next = multiply(K, W, bases[l]);
    bases.push(
      matrix(
        next.rows,
        next.cols,
        next.data.map((v) => v / scales[l]),
      ),
    );
  });
  return bases;
}

/** The largest entry of W_l V_{l,2} − ρ_l U_{l,2} and of W_lᵀU_{l,2} − ρ_l V_{l,2}, over all l. */
export function invariantDeviation(
  K: Kernels,
  layers: readonly Matrix[],
  bases: readonly Matrix[],
  rho: ArrayLike<number>,
): number {
  let worst = 0;
  layers.forEach((W, l) => {
    const [V, U] = [bases[l], bases[l + 1]];
    const off = (A: Matrix, B: Matrix) => {
      for (let i = 0; i < A.rows; i++)
        for (let j = 0; j < A.cols; j++) worst = Math.max(worst, Math.abs(at(A, i, j) - rho[l] * at(B, i, j)));
    };
    off(multiply(K, W, V), U);
    off(multiply(K, transpose(W), U), V);
  });
  return worst;
}

/** ρ_1⁺, …, ρ_L⁺. @param stepSize μ. @param decay λ; default 0. */
export const restStep = (rho: ArrayLike<number>, stepSize: number, decay = 0): Float64Array =>
  Float64Array.from(rho, (own, l) => {
    let others = 1;
    for (let k = 0; k < rho.length; k++) if (k !== l) others *= rho[k] * rho[k];
    return own * (1 - stepSize * decay - stepSize * others);
  });
