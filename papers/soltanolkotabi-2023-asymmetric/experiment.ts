// The experiments: X = VWᵀ from Gaussian measurements, V⁺ = V + μGW and W⁺ = W + μGᵀV with G = 𝒜*(y − 𝒜(VWᵀ)), from a small
// random start. Every seed is one truth, one operator and one base start, shared by all runs of its cells.

import {
  at,
  coupling,
  denseOf,
  type Factored,
  factorPair,
  formed,
  frobenius,
  imbalanceMatrix,
  imbalanceStep,
  type Kernels,
  type LinearMap,
  log,
  lowRank,
  type Matrix,
  matrix,
  multiply,
  type Objective,
  pull,
  relativeFrobenius,
  type Stream,
  sensing,
  singularValues,
  slice,
  smallRandom,
  spectralNorm,
  split,
  stream,
  svd,
  symmetric,
  symmetrised,
  transpose,
} from 'lorank';
import type { Cell, Row, Size } from '../paper.js';
import { follow, hit, type Setting, sensed, sideBySideRuns, slope, whole } from '../trajectory.js';

/** The preset of most experiments: m = 6r(n₁+n₂), width n₁+n₂, entries of the start N(0, α²). */
const LARGE = { rows: 50, cols: 40, rank: 2, width: 90 };
/** The same at less than a quarter of the cost. */
const SMALL = { rows: 30, cols: 24, rank: 2, width: 54 };

type Preset = typeof LARGE;
type InitNorm = 'unit' | 'perSqrtK';

export const STEP = 0.25; // μ, unless it is what varies
export const ALPHAS = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6];
export const FLOOR_ALPHAS = [1e-3, 1e-5, 1e-7];
export const STEPS = 500;

interface Grid {
  readonly preset: Preset;
  readonly seeds: number;
  readonly stepSizes: readonly number[];
  readonly floors: { readonly preset: Preset; readonly factors: readonly number[] };
  readonly widths: { readonly preset: Preset; readonly widths: readonly number[]; readonly seeds: number };
}

export const grids: Readonly<Record<Size, Grid>> = {
  quick: {
    preset: LARGE,
    seeds: 5,
    stepSizes: [0.4, 0.2, 0.1],
    floors: { preset: SMALL, factors: [6, 12, 24] },
    widths: { preset: SMALL, widths: [2, 4, 10, 54, 120], seeds: 5 },
  },
  full: {
    preset: LARGE,
    seeds: 8,
    stepSizes: [0.4, 0.2, 0.1, 0.05, 0.025],
    floors: { preset: LARGE, factors: [6, 12, 24, 48] },
    widths: { preset: LARGE, widths: [2, 4, 16, 90, 200], seeds: 8 },
  },
};

const settingOf = ({ rows, cols, rank }: Preset, factor = 6, condition = 1): Setting => ({
  rows,
  cols,
  rank,
  condition,
  measurements: factor * rank * (rows + cols),
});

/** The start of width k: α times a base that is the same for every α. */
const startOf = (
  { rows, cols }: Preset,
  random: Stream,
  width: number,
  initScale: number,
  initNorm: InitNorm = 'unit',
) => smallRandom(split(random, 'start'), { shape: [rows, cols], width, initScale, initNorm });

export function cells(size: Size, seed: number): Cell[] {
  const { preset, seeds, stepSizes, floors, widths } = grids[size];
  const run = (i: number) => stream(seed, 'S1', i);
  const perSeed = (table: string, count: number, rows: (K: Kernels, random: Stream) => Generator<undefined, Row[]>) =>
    Array.from(
      { length: count },
      (_, i): Cell => ({
        id: `${table}-${i}`,
        table,
        *run(K) {
          const made = yield* rows(K, split(run(i), table));
          return made.map((row) => ({ seed: i, ...row }));
        },
      }),
    );
  return [
    ...perSeed('widths', widths.seeds, (K, random) => widthSweep(K, random, widths.preset, widths.widths)),
    ...perSeed('sweep', seeds, (K, random) => sweep(K, random, preset)),
    ...perSeed('floors', seeds, (K, random) => floorSweep(K, random, floors.preset, floors.factors)),
    ...perSeed('drift', seeds, (K, random) => driftSweep(K, random, size === 'quick' ? SMALL : preset, stepSizes)),
    ...perSeed('condition', seeds, (K, random) => conditionSweep(K, random, preset)),
    ...perSeed('coupling', seeds, (K, random) => couplingCurves(K, random, preset)),
    ...perSeed('exact', seeds, (K, random) => exactWidth(K, random, preset)),
    ...perSeed('late', seeds, lateRates),
    ...perSeed('identities', seeds, identities),
    { id: 'decay', table: 'decay', run: (K) => decayCurves(K, split(run(0), 'late')) },
  ];
}

