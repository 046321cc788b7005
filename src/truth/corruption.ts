// What spoils measurements: Gaussian noise and outliers. Both take y as the operators give it, normalised by 1/√m, so that
// noise of standard deviation s has ‖e‖ ≈ s√m.

import { usageError } from '../errors.js';
import { normals, type Stream, split, subset } from '../random/index.js';

/** y + s·z, z standard normal. */
export function withNoise(y: Float64Array, standardDeviation: number, random: Stream): Float64Array {
  if (!(standardDeviation >= 0 && standardDeviation < Infinity))
    throw usageError(
      `withNoise: standardDeviation should be a number ≥ 0, got ${standardDeviation}`,
      'give s of noise N(0, s²)',
    );
  const z = normals(random, y.length);
  return y.map((v, i) => v + standardDeviation * z[i]);
}

/** y with ⌊share·m⌋ of its numbers, at random places, replaced by N(0, size²); and those places, ascending. */
export function withOutliers(
  y: Float64Array,
  { share, size }: { share: number; size: number },
  random: Stream,
): { y: Float64Array; places: Int32Array } {
  if (!(share >= 0 && share <= 1 && size >= 0))
    throw usageError(
      `withOutliers: share should be from 0 to 1 and size ≥ 0, got ${share} and ${size}`,
      'give a share',
    );
  const places = Int32Array.from(subset(split(random, 'places'), y.length, Math.floor(share * y.length)));
  const z = normals(split(random, 'values'), places.length);
  const out = y.slice();
  places.forEach((i, t) => {
    out[i] = size * z[t];
  });
  return { y: out, places };
}
