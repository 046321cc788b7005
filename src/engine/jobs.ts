// Jobs on data that are in memory: what to say of them, and a synchronous run that ends with a result and its judgement.

import {
  type CompleteOptions,
  type CompleteProgress,
  type CompleteResult,
  completeRatings,
} from '../complete/complete.js';
import { judge, type Scores } from '../complete/scores.js';
import type { Factored, Theta } from '../descend.js';
import { relativeFrobenius } from '../diagnostics/errors.js';
import { plural, usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { formed } from '../linalg/factored.js';
import { requireModerate } from '../linalg/moderate.js';
import { norm } from '../linalg/norms.js';
import { largestOf } from '../linalg/vectors.js';
import type { Matrix } from '../matrix.js';
import { type FactorOptions, type FactorProgress, type FactorResult, factor } from '../methods/factor.js';
import { preflight } from '../methods/preflight.js';
import type { SenseProgress, SenseResult } from '../methods/sensing.js';
import { type SparseOptions, type SparseResult, sparse } from '../methods/sparse.js';
import type { SparseProgress } from '../methods/sparsePath.js';
import { deep } from '../parametrisations/deep.js';
import { factorPair } from '../parametrisations/factorPair.js';
import { polarSymmetric } from '../parametrisations/polarSymmetric.js';
import { symmetric } from '../parametrisations/symmetric.js';
import { DEFAULT_SEED } from '../random/index.js';
import type { CompleteSpec, FactorSpec, RunSpec, SenseSpec, SparseSpec } from '../spec.js';
import type { Outcome } from '../stop.js';
import type { Checkpoint, Run, Snapshot } from '../stream.js';
import type { CompleteData } from './completeData.js';
import type { FactorData } from './factorData.js';
import type { SenseData } from './senseData.js';
import { type Parts, senseParts } from './senseRun.js';
import { keptBackSparse, type SparseData } from './sparseData.js';

export type Progress = SenseProgress | CompleteProgress | SparseProgress | FactorProgress;

export interface SenseFinished {
  readonly task: 'sense';
  readonly outcome: Outcome;
  readonly result: SenseResult;
  /** n₁×n₂. */
  readonly X: Matrix;
  /** Against the truth, where there is one. */
  readonly error?: { readonly relativeFrobenius: number };
}

export interface CompleteFinished {
  readonly task: 'complete';
  readonly outcome: Outcome;
  readonly result: CompleteResult;
  readonly test?: Scores;
}

export interface SparseFinished {
  readonly task: 'sparse';
  readonly outcome: Outcome;
  readonly result: SparseResult;
  /** ‖x − truth‖/‖truth‖, where there is one. */
  readonly error?: { readonly relative: number };
}

export interface FactorFinished {
  readonly task: 'factor';
  readonly outcome: Outcome;
  readonly result: FactorResult;
  /** Against the truth, where there is one. */
  readonly error?: { readonly relativeFrobenius: number };
}

export type Finished = SenseFinished | CompleteFinished | SparseFinished | FactorFinished;

export interface Job {
  readonly task: RunSpec['task'];
  /** What there is to say of the data, in sentences. */
  readonly notes: readonly string[];
  /** ‖X − truth‖_F / ‖truth‖_F of a state of sensing, where there is a truth. */
  error?(snapshot: Snapshot<SenseProgress>): number;
  /** May be called once. */
  run(from?: Checkpoint): Run<Progress, Finished>;
}

/** The job of measurements. */
export function senseJob(K: Kernels, spec: SenseSpec, { truth, halfSeen, ...parts }: SenseData): Job {
  return {
    task: 'sense',
    notes: [measuredText(parts), ...warnings(parts, spec)],
    error: truth && ((snapshot) => relativeFrobenius(K, stateOf(K, parts, snapshot), truth)),
    *run(from) {
      const found = yield* senseParts(K, parts, spec, from);
      const result = halfSeen ? { ...found, notes: [HALF_SEEN, ...found.notes] } : found;
      const error = truth && { relativeFrobenius: relativeFrobenius(K, result.X, truth) };
      return { task: 'sense', outcome: result.outcome, result, X: formed(K, result.X), error };
    },
  };
}

const HALF_SEEN =
  'Every A_i is symmetric, so that the measurements see (X + Xᵀ)/2 alone: where X is symmetric positive semidefinite, say so (--symmetric).';

function measuredText({ train, heldOut }: Parts): string {
  const { rows, cols, measurements, symmetric: isSymmetric } = train.operator;
  const back = heldOut?.operator.measurements ?? 0;
  const kind = isSymmetric ? 'symmetric ' : '';
  const kept = back > 0 ? `, ${back} of them kept back to judge by` : '';
  return `${measurements + back} ${plural(measurements + back, 'measurement')} of a ${kind}${rows}×${cols} matrix${kept}`;
}

/** What the pre-flight has against the rank that is asked for, or that the truth is made with. */
function warnings({ train }: Parts, { data, method }: SenseSpec): readonly string[] {
  const { rows, cols, measurements, symmetric: isSymmetric } = train.operator;
  const generator = 'generator' in data ? data.generator : undefined;
  const rank = (method && 'rank' in method ? method.rank : undefined) ?? generator?.rank;
  if (rank === undefined || rank > Math.min(rows, cols)) return [];
  const { ensemble } = generator ?? {};
  const found = preflight({ shape: [rows, cols], rank, measurements, ensemble, symmetric: isSymmetric });
  return found.verdict === 'likely' ? [] : [`${found.verdict}: ${found.reasons.join(' ')}`];
}

/** X of a state. */
function stateOf(K: Kernels, { train }: Parts, { progress, checkpoint }: Snapshot<SenseProgress>): Factored {
  const { rows, cols, symmetric: isSymmetric } = train.operator;
  const { width, widths } = progress;
  const theta = checkpoint().arrays.theta as Theta;
  if (isSymmetric && theta.length === (rows + width) * width) return polarSymmetric(K, rows, width).value(theta);
  const phi = widths ? deep(K, widths) : isSymmetric ? symmetric(K, rows, width) : factorPair(K, rows, cols, width);
  return phi.value(theta);
}

/** The job of ratings. */
export function completeJob(K: Kernels, spec: CompleteSpec, { ratings, test = [], notes }: CompleteData): Job {
  const { method = { name: 'auto' }, stop, precision = 'auto', seed = DEFAULT_SEED } = spec;
  if (precision !== 'auto')
    throw usageError(`complete: precision should be auto, got ${precision}`, 'leave it out: only sensing has a choice');
  const { name, ...rest } = method;
  for (const { values, count } of test)
    requireModerate(largestOf(values.subarray(0, count)), 'complete: the values of the test');
  return {
    task: 'complete',
    notes,
    *run(from) {
      const options = { ...rest, ...stop, method: name, seed } as CompleteOptions;
      const result = yield* completeRatings(K, ratings, options, from);
      const judged = judge(result.fit.predictAt, result.baseline);
      for (const block of test) judged.add(block);
      return { task: 'complete', outcome: result.outcome, result, test: judged.scores() };
    },
  };
}

/** The job of a design and its measurements. */
export function sparseJob(K: Kernels, spec: SparseSpec, { A, y, positive, truth }: SparseData): Job {
  const { method = { name: 'auto' }, stop, precision = 'auto' } = spec;
  if (precision !== 'auto')
    throw usageError(`sparse: precision should be auto, got ${precision}`, 'leave it out: only sensing has a choice');
  const heldOut = keptBackSparse(y.length, spec);
  const { name, ...rest } = method;
  const kept = heldOut.length > 0 ? `, ${heldOut.length} of them kept back to judge by` : '';
  return {
    task: 'sparse',
    notes: [
      `${y.length} ${plural(y.length, 'measurement')} of a vector of ${A.cols}${positive ? ' numbers ≥ 0' : ''}${kept}`,
    ],
    *run(from) {
      const options = { ...rest, ...stop, method: name, positive, heldOut } as SparseOptions;
      const result = yield* sparse(K, A, y, options, from);
      const error = truth && { relative: relativeDistance(result.x, truth) };
      return { task: 'sparse', outcome: result.outcome, result, error };
    },
  };
}

/** ‖x − truth‖/‖truth‖. */
const relativeDistance = (x: Float64Array, truth: Float64Array): number =>
  norm(x.map((value, j) => value - truth[j])) / (norm(truth) || 1);

/** The job of a matrix that is known. */
export function factorJob(K: Kernels, spec: FactorSpec, { A, symmetric: isSymmetric, truth }: FactorData): Job {
  const { method, stop, precision, seed = DEFAULT_SEED } = spec;
  const { name, ...rest } = method;
  return {
    task: 'factor',
    notes: [`a ${isSymmetric ? 'symmetric ' : ''}${A.rows}×${A.cols} matrix`],
    *run(from) {
      const options = { ...rest, ...stop, method: name, symmetric: isSymmetric, precision, seed } as FactorOptions;
      const result = yield* factor(K, A, options, from);
      const error = truth && { relativeFrobenius: relativeFrobenius(K, result.X, truth) };
      return { task: 'factor', outcome: result.outcome, result, error };
    },
  };
}
