// Stopping rules. A rule is a pure reducer over the iterates: it carries its memory as plain numbers, so that a checkpoint
// holds it and a resumed run stops where the uninterrupted one would. Rules combine with anyOf.

import type { Iterate } from './descend.js';

/** How a run ended. Only 'converged' means that the method's own criterion was met. */
export type Outcome = 'converged' | 'iteration-limit' | 'diverged' | 'stalled' | 'aborted';

/** A rule that says after which iterate a run ends, and how. */
export interface Stop {
  /** The memory before the first iterate. */
  readonly start: readonly number[];
  see(it: Iterate, memory: readonly number[]): { memory: readonly number[]; outcome?: Outcome };
}

const memoryless = (decide: (it: Iterate) => Outcome | undefined): Stop => ({
  start: [],
  see: (it, memory) => ({ memory, outcome: decide(it) }),
});

/** Ends at iterate k = max. */
export const iterationLimit = (max: number): Stop => memoryless((it) => (it.k >= max ? 'iteration-limit' : undefined));

/** Converged when the loss is at most the tolerance. */
export const lossBelow = (tolerance: number): Stop =>
  memoryless((it) => (it.loss <= tolerance ? 'converged' : undefined));

/** Converged when ‖∇F(θ)‖ is at most the tolerance. */
export const gradientBelow = (tolerance: number): Stop =>
  memoryless((it) => {
    let sum = 0;
    for (const g of it.grad) sum += g * g;
    return sum <= tolerance * tolerance ? 'converged' : undefined;
  });

/** Diverged when the loss is not finite, or exceeds factor times the first loss seen. */
export const divergence = (factor = 1e6): Stop => ({
  start: [Number.NaN],
  see(it, memory) {
    const first = Number.isNaN(memory[0]) ? it.loss : memory[0];
    return {
      memory: [first],
      outcome: Number.isFinite(it.loss) && !(it.loss > factor * first) ? undefined : 'diverged',
    };
  },
});

/** Stalled when the lowest loss has not fallen by the given share within so many iterates. */
export const stall = (window: number, share: number): Stop => ({
  start: [Number.POSITIVE_INFINITY, 0],
  see(it, memory) {
    if (it.loss < (1 - share) * memory[0]) return { memory: [it.loss, it.k] };
    return { memory, outcome: it.k - memory[1] >= window ? 'stalled' : undefined };
  },
});

/**
 * Converged at a stationary point: the loss no longer falls by the given share within so many iterates, and has shed the
 * given part of its first value (so that the plateau around a small start, which is a saddle, does not count).
 */
export const stationary = (window: number, share: number, shed: number): Stop => ({
  start: [Number.NaN, Number.POSITIVE_INFINITY, 0],
  see(it, [first, lowest, since]) {
    if (Number.isNaN(first)) return { memory: [it.loss, it.loss, it.k] };
    if (it.loss < (1 - share) * lowest) return { memory: [first, it.loss, it.k] };
    const settled = lowest <= (1 - shed) * first && it.k - since >= window;
    return { memory: [first, lowest, since], outcome: settled ? 'converged' : undefined };
  },
});

/** Converged when the loss has stayed within the given share of one value for so many iterates; rising and swinging do not count. */
export const settled = (window: number, share: number): Stop => ({
  start: [Number.NaN, 0],
  see(it, memory) {
    const [value, since] = memory;
    if (!(Math.abs(it.loss - value) <= share * value)) return { memory: [it.loss, it.k] };
    return { memory, outcome: it.k - since >= window ? 'converged' : undefined };
  },
});

/** The first rule that fires decides. */
export const anyOf = (...rules: Stop[]): Stop => ({
  start: rules.flatMap((rule) => rule.start),
  see(it, memory) {
    const next: number[] = [];
    let outcome: Outcome | undefined;
    let from = 0;
    for (const rule of rules) {
      const seen = rule.see(it, memory.slice(from, from + rule.start.length));
      from += rule.start.length;
      next.push(...seen.memory);
      outcome ??= seen.outcome;
    }
    return { memory: next, outcome };
  },
});
