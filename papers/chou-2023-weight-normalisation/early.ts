// Early stopping of Hadamard descent on noisy data, x = u^N − v^N from u₀ = v₀, entries of A ±1, the loss (1/n)‖A x − y‖².

import { type Kernels, log, normals, pow, type Stream, split, subset } from 'lorank';
import type { Row } from '../paper.js';
import { median } from '../statistics.js';
import { descent, type Problem, problemOf, signEntries } from './problems.js';

const NOISE = 0.5;

/** y = A x + N(0, σ²), five entries of x are 1; scaled so that ½‖A x − y‖² is the loss. */
function noisy(K: Kernels, random: Stream, n: number, length: number): Problem {
  const x = new Float64Array(length);
  for (const j of subset(split(random, 'support'), length, 5)) x[j] = 1;
  const scale = Math.sqrt(2 / n);
  const A = signEntries(n, length, random).map((value) => scale * value);
  const clean = problemOf(K, n, length, A, x);
  const z = normals(split(random, 'noise'), n);
  return { ...clean, y: clean.y.map((value, i) => value + scale * NOISE * z[i]) };
}

const squares = (x: Float64Array, truth: Float64Array): number =>
  x.reduce((sum, value, j) => sum + (value - truth[j]) * (value - truth[j]), 0);

export interface Window {
  readonly depth: number;
  readonly start: number; // w₀: of u^N
  readonly iterations: number;
  readonly every: number;
}

/** To six decimals: rows of figures. */
export const short = (value: number): number => Math.round(1e6 * value) / 1e6;

/** The median over repetitions of log₂‖x_t − x‖², with its quartiles. */
export function* windows(
  K: Kernels,
  randoms: readonly Stream[],
  { depth, start, iterations, every }: Window,
): Generator<undefined, Row[]> {
  const errors: number[][] = [];
  for (const random of randoms) {
    const problem = noisy(K, random, 100, 200);
    const first = new Float64Array(400).fill(pow(start, 1 / depth));
    const found: number[] = [];
    const how = { depth, stepSize: 0.01, iterations, every };
    yield* descent(K, problem, first, how, ({ x }) => {
      found.push(log(squares(x, problem.x)) / log(2));
    });
    errors.push(found);
  }
  return errors[0].map((_, i) => {
    const all = errors.map((one) => one[i]).sort((a, b) => a - b);
    const quartile = (share: number) => all[Math.round(share * (all.length - 1))];
    return {
      depth,
      start,
      t: i * every,
      error: short(median(all)),
      low: short(quartile(0.25)),
      high: short(quartile(0.75)),
    };
  });
}

/** The least and the last error over α; depth 1 has no bias that α could set. */
export function* alphas(K: Kernels, random: Stream, length: number): Generator<undefined, Row[]> {
  const problem = noisy(K, random, 100, length);
  const rows: Row[] = [];
  for (const depth of [2, 1])
    for (const alpha of depth === 2 ? [1e-2, 1e-3, 1e-4, 1e-12] : [1e-2, 1e-12]) {
      let least = Infinity;
      const how = { depth, stepSize: depth === 2 ? 0.05 : 1e-3, iterations: 1000, every: 10 };
      const end = yield* descent(K, problem, new Float64Array(2 * length).fill(alpha), how, ({ x }) => {
        least = Math.min(least, squares(x, problem.x));
      });
      rows.push({ depth, alpha, least, last: squares(end.x, problem.x) });
    }
  return rows;
}
