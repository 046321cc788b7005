// The family around it: ScaledGD on a few entries, scaled steps from random starts, and ScaledGD(λ).

import {
  approximation,
  descend,
  distance,
  factorPair,
  formed,
  frobenius,
  gradient,
  type Kernels,
  type Matrix,
  mask,
  matrix,
  multiply,
  pull,
  type Rule,
  type ScaledStepsOptions,
  type Stream,
  scaled,
  sensing,
  signs,
  smallRandom,
  spectral,
  split,
  svd,
  uniformMask,
} from 'lorank';
import type { Row } from '../paper.js';
import { gaussian, type Known, known, LEVEL } from './presets.js';
import { course } from './runs.js';

type Rows = Generator<undefined, Row[]>;

/** Iterations of ScaledGD and of gradient descent from a spectral start, over κ, on the entries of one mask. */
export function* completion(
  K: Kernels,
  random: Stream,
  { n, rank, share, steps }: { n: number; rank: number; share: number; steps: number },
): Rows {
  const entries = uniformMask(n, n, Math.round(share * n * n), split(random, 'mask'));
  const operator = mask(K, entries);
  // Rows of equal size: as incoherent as can be.
  const [U, V] = ['left', 'right'].map((side) => svd(K, matrix(n, rank, signs(split(random, side), n * rank))).U);
  const phi = factorPair(K, n, n, rank);
  const rows: Row[] = [];
  for (const condition of [1, 5, 10, 20]) {
    const sigma = Float64Array.from({ length: rank }, (_, i) => 1 - ((1 - 1 / condition) * i) / (rank - 1));
    const A = formed(K, {
      left: matrix(
        n,
        rank,
        U.data.map((u, t) => u * sigma[t % rank]),
      ),
      right: V,
    });
    const problem = { A, size: frobenius(A) };
    const y = operator.apply(problem.A);
    const F = pull(sensing(operator, y), phi);
    const start = spectral(K, operator.adjoint(y), rank, split(random, 'start'));
    const seen = Math.sqrt(y.reduce((sum, v) => sum + v * v, 0));
    const its = function* (rule: Rule, most: number): Generator<undefined, number> {
      for (const { k, theta, loss } of descend(F, rule, start)) {
        // The misfit on the entries that are seen says when the error is worth a look.
        const near = Math.sqrt(2 * loss) < 10 * LEVEL * seen;
        if (near && distance(K, phi.value(theta), problem.A) < LEVEL * problem.size) return k;
        if (k === most) return Number.POSITIVE_INFINITY;
        if (!(loss < 1e6)) return Number.NaN;
        if (k % 20 === 19) yield;
      }
      return Number.NaN;
    };
    const withScaling = yield* its(scaled(0.5, phi.metric!), 400);
    const without = condition === 5 || condition === 20 ? yield* its(gradient(0.5), steps) : Number.NaN;
    rows.push({ condition, scaled: withScaling, gd: without });
  }
  return rows;
}

/** Steps from V, W with entries N(0, 1/100), to an absolute error of 10⁻¹⁰, over κ and orders. */
export function* random(K: Kernels, seed: Stream, n: number): Rows {
  const rank = 5;
  const rows: Row[] = [];
  for (const condition of [10, 1e4]) {
    const problem = known(K, [n, n], condition, seed, { rank, symmetric: false, spectrum: 'linear' });
    const absolute: Known = { ...problem, size: 1 };
    const start = gaussian(seed, 2 * n * rank, 0.1);
    const both = course(K, absolute, start, { width: rank, stepSize: 0.5 }, { steps: 100 });
    yield;
    const alternating = course(K, absolute, start, { width: rank, stepSize: 1, order: 'alternating' }, { steps: 20 });
    rows.push({
      condition,
      simultaneous: both.its,
      alternating: alternating.its,
      gd: gradientIts(K, absolute, start, rank),
    });
    yield;
  }
  return rows;
}

