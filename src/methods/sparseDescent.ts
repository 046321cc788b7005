// The descents of sparse(): the start, κ and step that the data advise where they are not given; a step of our own choosing
// is halved where it diverges. auto is
//   1. the lasso on the training measurements, its λ by the held-out ones: the baseline, and the size of x;
//   2. weight-normalised descent on the training measurements, ended where the held-out ones are no longer predicted better;
//   3. the same on all measurements: to the tolerance, or for as many steps as were best;
// and it ends early where least squares on the s ≤ M/2 largest entries meets y exactly: if any M columns of A are independent,
// as for random A, no other x with M − s entries or fewer does.

import type { Theta } from '../descend.js';
import type { Kernels } from '../kernels/contract.js';
import { mapNorm } from '../linalg/lanczos.js';
import { mapOf } from '../linalg/maps.js';
import { leastSquares } from '../linalg/qr.js';
import { matrix } from '../matrix.js';
import { powers } from '../parametrisations/hadamard.js';
import type { Design } from '../problems/linear.js';
import { pow } from '../random/index.js';
import { anyOf, divergence, iterationLimit, lossBelow, type Outcome, type Stop } from '../stop.js';
import type { Checkpoint, Snapshot } from '../stream.js';
import { diagonal } from './diagonal.js';
import { inner } from './homotopy.js';
import { type LegEnd, openBook, type Position } from './leg.js';
import { countLarge, type Finish, norm1, type Parts, type SparseOptions } from './sparse.js';
import { type LinearData, lasso, misfit, type SparseProgress } from './sparsePath.js';
import { adviseWeightNorm, normEstimate } from './weightNorm.js';

type DescentOptions = SparseOptions & Required<Pick<SparseOptions, 'method' | 'positive' | 'depth' | 'tolerance'>>;

const PATIENCE = 5000; // steps without a better held-out error
const WORK = 4e6; // numbers of A that are read between two iterates
const EXACT = 1e-9; // ‖A x − y‖/‖y‖ of an exact fit
const BOUNCING = 0.05; // ‖A x − y‖/‖y‖ at the end, above which a step of one's own is suspected
const ROUNDING = 1e-12; // share of the first loss below which it may rise by rounding
const LARGE = 1e-2; // share of the largest entry above which an entry may belong to the support

interface Settings {
  readonly initScale: number;
  readonly stepSize: number;
  readonly ratio?: number;
}

