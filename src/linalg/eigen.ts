// The eigenvalues and eigenvectors of a symmetric A = V diag(λ) Vᵀ: Householder tridiagonalisation A = Q T Qᵀ, then implicit
// QL on T with Wilkinson's shift, started at the smaller end; rotations are applied to Qᵀ in batches.
// Backward stable: ‖A − VΛVᵀ‖ ≤ c·n·ε·‖A‖, VᵀV = I to c·n·ε. Reference: Golub and Van Loan, Matrix Computations, 8.3.
// Cost: about 9·n³ flops.

import { LorankError, usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { type Matrix, matrix, slice, transpose } from '../matrix.js';
import { orthogonalRows, reflect, rowOf } from './householder.js';
import { assign, scratch, shape } from './products.js';
import { finiteScale } from './qr.js';
import { type Recorder, type Rotation, recorder, rotation } from './rotations.js';
import { dot } from './vectors.js';

export interface SymmetricEigen {
  /** λ₁ ≥ λ₂ ≥ … ≥ λ_n. */
  readonly values: Float64Array;
  /** n×n, orthonormal columns: A = V·diag(values)·Vᵀ. */
  readonly vectors: Matrix<Float64Array>;
}

/** All eigenvalues, descending, and eigenvectors of A: n×n symmetric (both triangles are read). Refuses numbers that are not finite. */
export function symmetricEigen(K: Kernels, A: Matrix): SymmetricEigen {
  const n = A.rows;
  if (A.cols !== n) throw usageError(`symmetricEigen: A should be square, got ${shape(A)}`, 'use svd for other shapes');
  const scale = finiteScale('symmetricEigen', A);
  const vectors = matrix(n, n);
  const values = new Float64Array(n);
  if (n === 0) return { values, vectors };
  K.scoped(() => {
    const W = scratch(K, n, n);
    assign(W, A);
    for (let i = 0; i < W.data.length; i++) W.data[i] *= scale;
    const { d, e, Vt, tau } = tridiagonalise(K, W);
    const Qt = orthogonalRows(K, Vt, tau, n);
    diagonaliseSymmetric(d, e, recorder(K, [Qt]));
    const order = Array.from(d.keys()).sort((i, j) => d[j] - d[i] || i - j);
    order.forEach((from, to) => {
      values[to] = d[from] / scale;
      const q = rowOf(Qt, from);
      for (let i = 0; i < n; i++) vectors.data[i * n + to] = q[i];
    });
  });
  return { values, vectors };
}

/** A = Q T Qᵀ, T with diagonal d: n and off-diagonal e: n (the last one zero). Overwrites W: n×n, row-major in kernel memory. */
function tridiagonalise(K: Kernels, W: Matrix<Float64Array>) {
  const n = W.rows;
  const d = new Float64Array(n);
  const e = new Float64Array(n);
  const tau = new Float64Array(n - 1);
  const Vt = scratch(K, n - 1, n);
  const pair = scratch(K, 2, n); // v and w: the trailing matrix loses v wᵀ + w vᵀ
  const [v, w] = [0, 1].map((r) => slice(pair, r, r + 1));
  for (let k = 0; k + 1 < n; k++) {
    d[k] = W.data[k * n + k];
    const row = rowOf(Vt, k, k + 1);
    row.set(rowOf(W, k, k + 1));
    const { beta, tau: t } = reflect(row);
    e[k] = beta;
    tau[k] = t;
    if (t === 0) continue;
    const rest = slice(W, k + 1, n, k + 1, n);
    const tail = (x: Matrix<Float64Array>) => slice(x, 0, 1, k + 1);
    const p = rowOf(w, 0, k + 1);
    assign(tail(v), slice(Vt, k, k + 1, k + 1));
    K.gemm(t, rest, transpose(tail(v)), transpose(tail(w)));
    const half = 0.5 * t * dot(p, row);
    for (let i = 0; i < p.length; i++) p[i] -= half * row[i];
    K.gemm(-1, transpose(tail(v)), tail(w), rest, true);
    K.gemm(-1, transpose(tail(w)), tail(v), rest, true);
  }
  d[n - 1] = W.data[n * n - 1];
  return { d, e, Vt, tau };
}

// Beside the largest entry, which is near 1; below it products of two entries would underflow.
const TINY = 1e-100;
const SWEEPS = 60; // per eigenvalue, before giving up; 2 are usual

/** Overwrites d: n by the eigenvalues of T in no order, e: n by zeros. */
function diagonaliseSymmetric(d: Float64Array, e: Float64Array, record: Recorder): void {
  const n = d.length;
  const G: Rotation = { c: 1, s: 0, r: 0 };
  const negligible = (i: number) => {
    const size = Math.abs(e[i]);
    return size <= 2 ** -53 * Math.sqrt(Math.abs(d[i])) * Math.sqrt(Math.abs(d[i + 1])) || size < TINY;
  };
  let sweeps = SWEEPS * n;
  const block = { top: -1, bottom: -1, step: 1 };
  for (let bottom = n - 1; bottom > 0; ) {
    let top = bottom;
    while (top > 0 && !negligible(top - 1)) top--;
    if (top > 0) e[top - 1] = 0;
    if (top === bottom) {
      bottom--;
      continue;
    }
    if (sweeps-- === 0)
      throw new LorankError('internal', 'symmetricEigen: the QL iteration should have converged, and did not');
    // The block seen from its tail, the smaller end, where an eigenvalue splits off; the sweep runs from head to tail.
    // A block keeps its direction: taken anew in every sweep it can turn to and fro for ever.
    if (top > block.bottom || bottom < block.top) block.step = Math.abs(d[top]) > Math.abs(d[bottom]) ? 1 : -1;
    block.top = top;
    block.bottom = bottom;
    const { step } = block;
    const head = step > 0 ? top : bottom;
    const tail = step > 0 ? bottom : top;
    const offset = step > 0 ? 0 : -1; // e[i + offset] joins d[i] and d[i + step]
    const off = e[tail - step + offset];
    const delta = (d[tail - step] - d[tail]) / (2 * off);
    const root = Math.sqrt(delta * delta + 1);
    let g = d[head] - d[tail] + off / (delta + (delta < 0 ? -root : root));
    let s = 1;
    let c = 1;
    let p = 0;
    record.sweep(head, bottom - top, step);
    for (let i = head; i !== tail; i += step) {
      const f = s * e[i + offset];
      const b = c * e[i + offset];
      rotation(g, f, G);
      if (i !== head) e[i - step + offset] = G.r;
      c = G.c;
      s = G.s;
      g = d[i] - p;
      const r = (d[i + step] - g) * s + 2 * c * b;
      p = s * r;
      d[i] = g + p;
      g = c * r - b;
      record.add(c, s);
    }
    d[tail] -= p;
    e[tail - step + offset] = g;
  }
  record.flush();
}
