// Factors a matrix A: n₁×n₂ that is known: A ≈ VWᵀ, or A ≈ UUᵀ where it is symmetric, by descent on ½‖VWᵀ − A‖_F² or
// ¼‖UUᵀ − A‖_F² in factors of width k.
//
//   nystrom        scaled steps from the Nyström start: symmetric with η = ½; a pair fills W in one step, then alternates with
//                  η = 1                                                                               scaledSteps.ts
//   scaled-gd      scaled steps of V and W at once; with damping, ScaledGD(λ)
//   alt-scaled-gd  scaled steps of V, then of W
//   prec-gd        scaled steps whose damping follows the misfit: λ = c‖VWᵀ − A‖_F
//   gd             θ⁺ = θ − μ∇f(θ)
//   deep, compressed-deep  A ≈ W_L ⋯ W_1, a chain of factors                                                factorDeep.ts
//
// Guarantees: nystrom with k ≥ rank A meets a symmetric A to ε in about log₂(κ) + log₂log₂(1/ε) steps, and any other in one
// (Li, Zhang, Mokhtari, He 2025); with k < rank A it turns to the best approximation of rank k, at a rate that the gap
// σ_{k+1}/σ_k sets. gd needs of the order of κ·log(1/ε) steps.
// Cost per step: two or three products of A's size with k columns.

import type { Factored } from '../descend.js';
import { type Iterate, pull, type Theta } from '../descend.js';
import { dataError, usageError } from '../errors.js';
import { nystrom, smallRandom, spectral } from '../initialisations/index.js';
import type { Kernels, Precision } from '../kernels/contract.js';
import { factoredSvd } from '../linalg/factored.js';
import { largestSingular, smallestEigenvalue } from '../linalg/lanczos.js';
import { mapOf } from '../linalg/maps.js';
import { requireModerate } from '../linalg/moderate.js';
import { frobenius, spectralNorm } from '../linalg/norms.js';
import { assign, scratch, shape } from '../linalg/products.js';
import { at, type Matrix } from '../matrix.js';
import { factorPair } from '../parametrisations/factorPair.js';
import { symmetric as symmetricFactor } from '../parametrisations/symmetric.js';
import { approximation } from '../problems/approximation.js';
import { stream } from '../random/index.js';
import { gradient } from '../rules/gradient.js';
import { anyOf, divergence, iterationLimit, lossBelow, type Outcome, settled, stall, stationary } from '../stop.js';
import type { Checkpoint, Run } from '../stream.js';
import type { DeepOptions } from './deep.js';
import { type FactorDeepOptions, factorDeep } from './factorDeep.js';
import { openBook } from './leg.js';
import { widestGap } from './rank.js';
import { type ScaledStepsOptions, scaledSteps } from './scaledSteps.js';

/** What factor() takes. */
export interface FactorOptions {
  readonly method?: 'nystrom' | 'scaled-gd' | 'alt-scaled-gd' | 'prec-gd' | 'gd' | DeepOptions['method']; // default nystrom
  readonly rank?: number; // r: the width of the factors where none is given; at most min(n₁, n₂)
  readonly width?: number; // k: at least the rank; may exceed n₁ and n₂
  readonly symmetric?: boolean; // A ≈ UUᵀ; default false
  readonly start?: 'nystrom' | 'small-random' | 'spectral' | DeepOptions['start']; // default nystrom, of gd small-random
  readonly initScale?: number; // Nyström: ξ·√σ₁(A), default 1; small random: α relative to √σ₁(A), default 1e-3
  readonly stepSize?: number; // η, default ½, alternating 1; μ of gd, default from the data
  readonly damping?: number; // λ relative to σ₁(A), default 0; of prec-gd, relative to ‖VWᵀ − A‖_F, default 0.1
  readonly iterations?: number; // most steps; default 1000, of gd 100 000
  readonly tolerance?: number; // converged when ‖VWᵀ − A‖_F ≤ tolerance·‖A‖_F; default 1e-10, in f32 1e-6
  readonly precision?: 'auto' | Precision; // default auto: f64; gd has no f32
  readonly seed?: number; // default 0
  readonly depth?: number; // L of deep and compressed-deep, as what follows (deep.ts); default 3
  readonly outerStep?: number; // γ
  readonly weightDecay?: number; // λ
}

