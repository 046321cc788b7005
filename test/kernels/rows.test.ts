import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Kernels, Precision } from '../../src/kernels/index.js';
import { rowParts } from '../../src/kernels/parts.js';
import { close } from '../close.js';
import { agree, dot, noise, reference, simdBuilds } from './builds.js';

let builds: Kernels[];
beforeAll(async () => void (builds = await simdBuilds()));
afterAll(() => {
  for (const K of builds) K.close();
});

const kinds: [Precision, Precision][] = [
  ['f64', 'f64'],
  ['f32', 'f64'],
  ['f32', 'f32'],
];
const shapes = [
  [0, 5],
  [3, 0],
  [1, 1],
  [3, 1],
  [5, 7],
  [4, 4],
  [17, 33],
  [130, 200],
  [257, 1030],
  [1100, 65],
  [64, 2100],
  [2503, 31],
];

/** A: m×p of the values, written in pieces of 1 to 11 rows. */
function write(K: Kernels, m: number, p: number, storage: Precision, values: Float64Array) {
  const A = K.createRows(m, p, storage);
  const source = storage === 'f32' ? Float32Array.from(values) : values;
  for (let i = 0; i < m; ) {
    const k = Math.min(m - i, 1 + ((i * 7) % 11));
    K.writeRows(A, i, source.subarray(i * p, (i + k) * p));
    i += k;
  }
  return A;
}

describe.each(kinds)('rows in %s, arithmetic in %s', (storage, arithmetic) => {
  it.each(shapes)('reference = simd with 1, 2, 4 threads, bit for bit: %i×%i', (m, p) => {
    const c = 3;
    const values = noise(m * p);
    const [x, y] = [noise(p, 2), noise(m, 3)];
    const [X, Y] = [noise(c * p, 4), noise(c * m, 5)];
    agree(builds, (K) =>
      K.scoped(() => {
        const A = write(K, m, p, storage, values);
        const zeros = (n: number) => new Float64Array(n).fill(Number.NaN); // garbage must not come through
        const [r, g, product, adjoint, R, G] = [zeros(m), zeros(p), zeros(m), zeros(p), zeros(c * m), zeros(c * p)];
        K.rowsGradient(A, 0.37, x, y, r, g, arithmetic);
        K.rowsApply(A, x, product, arithmetic);
        K.rowsAdjoint(A, y, adjoint, arithmetic);
        K.rowsGradientBatch(A, c, -1.5, X, Y, R, G, arithmetic);
        const rows = new Float64Array(m * p);
        for (let i = 0; i < m; i++) K.readRow(A, i, rows.subarray(i * p, (i + 1) * p));
        return { r, g, product, adjoint, R, G, rows };
      }),
    );
  });

  it('a column of a batch has the bits of the single call', () => {
    const [m, p, c] = [301, 517, 5];
    const [X, Y] = [noise(c * p, 4), noise(c * m, 5)];
    for (const K of [reference, ...builds]) {
      const A = write(K, m, p, storage, noise(m * p));
      const [R, G] = [new Float64Array(c * m), new Float64Array(c * p)];
      K.rowsGradientBatch(A, c, 0.5, X, Y, R, G, arithmetic);
      for (let k = 0; k < c; k++) {
        const [r, g] = [new Float64Array(m), new Float64Array(p)];
        const of = (Z: Float64Array, n: number) => Z.subarray(k * n, (k + 1) * n);
        K.rowsGradient(A, 0.5, of(X, p), of(Y, m), r, g, arithmetic);
        expect(of(R, m)).toEqual(r);
        expect(of(G, p)).toEqual(g);
      }
    }
  });

  it('a pass leaves nothing behind that comes through in the next one, NaN in either precision among it', () => {
    const [m, p] = [10, 13]; // beside a block of rows, and of columns
    const values = noise(m * p);
    const bad = (n: number) => new Float64Array(new Uint32Array(2 * n).fill(0x7fc00000).buffer); // NaN, read as f32 too
    const nowhere = (n: number) => new Float64Array(n);
    agree(builds, (K) => {
      const A = write(K, m, p, storage, values);
      const both = ['f64', arithmetic] as const;
      for (const before of both) {
        K.rowsGradient(A, 1, bad(p), bad(m), nowhere(m), nowhere(p), before);
        K.rowsAdjoint(A, bad(m), nowhere(p), before);
      }
      const [r, g, R, G] = [nowhere(m), nowhere(p), nowhere(2 * m), nowhere(2 * p)];
      K.rowsGradient(A, 1, noise(p, 2), noise(m, 3), r, g, arithmetic);
      K.rowsGradientBatch(A, 3, 1, bad(3 * p), bad(3 * m), nowhere(3 * m), nowhere(3 * p), arithmetic);
      K.rowsGradientBatch(A, 2, 1, noise(2 * p, 2), noise(2 * m, 3), R, G, arithmetic);
      return { r, g, R, G };
    });
  });

  const rtol = arithmetic === 'f32' ? 2e-6 : 1e-13;
  it(`⟨A x, r⟩ = ⟨x, Aᵀ r⟩ to ${rtol}, and A x is the plain sum`, () => {
    const [m, p] = [210, 333];
    const values = storage === 'f32' ? Float64Array.from(Float32Array.from(noise(m * p))) : noise(m * p);
    const [x, r] = [noise(p, 2), noise(m, 3)];
    for (const K of [reference, ...builds]) {
      const A = write(K, m, p, storage, values);
      const [product, adjoint] = [new Float64Array(m), new Float64Array(p)];
      K.rowsApply(A, x, product, arithmetic);
      K.rowsAdjoint(A, r, adjoint, arithmetic);
      close(dot(product, r), dot(x, adjoint), { rtol, atol: 10 * rtol });
      const plain = product.map((_, i) => dot(values.subarray(i * p, (i + 1) * p), x));
      close(product, plain, { atol: 20 * rtol });
    }
  });
});

