// Dense measurements y_i = scale·⟨A_i, X⟩: an m×p matrix in f32 or f64, p = n₁n₂, or n(n+1)/2 for symmetric X.
//
//   gaussian    the numbers are independent N(0, 1), scale = 1/√m: E‖𝒜(X)‖² = ‖X‖_F²; RIP of rank r with high
//               probability from m ≳ r(n₁+n₂) on (Candès and Plan 2011).
//   denseRows   the A_i are given; scale = √(p/Σ_i‖A_i‖²) makes E‖𝒜(X)‖² = ‖X‖_F² if their numbers are alike in size.
//
// Cost: 2mp flops for apply or adjoint, and one pass over memory for the gradient, which has both. Memory: 4mp or 8mp bytes.

import { dataError, usageError } from '../errors.js';
import type { Kernels, Precision, Rows } from '../kernels/contract.js';
import { type Float, matrix } from '../matrix.js';
import { at, fillNormals, type Stream } from '../random/index.js';
import type { Operator } from './operator.js';
import { checkedShape, onMatrices, type Shape, svec, unknowns, type VectorOperator } from './vectorised.js';

export interface DenseOptions extends Shape {
  /** How the numbers are kept; default f32. Data of f64 rounded to f32 can be met to about 2e-8 only. */
  readonly storage?: Precision;
}

export interface DenseRowsOptions extends DenseOptions {
  /** 'isometry' for the scale above, or 'none' for y_i = ⟨A_i, X⟩ as it stands; default isometry. */
  readonly scale?: 'isometry' | 'none';
}

/**
 * The Gaussian ensemble; A_i is drawn from stream (random, index i). Symmetric: entries N(0, 1) on the diagonal and
 * N(0, ½) off it: (B + Bᵀ)/2 for B of N(0, 1).
 */
export function gaussian(K: Kernels, options: DenseOptions, random: Stream): Operator {
  checkedShape('gaussian', options);
  const { measurements, storage = 'f32' } = options;
  const p = unknowns(options);
  const A = K.createRows(measurements, p, storage);
  const row = storage === 'f32' ? new Float32Array(p) : new Float64Array(p);
  for (let i = 0; i < measurements; i++) {
    fillNormals(at(random, i), row);
    K.writeRows(A, i, row);
  }
  return onMatrices(K, options, rowsOperator(K, A, 1 / Math.sqrt(measurements)));
}

export interface DenseBuilder {
  /** The measurement matrices A_first, A_first+1, …, each n₁n₂ numbers row by row (full n×n where symmetric). */
  write(first: number, values: Float): void;
  /** ‖A_i‖² on average. Every row must have been written. */
  meanSquare(): number;
  /**
   * scale is what the measurements y are to be multiplied by, as the operator's are. meanSquare: of a larger set that these
   * measurements are a part of, so that its parts have one scale; default their own.
   */
  finish(meanSquare?: number): { operator: Operator; scale: number };
}

/**
 * Measurements of one's own, written block by block in any order. Where symmetric, A_i counts as (A_i + A_iᵀ)/2, which gives
 * the same ⟨A_i, X⟩.
 */
export function denseRows(K: Kernels, options: DenseRowsOptions): DenseBuilder {
  checkedShape('denseRows', options);
  const { rows, cols, measurements, symmetric = false, storage = 'f32' } = options;
  const p = unknowns(options);
  const size = rows * cols;
  const A = K.createRows(measurements, p, storage);
  const squares = new Float64Array(measurements).fill(Number.NaN);
  const meanSquare = () => {
    const missing = squares.findIndex(Number.isNaN);
    if (missing >= 0)
      throw usageError(`denseRows: every measurement should be written, got none for ${missing}`, 'write all blocks');
    return squares.reduce((sum, s) => sum + s, 0) / measurements;
  };
  return {
    meanSquare,
    write(first, values) {
      const count = values.length / size;
      if (!Number.isInteger(count) || first < 0 || first + count > measurements)
        throw usageError(
          `denseRows: a block should be whole measurements of ${rows}×${cols} numbers below ${measurements}, got ${values.length} numbers from measurement ${first} on`,
          'check the shape and the number of measurements',
        );
      for (let i = 0; i < count; i++) {
        const given = values.subarray(i * size, (i + 1) * size);
        const row = symmetric ? svec(matrix(rows, cols, given)) : given;
        squares[first + i] = sumOfSquares(row, storage, first + i);
        K.writeRows(A, first + i, row);
      }
    },
    finish(mean = meanSquare()) {
      if (mean === 0) throw dataError('denseRows: the measurements should not all be zero', 'check the file');
      const scale = options.scale === 'none' ? 1 : Math.sqrt(p / (measurements * mean));
      return { operator: onMatrices(K, options, rowsOperator(K, A, scale)), scale };
    },
  };
}

function sumOfSquares(row: Float, storage: Precision, i: number): number {
  let sum = 0;
  for (let j = 0; j < row.length; j++) sum += row[j] * row[j];
  if (!(sum < (storage === 'f32' ? 1e76 : Number.POSITIVE_INFINITY)))
    throw dataError(
      `denseRows: measurement ${i} should hold finite numbers of moderate size, got one that is not`,
      'remove or repair that measurement',
    );
  return sum;
}

function rowsOperator(K: Kernels, A: Rows, scale: number, arithmetic: Precision = 'f64'): VectorOperator {
  const { rows: m, cols: p } = A;
  const scaled = (values: Float64Array) => values.map((v) => scale * v);
  return {
    apply(x) {
      const y = new Float64Array(m);
      K.rowsApply(A, x, y, arithmetic);
      return scaled(y);
    },
    adjoint(r) {
      const g = new Float64Array(p);
      K.rowsAdjoint(A, r, g, arithmetic);
      return scaled(g);
    },
    gradient(x, y) {
      const residual = new Float64Array(m);
      const gradient = new Float64Array(p);
      K.rowsGradient(A, scale, x, y, residual, gradient, arithmetic);
      return { residual, gradient };
    },
    gradients(c, X, Y) {
      const residual = new Float64Array(c * m);
      const gradient = new Float64Array(c * p);
      K.rowsGradientBatch(A, c, scale, X, Y, residual, gradient, arithmetic);
      return { residual, gradient };
    },
    select(indices) {
      const some = K.createRows(indices.length, p, A.storage);
      const row = A.storage === 'f32' ? new Float32Array(p) : new Float64Array(p);
      for (let i = 0; i < indices.length; i++) {
        K.readRow(A, indices[i], row);
        K.writeRows(some, i, row);
      }
      return rowsOperator(K, some, scale, arithmetic);
    },
    ...(A.storage === 'f32' && { at: (other: Precision) => rowsOperator(K, A, scale, other) }),
  };
}
