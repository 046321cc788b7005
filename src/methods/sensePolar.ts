// Weight-normalised sensing of a symmetric X = QΘQᵀ, Q with orthonormal columns: f = ¼‖𝒜(QΘQᵀ) − y‖².
//
//   Q⁺ = polar(Q − μ_Q P_Q∇_Q f),  Θ⁺ = Θ − μ ∇_Θ f,   μ_Q = μ/σ₁(𝒜*(y))²,   from a random Q and Θ = 0
//
// With k above the rank it converges linearly, where gradient descent on UUᵀ has Ω(1/t) (Wei, Zhang, Li, He 2025).
// Cost per step: one pass over 𝒜, and O(nk² + k³).

import { pull } from '../descend.js';
import { usageError } from '../errors.js';
import { factoredSvd } from '../linalg/factored.js';
import { norm } from '../linalg/norms.js';
import { qr } from '../linalg/qr.js';
import { copy, matrix } from '../matrix.js';
import { polarSymmetric } from '../parametrisations/polarSymmetric.js';
import { sensing } from '../problems/sensing.js';
import { normals, split } from '../random/index.js';
import { retracted } from '../rules/retracted.js';
import type { Checkpoint, Run } from '../stream.js';
import { openBook } from './leg.js';
import { widestGap } from './rank.js';
import type { DescentOptions, SenseProgress, SenseResult, Sensing } from './sensing.js';

const STEP = 0.75; // μ: the Hessian in Θ is ½𝒜*𝒜 on k×k
const STILL = 1e-3; // ‖∇f‖/‖𝒜(X) − y‖ of a point that is stationary

export interface PolarOptions extends DescentOptions {
  readonly width: number; // k, at most n
  readonly rank?: number;
  readonly stepSize?: number; // μ; default ¾
}

export function* sensePolar(S: Sensing, options: PolarOptions, from?: Checkpoint): Run<SenseProgress, SenseResult> {
  const { operator } = S.train;
  const { width, rank, stepSize = STEP } = options;
  const n = operator.rows;
  if (!operator.symmetric)
    throw usageError('sense: weight-normalised needs a symmetric X', 'add --symmetric, or take another method');
  if (width > n)
    throw usageError(
      `sense: weight-normalised needs a width of at most n = ${n}, got ${width}`,
      'give a smaller --width',
    );
  const phi = polarSymmetric(S.K, n, width, [1 / (S.scale * S.scale), 1]);
  const book = openBook((position) => S.show('descent', phi, position), from);
  const start = () => {
    const theta = new Float64Array(phi.size);
    const { Q } = qr(S.K, matrix(n, width, normals(split(S.random, 'directions'), n * width)));
    theta.set(copy(Q).data);
    return theta;
  };
  const end = yield* S.descend(book, phi, retracted(stepSize, phi), start, options);
  const X = phi.value(end.theta);
  const failed = end.outcome === 'diverged';
  // too long a step is kept in bounds by the way back to the manifold: it bounces
  const { loss, grad } = pull(sensing(operator, S.train.y), phi).evaluate(end.theta, 0);
  const bounces =
    end.outcome === 'converged' &&
    S.residual(loss) > options.tolerance &&
    norm(phi.project(end.theta, grad)) > STILL * Math.sqrt(4 * loss);
  const values = failed ? new Float64Array(0) : factoredSvd(S.K, X).values;
  return {
    outcome: bounces ? 'stalled' : end.outcome,
    method: 'weight-normalised',
    X,
    width,
    rank: rank ?? widestGap(values, n),
    iterations: book.steps(),
    residual: S.residual(end.loss),
    heldOut: end.score,
    singularValues: values,
    notes: failed || bounces ? [`A step of ${stepSize} is too long; ${STEP} would do.`] : [],
  };
}
