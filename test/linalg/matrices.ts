// The matrices that factorisations are tried on, and the test ratios of LAPACK's own test suite.

import { expect } from 'vitest';
import { referenceKernels } from '../../src/kernels/reference.js';
import { identity } from '../../src/linalg/householder.js';
import { frobenius } from '../../src/linalg/norms.js';
import { multiply } from '../../src/linalg/products.js';
import { qr } from '../../src/linalg/qr.js';
import { at, copy, type Float, type Matrix, matrix, slice, transpose } from '../../src/matrix.js';
import { normals, stream } from '../../src/random/index.js';

export const K = referenceKernels();

export const gaussian = (m: number, n: number, name = 'A', index = 0): Matrix<Float64Array> =>
  matrix(m, n, normals(stream(7, name, index), m * n));

/** m×n with orthonormal columns. */
export const orthonormal = (m: number, n: number, name: string) => qr(K, gaussian(m, n, name)).Q;

/** X·diag(s). */
export function scaleColumns(X: Matrix, s: ArrayLike<number>): Matrix<Float64Array> {
  const out = copy(X);
  for (let i = 0; i < X.rows; i++) for (let j = 0; j < X.cols; j++) out.data[i * X.cols + j] *= s[j];
  return out;
}

/** m×n with the given singular values. */
export const withSpectrum = (m: number, n: number, s: ArrayLike<number>): Matrix<Float64Array> =>
  multiply(K, scaleColumns(orthonormal(m, s.length, 'U'), s), transpose(orthonormal(n, s.length, 'V')));

const power = (base: number, k: number) => (k < 0 ? 1 / base ** -k : base ** k);
const times = (A: Matrix, c: number) => ({ ...A, data: A.data.map((x) => x * c) }) as Matrix<Float64Array>;
const list = (n: number, f: (i: number) => number) => Array.from({ length: n }, (_, i) => f(i));

export const CASES: [string, Matrix][] = [
  ['empty 0×0', matrix(0, 0)],
  ['empty 5×0', matrix(5, 0)],
  ['empty 0×5', matrix(0, 5)],
  ['1×1', matrix(1, 1, Float64Array.of(-3))],
  ['1×1 zero', matrix(1, 1)],
  ['column', gaussian(9, 1)],
  ['row', gaussian(1, 9)],
  ['2×2', gaussian(2, 2)],
  ['identity', identity(17)],
  ['zero', matrix(12, 7)],
  ['ones', matrix(20, 13, new Float64Array(260).fill(1))],
  ['square', gaussian(75, 75)],
  ['panel edge', gaussian(64, 64)],
  ['beyond a panel', gaussian(70, 65)],
  ['tall', gaussian(211, 17)],
  ['very tall', gaussian(6000, 5)],
  ['wide', gaussian(23, 90)],
  ['transposed view', transpose(gaussian(31, 44))],
  ['strided view', slice(gaussian(60, 60), 3, 50, 5, 45)],
  ['f32', matrix(30, 20, Float32Array.from(gaussian(30, 20).data))],
  [
    'graded columns',
    scaleColumns(
      gaussian(40, 40),
      list(40, (j) => power(10, -j)),
    ),
  ],
  [
    'graded rows upwards',
    transpose(
      scaleColumns(
        gaussian(40, 40),
        list(40, (j) => power(10, j - 39)),
      ),
    ),
  ],
  [
    'graded beyond the range',
    scaleColumns(
      gaussian(30, 30),
      list(30, (j) => power(10, -11 * j)),
    ),
  ],
  [
    'geometric spectrum',
    withSpectrum(
      50,
      40,
      list(40, (j) => power(2, -j)),
    ),
  ],
  [
    'clustered',
    withSpectrum(
      50,
      50,
      list(50, (j) => (j < 25 ? 1 : 1e-9) * (1 + 1e-14 * j)),
    ),
  ],
  [
    'one large value',
    withSpectrum(
      45,
      45,
      list(45, (j) => (j === 0 ? 1 : 1e-13)),
    ),
  ],
  [
    'one small value',
    withSpectrum(
      45,
      45,
      list(45, (j) => (j === 44 ? 1e-13 : 1)),
    ),
  ],
  ['rank 3', withSpectrum(60, 40, [3, 2, 1])],
  [
    'rank 1 of integers',
    matrix(15, 15, Float64Array.from(list(225, (t) => (Math.floor(t / 15) + 1) * ((t % 15) - 7)))),
  ],
  [
    'zero columns',
    scaleColumns(
      gaussian(30, 30),
      list(30, (j) => j % 3),
    ),
  ],
  ['Hilbert', matrix(25, 25, Float64Array.from(list(625, (t) => 1 / (1 + Math.floor(t / 25) + (t % 25)))))],
  ['values ±1 behind a weak link', matrix(3, 3, Float64Array.of(0, -1, 0, -1, 0, 1e-40, 0, 1e-40, -1))],
  ['tiny 1e-300', times(gaussian(20, 20), 1e-300)],
  ['subnormal 1e-315', times(gaussian(20, 20), 1e-315)],
  ['huge 1e300', times(gaussian(20, 20), 1e300)],
];

