// K3: the products and rotations of every build, against the triple loop and against each other.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromBf16, toBf16 } from '../../src/io/floats.js';
import type { Kernels } from '../../src/kernels/contract.js';
import { referenceKernels, singleKernels, startKernels } from '../../src/kernels/index.js';
import { symmetricEigen } from '../../src/linalg/eigen.js';
import { multiply } from '../../src/linalg/products.js';
import { qr } from '../../src/linalg/qr.js';
import { svd } from '../../src/linalg/svd.js';
import { at, copy, type Float, type Matrix, matrix, slice, transpose } from '../../src/matrix.js';
import { expectSameBits, gaussian, integers } from './matrices.js';

const builds: { name: string; K: Kernels }[] = [];
beforeAll(async () => {
  builds.push({ name: 'single', K: singleKernels() });
  for (const threads of [1, 2, 4]) builds.push({ name: `${threads} threads`, K: await startKernels({ threads }) });
});
afterAll(() => {
  for (const { K } of builds) K.close();
});
const reference = referenceKernels();

/** Views of m×n numbers, each laid out in its own way, with other numbers around them. */
const layouts: Record<string, (A: Matrix<Float64Array>) => Matrix<Float64Array>> = {
  'row-major': (A) => A,
  transposed: (A) => transpose(copy(transpose(A))),
  sliced: (A) => {
    const big = matrix(A.rows + 3, A.cols + 5);
    big.data.fill(7.5);
    const view = slice(big, 2, 2 + A.rows, 1, 1 + A.cols);
    for (let i = 0; i < A.rows; i++)
      for (let j = 0; j < A.cols; j++) view.data[view.offset + i * view.rowStride + j] = at(A, i, j);
    return view;
  },
  strided: (A) => {
    const view: Matrix<Float64Array> = {
      rows: A.rows,
      cols: A.cols,
      data: new Float64Array(2 * A.rows * A.cols + 1).fill(7.5),
      offset: 1,
      rowStride: 2 * A.cols,
      colStride: 2,
    };
    for (let i = 0; i < A.rows; i++)
      for (let j = 0; j < A.cols; j++) view.data[1 + i * view.rowStride + 2 * j] = at(A, i, j);
    return view;
  },
};

const shapes = [
  [1, 1, 1],
  [1, 300, 1],
  [4, 4, 4],
  [3, 5, 7],
  [5, 1, 9],
  [9, 257, 1],
  [40, 519, 1],
  [1, 519, 41],
  [17, 300, 19],
  [130, 9, 270],
  [33, 519, 21],
  [3, 20000, 5],
  [0, 3, 4],
  [3, 4, 0],
  [3, 0, 4],
] as const;

