// What the experiments share: problems, the points that theory names, and descent until it has settled.

import {
  at,
  cholesky,
  type Design,
  design,
  diagonal,
  hadamard,
  type Kernels,
  lassoPath,
  log,
  matrix,
  normals,
  onSegment,
  type Stream,
  signs,
  solveCholesky,
  sparse,
  split,
  uniforms,
} from 'lorank';
import { distance, type Linear, length } from './flow.js';

/** A sparse or dense x ≥ 0 behind y = A x. */
export interface Problem extends Linear {
  readonly x: Float64Array;
  readonly design: Design;
}

export function problemOf(K: Kernels, rows: number, cols: number, A: Float64Array, x: Float64Array): Problem {
  const made = design(K, matrix(rows, cols, A));
  return { rows, cols, A, x, y: made.apply(x), design: made };
}

/** A: entries N(0, 1/M). */
export const gaussianEntries = (rows: number, cols: number, random: Stream): Float64Array =>
  normals(split(random, 'A'), rows * cols).map((value) => value / Math.sqrt(rows));

/** ±1. */
export const signEntries = (rows: number, cols: number, random: Stream): Float64Array =>
  signs(split(random, 'A'), rows * cols);

/** N = 100, M = 40 in the reference runs; s entries of x, uniform in [½, 1½]. */
export function sparseProblem(K: Kernels, random: Stream, support: number, rows = 40, cols = 100): Problem {
  const { x } = sparse({ length: cols, support, magnitudes: [0.5, 1.5], signs: 'positive' }, split(random, 'x'));
  return problemOf(K, rows, cols, gaussianEntries(rows, cols, random), x);
}

/** All entries of x uniform in [0.05, 0.5], so that descent gets to the end. */
export function denseProblem(K: Kernels, random: Stream, rows = 8, cols = 20): Problem {
  const x = uniforms(split(random, 'x'), cols).map((value) => 0.05 + 0.45 * value);
  return problemOf(K, rows, cols, gaussianEntries(rows, cols, random), x);
}

/** r·u, u uniform in [½, 1½] and normalised. */
export function randomStart(random: Stream, n: number, radius: number): Float64Array {
  const w = uniforms(split(random, 'start'), n).map((value) => 0.5 + value);
  const size = length(w);
  return w.map((value) => (radius * value) / size);
}

export const norm1 = (x: Float64Array): number => x.reduce((sum, value) => sum + Math.abs(value), 0);

/** argmin ‖x‖₁ over A x = y, x ≥ 0. */
export function leastNorm(K: Kernels, { design: A, y, cols }: Problem): Float64Array {
  let x: Float64Array = new Float64Array(cols);
  for (const segment of lassoPath(K, A, y, { positive: true })) x = onSegment(segment, segment.to, cols);
  return x;
}

export interface Descent {
  readonly depth: number;
  readonly stepSize: number;
  /** κ; without it, plain gradient descent. */
  readonly ratio?: number;
  readonly iterations: number;
  readonly every: number;
  /** Ends when ‖A x − y‖ is below. */
  readonly level?: number;
}

export interface Seen {
  readonly k: number;
  readonly x: Float64Array;
  readonly theta: Float64Array;
  /** ‖A x − y‖. */
  readonly misfit: number;
}

/** Descent on x = w^L from w₀; every so many steps it is looked at. */
export function* descent(
  K: Kernels,
  { design: A, y, cols }: Problem,
  start: Float64Array,
  { depth, stepSize, ratio, iterations, every, level = 0 }: Descent,
  look: (seen: Seen) => void,
): Generator<undefined, Seen, undefined> {
  const positive = start.length === cols;
  const phi = hadamard(cols, { depth, positive });
  const its = diagonal(K, A, y, { depth, positive, stepSize, ratio, every, last: iterations })(start);
  for (const { k, theta, loss } of its) {
    const seen = { k, theta, x: phi.value(theta), misfit: Math.sqrt(2 * loss) };
    look(seen);
    if (k >= iterations || !(seen.misfit > level)) return seen;
    if ((k / every) % 64 === 63) yield;
  }
  throw new Error('descent does not end');
}

/** ‖a − b‖/‖b‖. */
export const relative = (a: Float64Array, b: Float64Array): number => distance(a, b) / length(b);

/**
 * argmin ‖x‖₁·KL(x/‖x‖₁ ‖ u₀²) + (κ/2)(‖x‖₁ − r₀²)² over A x = y, by Newton from an x > 0 that fits. Its Hessian is
 * diag(1/x) + (κ − 1/S)·11ᵀ, S = ‖x‖₁, and has the inverse diag(x) − (κ − 1/S)/(κS)·xxᵀ. κ > 0.
 */
export function potentialMinimum({ rows, cols, A, x: from }: Problem, u0: Float64Array, r0: number, ratio: number) {
  let x = from.slice();
  for (let step = 0; step < 100; step++) {
    const S = norm1(x);
    const c = (ratio - 1 / S) / (ratio * S);
    const g = x.map((value, j) => log(value / (S * u0[j] * u0[j])) + ratio * (S - r0 * r0));
    const times = (v: Float64Array) => {
      let along = 0;
      for (let j = 0; j < cols; j++) along += x[j] * v[j];
      return v.map((value, j) => x[j] * (value - c * along));
    };
    const B = matrix(rows, rows);
    const b = matrix(rows, 1);
    const Hg = times(g);
    const rowOf = (i: number) => A.subarray(i * cols, (i + 1) * cols);
    for (let i = 0; i < rows; i++) {
      const HA = times(rowOf(i));
      for (let t = 0; t < rows; t++) B.data[t * rows + i] = inner(rowOf(t), HA);
      b.data[i] = inner(rowOf(i), Hg);
    }
    const nu = solveCholesky(cholesky(B), b);
    const slope = g.map((value, j) => {
      let sum = value;
      for (let i = 0; i < rows; i++) sum -= A[i * cols + j] * at(nu, i, 0);
      return sum;
    });
    const d = times(slope);
    let size = 1;
    for (let j = 0; j < cols; j++) if (d[j] > 0) size = Math.min(size, (0.9 * x[j]) / d[j]);
    x = x.map((value, j) => value - size * d[j]);
    if (length(d) <= 1e-13 * length(x)) break;
  }
  return x;
}

const inner = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j] * b[j];
  return sum;
};
