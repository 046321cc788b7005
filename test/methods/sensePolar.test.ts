// X = QΘQᵀ: the parametrisation, its rule, and sensing with more columns than the rank.

import { describe, expect, it } from 'vitest';
import { descend, pull } from '../../src/descend.js';
import { relativeFrobenius } from '../../src/diagnostics/errors.js';
import { singleKernels } from '../../src/kernels/index.js';
import { formed } from '../../src/linalg/factored.js';
import { frobenius } from '../../src/linalg/norms.js';
import { multiply } from '../../src/linalg/products.js';
import { matrix, transpose } from '../../src/matrix.js';
import { type SenseOptions, sense } from '../../src/methods/sense.js';
import { gaussian } from '../../src/operators/index.js';
import { polarSymmetric } from '../../src/parametrisations/polarSymmetric.js';
import { sensing } from '../../src/problems/sensing.js';
import { normals, stream } from '../../src/random/index.js';
import { retracted } from '../../src/rules/retracted.js';
import { finish, take } from '../../src/stream.js';
import { lowRank } from '../../src/truth/index.js';
import { close } from '../close.js';
import { taylorSlope } from '../taylor.js';

const K = singleKernels();
const [n, k, r] = [20, 5, 2];
const { X } = lowRank(K, { rows: n, cols: n, rank: r, condition: 2, symmetric: true }, stream(1, 'truth'));
const operator = gaussian(
  K,
  { rows: n, cols: n, measurements: 8 * n * r, symmetric: true, storage: 'f64' },
  stream(1, 'operator'),
);
const y = operator.apply(X);
const phi = polarSymmetric(K, n, k);
const F = pull(sensing(operator, y), phi);
const theta = phi.retract(normals(stream(2, 'theta'), phi.size));
const gramOff = (at: Float64Array) => {
  const Q = matrix(n, k, at);
  const G = multiply(K, transpose(Q), Q);
  for (let i = 0; i < k; i++) G.data[i * k + i] -= 1;
  return frobenius(G);
};

describe('X = QΘQᵀ', () => {
  it('the pullback is the gradient for directions with symmetric Θ: Taylor slope 2 ± 0.05', () => {
    const direction = normals(stream(3, 'd'), phi.size);
    const symmetricPart = phi.project(theta, direction).subarray(n * k);
    direction.set(symmetricPart, n * k);
    close(taylorSlope(F, theta, direction), 2, { atol: 0.05 });
  });

  it('retract gives orthonormal columns and a symmetric Θ to 1e-14, and leaves such points alone', () => {
    expect(gramOff(theta)).toBeLessThan(1e-13);
    close(phi.retract(theta), theta, { atol: 1e-13 });
  });

  it('project is a projection onto the tangent space: twice is once, and QᵀD + DᵀQ = 0, to 1e-13', () => {
    const direction = normals(stream(4, 'd'), phi.size);
    const once = phi.project(theta, direction);
    close(phi.project(theta, once), once, { atol: 1e-13 });
    const QD = multiply(K, transpose(matrix(n, k, theta)), matrix(n, k, once));
    for (let i = 0; i < k; i++)
      for (let j = 0; j < k; j++) close(QD.data[i * k + j] + QD.data[j * k + i], 0, { atol: 1e-13 });
  });

  it('descent stays on the manifold to 1e-12 and lowers the loss at every step', () => {
    const slow = polarSymmetric(K, n, k, [0.3, 1]);
    const its = [...take(descend(F, retracted(0.5, slow), theta), 60)];
    for (let t = 1; t < its.length; t++) {
      expect(its[t].loss).toBeLessThan(its[t - 1].loss);
      expect(gramOff(its[t].theta)).toBeLessThan(1e-12);
    }
  });
});

describe('sense, weight-normalised', () => {
  const truth = formed(K, X);
  const solved = (options: SenseOptions) =>
    finish(sense(K, { operator, y }, undefined, { tolerance: 1e-11, iterations: 2000, precision: 'f64', ...options }));

  it('with more columns than the rank ends below 1e-10, where UUᵀ from a large start is still above 1e-3', () => {
    const polar = solved({ method: 'weight-normalised', width: k });
    expect(polar.outcome).toBe('converged');
    expect(relativeFrobenius(K, polar.X, truth)).toBeLessThan(1e-10);
    expect(polar.rank).toBe(r);
    const plain = solved({ method: 'gd', width: k, initScale: 0.5 });
    expect(relativeFrobenius(K, plain.X, truth)).toBeGreaterThan(1e-3);
  });

  it('a step that is too long ends stalled, and the step that is told would do', () => {
    const result = solved({ method: 'weight-normalised', width: k, stepSize: 2.5 });
    expect(result.outcome).not.toBe('converged');
    expect(result.notes.join()).toMatch(/0.75 would do/);
  });

  it('refuses what is not symmetric, and more columns than rows', () => {
    expect(() => solved({ method: 'weight-normalised', width: n + 1 })).toThrow(
      'needs a width of at most n = 20, got 21',
    );
    const pair = gaussian(K, { rows: 4, cols: 4, measurements: 12 }, stream(1, 'pair'));
    const run = sense(K, { operator: pair, y: new Float64Array(12).fill(1) }, undefined, {
      method: 'weight-normalised',
    });
    expect(() => run.next()).toThrow('weight-normalised needs a symmetric X');
  });
});
