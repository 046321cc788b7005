// Where an adapter starts: the factors A: r×inputs and B: outputs×r of one module, by method. s is the scaling, W₀ the weight.
//
//   nystrom     A = (ξ/s)·G W₀, B = 0 (or B = (ξ/s)·W₀Ω, A = 0): G, Ω Gaussian; ξ = 0.1, or s/(√3·‖W₀‖_F), which
//               gives A the size of kaiming's. Li, Zhang, Mokhtari and He 2025 (the row form; the other is ours)
//   kaiming     A uniform in ±1/√inputs, B = 0: the default of PEFT
//   gaussian    A ~ N(0, 1/r²), B = 0
//   orthogonal  A = (G₁Q_odd)ᵀ/10, B = G₂ᵀQ_even/10, Q orthogonal r×r: both non-zero, and B A = 0
//   pissa       A = √(Σ/s)Vᵀ, B = U√(Σ/s) of the r leading singular triples; the base becomes W₀ − sBA
//   milora      the same of the r smallest ones
//   olora       A = R[:r], B = Q[:, :r] of W₀ = QR; the base becomes W₀ − sBA
//
// The first four leave the base as it is. PEFT's formulas, of its release 0.20.

import type { LinearMap } from '../descend.js';
import type { Kernels } from '../kernels/contract.js';
import { assign } from '../linalg/products.js';
import { qr } from '../linalg/qr.js';
import { randomisedSvd } from '../linalg/randomised.js';
import { type Svd, svd } from '../linalg/svd.js';
import { at, type Matrix, matrix, slice, transpose } from '../matrix.js';
import { fillNormals, fillUniforms, normals, type Stream, split } from '../random/index.js';

/** How the factors start. */
export const METHODS = ['nystrom', 'gaussian', 'kaiming', 'orthogonal', 'pissa', 'olora', 'milora'] as const;
/** One of METHODS. */
export type InitMethod = (typeof METHODS)[number];

/** Whether a method needs W₀ − sBA for a base. */
export const movesBase = (method: InitMethod): boolean => ['pissa', 'olora', 'milora'].includes(method);

/** A: r×inputs, B: outputs×r. */
export interface Factors {
  readonly A: Matrix<Float32Array>;
  readonly B: Matrix<Float32Array>;
}

/** The sizes of a module and of its factors. */
interface StartShape {
  readonly outputs: number;
  readonly inputs: number;
  readonly rank: number;
  /** s. */
  readonly scaling: number;
}

const zeros = (rows: number, cols: number) => matrix(rows, cols, new Float32Array(rows * cols));

/** The Nyström start from its sketch. sketch: r×inputs (side 'row') or r×outputs (side 'col'), G already applied. */
export function fromSketch(
  { outputs, inputs, rank }: StartShape,
  side: 'row' | 'col',
  sketch: Matrix<Float32Array>,
  factor: number,
): Factors {
  const scaled = zeros(sketch.rows, sketch.cols);
  for (let t = 0; t < scaled.data.length; t++) scaled.data[t] = factor * sketch.data[t];
  return side === 'row' ? { A: scaled, B: zeros(outputs, rank) } : { A: zeros(rank, inputs), B: transpose(scaled) };
}

/** A start that does not look at the weight. */
export function randomStart(
  K: Kernels,
  method: 'gaussian' | 'kaiming' | 'orthogonal',
  { outputs, inputs, rank }: StartShape,
  random: Stream,
): Factors {
  if (method === 'orthogonal') return orthogonalStart(K, outputs, inputs, rank, random);
  const A = zeros(rank, inputs);
  if (method === 'gaussian') fillNormals(split(random, 'A'), A.data);
  else fillUniforms(split(random, 'A'), A.data);
  const bound = 1 / Math.sqrt(inputs);
  for (let t = 0; t < A.data.length; t++)
    A.data[t] = method === 'gaussian' ? A.data[t] / rank : bound * (2 * A.data[t] - 1);
  return { A, B: zeros(outputs, rank) };
}

function orthogonalStart(K: Kernels, outputs: number, inputs: number, rank: number, random: Stream): Factors {
  const { Q } = qr(K, matrix(rank, rank, normals(split(random, 'Q'), rank * rank)));
  const half = rank / 2;
  const alternate = (first: number): Matrix => ({ ...Q, rows: half, offset: first * rank, rowStride: 2 * rank });
  const product = (name: string, n: number, rows: Matrix) => {
    const G = matrix(n, half, normals(split(random, name), n * half));
    const out = matrix(n, rank);
    K.gemm(0.1, G, rows, out);
    return matrix(n, rank, Float32Array.from(out.data));
  };
  return { A: rowMajor(transpose(product('A', inputs, alternate(0)))), B: product('B', outputs, alternate(1)) };
}

