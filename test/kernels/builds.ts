// The builds that must agree, and what the tests of kernels share.

import { expect } from 'vitest';
import { type Kernels, referenceKernels, singleKernels, startKernels } from '../../src/kernels/index.js';

export const reference = referenceKernels();

/** simd128 alone, and with 2 and 4 threads. Closed by the caller. */
export const simdBuilds = async (): Promise<Kernels[]> => [
  singleKernels(),
  await startKernels({ threads: 2 }),
  await startKernels({ threads: 4 }),
];

/** Uniform numbers in (−1, 1), the same for the same seed. */
export function noise(length: number, seed = 1): Float64Array {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

export function words(length: number, seed = 1): Uint32Array {
  return Uint32Array.from(noise(length, seed), (v) => Math.floor((v + 1) * 2 ** 31));
}

export const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

/** Every result of every build is that of the reference, bit for bit. */
export function agree(builds: readonly Kernels[], results: (K: Kernels) => Record<string, Float64Array>): void {
  const expected = results(reference);
  for (const K of builds) {
    const got = results(K);
    for (const name of Object.keys(expected)) {
      const first = got[name].findIndex((v, i) => v !== expected[name][i]);
      const where = `${name}[${first}], ${K.build}, ${K.threads} threads: ${got[name][first]}, not ${expected[name][first]}`;
      expect(first, where).toBe(-1);
    }
  }
}
