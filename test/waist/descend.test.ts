import { describe, expect, it } from 'vitest';
import { descend, type Iterate, type Objective, sum } from '../../src/descend.js';
import { gradient } from '../../src/rules/gradient.js';
import { heavyBall } from '../../src/rules/heavyBall.js';
import { anyOf, divergence, iterationLimit, lossBelow, stall, stationary } from '../../src/stop.js';
import { finish, sample, take, tap } from '../../src/stream.js';

/** F(θ) = ½ Σ h_i (θ_i − c_i)². */
const quadratic = (h: number[], c: number[]): Objective => ({
  evaluate(theta) {
    const grad = theta.map((t, i) => h[i] * (t - c[i]));
    return { loss: 0.5 * theta.reduce((s, t, i) => s + h[i] * (t - c[i]) ** 2, 0), grad };
  },
});
const F = quadratic([1, 4], [3, -2]);
const start = () => Float64Array.of(0, 0);

describe('descend', () => {
  it('yields the start first, then one step each', () => {
    const its = [...take(descend(F, gradient(0.1), start()), 3)];
    expect(its.map(({ k }) => k)).toEqual([0, 1, 2]);
    expect([...its[0].theta]).toEqual([0, 0]);
    expect([...its[1].theta]).toEqual([0.1 * 3, 0.1 * -8]);
  });

  it('goes on from any iterate with the same bits, momentum included', () => {
    const whole = [...take(descend(F, heavyBall(0.1, 0.9), start()), 40)];
    const rest = [...take(descend(F, heavyBall(0.1, 0.9), whole[17]), 23)];
    expect(rest).toEqual(whole.slice(17));
  });

  it('never writes what it has yielded', () => {
    const seen: number[][] = [];
    const its: Iterate[] = [];
    for (const item of take(descend(F, heavyBall(0.1, 0.5), start()), 20)) {
      seen.push([...item.theta, ...item.grad, item.loss]);
      its.push(item);
    }
    expect(its.map((item) => [...item.theta, ...item.grad, item.loss])).toEqual(seen);
  });

  it('a sum of objectives adds losses and gradients', () => {
    const G = quadratic([2, 1], [1, 1]);
    const theta = Float64Array.of(0.3, 0.7);
    const [a, b, both] = [F, G, sum(F, G)].map((objective) => objective.evaluate(theta, 0));
    expect(both.loss).toBe(a.loss + b.loss);
    expect([...both.grad]).toEqual([...a.grad].map((g, i) => g + b.grad[i]));
  });
});

describe('stopping rules', () => {
  const run = (losses: number[], rule: ReturnType<typeof anyOf>) => {
    let memory = rule.start;
    for (const [k, loss] of losses.entries()) {
      const seen = rule.see({ k, loss, theta: start(), grad: start() }, memory);
      if (seen.outcome) return { k, outcome: seen.outcome };
      memory = JSON.parse(JSON.stringify(seen.memory)) as number[]; // what a checkpoint keeps is all there is
    }
    return undefined;
  };

  it('each fires at its own iterate', () => {
    expect(run([5, 4, 3], iterationLimit(2))).toEqual({ k: 2, outcome: 'iteration-limit' });
    expect(run([5, 4, 3], lossBelow(4))).toEqual({ k: 1, outcome: 'converged' });
    expect(run([1, 9, 11], divergence(10))).toEqual({ k: 2, outcome: 'diverged' });
    expect(run([1, Number.NaN], divergence())).toEqual({ k: 1, outcome: 'diverged' });
    expect(run([8, 4, 3.99, 3.98, 3.97], stall(3, 0.1))).toEqual({ k: 4, outcome: 'stalled' });
    expect(run([8, 4, 3, 2, 1, 0.5, 0.2], stall(3, 0.1))).toBeUndefined();
  });

  it('a plateau at the start is not a stationary point, one below it is', () => {
    expect(run(new Array(50).fill(7), stationary(5, 1e-10, 0.1))).toBeUndefined();
    expect(run([7, 7, 3, 3, 3, 3, 3, 3], stationary(5, 1e-10, 0.1))).toEqual({ k: 7, outcome: 'converged' });
  });

  it('anyOf is decided by the first rule that fires, each with its own memory', () => {
    const rule = anyOf(divergence(10), stall(2, 0.5), iterationLimit(9));
    expect(run([8, 7, 6], rule)).toEqual({ k: 2, outcome: 'stalled' });
    expect(run([8, 4, 900], rule)).toEqual({ k: 2, outcome: 'diverged' });
  });
});

describe('streams', () => {
  it('sample keeps every n-th, tap sees all, finish returns the result', () => {
    const seen: number[] = [];
    expect([
      ...sample(
        tap([0, 1, 2, 3, 4, 5, 6], (x) => seen.push(x)),
        3,
      ),
    ]).toEqual([0, 3, 6]);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const shown: string[] = [];
    const run = (function* () {
      yield { progress: 'a', checkpoint: () => ({ values: {}, arrays: {} }) };
      return 42;
    })();
    expect(finish(run, (progress) => shown.push(progress))).toBe(42);
    expect(shown).toEqual(['a']);
  });
});
