import { describe, expect, it } from 'vitest';
import { type Factored, pull } from '../../src/descend.js';
import { referenceKernels } from '../../src/kernels/index.js';
import { denseOf } from '../../src/linalg/maps.js';
import { type Matrix, matrix } from '../../src/matrix.js';
import { fast, gaussian, mask, type Operator, rademacher, rankOne, type Shape } from '../../src/operators/index.js';
import { factorPair } from '../../src/parametrisations/factorPair.js';
import { symmetric as symmetricFactor } from '../../src/parametrisations/symmetric.js';
import { sensing, sensingMinibatch } from '../../src/problems/sensing.js';
import { normals, type Stream, stream } from '../../src/random/index.js';
import { uniformMask } from '../../src/truth/index.js';
import { close } from '../close.js';

const K = referenceKernels();
const makers: [string, (shape: Shape, random: Stream) => Operator][] = [
  ['gaussian', (shape, random) => gaussian(K, shape, random)],
  ['rademacher', (shape, random) => rademacher(K, shape, random)],
  ['rankOne', (shape, random) => rankOne(K, shape, random)],
  ['fast', (shape, random) => fast(K, shape, random)],
  [
    'mask',
    ({ rows, cols, measurements, symmetric }, random) =>
      mask(K, uniformMask(rows, cols, measurements, random, symmetric), { symmetric }),
  ],
];

describe.each(makers)('sensing with %s', (_, make) => {
  it.each([false, true])(
    'has Taylor slope 2 ± 0.02: F(θ+tδ) − F(θ) − t⟨∇F, δ⟩ = O(t²) (symmetric: %s)',
    (symmetric) => {
      const [n1, n2, k, m] = symmetric ? [6, 6, 3, 18] : [7, 5, 3, 18];
      const operator = make({ rows: n1, cols: n2, measurements: m, symmetric }, stream(1, 'A'));
      const phi = symmetric ? symmetricFactor(K, n1, k) : factorPair(K, n1, n2, k);
      const F = pull(sensing(operator, normals(stream(1, 'y'), m)), phi);
      const theta = normals(stream(1, 'theta'), phi.size);
      const delta = normals(stream(1, 'delta'), phi.size);
      const { loss, grad } = F.evaluate(theta, 0);
      const slope = grad.reduce((sum, g, i) => sum + g * delta[i], 0);
      const rest = (t: number) => {
        const moved = F.evaluate(
          theta.map((v, i) => v + t * delta[i]),
          0,
        ).loss;
        return Math.abs(moved - loss - t * slope);
      };
      close(Math.log10(rest(1e-3) / rest(1e-4)), 2, { atol: 0.02 });
    },
  );
});

describe('sensing', () => {
  const shape = { rows: 6, cols: 6, measurements: 20, symmetric: true };
  const operator = gaussian(K, shape, stream(2, 'A'));
  const y = normals(stream(2, 'y'), 20);

  it('with weight ¼ makes gradient descent U + μ𝒜*(y − 𝒜(UUᵀ))U, to 1e-14', () => {
    const phi = symmetricFactor(K, 6, 2);
    const theta = normals(stream(2, 'U'), 12);
    const { grad } = pull(sensing(operator, y), phi).evaluate(theta, 0);
    const residual = operator.apply(phi.value(theta)).map((v, i) => y[i] - v);
    const step = operator.adjoint(residual).times(matrix(6, 2, theta)).data;
    close(
      grad,
      step.map((v) => -v),
      { rtol: 1e-13, atol: 1e-14 },
    );
  });

  it('has loss w‖𝒜(X) − y‖², w = ¼ symmetric, ½ otherwise, or as given', () => {
    const zero = matrix(6, 6);
    const squares = y.reduce((s, v) => s + v * v, 0);
    close(sensing(operator, y).evaluate(zero, 0).loss, squares / 4, { rtol: 1e-15 });
    close(sensing(operator, y, 3).evaluate(zero, 0).loss, 3 * squares, { rtol: 1e-15 });
    const general = gaussian(K, { ...shape, symmetric: false }, stream(2, 'A'));
    close(sensing(general, y).evaluate(zero, 0).loss, squares / 2, { rtol: 1e-15 });
  });

  it('refuses y of another length', () => {
    expect(() => sensing(operator, y.subarray(1))).toThrow('y should hold 20 numbers, got 19');
  });
});

describe.each(makers.slice(0, 4))('minibatches of %s', (_, make) => {
  const [n1, n2, m] = [5, 4, 12];
  const operator = make({ rows: n1, cols: n2, measurements: m }, stream(3, 'A'));
  const y = normals(stream(3, 'y'), m);
  const X: Factored = {
    left: matrix(n1, 2, normals(stream(3, 'L'), 10)),
    right: matrix(n2, 2, normals(stream(3, 'R'), 8)),
  };
  const dense = (problem: { loss: number; grad: Parameters<typeof denseOf>[1] }): Matrix => denseOf(K, problem.grad);

  it('of everything are the problem, to 1e-13', () => {
    const whole = sensing(operator, y).evaluate(X, 0);
    const batch = sensingMinibatch(K, operator, y, m, stream(3, 'batch')).evaluate(X, 5);
    close(batch.loss, whole.loss, { rtol: 1e-13 });
    close(dense(batch).data, dense(whole).data, { atol: 1e-13, rtol: 1e-13 });
  });
  it('draw k is the same whenever it is asked for, and their mean is the problem within 4 standard errors', () => {
    const problem = sensingMinibatch(K, operator, y, 3, stream(3, 'batch'));
    expect(problem.evaluate(X, 7).loss).toBe(problem.evaluate(X, 7).loss);
    expect(problem.evaluate(X, 7).loss).not.toBe(problem.evaluate(X, 8).loss);
    const draws = 1500;
    const losses = Array.from({ length: draws }, (_, k) => problem.evaluate(X, k).loss);
    const mean = losses.reduce((s, v) => s + v, 0) / draws;
    const variance = losses.reduce((s, v) => s + (v - mean) ** 2, 0) / draws;
    close(mean, sensing(operator, y).evaluate(X, 0).loss, { atol: 4 * Math.sqrt(variance / draws) });
  });
  it('refuse a size that is not one', () => {
    expect(() => sensingMinibatch(K, operator, y, 13, stream(1, 'b'))).toThrow(
      'size should be an integer from 1 to m = 12',
    );
  });
});
