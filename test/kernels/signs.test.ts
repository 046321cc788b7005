import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Kernels } from '../../src/kernels/index.js';
import { close } from '../close.js';
import { agree, dot, noise, reference, simdBuilds, words } from './builds.js';

let builds: Kernels[];
beforeAll(async () => void (builds = await simdBuilds()));
afterAll(() => {
  for (const K of builds) K.close();
});

function write(K: Kernels, m: number, p: number) {
  const width = Math.ceil(p / 32);
  const bits = words(m * width);
  const A = K.createSigns(m, p);
  for (let i = 0; i < m; ) {
    const k = Math.min(m - i, 1 + (i % 5));
    K.writeSigns(A, i, bits.subarray(i * width, (i + k) * width));
    i += k;
  }
  return { A, sign: (i: number, j: number) => ((bits[i * width + (j >> 5)] >>> (j & 31)) & 1 ? -1 : 1) };
}

it.each([
  [0, 5],
  [1, 1],
  [3, 1],
  [5, 7],
  [4, 64],
  [17, 33],
  [130, 100],
  [257, 1030],
  [1100, 65],
  [64, 2100],
  [2500, 9],
])('reference = simd with 1, 2, 4 threads, bit for bit: %i×%i', (m, p) => {
  const [x, y] = [noise(p, 2), noise(m, 3)];
  agree(builds, (K) => {
    const { A } = write(K, m, p);
    const [r, g, product, adjoint] = [m, p, m, p].map((n) => new Float64Array(n).fill(Number.NaN));
    K.signsGradient(A, 0.37, x, y, r, g);
    K.signsApply(A, x, product);
    K.signsAdjoint(A, y, adjoint);
    return { r, g, product, adjoint };
  });
});

it('A x and Aᵀ r are the plain signed sums to 1e-12, a bit of 1 being −1', () => {
  const [m, p] = [41, 77];
  const [x, r] = [noise(p, 2), noise(m, 3)];
  for (const K of [reference, ...builds]) {
    const { A, sign } = write(K, m, p);
    const [product, adjoint] = [new Float64Array(m), new Float64Array(p)];
    K.signsApply(A, x, product);
    K.signsAdjoint(A, r, adjoint);
    const row = (i: number) => x.map((_, j) => sign(i, j));
    const column = (j: number) => r.map((_, i) => sign(i, j));
    close(
      product,
      product.map((_, i) => dot(row(i), x)),
      { atol: 1e-12 },
    );
    close(
      adjoint,
      adjoint.map((_, j) => dot(column(j), r)),
      { atol: 1e-12 },
    );
    expect(A.bytes).toBeLessThan(m * 20);
  }
});
