// The laws of weight normalisation on w ↦ w^L, by RK4 on the flow written out independently of the solvers.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  distance,
  kernelPart,
  length,
  plainLimit,
  polarFlow,
} from '../../papers/chou-2023-weight-normalisation/flow.js';
import {
  denseProblem,
  descent,
  potentialMinimum,
  randomStart,
  relative,
  sparseProblem,
} from '../../papers/chou-2023-weight-normalisation/problems.js';
import { descend, pull } from '../../src/descend.js';
import { singleKernels } from '../../src/kernels/index.js';
import { diagonal } from '../../src/methods/diagonal.js';
import {
  adviseWeightNorm,
  equivalentStart,
  gradientGap,
  normEstimate,
  weightNormGap,
  weightNormInvariant,
  weightNormPotential,
} from '../../src/methods/weightNorm.js';
import { hadamard } from '../../src/parametrisations/hadamard.js';
import { linear } from '../../src/problems/linear.js';
import { normals, stream } from '../../src/random/index.js';
import { gradient } from '../../src/rules/gradient.js';
import { weightNormalised } from '../../src/rules/weightNormalised.js';
import { take } from '../../src/stream.js';
import { close } from '../close.js';

const K = singleKernels();
const ended = <T>(run: Generator<undefined, T, undefined>): T => {
  for (;;) {
    const next = run.next();
    if (next.done) return next.value;
  }
};

describe('the flow', () => {
  it.each([1, 2, 3, 4].flatMap((depth) => [0.5, 1, 5].map((ratio) => [depth, ratio])))(
    'L = %d, κ = %d: the invariant moves below 1e-9 in ker A and above 1e-3 as a whole; that of 2κ moves there too',
    (depth, ratio) => {
      const problem = sparseProblem(K, stream(5, 'flow'), 3, 5, 12);
      const inKernel = kernelPart(K, problem);
      const path = polarFlow(problem, depth, ratio, randomStart(stream(5, 'flow'), 12, 1), {
        dt: 2e-4,
        every: 15_000,
        steps: 15_000,
      });
      const [first, last] = [...path];
      const moved = (kappa: number) => {
        const [a, b] = [first, last].map(({ u, radius }) => weightNormInvariant(u, radius, kappa, depth));
        return { kernel: length(inKernel(b.map((value, j) => value - a[j]))), whole: distance(a, b) };
      };
      expect(moved(ratio).kernel).toBeLessThan(1e-9);
      expect(moved(ratio).whole).toBeGreaterThan(1e-3);
      expect(moved(2 * ratio).kernel).toBeGreaterThan(1e-4);
    },
  );

  it('descent is the flow to first order: half the step, half the distance ± 15 %', () => {
    const problem = denseProblem(K, stream(6, 'order'));
    const start = randomStart(stream(6, 'order'), 20, 1.2);
    const time = 2;
    const [, flow] = [...polarFlow(problem, 2, 3, start, { dt: 1e-3, every: 1000 * time, steps: 1000 * time })];
    const gap = (stepSize: number) => {
      const steps = Math.round(time / stepSize);
      const options = { depth: 2, positive: true, stepSize, ratio: 3, every: steps, last: steps };
      const [, { theta }] = [...take(diagonal(K, problem.design, problem.y, options)(start), 2)];
      return distance(
        theta,
        flow.u.map((u) => u * flow.radius),
      );
    };
    const [whole, half] = [gap(2e-3), gap(1e-3)];
    expect(whole).toBeLessThan(0.01);
    close(half / whole, 0.5, { rtol: 0.15 });
  });
});

describe('where it ends', () => {
  const problem = denseProblem(K, stream(7, 'end'));
  const r0 = 1.2;
  const w0 = randomStart(stream(7, 'end'), 20, r0);
  const ends = (stepSize: number, depth: number, ratio: number) =>
    ended(descent(K, problem, w0, { depth, stepSize, ratio, iterations: 10 ** 6, every: 100, level: 1e-10 }, () => {}));

  it.each([
    [2, 1],
    [3, 1],
  ])('is where plain flow from w_eff ends: gap below 4e-3 and halved with the step ± 20 %, L = %d', (depth, ratio) => {
    const gap = (stepSize: number) => {
      const { theta, x } = ends(stepSize, depth, ratio);
      const start = equivalentStart(w0, length(theta), ratio);
      const w = plainLimit(problem, depth, start, { dt: 0.02, level: 1e-11, steps: 10 ** 6 })!;
      return relative(hadamard(20, { depth, positive: true }).value(w), x);
    };
    const [whole, half] = [gap(4e-3), gap(2e-3)];
    expect(whole).toBeLessThan(4e-3);
    close(half / whole, 0.5, { rtol: 0.2 });
  });

  it('is the least point of the potential for L = 2: within 2e-3, halved with the step; control: not that of 2κ', () => {
    const u0 = w0.map((w) => w / r0);
    const gap = (stepSize: number, kappa = 2) =>
      relative(ends(stepSize, 2, 2).x, potentialMinimum(problem, u0, r0, kappa));
    const [whole, half] = [gap(4e-3), gap(2e-3)];
    expect(whole).toBeLessThan(2e-3);
    close(half / whole, 0.5, { rtol: 0.2 });
    expect(gap(4e-3, 4)).toBeGreaterThan(1e-2);
  });

  it('no feasible point nearby has a smaller potential', () => {
    const u0 = w0.map((w) => w / r0);
    const x = potentialMinimum(problem, u0, r0, 2);
    const inKernel = kernelPart(K, problem);
    const least = weightNormPotential(x, u0, r0, 2);
    fc.assert(
      fc.property(fc.nat(10_000), (seed) => {
        const d = inKernel(normals(stream(seed, 'd'), 20));
        const away = x.map((value, j) => value + 1e-3 * d[j]);
        if (away.every((value) => value > 0)) expect(weightNormPotential(away, u0, r0, 2)).toBeGreaterThan(least);
      }),
      { numRuns: 50 },
    );
  });
});

