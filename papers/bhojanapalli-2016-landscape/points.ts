// Points of landscapes looked at with exact derivatives: the traps, strict saddles under an operator whose isometry constant is
// known, the identity behind their curvature, the certificate of Zhang, Sojoudi and Lavaei, and the incoherence regulariser.

import {
  curvedSensing,
  denseOf,
  denseRows,
  formed,
  frobenius,
  incoherence,
  type Kernels,
  landscape,
  leastTrappingDelta,
  lowRank,
  type Matrix,
  matrix,
  multiply,
  normals,
  type Operator,
  orthonormal,
  procrustes,
  pull,
  type Stream,
  saddleBound,
  sensing,
  singularValues,
  smallestEigenvalue,
  split,
  symmetric,
  symmetricEigen,
  type Theta,
  transpose,
  trapProblem,
  uniforms,
} from 'lorank';
import type { Row } from '../paper.js';
import { follow } from '../trajectory.js';
import { STEP } from './family.js';

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * b[i], 0);
const column = (x: Float64Array) => matrix(x.length, 1, x);

/** The Hessian of f_δ at its trap, from the operator; f = ‖𝒜(xxᵀ − zzᵀ)‖². */
export function* traps(K: Kernels, deltas: readonly number[]): Generator<undefined, Row[]> {
  const rows: Row[] = [];
  for (const delta of deltas) {
    const { operator, y, trap } = trapProblem(K, delta);
    const F = curvedSensing(operator, y, symmetric(K, 2, 1), 1);
    const H = denseOf(K, F.hessian(trap));
    const { loss, gradientNorm } = landscape(K, F, trap);
    const [across, along] = [H.data[0], H.data[3]];
    const [acrossLaw, alongLaw] = [4 * (2 * delta - 1) * (delta + 1), 8 * delta];
    rows.push({ delta, across, along, acrossLaw, alongLaw, loss, gradientNorm });
    yield;
  }
  return rows;
}

/** The instance with δ = ½ for a random z of length 1; and the same with A₁ = u₁u₁ᵀ − ½u₂u₂ᵀ. */
export function* instance(K: Kernels, random: Stream, n: number): Generator<undefined, Row[]> {
  const drawn = normals(split(random, 'z'), n);
  const length = Math.sqrt(dot(drawn, drawn));
  const z = n === 2 ? Float64Array.of(1, 0) : drawn.map((v) => v / length);
  const made = trapProblem(K, 0.5, z);
  const look = (operator: Operator) => {
    const { trap } = made;
    const y = operator.apply({ left: column(z), right: column(z) });
    const F = curvedSensing(operator, y, symmetric(K, n, 1), 1);
    const { loss, gradientNorm } = landscape(K, F, trap);
    const H = F.hessian(trap);
    const shifted: typeof H = {
      ...H,
      times(D) {
        const HD = H.times(D);
        for (let j = 0; j < D.cols; j++) {
          let along = 0;
          for (let i = 0; i < n; i++) along += trap[i] * D.data[D.offset + i * D.rowStride + j * D.colStride];
          for (let i = 0; i < n; i++) HD.data[i * D.cols + j] -= 8 * trap[i] * along;
        }
        return HD;
      },
    };
    const spectrum = singularValues(K, rowsOf(operator)).map((s) => s * s);
    const { value } = smallestEigenvalue(K, shifted);
    return { high: spectrum[0], low: spectrum[spectrum.length - 1], loss, gradient: gradientNorm, above: value };
  };
  const right = look(made.operator);
  yield;
  return [
    { n, operator: 'instance', ...right },
    { n, operator: 'flipped', ...look(flippedFirst(K, made.operator, z, made.trap)) },
  ];
}

/** The measurement matrices of an operator, m×n². */
function rowsOf(operator: Operator): Matrix<Float64Array> {
  const { measurements: m, rows, cols } = operator;
  const A = matrix(m, rows * cols);
  const unit = matrix(rows, cols);
  for (let t = 0; t < rows * cols; t++) {
    unit.data.fill(0);
    unit.data[t] = 1;
    const y = operator.apply(unit);
    for (let i = 0; i < m; i++) A.data[i * rows * cols + t] = y[i];
  }
  return A;
}

/** The operator with the sign of u₂u₂ᵀ in its first measurement turned. */
function flippedFirst(K: Kernels, operator: Operator, z: Float64Array, trap: Float64Array): Operator {
  const n = z.length;
  const A = rowsOf(operator);
  const [zz, tt] = [dot(z, z), dot(trap, trap)];
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) A.data[i * n + j] = (z[i] * z[j]) / zz - (0.5 * trap[i] * trap[j]) / tt;
  return given(K, A, n, false);
}

/** A_1, …, A_m as they stand: A: m×n². */
function given(K: Kernels, A: Matrix<Float64Array>, n: number, isSymmetric: boolean): Operator {
  const shape = {
    rows: n,
    cols: n,
    measurements: A.rows,
    symmetric: isSymmetric,
    storage: 'f64',
    scale: 'none',
  } as const;
  const builder = denseRows(K, shape);
  builder.write(0, A.data);
  return builder.finish().operator;
}

