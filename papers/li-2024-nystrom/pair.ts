// Any A = QΣPᵀ of rank 20, factors V (from the sketch AΩ) and W (from zero).

import { at, distance, type Kernels, type Matrix, matrix, multiply, qr, type Stream, slice, transpose } from 'lorank';
import type { Row } from '../paper.js';
import { type Known, known, RANK, sketched } from './presets.js';
import { course, inverse } from './runs.js';
import { predictedSteps } from './symmetric.js';

type Rows = Generator<undefined, Row[]>;
type Shape = readonly [number, number];

const factorsOf = ([n1, n2]: Shape, width: number, theta: Float64Array) => ({
  left: matrix(n1, width, theta.slice(0, n1 * width)),
  right: matrix(n2, width, theta.slice(n1 * width)),
});

/** One step that fills W: its error over width and κ, and that of the form with VᵀV. */
export function* oneStep(K: Kernels, random: Stream, shape: Shape): Rows {
  const rows: Row[] = [];
  for (const condition of [10, 1e3, 1e6]) {
    const problem = known(K, shape, condition, random);
    for (const width of [RANK / 2, RANK, 2 * RANK]) {
      const start = sketched(K, problem, random, width);
      let last = start;
      const { errors } = course(K, problem, start, { width }, { steps: 1 }, ({ theta }) => {
        last = theta;
      });
      const { left: V, right: W } = factorsOf(shape, width, last);
      const gramW = byGram(K, problem, V);
      rows.push({
        condition,
        width,
        error: errors[1],
        gram: distance(K, { left: V, right: gramW }, problem.A) / problem.size,
        projection: width < RANK ? offProjection(K, problem, V, W) : Number.NaN,
        other: width < RANK ? offProjection(K, problem, V, scaledBy(W, 0.999)) : Number.NaN,
      });
      yield;
    }
  }
  return rows;
}

const scaledBy = (F: Matrix<Float64Array>, c: number) =>
  matrix(
    F.rows,
    F.cols,
    F.data.map((v) => c * v),
  );

/** W = AᵀV(VᵀV)⁻¹. */
const byGram = (K: Kernels, { A }: Known, V: Matrix<Float64Array>): Matrix<Float64Array> =>
  multiply(K, multiply(K, transpose(A), V), inverse(multiply(K, transpose(V), V)));

/** ‖VWᵀ − P A‖_F/‖A‖_F, P the projection on the columns of V. */
function offProjection(K: Kernels, { A, size }: Known, V: Matrix<Float64Array>, W: Matrix<Float64Array>): number {
  const { Q } = qr(K, V);
  const projected = multiply(K, Q, multiply(K, transpose(Q), A));
  return distance(K, { left: V, right: W }, projected) / size;
}

/** Errors of simultaneous steps with η = η₁ = ½, and of alternating ones. */
export function* law(K: Kernels, random: Stream, shape: Shape): Rows {
  const rows: Row[] = [];
  for (const condition of [10, 100, 1e3]) {
    const problem = known(K, shape, condition, random);
    const start = sketched(K, problem, random, RANK);
    const options = { width: RANK, stepSize: 0.5, firstStep: 0.5 } as const;
    const limits = { steps: 7, level: 0 };
    const both = course(K, problem, start, options, limits).errors;
    const other = course(K, problem, start, { ...options, order: 'alternating' }, limits).errors;
    for (let t = 1; t <= 7; t++) rows.push({ condition, t, error: both[t], alternating: other[t] });
    yield;
  }
  return rows;
}

