// factor(): a matrix in memory, or made from a seed, factored in a worker.

import type { Factored } from '../descend.js';
import { plural, usageError } from '../errors.js';
import { concat } from '../io/bytes.js';
import { at, type Matrix } from '../matrix.js';
import type { DeepOptions } from '../methods/deep.js';
import type { FactorProgress, FactorResult } from '../methods/factor.js';
import { DEFAULT_SEED } from '../random/index.js';
import { type FactorSpec, parseSpec, type RunSpec } from '../spec.js';
import type { FactorFinished } from './jobs.js';
import { type LiveOptions, type LiveRun, liveRun } from './live.js';
import { arrayFile, nothing, reader } from './liveSense.js';
import { factorPieces } from './output.js';
import type { Computed } from './workerMessages.js';

/** A matrix A: n₁×n₂ that is known. */
export interface KnownMatrix {
  /** A: n₁n₂ finite numbers row by row. */
  readonly matrix: Float64Array | Float32Array;
  /** [n₁, n₂]. */
  readonly shape: readonly [rows: number, cols: number];
  /** A is symmetric positive semidefinite, and becomes UUᵀ. Default false: VWᵀ. */
  readonly symmetric?: boolean;
  /** n₁n₂ numbers row by row. Adds the error to the result; the method never sees it. */
  readonly truth?: ArrayLike<number>;
}

/** A matrix of low rank, made from the seed. docs/run-spec.md describes the keys. */
export type GeneratedMatrix = Extract<FactorSpec['data'], { generator: unknown }>;

/** Options of factor(). */
export interface FactorRunOptions extends LiveOptions {
  /** nystrom (the default): scaled steps from the sketch AΩ · scaled-gd, alt-scaled-gd, prec-gd, gd · deep, compressed-deep: a chain. */
  readonly method?: 'nystrom' | 'scaled-gd' | 'alt-scaled-gd' | 'prec-gd' | 'gd' | DeepOptions['method'];
  /** r: the width of the factors where none is given; at most min(n₁, n₂). */
  readonly rank?: number;
  /** k of the factors: at least the rank; may exceed the shape. */
  readonly width?: number;
  /** Not for nystrom. Default nystrom, of gd small-random, of deep orthogonal, of compressed-deep invariant. */
  readonly start?: 'nystrom' | 'small-random' | 'spectral' | DeepOptions['start'];
  /** Nyström: ξ·√σ₁(A), default 1. Small random: α relative to √σ₁(A), default 1e-3. */
  readonly initScale?: number;
  /** η, default ½, alternating 1; μ of gd, deep and compressed-deep, default from the data. */
  readonly stepSize?: number;
  /** λ relative to σ₁(A), default 0; of prec-gd, relative to ‖VWᵀ − A‖_F, default 0.1. */
  readonly damping?: number;
  /** L, for deep and compressed-deep. Default 3. */
  readonly depth?: number;
  /** γ, for compressed-deep: the outer factors move with γ times the step. */
  readonly outerStep?: number;
  /** λ, for deep and compressed-deep. Default 0. */
  readonly weightDecay?: number;
  /** Most steps of the run. Default 1000; of gd, deep and compressed-deep 100 000. */
  readonly iterations?: number;
  /** Converged when ‖VWᵀ − A‖_F ≤ tolerance·‖A‖_F. Default 1e-10, in f32 1e-6. */
  readonly tolerance?: number;
  /** Arithmetic of the products with A. Default auto: f64. */
  readonly precision?: 'auto' | 'f32' | 'f64';
  /** Where every random number comes from. Default 20230. Same seed, same bits, whatever the threads. */
  readonly seed?: number;
}

/** What factor() gives: the factors, and how well they fit. */
export interface FactoredMatrix extends Omit<FactorResult, 'X'>, Factored, Computed {
  /** V: n₁×k; U of UUᵀ. */
  readonly left: Matrix;
  /** W: n₂×k; the same as left of UUᵀ. */
  readonly right: Matrix;
  readonly seed: number;
  /** Against the truth, where it is known. */
  readonly error?: { readonly relativeFrobenius: number };
  /** (VWᵀ)_ij. */
  predict(i: number, j: number): number;
  /** What the user should know, as text. */
  report(): string;
  /** The factors as a safetensors file; docs/factor.md has its tensors. The same run gives the same bytes. */
  toBytes(): Uint8Array;
}

