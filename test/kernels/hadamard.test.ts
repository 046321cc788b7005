import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Kernels } from '../../src/kernels/index.js';
import { close } from '../close.js';
import { agree, noise, reference, simdBuilds } from './builds.js';

let builds: Kernels[];
beforeAll(async () => void (builds = await simdBuilds()));
afterAll(() => {
  for (const K of builds) K.close();
});

it.each([0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 18])('reference = simd, bit for bit: 2^%i numbers', (q) => {
  agree(builds, (K) => {
    const outside = noise(2 ** q);
    const inside = K.allocate('f64', 2 ** q);
    inside.set(outside);
    K.hadamard(outside);
    K.hadamard(inside);
    return { outside, inside: Float64Array.from(inside) };
  });
});

it('(H x)_i = Σ_j (−1)^|i∧j| x_j to 1e-13, and H H x = n x', () => {
  const n = 64;
  const x = noise(n);
  const parity = (v: number): number => (v === 0 ? 0 : (v & 1) ^ parity(v >>> 1));
  const expected = x.map((_, i) => x.reduce((sum, v, j) => sum + (parity(i & j) ? -v : v), 0));
  for (const K of [reference, ...builds]) {
    const y = x.slice();
    K.hadamard(y);
    close(y, expected, { atol: 1e-13 });
    K.hadamard(y);
    close(
      y,
      x.map((v) => n * v),
      { rtol: 1e-12, atol: 1e-13 },
    );
  }
  expect(expected[1]).not.toBe(expected[2]);
});
