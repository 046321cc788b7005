// LAPACK's test ratios on hard matrices: ‖A − QR‖, ‖A − UΣVᵀ‖, ‖A − VΛVᵀ‖ ≤ 30·n·ε·‖A‖ and ‖UᵀU − I‖ ≤ 30·n·ε.

import fc from 'fast-check';
import { Matrix as Oracle, SVD as OracleSvd } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { cholesky, solveCholesky } from '../../src/linalg/cholesky.js';
import { symmetricEigen } from '../../src/linalg/eigen.js';
import { spectralNorm } from '../../src/linalg/norms.js';
import { gram, multiply } from '../../src/linalg/products.js';
import { complement, leastSquares, qr, solveLower, solveRight, solveUpper, thinR } from '../../src/linalg/qr.js';
import { singularValues, svd } from '../../src/linalg/svd.js';
import { at, copy, type Matrix, matrix, slice, transpose } from '../../src/matrix.js';
import { close } from '../close.js';
import { CASES, expectOrthonormal, expectProduct, gaussian, K, orthonormal, withSpectrum } from './matrices.js';

const tallCases = CASES.filter(([, A]) => A.rows >= A.cols);
const flat = (A: Matrix) => copy(A).data;
const list = (n: number, f: (i: number) => number) => Array.from({ length: n }, (_, i) => f(i));
const symmetrised = (A: Matrix): Matrix<Float64Array> => {
  const n = Math.min(A.rows, A.cols);
  const S = matrix(n, n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) S.data[i * n + j] = at(A, i, j) / 2 + at(A, j, i) / 2;
  return S;
};

describe('thin QR', () => {
  it.each(tallCases)('of %s: ‖A − QR‖ ≤ 30·n·ε·‖A‖, orthonormal Q, R_ii ≥ 0, the input untouched', (_name, A) => {
    const before = flat(A);
    const { Q, R } = qr(K, A);
    expect([Q.rows, Q.cols, R.rows, R.cols]).toEqual([A.rows, A.cols, A.cols, A.cols]);
    expectOrthonormal(Q);
    expectProduct(A, Q, undefined, R);
    for (let i = 0; i < R.rows; i++) {
      expect(at(R, i, i)).toBeGreaterThanOrEqual(0);
      for (let j = 0; j < i; j++) expect(at(R, i, j)).toBe(0);
    }
    expect(thinR(K, A).data).toEqual(R.data);
    expect(flat(A)).toEqual(before);
  });

  it('is unique: of Q·R with positive diagonal it gives Q and R back within 1e-12', () => {
    const Q = orthonormal(6001, 8, 'Q');
    const R = matrix(8, 8);
    for (let i = 0; i < 8; i++) for (let j = i; j < 8; j++) R.data[i * 8 + j] = i === j ? 1 + i : 0.3 * (j - i);
    const found = qr(K, multiply(K, Q, R));
    close(found.R.data, R.data, { atol: 1e-12 });
    close(found.Q.data, Q.data, { atol: 1e-12 });
  });

  it('refuses a wide matrix and NaN', () => {
    expect(() => qr(K, gaussian(3, 5))).toThrow('qr: A should have at least as many rows as columns, got 3×5');
    expect(() => qr(K, matrix(2, 2, Float64Array.of(1, NaN, 0, 1)))).toThrow('A should hold finite numbers, got NaN');
    expect(() => svd(K, matrix(2, 2, Float64Array.of(1, Infinity, 0, 1)))).toThrow('got Infinity');
  });

  it('solves with its triangle from the left and the right: residuals ≤ 1e-13', () => {
    const { R } = qr(K, gaussian(50, 20));
    const B = gaussian(20, 7, 'B');
    close(multiply(K, R, solveUpper(R, B)).data, B.data, { atol: 1e-13 });
    close(multiply(K, transpose(R), solveLower(transpose(R), B)).data, B.data, { atol: 1e-13 });
    const D = gaussian(7, 20, 'D');
    close(multiply(K, solveRight(D, R), R).data, D.data, { atol: 1e-13 });
    close(multiply(K, solveRight(D, R, true), transpose(R)).data, D.data, { atol: 1e-13 });
    expect(() => solveUpper(matrix(2, 2), B)).toThrow('got 2×2 and 7×20');
    expect(() => solveUpper(matrix(20, 20), B)).toThrow('the diagonal should not hold zeros, got one at 0');
  });

  it('gives the least-squares solution: its residual is orthogonal to the columns within 1e-12; rank below n is refused', () => {
    const A = gaussian(60, 9);
    const B = gaussian(60, 2, 'B');
    const residual = multiply(K, A, leastSquares(K, A, B));
    for (let i = 0; i < residual.data.length; i++) residual.data[i] -= B.data[i];
    close(multiply(K, transpose(A), residual).data, new Float64Array(18), { atol: 1e-12 });
    const dependent = multiply(K, gaussian(60, 2, 'L'), gaussian(2, 4, 'M'));
    expect(() => leastSquares(K, dependent, B)).toThrow('got column 2 dependent on those before it');
  });

  it('completes a basis: [Q, complement] is orthonormal to 30·n·ε', () => {
    const Q = orthonormal(40, 13, 'Q');
    const N = complement(K, Q);
    expect([N.rows, N.cols]).toEqual([40, 27]);
    expectOrthonormal(N);
    close(multiply(K, transpose(Q), N).data, new Float64Array(13 * 27), { atol: 1e-14 });
  });
});

