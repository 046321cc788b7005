import { describe, expect, it } from 'vitest';
import type { Factored } from '../../src/descend.js';
import { large, smallRandom, spectral } from '../../src/initialisations/index.js';
import { referenceKernels } from '../../src/kernels/index.js';
import { factoredSvd, formed } from '../../src/linalg/factored.js';
import { mapOf, mapOfFactored } from '../../src/linalg/maps.js';
import { multiply } from '../../src/linalg/products.js';
import { matrix, transpose } from '../../src/matrix.js';
import { gaussian } from '../../src/operators/index.js';
import { normals, stream } from '../../src/random/index.js';
import { lowRank } from '../../src/truth/index.js';
import { close } from '../close.js';

const K = referenceKernels();
const pair = (theta: Float64Array, n1: number, n2: number, k: number): Factored => ({
  left: matrix(n1, k, theta),
  right: matrix(n2, k, theta, n1 * k),
});
const variance = (v: Float64Array) => v.reduce((s, x) => s + x * x, 0) / v.length;

describe('small random start', () => {
  const shape = [300, 200] as const;
  it('has entries of variance α²/k, or α², within 4 standard errors', () => {
    const theta = smallRandom(stream(1, 'start'), { shape, width: 20, initScale: 1e-3 });
    expect(theta.length).toBe(500 * 20);
    close(variance(theta), 1e-6 / 20, { rtol: 4 * Math.sqrt(2 / 10000) });
    const unit = smallRandom(stream(1, 'start'), { shape, width: 20, initScale: 1e-3, initNorm: 'unit' });
    close(variance(unit), 1e-6, { rtol: 4 * Math.sqrt(2 / 10000) });
  });
  it('is proportional to α for one stream, to 1 ulp, and has V and W independent', () => {
    const options = { shape: [50, 50] as const, width: 10 };
    const a = smallRandom(stream(1, 'start'), { ...options, initScale: 1e-3 });
    const b = smallRandom(stream(1, 'start'), { ...options, initScale: 1e-6 });
    close(
      b,
      a.map((v) => v * 1e-3),
      { rtol: 4e-16 },
    );
    const V = a.subarray(0, 500);
    const correlation = V.reduce((s, v, i) => s + v * a[500 + i], 0) / 500 / variance(a);
    close(correlation, 0, { atol: 4 / Math.sqrt(500) });
  });
  it('of a symmetric factor has n·k numbers', () =>
    expect(smallRandom(stream(1, 's'), { shape: [7], width: 9, initScale: 1 }).length).toBe(63));
  it('refuses a scale of zero', () =>
    expect(() => smallRandom(stream(1, 's'), { shape: [7], width: 9, initScale: 0 })).toThrow(
      'positive number, got 0',
    ));
  it('large is its unit form at α = √scale', () =>
    close(variance(large(stream(1, 's'), { shape, width: 20, scale: 9 })), 9, { rtol: 4 * Math.sqrt(2 / 10000) }));
});

describe('spectral start', () => {
  it('of a matrix of rank r is that matrix in balanced factors, to 1e-12; columns beyond r are nothing', () => {
    const { X } = lowRank(K, { rows: 20, cols: 15, rank: 3, condition: 5 }, stream(2, 'X'));
    for (const width of [3, 6, 25]) {
      const start = pair(spectral(K, mapOfFactored(K, X), width, stream(2, 'start')), 20, 15, width);
      close(formed(K, start).data, formed(K, X).data, { atol: 1e-12 });
      close(
        multiply(K, transpose(start.left), start.left).data,
        multiply(K, transpose(start.right), start.right).data,
        {
          atol: 1e-12,
        },
      );
    }
  });
  it('symmetric, is the positive part of best rank r, whatever the negative eigenvalues', () => {
    const { U } = lowRank(K, { rows: 12, cols: 12, rank: 4, symmetric: true }, stream(3, 'X'));
    const values = [3, 1, -2, -5];
    const scaled = matrix(
      12,
      4,
      U.data.map((v, t) => v * values[t % 4]),
    );
    const M = multiply(K, scaled, transpose(U));
    const positive = multiply(
      K,
      matrix(
        12,
        4,
        U.data.map((v, t) => v * Math.max(0, values[t % 4])),
      ),
      transpose(U),
    );
    for (const width of [2, 3, 20]) {
      const theta = spectral(K, mapOf(K, M), width, stream(3, 'start'), true);
      const start = matrix(12, width, theta);
      close(multiply(K, start, transpose(start)).data, positive.data, { atol: 1e-12 });
    }
  });
  it('of 𝒜*(y) is within 0.6 of X at m = 12·r(n₁+n₂), on both sides, and 0.9 away for a random start', () => {
    for (const symmetric of [false, true]) {
      const [rows, cols] = symmetric ? [30, 30] : [30, 20];
      const { X } = lowRank(K, { rows, cols, rank: 2, symmetric }, stream(4, 'X'));
      const operator = gaussian(K, { rows, cols, measurements: symmetric ? 440 : 1200, symmetric }, stream(4, 'A'));
      const theta = spectral(K, operator.adjoint(operator.apply(X)), 2, stream(4, 'start'), symmetric);
      const error = (t: Float64Array) => {
        const guess = symmetric ? { left: matrix(rows, 2, t), right: matrix(rows, 2, t) } : pair(t, rows, cols, 2);
        const off = formed(K, guess).data.map((v, i) => v - formed(K, X).data[i]);
        return Math.sqrt(variance(off) / variance(formed(K, X).data));
      };
      expect(error(theta)).toBeLessThan(0.6);
      expect(error(normals(stream(4, 'other'), theta.length).map((v) => v / 10))).toBeGreaterThan(0.9);
      expect(factoredSvd(K, X).values[1]).toBeGreaterThan(0.9);
    }
  });
});