it('f32 arithmetic stays within 2e-7·√p of f64 over 60,000 columns and 600 rows', () => {
  for (const [m, p] of [
    [20, 60_000],
    [600, 900],
  ]) {
    const [x, y] = [noise(p, 2), noise(m, 3)];
    for (const K of builds) {
      const A = write(K, m, p, 'f32', noise(m * p));
      const run = (arithmetic: Precision) => {
        const [r, g] = [new Float64Array(m), new Float64Array(p)];
        K.rowsGradient(A, 1, x, y, r, g, arithmetic);
        return { r, g };
      };
      const [single, double] = [run('f32'), run('f64')];
      const size = (v: Float64Array) => Math.sqrt(dot(v, v) / v.length);
      close(single.r, double.r, { atol: 1e-5 * size(double.r) });
      close(single.g, double.g, { atol: 1e-5 * size(double.g) });
    }
  }
});

it('the cut of the rows covers them, in whole blocks, in at most 8 parts', () => {
  for (const [m, p] of [...shapes, [100_000, 4], [4800, 9216]]) {
    const starts = rowParts(m, p, 'f64');
    expect(starts[0]).toBe(0);
    expect(starts[starts.length - 1]).toBe(4 * Math.ceil(m / 4));
    expect(starts.length).toBeLessThanOrEqual(9);
    for (let k = 1; k < starts.length; k++) expect((starts[k] - starts[k - 1]) % 4).toBe(0);
  }
  // Partial gradients above 256 MB are fewer; a part is at most about 1 GiB.
  expect(rowParts(64, 16e6, 'f32').length).toBe(1 + 4);
});

it('rows may lie in several memories: reference = simd, bit for bit', () => {
  const [m, p] = [3000, 300];
  const values = noise(m * p);
  const [x, y] = [noise(p, 2), noise(m, 3)];
  agree(builds, (K) =>
    K.scoped(() => {
      // All but a few MB of what a memory hands out: the parts go to this memory and to the next.
      if (K.build === 'simd128') K.allocate('u8', K.threads > 1 ? 3 * 2 ** 30 - 5e6 : 43e6);
      const A = write(K, m, p, 'f64', values);
      const [r, g] = [new Float64Array(m), new Float64Array(p)];
      K.rowsGradient(A, 0.37, x, y, r, g, 'f64');
      return { r, g };
    }),
  );
});
