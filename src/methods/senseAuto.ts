// The sensing that chooses for itself:
//   1. gradient descent on wide factors from a small random start, until held-out measurements are no longer predicted
//      better: early on its iterates are close to the low-rank truth, whatever the rank (S1, S2);
//   2. r = the widest gap of the singular values there, and ScaledGD at rank r from the truncated iterate; where no step
//      predicted better than X = 0, from a spectral start at rank 1;
//   3. r one up (a new direction from the gradient) while that predicts the held-out measurements better by one per cent and
//      the other measurements agree; else one down unless r is better than r − 1 in that sense. They agree where
//      m ln(‖𝒜(X) − y‖²/(m − d)) + d ln m falls, d the degrees of freedom (Schwarz's criterion with the unbiased variance):
//      few held-out measurements alone would take a direction of the noise for one of X in every third run;
//   4. where the fit is not exact, because there is noise, once more at that rank on all measurements.
// The result is exact when m exceeds the degrees of freedom by enough (four times is plenty for Gaussian measurements) and
// there is no noise; with noise it is the local least-squares fit at the chosen rank. Cost: some hundred passes over 𝒜.

import type { Factored, Theta } from '../descend.js';
import { plural } from '../errors.js';
import { spectral } from '../initialisations/index.js';
import { symmetricEigen } from '../linalg/eigen.js';
import { factoredSvd, truncated } from '../linalg/factored.js';
import { largestSingular } from '../linalg/lanczos.js';
import { denseOf } from '../linalg/maps.js';
import { at, type Matrix, matrix } from '../matrix.js';
import { stacked } from '../operators/stacked.js';
import { log } from '../random/index.js';
import { gradient } from '../rules/gradient.js';
import { scaled } from '../rules/scaled.js';
import type { Checkpoint, Run, Snapshot } from '../stream.js';
import { type LegEnd, openBook, type Position } from './leg.js';
import { freedom, largestRank, widestGap } from './rank.js';
import { type DescentOptions, type SenseProgress, type SenseResult, type Sensing, sensingOf } from './sensing.js';

export interface AutoOptions extends DescentOptions {
  readonly rank?: number; // r; default: chosen
  readonly stepSize: number; // μ of the wide descent
  readonly seed: number;
}

const WIDEST = 128; // wide enough for any rank that step 2 could find, and no wider: each step costs O(n₁n₂·width)
const NEAR = 0.01; // residual at which the wide descent has shown its rank
const PATIENCE = 100; // steps without a better held-out error: longer than a start from 1e-4 needs to leave zero
const SCALED_STEP = 0.3; // ScaledGD's η: stable down to about four measurements per degree of freedom
const EXACT = 1e-6; // a held-out error below this is no accident of the noise

interface Fit {
  readonly rank: number;
  readonly X: Factored;
  readonly end: LegEnd;
}

