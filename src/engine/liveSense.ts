// sense(): measurements in memory, or made from a seed, recovered in a worker. The operator goes over block by block when the
// worker asks for it, so that it is never twice in memory as a whole.

import { now, pause } from '#platform';
import { plural, usageError } from '../errors.js';
import { concat } from '../io/bytes.js';
import { writeNpy } from '../io/npy.js';
import { at, type Matrix } from '../matrix.js';
import type { DeepOptions } from '../methods/deep.js';
import type { SenseProgress, SenseResult } from '../methods/sensing.js';
import { DEFAULT_SEED } from '../random/index.js';
import { parseSpec, type RunSpec, type SenseSpec } from '../spec.js';
import type { SenseFinished } from './jobs.js';
import { type LiveOptions, type LiveRun, liveRun } from './live.js';
import { matrixPieces } from './output.js';
import type { Computed, Question } from './workerMessages.js';

/** Measurements y_i = ⟨A_i, X⟩ of a matrix X: n₁×n₂. */
export interface Measurements {
  /**
   * The A_i one after another, each n₁n₂ numbers row by row; or a function that writes A_i into row. It is called once for
   * each i in ascending order, on the caller's thread.
   */
  readonly operator: Float64Array | Float32Array | ((i: number, row: Float64Array) => void);
  /** y: m finite numbers. */
  readonly measurements: ArrayLike<number>;
  /** [n₁, n₂]. */
  readonly shape: readonly [rows: number, cols: number];
  /** X is symmetric positive semidefinite; then A_i counts as (A_i + A_iᵀ)/2. Default false. */
  readonly symmetric?: boolean;
  /** X⋆: n₁n₂ numbers row by row. Adds the error to the result; the method never sees it. */
  readonly truth?: ArrayLike<number>;
}

/** A truth and its measurements, made from the seed. docs/run-spec.md describes the keys. */
export type GeneratedMeasurements = Extract<SenseSpec['data'], { generator: unknown }>;

/** Options of sense(). */
export interface SenseRunOptions extends LiveOptions {
  /** auto (the default): over-parametrised descent, then scaled descent at the rank that held-out measurements choose. */
  readonly method?:
    | 'auto'
    | 'gd'
    | 'scaled-gd'
    | 'prec-gd'
    | 'heavy-ball'
    | 'armijo'
    | 'weight-normalised'
    | 'sgd'
    | 'deep'
    | 'compressed-deep';
  /** r. Default: chosen by auto; the width for others. */
  readonly rank?: number;
  /** k of the factors; not for auto. Default: the rank where given, else min(n₁, n₂). */
  readonly width?: number;
  /** Not for auto. Default small-random; spectral for scaled-gd and prec-gd at a given rank; orthogonal for deep; invariant for compressed-deep. */
  readonly start?: 'small-random' | 'spectral' | DeepOptions['start'];
  /** α relative to √σ₁ of the normalised 𝒜*(y). */
  readonly initScale?: number;
  /** Entries of a random start are N(0, α²/k) or N(0, α²). Default perSqrtK. */
  readonly initNorm?: 'perSqrtK' | 'unit';
  /** μ (η for scaled-gd and prec-gd). Default: from the data. */
  readonly stepSize?: number;
  /** λ of scaled-gd relative to σ₁ of 𝒜*(y); c of prec-gd. Default: 0 at a given rank, else from the data; c = 1. */
  readonly damping?: number;
  /** β, for heavy-ball. */
  readonly momentum?: number;
  /** L, for deep and compressed-deep. Default 3. */
  readonly depth?: number;
  /** γ, for compressed-deep: the outer factors move with γ times the step. */
  readonly outerStep?: number;
  /** λ, for deep and compressed-deep. Default 0. */
  readonly weightDecay?: number;
  /** Measurements of a step of sgd. Default: a tenth of them. */
  readonly batch?: number;
  /** Share of the measurements kept back to judge by, in [0, 1). Default 0.05 for auto, 0 for others. */
  readonly holdout?: number;
  /** Most steps of the run, of all its descents together. */
  readonly iterations?: number;
  /** Converged when ‖𝒜(X) − y‖ ≤ tolerance·‖y‖. */
  readonly tolerance?: number;
  /** Storage and arithmetic of the operator. Default auto. */
  readonly precision?: 'auto' | 'f32' | 'f64';
  /** Where every random number comes from. Default 20230. Same seed, same bits, whatever the threads. */
  readonly seed?: number;
}

/** What sense() gives: the matrix, how well it fits, and what was decided on the way. */
export interface SensedMatrix extends Omit<SenseResult, 'X'>, Computed {
  /** n₁×n₂. */
  readonly matrix: Matrix;
  readonly seed: number;
  /** Against the truth, where it is known. */
  readonly error?: { readonly relativeFrobenius: number };
  /** X_ij. */
  predict(i: number, j: number): number;
  /** What the user should know, as text. */
  report(): string;
  /** X as an npy file: n₁×n₂, f64, C order. The same run gives the same bytes. */
  toBytes(): Uint8Array;
}

/** sense(), with what is made of its result at the end. */
export function senseLive<R>(
  data: Measurements | GeneratedMeasurements,
  options: SenseRunOptions,
  finish: (sensed: SensedMatrix) => R,
): LiveRun<SenseProgress, R> {
  const { seed = DEFAULT_SEED } = options;
  const begin = () => {
    if ('generator' in data) return { order: { spec: specOf(data, options), sizes: {} }, supply: { answer: nothing } };
    checkMeasurements(data);
    const { shape, symmetric, truth } = data;
    const files = filesOf(data);
    const named = { operator: 'operator', measurements: 'measurements', shape, symmetric, truth: truth && 'truth' };
    const sizes = Object.fromEntries(Object.entries(files).map(([name, { size }]) => [name, size]));
    return { order: { spec: specOf(named, options), sizes }, supply: { answer: reader(files) } };
  };
  const made = ({ result: { X: _, ...result }, X, error, kernels, threads }: SenseFinished & Computed) => {
    const sensed = { ...result, matrix: X, seed, error, kernels, threads };
    return finish({
      ...sensed,
      predict: (i, j) => at(X, i, j),
      report: () => reportOf(sensed),
      toBytes: () => concat([...matrixPieces(X)]),
    });
  };
  return liveRun(begin, made, options);
}

