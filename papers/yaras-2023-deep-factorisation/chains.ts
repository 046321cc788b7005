// What the experiments share: truths, masks, and the descent of a chain of factors with its hit times.

import {
  deep,
  deepObjective,
  descend,
  formed,
  frobenius,
  type Iterate,
  type Kernels,
  type KnownEntries,
  type Matrix,
  matrix,
  multiply,
  normals,
  relativeFrobenius,
  type Stream,
  scaled,
  slice,
  split,
  svd,
  type Theta,
  transpose,
  uniformMask,
  type Widths,
} from 'lorank';

/** The best approximation of rank r of a Gaussian d×d matrix: σ₁ … σ_r near 2√d. */
export function topOfGaussian(K: Kernels, d: number, rank: number, random: Stream): Matrix<Float64Array> {
  const { U, values, V } = svd(K, matrix(d, d, normals(split(random, 'truth'), d * d)));
  const left = matrix(d, rank);
  for (let i = 0; i < d; i++) for (let j = 0; j < rank; j++) left.data[i * rank + j] = U.data[i * d + j] * values[j];
  return multiply(K, left, transpose(slice(V, 0, d, 0, rank)));
}

/** A share of the entries of T, uniformly drawn. */
export function entriesOf(T: Matrix<Float64Array>, share: number, random: Stream): KnownEntries {
  const { rows, cols } = T;
  const mask = uniformMask(rows, cols, Math.round(share * rows * cols), split(random, 'mask'));
  const values = new Float64Array(mask.columns.length);
  for (let i = 0; i < rows; i++)
    for (let e = mask.starts[i]; e < mask.starts[i + 1]; e++) values[e] = T.data[i * cols + mask.columns[e]];
  return { ...mask, values };
}

/** P_Ω(T): d×d, zero where nothing is known. */
export function masked({ rows, cols, starts, columns, values }: KnownEntries): Matrix<Float64Array> {
  const A = matrix(rows, cols);
  for (let i = 0; i < rows; i++)
    for (let e = starts[i]; e < starts[i + 1]; e++) A.data[i * cols + columns[e]] = values[e];
  return A;
}

/** ‖T‖_F, or the norm of its known entries. */
export const sizeOf = (target: Matrix<Float64Array> | KnownEntries): number =>
  'starts' in target ? frobenius(matrix(1, target.values.length, target.values)) : frobenius(target);

/** Every factor of a chain between d and d has one width. */
export const widthsOf = (d: number, depth: number, width = d): number[] => [
  d,
  ...Array<number>(depth - 1).fill(width),
  d,
];

export interface Chain {
  readonly widths: Widths;
  readonly theta: Theta;
  /** Factor l moves with speeds[l]·μ; default 1. */
  readonly speeds?: readonly number[];
}

/** γ for the outermost factors, 1 for the others. */
export const outer = ({ widths }: { widths: Widths }, gamma: number): number[] =>
  widths.slice(1).map((_, l) => (l === 0 || l === widths.length - 2 ? gamma : 1));

export interface Journey {
  readonly stepSize: number; // μ
  readonly steps: number;
  /** It ends when ‖P_Ω(X − T)‖_F is at most this. */
  readonly below: number;
  see?(it: Iterate): void;
}

export interface Arrived {
  /** Steps until the end; NaN where it was not reached. */
  readonly hit: number;
  readonly steps: number;
  readonly last: Theta;
  /** ‖P_Ω(X − T)‖_F/‖P_Ω(T)‖_F. */
  readonly residual: number;
}

/** Gradient descent on ½‖P_Ω(W_L ⋯ W_1 − T)‖_F². Yields now and then. */
export function* travel(
  K: Kernels,
  target: Matrix<Float64Array> | KnownEntries,
  { widths, theta, speeds }: Chain,
  { stepSize, steps, below, see }: Journey,
): Generator<undefined, Arrived> {
  const rule = scaled(stepSize, deep(K, widths, speeds).metric!);
  for (const it of descend(deepObjective(K, target, widths), rule, theta)) {
    see?.(it);
    const misfit = Math.sqrt(2 * it.loss);
    const done = misfit <= below;
    if (done || it.k === steps || !(misfit < 1e9))
      return { hit: done ? it.k : Number.NaN, steps: it.k, last: it.theta, residual: misfit / sizeOf(target) };
    if (it.k % 50 === 49) yield;
  }
  throw new Error('a stream of iterates does not end');
}

/** W_L ⋯ W_1: d×d. */
export const productOf = (K: Kernels, { widths }: Chain, theta: Theta): Matrix<Float64Array> =>
  formed(K, deep(K, widths).value(theta));

/** ‖X − T‖_F/‖T‖_F. */
export const errorOf = (K: Kernels, { widths }: Chain, theta: Theta, T: Matrix): number =>
  relativeFrobenius(K, deep(K, widths).value(theta), T);

/** ‖X − T‖_F/‖T‖_F at every so many steps, and at the end. */
export function curve(K: Kernels, chain: Chain, T: Matrix, every: number) {
  const points: { t: number; error: number }[] = [];
  return {
    see({ k, theta }: Iterate) {
      if (k % every === 0) points.push({ t: k, error: errorOf(K, chain, theta, T) });
    },
    /** The points, and the error at the end. */
    close({ steps, last }: Arrived) {
      const error = errorOf(K, chain, last, T);
      if (steps % every !== 0) points.push({ t: steps, error });
      return { error, points };
    },
  };
}
