// Starts θ₀ of descent on factors.

export { large } from './large.js';
export { type NystromOptions, nystrom } from './nystrom.js';
export { type SmallRandomOptions, smallRandom } from './smallRandom.js';
export { spectral } from './spectral.js';
