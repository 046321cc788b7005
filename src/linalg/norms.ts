// Matrix norms that neither overflow nor underflow, and the error made of them.

import type { Kernels } from '../kernels/contract.js';
import { at, type Matrix } from '../matrix.js';
import { singularValues } from './svd.js';
import { entriesOf, norm } from './vectors.js';

export { dot, norm } from './vectors.js';

/** ‖A‖_F. A: m×n. */
export const frobenius = (A: Matrix): number => norm(entriesOf(A));

/** ‖A − B‖_F / ‖B‖_F, and ‖A‖_F where B = 0. A, B: m×n. */
export function relativeError(A: Matrix, B: Matrix): number {
  const difference = entriesOf(A).slice();
  for (let i = 0, t = 0; i < B.rows; i++) for (let j = 0; j < B.cols; j++) difference[t++] -= at(B, i, j);
  return norm(difference) / (frobenius(B) || 1);
}

/** ‖A‖₂, the largest singular value. A: m×n. Cost: a bidiagonalisation; for a map, or a large A, see mapNorm in lanczos.ts. */
export const spectralNorm = (K: Kernels, A: Matrix): number => singularValues(K, A)[0] ?? 0;
