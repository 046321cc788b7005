// Symmetric A = QΣQᵀ of rank 20 and factors of width 20 (exactly parametrised), 40 (over-) or 10 (under-parametrised).

import {
  at,
  distance,
  type Kernels,
  log,
  type Matrix,
  matrix,
  multiply,
  pow,
  principalAngles,
  type Stream,
  singularValues,
  slice,
  svd,
  transpose,
} from 'lorank';
import type { Row } from '../paper.js';
import { CONDITIONS, gaussian, type Known, known, NOISES, RANK, SCALES, STEPS, sketched } from './presets.js';
import { course, gramStep, iterated, tail } from './runs.js';

type Rows = Generator<undefined, Row[]>;
const EP = { width: RANK, symmetric: true } as const;

/** ‖(I − QQᵀ)U‖_F, and over ‖U‖_F. */
function outside(K: Kernels, { Q }: Known, U: Matrix<Float64Array>): { size: number; share: number } {
  const inside = multiply(K, Q, multiply(K, transpose(Q), U));
  let [off, all] = [0, 0];
  U.data.forEach((u, t) => {
    off += (u - inside.data[t]) * (u - inside.data[t]);
    all += u * u;
  });
  return { size: Math.sqrt(off), share: Math.sqrt(off / all) };
}

/** The singular values of Σ^(-1/2)QᵀU, ascending. */
const whitened = (K: Kernels, problem: Known, U: Matrix<Float64Array>): Float64Array =>
  singularValues(K, halfWhitened(K, problem, U)).sort();

/** ⌈log₂ max(s₁, 1/(2s_r))⌉ + 5 for the singular values s of Σ^(-1/2)QᵀU₀: halvings until s ≈ 1, and five squarings. */
export function predictedSteps(K: Kernels, problem: Known, start: Float64Array): number {
  const s = whitened(K, problem, matrix(problem.A.rows, start.length / problem.A.rows, start));
  return Math.ceil(log(Math.max(s[s.length - 1], 1 / (2 * s[0]))) / log(2)) + 5;
}

/** Σ^(-1/2)QᵀU. */
function halfWhitened(K: Kernels, { Q, sigma }: Known, U: Matrix<Float64Array>): Matrix<Float64Array> {
  const Phi = multiply(K, transpose(Q), U);
  for (let i = 0; i < Phi.rows; i++)
    for (let j = 0; j < Phi.cols; j++) Phi.data[i * Phi.cols + j] /= Math.sqrt(sigma[i]);
  return Phi;
}

const worst = (s: Float64Array, t: Float64Array): number =>
  s.reduce((most, value, i) => Math.max(most, Math.abs(value / t[i] - 1)), 0);
const gap = (s: Float64Array): number => s.reduce((most, value) => Math.max(most, Math.abs(value * value - 1)), 0);

/** What the course from U = AΩ is predicted to be, and is; over κ and ξ. */
export function* exact(K: Kernels, random: Stream, n: number): Rows {
  const rows: Row[] = [];
  for (const condition of CONDITIONS) {
    const problem = known(K, [n, n], condition, random);
    const start = sketched(K, problem, random, RANK);
    let drift = 0;
    let newton = 0;
    let wrong = 0;
    let expected: Float64Array | undefined;
    let flipped: Float64Array | undefined;
    const gaps: number[] = [];
    const run = course(K, problem, start, EP, { steps: 25, after: 3 }, ({ k, theta }) => {
      const U = matrix(n, RANK, theta);
      if (k <= 10) drift = Math.max(drift, outside(K, problem, U).share);
      const s = whitened(K, problem, U);
      if (expected) newton = Math.max(newton, worst(s, expected));
      if (flipped) wrong = Math.max(wrong, worst(s, flipped));
      expected = (expected ?? s).map((v) => 0.5 * (v + 1 / v)).sort();
      flipped = s.map((v) => 0.5 * Math.abs(v - 1 / v)).sort();
      gaps.push(gap(s));
    });
    yield;
    const slower: number[] = [];
    const other = course(K, problem, start, { ...EP, stepSize: 0.3 }, { steps: 60 }, ({ theta }) => {
      slower.push(gap(whitened(K, problem, matrix(n, RANK, theta))));
    });
    yield;
    const gram: { drift: number } = { drift: 0 };
    let U = matrix(n, RANK, start);
    for (let t = 0; t < 10; t++) {
      U = gramStep(K, problem.A, 0.5)(U);
      gram.drift = Math.max(gram.drift, outside(K, problem, U).share);
    }
    rows.push({
      condition,
      its: run.its,
      bound: predictedSteps(K, problem, start),
      floor: Math.min(...run.errors),
      drift,
      newton,
      ratio: quadratic(gaps),
      closed: closedForm(K, problem, start, -1),
      closedFlipped: closedForm(K, problem, start, 1),
      itsSlower: other.its,
      ratioSlower: quadratic(slower),
      newtonFlipped: wrong,
      driftGram: gram.drift,
    });
    yield;
  }
  return rows;
}