/** The recursions, as the largest deviation over 200 steps, and one with a sign flipped. */
function* identities(K: Kernels, random: Stream): Generator<undefined, Row[]> {
  const { operator, y } = sensed(K, settingOf(SMALL), random);
  const phi = factorPair(K, SMALL.rows, SMALL.cols, SMALL.width);
  const worst = { imbalance: 0, plus: 0, minus: 0, product: 0, difference: 0, flipped: 0 };
  const see = (name: keyof typeof worst, off: Matrix<Float64Array>) => {
    worst[name] = Math.max(worst[name], frobenius(off));
  };
  let was: { X: Factored; G: LinearMap } | undefined;
  const start = startOf(SMALL, random, SMALL.width, 1e-3);
  yield* follow(pull(sensing(operator, y), phi), STEP, start, 200, ({ theta }) => {
    const X = phi.value(theta);
    const { Z, conjugate } = symmetrised(X);
    const B = imbalanceMatrix(K, X);
    see('product', plus(multiply(K, transpose(Z), conjugate), -0.5, B));
    const squares = plus(multiply(K, Z, transpose(Z)), -1, multiply(K, conjugate, transpose(conjugate)));
    see('difference', plus(squares, -1, bordered(formed(K, X))));
    if (was) {
      const S = bordered(denseOf(K, was.G));
      const before = symmetrised(was.X);
      see('imbalance', plus(plus(B, -1, imbalanceMatrix(K, was.X)), -1, imbalanceStep(K, was.X, was.G, STEP)));
      see('plus', plus(plus(Z, -1, before.Z), -STEP, multiply(K, S, before.Z)));
      see('minus', plus(plus(conjugate, -1, before.conjugate), STEP, multiply(K, S, before.conjugate)));
      see('flipped', plus(plus(conjugate, -1, before.conjugate), -STEP, multiply(K, S, before.conjugate)));
    }
    const misfit = operator.apply(X).map((value, i) => y[i] - value);
    was = { X, G: operator.adjoint(misfit) };
  });
  return [worst];
}

/** A + c·B. */
const plus = (A: Matrix<Float64Array>, c: number, B: Matrix<Float64Array>): Matrix<Float64Array> =>
  matrix(
    A.rows,
    A.cols,
    A.data.map((v, t) => v + c * B.data[t]),
  );

/** sym(A) = [[0, A], [Aᵀ, 0]]. A: n₁×n₂. */
function bordered(A: Matrix): Matrix<Float64Array> {
  const n = A.rows + A.cols;
  const S = matrix(n, n);
  for (let i = 0; i < A.rows; i++)
    for (let j = 0; j < A.cols; j++) S.data[i * n + A.rows + j] = S.data[(A.rows + j) * n + i] = at(A, i, j);
  return S;
}

/** ‖B_t − B_0‖ for the B_t that it is given; NaN where a run has blown up. */
function driftFrom(K: Kernels, start: Factored): (X: Factored) => number {
  const first = imbalanceMatrix(K, start);
  return (X) => {
    const off = plus(imbalanceMatrix(K, X), -1, first);
    return off.data.every(Number.isFinite) ? spectralNorm(K, off) : Number.NaN;
  };
}

/** All α from one base start, on one operator. */
function* sweep(K: Kernels, random: Stream, preset: Preset): Generator<undefined, Row[]> {
  const made = sensed(K, settingOf(preset), random);
  const phi = factorPair(K, preset.rows, preset.cols, preset.width);
  const runs = ALPHAS.map((alpha) => ({ phi, start: startOf(preset, random, preset.width, alpha) }));
  const drift = runs.map(({ start }) => driftFrom(K, phi.value(start)));
  const most = ALPHAS.map(() => 0);
  const options = { stepSize: STEP, steps: STEPS, level: 0.1 };
  const found = yield* sideBySideRuns(K, made, runs, options, (j, t, X) => {
    if (t % 25 === 0) most[j] = Math.max(most[j], drift[j](X));
  });
  return ALPHAS.map((alpha, j) => ({
    alpha,
    hit: found[j].hit,
    te: found[j].te,
    start: spectralNorm(K, imbalanceMatrix(K, phi.value(runs[j].start))),
    drift: most[j],
    seen: made.seen[preset.rank - 1],
    next: made.seen[preset.rank],
  }));
}

/** r = 1 over m and α. */
function* floorSweep(
  K: Kernels,
  random: Stream,
  preset: Preset,
  factors: readonly number[],
): Generator<undefined, Row[]> {
  const one = { ...preset, rank: 1 };
  const phi = factorPair(K, one.rows, one.cols, one.width);
  const rows: Row[] = [];
  for (const factor of factors) {
    const made = sensed(K, settingOf(one, factor), split(random, 'factor', factor));
    const runs = FLOOR_ALPHAS.map((alpha) => ({ phi, start: startOf(one, random, one.width, alpha) }));
    const found = yield* sideBySideRuns(K, made, runs, { stepSize: STEP, steps: STEPS, level: 0.1 });
    const rho = log(1 + STEP * made.seen[1]) / log(1 + STEP * made.seen[0]);
    found.forEach(({ te }, j) => {
      rows.push({ factor, alpha: FLOOR_ALPHAS[j], te, predicted: 2 * (1 - rho) });
    });
  }
  return rows;
}

