// X = W_L ⋯ W_1, W_l: d_l×d_{l−1}, with d_0 = n₂, d_L = n₁ and any L ≥ 1. θ holds W_1 row by row, then W_2, …, W_L.
//
// The chain is cut at its narrowest place c into X = left·rightᵀ, left = W_L ⋯ W_{c+1}: n₁×d_c and right = (W_c ⋯ W_1)ᵀ: n₂×d_c, so
// that X is formed by nobody who need not. Each half runs from the cut outwards, F_1, F_2, …: R_i = F_i ⋯ F_1. Pullback of a
// gradient G: with D_h = G·right (or Gᵀ·left), ∇F_i = D_i R_{i−1}ᵀ and D_{i−1} = F_iᵀD_i, all of width d_c.
// A compressed network U W̃_L ⋯ W̃_1 Vᵀ is such a chain of L + 2 factors (initialisations/deep.ts), and with L = 2 this is factorPair.
// The metric divides the step between the factors: factor l moves with stepSize·speeds[l].
//
// Cost: two products of G with d_c columns, and 3·d_l·d_{l−1}·d_c multiplications a factor.

import type { Factored, LinearMap, Parametrisation, Theta } from '../descend.js';
import { usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { identity } from '../linalg/householder.js';
import { assign, multiplyInto } from '../linalg/products.js';
import { copy, type Matrix, matrix, transpose } from '../matrix.js';

/** d_0 = n₂, d_1, …, d_L = n₁. */
export type Widths = readonly number[];

/** @throws usage error unless there are a factor and whole numbers of at least 1. */
export function checkWidths(caller: string, widths: Widths): void {
  if (widths.length < 2)
    throw usageError(
      `${caller}: depth should be a whole number of at least 1, got ${widths.length - 1}`,
      'try depth 3',
    );
  for (const width of widths)
    if (!(Number.isSafeInteger(width) && width >= 1))
      throw usageError(`${caller}: every width should be a whole number of at least 1, got ${width}`, 'try the rank');
}

/**
 * @param widths d_0 = n₂, d_1, …, d_L = n₁.
 * @param speeds factor l = 1 … L moves with stepSize·speeds[l − 1] under the metric; default 1.
 */
export function deep(K: Kernels, widths: Widths, speeds?: readonly number[]): Parametrisation<Factored, LinearMap> {
  checkWidths('deep', widths);
  const size = sizeOf(widths);
  const cut = cutOf(widths);
  const walk = (theta: Theta) => {
    const halves = halvesOf(layersOf(widths, theta), cut);
    const [left, right] = halves.map((factors) => outward(K, factors, matrix));
    return { halves, left, right, X: endsOf(widths, left, right) };
  };
  return {
    size,
    value: (theta) => walk(theta).X,
    pullback(theta, G) {
      const grad = new Float64Array(size);
      const { halves, left, right, X } = walk(theta);
      const grads = halvesOf(layersOf(widths, grad), cut);
      if (left.length > 0) inward(K, halves[0], left, G.times(X.right), grads[0], matrix);
      if (right.length > 0) inward(K, halves[1], right, G.timesT(X.left), grads[1], matrix);
      return grad;
    },
    metric(_theta, direction) {
      const scaled = direction.slice();
      layersOf(widths, scaled).forEach(({ data, offset, rows, cols }, l) => {
        for (let t = offset; t < offset + rows * cols; t++) data[t] *= speeds?.[l] ?? 1;
      });
      return scaled;
    },
  };
}

/** Entries of θ. */
export const sizeOf = (widths: Widths): number =>
  widths.reduce((size, width, l) => (l === 0 ? 0 : size + width * widths[l - 1]), 0);

/** W_1: d_1×d_0, …, W_L: d_L×d_{L−1}, as views of θ. */
export function layersOf(widths: Widths, theta: Theta): Matrix<Float64Array>[] {
  let from = 0;
  return widths.slice(1).map((rows, l) => {
    const layer = matrix(rows, widths[l], theta, from);
    from += rows * widths[l];
    return layer;
  });
}

/** The narrowest place of the chain: inside rather than at an end, and the first of equals. */
export function cutOf(widths: Widths): number {
  const last = widths.length - 1;
  let cut = last > 1 ? 1 : 0;
  for (let l = cut + 1; l <= last; l++) if (widths[l] < widths[cut]) cut = l;
  return widths[0] < widths[cut] ? 0 : cut;
}

/** The factors F_1, F_2, … of one side of the cut, from the cut outwards. */
export type Half = readonly Matrix<Float64Array>[];

/** W_{c+1}, …, W_L; and W_cᵀ, …, W_1ᵀ. */
export const halvesOf = (layers: Half, cut: number): readonly [left: Half, right: Half] => [
  layers.slice(cut),
  layers.slice(0, cut).reverse().map(transpose),
];

/** Where a product goes: a matrix to write to. */
export type Space = (rows: number, cols: number) => Matrix<Float64Array>;

/** R_1 = F_1, …, R_h = F_h ⋯ F_1. */
export function outward(K: Kernels, factors: Half, space: Space): Matrix<Float64Array>[] {
  const products: Matrix<Float64Array>[] = [];
  factors.forEach((F, i) => {
    if (i === 0) products.push(F);
    else {
      const R = space(F.rows, factors[0].cols);
      multiplyInto(K, F, products[i - 1], R);
      products.push(R);
    }
  });
  return products;
}

/** ∇F_i = D_i R_{i−1}ᵀ and D_{i−1} = F_iᵀD_i, from D_h on, into grads. D_h: as R_h. */
export function inward(
  K: Kernels,
  factors: Half,
  products: readonly Matrix<Float64Array>[],
  last: Matrix<Float64Array>,
  grads: Half,
  space: Space,
): void {
  let D = last;
  for (let i = factors.length - 1; i > 0; i--) {
    multiplyInto(K, D, transpose(products[i - 1]), grads[i]);
    const next = i > 1 ? space(factors[i].cols, D.cols) : grads[0];
    multiplyInto(K, transpose(factors[i]), D, next);
    D = next;
  }
  if (factors.length === 1) assign(grads[0], last);
}

/** X of the products of both halves; the identity where one of them is empty. */
function endsOf(widths: Widths, left: readonly Matrix[], right: readonly Matrix[]): Factored {
  const end = (products: readonly Matrix[], width: number) => {
    const product = products.at(-1);
    return product ? (product.colStride === 1 ? product : copy(product)) : identity(width);
  };
  return { left: end(left, widths[widths.length - 1]), right: end(right, widths[0]) };
}
