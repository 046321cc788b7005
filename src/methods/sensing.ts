// What every descent on measurements shares: the scale that the data show, the objective of a parametrisation, the legs of
// a descent (f32 arithmetic first where the operator is stored so), and what is shown of it.

import {
  type Factored,
  type LinearMap,
  type Objective,
  type Parametrisation,
  pull,
  type Rule,
  type Theta,
} from '../descend.js';
import type { Kernels, Precision } from '../kernels/contract.js';
import { factoredSvd } from '../linalg/factored.js';
import { mapNorm } from '../linalg/lanczos.js';
import { norm } from '../linalg/norms.js';
import { copy, type Matrix } from '../matrix.js';
import type { Operator } from '../operators/operator.js';
import { factorPair } from '../parametrisations/factorPair.js';
import { symmetric } from '../parametrisations/symmetric.js';
import { sensing } from '../problems/sensing.js';
import { type Stream, stream } from '../random/index.js';
import { anyOf, divergence, iterationLimit, lossBelow, type Outcome, stall, stationary } from '../stop.js';
import type { Snapshot } from '../stream.js';
import type { Book, Judge, LegEnd, Position } from './leg.js';

/** y = 𝒜(X) + noise: m, under a normalised operator. */
export interface Measured {
  readonly operator: Operator;
  readonly y: Float64Array;
}

export interface DescentOptions {
  readonly iterations: number; // most steps of the run, whatever its descents
  readonly tolerance: number; // converged when ‖𝒜(X) − y‖ ≤ tolerance·‖y‖
  readonly precision: 'auto' | Precision; // of the passes over 𝒜
  readonly patience: number; // steps without a better held-out error, after which a descent ends
  readonly plateau?: number; // steps that the loss may rest without being stationary; default 100
  readonly rest?: number; // share by which the loss has to fall within them; default 1e-10
  readonly shed?: number; // part of the first loss that must be gone before a plateau counts as stationary; default 0.1
}

/** A state of a descent on its way. */
export interface SenseProgress {
  readonly stage: 'descent' | 'finish';
  readonly step: number;
  readonly width: number;
  /** d_0, …, d_L, where X is a chain of factors. */
  readonly widths?: readonly number[];
  /** ‖𝒜(X) − y‖/‖y‖. */
  readonly residual: number;
  /** The same on held-out measurements. */
  readonly heldOut?: number;
  /** The largest singular values of X, at most 16; computed when read. */
  readonly singularValues: Float64Array;
}

export interface SenseResult {
  readonly outcome: Outcome;
  readonly method: string;
  readonly X: Factored;
  readonly width: number;
  /** The rank given or chosen; else the one at the widest gap of the singular values. */
  readonly rank: number;
  readonly iterations: number;
  /** ‖𝒜(X) − y‖/‖y‖ on the measurements that were descended on. */
  readonly residual: number;
  /** The same on held-out ones, for the X chosen by them. */
  readonly heldOut?: number;
  /** All singular values of X. */
  readonly singularValues: Float64Array;
  /** What was decided on the way, in sentences. */
  readonly notes: readonly string[];
}

export type MatrixParametrisation = Parametrisation<Factored, LinearMap>;

export interface Sensing {
  readonly K: Kernels;
  readonly train: Measured;
  readonly heldOut?: Measured;
  readonly random: Stream;
  /** σ₁(𝒜*(y)): the scale of X that the data show. */
  readonly scale: number;
  /** VWᵀ, or UUᵀ where the operator is symmetric. */
  parametrisation(width: number, damping?: number): MatrixParametrisation;
  /** The factors of X as θ of that parametrisation. */
  lift(X: Factored): Theta;
  /** 𝒜*(y − 𝒜(X)), the direction of steepest descent in X-space; at X = 0 without an argument. */
  descentDirection(X?: Factored): LinearMap;
  /** ‖𝒜(X) − y‖/‖y‖ on the training measurements, from the loss. */
  residual(loss: number): number;
  /** Scores θ by the measurements kept back, where there are some. */
  judge(phi: MatrixParametrisation, patience: number): Judge | undefined;
  /** One descent, at most two legs. */
  descend(
    book: Book<SenseProgress>,
    phi: MatrixParametrisation,
    rule: Rule,
    start: () => Theta,
    options: DescentOptions,
  ): Generator<Snapshot<SenseProgress>, LegEnd, undefined>;
  show(
    stage: SenseProgress['stage'],
    phi: MatrixParametrisation,
    position: Position,
    widths?: readonly number[],
  ): SenseProgress;
}

