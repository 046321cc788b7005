// Ground truths of low rank: X = U diag(σ) Vᵀ with U and V drawn independently and uniformly among frames (the Q of a Gaussian
// matrix), or X = U diag(σ) Uᵀ where symmetric, which is then positive semidefinite. Cost: O((n₁+n₂)r²).

import type { Factored } from '../descend.js';
import { usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { qr } from '../linalg/qr.js';
import { type Matrix, matrix } from '../matrix.js';
import { normals, pow, type Stream, split } from '../random/index.js';

export interface LowRankOptions {
  readonly rows: number; // n₁
  readonly cols: number; // n₂
  readonly rank: number; // r
  /** κ = σ₁/σ_r of X, with σ₁ = 1; default 1. */
  readonly condition?: number;
  /** How σ falls from 1 to 1/κ; default linear. */
  readonly spectrum?: 'linear' | 'geometric';
  /** σ₁ ≥ … ≥ σ_r > 0 themselves, in place of a condition. */
  readonly singularValues?: ArrayLike<number>;
  /** Symmetric positive semidefinite, n₁ = n₂; default false. */
  readonly symmetric?: boolean;
}

export interface LowRank {
  /** X in balanced factors: left = U√σ: n₁×r, right = V√σ: n₂×r. */
  readonly X: Factored;
  readonly U: Matrix<Float64Array>; // n₁×r, orthonormal columns
  readonly V: Matrix<Float64Array>; // n₂×r, orthonormal columns
  readonly singularValues: Float64Array;
}

/**
 * A random matrix of the given shape, rank and singular values.
 * @param random U comes from its 'left', V from its 'right'.
 * @throws usage error when such a matrix does not exist.
 */
export function lowRank(K: Kernels, options: LowRankOptions, random: Stream): LowRank {
  const { rows, cols, rank, symmetric = false } = options;
  if (!(Number.isInteger(rank) && rank >= 1 && rank <= Math.min(rows, cols)))
    throw usageError(
      `lowRank: rank should be an integer from 1 to min(n₁, n₂) = ${Math.min(rows, cols)}, got ${rank}`,
      'ask for a smaller rank or a larger matrix',
    );
  if (symmetric && rows !== cols)
    throw usageError(`lowRank: a symmetric X should be square, got ${rows}×${cols}`, 'make rows equal cols');
  const singularValues = spectrumOf(options);
  const U = orthonormal(K, rows, rank, split(random, 'left'));
  const V = symmetric ? U : orthonormal(K, cols, rank, split(random, 'right'));
  const left = scaledColumns(U, singularValues);
  return { X: { left, right: symmetric ? left : scaledColumns(V, singularValues) }, U, V, singularValues };
}

/** r orthonormal columns of length n, uniformly random. */
export const orthonormal = (K: Kernels, n: number, r: number, random: Stream): Matrix<Float64Array> =>
  qr(K, matrix(n, r, normals(random, n * r))).Q;

function spectrumOf({ rank, condition = 1, spectrum = 'linear', singularValues }: LowRankOptions): Float64Array {
  if (singularValues) {
    const given = Float64Array.from(singularValues);
    if (given.length !== rank || !given.every((v, i) => v > 0 && v < Infinity && (i === 0 || v <= given[i - 1])))
      throw usageError(
        `lowRank: singularValues should be ${rank} positive numbers in falling order, got ${given.join(', ')}`,
        'sort them and drop zeros',
      );
    return given;
  }
  if (!(condition >= 1 && condition < Infinity))
    throw usageError(`lowRank: condition should be a number ≥ 1, got ${condition}`, 'give σ₁/σ_r');
  return Float64Array.from({ length: rank }, (_, i) => {
    const t = rank === 1 ? 0 : i / (rank - 1);
    return spectrum === 'linear' ? 1 - (1 - 1 / condition) * t : pow(condition, -t);
  });
}

function scaledColumns(U: Matrix<Float64Array>, singularValues: Float64Array): Matrix<Float64Array> {
  const r = U.cols;
  return matrix(
    U.rows,
    r,
    U.data.map((v, t) => v * Math.sqrt(singularValues[t % r])),
  );
}
