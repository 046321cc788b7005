import { describe, expect, it } from 'vitest';
import { nystrom, smallRandom } from '../../src/initialisations/index.js';
import { singleKernels } from '../../src/kernels/index.js';
import { distance } from '../../src/linalg/distance.js';
import { dual as dualOf } from '../../src/linalg/dual.js';
import { formed } from '../../src/linalg/factored.js';
import { mapOf } from '../../src/linalg/maps.js';
import { frobenius } from '../../src/linalg/norms.js';
import { gram, multiply } from '../../src/linalg/products.js';
import { leastSquares, projectOut, qr } from '../../src/linalg/qr.js';
import { singularValues } from '../../src/linalg/svd.js';
import { copy, type Matrix, matrix, slice, transpose } from '../../src/matrix.js';
import type { StreamOf } from '../../src/methods/leg.js';
import { type ScaledStepsOptions, scaledSteps } from '../../src/methods/scaledSteps.js';
import { normals, stream } from '../../src/random/index.js';
import { take } from '../../src/stream.js';
import { lowRank } from '../../src/truth/index.js';
import { close } from '../close.js';

const K = singleKernels();
const gaussian = (rows: number, cols: number, seed: number) =>
  matrix(rows, cols, normals(stream(seed, 'test'), rows * cols));
const minus = (A: Matrix<Float64Array>, B: Matrix<Float64Array>) =>
  matrix(
    A.rows,
    A.cols,
    A.data.map((a, t) => a - B.data[t]),
  );

const dual = (F: Matrix, damping = 0) => {
  const { basis, divide } = dualOf(K, F, damping);
  return divide(basis);
};

/** A truth with σ₁ = 1, its singular vectors, and the errors of a run. */
function setting({ rows = 60, cols = 60, rank = 6, condition = 100, seed = 1 } = {}) {
  const symmetric = rows === cols;
  const truth = lowRank(K, { rows, cols, rank, condition, symmetric, spectrum: 'geometric' }, stream(seed, 'truth'));
  const A = formed(K, truth.X);
  const size = frobenius(A);
  const start = (width: number, initScale = 1) =>
    nystrom(mapOf(K, A), stream(seed, 'start'), { width, initScale, symmetric });
  const errors = (from: Float64Array, steps: number, options: ScaledStepsOptions) =>
    [...take(scaledSteps(K, A, options)(from), steps + 1)].map(
      ({ loss }) => Math.sqrt(loss / (options.symmetric ? 0.25 : 0.5)) / size,
    );
  return { ...truth, A, size, start, errors };
}
const its = (errors: readonly number[], level: number) => errors.findIndex((e) => e <= level);
const last = (run: StreamOf, from: Float64Array, steps: number) => [...take(run(from), steps + 1)][steps].theta;

describe('dual', () => {
  it.each([
    [12, 5],
    [5, 12],
    [7, 7],
  ])(
    'is the transposed pseudo-inverse, of full rank and of rank 3, by Penrose’s four equations to 1e-10, %i×%i',
    (n, k) => {
      for (const F of [gaussian(n, k, 1), multiply(K, gaussian(n, 3, 2), gaussian(3, k, 3))]) {
        const P = copy(transpose(dual(F))); // k×n
        const FP = multiply(K, F, P);
        close(multiply(K, FP, F).data, F.data, { atol: 1e-10 });
        close(multiply(K, P, FP).data, P.data, { atol: 1e-10 });
        const PF = multiply(K, P, F);
        for (const S of [FP, PF]) close(S.data, multiply(K, transpose(S), S).data, { atol: 1e-10 });
      }
    },
  );
  it('damped, solves D(FᵀF + λI) = F to 1e-12', () => {
    const F = gaussian(9, 4, 5);
    const D = dual(F, 0.3);
    const G = gram(K, F);
    for (let j = 0; j < 4; j++) G.data[5 * j] += 0.3;
    close(multiply(K, D, G).data, F.data, { atol: 1e-12 });
  });
});

describe('distance', () => {
  it('is ‖LRᵀ − A‖_F to 1e-13, in one block and in many', () => {
    for (const [n1, n2, k] of [
      [7, 5, 3],
      [90, 1500, 2],
      [1, 1, 1],
    ]) {
      const [left, right, A] = [gaussian(n1, k, 1), gaussian(n2, k, 2), gaussian(n1, n2, 3)];
      const direct = frobenius(minus(formed(K, { left, right }), A));
      close(distance(K, { left, right }, A), direct, { rtol: 1e-13 });
    }
  });
});