/** The imbalance over μ, for the same time μt; with equal steps, and with half the step for W. */
function* driftSweep(
  K: Kernels,
  random: Stream,
  preset: Preset,
  stepSizes: readonly number[],
): Generator<undefined, Row[]> {
  const { operator, y } = sensed(K, settingOf(preset), random);
  const phi = factorPair(K, preset.rows, preset.cols, preset.width);
  const F = pull(sensing(operator, y), phi);
  const halved: Objective = {
    evaluate(theta, k) {
      const { loss, grad } = F.evaluate(theta, k);
      return { loss, grad: grad.map((g, i) => (i < preset.rows * preset.width ? g : g / 2)) };
    },
  };
  const start = startOf(preset, random, preset.width, 1e-4);
  const drift = driftFrom(K, phi.value(start));
  const rows: Row[] = [];
  for (const [steps, objective, sizes] of [
    ['equal', F, stepSizes],
    ['unequal', halved, stepSizes.slice(0, 2)],
  ] as const)
    for (const stepSize of sizes) {
      const last = Math.round(125 / stepSize);
      const every = Math.round(last / 50);
      yield* follow(objective, stepSize, start, last, ({ k, theta }) => {
        if (k % every === 0) rows.push({ steps, stepSize, time: k * stepSize, drift: drift(phi.value(theta)) });
      });
    }
  return rows;
}

/** t(te < 0.02) over κ, at twice the measurements. */
function* conditionSweep(K: Kernels, random: Stream, preset: Preset): Generator<undefined, Row[]> {
  const phi = factorPair(K, preset.rows, preset.cols, preset.width);
  const rows: Row[] = [];
  for (const condition of [1, 2, 4]) {
    const { operator, y, X } = sensed(K, settingOf(preset, 12, condition), random);
    const start = startOf(preset, random, preset.width, 1e-6);
    let hit = Number.NaN;
    yield* follow(pull(sensing(operator, y), phi), STEP, start, 400, ({ k, theta }) => {
      if (relativeFrobenius(K, phi.value(theta), X) >= 0.02) return false;
      hit = k;
      return true;
    });
    rows.push({ condition, hit });
  }
  return rows;
}

/** Signal, anti-signal, angle, noise and imbalance along one descent from α = 10⁻⁴. */
function* couplingCurves(K: Kernels, random: Stream, preset: Preset): Generator<undefined, Row[]> {
  const { operator, y, X, U, V } = sensed(K, settingOf(preset), random);
  const phi = factorPair(K, preset.rows, preset.cols, preset.width);
  const start = startOf(preset, random, preset.width, 1e-4);
  const drift = driftFrom(K, phi.value(start));
  const turned = { U, V: plus(matrix(V.rows, V.cols), -1, V) };
  const rows: Row[] = [];
  yield* follow(pull(sensing(operator, y), phi), STEP, start, STEPS, ({ k, theta }) => {
    if (k % (k < 100 ? 2 : 20) !== 0) return;
    const at = phi.value(theta);
    const swapped = coupling(K, at, turned);
    rows.push({
      t: k,
      te: relativeFrobenius(K, at, X),
      ...coupling(K, at, { U, V }),
      drift: drift(at),
      swapped: swapped.antiSignal / swapped.signal,
    });
  });
  return rows;
}

/** Width r, and r + 1 beside it. */
function* exactWidth(K: Kernels, random: Stream, preset: Preset): Generator<undefined, Row[]> {
  const made = sensed(K, settingOf(preset), random);
  const widths = [preset.rank, preset.rank + 1];
  const runs = widths.map((width) => ({
    phi: factorPair(K, preset.rows, preset.cols, width),
    start: startOf(preset, random, width, 1e-5),
  }));
  const found = yield* sideBySideRuns(K, made, runs, { stepSize: STEP, steps: STEPS, level: 1e-12 });
  return widths.map((width, j) => ({ width, te: found[j].te, hit: found[j].hit }));
}

/** Hit times and floors over the width, for both normalisations of the start. */
function* widthSweep(
  K: Kernels,
  random: Stream,
  preset: Preset,
  widths: readonly number[],
): Generator<undefined, Row[]> {
  const made = sensed(K, settingOf(preset), random);
  const grid = (['unit', 'perSqrtK'] as const).flatMap((norm) => widths.map((width) => ({ norm, width })));
  const runs = grid.map(({ norm, width }) => ({
    phi: factorPair(K, preset.rows, preset.cols, width),
    start: startOf(preset, random, width, 1e-5, norm),
  }));
  const found = yield* sideBySideRuns(K, made, runs, { stepSize: STEP, steps: STEPS, level: 0.1 });
  const seen = made.seen[preset.rank - 1];
  return grid.map((point, j) => ({ ...point, hit: found[j].hit, te: found[j].te, seen }));
}

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
function* lateRates(K: Kernels, random: Stream): Generator<undefined, Row[]> {
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
function* decayCurves(K: Kernels, random: Stream): Generator<undefined, Row[]> {
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
