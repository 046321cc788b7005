// Errors against a truth. Only diagnostics sees a truth; a method never does.

import type { Factored } from '../descend.js';
import type { Kernels } from '../kernels/contract.js';
import { formed } from '../linalg/factored.js';
import { at, type Matrix } from '../matrix.js';

/** ‖X − truth‖_F / ‖truth‖_F. X: left n₁×k, right n₂×k; truth: n₁×n₂. */
export function relativeFrobenius(K: Kernels, X: Factored, truth: Matrix): number {
  const dense = formed(K, X);
  let off = 0;
  let all = 0;
  for (let i = 0; i < truth.rows; i++)
    for (let j = 0; j < truth.cols; j++) {
      const t = at(truth, i, j);
      const d = at(dense, i, j) - t;
      off += d * d;
      all += t * t;
    }
  return Math.sqrt(off / all);
}
