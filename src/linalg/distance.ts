// ‖LRᵀ − A‖_F without LRᵀ in memory: a block of rows at a time, each formed, compared and forgotten while it is in the cache.
// Cost: 2·n₁n₂k flops.

import type { Factored } from '../descend.js';
import type { Kernels } from '../kernels/contract.js';
import { at, type Matrix, slice, transpose } from '../matrix.js';
import { multiplyInto, scratch } from './products.js';

const ENTRIES = 65_536; // of a block

/** ‖left·rightᵀ − A‖_F, in f64. left: n₁×k, right: n₂×k, A: n₁×n₂. */
export function distance(K: Kernels, { left, right }: Factored, A: Matrix): number {
  const { rows, cols } = A;
  const height = Math.max(1, Math.min(rows, Math.ceil(ENTRIES / Math.max(1, cols))));
  return K.scoped(() => {
    const buffer = scratch(K, height, cols);
    const across = transpose(right);
    let sum = 0;
    for (let start = 0; start < rows; start += height) {
      const end = Math.min(rows, start + height);
      const block = slice(buffer, 0, end - start);
      const { data } = block;
      for (let i = start, t = 0; i < end; i++) for (let j = 0; j < cols; j++, t++) data[t] = -at(A, i, j);
      multiplyInto(K, slice(left, start, end), across, block, { accumulate: true });
      const count = (end - start) * cols;
      for (let t = 0; t < count; t++) sum += data[t] * data[t];
    }
    return Math.sqrt(sum);
  });
}