describe('gemm', () => {
  it.each(shapes)(
    'm, q, n = %i, %i, %i: exact on integers, in every layout, f64 and f32, with and without accumulate',
    (m, q, n) => {
      const A = integers(m, q, 'A');
      const B = integers(q, n, 'B');
      const C = integers(m, n, 'C');
      const product = matrix(m, n);
      for (let i = 0; i < m; i++)
        for (let j = 0; j < n; j++) for (let p = 0; p < q; p++) product.data[i * n + j] += at(A, i, p) * at(B, p, j);
      const single = (X: Matrix) => ({ ...X, data: Float32Array.from(X.data) });
      for (const K of [reference, builds[0].K])
        for (const layout of Object.values(layouts)) {
          for (const accumulate of [false, true]) {
            const expected = product.data.map((x, i) => (accumulate ? C.data[i] : 0) + -2 * x);
            const out = layout(copy(C));
            K.gemm(-2, layout(A), layout(B), out, accumulate);
            expectSameBits(copy(out).data, expected);
            const out32 = single(layout(copy(C)));
            K.gemm(-2, single(layout(A)), single(layout(B)), out32, accumulate);
            expectSameBits(copy(out32).data, expected);
          }
        }
    },
  );

  it.each(shapes)(
    'm, q, n = %i, %i, %i: the bits of the reference, for every layout and number of threads',
    (m, q, n) => {
      const A = gaussian(m, q, 'A');
      const B = gaussian(q, n, 'B');
      const C = gaussian(m, n, 'C');
      const run = (
        K: Kernels,
        layout: (X: Matrix<Float64Array>) => Matrix<Float64Array>,
        as: (x: Float64Array) => Float,
      ) => {
        const cast = (X: Matrix) => ({ ...X, data: as(X.data as Float64Array) });
        const out = cast(layout(copy(C)));
        K.gemm(1.7, cast(layout(A)), cast(layout(B)), out, true);
        return out.data;
      };
      for (const as of [(x: Float64Array) => x.slice(), (x: Float64Array) => Float32Array.from(x)])
        for (const layout of Object.values(layouts)) {
          const expected = run(reference, layout, as);
          for (const { K } of builds) expectSameBits(run(K, layout, as), expected);
        }
    },
  );

  it.each([...shapes, [32, 300, 700] as const])(
    'm, q, n = %i, %i, %i: with B in bf16 the bits of gemm on its numbers, for every layout and number of threads',
    (m, q, n) => {
      const single = (X: Matrix) => ({ ...X, data: Float32Array.from(X.data) });
      const bits = toBf16(gaussian(q, n, 'B').data);
      const B = matrix(q, n, fromBf16(bits));
      for (const layout of Object.values(layouts)) {
        const A = single(layout(gaussian(m, q, 'A')));
        for (const accumulate of [false, true]) {
          const expected = single(layout(gaussian(m, n, 'C')));
          reference.gemm(1.7, A, B, expected, accumulate);
          for (const K of [reference, ...builds.map((build) => build.K)]) {
            const out = single(layout(gaussian(m, n, 'C')));
            K.gemmBf16(1.7, A, bits, out, accumulate);
            expectSameBits(out.data, expected.data);
          }
        }
      }
    },
  );

  it('writes only C, wherever the operands lie: arrays in kernel memory, outside, or both', () => {
    for (const { K } of builds)
      K.scoped(() => {
        const inside = (X: Matrix<Float64Array>) => {
          const data = K.allocate('f64', X.data.length);
          data.set(X.data);
          return { ...X, data };
        };
        const A = gaussian(30, 40, 'A');
        const B = transpose(gaussian(25, 40, 'B'));
        const C = layouts.sliced(gaussian(30, 25, 'C'));
        const expected = { ...C, data: C.data.slice() };
        reference.gemm(1, A, B, expected);
        for (const [a, b, c] of [
          [inside(A), inside(B), inside(C)],
          [inside(A), B, inside(C)],
          [A, inside(B), { ...C, data: C.data.slice() }],
        ]) {
          K.gemm(1, a, b, c);
          expectSameBits(c.data, expected.data);
        }
      });
  });
});

describe('rotateRows', () => {
  it.each([
    [2, 1],
    [9, 8],
    [40, 37],
    [70, 300],
  ])('%i×%i: the bits of the reference, and lengths of columns kept within 1e-14', (m, n) => {
    const sweeps = Int32Array.of(0, m - 1, 1, m - 1, m - 1, -1, 0, 1, 1, m - 1, 0, -1, 1, m - 2, 1);
    const coefficients = new Float64Array(2 * (3 * m - 3));
    for (let k = 0; k < coefficients.length; k += 2) {
      coefficients[k] = Math.cos(k);
      coefficients[k + 1] = Math.sin(k);
    }
    const X = gaussian(m + 2, n + 3, 'X');
    const rotated = (K: Kernels) => {
      const Y = copy(X);
      K.rotateRows(slice(Y, 1, m + 1, 2, n + 2), { sweeps, coefficients }, 5);
      return Y.data;
    };
    const expected = rotated(reference);
    for (const { K } of builds) expectSameBits(rotated(K), expected);
    const size = (data: Float64Array, j: number) => {
      let sum = 0;
      for (let i = 1; i <= m; i++) sum += data[i * (n + 3) + j] ** 2;
      return Math.sqrt(sum);
    };
    for (let j = 2; j < n + 2; j++) expect(Math.abs(size(expected, j) / size(X.data, j) - 1)).toBeLessThan(1e-14);
  });
});

describe('factorisations', () => {
  it.each([
    [90, 90],
    [170, 60],
    [5000, 12],
  ])('of a %i×%i matrix: SVD, QR and eigen have the same bits with the reference, 1, 2 and 4 threads', (m, n) => {
    const A = gaussian(m, n);
    const S = multiply(reference, transpose(A), A);
    const all = (K: Kernels) => {
      const { U, values, V } = svd(K, A);
      const { Q, R } = qr(K, A);
      const { values: lambda, vectors } = symmetricEigen(K, S);
      return [U.data, values, V.data, Q.data, R.data, lambda, vectors.data];
    };
    const expected = all(reference);
    for (const { K } of builds) for (const [i, data] of all(K).entries()) expectSameBits(data, expected[i]);
  });
});