/** A start from the weight itself. W: outputs×inputs. passes: of the randomised SVD. */
export function spectralStart(
  K: Kernels,
  method: 'pissa' | 'olora' | 'milora',
  { rank, scaling }: StartShape,
  W: Matrix<Float32Array>,
  random: Stream,
  passes: number,
): Factors {
  if (method === 'olora') return qrStart(K, W, rank);
  const { U, values, V } =
    method === 'pissa' ? leadingTriples(K, W, rank, random, passes) : smallestTriples(K, W, rank);
  const root = values.map((sigma) => Math.sqrt(sigma / scaling));
  const scaled = (X: Matrix) => {
    const out = new Float32Array(X.rows * rank);
    for (let i = 0, t = 0; i < X.rows; i++) for (let j = 0; j < rank; j++) out[t++] = at(X, i, j) * root[j];
    return matrix(X.rows, rank, out);
  };
  return { A: rowMajor(transpose(scaled(V))), B: scaled(U) };
}

/** Columns of the test matrix beyond the rank: angles to the exact subspace fall as (σ_l/σ_r)^(2·passes+1), l = 3r. */
const oversamplingOf = (rank: number): number => Math.max(10, 2 * rank);

/** The leading r triples of W, products in f32. W: m×n; U: m×r, V: n×r. */
export function leadingTriples(K: Kernels, W: Matrix<Float32Array>, rank: number, random: Stream, passes: number): Svd {
  const omega = split(random, 'omega');
  const testMatrix = (rows: number, cols: number) => matrix(rows, cols, normals(omega, rows * cols));
  return K.scoped(() => {
    const inside = matrix(W.rows, W.cols, K.allocate('f32', W.rows * W.cols)); // one copy instead of one a product
    assign(inside, W);
    return randomisedSvd(K, singleMap(K, inside), { rank, testMatrix, oversampling: oversamplingOf(rank), passes });
  });
}

/** W as a map whose products are computed in f32. W: m×n. */
function singleMap(K: Kernels, W: Matrix<Float32Array>): LinearMap {
  const product = (A: Matrix<Float32Array>, V: Matrix): Matrix<Float64Array> => {
    const out = zeros(A.rows, V.cols);
    const entries = new Float32Array(V.rows * V.cols);
    for (let i = 0, t = 0; i < V.rows; i++) for (let j = 0; j < V.cols; j++) entries[t++] = at(V, i, j);
    K.gemm(1, A, matrix(V.rows, V.cols, entries), out);
    return matrix(out.rows, out.cols, Float64Array.from(out.data));
  };
  return { rows: W.rows, cols: W.cols, times: (V) => product(W, V), timesT: (U) => product(transpose(W), U) };
}

/** The r smallest of the min(m, n) triples of W: m×n, by a full SVD. */
function smallestTriples(K: Kernels, W: Matrix<Float32Array>, rank: number): Svd {
  const { U, values, V } = svd(K, W);
  const first = values.length - rank;
  return {
    U: slice(U, 0, U.rows, first),
    values: values.slice(first),
    V: slice(V, 0, V.rows, first),
  };
}

/** What the full SVD of milora takes for W: m×n, in flops of f64, about. */
export function fullSvdFlops(m: number, n: number): number {
  const [long, short] = [Math.max(m, n), Math.min(m, n)];
  return long > 1.6 * short ? 6 * long * short * short + 20 * short * short * short : 20 * long * short * short;
}

/** The first r columns of Q and rows of R of W = QR: they are the QR of the first r columns, and QᵀW. W: m×n, m ≥ r. */
function qrStart(K: Kernels, W: Matrix<Float32Array>, rank: number): Factors {
  const { Q } = qr(K, slice(W, 0, W.rows, 0, rank));
  const B = matrix(W.rows, rank, Float32Array.from(Q.data));
  const A = zeros(rank, W.cols);
  K.gemm(1, transpose(B), W, A);
  return { A, B };
}

/** Dense, row after row. */
function rowMajor(M: Matrix<Float32Array>): Matrix<Float32Array> {
  if (M.colStride === 1 && M.rowStride === M.cols) return M;
  const out = zeros(M.rows, M.cols);
  for (let i = 0, t = 0; i < M.rows; i++)
    for (let j = 0; j < M.cols; j++) out.data[t++] = M.data[M.offset + i * M.rowStride + j * M.colStride];
  return out;
}
