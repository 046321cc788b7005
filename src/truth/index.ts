// Ground truths, and what is seen and spoiled of them. A method never receives a truth; diagnostics do.

export { withNoise, withOutliers } from './corruption.js';
export { type LowRank, type LowRankOptions, lowRank, orthonormal } from './lowRank.js';
export { perRowMask, uniformMask } from './mask.js';
export { type Sparse, type SparseOptions, sparse } from './sparse.js';
