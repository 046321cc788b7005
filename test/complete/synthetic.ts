// Ratings made from a matrix of low rank, for the tests of completion.

import type { Triple } from '../../src/complete/ratings.js';
import { normals, stream, uniforms } from '../../src/random/index.js';

export interface Synthetic {
  readonly seen: Triple[];
  readonly unseen: Triple[];
}

/** X = AB, A: n₁×rank, B: rank×n₂ of normal numbers; each entry seen with probability share, with noise. Ids 'r3', 'c5'. */
export function lowRankRatings(n1: number, n2: number, rank: number, share: number, noise = 0, seed = 1): Synthetic {
  const random = stream(seed, 'synthetic');
  const draws = normals(random, (n1 + n2) * rank + n1 * n2);
  const u = uniforms(random, n1 * n2);
  const seen: Triple[] = [];
  const unseen: Triple[] = [];
  for (let i = 0; i < n1; i++)
    for (let j = 0; j < n2; j++) {
      let x = 0;
      for (let t = 0; t < rank; t++) x += draws[i * rank + t] * draws[(n1 + j) * rank + t];
      const known = u[i * n2 + j] < share;
      const off = known ? noise * draws[(n1 + n2) * rank + i * n2 + j] : 0;
      (known ? seen : unseen).push([`r${i}`, `c${j}`, x + off]);
    }
  return { seen, unseen };
}
