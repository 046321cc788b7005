// Losses: 1×1, in f64 whatever the precision.

import { usageError } from '../errors.js';
import { type Matrix, matrix } from '../matrix.js';
import { log } from '../random/index.js';
import { expOf } from './elementary.js';
import { adding, dense, type Node, numbers, record, sameShape, space, type Tape } from './tape.js';

const scalar = (value: number, X: Node): Node => ({
  value: matrix(1, 1, Float64Array.of(value)),
  needs: X.needs,
  gradient: matrix(1, 1, new Float64Array(1)),
  written: false,
});

const size = (dL: Matrix): number => dL.data[0];

/**
 * The mean over rows of −ln softmax(row)_target. Logits: N×v.
 * @param targets N entries from 0 to v−1, or −1 for a row that does not count.
 */
export function crossEntropy(tape: Tape, logits: Node, targets: Int32Array): Node {
  const { rows, cols } = logits.value;
  if (targets.length !== rows)
    throw usageError(`crossEntropy: targets should be ${rows}, got ${targets.length}`, 'one target a row, or −1');
  const z = dense('crossEntropy', logits);
  const P = space(tape, rows, cols).data;
  const exp = expOf(tape.precision);
  let total = 0;
  let count = 0;
  for (let i = 0, t = 0; i < rows; i++, t += cols) {
    const target = targets[i];
    if (target < 0) continue;
    if (target >= cols)
      throw usageError(
        `crossEntropy: targets should be below ${cols}, got ${target}`,
        'check the vocabulary of the text',
      );
    let most = -Infinity;
    for (let j = 0; j < cols; j++) if (z[t + j] > most) most = z[t + j];
    let sum = 0;
    for (let j = 0; j < cols; j++) {
      const e = exp(z[t + j] - most);
      P[t + j] = e;
      sum += e;
    }
    for (let j = 0; j < cols; j++) P[t + j] /= sum;
    total += log(sum) + most - z[t + target];
    count++;
  }
  const L = scalar(count ? total / count : 0, logits);
  record(tape, L, (dL) => {
    const dz = numbers(adding(tape, logits));
    const factor = count ? size(dL) / count : 0;
    for (let i = 0, t = 0; i < rows; i++, t += cols) {
      if (targets[i] < 0) continue;
      for (let j = 0; j < cols; j++) dz[t + j] += factor * P[t + j];
      dz[t + targets[i]] -= factor;
    }
  });
  return L;
}

/** The mean of the squares of X − Y, both m×n. */
export function meanSquare(tape: Tape, X: Node, Y: Node): Node {
  sameShape('meanSquare', X, Y);
  const [x, y] = [dense('meanSquare', X), dense('meanSquare', Y)];
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const d = x[i] - y[i];
    sum += d * d;
  }
  const L = scalar(sum / x.length, { ...X, needs: X.needs || Y.needs });
  record(tape, L, (dL) => {
    const factor = (2 * size(dL)) / x.length;
    for (const [operand, sign] of [
      [X, factor],
      [Y, -factor],
    ] as const) {
      if (!operand.needs) continue;
      const d = numbers(adding(tape, operand));
      for (let i = 0; i < x.length; i++) d[i] += sign * (x[i] - y[i]);
    }
  });
  return L;
}
