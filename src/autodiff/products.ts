// Products, sums and look-ups. X, Y: matrices; d_ stands for the gradient of the loss.

import { usageError } from '../errors.js';
import { type Matrix, transpose } from '../matrix.js';
import { adding, dense, into, type Node, numbers, record, result, sameShape, type Tape } from './tape.js';

export interface MatmulOptions {
  /** Default false. */
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Default 1. */
  readonly alpha?: number;
  /** Y to add to, in place: a result that no other operation reads back (of matmul, add). */
  readonly onto?: Node;
}

/** Y = α·A B, or Y + α·A B; A: m×q, B: q×n after their transpositions. dA = α·dY Bᵀ, dB = α·Aᵀ dY. Any strides. */
export function matmul(tape: Tape, A: Node, B: Node, options: MatmulOptions = {}): Node {
  const { transposeA = false, transposeB = false, alpha = 1, onto } = options;
  const { K } = tape;
  const L = turned(A.value, transposeA);
  const R = turned(B.value, transposeB);
  const [m, n] = [L.rows, R.cols];
  if (L.cols !== R.rows || (onto && (onto.value.rows !== m || onto.value.cols !== n)))
    throw usageError(
      `matmul: shapes should be m×q, q×n${onto ? ' → m×n' : ''}, got ${L.rows}×${L.cols}, ${R.rows}×${R.cols}` +
        (onto ? ` → ${onto.value.rows}×${onto.value.cols}` : ''),
      'transpose one of them',
    );
  const Y = onto ?? result(tape, m, n, [A, B]);
  Y.needs ||= A.needs || B.needs;
  K.gemm(alpha, L, R, Y.value, onto !== undefined);
  if (!A.needs && !B.needs) return Y;
  record(tape, Y, (dY) => {
    if (A.needs) {
      const { gradient, add } = into(tape, A);
      K.gemm(alpha, dY, transpose(R), turned(gradient, transposeA), add);
    }
    if (B.needs) {
      const { gradient, add } = into(tape, B);
      K.gemm(alpha, transpose(L), dY, turned(gradient, transposeB), add);
    }
  });
  return Y;
}

const turned = (X: Matrix, turn: boolean): Matrix => (turn ? transpose(X) : X);

/** X + Y, both m×n. */
export function add(tape: Tape, X: Node, Y: Node): Node {
  sameShape('add', X, Y);
  const [x, y] = [dense('add', X), dense('add', Y)];
  const Z = result(tape, X.value.rows, X.value.cols, [X, Y]);
  const z = Z.value.data;
  for (let i = 0; i < z.length; i++) z[i] = x[i] + y[i];
  record(tape, Z, (dZ) => {
    for (const operand of [X, Y]) if (operand.needs) addTo(tape, operand, dZ, 1);
  });
  return Z;
}

/** factor·X. */
export function scale(tape: Tape, factor: number, X: Node): Node {
  const x = dense('scale', X);
  const Y = result(tape, X.value.rows, X.value.cols, [X]);
  const y = Y.value.data;
  for (let i = 0; i < y.length; i++) y[i] = factor * x[i];
  record(tape, Y, (dY) => addTo(tape, X, dY, factor));
  return Y;
}

/** dX += factor·dY. */
function addTo(tape: Tape, X: Node, dY: Matrix, factor: number): void {
  const { gradient, add } = into(tape, X);
  const [dx, dy] = [numbers(gradient), numbers(dY)];
  if (add) for (let i = 0; i < dy.length; i++) dx[i] += factor * dy[i];
  else if (factor === 1) dx.set(dy);
  else for (let i = 0; i < dy.length; i++) dx[i] = factor * dy[i];
}

/** X ∘ Y, both m×n. */
export function multiply(tape: Tape, X: Node, Y: Node): Node {
  sameShape('multiply', X, Y);
  const [x, y] = [dense('multiply', X), dense('multiply', Y)];
  const Z = result(tape, X.value.rows, X.value.cols, [X, Y]);
  const z = Z.value.data;
  for (let i = 0; i < z.length; i++) z[i] = x[i] * y[i];
  record(tape, Z, (dZ) => {
    const dz = numbers(dZ);
    if (X.needs) {
      const dx = numbers(adding(tape, X));
      for (let i = 0; i < dz.length; i++) dx[i] += dz[i] * y[i];
    }
    if (Y.needs) {
      const dy = numbers(adding(tape, Y));
      for (let i = 0; i < dz.length; i++) dy[i] += dz[i] * x[i];
    }
  });
  return Z;
}

/** X + 1·rowᵀ in place. X: m×n, a result that no other operation reads back; row: 1×n. */
export function addRow(tape: Tape, X: Node, row: Node): Node {
  const { rows, cols } = X.value;
  if (row.value.rows !== 1 || row.value.cols !== cols)
    throw usageError(
      `addRow: the row should be 1×${cols}, got ${row.value.rows}×${row.value.cols}`,
      'check the shapes',
    );
  const x = dense('addRow', X);
  const b = dense('addRow', row);
  for (let i = 0, t = 0; i < rows; i++) for (let j = 0; j < cols; j++) x[t++] += b[j];
  X.needs ||= row.needs;
  if (row.needs)
    record(tape, X, (dX) => {
      const dx = numbers(dX);
      const sums = new Float64Array(cols);
      for (let i = 0, t = 0; i < rows; i++) for (let j = 0; j < cols; j++) sums[j] += dx[t++];
      const db = numbers(adding(tape, row));
      for (let j = 0; j < cols; j++) db[j] += sums[j];
    });
  return X;
}

/** Rows ids of a table. table: v×n → ids.length×n; the gradient of a row is the sum over its uses, in their order. */
export function gather(tape: Tape, table: Node, ids: Int32Array): Node {
  const { rows, cols } = table.value;
  const from = dense('gather', table);
  for (const id of ids)
    if (!(id >= 0 && id < rows))
      throw usageError(`gather: ids should be from 0 to ${rows - 1}, got ${id}`, 'check the vocabulary of the text');
  const Y = result(tape, ids.length, cols, [table]);
  const y = Y.value.data;
  for (let i = 0; i < ids.length; i++) y.set(from.subarray(ids[i] * cols, (ids[i] + 1) * cols), i * cols);
  record(tape, Y, (dY) => {
    const dy = numbers(dY);
    const to = numbers(adding(tape, table));
    for (let i = 0, t = 0; i < ids.length; i++) for (let j = 0, s = ids[i] * cols; j < cols; j++) to[s++] += dy[t++];
  });
  return Y;
}
