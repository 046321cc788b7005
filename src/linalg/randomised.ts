// The leading singular triples of a matrix known by its products: A ≈ U Σ Vᵀ of rank r.
//   Q ← orth(A Ω);  passes times: Q ← orth(A·orth(AᵀQ));  then the SVD of QᵀA.
// With l = r + oversampling columns in a Gaussian Ω and p passes, E‖A − UΣVᵀ‖₂ ≤ σ_{r+1}·(1 + small·(n/l)^{1/(2(2p+1))}),
// close to the best rank-r error. Reference: Halko, Martinsson and Tropp, SIAM Review 53 (2011), algorithm 4.4 and theorem 10.
// Cost: (2 + 2p) products of A with l columns, and O((m+n) l²).

import type { LinearMap } from '../descend.js';
import { usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { copy, type Matrix, slice } from '../matrix.js';
import { mapOf } from './maps.js';
import { assign, multiply, scratch, shape } from './products.js';
import { qr } from './qr.js';
import { type Svd, svd } from './svd.js';

export interface RandomisedOptions {
  rank: number; // r
  /** Ω: rows×cols of independent standard normal numbers. */
  testMatrix: (rows: number, cols: number) => Matrix;
  /** Columns of Ω beyond the rank. Default 10. */
  oversampling?: number;
  /** Power passes p: more where the spectrum falls slowly. Default 2. */
  passes?: number;
}

/** The leading `rank` singular triples of A: m×n, a matrix or a map, 1 ≤ rank ≤ min(m, n). U: m×r, V: n×r. */
export function randomisedSvd(K: Kernels, A: LinearMap | Matrix, options: RandomisedOptions): Svd {
  if ('times' in A) return leading(K, A, options);
  return K.scoped(() => {
    const inside = scratch(K, A.rows, A.cols); // one copy to kernel memory instead of one a product
    assign(inside, A);
    return leading(K, mapOf(K, inside), options);
  });
}

function leading(K: Kernels, A: LinearMap, options: RandomisedOptions): Svd {
  const { rank, testMatrix, oversampling = 10, passes = 2 } = options;
  const smaller = Math.min(A.rows, A.cols);
  if (!(Number.isInteger(rank) && rank >= 1 && rank <= smaller))
    throw usageError(
      `randomisedSvd: rank should be an integer from 1 to ${smaller} for a ${shape(A)} matrix, got ${rank}`,
    );
  const orth = (X: Matrix) => qr(K, X).Q;
  let Q = orth(A.times(testMatrix(A.cols, Math.min(smaller, rank + oversampling))));
  for (let p = 0; p < passes; p++) Q = orth(A.times(orth(A.timesT(Q))));
  const { U, values, V } = svd(K, A.timesT(Q)); // (QᵀA)ᵀ = U Σ Vᵀ
  const lead = (X: Matrix<Float64Array>) => slice(X, 0, X.rows, 0, rank);
  return { U: multiply(K, Q, lead(V)), values: values.slice(0, rank), V: copy(lead(U)) };
}
