// Principal angles 0 ≤ θ₁ ≤ θ₂ ≤ … ≤ π/2 between two subspaces. Their cosines are the singular values of Q_AᵀQ_B, their
// sines those of Q_B − Q_A(Q_AᵀQ_B); each angle is taken from both, so that small ones keep their relative accuracy.
// Reference: Björck and Golub, Math. Comp. 27 (1973). Cost: two thin QRs and two SVDs, O(n·k²).

import { usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { type Matrix, transpose } from '../matrix.js';
import { multiply, shape } from './products.js';
import { projectOut, qr } from './qr.js';
import { singularValues } from './svd.js';

/** The min(k, l) principal angles, ascending, in radians, between the column spaces of A: n×k and B: n×l, both of full column rank. */
export const principalAngles = (K: Kernels, A: Matrix, B: Matrix): Float64Array =>
  anglesBetween(K, qr(K, A).Q, qr(K, B).Q);

/** The same for orthonormal columns. QA: n×k, QB: n×l. */
export function anglesBetween(K: Kernels, QA: Matrix, QB: Matrix): Float64Array {
  if (QA.rows !== QB.rows)
    throw usageError(`principalAngles: the bases should have as many rows, got ${shape(QA)} and ${shape(QB)}`);
  const cosines = singularValues(K, multiply(K, transpose(QA), QB));
  const sines = singularValues(K, projectOut(K, QA, QB)).reverse();
  return cosines.map((c, i) => angle(c, sines[i]));
}

/** The angle in [0, π/2] with tan θ = s/c: halved three times, then the series of the arctangent. c, s ≥ 0. */
export function angle(c: number, s: number): number {
  let t = s / (c + Math.sqrt(c * c + s * s));
  for (let halving = 0; halving < 2; halving++) t /= 1 + Math.sqrt(1 + t * t);
  const z = t * t;
  let tail = 0;
  for (let k = 25; k >= 1; k -= 2) tail = 1 / k - z * tail;
  return 8 * t * tail;
}
