// The singular values of an upper bidiagonal B by implicit QR: Demmel and Kahan's zero-shift sweeps where a shift would
// spoil small singular values, Wilkinson-like shifts elsewhere, the bulge chased from the larger end to the smaller one
// (SIAM J. Sci. Stat. Comput. 11, 1990; LAPACK's dbdsqr). Rotations are recorded, and applied to Uᵀ and Vᵀ in batches.
// Each singular value of B has a small relative error. Cost: about 2 sweeps for each value.

import { LorankError } from '../errors.js';
import { type Recorder, type Rotation, rotation } from './rotations.js';

const EPSILON = Number.EPSILON / 2; // unit round-off
const TOLERANCE = 16 * EPSILON;
const SMALLEST = 2.2250738585072014e-308;
const SWEEPS = 12; // per singular value, before giving up; 2 are usual

/**
 * Overwrites d: n by singular values of any sign, in no order, and e: n by zeros. B has diagonal d, superdiagonal
 * e[0 … n−2], entries near 1. The recorder's first target gets the rotations of Uᵀ, the second those of Vᵀ.
 */
export function diagonalise(d: Float64Array, e: Float64Array, record: Recorder): void {
  const n = d.length;
  const negligible = Math.max(TOLERANCE * smallestEstimate(d, e), SWEEPS * n * n * SMALLEST);
  let steps = SWEEPS * n * n;
  let bottom = n - 1;
  const block = { top: -1, bottom: -1, step: 1 };
  while (bottom > 0) {
    let top = bottom;
    let largest = Math.abs(d[bottom]);
    while (top > 0) {
      if (Math.abs(e[top - 1]) <= negligible) {
        e[top - 1] = 0;
        break;
      }
      top--;
      largest = Math.max(largest, Math.abs(d[top]), Math.abs(e[top]));
    }
    if (top === bottom) {
      bottom--;
      continue;
    }
    // A block keeps its direction, from its larger end to its smaller one.
    if (top > block.bottom || bottom < block.top) block.step = Math.abs(d[top]) >= Math.abs(d[bottom]) ? 1 : -1;
    block.top = top;
    block.bottom = bottom;

    // The block seen from its head: d[head], d[head+step], … with e between them; the tail is where it splits off.
    const { step } = block;
    const down = step > 0;
    const head = down ? top : bottom;
    const between = down ? top : bottom - 1;
    const last = bottom - top;
    const smallest = splitOff(d, e, head, between, last, step);
    if (smallest < 0) continue;

    steps -= last;
    if (steps < 0) throw new LorankError('internal', 'svd: the QR iteration should have converged, and did not');
    const dl = d[head + last * step];
    let shift = 0;
    if (n * TOLERANCE * (smallest / largest) > Math.max(EPSILON, 0.01 * TOLERANCE)) {
      shift = smallerSingularValue(d[head + (last - 1) * step], e[between + (last - 1) * step], dl);
      const ratio = shift / Math.abs(d[head]);
      if (ratio * ratio < EPSILON) shift = 0;
    }
    record.sweep(head, last, step);
    if (shift === 0) zeroShiftSweep(d, e, head, between, last, step, record);
    else shiftedSweep(d, e, head, between, last, step, shift, record);
    const tail = between + (last - 1) * step;
    if (Math.abs(e[tail]) <= negligible) e[tail] = 0;
  }
  record.flush();
}

/** A lower bound, within √n, for the smallest singular value of B. */
function smallestEstimate(d: Float64Array, e: Float64Array): number {
  let mu = Math.abs(d[0]);
  let least = mu;
  for (let i = 1; i < d.length && least > 0; i++) {
    mu = Math.abs(d[i]) * (mu / (mu + Math.abs(e[i - 1])));
    least = Math.min(least, mu);
  }
  return least / Math.sqrt(d.length);
}

/** Zeroes an e that is negligible beside its neighbours and returns −1, or returns an estimate of the least singular value. */
function splitOff(d: Float64Array, e: Float64Array, head: number, between: number, last: number, step: number): number {
  const tail = between + (last - 1) * step;
  if (Math.abs(e[tail]) <= TOLERANCE * Math.abs(d[head + last * step])) {
    e[tail] = 0;
    return -1;
  }
  let mu = Math.abs(d[head]);
  let least = mu;
  for (let i = 0; i < last; i++) {
    const size = Math.abs(e[between + i * step]);
    if (size <= TOLERANCE * mu) {
      e[between + i * step] = 0;
      return -1;
    }
    mu = Math.abs(d[head + (i + 1) * step]) * (mu / (mu + size));
    least = Math.min(least, mu);
  }
  return least;
}

const A: Rotation = { c: 1, s: 0, r: 0 };
const B: Rotation = { c: 1, s: 0, r: 0 };

/** Going up, B is seen as the transpose of itself, so the two sides change places. */
function note(record: Recorder, step: number): void {
  if (step > 0) record.add(B.c, B.s, A.c, A.s);
  else record.add(A.c, A.s, B.c, B.s);
}

function zeroShiftSweep(
  d: Float64Array,
  e: Float64Array,
  head: number,
  between: number,
  last: number,
  step: number,
  record: Recorder,
): void {
  let c = 1;
  let oldC = 1;
  let oldS = 0;
  for (let i = 0; i < last; i++) {
    const at = head + i * step;
    rotation(d[at] * c, e[between + i * step], A);
    if (i > 0) e[between + (i - 1) * step] = oldS * A.r;
    rotation(oldC * A.r, d[at + step] * A.s, B);
    d[at] = B.r;
    note(record, step);
    c = A.c;
    oldC = B.c;
    oldS = B.s;
  }
  const h = d[head + last * step] * c;
  d[head + last * step] = h * oldC;
  e[between + (last - 1) * step] = h * oldS;
}

function shiftedSweep(
  d: Float64Array,
  e: Float64Array,
  head: number,
  between: number,
  last: number,
  step: number,
  shift: number,
  record: Recorder,
): void {
  const first = d[head];
  let f = (Math.abs(first) - shift) * ((first < 0 ? -1 : 1) + shift / first);
  let g = e[between];
  for (let i = 0; i < last; i++) {
    const at = head + i * step;
    const b = between + i * step;
    rotation(f, g, A);
    if (i > 0) e[b - step] = A.r;
    f = A.c * d[at] + A.s * e[b];
    e[b] = A.c * e[b] - A.s * d[at];
    g = A.s * d[at + step];
    d[at + step] *= A.c;
    rotation(f, g, B);
    d[at] = B.r;
    f = B.c * e[b] + B.s * d[at + step];
    d[at + step] = B.c * d[at + step] - B.s * e[b];
    if (i + 1 < last) {
      g = B.s * e[b + step];
      e[b + step] *= B.c;
    }
    note(record, step);
  }
  e[between + (last - 1) * step] = f;
}

/** The smaller singular value of [f g; 0 h]. */
function smallerSingularValue(f: number, g: number, h: number): number {
  const low = Math.min(Math.abs(f), Math.abs(h));
  const high = Math.max(Math.abs(f), Math.abs(h));
  const off = Math.abs(g);
  if (low === 0) return 0;
  const a = 1 + low / high;
  const t = (high - low) / high;
  if (off < high) {
    const u = (off / high) * (off / high);
    return low * (2 / (Math.sqrt(a * a + u) + Math.sqrt(t * t + u)));
  }
  const u = high / off;
  if (u === 0) return (low * high) / off;
  const au = a * u;
  const tu = t * u;
  return 2 * (low * (1 / (Math.sqrt(1 + au * au) + Math.sqrt(1 + tu * tu)))) * u;
}
