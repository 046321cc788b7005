// Sparse vectors: `support` of n entries are not zero, all supports equally likely.

import { usageError } from '../errors.js';
import { type Stream, signs, split, subset, uniforms } from '../random/index.js';

export interface SparseOptions {
  readonly length: number; // n
  readonly support: number; // s: how many entries are not zero
  /** The sizes of those entries are uniform between these; default [1, 1]. */
  readonly magnitudes?: readonly [number, number];
  /** Their signs; default random. */
  readonly signs?: 'random' | 'positive';
}

export interface Sparse {
  readonly x: Float64Array; // n
  readonly support: Int32Array; // ascending
}

/**
 * A random sparse vector.
 * @throws usage error when the support exceeds the length, or the magnitudes are not 0 < low ≤ high.
 */
export function sparse(options: SparseOptions, random: Stream): Sparse {
  const { length, support: s, magnitudes: [low, high] = [1, 1], signs: kind = 'random' } = options;
  if (!(s >= 0 && s <= length))
    throw usageError(`sparse: support should be from 0 to ${length}, got ${s}`, 'ask for at most all entries');
  if (!(low > 0 && low <= high && high < Infinity))
    throw usageError(
      `sparse: magnitudes should be 0 < low ≤ high, got ${low} and ${high}`,
      'give the smaller one first',
    );
  const support = Int32Array.from(subset(split(random, 'support'), length, s));
  const size = uniforms(split(random, 'magnitudes'), s);
  const sign = kind === 'random' ? signs(split(random, 'signs'), s) : undefined;
  const x = new Float64Array(length);
  support.forEach((j, t) => {
    x[j] = (sign?.[t] ?? 1) * (low + (high - low) * size[t]);
  });
  return { x, support };
}
