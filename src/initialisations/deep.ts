// Starts of a chain W_L ⋯ W_1 (parametrisations/deep.ts).
//
// deepStart: W_l(0) = ε_l·(orthogonal, Gaussian or identity).
//
// From orthogonal W_l(0): d×d, descent on ½‖W_L ⋯ W_1 − T‖_F² moves 2r dimensions alone, r = rank T. With
// Φ = (W_L ⋯ W_2)(0)ᵀT and V₁ = orth[right singular vectors of Φ, W_1(0)ᵀ·(left ones)]: d×2r, the complement of V₁ is mapped
// by every W_l(t) as by ρ_l·orthogonal, ρ_l a scalar (diagnostics/deep.ts). So the chain U W̃_L ⋯ W̃_1 Vᵀ with V = V₁,
// U = (W_L ⋯ W_1)(0)V₁/Πε_l, W̃_l(0) = ε_l·I: 2r×2r, U and V at rest, follows the whole one up to ρ_1⋯ρ_L on the rest:
// ‖W_L ⋯ W_1 − U W̃_L ⋯ W̃_1 Vᵀ‖_F ≤ √(d − 2r)·Πε_l (Yaras, Wang, Hu, Zhu, Balzano, Qu 2023). Where only measurements of T are known,
// their 𝒜*(y) stands for it, cut to rank r, and U and V have to move a little (Yaras et al. 2024).
//   compressedStart: of one given start. invariantStart: of a random orthogonal one that is never formed, any shape of T.
//   surrogateStart: ε·Vᵀ, ε·I, …, ε·U of the leading singular vectors of 𝒜*(y); for L = 2 without ε (Kwon et al. 2023).
// Cost: a randomised SVD of T, and for deepStart a QR of each factor.