export function* senseAuto(
  S: Sensing,
  options: AutoOptions,
  wideStart: (width: number) => Theta,
  from?: Checkpoint,
): Run<SenseProgress, SenseResult> {
  const { operator } = S.train;
  const { rows, cols, symmetric } = operator;
  const most = largestRank(rows, cols, operator.measurements, symmetric);
  const notes: string[] = [];
  let show: (position: Position) => SenseProgress;
  const book = openBook((position) => show(position), from);

  const width = Math.min(rows, cols, WIDEST);
  const wide = S.parametrisation(width);
  show = (position) => S.show('descent', wide, position);
  const wideEnd = yield* S.descend(book, wide, gradient(options.stepSize), () => wideStart(width), {
    ...options,
    tolerance: Math.max(NEAR, options.tolerance),
    patience: PATIENCE,
  });
  // A start that no step predicts better than is X ≈ 0 still, and shows nothing.
  const lost = wideEnd.score !== undefined && !(wideEnd.score < 0.99);
  const sketch = wide.value(wideEnd.theta);
  const shown = lost ? 1 : widestGap(factoredSvd(S.K, sketch).values, Math.max(1, most), 0.02);
  const first = Math.max(1, Math.min(options.rank ?? shown, rows, cols));
  const begin = () =>
    lost
      ? S.parametrisation(first).value(spectral(S.K, S.descentDirection(), first, S.random, symmetric))
      : truncated(S.K, sketch, first);
  notes.push(
    `Wide descent: width ${width}, ${book.steps()} ${plural(book.steps(), 'step')}; ${lost ? 'it predicts held-out measurements no better than X = 0 does' : `its singular values show rank ${shown}`}.`,
  );

  function* finish(T: Sensing, X: Factored): Generator<Snapshot<SenseProgress>, Fit, undefined> {
    const rank = X.left.cols;
    const phi = T.parametrisation(rank);
    show = (position) => T.show('finish', phi, position);
    let eta = SCALED_STEP;
    for (;;) {
      const end = yield* T.descend(book, phi, scaled(eta, phi.metric!), () => T.lift(X), { ...options, shed: 0 });
      if (end.outcome !== 'diverged' || eta < 0.01) return { rank, X: phi.value(end.theta), end };
      eta /= 2;
    }
  }
  const enough = Math.max(options.tolerance, options.precision === 'f32' ? EXACT : 0);
  const exact = ({ end }: Fit) => S.residual(end.loss) <= enough && !((end.score ?? 0) > EXACT);
  /** How well X is predicted, and how much of that noise alone would explain. A fit of nothing scores 1. */
  const judged = (at?: Fit) => {
    const m = operator.measurements;
    const d = at ? freedom(at.rank, rows, cols, symmetric) : 0;
    const residual = at ? S.residual(at.end.loss) : 1;
    return {
      score: at ? at.end.score! : 1,
      criterion: m * log((residual * residual) / Math.max(0, m - d)) + d * log(m),
    };
  };
  const better = (one: Fit, other?: Fit) => {
    const [a, b] = [judged(one), judged(other)];
    return a.score < 0.99 * b.score && a.criterion < b.criterion;
  };

  const isSpent = () => book.steps() >= options.iterations;
  let fit = yield* finish(S, begin());
  if (options.rank === undefined && S.heldOut) {
    let grew = false;
    while (!exact(fit) && fit.rank < most && !isSpent()) {
      const start = grown(S, fit.X);
      const next = start && (yield* finish(S, start));
      if (!next || !better(next, fit)) break;
      fit = next;
      grew = true;
    }
    while (!grew && fit.rank > 1 && !exact(fit) && !isSpent()) {
      const next = yield* finish(S, truncated(S.K, fit.X, fit.rank - 1));
      if (better(fit, next)) break;
      fit = next;
    }
  }
  const heldOut = fit.end.score;
  let last = S;
  const chosen = options.rank === undefined && !exact(fit);
  const unpredicted = heldOut !== undefined && (heldOut > 0.9 || (chosen && !better(fit)));
  if (exact(fit)) notes.push(`Finish: ScaledGD at rank ${fit.rank} fits the measurements exactly.`);
  else {
    notes.push(
      `Finish: ScaledGD at rank ${fit.rank}, ${options.rank === undefined ? 'chosen by' : 'given; tried on'} held-out measurements.`,
    );
    if (S.heldOut && !unpredicted && !isSpent()) {
      last = sensingOf(S.K, stacked(S.train, S.heldOut), undefined, options.seed);
      fit = yield* finish(last, fit.X);
      notes.push(
        `The measurements are not fitted exactly (noise, ${symmetric ? 'negative eigenvalues, ' : ''}or a higher rank): refitted at that rank on all of them.`,
      );
    }
  }
  if (!S.heldOut) notes.push('No measurements are kept back: nothing tells whether X predicts others.');
  if (unpredicted)
    notes.push(
      `Held-out measurements are not predicted: the matrix is not recovered. More ${isSpent() ? 'steps' : 'measurements'} are needed, or its rank is high.`,
    );
  return {
    outcome: isSpent() && !exact(fit) ? 'iteration-limit' : unpredicted ? 'stalled' : fit.end.outcome,
    method: 'auto',
    X: fit.X,
    width,
    rank: fit.rank,
    iterations: book.steps(),
    residual: last.residual(fit.end.loss),
    heldOut,
    singularValues: factoredSvd(S.K, fit.X).values,
    notes,
  };
}

/** X with one more direction, the steepest that its gradient shows; none where a symmetric X ≥ 0 has no direction to grow. */
function grown(S: Sensing, X: Factored): Factored | undefined {
  const down = S.descentDirection(X);
  if (S.train.operator.symmetric) {
    const { values, vectors } = symmetricEigen(S.K, denseOf(S.K, down));
    if (!(values[0] > 0)) return undefined;
    const left = withColumn(X.left, (i) => Math.sqrt(values[0]) * at(vectors, i, 0));
    return { left, right: left };
  }
  const { value, left: u, right: v } = largestSingular(S.K, down);
  if (!(value > 0)) return undefined;
  const root = Math.sqrt(value);
  return { left: withColumn(X.left, (i) => root * u[i]), right: withColumn(X.right, (i) => root * v[i]) };
}

/** [A, a]. A: n×k. */
function withColumn(A: Matrix, a: (i: number) => number): Matrix {
  const B = matrix(A.rows, A.cols + 1);
  for (let i = 0; i < A.rows; i++) {
    for (let j = 0; j < A.cols; j++) B.data[i * B.cols + j] = at(A, i, j);
    B.data[i * B.cols + A.cols] = a(i);
  }
  return B;
}
