// Recovers a matrix from measurements by a chain of factors (deep.ts): F(θ) = ½‖𝒜(W_L ⋯ W_1) − y‖². 𝒜 may be a mask: deep
// matrix completion. What 𝒜*(y) shows stands for X in a compressed start.

import { plural, usageError } from '../errors.js';
import { factoredSvd } from '../linalg/factored.js';
import type { Checkpoint, Run } from '../stream.js';
import { type DeepOptions, deepPlan } from './deep.js';
import { REST } from './factorDeep.js';
import { openBook } from './leg.js';
import { widestGap } from './rank.js';
import type { DescentOptions, SenseProgress, SenseResult, Sensing } from './sensing.js';
import { stepNotes, withStep } from './steps.js';

export function* senseDeep(
  S: Sensing,
  options: DeepOptions & DescentOptions,
  from?: Checkpoint,
): Run<SenseProgress, SenseResult> {
  const { method } = options;
  const { rows, cols, symmetric } = S.train.operator;
  if (symmetric) throw usageError(`sense: ${method} has no symmetric form`, 'leave symmetric out');
  const plan = deepPlan(S.K, { map: S.descentDirection(), scale: S.scale, known: false }, S.random, options);
  const { phi, widths } = plan;
  const book = openBook((position) => S.show('descent', phi, position, widths), from);
  const { end, step } = yield* withStep({ suggested: plan.safe, given: options.stepSize }, (stepSize) =>
    S.descend(book, phi, plan.rule(stepSize), plan.start, { ...options, plateau: plan.plateau, rest: REST }),
  );
  const X = phi.value(end.theta);
  const values = end.outcome === 'diverged' ? new Float64Array(0) : factoredSvd(S.K, X).values;
  return {
    outcome: end.outcome,
    method,
    X,
    width: X.left.cols,
    rank: options.rank ?? widestGap(values, Math.min(rows, cols)),
    iterations: book.steps(),
    residual: S.residual(end.loss),
    heldOut: end.score,
    singularValues: values,
    notes: [
      `A chain of ${widths.length - 1} ${plural(widths.length - 1, 'factor')} of widths ${widths.join(', ')}.`,
      ...stepNotes(end.outcome, step),
    ],
  };
}
