import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { descend, type Objective } from '../../src/descend.js';
import { armijo } from '../../src/rules/armijo.js';
import { gradient } from '../../src/rules/gradient.js';
import { heavyBall } from '../../src/rules/heavyBall.js';
import { scaled } from '../../src/rules/scaled.js';
import { take } from '../../src/stream.js';
import { close } from '../close.js';

const diagonal = (h: readonly number[]): Objective => ({
  evaluate: (theta) => ({
    loss: 0.5 * theta.reduce((s, t, i) => s + h[i] * t * t, 0),
    grad: theta.map((t, i) => h[i] * t),
  }),
});
const curvatures = fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 1, maxLength: 6 });

describe('gradient', () => {
  it('on ½Σhθ² is θ_k = (1 − μh)^k θ₀ to 1e-12', () => {
    fc.assert(
      fc.property(curvatures, fc.double({ min: 0.01, max: 0.19, noNaN: true }), (h, mu) => {
        const its = [
          ...take(
            descend(
              diagonal(h),
              gradient(mu),
              Float64Array.from(h, () => 1),
            ),
            12,
          ),
        ];
        close(
          its[11].theta,
          h.map((x) => (1 - mu * x) ** 11),
          { rtol: 1e-12, atol: 1e-14 },
        );
      }),
    );
  });
});

describe('heavy ball', () => {
  it('without momentum is gradient descent, bit for bit', () => {
    const F = diagonal([1, 3, 7]);
    const theta = Float64Array.of(1, -2, 0.5);
    const a = [...take(descend(F, heavyBall(0.1, 0), theta), 30)].map((it) => [...it.theta]);
    const b = [...take(descend(F, gradient(0.1), theta), 30)].map((it) => [...it.theta]);
    expect(a).toEqual(b);
  });

  it('with Polyak’s step and momentum contracts at (√κ−1)/(√κ+1) within 10 %, where gradient descent needs (κ−1)/(κ+1)', () => {
    const [low, high] = [1, 100];
    const root = Math.sqrt(high / low);
    const beta = ((root - 1) / (root + 1)) ** 2;
    const mu = (2 / (Math.sqrt(high) + Math.sqrt(low))) ** 2;
    const its = [...take(descend(diagonal([low, high]), heavyBall(mu, beta), Float64Array.of(1, 1)), 121)];
    const size = (k: number) => Math.sqrt(its[k].theta[0] ** 2 + its[k].theta[1] ** 2);
    const rate = (size(120) / size(60)) ** (1 / 60);
    close(rate, (root - 1) / (root + 1), { rtol: 0.1 });
    expect(rate).toBeLessThan((high - low) / (high + low) - 0.1);
  });
});

describe('armijo', () => {
  it('decreases the loss by at least c μ ‖g‖² at every step, for any first step', () => {
    fc.assert(
      fc.property(curvatures, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (h, mu) => {
        const its = [
          ...take(
            descend(
              diagonal(h),
              armijo(mu),
              Float64Array.from(h, (_, i) => 1 + i),
            ),
            15,
          ),
        ];
        for (let k = 0; k + 1 < its.length; k++) {
          const square = its[k].grad.reduce((s, g) => s + g * g, 0);
          expect(its[k + 1].loss).toBeLessThanOrEqual(
            its[k].loss - 1e-4 * its[k + 1].memory![0] * square + 1e-15 * its[k].loss,
          );
        }
      }),
    );
  });
});

describe('scaled', () => {
  it('with the Hessian as its metric and η = 1 is Newton’s method: one step on a quadratic', () => {
    const h = [0.01, 1, 100];
    const rule = scaled(1, (_theta, direction) => direction.map((d, i) => d / h[i]));
    const [, first] = take(descend(diagonal(h), rule, Float64Array.of(1, 2, 3)), 2);
    close(first.theta, [0, 0, 0], { atol: 1e-15 });
  });
});