/** δ_lb over ρ and the sine of the angle, and the same without its second case. */
export function* certificate(steps: number): Generator<undefined, Row[]> {
  const rows: Row[] = [];
  for (let i = 1; i <= steps; i++)
    for (let j = 1; j <= 20; j++) {
      const [ratio, sine] = [(1.5 * i) / steps, j / 20];
      const square = ratio * ratio;
      const a = (sine * sine) / Math.sqrt((square - 1) * (square - 1) + 2 * square * sine * sine);
      rows.push({
        ratio,
        sine,
        bound: leastTrappingDelta(ratio, sine),
        oneCase: Math.sqrt(Math.max(0, 1 - a * a)),
      });
      if (j === 20) yield;
    }
  return rows;
}

/** The course of descent from the trap of f_δ and a small step off it, searched with rank 1 and with rank 2. */
export function* cure(K: Kernels, random: Stream, delta: number, steps: number): Generator<undefined, Row[]> {
  const { operator, y, trap } = trapProblem(K, delta);
  const noise = normals(split(random, 'noise'), 4);
  const rows: Row[] = [];
  for (const width of [1, 2]) {
    const F = pull(sensing(operator, y, 1), symmetric(K, 2, width));
    const start = new Float64Array(2 * width);
    for (let i = 0; i < 2; i++) start[i * width] = trap[i];
    for (let t = 0; t < start.length; t++) start[t] += 1e-3 * noise[t];
    let next = 1;
    yield* follow(F, STEP, start, steps, ({ k, loss }) => {
      if (k < next && k < steps) return;
      next = Math.max(k + 1, Math.round(k * 1.15));
      rows.push({ width, step: k, loss });
    });
  }
  return rows;
}

/** An operator on symmetric n×n matrices whose 𝒜*𝒜 has eigenvalues from 1 − δ to 1 + δ in a random basis: δ is exact. */
function knownIsometry(K: Kernels, n: number, delta: number, random: Stream): Operator {
  const p = (n * (n + 1)) / 2;
  const Q = orthonormal(K, p, p, split(random, 'basis'));
  const at = uniforms(split(random, 'spectrum'), p);
  at[0] = 0;
  at[1] = 1;
  // Row i of S is √λ_i·q_iᵀ on svec(X); as a matrix, entries off the diagonal over √2.
  const A = matrix(p, n * n);
  for (let i = 0; i < p; i++) {
    const root = Math.sqrt(1 - delta + 2 * delta * at[i]);
    for (let a = 0, t = 0; a < n; a++)
      for (let b = a; b < n; b++, t++) {
        const value = root * Q.data[i * p + t] * (a === b ? 1 : Math.SQRT1_2);
        A.data[i * n * n + a * n + b] = value;
        A.data[i * n * n + b * n + a] = value;
      }
  }
  return given(K, A, n, true);
}

/**
 * Critical points of f = ½‖𝒜(UUᵀ) − y‖², U: n×r, that are not X: minima of width s < r with zero columns beside them, s = 0 … r−1.
 * And for the control the trap of f_0.8, taken for a saddle under δ = 0.1.
 */
export function* saddles(
  K: Kernels,
  random: Stream,
  n: number,
  rank: number,
  deltas: readonly number[],
): Generator<undefined, Row[]> {
  const rows: Row[] = [];
  const sigma = Array.from({ length: rank }, (_, i) => 1 - i / (2 * rank));
  const { X } = lowRank(K, { rows: n, cols: n, rank, symmetric: true, singularValues: sigma }, split(random, 'truth'));
  const smallest = sigma[rank - 1];
  for (const delta of deltas) {
    const operator = knownIsometry(K, n, delta, split(random, `operator/${delta}`));
    const y = operator.apply(X);
    const F = curvedSensing(operator, y, symmetric(K, n, rank), 0.5);
    for (let width = 0; width < rank; width++) {
      const found = yield* criticalPoint(K, operator, y, n, width, split(random, 'start', width));
      const theta = new Float64Array(n * rank);
      for (let i = 0; i < n; i++) for (let j = 0; j < width; j++) theta[i * rank + j] = found[i * width + j];
      const { gradientNorm, curvature } = landscape(K, F, theta);
      rows.push({
        where: 'saddle',
        delta,
        width,
        gradientNorm,
        curvature,
        smallest,
        bound: saddleBound(delta, smallest),
      });
    }
  }
  const { operator, y, trap } = trapProblem(K, 0.8);
  const { gradientNorm, curvature } = landscape(K, curvedSensing(operator, y, symmetric(K, 2, 1), 0.5), trap);
  rows.push({ where: 'trap', delta: 0.1, width: 1, gradientNorm, curvature, smallest: 1, bound: saddleBound(0.1, 1) });
  return rows;
}