describe('SVD', () => {
  it.each(CASES)('of %s: ‖A − UΣVᵀ‖ ≤ 30·n·ε·‖A‖, orthonormal U and V, values descending', (_name, A) => {
    const before = flat(A);
    const { U, values, V } = svd(K, A);
    const s = Math.min(A.rows, A.cols);
    expect([U.rows, U.cols, values.length, V.rows, V.cols]).toEqual([A.rows, s, s, A.cols, s]);
    expectOrthonormal(U);
    expectOrthonormal(V);
    expectProduct(A, U, values, transpose(V));
    for (let i = 0; i < s; i++) expect(values[i]).toBeGreaterThanOrEqual(values[i + 1] ?? 0);
    close(singularValues(K, A), values, { atol: 30 * s * Number.EPSILON * (values[0] ?? 0) });
    expect(flat(A)).toEqual(before);
  });

  it.each(CASES.filter(([, A]) => A.rows * A.cols > 0 && A.rows * A.cols < 10_000))(
    'of %s agrees with ml-matrix within 30·n·ε·σ₁',
    (_name, A) => {
      let largest = 0;
      for (const x of flat(A)) largest = Math.max(largest, Math.abs(x));
      const unit = flat(A).map((x) => x / (largest || 1));
      const oracle = new OracleSvd(Oracle.from1DArray(A.rows, A.cols, Array.from(unit)), { autoTranspose: true });
      const values = singularValues(K, A).map((x) => x / (largest || 1));
      const atol = 30 * Math.max(A.rows, A.cols) * Number.EPSILON * values[0] + 1e-323 / (largest || 1);
      close(values, oracle.diagonal.slice(0, values.length), { atol });
    },
  );

  it('finds the spectrum that a matrix was made with, within 30·n·ε·σ₁', () => {
    const s = list(50, (j) => 1 / (j + 1));
    close(singularValues(K, withSpectrum(80, 50, s)), s, { atol: 30 * 80 * Number.EPSILON });
  });

  it('finds small values of a graded bidiagonal with a relative error ≤ 1e-13', () => {
    // [1 b; 0 δ]: σ₁σ₂ = δ, σ₁² + σ₂² = 1 + b² + δ².
    for (const delta of [1e-8, 1e-100, 1e-200]) {
      const values = singularValues(K, matrix(2, 2, Float64Array.of(1, 1, 0, delta)));
      close(values[0] * values[1], delta, { rtol: 1e-13 });
    }
  });

  it('obeys Weyl: |σ_i(A+E) − σ_i(A)| ≤ ‖E‖₂', () => {
    const A = gaussian(30, 22);
    const E = gaussian(30, 22, 'E');
    const sum = matrix(
      30,
      22,
      A.data.map((x, i) => x + 0.01 * E.data[i]),
    );
    const bound = 0.01 * spectralNorm(K, E) * (1 + 1e-12);
    const after = singularValues(K, sum);
    close(after, singularValues(K, A), { atol: bound });
  });

  it('obeys Eckart and Young: the best rank-r error is σ_{r+1}, and no other rank-r matrix of a hundred does better', () => {
    const A = gaussian(12, 10);
    const { U, values, V } = svd(K, A);
    const lead = (X: Matrix, r: number) => slice(X, 0, X.rows, 0, r);
    const minus = (B: Matrix<Float64Array>) =>
      matrix(
        12,
        10,
        A.data.map((x, i) => x - B.data[i]),
      );
    for (let r = 1; r < 10; r++) {
      const weighted = copy(lead(U, r));
      for (let t = 0; t < weighted.data.length; t++) weighted.data[t] *= values[t % r];
      close(spectralNorm(K, minus(multiply(K, weighted, transpose(lead(V, r))))), values[r], { rtol: 1e-12 });
    }
    for (let trial = 0; trial < 100; trial++) {
      const Q = qr(K, gaussian(12, 3, 'trial', trial)).Q;
      const projected = multiply(K, Q, multiply(K, transpose(Q), A));
      expect(spectralNorm(K, minus(projected))).toBeGreaterThanOrEqual(values[3]);
    }
  });
});

