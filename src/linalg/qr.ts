// Thin QR: A = Q R, QᵀQ = I, R upper triangular with R_ii ≥ 0 (which makes it unique for A of full column rank), and what
// stands on it: triangular solves, least squares, orthonormal complements.
//
// Householder reflectors in blocks, the factorisation of a block by halves (Elmroth and Gustavson 2000); a tall matrix is
// cut into blocks of rows whose R factors are stacked and factored again (TSQR; Demmel, Grigori, Hoemmen and Langou 2012).
// Backward stable: ‖A − QR‖ and ‖QᵀQ − I‖ are a small multiple of n·ε, whatever the rank of A.
// Cost: 4mn² flops for Q and R, 6mn² when tall.

import { dataError, usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { at, copy, type Matrix, matrix, slice, transpose } from '../matrix.js';
import { applyBlock, blockFactor, orthogonalRows, PANEL, reflect, rowOf } from './householder.js';
import { assign, multiply, multiplyInto, scratch, shape } from './products.js';
import { largestEntry, powerOfTwoScale } from './vectors.js';

export interface Qr {
  /** m×n, orthonormal columns. */
  readonly Q: Matrix<Float64Array>;
  /** n×n, upper triangular, no negative diagonal entry. */
  readonly R: Matrix<Float64Array>;
}

/** A = Q R. A: m×n, m ≥ n, any rank. Refuses numbers that are not finite. */
export function qr(K: Kernels, A: Matrix): Qr {
  const starts = door('qr', A);
  const { rows: m, cols: n } = A;
  const Q = matrix(m, n);
  const stack = matrix(n * (starts.length - 1), n);
  const block = (b: number) => slice(stack, b * n, (b + 1) * n);
  eachPair(starts, (i0, i1, b) => {
    K.scoped(() => {
      const { Vt, tau } = triangle(K, 'qr', slice(A, i0, i1), block(b));
      assign(slice(Q, i0, i1), transpose(orthogonalRows(K, Vt, tau, n)));
    });
    flipRows(block(b), (j) => {
      for (let i = i0; i < i1; i++) Q.data[i * n + j] *= -1;
    });
  });
  if (starts.length === 2) return { Q, R: stack };
  const top = qr(K, stack);
  eachPair(starts, (i0, i1, b) => {
    const rows = slice(Q, i0, i1);
    assign(rows, multiply(K, rows, slice(top.Q, b * n, (b + 1) * n)));
  });
  return { Q, R: top.R };
}

/** R alone of A = Q R, at half the cost or less. A: m×n, m ≥ n; R: n×n. Refuses numbers that are not finite. */
export function thinR(K: Kernels, A: Matrix): Matrix<Float64Array> {
  const starts = door('thinR', A);
  const n = A.cols;
  const stack = matrix(n * (starts.length - 1), n);
  eachPair(starts, (i0, i1, b) => {
    const R = slice(stack, b * n, (b + 1) * n);
    K.scoped(() => {
      triangle(K, 'thinR', slice(A, i0, i1), R);
    });
    flipRows(R);
  });
  return starts.length === 2 ? stack : thinR(K, stack);
}

/** Checks the shape of A and cuts its rows: the first row of each block, and m. One block unless A is tall. */
function door(caller: string, A: Matrix): number[] {
  const { rows: m, cols: n } = A;
  if (m < n)
    throw usageError(
      `${caller}: A should have at least as many rows as columns, got ${shape(A)}`,
      'factor its transpose',
    );
  // Few enough rows for the second-level cache, and enough of them that the stack of R is short.
  const blocks = Math.max(1, Math.floor(m / Math.max(2048, 8 * n)));
  return Array.from({ length: blocks + 1 }, (_, b) => Math.floor((m / blocks) * b));
}

function eachPair(starts: number[], body: (start: number, end: number, index: number) => void): void {
  for (let b = 0; b + 1 < starts.length; b++) body(starts[b], starts[b + 1], b);
}

/** Negates the rows of R whose diagonal entry is negative. */
function flipRows(R: Matrix<Float64Array>, flipped: (row: number) => void = () => {}): void {
  for (let j = 0; j < R.rows; j++)
    if (at(R, j, j) < 0) {
      const row = rowOf(R, j, j);
      for (let i = 0; i < row.length; i++) row[i] *= -1;
      flipped(j);
    }
}

/** Writes R: n×n and returns the reflectors of A = H₁ … H_n R, in kernel memory. A: m×n. */
function triangle(
  K: Kernels,
  caller: string,
  A: Matrix,
  R: Matrix<Float64Array>,
): { Vt: Matrix<Float64Array>; tau: Float64Array } {
  const scale = finiteScale(caller, A);
  const Vt = scratch(K, A.cols, A.rows);
  assign(Vt, transpose(A));
  for (let i = 0; i < Vt.data.length; i++) Vt.data[i] *= scale;
  const tau = factor(K, Vt, R);
  for (let i = 0; i < R.rows; i++) {
    const row = rowOf(R, i, i);
    for (let j = 0; j < row.length; j++) row[j] /= scale;
  }
  return { Vt, tau };
}

/** Overwrites At = Aᵀ: n×m by Vᵀ (row j zero before entry j) and R: n×n by the triangle; returns τ: n. */
function factor(K: Kernels, At: Matrix<Float64Array>, R: Matrix<Float64Array>): Float64Array {
  const n = At.rows;
  const tau = new Float64Array(n);
  const update = (start: number, mid: number, end: number) =>
    K.scoped(() => {
      const Vt = slice(At, start, mid, start);
      applyBlock(K, slice(At, mid, end, start), Vt, blockFactor(K, Vt, tau.subarray(start, mid)));
    });
  const halves = (start: number, end: number): void => {
    if (end - start === 1) {
      const a = rowOf(At, start);
      for (let i = 0; i < start; i++) R.data[R.offset + i * n + start] = a[i];
      const { beta, tau: t } = reflect(a.subarray(start));
      R.data[R.offset + start * n + start] = beta;
      tau[start] = t;
      a.fill(0, 0, start);
      return;
    }
    const mid = (start + end) >>> 1;
    halves(start, mid);
    update(start, mid, end);
    halves(mid, end);
  };
  for (let start = 0; start < n; start += PANEL) {
    const end = Math.min(n, start + PANEL);
    halves(start, end);
    if (end < n) update(start, end, n);
  }
  return tau;
}

/** A power of two that brings the largest entry of A to [1, 2), or 1 for A = 0; refuses what is not finite. A: m×n. */
export function finiteScale(caller: string, A: Matrix): number {
  const largest = largestEntry(A);
  if (!(largest < Infinity))
    throw dataError(`${caller}: A should hold finite numbers, got ${largest}`, 'fill or drop those entries first');
  return largest === 0 ? 1 : powerOfTwoScale(largest);
}

/** D·R⁻¹, or D·R⁻ᵀ when transposed. D: n×k, R: k×k upper triangular; result n×k. Refuses a zero on the diagonal. */
export const solveRight = (D: Matrix, R: Matrix, transposed = false): Matrix<Float64Array> =>
  divide('solveRight', D, transposed ? transpose(R) : R, !transposed);

/** X with X T = D, T upper or lower triangular. */
function divide(caller: string, D: Matrix, T: Matrix, upper: boolean): Matrix<Float64Array> {
  const k = T.rows;
  if (T.cols !== k || D.cols !== k)
    throw usageError(`${caller}: the triangle should be k×k and fit the other matrix, got ${shape(T)} and ${shape(D)}`);
  for (let i = 0; i < k; i++)
    if (at(T, i, i) === 0)
      throw dataError(`${caller}: the diagonal should not hold zeros, got one at ${i}`, 'damp, or lower the rank');
  const t = copy(T).data;
  const X = copy(D);
  for (let r = 0; r < D.rows; r++) {
    const x = rowOf(X, r);
    for (let step = 0; step < k; step++) {
      const i = upper ? step : k - 1 - step;
      const value = x[i] / t[i * k + i];
      x[i] = value;
      const end = upper ? k : i;
      for (let j = upper ? i + 1 : 0; j < end; j++) x[j] -= value * t[i * k + j];
    }
  }
  return X;
}

/** X with R X = B. R: n×n upper triangular, B: n×k; X: n×k. Refuses a zero on the diagonal. */
export const solveUpper = (R: Matrix, B: Matrix): Matrix<Float64Array> =>
  copy(transpose(divide('solveUpper', transpose(B), transpose(R), false)));

/** X with L X = B. L: n×n lower triangular (Rᵀ as a view), B: n×k; X: n×k. Refuses a zero on the diagonal. */
export const solveLower = (L: Matrix, B: Matrix): Matrix<Float64Array> =>
  copy(transpose(divide('solveLower', transpose(B), transpose(L), true)));

/** argmin ‖A X − B‖_F. A: m×n of full column rank, B: m×k; X: n×k. Refuses an A whose rank is below n to working precision. */
export function leastSquares(K: Kernels, A: Matrix, B: Matrix): Matrix<Float64Array> {
  if (B.rows !== A.rows)
    throw usageError(`leastSquares: A and B should have as many rows, got ${shape(A)} and ${shape(B)}`);
  const { Q, R } = qr(K, A);
  const negligible = A.rows * Number.EPSILON * largestEntry(R);
  for (let i = 0; i < A.cols; i++)
    if (!(at(R, i, i) > negligible))
      throw dataError(
        `leastSquares: A should have full column rank, got column ${i} dependent on those before it`,
        'drop dependent columns, or add a small multiple of the identity below A',
      );
  return solveUpper(R, multiply(K, transpose(Q), B));
}

/** An orthonormal basis of the complement of the columns of Q. Q: m×k with orthonormal columns; result: m×(m−k). */
export function complement(K: Kernels, Q: Matrix): Matrix<Float64Array> {
  const { rows: m, cols: k } = Q;
  if (k > m) throw usageError(`complement: Q should have at least as many rows as columns, got ${shape(Q)}`);
  const out = matrix(m, m - k);
  K.scoped(() => {
    const Vt = scratch(K, k, m);
    assign(Vt, transpose(Q));
    const tau = factor(K, Vt, matrix(k, k));
    assign(out, transpose(slice(orthogonalRows(K, Vt, tau, m), k, m)));
  });
  return out;
}

/** Y − Q(QᵀY), orthogonal to Q to n·ε·‖Y‖. Q: m×k with orthonormal columns, Y: m×l. */
export function projectOut(K: Kernels, Q: Matrix, Y: Matrix): Matrix<Float64Array> {
  const out = copy(Y);
  multiplyInto(K, Q, multiply(K, transpose(Q), Y), out, { alpha: -1, accumulate: true });
  return out;
}
