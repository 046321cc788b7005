// ScaledGD(λ), U⁺ = U + η𝒜*(y − 𝒜(UUᵀ))U(UᵀU + λI)⁻¹, beside gradient descent, over κ; without noise and with more measurements
// than unknowns, so that 𝒜*𝒜 on symmetric matrices, p×p with p = n(n+1)/2, is smaller than 𝒜 and says the same.

import {
  at,
  descend,
  type Factored,
  formed,
  gaussian,
  gradient,
  type Kernels,
  type LinearMap,
  lowRank,
  type Matrix,
  mapOf,
  matrix,
  multiplyInto,
  type Operator,
  type Problem,
  pull,
  type Rule,
  relativeFrobenius,
  type Stream,
  scaled,
  split,
  symmetric,
  symmetricEigen,
} from 'lorank';
import type { Row } from '../paper.js';
import { type Preset, spectrumOf, startOf } from './presets.js';

const SCALED_STEP = 0.3; // η
const LEVEL = 1e-5;

export interface Race {
  readonly preset: Preset;
  readonly width: number;
  readonly alpha: number;
  readonly conditions: readonly number[];
  /** κ at which gradient descent is run as well. */
  readonly slow: readonly number[];
}

/** Steps to an error of 1e-5, or where the error ends. */
export function* race(
  K: Kernels,
  random: Stream,
  { preset, width, alpha, conditions, slow }: Race,
): Generator<undefined, Row[]> {
  const { n, rank, measurements } = preset;
  const operator = gaussian(K, { rows: n, cols: n, measurements, symmetric: true }, split(random, 'operator'));
  const H = yield* gram(K, operator);
  const rows: Row[] = [];
  for (const condition of conditions) {
    const singularValues = spectrumOf(rank, condition);
    const X = formed(
      K,
      lowRank(K, { rows: n, cols: n, rank, symmetric: true, singularValues }, split(random, 'truth')).X,
    );
    const problem = onGram(K, H, X);
    const least = singularValues[rank - 1];
    const M = problem.evaluate({ left: matrix(n, 1), right: matrix(n, 1) }, 0).grad.times(identity(n));
    const { values } = symmetricEigen(K, { ...M, data: M.data.map((v) => -2 * v) });
    const guard = values[rank] / values[rank - 1];
    const damped = symmetric(K, n, width, least / 20);
    const plain = symmetric(K, n, width);
    const start = startOf(n, random, width, alpha);
    const methods: [string, typeof damped, Rule, number][] = [
      ['scaled', damped, scaled(SCALED_STEP, damped.metric!), 150],
      ...(slow.includes(condition)
        ? [['gradient', plain, gradient(0.25), 3000] as [string, typeof damped, Rule, number]]
        : []),
    ];
    for (const [method, phi, rule, steps] of methods) {
      let te = Number.NaN;
      let reached = Number.NaN;
      for (const { k, theta } of descend(pull(problem, phi), rule, start)) {
        te = relativeFrobenius(K, phi.value(theta), X);
        if (te < LEVEL) reached = k;
        if (te < LEVEL || k === steps || !Number.isFinite(te)) break;
        if (k % 100 === 99) yield;
      }
      rows.push({ method, condition, alpha, hit: reached, te, guard });
    }
  }
  return rows;
}

/** 𝒜*𝒜 in an orthonormal basis of the symmetric matrices: p×p. */
function* gram(K: Kernels, operator: Operator): Generator<undefined, Matrix<Float64Array>> {
  const n = operator.rows;
  const p = (n * (n + 1)) / 2;
  const H = matrix(p, p);
  let column = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++, column++) {
      const E = matrix(n, n);
      E.data[i * n + j] = i === j ? 1 : Math.SQRT1_2;
      E.data[j * n + i] = E.data[i * n + j];
      const { gradient: G } = operator.gradient(E, new Float64Array(operator.measurements));
      const g = coordinates(G.times(identity(n)));
      for (let t = 0; t < p; t++) H.data[t * p + column] = g[t];
    }
    yield;
  }
  const placed = K.allocate('f64', p * p);
  placed.set(H.data);
  return matrix(p, p, placed);
}

/** f(X) = ¼⟨X − X_0, 𝒜*𝒜(X − X_0)⟩. H: p×p, X_0: n×n. */
function onGram(K: Kernels, H: Matrix<Float64Array>, truth: Matrix<Float64Array>): Problem<Factored, LinearMap> {
  const n = truth.rows;
  return {
    evaluate(X) {
      const off = formed(K, X);
      for (let t = 0; t < off.data.length; t++) off.data[t] -= truth.data[t];
      const d = coordinates(off);
      const g = matrix(H.rows, 1);
      multiplyInto(K, H, matrix(H.rows, 1, d), g);
      let loss = 0;
      for (let t = 0; t < d.length; t++) loss += 0.25 * d[t] * g.data[t];
      return { loss, grad: { ...mapOf(K, halfOf(g.data, n)), symmetric: true } };
    },
  };
}

/** Of a symmetric A: n×n, in that basis. */
function coordinates(A: Matrix): Float64Array {
  const n = A.rows;
  const out = new Float64Array((n * (n + 1)) / 2);
  for (let i = 0, t = 0; i < n; i++) for (let j = i; j < n; j++) out[t++] = at(A, i, j) * (i === j ? 1 : Math.SQRT2);
  return out;
}

/** Half of the matrix with these coordinates: n×n. */
function halfOf(x: Float64Array, n: number): Matrix<Float64Array> {
  const A = matrix(n, n);
  for (let i = 0, t = 0; i < n; i++)
    for (let j = i; j < n; j++) A.data[i * n + j] = A.data[j * n + i] = x[t++] * (i === j ? 0.5 : Math.SQRT1_2 / 2);

  return A;
}

function identity(n: number): Matrix<Float64Array> {
  const I = matrix(n, n);
  for (let i = 0; i < n; i++) I.data[i * n + i] = 1;
  return I;
}