export function* descents(
  K: Kernels,
  { all, train, heldOut }: Parts & { readonly all: LinearData },
  options: DescentOptions,
  from?: Checkpoint,
): Generator<Snapshot<SparseProgress>, Finish, undefined> {
  const { method, positive, depth, tolerance, iterations = 200_000 } = options;
  const most = heldOut ? Math.ceil(iterations / 2) : iterations;
  const { cols } = all.A;
  const notes: string[] = [];
  const sizes = normEstimate(train.A, train.y);
  let baseline: Finish['baseline'];
  if (method === 'auto') {
    const end = yield* lasso(K, train, heldOut, { positive, penalty: heldOut ? undefined : 0 });
    const norm = norm1(end.x);
    baseline = { sparsity: countLarge(end.x), residual: misfit(train, end.x), heldOut: end.heldOut, norm };
    if (norm > 0.1 * sizes.norm) {
      sizes.norm = norm;
      sizes.size = Math.sqrt(inner(end.x, end.x));
    }
  }
  const advised = advise(K, train.A, train.y, sizes, options);
  // odd, so that a bounce of period two is seen
  const every = Math.max(1, Math.min(99, Math.round(WORK / (all.A.rows * cols))));
  const patience = every * Math.ceil(PATIENCE / every);
  const xOf = (theta: Theta) => {
    const x = new Float64Array(cols);
    powers(theta, depth, x, new Float64Array(theta.length));
    return x;
  };

  let stage: SparseProgress['stage'] = 'descent';
  let part = train;
  const residualOf = (loss: number) => Math.sqrt((2 * loss) / inner(part.y, part.y));
  const show = ({ step, it, score }: Position): SparseProgress => ({
    stage,
    step,
    residual: residualOf(it.loss),
    heldOut: score,
  });
  const book = openBook(show, from?.arrays.theta ? from : undefined);
  let { stepSize } = advised;
  function* travel(
    data: LinearData,
    upTo: number,
    judged: boolean,
  ): Generator<Snapshot<SparseProgress>, LegEnd, undefined> {
    part = data;
    const start = () => options.start ?? new Float64Array(positive ? cols : 2 * cols).fill(advised.initScale);
    const judge = judged && heldOut ? { score: (theta: Theta) => misfit(heldOut, xOf(theta)), patience } : undefined;
    const stop = anyOf(
      divergence(),
      rising,
      lossBelow(0.5 * tolerance * tolerance * inner(data.y, data.y)),
      ...(method === 'auto' ? [exactly((theta) => Boolean(exactFit(K, data, xOf(theta))), 10 * every)] : []),
    );
    for (;;) {
      const last = Math.min(upTo, iterations - book.steps());
      const stream = diagonal(K, data.A, data.y, { depth, positive, stepSize, ratio: advised.ratio, every, last });
      const end = yield* book.travel({ stream, start, stop: anyOf(stop, iterationLimit(last)), judge });
      if (end.outcome !== 'diverged' || options.stepSize !== undefined || stepSize < 1e-6 * advised.stepSize)
        return end;
      stepSize /= 2;
    }
  }

  let end = yield* travel(train, most, true);
  const score = end.score;
  let outcome: Outcome = end.outcome;
  const exactOn = (data: LinearData) => (method === 'auto' ? exactFit(K, data, xOf(end.last)) : undefined);
  let exact = exactOn(train);
  if (exact && heldOut && misfit(heldOut, exact) > EXACT) exact = undefined;
  if (heldOut && outcome !== 'diverged' && !exact) {
    const best = end.judged ? end.steps - patience : most;
    notes.push(
      end.judged
        ? `Held-out measurements are predicted best after about ${best} steps; so many are taken again on all.`
        : 'Descent was ended by no held-out measurement; it is repeated on all.',
    );
    stage = 'refit';
    const judged = end.judged;
    end = yield* travel(all, Math.max(every, best), false);
    outcome = judged && end.outcome === 'iteration-limit' ? 'converged' : end.outcome;
    exact = exactOn(all);
  }
  if (exact) {
    const count = countLarge(exact, 0);
    notes.push(
      count === 1
        ? 'The largest entry alone fits the measurements exactly.'
        : `The ${count} largest entries alone fit the measurements exactly.`,
    );
  }
  const would = () => advise(K, train.A, train.y, sizes, { ...options, stepSize: undefined }).stepSize;
  const figure = (value: number) => value.toPrecision(3);
  if (outcome === 'diverged') notes.push(`A step of ${figure(stepSize)} diverges; ${figure(would())} would do.`);
  else if (outcome === 'iteration-limit' && residualOf(end.loss) > BOUNCING && stepSize > 2 * would()) {
    // weight normalisation cannot diverge: too long a step leaves it bouncing, or stuck on one entry
    outcome = 'stalled';
    notes.push(`A step of ${figure(stepSize)} is too long: ‖A x − y‖ does not fall; ${figure(would())} would do.`);
  }
  if (score !== undefined && score > 0.9 && outcome !== 'diverged' && !exact) {
    outcome = 'stalled';
    notes.push(
      'Held-out measurements are not predicted: x is not recovered. It needs more of them, or it is not sparse.',
    );
  } else if (baseline?.heldOut !== undefined && !exact && score! > 1.05 * baseline.heldOut && score! > 1e-3)
    notes.push('The lasso predicts the held-out measurements better: method lasso.');
  const { initScale, ratio } = advised;
  return {
    x: exact ?? xOf(end.theta),
    outcome: exact ? 'converged' : outcome,
    steps: book.steps(),
    heldOut: score,
    settings: { depth, initScale, stepSize, ...(ratio !== undefined && { ratio }) },
    baseline,
    notes,
  };
}

