// The laws of the flow: what is invariant, the plain start that ends at the same point, the potential of depth 2.

import { equivalentStart, type Kernels, log, type Stream, split, weightNormInvariant } from 'lorank';
import type { Row } from '../paper.js';
import { distance, kernelPart, length, plainLimit, polarFlow } from './flow.js';
import { denseProblem, descent, potentialMinimum, randomStart, relative, sparseProblem } from './problems.js';

const DEPTHS = [1, 2, 3, 4];
const RATIOS = [0.5, 1, 5];
const DT = 1e-4; // at 2·10⁻⁴ the error of RK4 shows, up to 6·10⁻¹⁰, where L = 4 and an entry of u is small
const TIME = 3;

/** Drift of the invariants over time T, in ker A and as a whole; and of those of another κ. */
export function* invariants(K: Kernels, random: Stream): Generator<undefined, Row[]> {
  const rows: Row[] = [];
  for (const depth of DEPTHS)
    for (const ratio of RATIOS) {
      rows.push(drifts(K, random, depth, ratio, TIME)[1]);
      yield;
    }
  return rows;
}

/** The same along the way, κ = 1. */
export function* driftCurves(K: Kernels, random: Stream): Generator<undefined, Row[]> {
  const rows: Row[] = [];
  for (const depth of DEPTHS) {
    rows.push(...drifts(K, random, depth, 1, 0.05));
    yield;
  }
  return rows;
}

function drifts(K: Kernels, random: Stream, depth: number, ratio: number, every: number): Row[] {
  const problem = sparseProblem(K, random, 3, 5, 12);
  const inKernel = kernelPart(K, problem);
  const start = randomStart(random, problem.cols, 1);
  const path = polarFlow(problem, depth, ratio, start, {
    dt: DT,
    every: Math.round(every / DT),
    steps: Math.round(TIME / DT),
  });
  const rows: Row[] = [];
  let first: { right: Float64Array; wrong: Float64Array } | undefined;
  for (const { t, u, radius } of path) {
    const right = weightNormInvariant(u, radius, ratio, depth);
    const wrong = weightNormInvariant(u, radius, 2 * ratio, depth);
    first ??= { right, wrong };
    const off = (from: Float64Array, to: Float64Array) => to.map((value, j) => value - from[j]);
    rows.push({
      depth,
      ratio,
      t,
      kernel: length(inKernel(off(first.right, right))),
      whole: distance(right, first.right),
      wrong: length(inKernel(off(first.wrong, wrong))),
    });
  }
  return rows;
}

/** ‖x_WN − x_GF(w_eff)‖/‖x‖ for two steps; and from w_eff with the sign of its exponent flipped, and from w₀. */
export function* equivalence(K: Kernels, random: Stream): Generator<undefined, Row[]> {
  const problem = denseProblem(K, random);
  const { cols: n } = problem;
  const ratio = 1;
  const w0 = randomStart(random, n, 0.5 * Math.sqrt(n));
  const power = (w: Float64Array, depth: number) => w.map((value) => powerOf(value, depth));
  const rows: Row[] = [];
  for (const depth of [2, 3, 4])
    for (const stepSize of [1e-3, 5e-4]) {
      const how = { depth, stepSize, ratio, iterations: 600_000, every: 100, level: 1e-10 };
      const { theta, x, misfit } = yield* descent(K, problem, w0, how, () => {});
      const radius = length(theta);
      const scaled = equivalentStart(w0, radius, ratio);
      const factor = scaled[0] / w0[0];
      const plain = radius / length(w0);
      const gap = (start: Float64Array) => {
        const w = plainLimit(problem, depth, start, { dt: 0.02, level: 1e-11, steps: 400_000 });
        return w ? relative(power(w, depth), x) : Number.NaN;
      };
      rows.push({
        depth,
        stepSize,
        misfit,
        factor,
        gap: gap(scaled),
        flipped: gap(w0.map((w) => (w * plain * plain) / factor)),
        unscaled: gap(w0),
      });
      yield;
    }
  return rows;
}

function powerOf(w: number, depth: number): number {
  let x = w;
  for (let l = 1; l < depth; l++) x *= w;
  return x;
}

/** How far the limit of depth 2 is from the least point of the potential, for two steps; and of that with κ/2. */
export function* potentialGaps(K: Kernels, random: Stream): Generator<undefined, Row[]> {
  const problem = denseProblem(K, random);
  const r0 = 1.2;
  const ratio = 2;
  const w0 = randomStart(random, problem.cols, r0);
  const u0 = w0.map((w) => w / r0);
  const rows: Row[] = [];
  for (const stepSize of [2e-3, 1e-3]) {
    const how = { depth: 2, stepSize, ratio, iterations: 1_000_000, every: 100, level: 1e-10 };
    const { x, k, misfit } = yield* descent(K, problem, w0, how, () => {});
    rows.push({
      stepSize,
      iterations: k,
      misfit,
      gap: relative(x, potentialMinimum(problem, u0, r0, ratio)),
      half: relative(x, potentialMinimum(problem, u0, r0, ratio / 2)),
    });
  }
  return rows;
}

/** Depth 1 from far away: ‖P⊥u‖ falls by exp(−κ(r∞² − r₀²)/2), so that the limit is near the least norm. */
export function* depthOne(K: Kernels, random: Stream): Generator<undefined, Row[]> {
  const problem = denseProblem(K, random);
  const x = problem.x.map((value) => 6 * value);
  const far = { ...problem, x, y: problem.design.apply(x) };
  const inKernel = kernelPart(K, far);
  const w0 = randomStart(split(random, 'far'), far.cols, 2);
  const outside = (w: Float64Array) => length(inKernel(w));
  const rows: Row[] = [];
  for (const ratio of [0, 0.5, 1]) {
    const how = { depth: 1, stepSize: 2e-4, ratio: ratio || undefined, iterations: 400_000, every: 100, level: 1e-10 };
    const { x: found, misfit } = yield* descent(K, far, w0, how, () => {});
    const [r0, r] = [length(w0), length(found)];
    const measured = log(outside(found) / r / (outside(w0) / r0));
    // the exponent that κ = 1 would have stands in for that of plain descent, which has none
    const predicted = -0.5 * (ratio || 1) * (r * r - r0 * r0);
    const leastNorm = far.x.map((value, j) => value - inKernel(far.x)[j]);
    rows.push({ ratio, misfit, start: r0, radius: r, measured, predicted, fromLeast: relative(found, leastNorm) });
    yield;
  }
  return rows;
}
