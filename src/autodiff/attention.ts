// Attention of a batch of sequences, with fewer heads for keys and values than for queries where wanted (grouped-query), and rotary
// positions. Row b·T + t of a matrix is position t of sequence b; head h takes columns h·w … (h+1)·w − 1.
//
// One head of one sequence: S = Q Kᵀ/√w, where causal for s ≤ t alone; P = softmax of the rows of S; O = P V. With dP = dO Vᵀ:
// dV = Pᵀ dO, dS = P ∘ (dP − rows' sums of P ∘ dP), dQ = dS K/√w, dK = dSᵀ Q/√w.

import { usageError } from '../errors.js';
import { type Matrix, slice, transpose } from '../matrix.js';
import { sincosTurns } from '../random/index.js';
import { expOf } from './elementary.js';
import { adding, type Node, record, result, space, type Tape } from './tape.js';

export interface AttentionOptions {
  /** T: positions of a sequence; the rows are whole sequences. */
  readonly length: number;
  /** Heads of Q, and of K and V, which divide them. */
  readonly heads: number;
  readonly groups?: number;
  /** Default true: a position sees none that come after it. */
  readonly causal?: boolean;
}

/** O: N×(heads·w). Q: N×(heads·w), K and V: N×(groups·w); slices of columns are welcome. */
export function attention(tape: Tape, Q: Node, Keys: Node, V: Node, options: AttentionOptions): Node {
  const { length, heads, groups = heads, causal = true } = options;
  const { K } = tape;
  const width = Q.value.cols / heads;
  const batch = Q.value.rows / length;
  const fits = ({ value }: Node) => value.rows === Q.value.rows && value.cols === groups * width;
  if (![width, batch, heads / groups].every(Number.isInteger) || !fits(Keys) || !fits(V))
    throw usageError(
      `attention: Q, K, V should be N×(heads·w), N×(groups·w), N×(groups·w) with N a multiple of the length, got ` +
        [Q, Keys, V].map(({ value }) => `${value.rows}×${value.cols}`).join(', ') +
        ` with ${heads} heads, ${groups} groups, length ${length}`,
      'check the heads of the configuration',
    );
  const O = result(tape, Q.value.rows, heads * width, [Q, Keys, V]);
  const P = space(tape, batch * heads * length, length);
  const root = 1 / Math.sqrt(width);
  const each = (visit: (of: (X: Matrix, head: number) => Matrix, h: number, g: number, p: Matrix) => void) => {
    for (let b = 0; b < batch; b++)
      for (let h = 0; h < heads; h++) {
        const of = (X: Matrix, head: number) =>
          slice(X, b * length, (b + 1) * length, head * width, (head + 1) * width);
        const from = (b * heads + h) * length;
        visit(of, h, Math.floor((h * groups) / heads), slice(P, from, from + length));
      }
  };
  each((of, h, g, p) => {
    K.gemm(root, of(Q.value, h), transpose(of(Keys.value, g)), p);
    softmaxRows(p, causal, expOf(tape.precision));
    K.gemm(1, p, of(V.value, g), of(O.value, h));
  });
  record(tape, O, (dO) => {
    const dQ = Q.needs ? adding(tape, Q) : undefined;
    const dKeys = Keys.needs ? adding(tape, Keys) : undefined;
    const dV = V.needs ? adding(tape, V) : undefined;
    const dS = space(tape, length, length);
    each((of, h, g, p) => {
      if (dV) K.gemm(1, transpose(p), of(dO, h), of(dV, g), true);
      if (!dQ && !dKeys) return;
      K.gemm(1, of(dO, h), transpose(of(V.value, g)), dS);
      backThroughSoftmax(p, dS);
      if (dQ) K.gemm(root, dS, of(Keys.value, g), of(dQ, h), true);
      if (dKeys) K.gemm(root, transpose(dS), of(Q.value, h), of(dKeys, g), true);
    });
  });
  return O;
}

/** Each row of S becomes its softmax, over its first i+1 entries where causal. */
function softmaxRows({ data, offset, rows, cols }: Matrix, causal: boolean, exp: (x: number) => number): void {
  for (let i = 0; i < rows; i++) {
    const from = offset + i * cols;
    const end = from + (causal ? i + 1 : cols);
    let most = -Infinity;
    for (let t = from; t < end; t++) if (data[t] > most) most = data[t];
    let sum = 0;
    for (let t = from; t < end; t++) {
      const e = exp(data[t] - most);
      data[t] = e;
      sum += e;
    }
    for (let t = from; t < end; t++) data[t] /= sum;
    data.fill(0, end, from + cols);
  }
}

/** dP becomes dS. Both T×T, dense. */
function backThroughSoftmax({ data: p, offset, rows, cols }: Matrix, { data: d }: Matrix): void {
  for (let i = 0, t = 0; i < rows; i++, t += cols) {
    const from = offset + i * cols;
    let sum = 0;
    for (let j = 0; j < cols; j++) sum += p[from + j] * d[t + j];
    for (let j = 0; j < cols; j++) d[t + j] = p[from + j] * (d[t + j] - sum);
  }
}

/** cos and sin of position t and frequency i at t·w/2 + i. */
export interface Rotations {
  readonly cos: Float64Array;
  readonly sin: Float64Array;
  readonly width: number;
  readonly positions: number;
}

/** @param frequencies w/2 of them, in radians a position. */
export function rotations(positions: number, frequencies: ArrayLike<number>): Rotations {
  const half = frequencies.length;
  const cos = new Float64Array(positions * half);
  const sin = new Float64Array(positions * half);
  const both = new Float64Array(2);
  for (let t = 0; t < positions; t++)
    for (let i = 0; i < half; i++) {
      sincosTurns((t * frequencies[i]) / (2 * Math.PI), both);
      sin[t * half + i] = both[0];
      cos[t * half + i] = both[1];
    }
  return { cos, sin, width: 2 * half, positions };
}

/**
 * Rotary positions in place: entries i and i + w/2 of every head turn by the angle of position t and frequency i.
 * X: N×(heads·w), a result that no other operation reads back, or columns of one.
 */
export function rotate(tape: Tape, X: Node, table: Rotations, length: number): Node {
  if (X.value.cols % table.width !== 0 || length > table.positions)
    throw usageError(
      `rotate: X should have heads of ${table.width} columns and sequences of at most ${table.positions}, ` +
        `got ${X.value.cols} columns and ${length} positions`,
      'shorten the sequences',
    );
  turn(X.value, table, length, 1);
  record(tape, X, (dX) => turn(dX, table, length, -1));
  return X;
}

function turn({ data, offset, rowStride, rows, cols }: Matrix, table: Rotations, length: number, sign: number): void {
  const { cos, sin, width } = table;
  const half = width / 2;
  for (let i = 0; i < rows; i++) {
    const angles = (i % length) * half;
    const row = offset + i * rowStride;
    for (let head = row; head < row + cols; head += width)
      for (let j = 0; j < half; j++) {
        const [c, s] = [cos[angles + j], sign * sin[angles + j]];
        const [a, b] = [data[head + j], data[head + half + j]];
        data[head + j] = a * c - b * s;
        data[head + half + j] = b * c + a * s;
      }
  }
}
