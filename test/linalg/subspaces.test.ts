// Norms, products, randomised SVD, Krylov methods and principal angles, against closed forms and the full SVD.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anglesBetween, principalAngles } from '../../src/linalg/angles.js';
import { symmetricEigen } from '../../src/linalg/eigen.js';
import { largestSingular, mapNorm, smallestEigenvalue } from '../../src/linalg/lanczos.js';
import { denseOf, mapOf, mapOfFactored } from '../../src/linalg/maps.js';
import { dot, frobenius, norm, relativeError, spectralNorm } from '../../src/linalg/norms.js';
import { gram, multiply, multiplyInto } from '../../src/linalg/products.js';
import { randomisedSvd } from '../../src/linalg/randomised.js';
import { singularValues, svd } from '../../src/linalg/svd.js';
import { powerOfTwoScale } from '../../src/linalg/vectors.js';
import { at, copy, matrix, slice, transpose } from '../../src/matrix.js';
import { close } from '../close.js';
import { expectOrthonormal, gaussian, K, orthonormal, scaleColumns, withSpectrum } from './matrices.js';

const list = (n: number, f: (i: number) => number) => Array.from({ length: n }, (_, i) => f(i));

describe('norms', () => {
  it('neither overflow nor underflow: ‖(3s, 4s)‖ = 5s within 2 ulp for s from 1e-310 to 1e307', () => {
    for (const s of [1e-310, 1e-200, 1e-150, 1, 1e150, 1e200, 1e307])
      close(norm(Float64Array.of(3 * s, 4 * s)), 5 * s, { rtol: 5e-16, atol: 5e-324 });
    expect(norm(new Float64Array(3))).toBe(0);
    expect(norm(new Float64Array(0))).toBe(0);
    expect(norm(Float64Array.of(1, NaN))).toBeNaN();
    expect(norm(Float64Array.of(1, NaN, 0))).toBeNaN();
    expect(norm(Float64Array.of(1, -Infinity))).toBe(Infinity);
  });

  it('are the textbook ones on a view: ‖A‖_F² = Σσ², ‖A‖₂ = σ₁, within 1e-13', () => {
    const A = transpose(slice(gaussian(40, 30), 2, 33, 1, 20));
    const s = singularValues(K, A);
    close(frobenius(A) * frobenius(A), dot(s, s), { rtol: 1e-13 });
    expect(spectralNorm(K, A)).toBe(s[0]);
    expect(spectralNorm(K, matrix(0, 4))).toBe(0);
    expect(relativeError(A, A)).toBe(0);
    close(relativeError(scaleColumns(A, new Float64Array(31).fill(1.5)), A), 0.5, { rtol: 1e-14 });
  });

  it('a power-of-two scale brings any normal number to [1, 2) exactly', () => {
    fc.assert(
      fc.property(fc.double({ min: 2.2250738585072014e-308, max: 4e307, noNaN: true }), (x) => {
        const s = powerOfTwoScale(x);
        return s * x >= 1 && s * x < 2 && (s * x) / s === x;
      }),
    );
  });
});

describe('products', () => {
  it('refuse shapes that do not fit, and f32 results of f64 factors', () => {
    expect(() => multiply(K, matrix(2, 3), matrix(2, 3))).toThrow('got 2×3, 2×3 → 2×3');
    const C = matrix(2, 2, new Float32Array(4));
    expect(() => multiplyInto(K, matrix(2, 3), matrix(3, 2), C)).toThrow('an f32 result should have f32 factors');
  });

  it('take f32 and f64 factors together, and accumulate α·A·B', () => {
    const A = matrix(2, 2, Float32Array.of(1, 2, 3, 4));
    const C = matrix(2, 2, Float64Array.of(100, 100, 100, 100));
    multiplyInto(K, A, matrix(2, 2, Float64Array.of(1, 1, 0, 1)), C, { alpha: -2, accumulate: true });
    expect(C.data).toEqual(Float64Array.of(98, 94, 94, 86));
    expect(gram(K, A).data).toEqual(Float64Array.of(10, 14, 14, 20));
  });
});