/** A − B in units of 30·max(m, n)·ε·‖A‖_F, scaled so that neither overflows. Within it, the ratio is at most 1. */
export function residualRatio(A: Matrix, B: Matrix): number {
  let largest = 0;
  for (let i = 0; i < A.rows; i++) for (let j = 0; j < A.cols; j++) largest = Math.max(largest, Math.abs(at(A, i, j)));
  if (largest === 0) return frobenius(B) === 0 ? 0 : Infinity;
  const difference = matrix(A.rows, A.cols);
  const scaled = matrix(A.rows, A.cols);
  for (let i = 0, t = 0; i < A.rows; i++)
    for (let j = 0; j < A.cols; j++, t++) {
      difference.data[t] = at(A, i, j) / largest - at(B, i, j) / largest;
      scaled.data[t] = at(A, i, j) / largest;
    }
  const n = Math.max(A.rows, A.cols);
  // Numbers among the subnormals carry an absolute error of their own.
  return frobenius(difference) / (30 * n * Number.EPSILON * frobenius(scaled) + (n * n * 5e-324) / largest);
}

/** ‖QᵀQ − I‖_F ≤ 30·n·ε. Q: m×n. */
export function expectOrthonormal(Q: Matrix): void {
  const E = multiply(K, transpose(Q), Q);
  for (let i = 0; i < Q.cols; i++) E.data[i * Q.cols + i] -= 1;
  expect(frobenius(E)).toBeLessThanOrEqual(30 * Math.max(Q.rows, 1) * Number.EPSILON);
}

/** A is product(factors) to 30·n·ε·‖A‖, also at the ends of the range: factors are scaled by 1/largest before they are multiplied. */
export function expectProduct(A: Matrix, left: Matrix, middle: ArrayLike<number> | undefined, right: Matrix): void {
  const product = middle ? multiply(K, left, scaleRows(right, middle)) : multiply(K, left, right);
  expect(residualRatio(A, product)).toBeLessThanOrEqual(1);
}

const scaleRows = (X: Matrix, s: ArrayLike<number>) => copy(transpose(scaleColumns(transpose(X), s)));

/** m×n whole numbers from −8 to 8: products and sums of them are exact, in f32 too. */
export const integers = (m: number, n: number, name: string): Matrix<Float64Array> =>
  matrix(
    m,
    n,
    gaussian(m, n, name).data.map((x) => Math.round(Math.max(-8, Math.min(8, 3 * x))) + 0),
  );

/** The same numbers, bit for bit. (An equality of the test runner takes a microsecond a number.) */
export function expectSameBits(actual: Float, expected: Float): void {
  const bytes = (x: Float) => Buffer.from(x.buffer, x.byteOffset, x.byteLength);
  if (bytes(actual).equals(bytes(expected))) return;
  const i = expected.findIndex((x, k) => !Object.is(x, actual[k]));
  expect.fail(`number ${i} of ${expected.length} is ${actual[i]}, expected ${expected[i]}`);
}