describe('the Nyström start', () => {
  it('lies in the columns of A: ‖(I − QQᵀ)V₀‖ ≤ 1e-14 ‖V₀‖, and W₀ = 0', () => {
    const { A, U, start } = setting({ rows: 40, cols: 30 });
    const theta = start(9);
    const V = matrix(40, 9, theta);
    expect(frobenius(projectOut(K, U, slice(V, 0, 40)))).toBeLessThanOrEqual(1e-14 * frobenius(V));
    expect(theta.subarray(40 * 9).every((w) => w === 0)).toBe(true);
    expect(theta.length).toBe(70 * 9);
    expect(A.rows).toBe(40);
  });
  it('is linear in ξ', () => {
    const { start } = setting();
    close(
      start(6, 3),
      start(6).map((v) => 3 * v),
      { atol: 1e-14 },
    );
  });
});

describe('symmetric scaled steps from the Nyström start', () => {
  const of = (width: number, rest: Partial<ScaledStepsOptions> = {}) => ({ width, symmetric: true, ...rest });

  it.each([10, 1e3, 1e4])(
    'are Newton’s iteration: s⁺ = (s + 1/s)/2 for the singular values of Σ^(-1/2)QᵀU to 1e-8, κ = %d',
    (condition) => {
      const { A, U, singularValues: sigma, start } = setting({ condition });
      const whitened = (theta: Float64Array) => {
        const Phi = multiply(K, transpose(U), matrix(60, 6, theta));
        for (let i = 0; i < 6; i++) for (let j = 0; j < 6; j++) Phi.data[6 * i + j] /= Math.sqrt(sigma[i]);
        return singularValues(K, Phi).sort();
      };
      let expected: Float64Array | undefined;
      for (const { theta } of take(scaledSteps(K, A, of(6))(start(6)), 14)) {
        const s = whitened(theta);
        if (expected) close(s, expected, { rtol: 1e-8 });
        expected = s.map((v) => 0.5 * (v + 1 / v)).sort();
      }
    },
  );
  it('converge at |1 − 2η| for other steps, within 0.01', () => {
    for (const stepSize of [0.2, 0.3, 0.7, 0.8]) {
      const { start, errors } = setting();
      const e = errors(start(6), 120, of(6, { stepSize }));
      const t = its(e, 1e-10);
      close(e[t] / e[t - 1], Math.abs(1 - 2 * stepSize), { atol: 0.01 });
    }
  });
  it('over-parametrised, take the pseudo-inverse: 1e-10 within 9 steps, at twice the rank', () => {
    const { start, errors } = setting();
    const t = its(errors(start(12), 12, of(12)), 1e-10);
    expect(t).toBeGreaterThan(0);
    expect(t).toBeLessThanOrEqual(9);
  });
  it('are equivariant: a rotation of A and of the start rotates every iterate, to 1e-10', () => {
    const { A, start } = setting();
    const { Q } = qr(K, gaussian(60, 60, 9));
    const turned = multiply(K, Q, multiply(K, A, transpose(Q)));
    const theta = start(6);
    const plain = matrix(60, 6, last(scaledSteps(K, A, of(6)), theta, 5));
    const other = last(scaledSteps(K, turned, of(6)), multiply(K, Q, matrix(60, 6, theta)).data, 5);
    close(other, multiply(K, Q, plain).data, { atol: 1e-10 });
  });
  it('shed what is outside the columns of A by 1 − η a step, to 1e-9', () => {
    const { A, U } = setting();
    const theta = smallRandom(stream(2, 'start'), { shape: [60], width: 6, initScale: 0.1, initNorm: 'unit' });
    let before = Number.NaN;
    for (const it of take(scaledSteps(K, A, of(6, { stepSize: 0.3 }))(theta), 12)) {
      const outside = frobenius(projectOut(K, U, matrix(60, 6, it.theta)));
      if (before > 0) close(outside / before, 0.7, { atol: 1e-9 });
      before = outside;
    }
  });
  it('with damping equal ScaledGD(λ) in its residual form, to 1e-9', () => {
    const { A, start } = setting({ condition: 5 });
    const [eta, lambda] = [0.4, 0.05];
    const U0 = matrix(60, 6, start(6));
    const R = minus(formed(K, { left: U0, right: U0 }), A);
    const D = dual(U0, lambda);
    const expected = minus(U0, multiply(K, R, D)).data.map((_, t) => U0.data[t] - eta * multiply(K, R, D).data[t]);
    const made = last(scaledSteps(K, A, of(6, { stepSize: eta, damping: () => lambda })), U0.data, 1);
    close(made, expected, { atol: 1e-9 });
  });
  it('in f32 reach 1e-6 within 13 steps and stay below it, κ ≤ 1000', () => {
    for (const condition of [10, 100, 1000]) {
      const { start, errors } = setting({ condition });
      const e = errors(start(6), 30, of(6, { precision: 'f32' }));
      expect(its(e, 1e-6)).toBeLessThanOrEqual(13);
      expect(e[30]).toBeLessThanOrEqual(1e-6);
      expect(e[30]).toBeGreaterThan(1e-9); // it is f32
    }
  });
  it('go on from an iterate with the same bits', () => {
    const { A, start } = setting();
    const run = scaledSteps(K, A, of(6));
    const all = [...take(run(start(6)), 6)];
    const rest = [...take(run(all[3]), 3)];
    expect(rest.map(({ k, theta, loss }) => ({ k, theta, loss }))).toEqual(
      all.slice(3).map(({ k, theta, loss }) => ({ k, theta, loss })),
    );
  });
});

