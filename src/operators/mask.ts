// Entries of a mask Ω: y_e = scale·X_ij for each (i, j) of Ω. With scale = √(n₁n₂/m) and Ω uniformly random,
// E‖𝒜(X)‖² = ‖X‖_F²; but a matrix with few large entries may be missed altogether: there is no RIP, and recovery asks for
// incoherence (Candès and Recht 2009).
//
// Symmetric: Ω lies in i ≤ j, off the diagonal y_e = scale·√2·X_ij, and scale = √(n(n+1)/(2m)), so that the entries of
// svec(X) are what is sampled.
//
// Cost: O(mk) for X in factors of width k. Memory: 4m bytes for Ω, and 8m for a gradient.

import type { Factored, LinearMap } from '../descend.js';
import { usageError } from '../errors.js';
import type { Entries, Kernels } from '../kernels/contract.js';
import { entriesOf } from '../linalg/vectors.js';
import { at, type Matrix, matrix } from '../matrix.js';
import { isFactored, type Operator } from './operator.js';
import { checkMatrix, checkVector, unknowns } from './vectorised.js';

/** Which entries are seen, in compressed sparse rows. */
export type Mask = Omit<Entries, 'values'>;

export interface MaskOptions {
  /** X is symmetric, and the mask in its upper triangle; default false. */
  readonly symmetric?: boolean;
  /** 'isometry' for the scale above, or 'none' for y_e = X_ij as it stands; default isometry. */
  readonly scale?: 'isometry' | 'none';
}

/**
 * The entries of a mask.
 * @param omega which ones, as made by uniformMask or perRowMask; y_e follows its order.
 * @throws usage error where the mask is empty, out of order, or outside of the matrix.
 */
export function mask(K: Kernels, omega: Mask, { symmetric = false, scale = 'isometry' }: MaskOptions = {}): Operator {
  checkMask(omega, symmetric);
  const { rows, cols } = omega;
  const m = omega.columns.length;
  const kept = (indices: Int32Array) => {
    const copy = K.allocate('i32', indices.length);
    copy.set(indices);
    return copy;
  };
  const seen: Mask = { rows, cols, starts: kept(omega.starts), columns: kept(omega.columns) };
  const common = scale === 'none' ? 1 : Math.sqrt(unknowns({ rows, cols, symmetric }) / m);
  const twice = scale === 'none' ? 1 : Math.SQRT2;
  // What entry e counts in y, and in S where 𝒜*(r) is S, or S + Sᵀ for symmetric X.
  const weight = new Float64Array(m).fill(common);
  const half = symmetric ? new Float64Array(m).fill((common * twice) / 2) : weight;
  if (symmetric)
    forEach(seen, (i, j, e) => {
      if (i !== j) weight[e] = common * twice;
      else half[e] = common / 2;
    });

  const operator: Operator = {
    rows,
    cols,
    measurements: m,
    symmetric,
    apply(X) {
      checkMatrix(operator, X);
      const y = entriesAt(K, seen, X);
      for (let e = 0; e < m; e++) y[e] *= weight[e];
      return y;
    },
    adjoint(r) {
      checkVector(operator, 'r', r);
      const values = r.map((v, e) => half[e] * v);
      return sparseMap(K, { ...seen, values }, symmetric);
    },
    gradient(X, y) {
      checkVector(operator, 'y', y);
      const residual = operator.apply(X);
      for (let e = 0; e < m; e++) residual[e] -= y[e];
      return { residual, gradient: operator.adjoint(residual) };
    },
  };
  return operator;
}

function forEach({ rows, starts, columns }: Mask, body: (i: number, j: number, e: number) => void): void {
  for (let i = 0; i < rows; i++) for (let e = starts[i]; e < starts[i + 1]; e++) body(i, columns[e], e);
}

/** X_ij at every entry of the mask. X: n₁×n₂. */
function entriesAt(K: Kernels, seen: Mask, X: Matrix | Factored): Float64Array {
  const out = new Float64Array(seen.columns.length);
  if (isFactored(X)) K.entriesApply({ ...seen, values: out }, X.left.cols, entriesOf(X.left), entriesOf(X.right), out);
  else forEach(seen, (i, j, e) => (out[e] = at(X, i, j)));
  return out;
}

/** S or, where symmetric, S + Sᵀ, S: n₁×n₂ sparse. */
function sparseMap(K: Kernels, S: Entries, symmetric: boolean): LinearMap {
  const { rows, cols } = S;
  const negative = { ...S, values: S.values.map((v) => -v) };
  // The kernel's residual at factors of which one is zero is −values: with values −S its two products are S V and Sᵀ U.
  const product = (U: Float64Array, V: Float64Array, k: number) => {
    const SV = matrix(rows, k);
    const StU = matrix(cols, k);
    K.entriesGradient(negative, k, U, V, SV.data, StU.data);
    return { SV, StU };
  };
  const times = (V: Matrix) => product(new Float64Array(rows * V.cols), entriesOf(V), V.cols).SV;
  const timesT = (U: Matrix) => product(entriesOf(U), new Float64Array(cols * U.cols), U.cols).StU;
  if (!symmetric) return { rows, cols, times, timesT };
  const both = (V: Matrix) => {
    const sum = times(V);
    const other = timesT(V).data;
    for (let i = 0; i < other.length; i++) sum.data[i] += other[i];
    return sum;
  };
  return { rows, cols, symmetric, times: both, timesT: both };
}

function checkMask({ rows, cols, starts, columns }: Mask, symmetric: boolean): void {
  const m = columns.length;
  const fail = (what: string) =>
    usageError(`mask: ${what}`, 'list the entries row by row, columns ascending, none twice');
  if (symmetric && rows !== cols) throw fail(`a symmetric mask should be square, got ${rows}×${cols}`);
  if (m === 0) throw fail('the mask should have an entry, got none');
  if (starts.length !== rows + 1 || starts[0] !== 0 || starts[rows] !== m)
    throw fail(`starts should hold ${rows + 1} numbers from 0 to ${m}`);
  for (let i = 0; i < rows; i++) {
    if (starts[i] > starts[i + 1]) throw fail(`starts should not fall, got ${starts[i]} before ${starts[i + 1]}`);
    for (let e = starts[i], before = symmetric ? i - 1 : -1; e < starts[i + 1]; before = columns[e++])
      if (!(columns[e] > before && columns[e] < cols))
        throw fail(
          `row ${i} should have ascending columns from ${symmetric ? i : 0} below ${cols}, got ${columns[e]} after ${before}`,
        );
  }
}