/** The largest W_{t+1}/W_t² from the first W_t < 0.1 on, while W_t > 10⁻⁴. */
function quadratic(gaps: readonly number[]): number {
  let most = Number.NaN;
  const from = gaps.findIndex((w) => w < 0.1);
  for (let t = from; from >= 0 && t + 1 < gaps.length && gaps[t] > 1e-4; t++) {
    const ratio = gaps[t + 1] / (gaps[t] * gaps[t]);
    most = Number.isNaN(most) ? ratio : Math.max(most, ratio);
  }
  return most;
}

/** The error of AΩ(ΩᵀAΩ)^(-1/2), or of the other power, by the SVD of Σ^½QᵀΩ, whose Gram matrix ΩᵀAΩ is. */
function closedForm(K: Kernels, problem: Known, start: Float64Array, sign: 1 | -1): number {
  const { A, size } = problem;
  const S = matrix(A.rows, RANK, start);
  const { values, V } = svd(K, halfWhitened(K, problem, S));
  const roots = matrix(
    RANK,
    RANK,
    V.data.map((v, t) => (sign === 1 ? v * values[t % RANK] : v / values[t % RANK])),
  );
  const X = multiply(K, S, multiply(K, roots, transpose(V)));
  return distance(K, { left: X, right: X }, A) / size;
}

/** Iterations over ξ and κ. */
export function* scales(K: Kernels, random: Stream, n: number): Rows {
  const rows: Row[] = [];
  for (const condition of CONDITIONS) {
    const problem = known(K, [n, n], condition, random);
    for (const scale of [...SCALES, 1e-6]) {
      const start = sketched(K, problem, random, RANK, scale);
      const { its } = course(K, problem, start, EP);
      rows.push({ condition, scale, its, bound: predictedSteps(K, problem, start) });
      yield;
    }
  }
  return rows;
}

/** Tail rates over η, at κ = 100. */
export function* rates(K: Kernels, random: Stream, n: number): Rows {
  const problem = known(K, [n, n], 100, random);
  const start = sketched(K, problem, random, RANK);
  const rows: Row[] = [];
  for (const stepSize of STEPS) {
    const run = course(K, problem, start, { ...EP, stepSize }, { steps: 200 });
    rows.push({ stepSize, its: run.its, rate: tail(run) });
    yield;
  }
  return rows;
}

/** Starts with a part outside the columns of A: AΩ + N, and N alone. */
export function* perturbed(K: Kernels, random: Stream, n: number): Rows {
  const rows: Row[] = [];
  for (const condition of [10, 100]) {
    const problem = known(K, [n, n], condition, random);
    const clean = sketched(K, problem, random, RANK);
    const kinds = condition === 100 ? (['perturbed', 'random'] as const) : (['random'] as const);
    for (const kind of kinds)
      for (const noise of kind === 'perturbed' ? [...NOISES, 1e-9] : NOISES) {
        const part = gaussian(random, n * RANK, noise);
        const start = kind === 'random' ? part : part.map((v, t) => v + clean[t]);
        const sizes: number[] = [];
        const run = course(K, problem, start, EP, { after: 0 }, ({ theta }) => {
          sizes.push(outside(K, problem, matrix(n, RANK, theta)).size);
        });
        const shed = sizes.slice(1).map((size, t) => size / sizes[t]);
        rows.push({
          kind,
          condition,
          noise,
          its: run.its,
          rate: tail(run),
          shed: shed[5],
          shedLast: shed[run.its - 2],
        });
        yield;
      }
    const { its } = course(K, problem, clean, EP);
    rows.push({ kind: 'nystrom', condition, noise: 0, its, rate: Number.NaN, shed: Number.NaN, shedLast: Number.NaN });
  }
  return rows;
}

