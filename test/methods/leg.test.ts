import { describe, expect, it } from 'vitest';
import type { Objective, Theta } from '../../src/descend.js';
import { type Leg, openBook } from '../../src/methods/leg.js';
import { gradient } from '../../src/rules/gradient.js';
import { heavyBall } from '../../src/rules/heavyBall.js';
import { anyOf, iterationLimit, lossBelow } from '../../src/stop.js';
import type { Checkpoint, Run } from '../../src/stream.js';

const F: Objective = {
  evaluate: (theta) => ({ loss: theta.reduce((s, t) => s + t ** 4 / 4, 0), grad: theta.map((t) => t ** 3) }),
};
const judge = { score: (theta: Theta) => Math.abs(theta[0] - 0.5), patience: 6 };

/** Two legs, the second from where the first ended, then its result. */
function* journey(from?: Checkpoint): Run<{ step: number }, number[]> {
  const book = openBook(({ step }) => ({ step }), from);
  const leg = (rest: Partial<Leg>): Leg => ({
    objective: F,
    rule: heavyBall(0.05, 0.5),
    start: () => Float64Array.of(1, -2),
    stop: anyOf(iterationLimit(40), lossBelow(1e-9)),
    ...rest,
  });
  const first = yield* book.travel(leg({ judge }));
  const second = yield* book.travel(leg({ rule: gradient(0.1), start: () => first.last }));
  return [...first.theta, ...first.last, first.score!, first.steps, ...second.theta, second.loss, book.steps()];
}

describe('a journey of legs', () => {
  const whole = () => {
    const checkpoints: Checkpoint[] = [];
    const steps: number[] = [];
    const run = journey();
    for (;;) {
      const next = run.next();
      if (next.done) return { checkpoints, steps, result: next.value };
      checkpoints.push(next.value.checkpoint());
      steps.push(next.value.progress.step);
    }
  };

  it('resumed from any checkpoint ends with the same bits', () => {
    const { checkpoints, result } = whole();
    for (const checkpoint of checkpoints) {
      const run = journey(checkpoint);
      let next = run.next();
      while (!next.done) next = run.next();
      expect(next.value).toEqual(result);
    }
  });

  it('counts its steps through all legs', () => {
    const { steps } = whole();
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps[0]).toBe(0);
  });

  it('a judge keeps the iterate with the lowest score, and ends the leg when it has lost patience', () => {
    const run = journey();
    let best = Number.POSITIVE_INFINITY;
    let next = run.next();
    const firstLeg: number[] = [];
    while (!next.done) {
      const { arrays, values } = next.value.checkpoint();
      if (Number(values.legs) === 0) firstLeg.push(judge.score(arrays.theta as Theta));
      next = run.next();
    }
    for (const score of firstLeg) best = Math.min(best, score);
    expect(next.value[4]).toBe(best);
    expect(next.value[5]).toBeLessThan(40);
  });
});
