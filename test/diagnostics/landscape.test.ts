// The landscape of factorised sensing: derivatives against differences and closed forms, the theorem about strict saddles, and
// the traps of weak isometries.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { descend, pull } from '../../src/descend.js';
import { curvedSensing, landscape, procrustes, saddleBound } from '../../src/diagnostics/landscape.js';
import { leastTrappingDelta, trapProblem } from '../../src/diagnostics/traps.js';
import { singleKernels } from '../../src/kernels/index.js';
import { symmetricEigen } from '../../src/linalg/eigen.js';
import { formed } from '../../src/linalg/factored.js';
import { denseOf } from '../../src/linalg/maps.js';
import { frobenius } from '../../src/linalg/norms.js';
import { singularValues } from '../../src/linalg/svd.js';
import { dot } from '../../src/linalg/vectors.js';
import { matrix } from '../../src/matrix.js';
import { denseRows, gaussian, mask, type Operator } from '../../src/operators/index.js';
import { factorPair } from '../../src/parametrisations/factorPair.js';
import { symmetric } from '../../src/parametrisations/symmetric.js';
import { sumCurved } from '../../src/problems/curved.js';
import { incoherence } from '../../src/problems/incoherence.js';
import { sensing } from '../../src/problems/sensing.js';
import { normals, stream } from '../../src/random/index.js';
import { gradient } from '../../src/rules/gradient.js';
import { lowRank, uniformMask } from '../../src/truth/index.js';
import { close } from '../close.js';
import { taylorSlope } from '../taylor.js';

const K = singleKernels();
const column = (d: Float64Array) => matrix(d.length, 1, d);