describe('maps', () => {
  it('of a matrix, of factors and transposed: dense again within 1e-14', () => {
    const A = gaussian(9, 4);
    const B = gaussian(6, 4, 'B');
    close(denseOf(K, mapOf(K, A)).data, A.data, { atol: 1e-14 });
    close(denseOf(K, mapOf(K, transpose(A))).data, copy(transpose(A)).data, { atol: 1e-14 });
    const product = multiply(K, A, transpose(B));
    close(denseOf(K, mapOfFactored(K, { left: A, right: B })).data, product.data, { atol: 1e-13 });
    expect(denseOf(K, mapOf(K, matrix(0, 3)))).toMatchObject({ rows: 0, cols: 3 });
  });
});

describe('randomised SVD', () => {
  const testMatrix = (rows: number, cols: number) => gaussian(rows, cols, 'omega');

  it.each([
    [120, 90],
    [90, 120],
  ])('of a %i×%i matrix with σ_i = 1/i: the rank-10 error is within 1 % of σ₁₁, values within 1 %', (m, n) => {
    const s = list(90, (i) => 1 / (i + 1));
    const A = withSpectrum(m, n, s);
    const { U, values, V } = randomisedSvd(K, mapOf(K, A), { rank: 10, testMatrix });
    expectOrthonormal(U);
    expectOrthonormal(V);
    close(values, s.slice(0, 10), { rtol: 0.01 });
    const difference = copy(A);
    multiplyInto(K, scaleColumns(U, values), transpose(V), difference, { alpha: -1, accumulate: true });
    expect(spectralNorm(K, difference)).toBeLessThan(s[10] * 1.01);
    expect(spectralNorm(K, difference)).toBeGreaterThanOrEqual(s[10] * (1 - 1e-12));
  });

  it('is exact within 1e-13 where the rank is no more than asked for, also at full width', () => {
    const A = withSpectrum(60, 50, [5, 4, 3, 0.1]);
    close(randomisedSvd(K, mapOf(K, A), { rank: 6, testMatrix }).values, [5, 4, 3, 0.1, 0, 0], { atol: 1e-13 });
    const B = gaussian(8, 5);
    close(randomisedSvd(K, mapOf(K, B), { rank: 5, testMatrix }).values, svd(K, B).values, { rtol: 1e-13 });
  });

  it('refuses a rank outside 1 … min(m, n)', () => {
    for (const rank of [0, 6, 1.5, NaN])
      expect(() => randomisedSvd(K, mapOf(K, gaussian(8, 5)), { rank, testMatrix })).toThrow(
        `rank should be an integer from 1 to 5 for a 8×5 matrix, got ${rank}`,
      );
  });
});

