// A small random start, θ₀ = α·Z with Z of independent normal numbers: small enough that descent first finds the directions
// of 𝒜*(y) (as a power method does), then grows them one after another.
// Stöger and Soltanolkotabi (2021), Soltanolkotabi, Stöger and Xie (2023).

import type { Theta } from '../descend.js';
import { usageError } from '../errors.js';
import { fillNormals, type Stream, split } from '../random/index.js';

export interface SmallRandomOptions {
  /** [n₁, n₂] for a factor pair, [n] for a symmetric factor. */
  readonly shape: readonly [number, number] | readonly [number];
  readonly width: number; // k
  readonly initScale: number; // α
  /** Entries N(0, α²/k), so that the norm hardly depends on the width, or N(0, α²); default perSqrtK. */
  readonly initNorm?: 'perSqrtK' | 'unit';
}

/** θ: V: n₁×k row by row, then W: n₂×k; or U: n×k. The factors come from indices 0 and 1 of the stream 'factor'. */
export function smallRandom(random: Stream, options: SmallRandomOptions): Theta {
  const { shape, width, initScale, initNorm = 'perSqrtK' } = options;
  if (!(initScale > 0 && initScale < Infinity))
    throw usageError(`smallRandom: initScale should be a positive number, got ${initScale}`, 'try 1e-6');
  const factor = initNorm === 'unit' ? initScale : initScale / Math.sqrt(width);
  const theta = new Float64Array(shape.reduce((sum: number, n) => sum + n * width, 0));
  let from = 0;
  shape.forEach((n, side) => {
    fillNormals(split(random, 'factor', side), theta.subarray(from, (from += n * width)));
  });
  for (let t = 0; t < theta.length; t++) theta[t] *= factor;
  return theta;
}