/** A minimum of width s, to rounding; the empty one for s = 0. */
function* criticalPoint(K: Kernels, operator: Operator, y: Float64Array, n: number, width: number, random: Stream) {
  if (width === 0) return new Float64Array(0);
  const F = pull(sensing(operator, y, 0.5), symmetric(K, n, width));
  const start = normals(random, n * width).map((v) => v / Math.sqrt(n));
  let last: Theta = start;
  yield* follow(F, 0.2, start, 20_000, ({ theta, grad }) => {
    last = theta;
    return dot(grad, grad) < 1e-22;
  });
  return last;
}

/** The identity ⟨D, ∇²f D⟩ = ‖𝒜(DDᵀ)‖² − 3‖𝒜(E)‖² + 4⟨∇f, D⟩, E = UUᵀ − X, and the two inequalities, at random points. */
export function* identities(
  K: Kernels,
  random: Stream,
  n: number,
  rank: number,
  points: number,
): Generator<undefined, Row[]> {
  const measurements = 2 * n * rank;
  const A = matrix(measurements, n * n, normals(split(random, 'operator'), measurements * n * n));
  const operator = given(K, A, n, false);
  const phi = symmetric(K, n, rank);
  const rows: Row[] = [];
  for (let i = 0; i < points; i++) {
    const at = split(random, 'point', i);
    const Ustar = matrix(n, rank, normals(split(at, 'truth'), n * rank));
    const spread = [0.1, 1, 3][i % 3];
    const U = matrix(
      n,
      rank,
      normals(split(at, 'point'), n * rank).map((v, t) => Ustar.data[t] + spread * v),
    );
    const y = operator.apply({ left: Ustar, right: Ustar });
    const D = procrustes(K, U, Ustar);
    const F = curvedSensing(operator, y, phi, 0.5);
    const other = normals(split(at, 'other'), n * rank);
    const off = (direction: Float64Array) => {
      const d = matrix(n, rank, direction);
      const curvature = dot(direction, F.hessian(U.data).times(column(direction)).data);
      const { loss, grad } = F.evaluate(U.data, 0);
      const square = operator.apply({ left: d, right: d });
      const right = dot(square, square) - 6 * loss + 4 * dot(grad, direction);
      return Math.abs(curvature - right) / (dot(square, square) + 6 * loss + 4 * Math.abs(dot(grad, direction)));
    };
    const E = formed(K, { left: U, right: U });
    const X = formed(K, { left: Ustar, right: Ustar });
    for (let t = 0; t < E.data.length; t++) E.data[t] -= X.data[t];
    const error = frobenius(E);
    const DD = frobenius(multiply(K, D, transpose(D)));
    const eigen = symmetricEigen(K, X).values[rank - 1];
    const length = frobenius(D);
    rows.push({
      point: i,
      off: off(D.data),
      offElsewhere: off(other),
      square: (DD * DD) / (2 * error * error),
      nearness: (eigen * length * length * 2 * (Math.SQRT2 - 1)) / (error * error),
    });
    yield;
  }
  return rows;
}

/** The incoherence regulariser against differences, for rows of lengths 0, α/2, α, 1.2α, 3α; and against t⁴ in place of t³. */
export function* regulariser(random: Stream): Generator<undefined, Row[]> {
  const [width, bound, strength] = [4, 0.8, 1.7];
  const R = incoherence({ width, bound, strength });
  const lengths = [0, bound / 2, bound, 1.2 * bound, 3 * bound];
  const directions = normals(split(random, 'rows'), width * lengths.length);
  const theta = new Float64Array(directions.length);
  lengths.forEach((length, i) => {
    const row = directions.subarray(i * width, (i + 1) * width);
    const size = Math.sqrt(dot(row, row));
    row.forEach((v, j) => {
      theta[i * width + j] = (length * v) / size;
    });
  });
  const along = normals(split(random, 'along'), theta.length);
  const h = 2 ** -15;
  const moved = (s: number) =>
    R.evaluate(
      theta.map((v, t) => v + s * along[t]),
      0,
    );
  const { grad } = R.evaluate(theta, 0);
  const [up, down] = [moved(h), moved(-h)];
  const product = R.hessian(theta).times(column(along)).data;
  yield;
  return lengths.map((length, i) => {
    const here = (t: number) => t >= i * width && t < (i + 1) * width;
    const only = (s: number) =>
      R.evaluate(
        theta.map((v, t) => (here(t) ? v + s * along[t] : v)),
        0,
      ).loss;
    const slope = (only(h) - only(-h)) / (2 * h);
    const exact = grad.reduce((sum, g, t) => sum + (here(t) ? g * along[t] : 0), 0);
    const over = Math.max(0, length - bound);
    // The misprint: (t − α)⁴ where the derivative has (t − α)³.
    const misprinted = exact * over;
    let curvature = 0;
    for (let t = i * width; t < (i + 1) * width; t++)
      curvature = Math.max(curvature, Math.abs((up.grad[t] - down.grad[t]) / (2 * h) - product[t]));
    return {
      length,
      gradient: Math.abs(slope - exact),
      hessian: curvature,
      misprinted: Math.abs(slope - misprinted),
    };
  });
}
