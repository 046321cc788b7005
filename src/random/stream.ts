// Randomness by address. A stream is named by (seed, path, index): `stream(seed, 'operator/row', i)`; the t-th number of
// each kind drawn from it is a pure function of that name and of t. Nothing advances, so blocks may be drawn in any order,
// by any thread, and adding a draw somewhere leaves all others as they were. Give each purpose its own name: to draw the
// same kind twice from one stream gives the same numbers twice.
//
// Numbers of different kinds (words, uniforms, normals) from one stream come from different counters.

import { usageError } from '../errors.js';
import { threefry, type Words4 } from './threefry.js';

/** Plain data: it may be sent to another thread. */
export interface Stream {
  readonly key: Words4; // a function of the seed and the path
  readonly index: number;
}

/** The seed of a run that names none. */
export const DEFAULT_SEED = 20230;

/** Which kind of numbers a counter belongs to: the counter is (block low, kind·2^24 + block high, index low, index high). */
export const KIND = { words: 0, uniforms: 1, normals: 2, edges: 3, child: 255 } as const;

const high = (n: number): number => Math.floor(n / 4294967296);

/**
 * The stream of a seed and a path of names.
 * @param seed an integer from 0: a number up to 2^53 − 1, or a bigint below 2^64.
 * @param path names separated by '/'; `stream(s, 'a/b')` equals `split(stream(s, 'a'), 'b')`.
 * @param index an integer from 0 to 2^53 − 1: which of the streams of that name; default 0.
 */
export function stream(seed: number | bigint, path: string, index = 0): Stream {
  const fits = typeof seed === 'bigint' ? seed >= 0n && seed < 1n << 64n : Number.isSafeInteger(seed) && seed >= 0;
  if (!fits)
    throw usageError(
      `stream: seed should be an integer from 0 to 2^53 − 1, or a bigint below 2^64, got ${seed}`,
      'pass a seed such as 7',
    );
  const bits = BigInt(seed);
  const root: Stream = { key: [Number(bits & 0xffffffffn) | 0, Number(bits >> 32n) | 0, 0, 0], index: 0 };
  return split(root, path, index);
}

/** The child of a stream under a path of names, independent of its parent and of other children. */
export function split(parent: Stream, path: string, index = 0): Stream {
  let child = parent;
  for (const name of path.split('/')) child = { key: childKey(child, name), index: 0 };
  return at(child, index);
}

/** The stream of the same name with another index. */
export function at(s: Stream, index: number): Stream {
  if (!(Number.isSafeInteger(index) && index >= 0))
    throw usageError(`stream: index should be an integer from 0 to 2^53 − 1, got ${index}`, 'count draws from 0');
  return { key: s.key, index };
}

/** The key, encrypted by its own index and then by the name, eight characters at a time. */
function childKey(parent: Stream, name: string): Words4 {
  const w = new Int32Array(4);
  threefry(parent.key, [name.length, KIND.child << 24, parent.index | 0, high(parent.index) | 0], 1, w);
  for (let i = 0; i < name.length; i += 8) {
    const two = (j: number) => name.charCodeAt(i + j) | 0 | ((name.charCodeAt(i + j + 1) | 0) << 16);
    threefry([w[0], w[1], w[2], w[3]], [two(0), two(2), two(4), two(6)], 1, w);
  }
  return [w[0], w[1], w[2], w[3]];
}

/** Words 4·first … of the given kind into out, whose length is a multiple of four. */
export function drawBlocks(
  s: Stream,
  kind: number,
  first: number,
  blocks: number,
  out: Int32Array | Uint32Array,
): void {
  const room = 4294967296 - (first % 4294967296);
  const now = Math.min(room, blocks);
  threefry(s.key, [first | 0, (kind << 24) | high(first), s.index | 0, high(s.index) | 0], now, out);
  if (now < blocks) drawBlocks(s, kind, first + now, blocks - now, out.subarray(4 * now));
}
