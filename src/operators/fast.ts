// The subsampled randomised Hadamard transform: 𝒜(X) = (1/√m)·R H D x, where x is vec(X) or svec(X) padded with zeros to
// N = 2^q ≥ p numbers, D holds random signs, H is the N×N Walsh–Hadamard matrix (±1) and R keeps m ≤ N of its rows,
// all sets equally likely. E‖𝒜(X)‖² = ‖X‖_F² over R for every D. RIP with high probability from m ≳ r(n₁+n₂) times powers of log N
// on: the rows have it on sparse vectors (Rudelson and Vershynin 2008), and the signs carry it over to sets of low rank (Oymak, Recht,
// Soltanolkotabi 2018).
//
// Cost: O(N log N) for apply and for adjoint. Memory: 8N bytes.

import { usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { type Stream, signs, split, subset } from '../random/index.js';
import type { Operator } from './operator.js';
import { checkedShape, onMatrices, type Shape, unknowns, type VectorOperator } from './vectorised.js';

/** The subsampled randomised Hadamard transform; D and R are drawn from streams 'signs' and 'rows' of `random`. */
export function fast(K: Kernels, options: Shape, random: Stream): Operator {
  checkedShape('fast', options);
  const { measurements } = options;
  const p = unknowns(options);
  let N = 1;
  while (N < p) N *= 2;
  if (measurements > N)
    throw usageError(
      `fast: measurements should be at most N = ${N}, the power of two from ${p} on, got ${measurements}`,
      'take fewer measurements, or another ensemble',
    );
  const rows = Int32Array.from(subset(split(random, 'rows'), N, measurements));
  return onMatrices(K, options, transformed(K, N, signs(split(random, 'signs'), p), rows, 1 / Math.sqrt(measurements)));
}

function transformed(K: Kernels, N: number, D: Float64Array, rows: Int32Array, scale: number): VectorOperator {
  const p = D.length;
  const apply = (x: Float64Array): Float64Array =>
    K.scoped(() => {
      const z = K.allocate('f64', N);
      for (let j = 0; j < p; j++) z[j] = D[j] * x[j];
      K.hadamard(z);
      return Float64Array.from(rows, (i) => scale * z[i]);
    });
  const adjoint = (r: Float64Array): Float64Array =>
    K.scoped(() => {
      const z = K.allocate('f64', N);
      rows.forEach((i, t) => {
        z[i] = r[t];
      });
      K.hadamard(z);
      return D.map((d, j) => scale * d * z[j]);
    });
  return {
    apply,
    adjoint,
    gradient(x, y) {
      const residual = apply(x);
      for (let i = 0; i < residual.length; i++) residual[i] -= y[i];
      return { residual, gradient: adjoint(residual) };
    },
    select: (indices) =>
      transformed(
        K,
        N,
        D,
        Int32Array.from(indices, (t) => rows[t]),
        scale,
      ),
  };
}
