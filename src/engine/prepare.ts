// From a description to a run: opens the data that it names, or makes it from the seed, and hands back a job whose run is
// synchronous. The same for files in Node, Blobs in a page and bytes in memory: only `resources` knows which.

import {
  type CompleteOptions,
  type CompleteProgress,
  type CompleteResult,
  completeRatings,
} from '../complete/complete.js';
import { judge, type Scores } from '../complete/scores.js';
import type { Factored, Theta } from '../descend.js';
import { relativeFrobenius } from '../diagnostics/errors.js';
import { usageError } from '../errors.js';
import type { ByteSource } from '../io/bytes.js';
import type { Kernels } from '../kernels/contract.js';
import { formed } from '../linalg/factored.js';
import type { Matrix } from '../matrix.js';
import type { SenseResult } from '../methods/sense.js';
import type { SenseProgress } from '../methods/sensing.js';
import { factorPair } from '../parametrisations/factorPair.js';
import { symmetric } from '../parametrisations/symmetric.js';
import { type CompleteSpec, DEFAULT_SEED, type RunSpec, type SenseSpec } from '../spec.js';
import type { Outcome } from '../stop.js';
import type { Checkpoint, Run, Snapshot } from '../stream.js';
import { type CompleteData, makeCompleteData, readCompleteData } from './completeData.js';
import { readSenseData } from './senseData.js';
import { makeSenseData } from './senseGenerator.js';
import { type Parts, senseParts } from './senseRun.js';

/** The files of a description, by their paths in it. */
export interface Resources {
  open(path: string): Promise<ByteSource>;
}

export type Progress = SenseProgress | CompleteProgress;

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

export type Finished = SenseFinished | CompleteFinished;

export interface Job {
  readonly task: RunSpec['task'];
  /** What there is to say of the data, in sentences. */
  readonly notes: readonly string[];
  /** ‖X − truth‖_F / ‖truth‖_F of a state of sensing, where there is a truth. */
  error?(snapshot: Snapshot<SenseProgress>): number;
  /** May be called once. */
  run(from?: Checkpoint): Run<Progress, Finished>;
}

/**
 * Loads or makes the data of a description and returns the job.
 * @throws usage and data errors, before anything is computed.
 */
export const prepare = (K: Kernels, spec: RunSpec, resources: Resources): Promise<Job> =>
  spec.task === 'sense' ? prepareSense(K, spec, resources) : prepareComplete(K, spec, resources);

async function prepareSense(K: Kernels, spec: SenseSpec, { open }: Resources): Promise<Job> {
  const { data } = spec;
  const { truth, ...parts } =
    'generator' in data ? makeSenseData(K, spec, data.generator) : await readSenseData(K, spec, data, open);
  return {
    task: 'sense',
    notes: [],
    error: truth && ((snapshot) => relativeFrobenius(K, stateOf(K, parts, snapshot), truth)),
    *run(from) {
      const result = yield* senseParts(K, parts, spec, from);
      const error = truth && { relativeFrobenius: relativeFrobenius(K, result.X, truth) };
      return { task: 'sense', outcome: result.outcome, result, X: formed(K, result.X), error };
    },
  };
}

/** X of a state. */
function stateOf(K: Kernels, { train }: Parts, { progress, checkpoint }: Snapshot<SenseProgress>): Factored {
  const { rows, cols, symmetric: isSymmetric } = train.operator;
  const phi = isSymmetric ? symmetric(K, rows, progress.width) : factorPair(K, rows, cols, progress.width);
  return phi.value(checkpoint().arrays.theta as Theta);
}

async function prepareComplete(K: Kernels, spec: CompleteSpec, { open }: Resources): Promise<Job> {
  const { data } = spec;
  return completeJob(
    K,
    spec,
    'generator' in data ? makeCompleteData(K, spec, data.generator) : await readCompleteData(data, open),
  );
}

/** The job of ratings that are there already. */
export function completeJob(K: Kernels, spec: CompleteSpec, { ratings, test = [], notes }: CompleteData): Job {
  const { method = { name: 'auto' }, stop, precision = 'auto', seed = DEFAULT_SEED } = spec;
  if (precision !== 'auto')
    throw usageError(`complete: precision should be auto, got ${precision}`, 'leave it out: only sensing has a choice');
  const { name, ...rest } = method;
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
