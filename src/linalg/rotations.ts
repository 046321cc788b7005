// Plane rotations, and a recorder that hands them to the kernels in batches: the rows of U and V stay in the cache while
// many sweeps pass over them.

import type { Kernels, RotationBatch } from '../kernels/contract.js';
import type { Matrix } from '../matrix.js';

/** Rotations of a batch, for each side. */
const BATCH = 16384;

const SAFE_LOW = 1e-140;
const SAFE_HIGH = 1e140;

export interface Rotation {
  c: number;
  s: number;
  r: number;
}

/** G ← c, s, r with c·f + s·g = r, c·g − s·f = 0, c² + s² = 1. */
export function rotation(f: number, g: number, G: Rotation): void {
  if (g === 0) {
    G.c = 1;
    G.s = 0;
    G.r = f;
    return;
  }
  const size = Math.max(Math.abs(f), Math.abs(g));
  if (size > SAFE_LOW && size < SAFE_HIGH) {
    G.r = Math.sqrt(f * f + g * g);
    G.c = f / G.r;
    G.s = g / G.r;
  } else {
    const length = Math.sqrt((f / size) * (f / size) + (g / size) * (g / size));
    G.c = f / size / length;
    G.s = g / size / length;
    G.r = size * length;
  }
}

export interface Recorder {
  /** Starts a sweep of `length` rotations of the rows first, first+step, …; each is then added once. */
  sweep(first: number, length: number, step: number): void;
  /** The next rotation of the sweep, for each target: (c, s) for the first, (c2, s2) for the second. */
  add(c: number, s: number, c2?: number, s2?: number): void;
  /** Applies what is recorded to the targets. */
  flush(): void;
}

/** Records rotations of the rows of one or two targets in kernel memory; without targets it does nothing. */
export function recorder(K: Kernels, targets: readonly Matrix<Float64Array>[]): Recorder {
  if (targets.length === 0) return { sweep() {}, add() {}, flush() {} };
  const longest = Math.max(BATCH, ...targets.map((X) => X.rows));
  const sweeps = K.allocate('i32', 3 * longest);
  const first: RotationBatch = { sweeps, coefficients: K.allocate('f64', 2 * longest) };
  const second: RotationBatch = { sweeps, coefficients: K.allocate('f64', targets.length > 1 ? 2 * longest : 0) };
  let count = 0;
  let used = 0;
  const flush = () => {
    if (count > 0) K.rotateRows(targets[0], first, count);
    if (count > 0 && targets.length > 1) K.rotateRows(targets[1], second, count);
    count = 0;
    used = 0;
  };
  return {
    sweep(row, length, step) {
      if (used + 2 * length > 2 * longest) flush();
      sweeps[3 * count] = row;
      sweeps[3 * count + 1] = length;
      sweeps[3 * count + 2] = step;
      count++;
    },
    add(c, s, c2 = 1, s2 = 0) {
      first.coefficients[used] = c;
      first.coefficients[used + 1] = s;
      if (targets.length > 1) {
        second.coefficients[used] = c2;
        second.coefficients[used + 1] = s2;
      }
      used += 2;
    },
    flush,
  };
}
