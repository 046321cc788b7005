// Reverse-mode differentiation. An operation computes its value at once and leaves on the tape how the gradient of its result
// passes to its operands; backward() walks the tape from its end. A value is a matrix, and a sequence of matrices (a batch, the
// heads of attention) is rows of one matrix. What nothing trainable leads to needs no gradient: nothing is recorded for it and no work is
// done for it.
//
// A gradient is the sum over the uses of a value. The first use writes it (`into` says so), the others add.
// Sums over many terms are taken in f64 and rounded once where the precision is f32; products are the kernel's (K3).
// All of it has the same bits with any number of threads.

import { usageError } from '../errors.js';
import type { Kernels, Precision } from '../kernels/contract.js';
import { type Float, type Matrix, matrix, slice } from '../matrix.js';
import type { Arena } from './arena.js';

/** A value on the tape, and its gradient once backward() has come to it. */
export interface Node {
  readonly value: Matrix;
  /** Whether a parameter leads to it. */
  needs: boolean;
  gradient?: Matrix;
  /** Whether the gradient holds a sum already. */
  written: boolean;
  /** Of a slice: what it is cut from, and the first column. */
  readonly from?: { readonly node: Node; readonly column: number };
}

/** What a step has recorded. */
export interface Tape {
  readonly K: Kernels;
  readonly arena: Arena;
  readonly precision: Precision;
  /** How gradients pass, in the order of the operations. */
  readonly backs: (() => void)[];
}

/** An empty tape. Everything on it lies in the arena: release its mark when the gradients have been used. */
export const openTape = (K: Kernels, arena: Arena, precision: Precision): Tape => ({ K, arena, precision, backs: [] });

/** A value that does not train: data, or a frozen weight. */
export const constant = (value: Matrix): Node => ({ value, needs: false, written: false });

/** A value that trains. gradient: as value, dense, where its gradient goes; it is overwritten. */
export const parameter = (value: Matrix, gradient?: Matrix): Node => ({
  value,
  needs: true,
  gradient,
  written: false,
});

/** A matrix of the tape's precision, with anything in it. */
export const space = (tape: Tape, rows: number, cols: number): Matrix =>
  matrix<Float>(rows, cols, tape.arena.take(tape.precision, rows * cols));

/** The result of an operation on operands, with room for its value. */
export const result = (tape: Tape, rows: number, cols: number, operands: readonly Node[]): Node => ({
  value: space(tape, rows, cols),
  needs: operands.some(({ needs }) => needs),
  written: false,
});

/** Records back, to be called with the gradient of Y when it is complete. Nothing is recorded for what needs no gradient. */
export function record(tape: Tape, Y: Node, back: (dY: Matrix) => void): void {
  if (!Y.needs) return;
  tape.backs.push(() => {
    const dY = whole(tape, Y);
    if (dY) back(dY);
  });
}

/** The complete gradient of Y; undefined where nothing used Y. */
function whole(tape: Tape, Y: Node): Matrix | undefined {
  if (Y.from) return whole(tape, Y.from.node) && into(tape, Y).gradient;
  return Y.written ? Y.gradient : undefined;
}

/** Where a use of X adds its part: with `add` to what is there, else over anything that is there. */
export function into(tape: Tape, X: Node): { gradient: Matrix; add: boolean } {
  const { rows, cols } = X.value;
  if (X.from) {
    const { node, column } = X.from;
    const { data } = adding(tape, node);
    const { offset, rowStride } = node.gradient!;
    return { gradient: { rows, cols, data, offset: offset + column, rowStride, colStride: 1 }, add: true };
  }
  X.gradient ??= space(tape, rows, cols);
  const add = X.written;
  X.written = true;
  return { gradient: X.gradient, add };
}

/** The gradient of X as something to add to: zeros at its first use. */
export function adding(tape: Tape, X: Node): Matrix {
  const { gradient, add } = into(tape, X);
  if (!add) gradient.data.fill(0, gradient.offset, gradient.offset + gradient.rows * gradient.cols);
  return gradient;
}

/** Columns from … to−1 of X, the same numbers. */
export function columns(X: Node, from: number, to: number): Node {
  if (X.from) throw usageError('columns: a slice of columns should not be cut again', 'cut the whole matrix');
  return {
    value: slice(X.value, 0, X.value.rows, from, to),
    needs: X.needs,
    written: false,
    from: { node: X, column: from },
  };
}

/**
 * Passes the gradient of the loss to everything that needs one.
 * @param loss 1×1.
 */
export function backward(tape: Tape, loss: Node): void {
  if (loss.value.rows !== 1 || loss.value.cols !== 1)
    throw usageError(
      `backward: the loss should be 1×1, got ${loss.value.rows}×${loss.value.cols}`,
      'take meanSquare or crossEntropy of it',
    );
  if (!loss.needs) return;
  into(tape, loss).gradient.data[loss.gradient!.offset] = 1;
  for (let i = tape.backs.length - 1; i >= 0; i--) tape.backs[i]();
}

/** @throws usage error unless X lies row by row without gaps. */
export function dense(caller: string, X: Node): Float {
  const { data, offset, rowStride, colStride, rows, cols } = X.value;
  if (colStride !== 1 || (rowStride !== cols && rows > 1) || X.from)
    throw usageError(
      `${caller}: operands should lie row by row, got a slice or a transpose`,
      'use it in a product first',
    );
  return offset === 0 && data.length === rows * cols ? data : (data.subarray(offset, offset + rows * cols) as Float);
}

/** The numbers of a dense gradient. */
export const numbers = ({ data, offset, rows, cols }: Matrix): Float =>
  offset === 0 && data.length === rows * cols ? data : (data.subarray(offset, offset + rows * cols) as Float);

/** @throws usage error unless both have one shape. */
export function sameShape(caller: string, { value: X }: Node, { value: Y }: Node): void {
  if (X.rows !== Y.rows || X.cols !== Y.cols)
    throw usageError(
      `${caller}: operands should have one shape, got ${X.rows}×${X.cols} and ${Y.rows}×${Y.cols}`,
      'check the shapes',
    );
}
