// Stochastic gradient descent on measurements: θ⁺ = θ − μ·g_t, g_t the gradient of (m/b)·w‖𝒜_B(X) − y_B‖² on b measurements drawn
// anew at each step, so that its mean over the draw is the whole gradient.
//
//   μ is constant until the loss, averaged over an epoch of ⌈m/b⌉ steps, has not fallen by a hundredth in 20 epochs; then it is
//   halved, six times at most. Each halving brings the descent nearer to the minimum, around which the noise of the draws keeps
//   it moving; measurements without noise need none.
//
// With a restricted isometry of measurements of UUᵀ, U: n×r, there is no local minimum but the global one, and every saddle has a
// direction of negative curvature, which noise in the gradient finds: so descent from any random start gets there in
// polynomial time (Bhojanapalli, Neyshabur and Srebro 2016, by Ge, Huang, Jin and Yuan 2015).
// Cost per step: the share b/m of a pass over 𝒜, and of copying it.

import { pull, type Theta } from '../descend.js';
import { factoredSvd } from '../linalg/factored.js';
import { sensing, sensingMinibatch } from '../problems/sensing.js';
import { split } from '../random/index.js';
import { gradient } from '../rules/gradient.js';
import { anyOf, divergence, iterationLimit, type Stop } from '../stop.js';
import type { Checkpoint, Run } from '../stream.js';
import { openBook } from './leg.js';
import { widestGap } from './rank.js';
import type { DescentOptions, SenseProgress, SenseResult, Sensing } from './sensing.js';
import { stepNotes, withStep } from './steps.js';

export interface SgdOptions extends DescentOptions {
  readonly width: number; // k
  readonly rank?: number; // r
  readonly batch?: number; // b, from 1 to m; default ⌈m/10⌉
  readonly stepSize?: number; // μ of the first phase; default sgdStep
  readonly start: () => Theta;
}

const HALVINGS = 6;
const EPOCHS = 20;
const SHARE = 0.01;
const SHED = 0.1; // part of the first loss that must be gone: the plateau around a small start is a saddle

/** μ = ¼/σ₁(𝒜*(y))/(1 + d/b), d = k(n₁ + n₂)/2: what a draw of b adds to the square of the gradient is d/b of it. */
export function sgdStep(S: Sensing, width: number, batch: number): number {
  const { rows, cols } = S.train.operator;
  return 0.25 / S.scale / (1 + (width * (rows + cols)) / 2 / batch);
}

/** @throws usage error where the operator cannot give some of its measurements, or the batch exceeds them. */
export function* senseSgd(S: Sensing, options: SgdOptions, from?: Checkpoint): Run<SenseProgress, SenseResult> {
  const { width, rank, tolerance, iterations, precision, patience } = options;
  const { y } = S.train;
  const operator = (precision === 'f32' && S.train.operator.at?.('f32')) || S.train.operator;
  const { rows, cols, measurements: m, symmetric } = operator;
  const weight = symmetric ? 0.25 : 0.5;
  const { batch = Math.ceil(m / 10) } = options;
  const phi = S.parametrisation(width);
  const book = openBook((position) => S.show('descent', phi, position), from);
  const judge = S.judge(phi, patience);
  const phases = function* (stepSize: number) {
    let { start } = options;
    for (let phase = 0; ; phase++) {
      const random = split(S.random, 'minibatch', phase);
      const end = yield* book.travel({
        objective: pull(sensingMinibatch(S.K, operator, y, batch, random, weight), phi),
        rule: gradient(stepSize / 2 ** phase),
        start,
        stop: anyOf(
          divergence(),
          iterationLimit(iterations - book.steps()),
          epochs(Math.ceil(m / batch), phase > 0, (loss) => S.residual(loss) <= tolerance),
        ),
        judge,
      });
      if (end.outcome !== 'stalled') return end;
      if (phase === HALVINGS) return { ...end, outcome: 'converged' as const };
      start = () => end.last;
    }
  };
  const {
    end: { theta, outcome, score },
    step,
  } = yield* withStep({ suggested: sgdStep(S, width, batch), given: options.stepSize }, phases);
  const X = phi.value(theta);
  const values = outcome === 'diverged' ? new Float64Array(0) : factoredSvd(S.K, X).values;
  return {
    outcome,
    method: 'sgd',
    X,
    width,
    rank: rank ?? widestGap(values, Math.min(rows, cols)),
    iterations: book.steps(),
    residual: S.residual(sensing(operator, y, weight).evaluate(X, 0).loss),
    heldOut: score,
    singularValues: values,
    notes: stepNotes(outcome, step),
  };
}

/**
 * Sees the mean loss of each epoch: converged where it is low enough, stalled where it has not fallen by SHARE within EPOCHS
 * epochs. Memory: the sum of this epoch; the first mean, the lowest, epochs since.
 */
const epochs = (steps: number, isLater: boolean, enough: (loss: number) => boolean): Stop => ({
  start: [0, Number.NaN, Number.POSITIVE_INFINITY, 0],
  see(it, [sum, first, lowest, since]) {
    const total = sum + it.loss;
    if ((it.k + 1) % steps !== 0) return { memory: [total, first, lowest, since] };
    const mean = total / steps;
    if (enough(mean)) return { memory: [0, first, mean, 0], outcome: 'converged' };
    if (Number.isNaN(first)) return { memory: [0, mean, mean, 0] };
    if (mean < (1 - SHARE) * lowest) return { memory: [0, first, mean, 0] };
    const settled = isLater || lowest <= (1 - SHED) * first;
    return { memory: [0, first, lowest, since + 1], outcome: settled && since + 1 >= EPOCHS ? 'stalled' : undefined };
  },
});