/** Gradient descent from a small random start, and scaled steps from the Nyström one. */
export function* plain(K: Kernels, random: Stream, n: number): Rows {
  const rows: Row[] = [];
  for (const condition of [10, 100]) {
    const problem = known(K, [n, n], condition, random);
    const start = matrix(n, RANK, gaussian(random, n * RANK, 1e-3));
    const { its: nystrom } = course(K, problem, sketched(K, problem, random, RANK), EP);
    const { its: scaled } = course(K, problem, start.data, EP);
    yield;
    const whole = descent(K, problem, start, 40);
    yield;
    const small = spanned(K, problem, start);
    const run = descent(K, small.problem, small.start, 20_000);
    const agree = whole.errors.reduce((most, e, t) => Math.max(most, Math.abs(run.errors[t] / e - 1)), 0);
    rows.push({ condition, gd: run.its, nystrom, scaled, agree });
    yield;
  }
  return rows;
}

/** U⁺ = U − μ(UUᵀ − A)U, μ = ½/σ₁. */
const descent = (K: Kernels, problem: Known, start: Matrix<Float64Array>, steps: number) =>
  iterated(
    problem,
    start,
    (U) => {
      const next = matrix(U.rows, U.cols, U.data.slice());
      K.gemm(-0.5, U, multiply(K, transpose(U), U), next, true);
      K.gemm(0.5, problem.A, U, next, true);
      return next;
    },
    (U) => distance(K, { left: U, right: U }, problem.A),
    steps,
  );

/** The same descent in the dimensions that A and the start span: a rotation, exact but for rounding. */
function spanned(K: Kernels, { A, Q, sigma, size }: Known, start: Matrix<Float64Array>) {
  const r = RANK;
  const Phi = multiply(K, transpose(Q), start);
  const rest = matrix(A.rows, r, start.data.slice());
  K.gemm(-1, Q, Phi, rest, true);
  const { values, V } = svd(K, rest);
  const low = matrix(2 * r, r);
  low.data.set(Phi.data);
  for (let i = 0; i < r; i++) for (let j = 0; j < r; j++) low.data[(r + i) * r + j] = values[i] * at(V, j, i);
  const B = matrix(2 * r, 2 * r);
  for (let i = 0; i < r; i++) B.data[i * 2 * r + i] = sigma[i];
  return { problem: { A: B, Q, P: Q, sigma, size }, start: low };
}

/** Twice as wide as the rank. */
export function* wide(K: Kernels, random: Stream, n: number): Rows {
  const rows: Row[] = [];
  const width = 2 * RANK;
  const OP = { width, symmetric: true } as const;
  for (const condition of [10, 100, 1e3]) {
    const problem = known(K, [n, n], condition, random);
    const start = sketched(K, problem, random, width);
    let drift = 0;
    const run = course(K, problem, start, OP, { steps: 25, after: 3 }, ({ k, theta }) => {
      if (k <= 10) drift = Math.max(drift, outside(K, problem, matrix(n, width, theta)).share);
    });
    yield;
    const gram = iterated(
      problem,
      matrix(n, width, start),
      gramStep(K, problem.A, 0.5),
      (U) => distance(K, { left: U, right: U }, problem.A),
      60,
    );
    yield;
    const coarse = course(K, problem, start, { ...OP, cutoff: 0.3 }, { steps: 60 });
    const follow = (misfit: number) => 0.1 * misfit;
    const prec = course(K, problem, start, { ...OP, damping: follow });
    const precRandom = course(K, problem, gaussian(random, n * width, 1e-3), { ...OP, damping: follow });
    rows.push({
      condition,
      its: run.its,
      drift,
      gram: gram.its,
      coarse: coarse.its,
      prec: prec.its,
      precRandom: precRandom.its,
    });
    yield;
  }
  return rows;
}

