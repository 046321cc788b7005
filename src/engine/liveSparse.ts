// recoverSparse(): a sparse vector from measurements in memory, or made from a seed, in a worker.

import { plural, usageError } from '../errors.js';
import { concat } from '../io/bytes.js';
import { writeNpy } from '../io/npy.js';
import { tensorOf } from '../io/tensor.js';
import type { SparseResult } from '../methods/sparse.js';
import type { SparseProgress } from '../methods/sparsePath.js';
import { DEFAULT_SEED } from '../random/index.js';
import { parseSpec, type RunSpec, type SparseSpec } from '../spec.js';
import type { SparseFinished } from './jobs.js';
import { type LiveOptions, type LiveRun, liveRun } from './live.js';
import { arrayFile, nothing, reader } from './liveSense.js';
import type { Computed } from './workerMessages.js';

/** Measurements y = A x of a vector x: N. */
export interface LinearMeasurements {
  /** A: M×N, row by row, used as given. */
  readonly design: Float64Array | Float32Array;
  /** y: M finite numbers. */
  readonly measurements: ArrayLike<number>;
  /** x ≥ 0. Default false. */
  readonly positive?: boolean;
  /** x⋆: N numbers. Adds the error to the result; the method never sees it. */
  readonly truth?: ArrayLike<number>;
}

/** A sparse truth and its measurements, made from the seed. docs/run-spec.md describes the keys. */
export type GeneratedSparse = Extract<SparseSpec['data'], { generator: unknown }>;

/** Options of recoverSparse(). */
export interface SparseRunOptions extends LiveOptions {
  /** auto (the default): weight-normalised descent with advised settings, and the lasso beside it. */
  readonly method?: 'auto' | 'weight-normalised' | 'hadamard' | 'basis-pursuit' | 'lasso' | 'omp';
  /** L of x = u^L − v^L, for the descents. Default 2. */
  readonly depth?: number;
  /** κ of weight-normalised, the ratio of its step sizes. Default: advised. */
  readonly ratio?: number;
  /** α: the start is α·1. Default: advised. */
  readonly initScale?: number;
  /** Default: from the data. */
  readonly stepSize?: number;
  /** λ of the lasso, as a share of ‖Aᵀy‖_∞. Default: chosen by the measurements kept back. */
  readonly penalty?: number;
  /** How many entries omp chooses. Default: chosen by the measurements kept back. */
  readonly sparsity?: number;
  /** Share of the measurements kept back, in [0, 1). Default 0.1 where something is to be chosen, else 0. */
  readonly holdout?: number;
  /** Most steps of the run, half of them on the measurements that are not kept back. Default 200 000. */
  readonly iterations?: number;
  /** Converged when ‖A x − y‖ ≤ tolerance·‖y‖. Default 1e-4. */
  readonly tolerance?: number;
  /** Where every random number comes from. Default 20230. Same seed, same bits, whatever the threads. */
  readonly seed?: number;
}

/** What recoverSparse() gives: the vector, how well it fits, and what was decided on the way. */
export interface SparseVector extends SparseResult, Computed {
  readonly seed: number;
  /** Against the truth, where it is known. */
  readonly error?: { readonly relative: number };
  /** What the user should know, as text. */
  report(): string;
  /** x as an npy file: N numbers, f64. The same run gives the same bytes. */
  toBytes(): Uint8Array;
}

/** recoverSparse(). */
export function sparseLive(
  data: LinearMeasurements | GeneratedSparse,
  options: SparseRunOptions,
): LiveRun<SparseProgress, SparseVector> {
  const { seed = DEFAULT_SEED } = options;
  const begin = () => {
    if ('generator' in data) return { order: { spec: specOf(data, options), sizes: {} }, supply: { answer: nothing } };
    const files = filesOf(data);
    const named = { design: 'design', measurements: 'measurements', truth: data.truth && 'truth' };
    const sizes = Object.fromEntries(Object.entries(files).map(([name, { size }]) => [name, size]));
    const spec = specOf({ ...named, positive: data.positive }, options);
    return { order: { spec, sizes }, supply: { answer: reader(files) } };
  };
  const made = ({ result, error, kernels, threads }: SparseFinished & Computed): SparseVector => {
    const vector = { ...result, seed, error, kernels, threads };
    return { ...vector, report: () => reportOf(vector), toBytes: () => concat([...writeNpy(tensorOf(result.x))]) };
  };
  return liveRun(begin, made, options);
}

function filesOf({ design, measurements, truth }: LinearMeasurements) {
  if (!(design instanceof Float64Array || design instanceof Float32Array))
    throw usageError(
      `recoverSparse: design should be a Float64Array or a Float32Array, got ${typeof design}`,
      'Float64Array.from(numbers) makes one',
    );
  const m = measurements?.length ?? 0;
  if (m < 1 || design.length === 0 || design.length % m !== 0)
    throw usageError(
      `recoverSparse: design should hold N numbers for each of the ${m} measurements, got ${design.length}`,
      'check that A and y belong together',
    );
  const vector = (values: ArrayLike<number>) => arrayFile(Float64Array.from(values), [values.length]);
  return {
    design: arrayFile(design, [m, design.length / m]),
    measurements: vector(measurements),
    ...(truth && { truth: vector(truth) }),
  };
}

function specOf(data: unknown, options: SparseRunOptions): RunSpec {
  const { threads: _, signal: __, method = 'auto', iterations, tolerance, seed, ...rest } = options;
  const stop = { iterations, tolerance };
  return parseSpec({ lorank: 1, task: 'sparse', data, method: { name: method, ...rest }, stop, seed });
}

function reportOf(vector: Omit<SparseVector, 'report' | 'toBytes'>): string {
  const { x, outcome, method, sparsity, iterations, residual, heldOut, norm, error, baseline, notes } = vector;
  const figure = (value: number): string => value.toPrecision(3);
  const lines = [
    `A vector of ${x.length} ${plural(x.length, 'number')}, method ${method}: ${outcome} after ${iterations} ${plural(iterations, 'step')}.`,
    `${sparsity} entries above a thousandth of the largest; ‖x‖₁ ${figure(norm)}; residual ${figure(residual)} of ‖y‖.`,
  ];
  if (heldOut !== undefined) lines.push(`On measurements kept back: ${figure(heldOut)} of their ‖y‖.`);
  if (baseline?.heldOut !== undefined)
    lines.push(`The lasso: ${figure(baseline.heldOut)}, ${baseline.sparsity} entries.`);
  if (error) lines.push(`Error against the truth: ${figure(error.relative)} of ‖x‖.`);
  return [...lines, ...notes].join('\n');
}
