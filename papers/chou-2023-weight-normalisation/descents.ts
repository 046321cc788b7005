// Weight normalisation beside plain descent on x = w², x = w³: over the start, over κ, over the sparsity.

import { gradientGap, type Kernels, type Stream, split, weightNormGap } from 'lorank';
import type { Row } from '../paper.js';
import { short } from './early.js';
import { descent, leastNorm, norm1, type Problem, relative, sparseProblem } from './problems.js';

const STEP = 0.01; // η_u, and μ of plain descent
export const FAR = 0.01; // the relative error at which times are taken

/** κ = 0 stands for plain descent. */
interface Setting {
  readonly depth: number;
  readonly alpha: number;
  readonly ratio: number;
}

function* run(K: Kernels, problem: Problem, best: Float64Array, setting: Setting, iterations: number) {
  const { depth, alpha, ratio } = setting;
  const { cols } = problem;
  let hit = Number.NaN;
  const how = { depth, stepSize: STEP, ratio: ratio || undefined, iterations, every: 50, level: 1e-12 };
  const start = new Float64Array(cols).fill(alpha);
  const end = yield* descent(K, problem, start, how, ({ k, x }) => {
    if (Number.isNaN(hit) && relative(x, problem.x) < FAR) hit = k;
  });
  const Q = norm1(best);
  const norm = norm1(end.x);
  const sizes = { leastNorm: Q, entries: cols };
  const r0 = alpha * Math.sqrt(cols);
  return {
    ...setting,
    error: relative(end.x, problem.x),
    pursuit: relative(end.x, best),
    hit,
    iterations: end.k,
    misfit: end.misfit,
    leastNorm: Q,
    gap: norm - Q,
    bound:
      ratio > 0 ? (depth === 2 ? weightNormGap(sizes, r0, ratio) : Infinity) : gradientGap(sizes, alpha, depth, norm),
    strict: depth === 2 ? weightNormGap(sizes, r0, 20) : Infinity,
  } satisfies Row;
}

/** One α, plain descent and κ = 5, 20. */
export function* starts(K: Kernels, random: Stream, iterations: number): Generator<undefined, Row[]> {
  const problem = sparseProblem(K, random, 5);
  const best = leastNorm(K, problem);
  const rows: Row[] = [];
  for (const ratio of [0, 5, 20]) rows.push(yield* run(K, problem, best, { depth: 2, alpha: 0.1, ratio }, iterations));
  return rows;
}

const GRID: readonly (readonly [depth: number, alphas: readonly number[]])[] = [
  [2, [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3]],
  [3, [0.1, 0.15, 0.2, 0.25, 0.3]],
];

/** α and κ, depth 2 and 3. */
export function* startGrid(K: Kernels, random: Stream, iterations: number): Generator<undefined, Row[]> {
  const problem = sparseProblem(K, random, 5);
  const best = leastNorm(K, problem);
  const rows: Row[] = [];
  for (const [depth, alphas] of GRID)
    for (const alpha of alphas)
      for (const ratio of [0, 1, 5, 20]) rows.push(yield* run(K, problem, best, { depth, alpha, ratio }, iterations));
  return rows;
}

/** r₀² below and above Q: errors, and ‖x‖₁/r₀² at the end. */
export function* thresholds(K: Kernels, random: Stream, iterations: number): Generator<undefined, Row[]> {
  const problem = sparseProblem(K, random, 5);
  const best = leastNorm(K, problem);
  const rows: Row[] = [];
  for (const share of [0.5, 3]) {
    const alpha = Math.sqrt((share * norm1(best)) / problem.cols);
    const plain = yield* run(K, problem, best, { depth: 2, alpha, ratio: 0 }, iterations);
    const polar = yield* run(K, problem, best, { depth: 2, alpha, ratio: 5 }, iterations);
    rows.push({
      share,
      plain: plain.error,
      polar: polar.error,
      ratio: polar.error / plain.error,
      plainNorm: (plain.leastNorm + plain.gap) / (share * plain.leastNorm),
      polarNorm: (polar.leastNorm + polar.gap) / (share * polar.leastNorm),
    });
  }
  return rows;
}

/** s = 2, 4, 6, 8 beside basis pursuit. */
export function* sparsities(K: Kernels, random: Stream, iterations: number): Generator<undefined, Row[]> {
  const rows: Row[] = [];
  for (const support of [2, 4, 6, 8]) {
    const problem = sparseProblem(K, split(random, 'support', support), support);
    const best = leastNorm(K, problem);
    for (const ratio of [0, 5])
      rows.push({ support, ...(yield* run(K, problem, best, { depth: 2, alpha: 0.1, ratio }, iterations)) });
  }
  return rows;
}

/** Coordinates along the way, from α = 0.1: those of the support, and the ten largest others. */
export function* paths(K: Kernels, random: Stream): Generator<undefined, Row[]> {
  const problem = sparseProblem(K, random, 5);
  const rows: Row[] = [];
  for (const ratio of [0, 5]) {
    const kept: { t: number; x: Float64Array }[] = [];
    let next = 1;
    const how = { depth: 2, stepSize: STEP, ratio: ratio || undefined, iterations: 40_000, every: 10 };
    const end = yield* descent(K, problem, new Float64Array(problem.cols).fill(0.1), how, ({ k, x }) => {
      if (k < next) return;
      next = Math.max(k + 1, k * 1.12);
      kept.push({ t: Math.max(k, 1), x });
    });
    const others = [...end.x.keys()].filter((j) => problem.x[j] === 0).sort((a, b) => end.x[b] - end.x[a]);
    for (const { t, x } of kept)
      for (const j of [...end.x.keys()].filter((j) => problem.x[j] !== 0).concat(others.slice(0, 10)))
        rows.push({ ratio, t, entry: j, value: short(x[j]), truth: short(problem.x[j]) });
  }
  return rows;
}