import type { LinearMap, Theta } from '../descend.js';
import { usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { identity } from '../linalg/householder.js';
import { frobenius } from '../linalg/norms.js';
import { assign, multiply } from '../linalg/products.js';
import { projectOut, qr } from '../linalg/qr.js';
import { randomisedSvd } from '../linalg/randomised.js';
import { type Matrix, matrix, slice, transpose } from '../matrix.js';
import { fillNormals, normals, type Stream, split } from '../random/index.js';

export type DeepStartKind = 'orthogonal' | 'gaussian' | 'identity';

/** How a chain of factors starts. */
export interface DeepStartOptions {
  readonly widths: readonly number[]; // d_0 = n₂, d_1, …, d_L = n₁
  readonly kind?: DeepStartKind; // default orthogonal
  readonly initScale: number | readonly number[]; // ε, or ε_1, …, ε_L
}

/**
 * θ: W_1(0), …, W_L(0). orthogonal: ε_l times orthonormal columns, or rows where W_l is wide; gaussian: entries
 * N(0, ε_l²/d_{l−1}); identity: ε_l on the diagonal. Factor l comes from index l of the stream 'layer'.
 */
export function deepStart(K: Kernels, random: Stream, options: DeepStartOptions): Theta {
  const { widths, kind = 'orthogonal', initScale } = options;
  const scales = widths.slice(1).map((_, l) => (typeof initScale === 'number' ? initScale : initScale[l]));
  checkScales('deepStart', scales);
  const factors = scales.map((scale, l) => {
    const [rows, cols] = [widths[l + 1], widths[l]];
    const layer = split(random, 'layer', l + 1);
    if (kind === 'identity') return times(scale, identity(rows, cols));
    if (kind === 'gaussian') return times(scale / Math.sqrt(cols), matrix(rows, cols, normals(layer, rows * cols)));
    return times(scale, rows >= cols ? frame(K, rows, cols, layer) : transpose(frame(K, cols, rows, layer)));
  });
  return thetaOf(factors);
}

/** A start of a compressed chain, with its widths. */
export interface CompressedStart {
  readonly widths: readonly number[];
  readonly theta: Theta;
}

/** V₁: n×2r and U: n×2r of a start with orthogonal factors, and ε_1, …, ε_L. */
export interface InvariantBases {
  readonly left: Matrix<Float64Array>; // U
  readonly right: Matrix<Float64Array>; // V₁
  readonly scales: readonly number[];
}

/**
 * @param layers W_1(0), …, W_L(0): n×n, multiples of orthogonal matrices.
 * @param T n×n.
 * @param rank r̂ ≥ r: more only makes the chain wider; at most n/2.
 */
export function invariantBases(
  K: Kernels,
  layers: readonly Matrix[],
  T: LinearMap,
  rank: number,
  random: Stream,
): InvariantBases {
  const n = T.rows;
  if (layers.some(({ rows, cols }) => rows !== n || cols !== n) || T.cols !== n)
    throw usageError('invariantBases: all factors should be square and of one size', 'take invariantStart');
  checkRank('invariantBases', rank, T);
  const scales = layers.map((W) => frobenius(W) / Math.sqrt(n));
  checkScales('invariantBases', scales);
  const along = (X: Matrix, Ws: readonly Matrix[]) => Ws.reduce((Y: Matrix, W) => multiply(K, W, Y), X);
  const back = layers.slice(1).reverse().map(transpose);
  const Phi: LinearMap = {
    rows: n,
    cols: n,
    times: (X) => multiply(K, identity(n), along(T.times(X), back)),
    timesT: (X) => T.timesT(along(X, layers.slice(1))),
  };
  const { U, V } = leading(K, Phi, rank, random);
  const right = qr(K, beside(V, multiply(K, transpose(layers[0]), U))).Q;
  const left = multiply(K, identity(n), along(right, layers));
  return { left: times(1 / scales.reduce((p, s) => p * s, 1), left), right, scales };
}

/** The compressed chain of one given start. */
export function compressedStart({ left, right, scales }: InvariantBases): CompressedStart {
  const width = right.cols;
  const inner = scales.map((scale) => times(scale, identity(width)));
  return chain([transpose(right), ...inner, left]);
}

/** How a compressed chain starts in the invariant subspace. */
export interface InvariantStartOptions {
  readonly depth: number; // L: of the chain that is compressed; its own is L + 2
  readonly rank: number; // r̂: the width is 2r̂
  readonly initScale: number; // ε
}

/**
 * The compressed chain of a start with random orthogonal factors, whose product ε^L·O sends a random frame B to the left
 * singular vectors U_T of T: V = orth[B, V_T] and U = [U_T, C], C a random frame orthogonal to them.
 */
export function invariantStart(
  K: Kernels,
  T: LinearMap,
  random: Stream,
  { depth, rank, initScale }: InvariantStartOptions,
): CompressedStart {
  checkRank('invariantStart', rank, T);
  checkScales('invariantStart', [initScale]);
  const { U, V } = leading(K, T, rank, random);
  const B = frame(K, T.cols, rank, split(random, 'right'));
  const C = qr(K, projectOut(K, U, frame(K, T.rows, rank, split(random, 'left')))).Q;
  const scales = Array<number>(depth).fill(initScale);
  return compressedStart({ right: qr(K, beside(B, V)).Q, left: beside(U, C), scales });
}

/** @param T such as 𝒜*(y), of which rank singular vectors are taken. */
export function surrogateStart(
  K: Kernels,
  T: LinearMap,
  random: Stream,
  { depth, rank, initScale }: InvariantStartOptions,
): CompressedStart {
  if (depth < 2) throw usageError(`surrogateStart: depth should be at least 2, got ${depth}`, 'take depth 3');
  checkScales('surrogateStart', [initScale]);
  const { U, V } = leading(K, T, rank, random);
  const outer = depth === 2 ? 1 : initScale;
  const inner = Array.from({ length: depth - 2 }, () => times(initScale, identity(rank)));
  return chain([times(outer, transpose(V)), ...inner, times(outer, U)]);
}

const leading = (K: Kernels, T: LinearMap, rank: number, random: Stream) =>
  randomisedSvd(K, T, {
    rank,
    testMatrix: (rows, cols) => matrix(rows, cols, normals(split(random, 'test matrix'), rows * cols)),
  });

/** n×r orthonormal columns, uniformly random. */
function frame(K: Kernels, n: number, r: number, random: Stream): Matrix<Float64Array> {
  const A = matrix(n, r);
  fillNormals(random, A.data);
  return qr(K, A).Q;
}

/** factor·A, row by row. */
function times(factor: number, A: Matrix): Matrix<Float64Array> {
  const B = matrix(A.rows, A.cols);
  assign(B, A);
  for (let t = 0; t < B.data.length; t++) B.data[t] *= factor;
  return B;
}

/** [A, B]. A: n×p, B: n×q. */
function beside(A: Matrix, B: Matrix): Matrix<Float64Array> {
  const C = matrix(A.rows, A.cols + B.cols);
  assign(slice(C, 0, C.rows, 0, A.cols), A);
  assign(slice(C, 0, C.rows, A.cols), B);
  return C;
}

function thetaOf(factors: readonly Matrix[]): Theta {
  const theta = new Float64Array(factors.reduce((size, { rows, cols }) => size + rows * cols, 0));
  let from = 0;
  for (const W of factors) {
    assign(matrix(W.rows, W.cols, theta, from), W);
    from += W.rows * W.cols;
  }
  return theta;
}

const chain = (factors: readonly Matrix[]): CompressedStart => ({
  widths: [factors[0].cols, ...factors.map(({ rows }) => rows)],
  theta: thetaOf(factors),
});

function checkScales(caller: string, scales: readonly number[]): void {
  for (const scale of scales)
    if (!(scale > 0 && scale < Infinity))
      throw usageError(
        `${caller}: initScale should be a positive number, got ${scale}`,
        'descent does not leave a start of zeros',
      );
}

function checkRank(caller: string, rank: number, { rows, cols }: LinearMap): void {
  const most = Math.floor(Math.min(rows, cols) / 2);
  if (!(Number.isSafeInteger(rank) && rank >= 1 && rank <= most))
    throw usageError(
      `${caller}: rank should be between 1 and min(n₁, n₂)/2 = ${most}, got ${rank}`,
      'a chain of width 2·rank saves nothing there: take deep',
    );
}
