// Cholesky: A = L Lᵀ for symmetric positive definite A, in plain TypeScript: A is a small k×k block here. Only the lower
// triangle of A is read. Backward stable: ‖A − L Lᵀ‖ ≤ c·n·ε·‖A‖. Cost: n³/3 flops.

import { dataError, usageError } from '../errors.js';
import { at, type Matrix, matrix, transpose } from '../matrix.js';
import { shape } from './products.js';
import { solveLower, solveUpper } from './qr.js';

export interface Cholesky {
  /** n×n, lower triangular; rows and columns from `rank` on are zero. */
  readonly L: Matrix<Float64Array>;
  /** n where A is positive definite to working precision, else the index of the first pivot that is not. */
  readonly rank: number;
}

/**
 * A = L Lᵀ. A: n×n, symmetric. A pivot at or below n·ε·max A_ii (or NaN) ends it: `rank` says where, and the leading
 * rank×rank block of L Lᵀ is that of A.
 */
export function cholesky(A: Matrix): Cholesky {
  const n = A.rows;
  if (A.cols !== n) throw usageError(`cholesky: A should be square, got ${shape(A)}`);
  const L = matrix(n, n);
  const l = L.data;
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, at(A, i, i));
  for (let j = 0; j < n; j++) {
    let pivot = at(A, j, j);
    for (let k = 0; k < j; k++) pivot -= l[j * n + k] * l[j * n + k];
    if (!(pivot > n * Number.EPSILON * largest)) {
      l.fill(0, j * n);
      return { L, rank: j };
    }
    const root = Math.sqrt(pivot);
    l[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let sum = at(A, i, j);
      for (let k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k];
      l[i * n + j] = sum / root;
    }
  }
  return { L, rank: n };
}

/** X with A X = B, from A = L Lᵀ. B: n×k. Refuses a factorisation that ended early. */
export function solveCholesky({ L, rank }: Cholesky, B: Matrix): Matrix<Float64Array> {
  if (rank < L.rows)
    throw dataError(
      `solveCholesky: A should be positive definite, got pivot ${rank} of ${L.rows} not above round-off`,
      'add a small multiple of the identity to A',
    );
  return solveUpper(transpose(L), solveLower(L, B));
}