describe('as a rule', () => {
  const problem = sparseProblem(K, stream(8, 'rule'), 5);
  const phi = hadamard(100, { positive: true });
  const F = pull(linear(K, problem.design, problem.y), phi);
  const start = randomStart(stream(8, 'rule'), 100, 1);

  it('descend(pull(linear, hadamard), weightNormalised) and the stream on its own buffers have the same bits', () => {
    const rule = weightNormalised({ stepSize: 0.01, ratio: 5 });
    const slow = [...take(descend(F, rule, start), 301)];
    const options = { depth: 2, positive: true, stepSize: 0.01, ratio: 5, every: 100, last: 300 };
    for (const { k, theta, loss } of take(diagonal(K, problem.design, problem.y, options)(start), 4)) {
      expect(theta).toEqual(slow[k].theta);
      expect(loss).toBe(slow[k].loss);
    }
  });

  it('the same for plain descent, signed, L = 3', () => {
    const signed = hadamard(100, { depth: 3 });
    const from = normals(stream(9, 'start'), 200).map((value) => 0.3 + 0.05 * value);
    const slow = [...take(descend(pull(linear(K, problem.design, problem.y), signed), gradient(0.01), from), 201)];
    const options = { depth: 3, positive: false, stepSize: 0.01, every: 200, last: 200 };
    const [, { theta }] = [...take(diagonal(K, problem.design, problem.y, options)(from), 2)];
    expect(theta).toEqual(slow[200].theta);
  });

  it('(r, u) and (−r, −u) take the same path, for an even function: to 1e-14', () => {
    const rule = weightNormalised({ stepSize: 0.01, ratio: 5 });
    const path = (from: Float64Array) => [...take(descend(F, rule, from), 50)][49].theta;
    close(
      path(start.map((w) => -w)),
      path(start).map((w) => -w),
      { rtol: 1e-14 },
    );
  });

  it('refuses κ ≤ 0, a step that is not positive, and a start of zeros', () => {
    expect(() => weightNormalised({ stepSize: 0.01, ratio: 0 })).toThrow('ratio κ should be a positive number, got 0');
    expect(() => weightNormalised({ stepSize: -1, ratio: 1 })).toThrow('stepSize should be a positive number, got -1');
    const run = descend(F, weightNormalised({ stepSize: 0.01, ratio: 1 }), new Float64Array(100));
    run.next();
    expect(() => run.next()).toThrow('the start should not be zero');
  });
});

describe('bounds and advice', () => {
  it('the lower bound ‖y‖²/‖Aᵀy‖_∞ on Q holds, for every s and seed tried', () => {
    for (let seed = 0; seed < 40; seed++) {
      const { design, y, x } = sparseProblem(K, stream(seed, 'Q'), 1 + (seed % 12));
      // equal for s = 1
      expect(normEstimate(design, y).norm).toBeLessThan((1 + 1e-12) * x.reduce((sum, value) => sum + value, 0));
    }
  });

  it('bounds are infinite where nothing is known, and fall with κ and with α', () => {
    const sizes = { leastNorm: 4, entries: 100 };
    expect(weightNormGap(sizes, 2.1, 5)).toBe(Infinity);
    expect(weightNormGap(sizes, 1, 10)).toBeCloseTo(weightNormGap(sizes, 1, 5) / 2, 12);
    expect(gradientGap(sizes, 0.3, 2, 4)).toBe(Infinity);
    expect(gradientGap(sizes, 0.3, 1, 4)).toBe(Infinity);
    expect(gradientGap(sizes, 1e-3, 2, 4)).toBeLessThan(gradientGap(sizes, 1e-2, 2, 4));
    expect(gradientGap(sizes, 1e-2, 3, 4)).toBeCloseTo(gradientGap(sizes, 1e-1, 3, 4) / 10, 12);
  });

  it('advises r₀² = R/2 and a κ with which weight normalisation is within 1e-3 of x, for other scales of y too', () => {
    for (const scale of [1e-3, 1e3]) {
      const made = sparseProblem(K, stream(10, 'advice'), 5);
      const y = made.y.map((value) => scale * value);
      const advice = adviseWeightNorm({ ...normEstimate(made.design, y), entries: 100, depth: 2 });
      close(100 * advice.initScale * advice.initScale, advice.radiusSquared / 2, { rtol: 1e-12 });
      const how = { depth: 2, stepSize: 0.01 / scale / scale, ratio: advice.ratio, iterations: 30_000, every: 100 };
      const start = new Float64Array(100).fill(advice.initScale);
      const { x } = ended(descent(K, { ...made, y }, start, how, () => {}));
      expect(
        relative(
          x,
          made.x.map((value) => scale * value),
        ),
      ).toBeLessThan(1e-3);
    }
  });
});
