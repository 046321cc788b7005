// Completes a matrix from some of its entries, x_ij ≈ μ + b_i + c_j + ⟨u_i, v_j⟩: keeps some ratings back, runs a method on
// the others, measures it beside two plain baselines on what was kept back, and fits everything at last.
//
//   auto        the posterior of a factor model at a rank that held-out ratings choose (bayes.ts)
//   gd          gradient descent on the factors from a small random start (descent.ts)
//   scaled-gd   the same, divided by the metric of the factors

import type { Factored } from '../descend.js';
import { plural, usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { requireModerate } from '../linalg/moderate.js';
import { largestOf } from '../linalg/vectors.js';
import type { DeepOptions } from '../methods/deep.js';
import { type Stream, stream } from '../random/index.js';
import type { Outcome } from '../stop.js';
import type { Checkpoint, Run, Snapshot } from '../stream.js';
import { completeByPosterior } from './bayes.js';
import { completeByDescent } from './descent.js';
import { type Biases, createFit, type Fit } from './fit.js';
import { holdOut } from './holdout.js';
import type { Ratings, TripleBlock } from './ratings.js';
import { describe } from './report.js';
import type { Scores } from './scores.js';

export interface CompleteOptions {
  readonly method?: 'auto' | 'gd' | 'scaled-gd' | DeepOptions['method']; // default auto
  readonly rank?: number | 'auto'; // r: 1 … min(n₁, n₂); default auto, which may choose 0, the biases alone
  readonly holdout?: number; // share of the ratings kept back to judge by, in [0, 1); default 0.1
  readonly seed?: number; // default 0
  readonly iterations?: number; // most sweeps or steps of the run; default 200 for each fit, for a descent 10 000
  readonly tolerance?: number; // converged when the noise changes by a smaller share, default 2e-3; of a descent, when the residual is a smaller share of the entries, default 1e-3
  readonly width?: number; // of descents: k of the factors; default the rank, else 50, of scaled-gd 20
  readonly initScale?: number; // of descents: α relative to √σ₁ of the entries; default 1e-3
  readonly initNorm?: 'perSqrtK' | 'unit'; // of descents: entries N(0, α²/k) or N(0, α²); default perSqrtK
  readonly stepSize?: number; // of descents: default from the data
  readonly damping?: number; // λ of scaled-gd, relative to σ₁ of the entries; default from the data
  readonly depth?: number; // L of deep and compressed-deep, as what follows (methods/deep.ts); default 3
  readonly start?: DeepOptions['start'];
  readonly outerStep?: number; // γ
  readonly weightDecay?: number; // λ
}

/** A state of a completion on its way. */
export interface CompleteProgress {
  readonly stage: 'rank' | 'polish' | 'refit' | 'descent';
  /** Sweeps or steps so far. */
  readonly step: number;
  readonly rank: number;
  /** RMSE on the ratings kept back; missing for a refit, which has seen them. */
  readonly heldOut?: number;
  /** Of the product of the factors, at most 16; computed when read. */
  readonly singularValues: Float64Array;
}

export interface CompleteResult {
  readonly outcome: Outcome;
  readonly method: string;
  readonly rank: number;
  /** Sweeps or steps in all. */
  readonly iterations: number;
  /** Measured before the refit; undefined where no rating was kept back. */
  readonly heldOut?: Scores;
  /** The ranks tried and their held-out RMSE. */
  readonly path: readonly { readonly rank: number; readonly rmse: number }[];
  /** The bias model alone on all ratings, to compare a test with. */
  readonly baseline: Biases;
  readonly fit: Fit;
  /** What was found and decided on the way, in sentences. */
  readonly notes: readonly string[];
}

/** What a method works on. */
export interface Task {
  readonly K: Kernels;
  readonly ratings: Ratings;
  readonly train: Ratings['entries'];
  readonly heldOut: TripleBlock;
  readonly options: CompleteOptions;
  readonly random: Stream;
}

/** What a method leaves. */
export interface Completed extends Omit<CompleteResult, 'fit' | 'method' | 'rank'> {
  readonly factors: Factored;
  readonly biases: Biases;
}

export type Method = (task: Task, from?: Checkpoint) => Generator<Snapshot<CompleteProgress>, Completed, undefined>;

/**
 * @param ratings what is known.
 * @param from a checkpoint of the same call.
 * @throws usage error when an option is out of range, or the rank is to be chosen with nothing kept back; data error when the values are too large or too small to square.
 */
export function* completeRatings(
  K: Kernels,
  ratings: Ratings,
  options: CompleteOptions = {},
  from?: Checkpoint,
): Run<CompleteProgress, CompleteResult> {
  checkOptions(ratings, options);
  requireModerate(largestOf(ratings.entries.values), 'complete: the values');
  const { method = 'auto', holdout = 0.1, seed = 0 } = options;
  const random = stream(seed, 'complete');
  const task = { K, ratings, options, random, ...holdOut(ratings.entries, holdout, random) };
  const run: Method = method === 'auto' ? completeByPosterior : completeByDescent;
  const { factors, biases, notes, ...rest } = yield* run(task, from);
  const { duplicates, rowIds, colIds } = ratings;
  const result = {
    ...rest,
    method: method === 'auto' ? 'posterior' : method,
    rank: factors.left.cols,
    notes: duplicates
      ? [
          `${duplicates} ${plural(duplicates, 'rating repeats', 'ratings repeat')} a pair; each pair counts once, with its mean.`,
          ...notes,
        ]
      : notes,
  };
  const report = describe(ratings, result);
  return { ...result, fit: createFit({ ...biases, factors, rowIds, colIds, method: result.method, seed, report }) };
}

function checkOptions({ entries }: Ratings, options: CompleteOptions): void {
  const { rank, holdout = 0.1, width, method = 'auto' } = options;
  const most = Math.min(entries.rows, entries.cols);
  if (typeof rank === 'number' && !(Number.isInteger(rank) && rank >= 1 && rank <= most))
    throw usageError(
      `complete: rank should be auto or a whole number from 1 to min(n₁, n₂) = ${most}, got ${rank}`,
      'Give none to have it chosen on ratings kept back, which may choose the biases alone (rank 0).',
    );
  if (width !== undefined && !(Number.isInteger(width) && width >= 1))
    throw usageError(`complete: a descent should have a width of at least 1, got ${width}`, 'Give a --width, or none.');
  if (!(holdout >= 0 && holdout < 1))
    throw usageError(`complete: holdout should be a share in [0, 1), got ${holdout}`, 'Try --holdout 0.1.');
  if (method === 'auto' && holdout === 0 && typeof rank !== 'number')
    throw usageError(
      'complete: the rank is chosen on ratings kept back, but holdout is 0',
      'Give a --rank, or a --holdout above 0.',
    );
  if (method === 'auto' && width !== undefined)
    throw usageError('complete: a width needs a method of descent', 'Add --method gd, or give a --rank.');
}