describe('scaled steps of a pair', () => {
  it.each([
    [6, 1e6, 1e-11],
    [12, 1e3, 1e-10],
  ])('are exact after the step that fills W, width %i of rank 6, κ = %d: ≤ %d', (width, condition, band) => {
    const { start, errors } = setting({ rows: 50, cols: 30, condition });
    expect(errors(start(width), 1, { width })[1]).toBeLessThanOrEqual(band);
  });
  it('fill W by least squares: W₁ = Aᵀ(V₀⁺)ᵀ to 1e-10, so that V₀W₁ᵀ projects A on the sketch', () => {
    const { A, start } = setting({ rows: 50, cols: 30, rank: 8 });
    const theta = start(4);
    const W = leastSquares(K, matrix(50, 4, theta), A); // 4×30
    const made = last(scaledSteps(K, A, { width: 4 }), theta, 1);
    for (let j = 0; j < 30; j++)
      for (let t = 0; t < 4; t++) close(made[200 + 4 * j + t], W.data[30 * t + j], { atol: 1e-10 });
  });
  it.each([10, 1e3])(
    'follow p⁺ = (p + 1)²/(4p) from p = ½: errors ½, ⅛, 3.47e-3, 3.0e-6, 2.3e-12, κ = %d',
    (condition) => {
      const { start, errors } = setting({ rows: 50, cols: 30, condition });
      const e = errors(start(6), 6, { width: 6, stepSize: 0.5, firstStep: 0.5 });
      close(e.slice(1, 5), [0.5, 0.125, 3.4722e-3, 3.0037e-6], { rtol: 1e-3 });
      close(e[5], 2.2555e-12, { rtol: 0.02 });
      expect(e[6]).toBeLessThanOrEqual(1e-13);
    },
  );
  it('alternating with η = 1 are subspace iteration: the excess falls by (σ_{k+1}/σ_k)⁴ a sweep, within 1 %', () => {
    const { A, singularValues: sigma, start } = setting({ rows: 50, cols: 40, rank: 8, condition: 10 });
    const best = Math.sqrt(sigma.slice(4).reduce((sum, s) => sum + s * s, 0));
    const excess: number[] = [];
    for (const { loss } of take(scaledSteps(K, A, { width: 4, order: 'alternating', stepSize: 1 })(start(4)), 20))
      excess.push(Math.sqrt(2 * loss) / best - 1);
    const t = its(excess, 1e-7);
    close(excess[t] / excess[t - 1], (sigma[4] / sigma[3]) ** 4, { rtol: 0.01 });
  });
  it('find the gradient for those who ask, to 1e-12', () => {
    const { A, start } = setting({ rows: 20, cols: 15, rank: 3 });
    const [, { theta, grad }] = take(scaledSteps(K, A, { width: 3, stepSize: 0.5, firstStep: 0.5 })(start(3)), 2);
    const [V, W] = [matrix(20, 3, theta), matrix(15, 3, theta, 60)];
    const R = minus(formed(K, { left: V, right: W }), A);
    close(grad.subarray(0, 60), multiply(K, R, W).data, { atol: 1e-12 });
    close(grad.subarray(60), multiply(K, transpose(R), V).data, { atol: 1e-12 });
  });
});

describe('misuse', () => {
  const A = gaussian(6, 5, 1);
  const first = (options: ScaledStepsOptions, from: Float64Array) => () =>
    scaledSteps(K, A, options)(from)[Symbol.iterator]().next();
  it.each([
    ['a start of zeros', first({ width: 2 }, new Float64Array(22)), /start should not be zero/],
    ['a start of another width', first({ width: 2 }, new Float64Array(33)), /should hold 22 numbers, got 33/],
    ['a symmetric A that is not square', first({ width: 2, symmetric: true }, new Float64Array(12)), /square, got 6×5/],
  ])('%s is refused', (_what, run, message) => expect(run).toThrow(message));
});
