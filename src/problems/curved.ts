// Objectives whose second derivative is known too, by its products: what tells a minimum from a saddle.

import type { LinearMap, Objective, Theta } from '../descend.js';
import { usageError } from '../errors.js';
import { matrix } from '../matrix.js';

/** F with ∇²F(θ), a symmetric map on θ-space: products with columns of length θ.length. */
export interface Curved extends Objective {
  hessian(theta: Theta): LinearMap;
}

/** The map of d ↦ ∇²F(θ)d, one column at a time. @param size length of θ. */
export function hessianMap(size: number, product: (d: Float64Array) => Float64Array): LinearMap {
  const times: LinearMap['times'] = (D) => {
    if (D.rows !== size) throw usageError(`hessian: D should have ${size} rows, got ${D.rows}`, 'pass columns like θ');
    const out = matrix(size, D.cols);
    const d = new Float64Array(size);
    for (let j = 0; j < D.cols; j++) {
      for (let i = 0; i < size; i++) d[i] = D.data[D.offset + i * D.rowStride + j * D.colStride];
      const image = product(d);
      for (let i = 0; i < size; i++) out.data[i * D.cols + j] = image[i];
    }
    return out;
  };
  return { rows: size, cols: size, symmetric: true, times, timesT: times };
}

/** F₁ + F₂ + …, with its second derivative: a loss and its regularisers. */
export const sumCurved = (...terms: Curved[]): Curved => ({
  evaluate(theta, k) {
    const grad = new Float64Array(theta.length);
    let loss = 0;
    for (const term of terms) {
      const part = term.evaluate(theta, k);
      loss += part.loss;
      for (let i = 0; i < grad.length; i++) grad[i] += part.grad[i];
    }
    return { loss, grad };
  },
  hessian(theta) {
    const maps = terms.map((term) => term.hessian(theta));
    return hessianMap(theta.length, (d) => {
      const total = new Float64Array(theta.length);
      for (const map of maps) {
        const part = map.times(matrix(theta.length, 1, d)).data;
        for (let i = 0; i < total.length; i++) total[i] += part[i];
      }
      return total;
    });
  },
});
