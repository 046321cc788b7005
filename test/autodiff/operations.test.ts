// Every operation of the tape: its gradient, and the bits that do not depend on threads.

import { afterAll, describe, expect, it } from 'vitest';
import { expSingle } from '../../src/autodiff/elementary.js';
import {
  backward,
  constant,
  createArena,
  gather,
  matmul,
  openTape,
  parameter,
  scale,
} from '../../src/autodiff/index.js';
import { singleKernels, startKernels } from '../../src/kernels/index.js';
import { matrix } from '../../src/matrix.js';
import { exp } from '../../src/random/index.js';
import { close } from '../close.js';
import { noise, reference } from '../kernels/builds.js';
import { taylorSlope } from '../taylor.js';
import { cases, objectiveOf, startOf } from './cases.js';

const K = singleKernels();
const pool = await startKernels({ threads: 2 });
afterAll(() => pool.close());

describe.each(cases.map((one) => [one.name, one] as const))('%s', (_name, one) => {
  const theta = startOf(one);
  const direction = noise(theta.length, 11);

  it('has its gradient: Taylor slope 2 ± 0.05 in f64', () =>
    close(taylorSlope(objectiveOf(one, K, 'f64'), theta, direction), 2, { atol: 0.05 }));

  it('has the central differences of every entry within 1e-7 in f64', () => {
    const F = objectiveOf(one, K, 'f64');
    const { grad } = F.evaluate(theta, 0);
    const h = 1e-5;
    const differences = grad.map((_, i) => {
      const at = (step: number) =>
        F.evaluate(
          theta.map((t, j) => (i === j ? t + step : t)),
          0,
        ).loss;
      return (at(h) - at(-h)) / (2 * h);
    });
    close(grad, differences, { atol: 1e-7 });
  });

  it('is the same in f32 within 2e-5', () => {
    const [single, double] = [
      objectiveOf(one, K, 'f32').evaluate(theta, 0),
      objectiveOf(one, K, 'f64').evaluate(theta, 0),
    ];
    close(single.loss, double.loss, { rtol: 2e-5 });
    close(single.grad, double.grad, { atol: 2e-5 });
  });

  it.each(['f32', 'f64'] as const)('has equal bits on the reference, simd128 and two threads in %s', (precision) => {
    const [a, b, c] = [reference, K, pool].map((on) => objectiveOf(one, on, precision).evaluate(theta, 0));
    expect(b).toEqual(a);
    expect(c).toEqual(a);
  });
});

describe('e^x in f32', () => {
  it('is that of f64 within 1e-10 from −87 to 88', () => {
    for (let x = -86.9; x < 88; x += 0.0137) close(expSingle(x) / exp(x), 1, { atol: 1e-10 });
  });
  it('ends in 0, in e^88 and in NaN', () => {
    expect([expSingle(-100), expSingle(-Infinity)]).toEqual([0, 0]);
    expect(expSingle(Infinity)).toBe(expSingle(88));
    expect(expSingle(NaN)).toBeNaN();
  });
});

describe('the tape', () => {
  const small = () => matrix(2, 2, Float64Array.of(1, 2, 3, 4));
  it('records nothing for what is frozen', () => {
    const tape = openTape(K, createArena(K), 'f64');
    const Y = scale(tape, 2, matmul(tape, constant(small()), constant(small())));
    expect([Y.needs, tape.backs.length]).toEqual([false, 0]);
  });
  it('gives the arrays of one step to the next', () => {
    const arena = createArena(K);
    const step = () => {
      const start = arena.mark();
      const tape = openTape(K, arena, 'f32');
      const X = parameter(matrix(2, 2, new Float32Array(4)));
      const Y = scale(tape, 2, scale(tape, 3, X));
      arena.release(start);
      return Y.value.data;
    };
    expect(step()).toBe(step());
  });
  it('refuses shapes, ids and losses that do not fit', () => {
    const tape = openTape(K, createArena(K), 'f64');
    const X = parameter(small());
    expect(() => matmul(tape, X, parameter(matrix(3, 2)))).toThrow('matmul: shapes should be m×q, q×n, got 2×2, 3×2');
    expect(() => gather(tape, X, Int32Array.of(2))).toThrow('gather: ids should be from 0 to 1, got 2');
    expect(() => backward(tape, X)).toThrow('backward: the loss should be 1×1, got 2×2');
  });
});
