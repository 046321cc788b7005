// Extreme singular values and eigenvalues of a map known by its products, from a Krylov space: Golub–Kahan bidiagonalisation
// for ‖A‖₂, Lanczos for the ends of a symmetric spectrum, both with full reorthogonalisation (the spaces are small).
// Reference: Golub and Van Loan, Matrix Computations, 10.1 and 10.4. Cost: k products, and O((m+n)·k²) for the bases.

import type { LinearMap } from '../descend.js';
import { usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { at, type Matrix, matrix } from '../matrix.js';
import { normals, stream } from '../random/index.js';
import { symmetricEigen } from './eigen.js';
import { shape } from './products.js';
import { svd } from './svd.js';
import { dot, norm } from './vectors.js';

/** How far a Krylov space goes, and from where. */
export interface KrylovOptions {
  /** Stop when the residual is below this fraction of the value sought (of ‖A‖ for an eigenvalue). Default 1e-10. */
  tolerance?: number;
  /** Largest dimension of the Krylov space. Default 200. */
  steps?: number;
  /** The first vector, n numbers, not zero. Default: standard normal, the same in every call. */
  start?: Float64Array;
}

export interface SingularTriple {
  readonly value: number; // σ₁
  readonly left: Float64Array; // u₁: m
  readonly right: Float64Array; // v₁: n
  /** False where the steps ran out before the tolerance was met. */
  readonly converged: boolean;
}

/** An eigenvalue and its eigenvector, of length 1. */
export interface Eigenpair {
  readonly value: number;
  readonly vector: Float64Array; // n
  readonly converged: boolean;
}

/** σ₁ = ‖A‖₂ and its singular vectors. A: m×n. */
export function largestSingular(K: Kernels, A: LinearMap, options: KrylovOptions = {}): SingularTriple {
  const { tolerance = 1e-10, steps = 200 } = options;
  const most = Math.min(steps, A.rows, A.cols);
  const left: Float64Array[] = [];
  const right: Float64Array[] = [startOf('largestSingular', A, options)];
  const alpha: number[] = [];
  const beta: number[] = [];
  for (let k = 1; k <= most; k++) {
    // A v_k = β_{k−1} u_{k−1} + α_k u_k and Aᵀu_k = α_k v_k + β_k v_{k+1}.
    alpha.push(extend(left, A.times(column(right[k - 1])).data));
    beta.push(extend(right, A.timesT(column(left[k - 1])).data));
    if (!checked(k, most, beta[k - 1])) continue;
    const B = matrix(k, k);
    for (let i = 0; i < k; i++) {
      B.data[i * k + i] = alpha[i];
      if (i + 1 < k) B.data[i * k + i + 1] = beta[i];
    }
    const { U, values, V } = svd(K, B);
    const converged = beta[k - 1] * Math.abs(at(U, k - 1, 0)) <= tolerance * values[0];
    if (converged || k === most)
      return { value: values[0], left: combine(left, U, 0), right: combine(right, V, 0), converged };
  }
  return { value: 0, left: new Float64Array(A.rows), right: new Float64Array(A.cols), converged: true };
}

/** ‖A‖₂, relative error about 1e-10 or better. A: m×n. */
export const mapNorm = (K: Kernels, A: LinearMap): number => largestSingular(K, A).value;

/** The smallest eigenvalue of a symmetric map and its eigenvector. A: n×n. */
export function smallestEigenvalue(K: Kernels, A: LinearMap, options: KrylovOptions = {}): Eigenpair {
  if (A.rows !== A.cols) throw usageError(`smallestEigenvalue: A should be square, got ${shape(A)}`);
  const { tolerance = 1e-10, steps = 200 } = options;
  const most = Math.min(steps, A.rows);
  const basis: Float64Array[] = [startOf('smallestEigenvalue', A, options)];
  const alpha: number[] = [];
  const beta: number[] = [];
  for (let k = 1; k <= most; k++) {
    const image = A.times(column(basis[k - 1])).data;
    alpha.push(dot(basis[k - 1], image));
    beta.push(extend(basis, image));
    if (!checked(k, most, beta[k - 1])) continue;
    const T = matrix(k, k);
    for (let i = 0; i < k; i++) {
      T.data[i * k + i] = alpha[i];
      if (i + 1 < k) T.data[i * k + i + 1] = T.data[(i + 1) * k + i] = beta[i];
    }
    const { values, vectors } = symmetricEigen(K, T);
    const size = Math.max(Math.abs(values[0]), Math.abs(values[k - 1]));
    const converged = beta[k - 1] * Math.abs(at(vectors, k - 1, k - 1)) <= tolerance * size;
    if (converged || k === most) return { value: values[k - 1], vector: combine(basis, vectors, k - 1), converged };
  }
  return { value: 0, vector: new Float64Array(0), converged: true };
}

/** Where the small problem is solved: at the end, where the space closes, and at growing distances on the way. */
const checked = (k: number, most: number, beta: number): boolean =>
  k === most || beta === 0 || k % (k < 32 ? 4 : 16) === 0;

function startOf(caller: string, A: LinearMap, { start }: KrylovOptions): Float64Array {
  const given = start ?? normals(stream(0, 'krylov'), A.cols);
  if (given.length !== A.cols) throw usageError(`${caller}: start should hold ${A.cols} numbers, got ${given.length}`);
  const size = norm(given);
  if (A.cols > 0 && !(size > 0)) throw usageError(`${caller}: start should not be zero`, 'draw it at random');
  return given.map((x) => x / size);
}

/** Appends x, orthogonalised twice against the basis and normalised; returns its length before, 0 where nothing is left. */
function extend(basis: Float64Array[], x: Float64Array): number {
  const before = norm(x);
  const y = x.slice();
  for (let pass = 0; pass < 2; pass++)
    for (const b of basis) {
      const along = dot(b, y);
      for (let i = 0; i < y.length; i++) y[i] -= along * b[i];
    }
  const size = norm(y);
  const gone = !(size > 8 * Number.EPSILON * before);
  basis.push(gone ? new Float64Array(y.length) : y.map((v) => v / size));
  return gone ? 0 : size;
}

/** Σ_i basis_i·C_ij. */
function combine(basis: Float64Array[], C: Matrix, j: number): Float64Array {
  const out = new Float64Array(basis[0].length);
  for (let i = 0; i < C.rows; i++) {
    const c = at(C, i, j);
    for (let t = 0; t < out.length; t++) out[t] += c * basis[i][t];
  }
  return out;
}

const column = (x: Float64Array): Matrix<Float64Array> => matrix(x.length, 1, x);
