// The one-parameter family f_δ(x) = (x₁² − 1)² + 2c(x₁² − 1)x₂² + x₂⁴ + 2(1 + δ)x₁²x₂², c = δ: sensing of zzᵀ, z = (1, 0), under a
// restricted isometry of constant δ (traps.ts of the library has its operator). Gradient descent from many starts, written out
// in plain loops. With c = −δ the isometry is as good, and there is no trap.

import { normals, type Stream, split } from 'lorank';
import type { Row } from '../paper.js';

export const STEP = 0.02; // η
/** Where a start counts as failed: f above this. */
export const FAILED = 1e-3;
const REACHED = 1e-9;

export interface Member {
  readonly delta: number;
  /** c/δ: 1, or −1 for the control. */
  readonly sign: 1 | -1;
}

export function valueAt({ delta, sign }: Member, x1: number, x2: number): number {
  const a = x1 * x1 - 1;
  const b = x2 * x2;
  return a * a + 2 * sign * delta * a * b + b * b + 2 * (1 + delta) * x1 * x1 * b;
}

/** Descends from one start; calls back with f at each of the times, ascending. */
function follow({ delta, sign }: Member, x1: number, x2: number, times: readonly number[], see: (f: number) => void) {
  const c = sign * delta;
  let t = 0;
  let f = valueAt({ delta, sign }, x1, x2);
  for (const time of times) {
    while (t < time && f > REACHED) {
      for (const stop = Math.min(time, t + 16); t < stop; t++) {
        const square = x1 * x1;
        const a = square - 1;
        const b = x2 * x2;
        const g1 = x1 * (a + (c + 1 + delta) * b);
        const g2 = x2 * (c * a + b + (1 + delta) * square);
        x1 -= 4 * STEP * g1;
        x2 -= 4 * STEP * g2;
      }
      f = valueAt({ delta, sign }, x1, x2);
    }
    see(f);
  }
}

/** Shares of starts N(0, I) that have failed after so many steps, and that have left the finite numbers. */
export function* failures(
  random: Stream,
  member: Member,
  starts: number,
  times: readonly number[],
): Generator<undefined, Row[]> {
  const x = normals(split(random, 'starts'), 2 * starts);
  const failed = new Float64Array(times.length);
  const lost = new Float64Array(times.length);
  for (let i = 0; i < starts; i++) {
    let j = 0;
    follow(member, x[2 * i], x[2 * i + 1], times, (f) => {
      if (!Number.isFinite(f)) lost[j]++;
      else if (f > FAILED) failed[j]++;
      j++;
    });
    if (i % 500 === 499) yield;
  }
  return times.map((steps, j) => ({
    ...member,
    steps,
    failed: failed[j] / starts,
    notFinite: lost[j] / starts,
  }));
}

/** Of starts N(0, I): those with f(x₀) below the level, and how many of them fail. */
export function* belowLevel(
  random: Stream,
  member: Member,
  { draws, level, steps }: { readonly draws: number; readonly level: number; readonly steps: number },
): Generator<undefined, Row[]> {
  const x = normals(split(random, 'starts'), 2 * draws);
  let starts = 0;
  let succeeded = 0;
  for (let i = 0; i < draws; i++) {
    if (!(valueAt(member, x[2 * i], x[2 * i + 1]) < level)) continue;
    starts++;
    follow(member, x[2 * i], x[2 * i + 1], [steps], (f) => {
      if (f <= FAILED) succeeded++;
    });
    if (starts % 500 === 499) yield;
  }
  return [{ ...member, level, starts, succeeded }];
}