/** Iterations of gradient descent with step ½/σ₁, at most 60: it has the small directions to find as well. */
function gradientIts(K: Kernels, { A }: Known, start: Float64Array, rank: number): number {
  const F = pull(approximation(K, A), factorPair(K, A.rows, A.cols, rank));
  for (const { k, loss } of descend(F, gradient(0.5), start)) {
    if (Math.sqrt(2 * loss) < LEVEL) return k;
    if (k === 60) break;
  }
  return Number.NaN;
}

/** A of rank 5, and start i inside its columns: V = QΣ^½Φ, W = PΣ^½Ψ with Φ and Ψ Gaussian, and the sign of det ΦᵀΨ. */
function insideStart(K: Kernels, { Q, P, sigma }: Known, seed: Stream, i: number) {
  const rank = sigma.length;
  const draw = (name: string) => matrix(rank, rank, gaussian(split(seed, name, i), rank * rank, 1));
  const [Phi, Psi] = [draw('left'), draw('right')];
  const lifted = (basis: Matrix, F: Matrix<Float64Array>) =>
    multiply(
      K,
      basis,
      matrix(
        rank,
        rank,
        F.data.map((v, t) => v * Math.sqrt(sigma[Math.floor(t / rank)])),
      ),
    ).data;
  const start = new Float64Array((Q.rows + P.rows) * rank);
  start.set(lifted(Q, Phi));
  start.set(lifted(P, Psi), Q.rows * rank);
  return { start, positive: determinant(Phi) * determinant(Psi) > 0 };
}

const insideProblem = (K: Kernels, seed: Stream, n: number): Known =>
  known(K, [n, n], 10, seed, { rank: 5, symmetric: false });

/** Whether steps from starts inside the columns of A converge. */
export function* locked(K: Kernels, seed: Stream, n: number): Rows {
  const problem = insideProblem(K, seed, n);
  const rows: Row[] = [];
  for (let i = 0; i < 12; i++) {
    const { start, positive } = insideStart(K, problem, seed, i);
    const its = (options: Partial<ScaledStepsOptions>) =>
      course(K, problem, start, { width: 5, ...options }, { steps: 300 }).its;
    rows.push({ positive, simultaneous: its({}), alternating: its({ order: 'alternating' }) });
    yield;
  }
  return rows;
}

/** Errors from the first of these starts with a negative determinant. */
export function* lockedCourses(K: Kernels, seed: Stream, n: number): Rows {
  const problem = insideProblem(K, seed, n);
  let i = 0;
  while (insideStart(K, problem, seed, i).positive) i++;
  yield;
  const { start } = insideStart(K, problem, seed, i);
  return (['simultaneous', 'alternating'] as const).flatMap((order) =>
    course(K, problem, start, { width: 5, order }, { steps: 60 }).errors.map((error, t) => ({
      panel: 'locked',
      series: order === 'alternating' ? 'one after the other' : 'both at once',
      t,
      error,
    })),
  );
}

/** By elimination. A: k×k. */
function determinant(A: Matrix<Float64Array>): number {
  const k = A.rows;
  const work = A.data.slice();
  let product = 1;
  for (let j = 0; j < k; j++) {
    product *= work[j * k + j];
    for (let i = j + 1; i < k; i++) {
      const factor = work[i * k + j] / work[j * k + j];
      for (let t = j; t < k; t++) work[i * k + t] -= factor * work[j * k + t];
    }
  }
  return product;
}

/** ScaledGD(λ) of width 10 on rank 5 from a start of size 10⁻⁶, to 10⁻⁶, over κ; with λ = σ_min/10, and far too large. */
export function* damped(K: Kernels, seed: Stream, n: number): Rows {
  const rows: Row[] = [];
  const width = 10;
  for (const condition of [1, 10, 100, 1e3]) {
    const problem = known(K, [n, n], condition, seed, { rank: 5 });
    const start = smallRandom(seed, { shape: [n], width, initScale: 1e-6, initNorm: 'unit' });
    const its = (lambda: number) =>
      course(K, problem, start, { width, symmetric: true, damping: () => lambda }, { steps: 40, level: 1e-6 }).its;
    const least = problem.sigma[4];
    rows.push({ condition, its: its(0.1 * least), large: its(10) });
    yield;
  }
  return rows;
}
