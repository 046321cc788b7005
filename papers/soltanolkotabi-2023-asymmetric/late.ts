// The late rate with 𝒜 = I and width above the rank: symmetric factors against an imbalanced pair
// (the setting of Xiong, Ding and Du 2023).

import {
  type Factored,
  factorPair,
  formed,
  type Kernels,
  log,
  lowRank,
  multiply,
  pull,
  relativeFrobenius,
  type Stream,
  singularValues,
  slice,
  smallRandom,
  split,
  svd,
  symmetric,
} from 'lorank';
import type { Row } from '../paper.js';
import { hit, slope } from '../statistics.js';
import { follow, whole } from '../trajectory.js';

const SQUARE = { n: 20, rank: 2, width: 4, stepSize: 0.1 };

/** The runs with 𝒜 = I on one positive semidefinite X: symmetric factors, and a pair whose W starts at a third of V. */
const squareRuns = [
  { kind: 'symmetric', alpha: 0.1, steps: 8000 },
  { kind: 'asymmetric', alpha: 0.1, steps: 8000 },
  { kind: 'asymmetric', alpha: 0.3, steps: 2000 },
] as const;

function squareRun(K: Kernels, random: Stream, { kind, alpha }: (typeof squareRuns)[number]) {
  const { n, rank, width } = SQUARE;
  const X = formed(K, lowRank(K, { rows: n, cols: n, rank, symmetric: true }, split(random, 'truth')).X);
  const isPair = kind === 'asymmetric';
  const phi = isPair ? factorPair(K, n, n, width) : symmetric(K, n, width);
  const start = smallRandom(split(random, 'start'), {
    shape: isPair ? [n, n] : [n],
    width,
    initScale: alpha,
    initNorm: 'unit',
  });
  if (isPair) for (let t = n * width; t < start.length; t++) start[t] /= 3;
  return { X, phi, start, F: pull(whole(K, X, isPair ? 0.5 : 0.25), phi) };
}

/** The late rate with 𝒜 = I, and what the imbalance that is left at the end predicts for it. */
export function* lateRates(K: Kernels, random: Stream): Generator<undefined, Row[]> {
  const rows: Row[] = [];
  for (const run of squareRuns) {
    const { X, phi, start, F } = squareRun(K, random, run);
    const te: number[] = [];
    let last = phi.value(start);
    yield* follow(F, SQUARE.stepSize, start, run.steps, ({ theta }) => {
      last = phi.value(theta);
      te.push(relativeFrobenius(K, last, X));
      return te[te.length - 1] < 1e-12;
    });
    const [from, to] = [1e-6, 1e-11].map((level) => hit(te, level));
    const late = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
    const { kind, alpha } = run;
    rows.push({
      kind,
      alpha,
      hit: hit(te, 1e-12),
      te: te[te.length - 1],
      rate: -slope(
        late,
        late.map((t) => log(te[t])),
      ),
      predicted: kind === 'asymmetric' ? -log(1 - SQUARE.stepSize * leftOver(K, last)) : Number.NaN,
    });
  }
  return rows;
}

/** λ_min(VᵀV on ker W). */
function leftOver(K: Kernels, { left: V, right: W }: Factored): number {
  const { V: directions } = svd(K, W);
  const kernel = slice(directions, 0, directions.rows, SQUARE.rank);
  const sigma = singularValues(K, multiply(K, V, kernel));
  const smallest = sigma[sigma.length - 1];
  return smallest * smallest;
}

/** The errors of one seed of lateRates, at steps a tenth of a decade apart and further. */
export function* decayCurves(K: Kernels, random: Stream): Generator<undefined, Row[]> {
  const rows: Row[] = [];
  for (const run of squareRuns) {
    const { X, phi, start, F } = squareRun(K, random, run);
    let next = 1;
    yield* follow(F, SQUARE.stepSize, start, 10_000, ({ k, theta }) => {
      if (k < next) return false;
      next = Math.max(k + 1, Math.round(k * 1.08));
      const te = relativeFrobenius(K, phi.value(theta), X);
      rows.push({ kind: run.kind, alpha: run.alpha, t: k, te });
      return te < 1e-14;
    });
  }
  return rows;
}