export function sensingOf(K: Kernels, train: Measured, heldOut: Measured | undefined, seed: number): Sensing {
  const { operator, y } = train;
  const { rows, cols } = operator;
  const weight = operator.symmetric ? 0.25 : 0.5;
  const size = norm(y) || 1;
  const parametrisation = (width: number, damping = 0) =>
    operator.symmetric ? symmetric(K, rows, width, damping) : factorPair(K, rows, cols, width, damping);
  const objective = (phi: MatrixParametrisation, precision: Precision): Objective =>
    pull(sensing(operator.at?.(precision) ?? operator, y, weight), phi);
  const lossAt = (residual: number) => weight * residual * residual * size * size;
  const heldOutError = (X: Factored) => {
    let off = 0;
    let all = 0;
    const guess = heldOut!.operator.apply(X);
    heldOut!.y.forEach((value, i) => {
      const miss = guess[i] - value;
      off += miss * miss;
      all += value * value;
    });
    return Math.sqrt(off / (all || (size * size * heldOut!.y.length) / y.length));
  };
  const judgeOf = (phi: MatrixParametrisation, patience: number): Judge | undefined =>
    heldOut && { score: (theta) => heldOutError(phi.value(theta)), patience };
  const dense = (A: Matrix) => copy(A).data;
  const descentDirection = (X?: Factored): LinearMap =>
    operator.adjoint(X ? operator.apply(X).map((value, i) => y[i] - value) : y);
  const random = stream(seed, 'sense');
  return {
    K,
    train,
    heldOut,
    random,
    scale: mapNorm(K, descentDirection()),
    parametrisation,
    lift(X) {
      if (operator.symmetric) return dense(X.left);
      const theta = new Float64Array((rows + cols) * X.left.cols);
      theta.set(dense(X.left));
      theta.set(dense(X.right), rows * X.left.cols);
      return theta;
    },
    descentDirection,
    residual: (loss) => Math.sqrt(loss / weight) / size,
    judge: judgeOf,
    show(stage, phi, { step, it, score }, widths) {
      return {
        stage,
        step,
        width: widths?.[1] ?? phi.value(it.theta).left.cols,
        widths,
        residual: Math.sqrt(it.loss / weight) / size,
        heldOut: score,
        get singularValues() {
          return factoredSvd(K, phi.value(it.theta)).values.slice(0, 16);
        },
      };
    },
    *descend(
      book,
      phi,
      rule,
      start,
      { iterations, tolerance, precision, patience, plateau = 100, rest = 1e-10, shed = 0.1 },
    ) {
      const judge = judgeOf(phi, patience);
      const limits = () => [divergence(), iterationLimit(iterations - book.steps())];
      let from = start;
      let toShed = shed;
      if (precision === 'auto' && operator.at) {
        const coarse = anyOf(...limits(), lossBelow(lossAt(Math.max(1e-5, tolerance))), stall(50, 0.02));
        const end = yield* book.travel({ objective: objective(phi, 'f32'), rule, start, stop: coarse, judge });
        if (end.judged || end.outcome === 'diverged' || end.outcome === 'iteration-limit') return end;
        from = () => end.last;
        if (end.loss <= (1 - shed) * lossAt(1)) toShed = 0; // the first descent has left the plateau behind
      }
      const fine = anyOf(...limits(), lossBelow(lossAt(tolerance)), stationary(plateau, rest, toShed));
      const arithmetic = precision === 'f32' ? 'f32' : 'f64';
      return yield* book.travel({ objective: objective(phi, arithmetic), rule, start: from, stop: fine, judge });
    },
  };
}
