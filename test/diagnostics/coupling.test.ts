// Couplings of factors whose answers are known, and the exact laws of a step.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { descend, pull } from '../../src/descend.js';
import { coupling, imbalanceMatrix, imbalanceStep, symmetrised } from '../../src/diagnostics/coupling.js';
import { referenceKernels } from '../../src/kernels/index.js';
import { formed } from '../../src/linalg/factored.js';
import { multiply } from '../../src/linalg/products.js';
import { at, type Matrix, matrix, transpose } from '../../src/matrix.js';
import { gaussian } from '../../src/operators/index.js';
import { factorPair } from '../../src/parametrisations/factorPair.js';
import { sensing } from '../../src/problems/sensing.js';
import { normals, stream } from '../../src/random/index.js';
import { gradient } from '../../src/rules/gradient.js';
import { take } from '../../src/stream.js';
import { lowRank, orthonormal } from '../../src/truth/index.js';
import { close } from '../close.js';

const K = referenceKernels();
const [n1, n2, r] = [9, 7, 2];
const truth = lowRank(K, { rows: n1, cols: n2, rank: r, condition: 3 }, stream(1, 'truth'));
const negative = (A: Matrix) =>
  matrix(
    A.rows,
    A.cols,
    Float64Array.from(entries(A), (v) => -v),
  );
const entries = (A: Matrix) =>
  Float64Array.from({ length: A.rows * A.cols }, (_, t) => at(A, Math.floor(t / A.cols), t % A.cols));

describe('coupling', () => {
  it('of balanced factors U√σ, V√σ: signal √σ_r, no anti-signal, angle or noise, to 1e-14', () => {
    const { signal, antiSignal, angle, noise } = coupling(K, truth.X, truth);
    close(signal, Math.sqrt(truth.singularValues[r - 1]), { rtol: 1e-14 });
    close([antiSignal, angle, noise], [0, 0, 0], { atol: 1e-14 });
  });

  it('of factors with one sign turned: the anti-signal is all there is', () => {
    const { signal, antiSignal } = coupling(K, { left: truth.X.left, right: negative(truth.X.right) }, truth);
    close(antiSignal, Math.sqrt(truth.singularValues[0]), { rtol: 1e-14 });
    close(signal, 0, { atol: 1e-14 });
  });

  it('does not change when the factors are turned from the right by one rotation, to 1e-13', () => {
    const wide = {
      left: matrix(n1, 4, normals(stream(2, 'V'), 4 * n1)),
      right: matrix(n2, 4, normals(stream(2, 'W'), 4 * n2)),
    };
    const Q = orthonormal(K, 4, 4, stream(3, 'Q'));
    const turned = { left: multiply(K, wide.left, Q), right: multiply(K, wide.right, Q) };
    const [a, b] = [wide, turned].map((X) => Object.values(coupling(K, X, truth)));
    close(b, a, { rtol: 1e-13 });
  });

  it('sees a column outside of both spaces as noise alone', () => {
    const column = orthonormal(K, n1, r + 1, stream(4, 'off'));
    const outside = { left: matrix(n1, r + 1), right: matrix(n2, r + 1) };
    for (let j = 0; j < r; j++) {
      for (let i = 0; i < n1; i++) outside.left.data[i * (r + 1) + j] = at(truth.U, i, j);
      for (let i = 0; i < n2; i++) outside.right.data[i * (r + 1) + j] = at(truth.V, i, j);
    }
    // the part of a random direction that is orthogonal to U
    const raw = Float64Array.from({ length: n1 }, (_, i) => at(column, i, r));
    for (let j = 0; j < r; j++) {
      const along = raw.reduce((sum, v, i) => sum + v * at(truth.U, i, j), 0);
      for (let i = 0; i < n1; i++) raw[i] -= along * at(truth.U, i, j);
    }
    const length = Math.sqrt(raw.reduce((sum, v) => sum + v * v, 0));
    for (let i = 0; i < n1; i++) outside.left.data[i * (r + 1) + r] = (0.3 * raw[i]) / length;
    const { signal, noise, angle } = coupling(K, outside, truth);
    close([signal, noise], [1, 0.3 / Math.SQRT2], { rtol: 1e-13 });
    close(angle, 0, { atol: 1e-13 });
  });
});

describe('laws of a step', () => {
  it('hold for any start and step size, to 1e-12: B⁺ − B, ZᵀZ̃ = ½B', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), fc.double({ min: 0.01, max: 0.5, noNaN: true }), (seed, mu) => {
        const operator = gaussian(K, { rows: n1, cols: n2, measurements: 40 }, stream(seed, 'operator'));
        const y = operator.apply(formed(K, truth.X));
        const phi = factorPair(K, n1, n2, 3);
        const start = normals(stream(seed, 'start'), phi.size).map((v) => 0.3 * v);
        const [before, after] = [...take(descend(pull(sensing(operator, y), phi), gradient(mu), start), 2)].map(
          ({ theta }) => phi.value(theta),
        );
        const { gradient: G } = operator.gradient(before, y);
        const [B0, B1] = [before, after].map((X) => imbalanceMatrix(K, X).data);
        close(
          B1.map((v, t) => v - B0[t]),
          imbalanceStep(K, before, G, mu).data,
          { atol: 1e-12 },
        );
        const { Z, conjugate } = symmetrised(after);
        close(
          multiply(K, transpose(Z), conjugate).data,
          B1.map((v) => v / 2),
          { atol: 1e-12 },
        );
      }),
      { numRuns: 30 },
    );
  });

  it('is of second order in the step size: halving it quarters B⁺ − B', () => {
    const operator = gaussian(K, { rows: n1, cols: n2, measurements: 40 }, stream(5, 'operator'));
    const G = operator.adjoint(normals(stream(5, 'r'), 40));
    const [whole, half] = [0.2, 0.1].map((mu) => imbalanceStep(K, truth.X, G, mu).data);
    close(
      half.map((v) => 4 * v),
      whole,
      { rtol: 1e-14 },
    );
    expect(Math.max(...whole.map(Math.abs))).toBeGreaterThan(1e-4);
  });
});
