// Text as a task: what is learned from, what is held out, and what is left out.

import { describe, expect, it } from 'vitest';
import { singleKernels } from '../../src/kernels/index.js';
import { llama } from '../../src/lm/llama.js';
import { randomModel } from '../../src/lm/model.js';
import { type Example, textTask } from '../../src/lm/text.js';
import { heldOutLoss, train } from '../../src/lm/train.js';
import { stream } from '../../src/random/index.js';
import { finish } from '../../src/stream.js';
import { smallLlama } from './tasks.js';

const K = singleKernels();
const model = randomModel(K, llama(smallLlama), stream(1, 'model'));
const example = (prompt: number, completion: number): Example => ({
  tokens: Int32Array.from({ length: prompt + completion }, (_, i) => 97 + ((7 * i) % 26)),
  from: prompt,
});
const length = 8;

describe('examples', () => {
  // With 8 tokens in and 8 out, token 9 is the last that can count.
  const [whole, cut, brim, beyond] = [example(3, 6), example(3, 7), example(8, 2), example(9, 2)];

  it('that are longer are cut, and those whose prompt fills the sequence are left out: both are counted', () => {
    const task = textTask(model, [whole, cut, brim, beyond, example(20, 4)], { length });
    expect(task.examples).toEqual({ count: 5, cut: 2, leftOut: 2 });
    expect(textTask(model, Int32Array.from(whole.tokens), { length, heldOut: 0 }).examples).toBeUndefined();
  });

  it('that are left out change nothing', () => {
    const of = (examples: Example[]) =>
      finish(train(K, textTask(model, examples, { length, heldOut: 0.4 }), 'all', { steps: 3, learningRate: 1e-2 }))
        .rows;
    expect(of([whole, beyond, cut, beyond, brim])).toEqual(of([whole, cut, brim]));
  });

  it('of which none counts are refused', () => {
    expect(() => textTask(model, [beyond, beyond], { length })).toThrow(
      /at least 1 example should have tokens that count among its first 9, got none of 2/,
    );
    expect(() => textTask(model, [], { length })).toThrow('at least 1 example to learn from, got 0');
  });

  it('are held out by one at least', () => {
    expect(heldOutLoss(K, textTask(model, [whole, cut], { length, heldOut: 0.1 }))).toBeGreaterThan(0);
  });
});

describe('what is held out', () => {
  const text = Int32Array.from({ length: 60 }, (_, i) => 97 + (i % 26));

  it('is refused where it gives no sequence, unless nothing was asked for', () => {
    expect(() => textTask(model, text, { length })).toThrow(
      'what is held out should be at least 9 tokens, got 6 of 60',
    );
    expect(() => textTask(model, [example(3, 3)], { length })).toThrow(/at least 1 example, got 0 of 1/);
    expect(() => textTask(model, text, { length, heldOut: text.subarray(0, 8) })).toThrow(/at least 9 tokens, got 8/);
    expect(() => textTask(model, [example(3, 3)], { length, heldOut: [example(12, 3)] })).toThrow(/got 0/);
    expect(textTask(model, text, { length, heldOut: 0 }).heldOut).toBe(0);
    expect(textTask(model, text, { length, heldOut: 0.15 }).heldOut).toBe(1);
  });
});