function specOf(data: unknown, options: SenseRunOptions): RunSpec {
  const { threads: _, signal: __, method = 'auto', iterations, tolerance, precision, seed, ...rest } = options;
  return parseSpec({
    lorank: 1,
    task: 'sense',
    data,
    method: { name: method, ...rest },
    stop: { iterations, tolerance },
    precision,
    seed,
  });
}

/** Of data made from the seed. */
export const nothing = async (): Promise<never> => {
  throw new Error('generated data are not asked for');
};

function checkMeasurements({ operator, measurements, shape, truth }: Measurements): void {
  const whole = Array.isArray(shape) && shape.length === 2 && shape.every((n) => Number.isSafeInteger(n) && n >= 1);
  if (!whole)
    throw usageError(`sense: shape should be two whole numbers [n₁, n₂], got [${shape}]`, 'give the shape of X');
  const size = shape[0] * shape[1];
  const m = measurements?.length;
  if (!(m >= 1)) throw usageError('sense: measurements should be at least one number, got none', 'pass y');
  const typed = operator instanceof Float64Array || operator instanceof Float32Array;
  if (!typed && typeof operator !== 'function')
    throw usageError(
      `sense: operator should be a Float64Array, a Float32Array or a function, got ${typeof operator}`,
      'Float64Array.from(numbers) makes one',
    );
  if (typed && operator.length !== m * size)
    throw usageError(
      `sense: operator should hold m·n₁·n₂ = ${m}·${shape[0]}·${shape[1]} = ${m * size} numbers, got ${operator.length}`,
      'check the shape and the number of measurements',
    );
  if (truth && truth.length !== size)
    throw usageError(`sense: truth should hold n₁n₂ = ${size} numbers, got ${truth.length}`, 'give it row by row');
}

/** Named data as an npy file: its head, and its numbers when they are asked for. */
export interface File {
  readonly size: number;
  readonly head: Uint8Array;
  /** Bytes of the numbers. */
  body(offset: number, length: number): Promise<Uint8Array>;
}

function filesOf({ operator, measurements: y, shape: [rows, cols], truth }: Measurements): Record<string, File> {
  const numbers = (values: ArrayLike<number>, shape: number[]) => arrayFile(Float64Array.from(values), shape);
  const all = [y.length, rows, cols];
  return {
    operator: typeof operator === 'function' ? functionFile(operator, all) : arrayFile(operator, all),
    measurements: numbers(y, [y.length]),
    ...(truth && { truth: numbers(truth, [rows, cols]) }),
  };
}

const headOf = (dtype: 'F64' | 'F32', shape: number[]): Uint8Array =>
  writeNpy({ dtype, shape, bytes: new Uint8Array(0) }).next().value as Uint8Array;

/** The npy file of an array. */
export function arrayFile(data: Float64Array | Float32Array, shape: number[]): File {
  const head = headOf(data instanceof Float32Array ? 'F32' : 'F64', shape);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return {
    head,
    size: head.length + bytes.length,
    body: async (offset, length) => bytes.slice(offset, offset + length),
  };
}

const SLICE = 8; // ms of work between two turns of the event loop

function functionFile(write: (i: number, row: Float64Array) => void, shape: number[]): File {
  const [m, rows, cols] = shape;
  const width = 8 * rows * cols;
  const head = headOf('F64', shape);
  return {
    head,
    size: head.length + m * width,
    async body(offset, length) {
      // What reads a matrix of measurements asks for whole rows, each once.
      const values = new Float64Array(length / 8);
      let rested = now();
      for (let byte = 0; byte < length; byte += width) {
        write((offset + byte) / width, values.subarray(byte / 8, (byte + width) / 8));
        if (now() - rested > SLICE) {
          await pause();
          rested = now();
        }
      }
      return new Uint8Array(values.buffer);
    },
  };
}

/** Answers the worker from named files. */
export const reader = (files: Record<string, File>) => async (question: Question) => {
  if (question.kind !== 'bytes') throw new Error('measurements are asked for by name');
  const { name, offset, length } = question;
  const { head, body, size } = files[name];
  const end = Math.min(offset + length, size);
  const first = head.slice(offset, end);
  if (end <= head.length) return first;
  const rest = await body(Math.max(0, offset - head.length), end - Math.max(offset, head.length));
  return first.length > 0 ? concat([first, rest]) : rest;
};

const figure = (x: number): string => x.toPrecision(3);

function reportOf({ matrix: X, ...sensed }: Omit<SensedMatrix, 'predict' | 'report' | 'toBytes'>): string {
  const { outcome, method, rank, width, iterations, residual, heldOut, error, notes } = sensed;
  const lines = [
    `A ${X.rows}×${X.cols} matrix, method ${method}: ${outcome} after ${iterations} ${plural(iterations, 'step')}.`,
    `Rank ${rank} (width ${width}); residual ${figure(residual)} of ‖y‖.`,
  ];
  if (heldOut !== undefined) lines.push(`On measurements kept back: ${figure(heldOut)} of their ‖y‖.`);
  if (error) lines.push(`Error against the truth: ${figure(error.relativeFrobenius)} of ‖X‖_F.`);
  return [...lines, ...notes].join('\n');
}
