// K1, dense measurements. A row sum is four sums over the columns j ≡ 0, 1, 2, 3 (mod 4), added as (s₀+s₂)+(s₁+s₃): the
// lanes of the SIMD twin. In f32 arithmetic there are eight, j mod 8; after every FLUSH_COLS columns s_l + s_{l+4} goes to
// the sum l in f64, and gradients go to f64 after every FLUSH_ROWS rows.

import type { Float } from '../../matrix.js';
import type { Kernels, Precision, Rows } from '../contract.js';
import { BLOCK, FLUSH_COLS, FLUSH_ROWS, foldLevels, rowParts } from '../parts.js';

interface ReferenceRows extends Rows {
  readonly data: Float; // m×p, row-major
}
const dataOf = (A: Rows): Float => (A as ReferenceRows).data;

const exact = (v: number): number => v;
const rounding = (arithmetic: Precision) => (arithmetic === 'f32' ? Math.fround : exact);

function apply(A: Rows, x: Float64Array, out: Float64Array, arithmetic: Precision): void {
  const a = dataOf(A);
  const p = A.cols;
  const round = rounding(arithmetic);
  const [chunk, width] = arithmetic === 'f32' ? [FLUSH_COLS, 8] : [p, 4];
  const lanes = new Float64Array(8);
  const sums = new Float64Array(4);
  for (let i = 0; i < A.rows; i++) {
    sums.fill(0);
    for (let start = 0; start < p; start += chunk) {
      const end = Math.min(p, start + chunk);
      lanes.fill(0);
      for (let j = start; j < end; j++) {
        const l = j % width;
        lanes[l] = round(lanes[l] + round(a[i * p + j] * round(x[j])));
      }
      for (let l = 0; l < 4; l++) sums[l] += round(lanes[l] + lanes[l + 4]);
    }
    out[i] = sums[0] + sums[2] + (sums[1] + sums[3]);
  }
}

/** g = scale·Aᵀr: four rows at a time, one partial gradient for each part, then the tree. */
function adjoint(A: Rows, scale: number, r: Float64Array, g: Float64Array, arithmetic: Precision): void {
  const a = dataOf(A);
  const { rows: m, cols: p } = A;
  const round = rounding(arithmetic);
  const flushRows = arithmetic === 'f32' ? FLUSH_ROWS : Number.POSITIVE_INFINITY;
  const starts = rowParts(m, p, A.storage);
  const term = (i: number, j: number) => (i < m ? round(a[i * p + j] * round(r[i])) : 0);
  const partials = starts.slice(1).map((end, k) => {
    const total = new Float64Array(p);
    const running = new Float64Array(p);
    for (let i = starts[k]; i < end; i += BLOCK) {
      for (let j = 0; j < p; j++) {
        const pair = round(round(term(i, j) + term(i + 1, j)) + round(term(i + 2, j) + term(i + 3, j)));
        running[j] = round(running[j] + pair);
      }
      if (i + BLOCK === end || (i + BLOCK - starts[k]) % flushRows === 0) {
        for (let j = 0; j < p; j++) total[j] += running[j];
        running.fill(0);
      }
    }
    return total;
  });
  for (const [into, from] of foldLevels(partials.length).flat())
    for (let j = 0; j < p; j++) partials[into][j] += partials[from][j];
  for (let j = 0; j < p; j++) g[j] = scale * partials[0][j];
}

function gradient(
  A: Rows,
  scale: number,
  x: Float64Array,
  y: Float64Array,
  r: Float64Array,
  g: Float64Array,
  arithmetic: Precision,
): void {
  const product = new Float64Array(A.rows);
  apply(A, x, product, arithmetic);
  for (let i = 0; i < A.rows; i++) r[i] = scale * product[i] - y[i];
  adjoint(A, scale, r, g, arithmetic);
}

export const rows: Pick<
  Kernels,
  'createRows' | 'writeRows' | 'readRow' | 'rowsApply' | 'rowsAdjoint' | 'rowsGradient' | 'rowsGradientBatch'
> = {
  createRows(m, p, storage): ReferenceRows {
    const data = storage === 'f64' ? new Float64Array(m * p) : new Float32Array(m * p);
    return { rows: m, cols: p, storage, bytes: data.byteLength, data };
  },
  writeRows: (A, i, values) => dataOf(A).set(values, i * A.cols),
  readRow: (A, i, out) => out.set(dataOf(A).subarray(i * A.cols, (i + 1) * A.cols)),
  rowsApply: apply,
  rowsAdjoint: (A, r, out, arithmetic) => adjoint(A, 1, r, out, arithmetic),
  rowsGradient: gradient,
  rowsGradientBatch(A, c, scale, X, Y, R, G, arithmetic) {
    const { rows: m, cols: p } = A;
    for (let k = 0; k < c; k++) {
      const of = (Z: Float64Array, n: number) => Z.subarray(k * n, (k + 1) * n);
      gradient(A, scale, of(X, p), of(Y, m), of(R, m), of(G, p), arithmetic);
    }
  },
};
