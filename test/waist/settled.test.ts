import { describe, expect, it } from 'vitest';
import { type Outcome, settled } from '../../src/stop.js';

/** Where a run with these losses ends, and how. */
function ends(losses: readonly number[]): [number, Outcome] | undefined {
  const stop = settled(3, 1e-3);
  let memory = stop.start;
  for (const [k, loss] of losses.entries()) {
    const seen = stop.see({ k, loss, theta: new Float64Array(1), grad: new Float64Array(1) }, memory);
    if (seen.outcome) return [k, seen.outcome];
    memory = seen.memory;
  }
  return undefined;
}

describe('settled within 1e-3 for three iterates', () => {
  it.each([
    ['a loss that has come to rest', [9, 4, 2, 2, 2.0001, 1.9999, 1], [5, 'converged']],
    ['a loss of zero', [1, 0, 0, 0, 0], [4, 'converged']],
  ])('converges: %s', (_what, losses, expected) => expect(ends(losses)).toEqual(expected));
  it.each([
    ['that falls', [8, 4, 2, 1, 0.5, 0.25, 0.125]],
    ['that rises', [1, 2, 4, 8, 16, 32, 64]],
    ['that swings', [1, 2, 1, 2, 1, 2, 1, 2]],
    ['that is not finite', [1, Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN]],
  ])('does not: a loss %s', (_what, losses) => expect(ends(losses)).toBeUndefined());
});