/** factor(), with what is made of its result at the end. */
export function factorLive<R>(
  data: KnownMatrix | GeneratedMatrix,
  options: FactorRunOptions,
  finish: (factored: FactoredMatrix) => R,
): LiveRun<FactorProgress, R> {
  const { seed = DEFAULT_SEED } = options;
  const symmetric = 'generator' in data ? data.generator.symmetric : data.symmetric;
  const begin = () => {
    if ('generator' in data) return { order: { spec: specOf(data, options), sizes: {} }, supply: { answer: nothing } };
    const files = filesOf(data);
    const sizes = Object.fromEntries(Object.entries(files).map(([name, { size }]) => [name, size]));
    const spec = specOf({ matrix: 'matrix', symmetric, truth: data.truth && 'truth' }, options);
    return { order: { spec, sizes }, supply: { answer: reader(files) } };
  };
  const made = ({ result: { X, ...result }, error, kernels, threads }: FactorFinished & Computed) => {
    const { left } = X;
    const right = symmetric ? left : X.right;
    const factored = { ...result, left, right, seed, error, kernels, threads };
    return finish({
      ...factored,
      predict: (i, j) => entry(left, right, i, j),
      report: () => reportOf(factored),
      toBytes: () => concat([...factorPieces(factored)]),
    });
  };
  return liveRun(begin, made, options);
}

/** (VWᵀ)_ij. */
function entry(V: Matrix, W: Matrix, i: number, j: number): number {
  let sum = 0;
  for (let t = 0; t < V.cols; t++) sum += at(V, i, t) * at(W, j, t);
  return sum;
}

function filesOf({ matrix, shape, truth }: KnownMatrix) {
  const whole = Array.isArray(shape) && shape.length === 2 && shape.every((n) => Number.isSafeInteger(n) && n >= 1);
  if (!whole)
    throw usageError(`factor: shape should be two whole numbers [n₁, n₂], got [${shape}]`, 'give the shape of A');
  if (!(matrix instanceof Float64Array || matrix instanceof Float32Array))
    throw usageError(
      `factor: matrix should be a Float64Array or a Float32Array, got ${typeof matrix}`,
      'Float64Array.from(numbers) makes one',
    );
  const size = shape[0] * shape[1];
  for (const [name, values] of [['matrix', matrix] as const, ['truth', truth ?? matrix] as const])
    if (values.length !== size)
      throw usageError(
        `factor: ${name} should hold n₁n₂ = ${shape[0]}·${shape[1]} = ${size} numbers, got ${values.length}`,
        'give it row by row',
      );
  return {
    matrix: arrayFile(matrix, [...shape]),
    ...(truth && { truth: arrayFile(Float64Array.from(truth), [...shape]) }),
  };
}

function specOf(data: unknown, options: FactorRunOptions): RunSpec {
  const { threads: _, signal: __, method = 'nystrom', iterations, tolerance, precision, seed, ...rest } = options;
  const stop = { iterations, tolerance };
  return parseSpec({ lorank: 1, task: 'factor', data, method: { name: method, ...rest }, stop, precision, seed });
}

function reportOf(factored: Omit<FactoredMatrix, 'predict' | 'report' | 'toBytes'>): string {
  const { left, right, outcome, method, rank, width, iterations, residual, error, notes } = factored;
  const figure = (value: number): string => value.toPrecision(3);
  const lines = [
    `A ${left.rows}×${right.rows} matrix, method ${method}: ${outcome} after ${iterations} ${plural(iterations, 'step')}.`,
    `Rank ${rank} (width ${width}); residual ${figure(residual)} of ‖A‖_F.`,
  ];
  if (error) lines.push(`Error against the truth: ${figure(error.relativeFrobenius)} of its norm.`);
  return [...lines, ...notes].join('\n');
}
