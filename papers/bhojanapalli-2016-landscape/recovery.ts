// Gaussian measurements of UUᵀ with eigenvalues 1, recovered by gradient descent on ½‖𝒜(UUᵀ) − y‖² from a random start and from
// the spectral one: success over m, error under noise, and stochastic descent beside the whole gradient.

import {
  formed,
  frobenius,
  gaussian,
  type Kernels,
  log,
  lowRank,
  type Matrix,
  normals,
  type Operator,
  pull,
  relativeFrobenius,
  type Stream,
  senseStream,
  sensing,
  spectral,
  split,
  symmetric,
  type Theta,
  withNoise,
} from 'lorank';
import type { Row } from '../paper.js';
import { follow } from '../trajectory.js';

const STEP = 0.1; // η of ½‖𝒜(UUᵀ) − y‖²
const STEPS = 3000;
const SUCCESS = 1e-2;

interface Problem {
  readonly operator: Operator;
  readonly y: Float64Array;
  readonly X: Matrix<Float64Array>;
}

function problem(K: Kernels, n: number, rank: number, measurements: number, sigma: number, random: Stream): Problem {
  const { X } = lowRank(K, { rows: n, cols: n, rank, symmetric: true }, split(random, 'truth'));
  const operator = gaussian(K, { rows: n, cols: n, measurements, symmetric: true }, split(random, 'operator'));
  // The operator carries 1/√m; so does the noise.
  const y = withNoise(operator.apply(X), sigma / Math.sqrt(measurements), split(random, 'noise'));
  return { operator, y, X: formed(K, X) };
}

/** random: entries N(0, 1/n), so that ‖U‖ is about that of the truth. huge: ten times that. Or the spectral start. */
const startOf = (K: Kernels, kind: string, { operator, y }: Problem, n: number, rank: number, random: Stream): Theta =>
  kind !== 'spectral'
    ? normals(split(random, 'start'), n * rank).map((z) => ((kind === 'huge' ? 10 : 1) * z) / Math.sqrt(n))
    : spectral(K, operator.adjoint(y), rank, split(random, 'spectral'), true);

/** Success of each start on one problem of each rank. */
export function* recoveries(
  K: Kernels,
  random: Stream,
  n: number,
  ranks: readonly number[],
  ratio: number,
): Generator<undefined, Row[]> {
  const rows: Row[] = [];
  for (const rank of ranks) {
    const own = split(random, 'rank', rank);
    const made = problem(K, n, rank, Math.round(ratio * n * rank), 0, own);
    const phi = symmetric(K, n, rank);
    const F = pull(sensing(made.operator, made.y, 0.5), phi);
    for (const kind of ['random', 'spectral', 'huge']) {
      let te = Number.NaN;
      let steps = 0;
      yield* follow(F, STEP, startOf(K, kind, made, n, rank, own), STEPS, ({ k, theta, loss }) => {
        if (k % 10 !== 0) return false;
        te = relativeFrobenius(K, phi.value(theta), made.X);
        steps = k;
        // Where the measurements are met, descent has nowhere to go; nor where it has left the numbers.
        return te < SUCCESS || !(loss > 1e-12);
      });
      rows.push({ rank, ratio, start: kind, te, steps, success: te < SUCCESS ? 1 : 0 });
    }
  }
  return rows;
}

/** ‖UUᵀ − X‖_F under noise of standard deviation σ on each unit-variance measurement, m = 6nr, from the spectral start. */
export function* noisy(
  K: Kernels,
  random: Stream,
  n: number,
  rank: number,
  sigma: number,
): Generator<undefined, Row[]> {
  const measurements = 6 * n * rank;
  const made = problem(K, n, rank, measurements, sigma, random);
  const phi = symmetric(K, n, rank);
  const F = pull(sensing(made.operator, made.y, 0.5), phi);
  let last = startOf(K, 'spectral', made, n, rank, random);
  yield* follow(F, STEP, last, 400, ({ theta, grad }) => {
    last = theta;
    return grad.every((g) => Math.abs(g) < 1e-7);
  });
  const error = relativeFrobenius(K, phi.value(last), made.X) * frobenius(made.X);
  return [
    {
      n,
      rank,
      sigma,
      error,
      scaled: error / (sigma * Math.sqrt((n * rank) / measurements)),
      logScaled: error / (sigma * Math.sqrt(log(n) / measurements)),
    },
  ];
}

/**
 * Stochastic descent on tenths of the measurements from a random start, and the whole gradient from another one: error over
 * σ√(nr/m), on m = 6nr measurements; and stochastic descent on m = nr.
 */
export function* stochastic(
  K: Kernels,
  random: Stream,
  n: number,
  rank: number,
  sigma: number,
): Generator<undefined, Row[]> {
  const rows: Row[] = [];
  for (const ratio of [6, 1]) {
    const measurements = ratio * n * rank;
    const made = problem(K, n, rank, measurements, sigma, split(random, 'ratio', ratio));
    const scale = (sigma * Math.sqrt((n * rank) / measurements)) / frobenius(made.X);
    for (const method of ratio === 6 ? (['gd', 'sgd'] as const) : (['sgd'] as const)) {
      const initScale = method === 'gd' ? 0.3 : undefined;
      const run = senseStream(K, made, undefined, { method, rank, initScale, seed: random.index });
      let state = run.next();
      for (let i = 0; !state.done; state = run.next()) if (i++ % 100 === 0) yield;
      const { outcome, iterations, X } = state.value;
      const passes = method === 'sgd' ? iterations / 10 : iterations;
      rows.push({ ratio, method, outcome, passes, error: relativeFrobenius(K, X, made.X) / scale });
    }
  }
  return rows;
}
