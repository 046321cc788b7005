// A = Q B Pᵀ with B upper bidiagonal: Householder reflectors from the left and the right in turn, in panels whose effect
// on the rest of the matrix is one pair of products (the scheme of LAPACK's dlabrd; Dongarra, Sorensen and Hammarling 1989).
// Cost: 4n²(m − n/3) flops, half of them in products of a matrix and a vector.

import type { Kernels } from '../kernels/contract.js';
import { type Matrix, slice, transpose } from '../matrix.js';
import { PANEL, reflect, rowOf } from './householder.js';
import { assign, scratch } from './products.js';

/** The diagonal and superdiagonal of B, and the reflectors of Q and P, each as the rows of a matrix in kernel memory. */
export interface Bidiagonal {
  readonly d: Float64Array; // n
  readonly e: Float64Array; // n, the last one zero
  readonly left: { Vt: Matrix<Float64Array>; tau: Float64Array }; // Q: n reflectors of length m
  readonly right: { Vt: Matrix<Float64Array>; tau: Float64Array }; // P: n−1 reflectors of length n, zero at entry 0
}

/** Overwrites W: m×n, m ≥ n, row-major in kernel memory. Call within K.scoped. */
export function bidiagonalise(K: Kernels, W: Matrix<Float64Array>): Bidiagonal {
  const { rows: m, cols: n } = W;
  const d = new Float64Array(n);
  const e = new Float64Array(n);
  const left = { Vt: scratch(K, n, m), tau: new Float64Array(n) };
  const right = { Vt: scratch(K, Math.max(0, n - 1), n), tau: new Float64Array(Math.max(0, n - 1)) };
  // The trailing matrix is W − V Yᵀ − X U, with V: m×p the left reflectors of the panel and U: p×n its right ones.
  const X = scratch(K, m, PANEL);
  const Y = scratch(K, n, PANEL);
  const t = scratch(K, PANEL, 1);

  for (let k = 0; k < n; k++) {
    const start = k - (k % PANEL);
    const i = k - start;
    const end = Math.min(n, start + PANEL);
    const V = (r0: number) => transpose(slice(left.Vt, start, k, r0));
    const U = (c0: number) => slice(right.Vt, start, k, c0);
    const few = slice(t, 0, i);

    const v = slice(left.Vt, k, k + 1, k);
    const column = transpose(v);
    assign(column, slice(W, k, m, k, k + 1));
    if (i > 0) {
      K.gemm(-1, V(k), transpose(slice(Y, k, k + 1, 0, i)), column, true);
      K.gemm(-1, slice(X, k, m, 0, i), slice(right.Vt, start, k, k, k + 1), column, true);
    }
    const toLeft = reflect(rowOf(left.Vt, k, k));
    d[k] = toLeft.beta;
    left.tau[k] = toLeft.tau;
    if (k + 1 === n) break;

    const y = slice(Y, k + 1, n, i, i + 1);
    K.gemm(1, transpose(slice(W, k, m, k + 1, n)), column, y);
    if (i > 0) {
      K.gemm(1, transpose(V(k)), column, few);
      K.gemm(-1, slice(Y, k + 1, n, 0, i), few, y, true);
      K.gemm(1, transpose(slice(X, k, m, 0, i)), column, few);
      K.gemm(-1, transpose(U(k + 1)), few, y, true);
    }
    scaleColumn(y, toLeft.tau);

    const u = slice(right.Vt, k, k + 1, k + 1);
    assign(u, slice(W, k, k + 1, k + 1, n));
    K.gemm(-1, transpose(slice(left.Vt, start, k + 1, k, k + 1)), transpose(slice(Y, k + 1, n, 0, i + 1)), u, true);
    if (i > 0) K.gemm(-1, slice(X, k, k + 1, 0, i), U(k + 1), u, true);
    const toRight = reflect(rowOf(right.Vt, k, k + 1));
    e[k] = toRight.beta;
    right.tau[k] = toRight.tau;

    const x = slice(X, k + 1, m, i, i + 1);
    const row = transpose(u);
    K.gemm(1, slice(W, k + 1, m, k + 1, n), row, x);
    const upTo = slice(t, 0, i + 1);
    K.gemm(1, transpose(slice(Y, k + 1, n, 0, i + 1)), row, upTo);
    K.gemm(-1, transpose(slice(left.Vt, start, k + 1, k + 1)), upTo, x, true);
    if (i > 0) {
      K.gemm(1, U(k + 1), row, few);
      K.gemm(-1, slice(X, k + 1, m, 0, i), few, x, true);
    }
    scaleColumn(x, toRight.tau);

    if (k + 1 === end) {
      const rest = slice(W, end, m, end, n);
      K.gemm(-1, transpose(slice(left.Vt, start, end, end)), transpose(slice(Y, end, n)), rest, true);
      K.gemm(-1, slice(X, end, m), slice(right.Vt, start, end, end), rest, true);
    }
  }
  return { d, e, left, right };
}

function scaleColumn(x: Matrix<Float64Array>, factor: number): void {
  for (let r = 0, s = x.offset; r < x.rows; r++, s += x.rowStride) x.data[s] *= factor;
}