describe('curvedSensing', () => {
  const shape = { rows: 6, cols: 5, measurements: 40, storage: 'f64' } as const;
  const square = { ...shape, cols: 6, symmetric: true };
  const cases = [
    ['a pair', gaussian(K, shape, stream(1, 'A')), factorPair(K, 6, 5, 2), undefined],
    ['a symmetric factor, w = ¼', gaussian(K, square, stream(2, 'A')), symmetric(K, 6, 3), undefined],
    ['a symmetric factor, w = ½', gaussian(K, square, stream(2, 'A')), symmetric(K, 6, 3), 0.5],
    [
      'a symmetric factor under an operator that is not',
      gaussian(K, { ...shape, cols: 6 }, stream(3, 'A')),
      symmetric(K, 6, 2),
      1,
    ],
    ['a pair on a mask', mask(K, uniformMask(6, 5, 17, stream(4, 'mask'))), factorPair(K, 6, 5, 2), undefined],
  ] as const;

  it.each(cases)('%s: the value and gradient are those of the pulled problem', (_, operator, phi, weight) => {
    const y = normals(stream(5, 'y'), operator.measurements);
    const theta = normals(stream(6, 'θ'), phi.size);
    const other = pull(sensing(operator, y, weight), phi).evaluate(theta, 0);
    const { loss, grad } = curvedSensing(operator, y, phi, weight).evaluate(theta, 0);
    expect(loss).toBe(other.loss);
    expect(grad).toEqual(other.grad);
  });

  it.each(cases)(
    '%s: the Hessian is the derivative of the gradient, to 1e-7, and symmetric',
    (_, operator, phi, weight) => {
      const y = normals(stream(5, 'y'), operator.measurements);
      const F = curvedSensing(operator, y, phi, weight);
      const theta = normals(stream(6, 'θ'), phi.size);
      const H = denseOf(K, F.hessian(theta));
      const h = 1e-5;
      for (let j = 0; j < phi.size; j++) {
        const moved = (s: number) =>
          F.evaluate(
            theta.map((v, i) => (i === j ? v + s : v)),
            0,
          ).grad;
        const [up, down] = [moved(h), moved(-h)];
        for (let i = 0; i < phi.size; i++) {
          close((up[i] - down[i]) / (2 * h), H.data[i * phi.size + j], { rtol: 1e-7, atol: 1e-7 });
          close(H.data[i * phi.size + j], H.data[j * phi.size + i], { rtol: 1e-12, atol: 1e-12 });
        }
      }
    },
  );

  it('the second-order identity holds to 1e-12 for D = U − U⋆R, and with it both inequalities', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.constantFrom(0.1, 1, 4), (seed, spread) => {
        const [n, r] = [7, 2];
        const operator = gaussian(K, { rows: n, cols: n, measurements: 20, storage: 'f64' }, stream(seed, 'A'));
        const Ustar = matrix(n, r, normals(stream(seed, 'truth'), n * r));
        const off = normals(stream(seed, 'off'), n * r);
        const U = matrix(
          n,
          r,
          Ustar.data.map((v, t) => v + spread * off[t]),
        );
        const y = operator.apply({ left: Ustar, right: Ustar });
        const F = curvedSensing(operator, y, symmetric(K, n, r), 0.5);
        const D = procrustes(K, U, Ustar);
        const { loss, grad } = F.evaluate(U.data, 0);
        const square = operator.apply({ left: D, right: D });
        const curvature = dot(D.data, F.hessian(U.data).times(column(D.data)).data);
        const terms = dot(square, square) + 6 * loss + 4 * Math.abs(dot(grad, D.data));
        close(curvature, dot(square, square) - 6 * loss + 4 * dot(grad, D.data), { atol: 1e-12 * terms });
        const E = formed(K, { left: U, right: U });
        const X = formed(K, { left: Ustar, right: Ustar });
        const smallest = symmetricEigen(K, X).values[r - 1];
        for (let t = 0; t < E.data.length; t++) E.data[t] -= X.data[t];
        const [error, DD, length] = [frobenius(E), frobenius(formed(K, { left: D, right: D })), frobenius(D)];
        expect(DD * DD).toBeLessThanOrEqual(2 * error * error * (1 + 1e-12));
        expect(smallest * length * length).toBeLessThanOrEqual(
          ((error * error) / (2 * (Math.SQRT2 - 1))) * (1 + 1e-12),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('landscape', () => {
  /** 𝒜 = I on symmetric matrices: y_ij = X_ij, so that δ = 0. */
  const identity = (n: number): Operator => {
    const builder = denseRows(K, { rows: n, cols: n, measurements: n * n, storage: 'f64', scale: 'none' });
    builder.write(
      0,
      Float64Array.from({ length: n ** 4 }, (_, t) => Number(Math.floor(t / (n * n)) === t % (n * n))),
    );
    return builder.finish().operator;
  };

  it('𝒜 = I: factors of some eigenvectors are strict saddles with λ_min = −2σ of the largest missing one, below the bound', () => {
    const n = 5;
    const sigma = [1, 0.7, 0.4];
    const { X, U } = lowRank(K, { rows: n, cols: n, rank: 3, symmetric: true, singularValues: sigma }, stream(1, 'X'));
    const operator = identity(n);
    const F = curvedSensing(operator, operator.apply(X), symmetric(K, n, 3), 0.5);
    for (const kept of [[], [0], [0, 1], [1, 2], [2]]) {
      const theta = new Float64Array(n * 3);
      for (const j of kept) for (let i = 0; i < n; i++) theta[i * 3 + j] = Math.sqrt(sigma[j]) * U.data[i * 3 + j];
      const found = landscape(K, F, theta);
      expect(found.kind).toBe('strict saddle');
      close(found.curvature, -2 * sigma[[0, 1, 2].find((j) => !kept.includes(j))!], { rtol: 1e-9 });
      expect(found.curvature).toBeLessThanOrEqual(saddleBound(0, 0.4));
      const Hd = F.hessian(theta).times(column(found.direction)).data;
      close(dot(found.direction, Hd), found.curvature, { rtol: 1e-9 });
    }
    const whole = landscape(K, F, X.left.data as Float64Array);
    expect(whole.kind).toBe('second-order point');
    close(whole.loss, 0, { atol: 1e-20 });
    close(whole.curvature, 0, { atol: 1e-9 });
    expect(landscape(K, F, normals(stream(2, 'θ'), n * 3)).kind).toBe('not critical');
  });

  it('tells of a point where the objective has blown up', () => {
    const operator = identity(3);
    const F = curvedSensing(operator, new Float64Array(9), symmetric(K, 3, 1));
    expect(() => landscape(K, F, Float64Array.of(1e200, 0, 0))).toThrow(/F should be finite at θ, got NaN/);
  });

  it('a regulariser adds its gradient and its curvature', () => {
    const operator = identity(4);
    const F = curvedSensing(operator, normals(stream(1, 'y'), 16), symmetric(K, 4, 2));
    const R = incoherence({ width: 2, bound: 0.5, strength: 3 });
    const theta = normals(stream(2, 'θ'), 8);
    const both = sumCurved(F, R);
    close(taylorSlope(both, theta, normals(stream(3, 'd'), 8)), 2, { atol: 0.1 });
    const [whole, one, two] = [both, F, R].map((of) => denseOf(K, of.hessian(theta)).data);
    close(
      whole,
      one.map((v, t) => v + two[t]),
      { rtol: 1e-14, atol: 1e-14 },
    );
  });
});

describe('trapProblem', () => {
  const spectrum = (operator: Operator) => {
    const { rows: n, measurements: m } = operator;
    const A = matrix(m, n * n);
    for (let t = 0; t < n * n; t++) {
      const y = operator.apply(
        matrix(
          n,
          n,
          Float64Array.from({ length: n * n }, (_, s) => Number(s === t)),
        ),
      );
      for (let i = 0; i < m; i++) A.data[i * n * n + t] = y[i];
    }
    return singularValues(K, A).map((s) => s * s);
  };

  it.each([
    [0.2, 2],
    [0.5, 2],
    [0.5, 6],
    [0.8, 2],
    [0.8, 5],
  ])(
    'δ = %d, n = %d: the spectrum is in [1 − δ, 1 + δ], f = (1 − δ²)‖z‖⁴, ∇f = 0, and the curvatures are the closed forms',
    (delta, n) => {
      const z = n === 2 ? Float64Array.of(1, 0) : Float64Array.from(normals(stream(1, 'z'), n));
      const square = dot(z, z);
      const { operator, y, trap } = trapProblem(K, delta, z);
      const eigen = spectrum(operator);
      close(eigen[0], 1 + delta, { rtol: 1e-12 });
      close(eigen[eigen.length - 1], 1 - delta, { rtol: 1e-12 });
      const F = curvedSensing(operator, y, symmetric(K, n, 1), 1);
      const { loss, gradientNorm } = landscape(K, F, trap);
      close(loss, (1 - delta * delta) * square * square, { rtol: 1e-12 });
      close(gradientNorm, 0, { atol: 1e-12 * square ** 1.5 });
      close(dot(trap, z), 0, { atol: 1e-13 * square });
      const along = (d: Float64Array) => dot(d, F.hessian(trap).times(column(d)).data) / dot(d, d);
      close(along(z), 4 * (2 * delta - 1) * (delta + 1) * square, { rtol: 1e-11, atol: 1e-11 });
      close(along(trap), 8 * delta * square, { rtol: 1e-11 });
    },
  );

  it('descent from beside the trap stays for δ = 0.6 and leaves for δ = 0.4; searched with width 2 it leaves for both', () => {
    const ends = [0.4, 0.6].map((delta) =>
      [1, 2].map((width) => {
        const { operator, y, trap } = trapProblem(K, delta);
        const start = new Float64Array(2 * width).fill(1e-3);
        for (let i = 0; i < 2; i++) start[i * width] += trap[i];
        const F = pull(sensing(operator, y, 1), symmetric(K, 2, width));
        for (const { k, loss } of descend(F, gradient(0.02), start)) if (k === 2000) return loss;
        return Number.NaN;
      }),
    );
    close(ends[1][0], 1 - 0.36, { rtol: 1e-9 });
    for (const loss of [ends[0][0], ends[0][1], ends[1][1]]) expect(loss).toBeLessThan(1e-4);
  });

  it('refuses a δ that is none, and a z of zeros', () => {
    expect(() => trapProblem(K, 1)).toThrow('trapProblem: delta should be between 0 and 1, got 1');
    expect(() => trapProblem(K, 0.5, new Float64Array(3))).toThrow('not all zero');
  });
});

describe('leastTrappingDelta', () => {
  it('is least at ‖x‖ = ‖z‖/√2 and a right angle, where it is ½', () => {
    close(leastTrappingDelta(Math.SQRT1_2, 1), 0.5, { rtol: 1e-14 });
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 5, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (ratio, sine) => {
          const bound = leastTrappingDelta(ratio, sine);
          expect(bound).toBeGreaterThanOrEqual(0.5 - 1e-12);
          expect(bound).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it.each([0.5, 0.6, 0.7, 0.8, 0.9])('is at most %d at the trap of that δ', (delta) =>
    expect(leastTrappingDelta(Math.sqrt(delta), 1)).toBeLessThanOrEqual(delta + 1e-12),
  );
});
