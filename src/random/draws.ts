// What can be drawn from a stream. `fillX(s, out, start)` writes numbers start … start + out.length − 1 of the endless
// sequence that s names; `X(s, n)` returns the first n. However a range is cut into fills, the numbers are the same.

import { usageError } from '../errors.js';
import type { Float } from '../matrix.js';
import { drawBlocks, KIND, type Stream } from './stream.js';

const SCRATCH = new Int32Array(1024); // 256 blocks of four words

/** Words of 32 random bits. */
export function fillWords(s: Stream, out: Uint32Array, start = 0): void {
  for (let done = 0; done < out.length; ) {
    const skip = (start + done) % 4;
    const blocks = Math.min(256, Math.ceil((out.length - done + skip) / 4));
    drawBlocks(s, KIND.words, Math.floor((start + done) / 4), blocks, SCRATCH);
    const n = Math.min(4 * blocks - skip, out.length - done);
    for (let i = 0; i < n; i++) out[done + i] = SCRATCH[skip + i];
    done += n;
  }
}

/** Uniform numbers in [0, 1), multiples of 2^-53 (rounded, where out is f32). */
export function fillUniforms(s: Stream, out: Float, start = 0): void {
  for (let done = 0; done < out.length; ) {
    const skip = (start + done) % 2;
    const blocks = Math.min(256, Math.ceil((out.length - done + skip) / 2));
    drawBlocks(s, KIND.uniforms, Math.floor((start + done) / 2), blocks, SCRATCH);
    const n = Math.min(2 * blocks - skip, out.length - done);
    for (let i = 0; i < n; i++) out[done + i] = fraction(2 * (skip + i));
    done += n;
  }
}

/** 53 bits of words t and t+1 of SCRATCH as a number in [0, 1). */
const fraction = (t: number): number => ((SCRATCH[t] >>> 5) * 67108864 + (SCRATCH[t + 1] >>> 6)) / 9007199254740992;

/** The first n words. */
export function words(s: Stream, n: number): Uint32Array {
  const out = new Uint32Array(n);
  fillWords(s, out);
  return out;
}

/** The first n uniform numbers in [0, 1). */
export function uniforms(s: Stream, n: number): Float64Array {
  const out = new Float64Array(n);
  fillUniforms(s, out);
  return out;
}

/** n signs ±1: bit j mod 32 of word ⌊j/32⌋, where 1 means −1. */
export function signs(s: Stream, n: number): Float64Array {
  const bits = words(s, Math.ceil(n / 32));
  return Float64Array.from({ length: n }, (_, j) => 1 - 2 * ((bits[j >> 5] >>> (j & 31)) & 1));
}

/** A random order of 0 … n−1, all equally likely. */
export function permutation(s: Stream, n: number): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const u = uniforms(s, n);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(u[i] * (i + 1));
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}

/**
 * k different integers of 0 … n−1, ascending, all sets equally likely; as doubles, since n may be up to 2^53.
 * Cost O(k log k), or O(n) where k > n/2.
 */
export function subset(s: Stream, n: number, k: number): Float64Array {
  if (!(Number.isSafeInteger(k) && k >= 0 && k <= n))
    throw usageError(`subset: k should be an integer from 0 to n = ${n}, got ${k}`, 'ask for at most n of n');
  if (k > n / 2) return complement(subset(s, n, n - k), n);
  // As many as are missing are drawn, sorted and merged, until none is missing. No step knows one integer from another
  // but by its draw, so all sets are equally likely.
  let chosen = new Float64Array(0);
  for (let drawn = 0; chosen.length < k; ) {
    const fresh = new Float64Array(k - chosen.length);
    fillUniforms(s, fresh, drawn);
    drawn += fresh.length;
    for (let i = 0; i < fresh.length; i++) fresh[i] = Math.floor(fresh[i] * n);
    chosen = union(chosen, fresh.sort());
  }
  return chosen;
}

/** The union of two ascending lists, without repeats. */
function union(a: Float64Array, b: Float64Array): Float64Array<ArrayBuffer> {
  const out = new Float64Array(a.length + b.length);
  let n = 0;
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const next = j === b.length || (i < a.length && a[i] <= b[j]) ? a[i++] : b[j++];
    if (n === 0 || out[n - 1] !== next) out[n++] = next;
  }
  return out.slice(0, n);
}

function complement(of: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n - of.length);
  for (let v = 0, i = 0, t = 0; v < n; v++) {
    if (i < of.length && of[i] === v) i++;
    else out[t++] = v;
  }
  return out;
}