/** What is told of a factorisation in progress. */
export interface FactorProgress {
  readonly stage: 'descent';
  readonly step: number;
  readonly width: number;
  /** ‖VWᵀ − A‖_F/‖A‖_F. */
  readonly residual: number;
  readonly heldOut?: undefined;
}

/** What factor() gives. */
export interface FactorResult {
  readonly outcome: Outcome;
  readonly method: string;
  /** left = V and right = W, or both U. */
  readonly X: Factored;
  readonly width: number;
  /** The rank given; else the one at the widest gap of the singular values. */
  readonly rank: number;
  readonly iterations: number;
  /** ‖VWᵀ − A‖_F/‖A‖_F. */
  readonly residual: number;
  /** All singular values of VWᵀ. */
  readonly singularValues: Float64Array;
  readonly precision: Precision;
  /** What there is to say of how it went, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Factors A, as a run: drive it with finish() or drive().
 * @param A n₁×n₂.
 * @param from a checkpoint of the same call.
 * @throws usage error where neither rank nor width is given or they do not fit; data error where A holds numbers that are not
 * finite, or is not symmetric and should be.
 */
export function* factor(
  K: Kernels,
  A: Matrix,
  options: FactorOptions,
  from?: Checkpoint,
): Run<FactorProgress, FactorResult> {
  const { method = 'nystrom', symmetric = false } = options;
  const isDeep = method === 'deep' || method === 'compressed-deep';
  const width = checked(A, isDeep ? { ...options, width: options.width ?? Math.min(A.rows, A.cols) } : options);
  const precision = options.precision === 'f32' ? 'f32' : 'f64';
  const tolerance = options.tolerance ?? (precision === 'f32' ? 1e-6 : 1e-10);
  const given = scratch(K, A.rows, A.cols);
  assign(given, A);
  const map = mapOf(K, given);
  const scale = largestSingular(K, map, { tolerance: 1e-3 }).value;
  const size = frobenius(given) || 1;
  if (isDeep)
    return yield* factorDeep(
      K,
      { A: given, scale, size },
      { ...options, method, tolerance } as FactorDeepOptions,
      from,
    );
  const phi = symmetric ? symmetricFactor(K, A.rows, width) : factorPair(K, A.rows, A.cols, width);
  const weight = symmetric ? 0.25 : 0.5;
  const residual = (loss: number) => Math.sqrt(loss / weight) / size;
  const start = () => startOf(K, given, scale, width, options);

  const descends = method === 'gd';
  const alternates = !symmetric && (method === 'nystrom' || method === 'alt-scaled-gd');
  const safe = descends ? safeStep(K, phi.value(start()), scale) : alternates ? 1 : 0.5;
  const stepSize = options.stepSize ?? safe;
  const limits = [
    lossBelow(weight * (tolerance * size) * (tolerance * size)),
    iterationLimit(options.iterations ?? (descends ? 100_000 : 1000)),
  ];
  const leg = descends
    ? {
        objective: pull(approximation(K, given, symmetric), phi),
        rule: gradient(stepSize),
        stop: anyOf(divergence(), ...limits, stationary(100, 1e-10, 0.1)),
      }
    : {
        stream: scaledSteps(K, given, {
          width,
          symmetric,
          precision,
          stepSize,
          order: alternates ? 'alternating' : 'simultaneous',
          damping: dampingOf(options, scale),
        }),
        // A start may be so small that its first steps leap: only what does not come back has diverged.
        stop: anyOf(divergence(1e60), ...limits, settled(10, precision === 'f32' ? 1e-6 : 1e-12), stall(100, 0)),
      };
  const show = ({ step, it }: { step: number; it: Iterate }): FactorProgress => ({
    stage: 'descent',
    step,
    width,
    residual: residual(it.loss),
  });
  const book = openBook(show, from);
  const end = yield* book.travel({ ...leg, start });
  const { outcome } = end;
  const X = phi.value(end.theta);
  const failed = outcome === 'diverged';
  const values = failed ? new Float64Array(0) : factoredSvd(K, X).values;
  return {
    outcome,
    method,
    X,
    width,
    rank: options.rank ?? widestGap(values, Math.min(A.rows, A.cols)),
    iterations: book.steps(),
    residual: residual(end.loss),
    singularValues: values,
    precision,
    notes: outcome === 'converged' ? [] : explained(),
  };

  function explained(): string[] {
    const notes: string[] = [];
    if (stepSize >= 2 * safe)
      notes.push(`A step of ${stepSize} does not converge; ${Number(safe.toPrecision(3))} would do.`);
    if (method === 'scaled-gd' && !symmetric && options.start === 'small-random')
      notes.push('Steps of both factors at once can lock from a random start: take alt-scaled-gd, or start nystrom.');
    if (!symmetric) return notes;
    const { value } = smallestEigenvalue(K, map, { tolerance: 1e-6 });
    if (value < -1e-8 * scale)
      notes.push(`A has the eigenvalue ${value.toPrecision(3)}, which UUᵀ cannot reach: leave symmetric out.`);
    return notes;
  }
}

/** ½/max(σ₁, ‖V₀‖₂², ‖W₀‖₂²): half of what the curvature at the truth, and at the start, allows. */
function safeStep(K: Kernels, { left, right }: Factored, scale: number): number {
  const [v, w] = [left, right].map((F) => spectralNorm(K, F));
  return 0.5 / (Math.max(scale, v * v, w * w) || 1);
}

/** λ of ‖VWᵀ − A‖_F. */
function dampingOf({ method, damping }: FactorOptions, scale: number): ScaledStepsOptions['damping'] {
  if (method === 'prec-gd') return (misfit) => (damping ?? 0.1) * misfit;
  return damping === undefined ? undefined : () => damping * scale;
}

/** Scales count relative to √σ₁, so that a start does not depend on the units of A. */
function startOf(K: Kernels, A: Matrix, scale: number, width: number, options: FactorOptions): Theta {
  const { method = 'nystrom', symmetric, initScale, seed = 0 } = options;
  const random = stream(seed, 'factor');
  const root = Math.sqrt(scale) || 1;
  const name = options.start ?? (method === 'gd' ? 'small-random' : 'nystrom');
  if (name === 'spectral') return spectral(K, mapOf(K, A), width, random, symmetric);
  if (name === 'nystrom') return nystrom(mapOf(K, A), random, { width, symmetric, initScale: (initScale ?? 1) / root });
  const sides: readonly [number, number] | readonly [number] = symmetric ? [A.rows] : [A.rows, A.cols];
  return smallRandom(random, { shape: sides, width, initScale: (initScale ?? 1e-3) * root });
}

/** Checks at the door; the width. */
function checked(A: Matrix, { rank, width, symmetric, method, precision }: FactorOptions): number {
  const most = Math.min(A.rows, A.cols);
  if (rank === undefined && width === undefined)
    throw usageError('factor: a rank is needed', 'give rank 10, or width for over-parametrised factors');
  if (rank !== undefined && !(Number.isSafeInteger(rank) && rank >= 1 && rank <= most))
    throw usageError(
      `factor: rank should be between 1 and min(n₁, n₂) = ${most}, got ${rank}`,
      'give a smaller rank, or a width for over-parametrised factors',
    );
  const k = width ?? rank!;
  if (!(Number.isSafeInteger(k) && k >= (rank ?? 1)))
    throw usageError(`factor: width should be at least the rank ${rank ?? 1}, got ${k}`, 'leave one of them out');
  if (method === 'gd' && precision === 'f32')
    throw usageError('factor: gd computes in f64, got precision f32', 'leave precision out, or take method nystrom');
  let largest = 0;
  for (let i = 0; i < A.rows; i++)
    for (let j = 0; j < A.cols; j++) {
      const value = Math.abs(at(A, i, j));
      if (!(value < Infinity))
        throw dataError(
          `factor: A should hold finite numbers, got ${at(A, i, j)} at row ${i + 1}, column ${j + 1}`,
          'a matrix with missing entries is a task for completion',
        );
      largest = Math.max(largest, value);
    }
  requireModerate(largest, 'factor: the entries of A');
  if (symmetric) checkSymmetric(A, largest);
  return k;
}

function checkSymmetric(A: Matrix, largest: number): void {
  if (A.rows !== A.cols)
    throw usageError(`factor: a symmetric A should be square, got ${shape(A)}`, 'leave symmetric out');
  for (let i = 0; i < A.rows; i++)
    for (let j = 0; j < i; j++)
      if (!(Math.abs(at(A, i, j) - at(A, j, i)) <= 1e-6 * largest))
        throw dataError(
          `factor: A should be symmetric, got ${at(A, i, j)} at row ${i + 1}, column ${j + 1} and ${at(A, j, i)} across`,
          'leave symmetric out, or give (A + Aᵀ)/2',
        );
}
