// Signs ±1, one bit each; a bit of 1 is −1. Sums go by bytes of eight columns and groups of eight bytes, as the
// four-Russians tables of the SIMD twin do. Columns beyond p count as zeros of x.

import type { Kernels, SignRows } from '../contract.js';

interface ReferenceSigns extends SignRows {
  readonly words: Uint32Array; // row i is words[i·w … (i+1)·w), w = ⌈p/32⌉
}
const wordsOf = (A: SignRows): Uint32Array => (A as ReferenceSigns).words;
const wordsPerRow = (A: SignRows): number => Math.ceil(A.cols / 32);

function apply(A: SignRows, x: Float64Array, out: Float64Array): void {
  const words = wordsOf(A);
  const w = wordsPerRow(A);
  const signed = (i: number, j: number) => {
    const v = j < A.cols ? x[j] : 0;
    return (words[i * w + (j >> 5)] >>> (j & 31)) & 1 ? -v : v;
  };
  const pair = (i: number, j: number) => signed(i, j) + signed(i, j + 1);
  const byte = (i: number, j: number) => pair(i, j) + pair(i, j + 2) + (pair(i, j + 4) + pair(i, j + 6));
  const word = (i: number, j: number) => byte(i, j) + byte(i, j + 8) + (byte(i, j + 16) + byte(i, j + 24));
  for (let i = 0; i < A.rows; i++) {
    let sum = 0;
    for (let j = 0; j < A.cols; j += 64) sum += word(i, j) + word(i, j + 32);
    out[i] = sum;
  }
}

/** g = scale·Aᵀr. For each byte of columns: bucket b collects the r of the rows whose byte is b, then is split by its bits. */
function adjoint(A: SignRows, scale: number, r: Float64Array, g: Float64Array): void {
  const words = wordsOf(A);
  const w = wordsPerRow(A);
  const buckets = new Float64Array(256);
  const lanes = new Float64Array(4);
  for (let j = 0; j < A.cols; j += 8) {
    buckets.fill(0);
    for (let i = 0; i < A.rows; i++) buckets[(words[i * w + (j >> 5)] >>> (j & 31)) & 255] += r[i];
    for (let bit = 7; bit >= 0; bit--) {
      const half = 1 << bit;
      lanes.fill(0);
      for (let b = 0; b < half; b++) {
        lanes[b & 3] += buckets[b] - buckets[b + half];
        buckets[b] += buckets[b + half];
      }
      if (j + bit < A.cols) g[j + bit] = scale * (lanes[0] + lanes[2] + (lanes[1] + lanes[3]));
    }
  }
}

export const signs: Pick<Kernels, 'createSigns' | 'writeSigns' | 'signsApply' | 'signsAdjoint' | 'signsGradient'> = {
  createSigns(m, p): ReferenceSigns {
    const words = new Uint32Array(m * Math.ceil(p / 32));
    return { rows: m, cols: p, bytes: words.byteLength, words };
  },
  writeSigns: (A, i, words) => wordsOf(A).set(words, i * wordsPerRow(A)),
  signsApply: apply,
  signsAdjoint: (A, r, out) => adjoint(A, 1, r, out),
  signsGradient(A, scale, x, y, r, g) {
    const product = new Float64Array(A.rows);
    apply(A, x, product);
    for (let i = 0; i < A.rows; i++) r[i] = scale * product[i] - y[i];
    adjoint(A, scale, r, g);
  },
};
