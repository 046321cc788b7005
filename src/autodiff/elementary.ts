// e^x for arrays: in f64 that of random/elementary; where results are rounded to f32 one from a table, with the same bits in
// every engine, relative error below 1e-10.

import type { Precision } from '../kernels/contract.js';
import { exp, pow } from '../random/index.js';

const PARTS = 64;
const LEAST = -128;

/** TABLE[PARTS·(e − LEAST) + j] = 2^(e + j/PARTS), e < 128. */
const TABLE = new Float64Array(256 * PARTS);
for (let j = 0; j < PARTS; j++) {
  const root = pow(2, j / PARTS);
  for (let e = LEAST; e < 128; e++) TABLE[PARTS * (e - LEAST) + j] = root * (e < 0 ? 1 / 2 ** -e : 2 ** e);
}
const SCALE = PARTS * Math.LOG2E;
const STEP = Math.LN2 / PARTS;

/** e^x to f32; 0 below −87, and e^88 above 88. */
export function expSingle(x: number): number {
  if (x < -87) return 0;
  if (!(x <= 88)) return x > 88 ? expSingle(88) : x;
  // x = k·ln(2)/64 + r, |r| ≤ ln(2)/128.
  const k = Math.floor(x * SCALE + 0.5);
  const r = x - k * STEP;
  return TABLE[k - PARTS * LEAST] * (1 + r * (1 + r * (1 / 2 + r * (1 / 6))));
}

/** The e^x of a precision. */
export const expOf = (precision: Precision): ((x: number) => number) => (precision === 'f64' ? exp : expSingle);