/** Half as wide as the rank. */
export function* narrow(K: Kernels, random: Stream, n: number): Rows {
  const width = RANK / 2;
  const UP = { width, symmetric: true } as const;
  const rows: Row[] = [];
  for (const condition of [10, 100]) {
    const problem = known(K, [n, n], condition, random);
    const top = slice(problem.Q, 0, n, 0, width);
    const angles: number[] = [];
    let last = matrix(n, width);
    course(K, problem, sketched(K, problem, random, width), UP, { steps: 200 }, ({ k, theta }) => {
      last = matrix(n, width, theta);
      if (k === 120 || k === 180) angles.push(principalAngles(K, last, top)[width - 1]);
    });
    yield;
    let plainly = matrix(n, width, gaussian(random, n * width, 1e-3));
    for (let t = 0; t < 200; t++) {
      const next = matrix(n, width, plainly.data.slice());
      K.gemm(-0.5, plainly, multiply(K, transpose(plainly), plainly), next, true);
      K.gemm(0.5, problem.A, plainly, next, true);
      plainly = next;
    }
    const { sigma } = problem;
    rows.push({
      condition,
      weak: weakOptimality(K, problem, last),
      weakPlain: weakOptimality(K, problem, plainly),
      rate: pow(angles[1] / angles[0], 1 / 60),
      predicted: 0.5 + (0.5 * sigma[width]) / sigma[width - 1],
      power: sigma[width] / sigma[width - 1],
    });
    yield;
  }
  return rows;
}

/** ‖UᵀA⁺U − I‖_F. */
function weakOptimality(K: Kernels, problem: Known, U: Matrix<Float64Array>): number {
  const Phi = halfWhitened(K, problem, U);
  const G = multiply(K, transpose(Phi), Phi);
  for (let i = 0; i < G.rows; i++) G.data[i * (G.rows + 1)] -= 1;
  return Math.sqrt(G.data.reduce((sum, v) => sum + v * v, 0));
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
/** A power of ten, in words. */
function power(value: number): string {
  const exponent = Math.round(log(value) / log(10));
  if (exponent === 0 || exponent === 1) return exponent === 0 ? '1' : '10';
  return `10${exponent < 0 ? '⁻' : ''}${SUPERSCRIPTS[Math.abs(exponent)]}`;
}

/** Errors of one seed at κ = 100, for the figures. */
export function* courses(K: Kernels, random: Stream, n: number): Rows {
  const problem = known(K, [n, n], 100, random);
  const clean = sketched(K, problem, random, RANK);
  const rows: Row[] = [];
  const add = (panel: string, series: string, errors: readonly number[]) =>
    errors.forEach((error, t) => {
      const kept = t <= 60 || t === Math.round(pow(10, Math.round(20 * (log(t) / log(10))) / 20));
      if (kept && error > 0) rows.push({ panel, series, t, error });
    });
  const scaled = (start: Float64Array, stepSize = 0.5) =>
    course(K, problem, start, { ...EP, stepSize }, { steps: 45, after: 3, level: 1e-12 }).errors;
  add('starts', 'Nyström start', scaled(clean));
  add('starts', 'small random start', scaled(gaussian(random, n * RANK, 1e-3)));
  yield;
  const small = spanned(K, problem, matrix(n, RANK, gaussian(random, n * RANK, 1e-3)));
  add('starts', 'gradient descent', descent(K, small.problem, small.start, 6000).errors);
  yield;
  for (const scale of SCALES) add('scales', `ξ = ${power(scale)}`, scaled(sketched(K, problem, random, RANK, scale)));
  for (const noise of [1e-1, 1e-3, 1e-6]) {
    const part = gaussian(random, n * RANK, noise);
    add('noise', `ξₙ = ${power(noise)}`, scaled(part.map((v, t) => v + clean[t])));
    yield;
  }
  add('noise', 'no noise', scaled(clean));
  for (const stepSize of [0.3, 0.4, 0.5, 0.6, 0.7]) add('steps', `η = ${stepSize}`, scaled(clean, stepSize));
  yield;
  // For this panel, t and error are W_t and W_{t+1}.
  for (const condition of CONDITIONS) {
    const other = known(K, [n, n], condition, random);
    const gaps: number[] = [];
    course(K, other, sketched(K, other, random, RANK), EP, { steps: 25, after: 3 }, ({ theta }) => {
      gaps.push(gap(whitened(K, other, matrix(n, RANK, theta))));
    });
    for (let t = 1; t + 1 < gaps.length; t++)
      if (gaps[t + 1] > 1e-13)
        rows.push({ panel: 'whitened', series: `κ = ${power(condition)}`, t: gaps[t], error: gaps[t + 1] });
  }
  return rows;
}
