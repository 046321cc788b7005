// f(x) = w·‖A x − y‖², ∇f(x) = 2w·Aᵀ(A x − y), for a vector x: N and a dense design A: M×N.
// Cost per evaluation: one pass over A.

import type { Problem } from '../descend.js';
import { dataError, usageError } from '../errors.js';
import type { Kernels, Rows } from '../kernels/contract.js';
import { at, type Matrix } from '../matrix.js';

/** A: M×N, in kernel memory. */
export interface Design {
  readonly rows: number; // M
  readonly cols: number; // N
  /** The packed rows of A, for whoever works on buffers of its own. */
  readonly packed: Rows;
  /** A row by row; read only. */
  readonly entries: Float64Array;
  /** A x: M. */
  apply(x: Float64Array): Float64Array;
  /** Aᵀ r: N. */
  adjoint(r: Float64Array): Float64Array;
}

/**
 * A design of one's own, used as given.
 * @param A M×N, finite, without a zero column.
 * @throws data error where an entry is not finite or a column is zero.
 */
export function design(K: Kernels, A: Matrix): Design {
  const { rows, cols } = A;
  if (rows < 1 || cols < 1) throw usageError(`design: A should have rows and columns, got ${rows}×${cols}`);
  const entries = new Float64Array(rows * cols);
  const seen = new Uint8Array(cols);
  for (let i = 0, t = 0; i < rows; i++)
    for (let j = 0; j < cols; j++, t++) {
      const value = at(A, i, j);
      if (!Number.isFinite(value))
        throw dataError(`design: A should hold finite numbers, got ${value} in row ${i}, column ${j}`, 'repair it');
      if (value !== 0) seen[j] = 1;
      entries[t] = value;
    }
  const zero = seen.indexOf(0);
  if (zero >= 0)
    throw dataError(
      `design: every column of A should hold a number other than 0, got zeros alone in column ${zero}`,
      `leave column ${zero} out: nothing was measured of x_${zero}`,
    );
  return packedDesign(K, rows, cols, entries);
}

/** The same without the checks: of some rows of a design, in which a column may be zero. entries: M·N, row by row. */
export function packedDesign(K: Kernels, rows: number, cols: number, entries: Float64Array): Design {
  const packed = K.createRows(rows, cols, 'f64');
  K.writeRows(packed, 0, entries);
  return {
    rows,
    cols,
    packed,
    entries,
    apply(x) {
      const out = new Float64Array(rows);
      K.rowsApply(packed, x, out, 'f64');
      return out;
    },
    adjoint(r) {
      const out = new Float64Array(cols);
      K.rowsAdjoint(packed, r, out, 'f64');
      return out;
    },
  };
}

/** f(x) = w·‖A x − y‖². @param y M finite measurements. @param weight w; default ½. */
export function linear(K: Kernels, A: Design, y: Float64Array, weight = 0.5): Problem<Float64Array, Float64Array> {
  checkMeasurements('linear', A, y);
  return {
    evaluate(x) {
      const r = new Float64Array(A.rows);
      const grad = new Float64Array(A.cols);
      K.rowsGradient(A.packed, 1, x, y, r, grad, 'f64');
      let sum = 0;
      for (let i = 0; i < r.length; i++) sum += r[i] * r[i];
      if (weight !== 0.5) for (let j = 0; j < grad.length; j++) grad[j] *= 2 * weight;
      return { loss: weight * sum, grad };
    },
  };
}

/** @throws usage error where y is not as long as A has rows, data error where it is not finite. */
export function checkMeasurements(caller: string, A: Design, y: ArrayLike<number>): void {
  if (y.length !== A.rows)
    throw usageError(
      `${caller}: y should hold as many numbers as A has rows, got ${y.length} and ${A.rows}`,
      'check that A and y belong together',
    );
  for (let i = 0; i < y.length; i++)
    if (!Number.isFinite(y[i]))
      throw dataError(`${caller}: y should hold finite numbers, got ${y[i]} at ${i}`, 'leave that measurement out');
}
