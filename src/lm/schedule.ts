// The learning rate of a step: a linear warm-up, then constant, or falling to zero along a line or half a cosine.

import { sincosTurns } from '../random/index.js';

/** How a learning rate falls. */
export type ScheduleKind = 'constant' | 'linear' | 'cosine';

/** The share of the learning rate at step t = 1 … steps. */
export function schedule(kind: ScheduleKind, t: number, steps: number, warmup: number): number {
  if (t <= warmup) return t / warmup;
  const done = (t - warmup - 1) / Math.max(1, steps - warmup);
  if (kind === 'constant') return 1;
  if (kind === 'linear') return 1 - done;
  const both = new Float64Array(2);
  sincosTurns(done / 2, both);
  return (1 + both[1]) / 2;
}
