// Basis pursuit, the lasso and orthogonal matching pursuit as runs: how far to walk along the path, and what to make of it.

import type { Kernels } from '../kernels/contract.js';
import type { Design } from '../problems/linear.js';
import type { Outcome } from '../stop.js';
import type { Snapshot } from '../stream.js';
import { certificate, dualOf, inner, lassoPath, onSegment, type Segment } from './homotopy.js';
import { matchingPursuit } from './matchingPursuit.js';

/** y = A x + noise: A: M×N, y: M. */
export interface LinearData {
  readonly A: Design;
  readonly y: Float64Array;
}

/** A state of sparse recovery. */
export interface SparseProgress {
  readonly stage: 'descent' | 'refit' | 'path' | 'pursuit';
  /** Steps of descent, knots of the path, or entries chosen. */
  readonly step: number;
  /** ‖A x − y‖/‖y‖. */
  readonly residual: number;
  /** The same on held-out measurements. */
  readonly heldOut?: number;
}

export interface PathEnd {
  readonly x: Float64Array; // N
  readonly steps: number;
  readonly outcome: Outcome;
  /** λ, of the lasso. */
  readonly penalty?: number;
  readonly heldOut?: number;
  /** Duality gap, as `certificate` has it. */
  readonly gap?: number;
}

export type Walk = Generator<Snapshot<SparseProgress>, PathEnd, undefined>;

const OPTIMAL = 1e-6; // a larger duality gap means that the path has lost its way
const CLEAR = 1e-9; // a residual below this share of y is none

/** ‖A x − y‖/‖y‖. */
export function misfit({ A, y }: LinearData, x: Float64Array): number {
  const residual = A.apply(x);
  for (let i = 0; i < y.length; i++) residual[i] -= y[i];
  return Math.sqrt(inner(residual, residual) / inner(y, y)) || 0;
}

/** A path is short and is walked anew after an interruption. */
const snapshot = (progress: SparseProgress): Snapshot<SparseProgress> => ({
  progress,
  checkpoint: () => ({ values: { stage: progress.stage }, arrays: { step: Float64Array.of(progress.step) } }),
});

export interface LassoWalk {
  /** λ as a share of ‖Aᵀy‖_∞, where the path begins; 0 is basis pursuit. Without it held-out measurements choose. */
  readonly penalty?: number;
  readonly positive: boolean;
}

export function* lasso(
  K: Kernels,
  train: LinearData,
  heldOut: LinearData | undefined,
  { penalty, positive }: LassoWalk,
): Walk {
  const { A, y } = train;
  let steps = 0;
  let last: Segment | undefined;
  let best: { x: Float64Array; lambda: number; score: number; size: number } | undefined;
  let first = 0;
  for (const segment of lassoPath(K, A, y, { positive })) {
    if (steps++ === 0) first = segment.from;
    last = segment;
    const floor = (penalty ?? 0) * first;
    if (penalty === undefined && heldOut) {
      const lambda = bestOn(segment, heldOut, A.cols);
      const x = onSegment(segment, lambda, A.cols);
      const score = misfit(heldOut, x);
      if (score < (best?.score ?? Infinity)) best = { x, lambda, score, size: segment.support.length };
      else if (score > 1.2 * best!.score && segment.support.length > 2 * best!.size + 10) break;
    } else if (segment.to <= floor) {
      last = { ...segment, to: Math.min(floor, segment.from) };
      break;
    }
    yield snapshot({
      stage: 'path',
      step: steps,
      get residual() {
        return misfit(train, onSegment(segment, segment.to, A.cols));
      },
      heldOut: best?.score,
    });
  }
  if (!last) return { x: new Float64Array(A.cols), steps, outcome: 'converged', penalty: 0, heldOut: 1, gap: 0 };
  const lambda = best?.lambda ?? (penalty === undefined ? last.to : Math.max(last.to, penalty * first));
  const x = best?.x ?? onSegment(last, lambda, A.cols);
  const least = lambda === 0 && misfit(train, x) > CLEAR; // no x fits: the end of the path is least squares
  const dual = lambda === 0 ? dualOf(A, last) : undefined;
  const gap = least ? undefined : certificate(A, y, x, { penalty: lambda, dual, positive });
  const outcome = gap !== undefined && gap <= OPTIMAL ? 'converged' : 'stalled';
  return { x, steps, outcome, penalty: lambda, heldOut: best?.score, gap };
}

/** The λ of a segment at which held-out measurements are predicted best. */
function bestOn(segment: Segment, { A, y }: LinearData, n: number): number {
  // A x(λ) − y = b − λ·a with a = A d and b = A p − y.
  const { support, slope, from, to } = segment;
  const moving = new Float64Array(n);
  support.forEach((j, i) => {
    moving[j] = slope[i];
  });
  const a = A.apply(moving);
  const b = A.apply(onSegment(segment, 0, n)).map((value, i) => value - y[i]);
  const size = inner(a, a);
  return size === 0 ? to : Math.min(from, Math.max(to, inner(a, b) / size));
}

export interface PursuitWalk {
  /** How many entries to choose. Without it: until y is met, or as many as held-out measurements ask for. */
  readonly sparsity?: number;
  /** y is met when ‖A x − y‖ ≤ tolerance·‖y‖. */
  readonly tolerance: number;
}

const PATIENCE = 10; // entries more without a better held-out error

export function* pursuit(
  K: Kernels,
  train: LinearData,
  heldOut: LinearData | undefined,
  { sparsity, tolerance }: PursuitWalk,
): Walk {
  const { A, y } = train;
  const size = Math.sqrt(inner(y, y)) || 1;
  let best: { x: Float64Array; steps: number; score: number } | undefined;
  let now: { x: Float64Array; steps: number; residual: number } | undefined;
  for (const { support, residual, x } of matchingPursuit(K, A, y)) {
    const steps = support.length;
    now = { x: x(), steps, residual: residual / size };
    if (heldOut && sparsity === undefined) {
      const score = misfit(heldOut, now.x);
      if (score < (best?.score ?? Infinity)) best = { x: now.x, steps, score };
      else if (steps - best!.steps >= PATIENCE) break;
    }
    if (steps === sparsity || now.residual <= tolerance) break;
    yield snapshot({ stage: 'pursuit', step: steps, residual: now.residual, heldOut: best?.score });
  }
  const { x, steps } = best ?? now!;
  const met = best !== undefined || steps === sparsity || now!.residual <= tolerance;
  return { x, steps, outcome: met ? 'converged' : 'stalled', heldOut: best?.score };
}
