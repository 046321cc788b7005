// Small problems with known answers, as files.

import { normals, stream } from '../../src/random/index.js';
import type { Folder } from './harness.js';

/** X = left·rightᵀ: n₁×n₂ of rank r; symmetric: left·leftᵀ. */
export function lowRankMatrix(n1: number, n2: number, r: number, seed: number, symmetric = false): Float64Array {
  const left = normals(stream(seed, 'left'), n1 * r);
  const right = symmetric ? left : normals(stream(seed, 'right'), n2 * r);
  const X = new Float64Array(n1 * n2);
  for (let i = 0; i < n1; i++)
    for (let j = 0; j < n2; j++) for (let a = 0; a < r; a++) X[i * n2 + j] += left[i * r + a] * right[j * r + a];
  return X;
}

/** A.npy, y.npy and truth.npy of m Gaussian measurements, used as given: y_i = ⟨A_i, X⟩ + noise. */
export function writeSensing(
  files: Folder,
  { n1 = 12, n2 = 10, r = 2, m = 200, noise = 0, seed = 1, f32 = false, flat = false, symmetric = false } = {},
): string[] {
  const X = lowRankMatrix(n1, n2, r, seed, symmetric);
  const p = n1 * n2;
  const drawn = normals(stream(seed, 'A'), m * p);
  const A = f32 ? Float32Array.from(drawn) : drawn;
  const z = normals(stream(seed, 'noise'), m);
  const y = new Float64Array(m);
  for (let i = 0; i < m; i++) {
    // from A as it is stored
    for (let e = 0; e < p; e++) y[i] += A[i * p + e] * X[e];
    y[i] += noise * z[i];
  }
  return [
    'sense',
    '--operator',
    files.writeNpy('A.npy', A, flat ? [m, p] : [m, n1, n2]),
    '--measurements',
    files.writeNpy('y.npy', y, [m]),
    '--truth',
    files.writeNpy('truth.npy', X, [n1, n2]),
    '--shape',
    `${n1},${n2}`,
  ];
}

/** Ratings u,i,value of a rank-one table with biases: every pair whose (i·7 + j·3) mod 4 is not 0. */
export function ratingsText(users = 40, items = 25): string {
  const z = normals(stream(3, 'ratings'), users * items);
  const lines = ['user,item,rating'];
  for (let i = 0; i < users; i++)
    for (let j = 0; j < items; j++)
      if ((i * 7 + j * 3) % 4 !== 0) {
        const value = 3 + ((i % 5) - 2) / 4 + ((j % 3) - 1) / 2 + ((i % 7) - 3) * ((j % 4) - 1.5) * 0.3;
        lines.push(`u${i},m${j},${(value + 0.1 * z[i * items + j]).toFixed(4)}`);
      }
  return `${lines.join('\n')}\n`;
}