describe('symmetric eigen', () => {
  const cases = CASES.map(([name, A]) => [name, symmetrised(A)] as const);
  it.each(cases)(
    'of the symmetric part of %s: ‖A − VΛVᵀ‖ ≤ 30·n·ε·‖A‖, orthonormal V, values descending',
    (_name, A) => {
      const { values, vectors } = symmetricEigen(K, A);
      expectOrthonormal(vectors);
      expectProduct(A, vectors, values, transpose(vectors));
      for (let i = 0; i + 1 < values.length; i++) expect(values[i]).toBeGreaterThanOrEqual(values[i + 1]);
    },
  );

  it('finds 2 − 2cos(kπ/(n+1)) for the second difference, within 30·n·ε·4', () => {
    const n = 40;
    const A = matrix(n, n);
    for (let i = 0; i < n; i++) {
      A.data[i * n + i] = 2;
      if (i + 1 < n) A.data[i * n + i + 1] = A.data[(i + 1) * n + i] = -1;
    }
    const expected = list(n, (k) => 2 + 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)));
    close(symmetricEigen(K, A).values, expected, { atol: 30 * n * Number.EPSILON * 4 });
  });
});

describe('Cholesky', () => {
  it.each([1, 2, 7, 40])('of a %i×%i Gram matrix: ‖A − LLᵀ‖ ≤ 30·n·ε·‖A‖, and A·solve(B) = B within 1e-10', (n) => {
    const A = gram(K, gaussian(2 * n + 3, n));
    const factor = cholesky(A);
    expect(factor.rank).toBe(n);
    expectProduct(A, factor.L, undefined, transpose(factor.L));
    const B = gaussian(n, 3, 'B');
    close(multiply(K, A, solveCholesky(factor, B)).data, B.data, { atol: 1e-10 });
  });

  it('tells the pivot where a matrix stops being positive definite, and refuses to solve with it', () => {
    const A = gram(K, multiply(K, gaussian(20, 4), gaussian(4, 9, 'B')));
    const factor = cholesky(A);
    expect(factor.rank).toBe(4);
    expect(factor.L.data.every(Number.isFinite)).toBe(true);
    expect(() => solveCholesky(factor, matrix(9, 1))).toThrow('got pivot 4 of 9 not above round-off');
    expect(cholesky(matrix(2, 2, Float64Array.of(1, 2, 2, 1))).rank).toBe(1);
    expect(cholesky(matrix(3, 3)).rank).toBe(0);
    expect(cholesky(matrix(0, 0)).rank).toBe(0);
    expect(cholesky(matrix(1, 1, Float64Array.of(NaN))).rank).toBe(0);
  });
});

describe('matrices of numbers from all over the range', () => {
  const number = fc.constantFrom(0, 0, 1, -1, 0.5, 2, 1e-8, 1e-16, 1e-155, 1e-200, 1e-308, 1e-320, 1e160, -1e200);
  const sizes = fc.record({ m: fc.integer({ min: 1, max: 7 }), n: fc.integer({ min: 1, max: 7 }) });
  const any = sizes.chain(({ m, n }) =>
    fc.array(number, { minLength: m * n, maxLength: m * n }).map((list) => matrix(m, n, Float64Array.from(list))),
  );

  it("keep LAPACK's ratios in SVD, QR and eigen", () => {
    fc.assert(
      fc.property(any, (A) => {
        const { U, values, V } = svd(K, A);
        expectOrthonormal(U);
        expectOrthonormal(V);
        expectProduct(A, U, values, transpose(V));
        const tall = A.rows < A.cols ? transpose(A) : A;
        const { Q, R } = qr(K, tall);
        expectOrthonormal(Q);
        expectProduct(tall, Q, undefined, R);
        const S = symmetrised(A);
        const eigen = symmetricEigen(K, S);
        expectOrthonormal(eigen.vectors);
        expectProduct(S, eigen.vectors, eigen.values, transpose(eigen.vectors));
      }),
      { numRuns: 300 },
    );
  });
});