/** The excess over the best error of width 10, each sweep of alternating steps with η = 1. */
export function* sweeps(K: Kernels, random: Stream, shape: Shape): Rows {
  const rows: Row[] = [];
  const width = RANK / 2;
  for (const condition of [10, 100]) {
    const { A, Q, sigma } = known(K, shape, condition, random);
    const problem = { A, size: 1 } as Known;
    let squares = 0;
    for (let i = width; i < RANK; i++) squares += sigma[i] * sigma[i];
    const best = Math.sqrt(squares);
    const options = { width, order: 'alternating', stepSize: 1 } as const;
    let t = 0;
    course(K, problem, sketched(K, { A } as Known, random, width), options, { steps: 60, level: 0 }, ({ theta }) => {
      const excess = above(K, factorsOf(shape, width, theta).left, Q, sigma, width) / best;
      const ratio = sigma[width] / sigma[width - 1];
      const fall = ratio * ratio;
      rows.push({ condition, t: t++, excess, predicted: fall * fall });
    });
    yield;
  }
  return rows;
}

/**
 * ‖VWᵀ − A‖_F less the best, without cancellation: with W = AᵀV†, VWᵀ = PA for a projection P, and ‖A − PA‖² − best² is
 * Σ_{i≤k}‖(I−P)q_i‖²σ_i² − Σ_{i>k}‖P q_i‖²σ_i².
 */
function above(
  K: Kernels,
  V: Matrix<Float64Array>,
  Q: Matrix<Float64Array>,
  sigma: Float64Array,
  width: number,
): number {
  const basis = qr(K, V).Q;
  const C = multiply(K, transpose(basis), Q); // k×r_A
  let best = 0;
  for (let i = width; i < sigma.length; i++) best += sigma[i] * sigma[i];
  let more = 0;
  const rest = matrix(Q.rows, Q.cols, Q.data.slice());
  K.gemm(-1, basis, C, rest, true);
  for (let i = 0; i < sigma.length; i++) {
    let [inside, off] = [0, 0];
    for (let j = 0; j < C.rows; j++) inside += at(C, j, i) * at(C, j, i);
    for (let j = 0; j < rest.rows; j++) off += at(rest, j, i) * at(rest, j, i);
    more += sigma[i] * sigma[i] * (i < width ? off : -inside);
  }
  return more / (Math.sqrt(best + more) + Math.sqrt(best));
}

/** In f32: the least error and iterations to 1e-6 of symmetric steps; one step of a pair, with R and with VᵀV. */
export function* single(K: Kernels, random: Stream, n: number, shape: Shape): Rows {
  const rows: Row[] = [];
  for (const condition of [10, 100, 1e3]) {
    const problem = known(K, [n, n], condition, random);
    const start = sketched(K, problem, random, RANK);
    const options = { width: RANK, symmetric: true, precision: 'f32' } as const;
    const run = course(K, problem, start, options, { steps: 30, level: 1e-6, after: 10 });
    yield;
    const pair = known(K, shape, condition, random);
    const sketch = sketched(K, pair, random, RANK).map(Math.fround);
    const one = course(K, pair, sketch, { width: RANK, precision: 'f32' }, { steps: 1 });
    const V = slice(matrix(shape[0] + shape[1], RANK, sketch), 0, shape[0]);
    rows.push({
      condition,
      its: run.its,
      bound: predictedSteps(K, problem, start),
      floor: Math.min(...run.errors),
      error: one.errors[1],
      gram: distance(K, { left: V, right: gramSingle(K, pair, V) }, pair.A) / pair.size,
    });
    yield;
  }
  return rows;
}

/** W = AᵀV(VᵀV)⁻¹ with all products in f32. */
function gramSingle(K: Kernels, { A }: Known, V: Matrix<Float64Array>): Matrix<Float64Array> {
  const f32 = (M: Matrix<Float64Array>) =>
    matrix(M.rows, M.cols, Float32Array.from(M.data.subarray(M.offset, M.offset + M.rows * M.cols)));
  const product = (B: Matrix, C: Matrix) => {
    const D = matrix(B.rows, C.cols, new Float32Array(B.rows * C.cols));
    K.gemm(1, B, C, D);
    return D;
  };
  const [a, v] = [f32(A), f32(V)];
  const gram = product(transpose(v), v);
  const inverted = f32(inverse(matrix(RANK, RANK, Float64Array.from(gram.data))));
  const W = product(product(transpose(a), v), inverted);
  return matrix(W.rows, W.cols, Float64Array.from(W.data));
}
