// Factors a known matrix A by a chain of factors (deep.ts): ½‖W_L ⋯ W_1 − A‖_F². With more than two factors this is no way to
// get factors fast: it is what to study the bias of depth with, and what compressed-deep makes cheap.

import { plural, usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { factoredSvd } from '../linalg/factored.js';
import { mapOf } from '../linalg/maps.js';
import type { Matrix } from '../matrix.js';
import { stream } from '../random/index.js';
import { anyOf, divergence, iterationLimit, lossBelow, stationary } from '../stop.js';
import type { Checkpoint, Run } from '../stream.js';
import { type DeepOptions, deepPlan } from './deep.js';
import { deepObjective } from './deepObjective.js';
import type { FactorOptions, FactorProgress, FactorResult } from './factor.js';
import { openBook } from './leg.js';
import { widestGap } from './rank.js';
import { stepNotes, withStep } from './steps.js';

/** A loss that falls by less than this share within a plateau is at rest: what is left is the start, √(d − 2r)·ε^L, which hardly moves. */
export const REST = 0.1;

/** A: n₁×n₂ in kernel memory, its σ₁ and ‖A‖_F. */
export interface Known {
  readonly A: Matrix<Float64Array>;
  readonly scale: number;
  readonly size: number;
}

/** Options of factor() for a chain. */
export type FactorDeepOptions = DeepOptions &
  Pick<FactorOptions, 'symmetric' | 'precision' | 'iterations' | 'seed'> & {
    readonly tolerance: number;
  };

export function* factorDeep(
  K: Kernels,
  { A, scale, size }: Known,
  options: FactorDeepOptions,
  from?: Checkpoint,
): Run<FactorProgress, FactorResult> {
  const { method, symmetric, precision, tolerance, iterations = 100_000, seed = 0 } = options;
  if (symmetric) throw usageError(`factor: ${method} has no symmetric form`, 'leave symmetric out');
  if (precision === 'f32')
    throw usageError(`factor: ${method} computes in f64, got precision f32`, 'leave precision out');
  const plan = deepPlan(K, { map: mapOf(K, A), scale, known: true }, stream(seed, 'factor'), options);
  const residual = (loss: number) => Math.sqrt(2 * loss) / size;
  const width = plan.widths[1];
  const book = openBook(
    ({ step, it }): FactorProgress => ({ stage: 'descent', step, width, residual: residual(it.loss) }),
    from,
  );
  const { end, step } = yield* withStep({ suggested: plan.safe, given: options.stepSize }, (stepSize) =>
    book.travel({
      objective: deepObjective(K, A, plan.widths),
      rule: plan.rule(stepSize),
      start: plan.start,
      stop: anyOf(
        divergence(),
        lossBelow(0.5 * (tolerance * size) * (tolerance * size)),
        iterationLimit(iterations - book.steps()),
        stationary(plan.plateau, REST, 0.1),
      ),
    }),
  );
  const { outcome } = end;
  const X = plan.phi.value(end.theta);
  const values = outcome === 'diverged' ? new Float64Array(0) : factoredSvd(K, X).values;
  return {
    outcome,
    method,
    X,
    width: X.left.cols,
    rank: options.rank ?? widestGap(values, Math.min(A.rows, A.cols)),
    iterations: book.steps(),
    residual: residual(end.loss),
    singularValues: values,
    precision: 'f64',
    notes: [
      `A chain of ${plan.widths.length - 1} ${plural(plan.widths.length - 1, 'factor')} of widths ${plan.widths.join(', ')}.`,
      ...stepNotes(outcome, step),
    ],
  };
}
