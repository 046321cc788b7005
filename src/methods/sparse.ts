// Recovers a sparse x: N from y = A x (+ noise), A: M×N with M < N.
//
//   weight-normalised  descent on x = u^L − v^L, (u, v) = r·direction, with two step sizes       diagonal.ts, weightNorm.ts
//   hadamard           gradient descent on x = u^L − v^L from a small start, stopped early       diagonal.ts
//   basis-pursuit      argmin ‖x‖₁ over A x = y                                                  homotopy.ts
//   lasso              argmin ½‖A x − y‖² + λ‖x‖₁                                                homotopy.ts
//   omp                one entry after another                                                   matchingPursuit.ts
//   auto               weight-normalised with the (r₀, κ) that the data advise, until its large entries alone fit y
//                      exactly, or held-out measurements end it; and the lasso beside it for comparison
//
// Guarantees: basis pursuit recovers every s-sparse x under RIP (Candès, Tao 2005), for Gaussian A from M ≳ 2s·log(N/s) on.
// Weight normalisation with L = 2 ends within Q·log N/(κ(Q − r₀²)) of the least ‖x‖₁ = Q of all that fit, where it converges
// (weightNorm.ts). Cost per step: one pass over A.

import { plural, usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { requireModerate } from '../linalg/moderate.js';
import { largestOf } from '../linalg/vectors.js';
import type { Matrix } from '../matrix.js';
import { checkDepth } from '../parametrisations/hadamard.js';
import { checkMeasurements, design, packedDesign } from '../problems/linear.js';
import { checkPolar } from '../rules/weightNormalised.js';
import type { Outcome } from '../stop.js';
import type { Checkpoint, Run } from '../stream.js';
import { descents } from './sparseDescent.js';
import { type LinearData, lasso, misfit, type PathEnd, pursuit, type SparseProgress, type Walk } from './sparsePath.js';

/** Options of sparseStream(). */
export interface SparseOptions {
  readonly method?: 'auto' | 'weight-normalised' | 'hadamard' | 'basis-pursuit' | 'lasso' | 'omp'; // default auto
  readonly positive?: boolean; // x ≥ 0; default false
  readonly depth?: number; // L of the descents; default 2
  readonly initScale?: number; // α: the start is α·1; default advised, of hadamard small
  readonly start?: Float64Array; // w₀: N, signed 2N, instead of α·1
  readonly ratio?: number; // κ; default advised
  readonly stepSize?: number; // μ, or η_u; default from the data, halved where it diverges
  readonly penalty?: number; // λ of the lasso, as a share of ‖Aᵀy‖_∞; default chosen by held-out measurements
  readonly sparsity?: number; // entries that omp chooses; default until y is met, or by held-out measurements
  readonly iterations?: number; // most steps of the run, half of them on the measurements that are not kept back; default 200 000
  readonly tolerance?: number; // converged when ‖A x − y‖ ≤ tolerance·‖y‖; default 1e-4, of omp 1e-6
  readonly heldOut?: ArrayLike<number>; // measurements kept back to judge by, ascending; default none
}

/** How sparse recovery ended. */
export interface SparseResult {
  readonly outcome: Outcome;
  readonly method: string;
  readonly x: Float64Array; // N
  /** Entries above a thousandth of the largest. */
  readonly sparsity: number;
  readonly iterations: number;
  /** ‖A x − y‖/‖y‖ on the measurements that were fitted. */
  readonly residual: number;
  /** The same on held-out ones, before a refit on all. */
  readonly heldOut?: number;
  /** ‖x‖₁. */
  readonly norm: number;
  /** What was used where it was not given. */
  readonly settings: Readonly<Record<string, number>>;
  /** The lasso beside auto. */
  readonly baseline?: {
    readonly sparsity: number;
    readonly residual: number;
    readonly heldOut?: number;
    readonly norm: number;
  };
  /** What was decided on the way, in sentences. */
  readonly notes: readonly string[];
}

/**
 * The run behind recoverSparse(), on data in memory and with kernels of one's own.
 * @param A M×N, used as given. @param y M numbers.
 * @param from a checkpoint of the same call.
 * @throws usage error where A and y disagree, depth < 1, κ ≤ 0 or the start is zero; data error where A has a zero column, or
 * a number is not finite.
 */
export function* sparse(
  K: Kernels,
  A: Matrix,
  y: Float64Array,
  options: SparseOptions = {},
  from?: Checkpoint,
): Run<SparseProgress, SparseResult> {
  const { method = 'auto', positive = false, depth = 2, tolerance = method === 'omp' ? 1e-6 : 1e-4 } = options;
  check(options, positive ? A.cols : 2 * A.cols);
  const all: LinearData = { A: design(K, A), y };
  checkMeasurements('sparse', all.A, y);
  requireModerate(largestOf(all.A.entries), 'sparse: the entries of A');
  requireModerate(largestOf(y), 'sparse: the measurements');
  const parts = split(K, all, options.heldOut ?? []);
  if (y.every((value) => value === 0)) {
    const x = new Float64Array(A.cols);
    return finished(method, all, { x, outcome: 'converged', steps: 0, settings: {}, notes: ['y = 0, and so is x.'] });
  }
  if (method === 'auto' || method === 'weight-normalised' || method === 'hadamard') {
    const end = yield* descents(K, { all, ...parts }, { ...options, method, positive, depth, tolerance }, from);
    return finished(method, all, end);
  }
  const walk = (part: LinearData, heldOut: LinearData | undefined, chosen?: PathEnd): Walk => {
    if (method === 'omp')
      return pursuit(K, part, heldOut, { sparsity: chosen ? countLarge(chosen.x, 0) : options.sparsity, tolerance });
    if (method === 'basis-pursuit') return lasso(K, part, undefined, { penalty: 0, positive });
    return lasso(K, part, heldOut, {
      penalty: chosen ? shareOf(part, chosen, parts.train, positive) : options.penalty,
      positive,
    });
  };
  const chooses =
    method === 'omp' ? options.sparsity === undefined : method === 'lasso' && options.penalty === undefined;
  if (method === 'lasso' && chooses && !parts.heldOut)
    throw usageError(
      'sparse: the lasso needs a penalty, or held-out measurements to choose it',
      'give penalty 0.1, or holdout 0.1',
    );
  let end = yield* walk(chooses ? parts.train : all, chooses ? parts.heldOut : undefined);
  const { heldOut, steps } = end;
  const notes: string[] = [];
  if (heldOut !== undefined) {
    end = yield* walk(all, undefined, end);
    notes.push(
      method === 'omp'
        ? `Held-out measurements choose ${countLarge(end.x, 0)} ${plural(countLarge(end.x, 0), 'entry', 'entries')}; fitted again on all.`
        : `Held-out measurements choose λ = ${end.penalty!.toPrecision(3)}; solved again on all.`,
    );
  }
  if (end.gap !== undefined) notes.push(`Within ${end.gap.toPrecision(2)} of optimal, by the duality gap.`);
  const settings: Record<string, number> = end.penalty === undefined ? {} : { penalty: end.penalty };
  const total = heldOut === undefined ? steps : steps + end.steps;
  return finished(method, all, { ...end, steps: total, heldOut, settings, notes });
}

/** λ of the training part for all: it counts per measurement; as a share of ‖Aᵀy‖_∞. */
function shareOf({ A, y }: LinearData, { penalty }: PathEnd, train: LinearData, positive: boolean): number {
  const most = A.adjoint(y).reduce((m, c) => Math.max(m, positive ? c : Math.abs(c)), 0);
  return Math.min(1, (penalty! * y.length) / train.y.length / most);
}

export interface Parts {
  readonly train: LinearData;
  readonly heldOut?: LinearData;
}

function split(K: Kernels, all: LinearData, back: ArrayLike<number>): Parts {
  if (back.length === 0) return { train: all };
  const isBack = new Uint8Array(all.y.length);
  for (let t = 0; t < back.length; t++) isBack[back[t]] = 1;
  return { train: rowsOf(K, all, (i) => !isBack[i]), heldOut: rowsOf(K, all, (i) => Boolean(isBack[i])) };
}

/** Some of the measurements. */
function rowsOf(K: Kernels, { A, y }: LinearData, chosen: (i: number) => boolean): LinearData {
  const kept = [...y.keys()].filter(chosen);
  const entries = new Float64Array(kept.length * A.cols);
  kept.forEach((i, t) => {
    entries.set(A.entries.subarray(i * A.cols, (i + 1) * A.cols), t * A.cols);
  });
  return { A: packedDesign(K, kept.length, A.cols, entries), y: Float64Array.from(kept, (i) => y[i]) };
}

/** What a method hands to `finished`. */
export interface Finish {
  readonly x: Float64Array;
  readonly outcome: Outcome;
  readonly steps: number;
  readonly heldOut?: number;
  readonly settings: Readonly<Record<string, number>>;
  readonly baseline?: SparseResult['baseline'];
  readonly notes: readonly string[];
}

const finished = (method: string, data: LinearData, { x, steps, ...rest }: Finish): SparseResult => ({
  ...rest,
  method,
  x,
  sparsity: countLarge(x),
  iterations: steps,
  residual: misfit(data, x),
  norm: norm1(x),
});

/** Entries above a share of the largest. */
export function countLarge(x: Float64Array, share = 1e-3): number {
  const least = share * x.reduce((m, value) => Math.max(m, Math.abs(value)), 0);
  return x.reduce((count, value) => count + Number(Math.abs(value) > least), 0);
}

export const norm1 = (x: Float64Array): number => x.reduce((sum, value) => sum + Math.abs(value), 0);

function check(
  { method, positive, depth = 2, ratio, stepSize, initScale, start, penalty, sparsity }: SparseOptions,
  size: number,
) {
  checkDepth('sparse', depth);
  checkPolar('sparse', { ratio: ratio ?? 1, stepSize: stepSize ?? 1 });
  if (initScale !== undefined && !(initScale > 0 && initScale < Infinity))
    throw usageError(
      `sparse: initScale should be a positive number, got ${initScale}`,
      'leave it out for the advised one',
    );
  if (start && start.length !== size)
    throw usageError(
      `sparse: start should hold ${size} numbers, got ${start.length}`,
      'N where positive, else 2N: u, then v',
    );
  if (start?.every((w) => w === 0))
    throw usageError('sparse: the start should not be zero: descent would not leave it', 'give initScale instead');
  if (penalty !== undefined && !(penalty >= 0 && penalty < 1))
    throw usageError(`sparse: penalty should be a share from 0 to below 1 of ‖Aᵀy‖_∞, got ${penalty}`, 'try 0.1');
  if (sparsity !== undefined && !(Number.isSafeInteger(sparsity) && sparsity >= 1))
    throw usageError(`sparse: sparsity should be a whole number of at least 1, got ${sparsity}`, 'leave it out');
  if (method === 'omp' && positive)
    throw usageError('sparse: omp has no form for x ≥ 0', 'take lasso or weight-normalised, or leave positive out');
}