/** What is given, and the advised where it is not. */
function advise(
  K: Kernels,
  A: Design,
  y: Float64Array,
  sizes: { norm: number; size: number },
  { method, positive, depth, initScale, ratio, stepSize, start }: DescentOptions,
): Settings {
  const entries = positive ? A.cols : 2 * A.cols;
  const advice = adviseWeightNorm({ ...sizes, entries, depth });
  const polar = method !== 'hadamard';
  const alpha = initScale ?? (polar ? advice.initScale : small(depth) * pow(sizes.size, 1 / depth));
  const kappa = polar ? (ratio ?? advice.ratio) : undefined;
  if (stepSize !== undefined) return { initScale: alpha, ratio: kappa, stepSize };
  const plain = safeStep(K, A, y, depth);
  // In θ, the polar step moves by η_u r² across u and by η_u/κ along it.
  const r0 = start ? inner(start, start) : alpha * alpha * entries;
  const reach = kappa === undefined ? 1 : Math.max(r0, 1.5 * advice.radiusSquared, 1 / kappa);
  return { initScale: alpha, ratio: kappa, stepSize: plain / reach };
}

/**
 * 1/(L² x_max^{2−2/L} ‖A‖₂²): the Hessian in θ of a fit is L² W AᵀA W, W = diag|x|^{1−1/L}. x_max: the largest entry that
 * one column alone would take.
 */
export function safeStep(K: Kernels, A: Design, y: Float64Array, depth: number): number {
  const spectral = mapNorm(K, mapOf(K, matrix(A.rows, A.cols, A.entries)));
  const sizes = new Float64Array(A.cols);
  for (let i = 0, e = 0; i < A.rows; i++) for (let j = 0; j < A.cols; j++, e++) sizes[j] += A.entries[e] * A.entries[e];
  const most = A.adjoint(y).reduce((m, c, j) => Math.max(m, sizes[j] > 0 ? Math.abs(c) / sizes[j] : 0), 0);
  return 1 / (depth * depth * pow(most, 2 - 2 / depth) * spectral * spectral);
}

/** α of hadamard, for x of size 1: steps grow like log 1/α for L = 2 and like α^{2−L} above. */
const small = (depth: number): number => (depth > 2 ? pow(10, -2 / (depth - 2)) : 1e-6);

/** Diverged when the loss has been above twice its lowest at ten iterates: a step a little too long does not settle. */
const rising: Stop = {
  start: [Number.NaN, Infinity, 0],
  see({ loss }, [before, lowest, count]) {
    const first = Number.isNaN(before) ? loss : before;
    const up = loss > 2 * lowest && loss > ROUNDING * first ? count + 1 : count;
    return { memory: [first, Math.min(lowest, loss), up], outcome: up >= 10 ? 'diverged' : undefined };
  },
};

/** Converged where the test holds, tried once in so many steps. */
const exactly = (test: (theta: Theta) => boolean, interval: number): Stop => ({
  start: [],
  see: (it, memory) => ({
    memory,
    outcome: it.k > 0 && it.k % interval === 0 && test(it.theta) ? 'converged' : undefined,
  }),
});

/** Least squares on the large entries of x, if they are at most M/2 and it meets y exactly. */
function exactFit(K: Kernels, data: LinearData, x: Float64Array): Float64Array | undefined {
  const { A, y } = data;
  const least = LARGE * x.reduce((m, value) => Math.max(m, Math.abs(value)), 0);
  const support = [...x.keys()].filter((j) => Math.abs(x[j]) > least);
  const s = support.length;
  if (s < 1 || s > A.rows / 2) return undefined;
  const columns = matrix(A.rows, s);
  for (let i = 0; i < A.rows; i++)
    support.forEach((j, t) => {
      columns.data[i * s + t] = A.entries[i * A.cols + j];
    });
  const { data: z } = leastSquares(K, columns, matrix(A.rows, 1, y));
  const fit = new Float64Array(A.cols);
  support.forEach((j, t) => {
    fit[j] = z[t];
  });
  return misfit(data, fit) <= EXACT ? fit : undefined;
}