describe('Krylov', () => {
  it('‖A‖₂ of dense maps equals σ₁ within 1e-12, also with repeated, close and zero values', () => {
    const spectra = [list(40, (i) => 1 / (i + 1)), list(40, (i) => 1 - 1e-3 * i), [2, 2, 2, 1], [3], list(40, () => 1)];
    for (const s of spectra) close(mapNorm(K, mapOf(K, withSpectrum(70, 40, s))), s[0], { rtol: 1e-12 });
    expect(mapNorm(K, mapOf(K, matrix(5, 3)))).toBe(0);
    expect(mapNorm(K, mapOf(K, matrix(0, 3)))).toBe(0);
  });

  it('gives singular vectors: ‖A v − σ u‖ and ‖Aᵀu − σ v‖ ≤ 1e-9 σ', () => {
    const A = withSpectrum(
      90,
      60,
      list(60, (i) => 1 / (i + 1)),
    );
    const { value, left, right, converged } = largestSingular(K, mapOf(K, A));
    expect(converged).toBe(true);
    const u = matrix(90, 1, left);
    const v = matrix(60, 1, right);
    close(
      multiply(K, A, v).data,
      left.map((x) => value * x),
      { atol: 1e-9 },
    );
    close(
      multiply(K, transpose(A), u).data,
      right.map((x) => value * x),
      { atol: 1e-9 },
    );
    expect(largestSingular(K, mapOf(K, A), { steps: 2 }).converged).toBe(false);
    expect(() => largestSingular(K, mapOf(K, A), { start: new Float64Array(60) })).toThrow('start should not be zero');
    expect(() => largestSingular(K, mapOf(K, A), { start: new Float64Array(3) })).toThrow(
      'start should hold 60 numbers',
    );
  });

  it('finds the smallest eigenvalue within 1e-8·‖A‖, of definite and indefinite maps', () => {
    const Q = orthonormal(60, 60, 'Q');
    for (const lambda of [list(60, (i) => 1 + i), list(60, (i) => (i === 3 ? -2 : i / 60)), list(60, () => -1)]) {
      const A = multiply(K, scaleColumns(Q, lambda), transpose(Q));
      const { value, vector } = smallestEigenvalue(K, mapOf(K, A));
      close(value, Math.min(...lambda), { atol: 1e-8 * 60 });
      close(
        multiply(K, A, matrix(60, 1, vector)).data,
        vector.map((x) => value * x),
        { atol: 1e-7 },
      );
      close(value, symmetricEigen(K, A).values[59], { atol: 1e-8 * 60 });
    }
    expect(() => smallestEigenvalue(K, mapOf(K, matrix(2, 3)))).toThrow('A should be square, got 2×3');
  });
});

describe('principal angles', () => {
  // Columns e_i and cos θ_i e_i + sin θ_i f_i, seen through a rotation and mixed within each space.
  const constructed = (theta: number[], extra = 0) => {
    const k = theta.length;
    const Q = orthonormal(3 * k + extra + 4, 2 * k + extra, 'Q');
    const B = copy(slice(Q, 0, Q.rows, 0, k));
    for (let i = 0; i < B.rows; i++)
      for (let j = 0; j < k; j++)
        B.data[i * k + j] = Math.cos(theta[j]) * at(Q, i, j) + Math.sin(theta[j]) * at(Q, i, k + j);
    const A = matrix(Q.rows, k + extra);
    for (let i = 0; i < A.rows; i++)
      for (let j = 0; j < k + extra; j++) A.data[i * A.cols + j] = at(Q, i, j < k ? j : k + j);
    return { A: multiply(K, A, gaussian(k + extra, k + extra, 'mix')), B: multiply(K, B, gaussian(k, k, 'mixB')) };
  };

  it('are those that the spaces were made with, within 1e-13; 1e-11 alone within a part in 10¹²', () => {
    const theta = [1e-12, 1e-6, 0.01, 0.5, 1.2, Math.PI / 2 - 1e-9, Math.PI / 2];
    const { A, B } = constructed(theta);
    close(principalAngles(K, A, B), theta, { atol: 1e-13 });
    const wide = constructed(theta, 3);
    close(principalAngles(K, wide.A, wide.B), theta, { atol: 1e-13 });
    close(principalAngles(K, wide.B, wide.A), theta, { atol: 1e-13 });
    const e = matrix(4, 1, Float64Array.of(1, 0, 0, 0));
    const f = matrix(4, 1, Float64Array.of(1, 1e-11, 0, 0));
    close(principalAngles(K, e, f), [1e-11], { rtol: 1e-12 });
  });

  it('of a space with itself are below 1e-15, with its complement π/2', () => {
    const Q = orthonormal(30, 30, 'Q');
    const lead = slice(Q, 0, 30, 0, 11);
    close(anglesBetween(K, lead, lead), new Float64Array(11), { atol: 1e-14 });
    close(anglesBetween(K, lead, slice(Q, 0, 30, 11)), new Float64Array(11).fill(Math.PI / 2), { atol: 1e-14 });
    expect(() => principalAngles(K, lead, gaussian(29, 2))).toThrow('got 30×11 and 29×2');
  });
});
