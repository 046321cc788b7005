// What operators on vec(X) share. Such an operator is an m×p matrix S acting on x: for general X, x holds X row by row and
// p = n₁n₂; for symmetric X, x = svec(X) is the upper triangle row by row with entries off the diagonal times √2, so that
// p = n(n+1)/2 and ⟨svec(A), svec(B)⟩ = ⟨A, B⟩. Rows of unit-variance numbers over √m then make E‖𝒜(X)‖² = ‖X‖_F² in both.

import type { Factored, LinearMap } from '../descend.js';
import { usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { mapOf } from '../linalg/maps.js';
import { multiply, shape } from '../linalg/products.js';
import { entriesOf } from '../linalg/vectors.js';
import { type Float, type Matrix, matrix, transpose } from '../matrix.js';
import { isFactored, type Operator } from './operator.js';

export interface Shape {
  readonly rows: number; // n₁
  readonly cols: number; // n₂
  readonly measurements: number; // m
  /** Acts on symmetric matrices, n₁ = n₂; default false. */
  readonly symmetric?: boolean;
}

/** S, as products with vectors. */
export interface VectorOperator {
  /** S x: m. */
  apply(x: Float64Array): Float64Array;
  /** Sᵀ r: p numbers. */
  adjoint(r: Float64Array): Float64Array;
  /** residual = S x − y and gradient = Sᵀ·residual. */
  gradient(x: Float64Array, y: Float64Array): { residual: Float64Array; gradient: Float64Array };
  /** gradient for c columns at once, X: c×p and Y: c×m, row-major. */
  gradients?(c: number, X: Float64Array, Y: Float64Array): { residual: Float64Array; gradient: Float64Array };
  /** The measurements listed, in that order, none twice. */
  select?(indices: ArrayLike<number>): VectorOperator;
  at?(arithmetic: 'f64' | 'f32'): VectorOperator;
}

/** p: how many numbers describe X. */
export const unknowns = ({ rows, cols, symmetric = false }: Omit<Shape, 'measurements'>): number =>
  symmetric ? (rows * (rows + 1)) / 2 : rows * cols;

/** Refuses shapes that no operator has. */
export function checkedShape(name: string, { rows, cols, measurements, symmetric = false }: Shape): void {
  const whole = [rows, cols, measurements].every((n) => Number.isSafeInteger(n) && n > 0);
  if (!whole)
    throw usageError(
      `${name}: rows, cols and measurements should be positive integers, got ${rows}, ${cols} and ${measurements}`,
      'give the shape of X and the number of measurements',
    );
  if (symmetric && rows !== cols)
    throw usageError(
      `${name}: a symmetric operator should have square X, got ${rows}×${cols}`,
      'make rows equal cols, or leave symmetric out',
    );
}

/** An operator on matrices from one on vec(X). */
export function onMatrices(K: Kernels, operatorShape: Shape, S: VectorOperator): Operator {
  const { rows, cols, measurements, symmetric = false } = operatorShape;
  const vector = (X: Matrix | Factored): Float64Array => {
    const dense = isFactored(X) ? multiply(K, X.left, transpose(X.right)) : X;
    return symmetric ? svec(dense) : entriesOf(dense);
  };
  const map = (g: Float64Array): LinearMap => ({
    ...mapOf(K, symmetric ? smat(g, rows) : matrix(rows, cols, g)),
    symmetric,
  });
  const select =
    S.select &&
    ((indices: ArrayLike<number>) =>
      onMatrices(K, { ...operatorShape, measurements: indices.length }, S.select!(indices)));
  const at = S.at && ((arithmetic: 'f64' | 'f32') => onMatrices(K, operatorShape, S.at!(arithmetic)));
  const gradientsOf = (
    batch: NonNullable<VectorOperator['gradients']>,
    X: readonly (Matrix | Factored)[],
    y: readonly Float64Array[],
  ) => {
    for (const one of X) checkMatrix(operator, one);
    for (const one of y) checkVector(operator, 'y', one);
    const { residual, gradient } = batch(X.length, joined(X.map(vector)), joined(y));
    const part = (all: Float64Array, j: number) => {
      const size = all.length / X.length;
      return all.slice(j * size, (j + 1) * size);
    };
    return X.map((_, j) => ({ residual: part(residual, j), gradient: map(part(gradient, j)) }));
  };
  const operator: Operator = {
    rows,
    cols,
    measurements,
    symmetric,
    apply(X) {
      checkMatrix(operator, X);
      return S.apply(vector(X));
    },
    adjoint(r) {
      checkVector(operator, 'r', r);
      return map(S.adjoint(r));
    },
    gradient(X, y) {
      checkMatrix(operator, X);
      checkVector(operator, 'y', y);
      const { residual, gradient } = S.gradient(vector(X), y);
      return { residual, gradient: map(gradient) };
    },
    ...(S.gradients && { gradients: (X, y) => gradientsOf(S.gradients!, X, y) }),
    ...(select && { select }),
    ...(at && { at }),
  };
  return operator;
}

/** Vectors of one length, one after another. */
function joined(vectors: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(vectors.length * vectors[0].length);
  vectors.forEach((vector, j) => {
    all.set(vector, j * vector.length);
  });
  return all;
}

/** Refuses an X of another shape than the operator's. */
export function checkMatrix({ rows, cols }: Operator, X: Matrix | Factored): void {
  const [n1, n2] = isFactored(X) ? [X.left.rows, X.right.rows] : [X.rows, X.cols];
  if (n1 !== rows || n2 !== cols)
    throw usageError(
      `operator: X should be ${rows}×${cols}, got ${n1}×${n2}`,
      'make the operator for the shape of X, or transpose X',
    );
  if (isFactored(X) && X.left.cols !== X.right.cols)
    throw usageError(
      `operator: the factors of X should have as many columns as each other, got ${shape(X.left)} and ${shape(X.right)}`,
      'pass { left: n₁×k, right: n₂×k }',
    );
}

/** Refuses a vector whose length is not the number of measurements. */
export function checkVector({ measurements }: Operator, name: string, r: Float64Array): void {
  if (r.length !== measurements)
    throw usageError(
      `operator: ${name} should hold ${measurements} numbers, got ${r.length}`,
      'pass one number for each measurement',
    );
}

/** svec((X + Xᵀ)/2): n(n+1)/2, which is svec(X) for symmetric X. X: n×n. */
export function svec(X: Matrix): Float64Array {
  const n = X.rows;
  const out = new Float64Array((n * (n + 1)) / 2);
  for (let i = 0, t = 0; i < n; i++) {
    const row = X.offset + i * X.rowStride;
    const col = X.offset + i * X.colStride;
    out[t++] = X.data[row + i * X.colStride];
    for (let j = i + 1; j < n; j++)
      out[t++] = (X.data[row + j * X.colStride] + X.data[col + j * X.rowStride]) * Math.SQRT1_2;
  }
  return out;
}

/** The symmetric n×n matrix of svec x. x: n(n+1)/2. */
export function smat(x: Float, n: number): Matrix<Float64Array> {
  const X = matrix(n, n);
  for (let i = 0, t = 0; i < n; i++) {
    X.data[i * n + i] = x[t++];
    for (let j = i + 1; j < n; j++) X.data[i * n + j] = X.data[j * n + i] = x[t++] * Math.SQRT1_2;
  }
  return X;
}
