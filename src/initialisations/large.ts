// The control that must fail: a random start as large as the truth. Descent then fits the data without a bias to low rank.

import type { Theta } from '../descend.js';
import type { Stream } from '../random/index.js';
import { type SmallRandomOptions, smallRandom } from './smallRandom.js';

/** Entries N(0, scale), scale = ‖X‖ or an estimate of it, so that V₀W₀ᵀ is no smaller than X. */
export const large = (
  random: Stream,
  { shape, width, scale }: Pick<SmallRandomOptions, 'shape' | 'width'> & { scale: number },
): Theta => smallRandom(random, { shape, width, initScale: Math.sqrt(scale), initNorm: 'unit' });
