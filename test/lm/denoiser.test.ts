// The denoiser: what it learns, what its pictures are, and adapters on it. And the gradient of whole models.

import { afterAll, describe, expect, it } from 'vitest';
import { backward, createArena, type Node, openTape, parameter } from '../../src/autodiff/index.js';
import { singleKernels, startKernels } from '../../src/kernels/index.js';
import { type Denoiser, denoiser, denoiseTask, samplePictures } from '../../src/lm/denoiser.js';
import { drawShape, SHAPES } from '../../src/lm/drawings.js';
import { gpt2 } from '../../src/lm/gpt2.js';
import { llama } from '../../src/lm/llama.js';
import { type Decoder, type Model, openNet, randomModel, withWeights } from '../../src/lm/model.js';
import { startAdapters } from '../../src/lm/starts.js';
import { textTask } from '../../src/lm/text.js';
import { byteTokens } from '../../src/lm/tokenizer.js';
import { type Task, train } from '../../src/lm/train.js';
import { matrix } from '../../src/matrix.js';
import { stream } from '../../src/random/index.js';
import { finish } from '../../src/stream.js';
import { close } from '../close.js';
import { dot, noise } from '../kernels/builds.js';
import { smallLlama } from './tasks.js';

const K = singleKernels();
const pool = await startKernels({ threads: 2 });
afterAll(() => pool.close());
const random = stream(1, 'denoiser');
const small = { image_size: 8, patch_size: 4, hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2 };

describe('drawn shapes', () => {
  it.each(SHAPES)('%s: pixels from −1 to 1, some of each, the same for a seed, another one for another', (kind) => {
    const image = drawShape(random, [kind], 16);
    expect([Math.min(...image), Math.max(...image)]).toEqual([-1, 1]);
    expect(drawShape(random, [kind], 16)).toEqual(image);
    expect(drawShape(stream(2, 'other'), [kind], 16)).not.toEqual(image);
  });
});

describe('the gradient of all weights', () => {
  const text = byteTokens.encode('many words of a small text, again and again and again. '.repeat(3));
  const of = (model: Model<Decoder>) => textTask(model, text, { batch: 2, length: 6 });
  const gptConfig = { model_type: 'gpt2', n_embd: 12, n_layer: 2, n_head: 3, n_positions: 8, vocab_size: 256 };
  const tasks: [name: string, task: () => Task][] = [
    ['llama', () => of(randomModel(K, llama(smallLlama), random, 'f64'))],
    ['llama, tied', () => of(randomModel(K, llama({ ...smallLlama, tie_word_embeddings: true }), random, 'f64'))],
    ['gpt2', () => of(randomModel(K, gpt2(gptConfig), random, 'f64'))],
    ['denoiser', () => denoiseTask(randomModel(K, denoiser(small), random, 'f64'), { kinds: SHAPES, batch: 2 })],
  ];
  it.each(tasks)('of %s is that of central differences of order 4 within 5e-8, relative', (_name, make) => {
    const task = make();
    const { model } = task;
    const lossAt = (h: number) => {
      const moved = [...model.weights].map(([name, W], i) => {
        const d = noise(W.data.length, i + 1);
        return [
          name,
          matrix(
            W.rows,
            W.cols,
            Float64Array.from(W.data, (w, t) => w + h * d[t]),
          ),
        ] as const;
      });
      const tape = openTape(K, createArena(K), 'f64');
      return task.loss(openNet(tape, withWeights(model, new Map(moved))), 1).value.data[0];
    };
    const tape = openTape(K, createArena(K), 'f64');
    const nodes = new Map<string, Node>([...model.weights].map(([name, W]) => [name, parameter(W)]));
    backward(tape, task.loss(openNet(tape, model, nodes), 1));
    let slope = 0;
    for (const [i, { gradient }] of [...nodes.values()].entries())
      if (gradient) slope += dot(gradient.data, noise(gradient.data.length, i + 1));
    const h = 1e-4;
    const odd = (step: number) => lossAt(step) - lossAt(-step);
    close((8 * odd(h) - odd(2 * h)) / (12 * h), slope, { rtol: 5e-8 });
  });
});

describe('a denoiser', () => {
  const whole = (on: typeof K, steps: number, kinds: readonly (typeof SHAPES)[number][]) => {
    const model: Model<Denoiser> = randomModel(on, denoiser({ hidden_size: 32, num_hidden_layers: 1 }), random);
    const task = denoiseTask(model, { kinds, batch: 8, heldOutBatches: 4 });
    return { model, task, result: finish(train(on, task, 'all', { steps, learningRate: 5e-3, warmup: 20 })) };
  };

  it('has equal bits with one thread and two', () => {
    expect(whole(pool, 3, ['disc']).result).toEqual(whole(K, 3, ['disc']).result);
  });

  const { model, result } = whole(K, 300, ['disc']);
  const trained = withWeights(model, result.weights);
  it('learns discs: 300 steps take the held-out loss below a third', () => {
    expect(result.rows[300].heldOut! / result.rows[0].heldOut!).toBeLessThan(1 / 3);
  });

  it('makes pictures near to discs, which those of an untrained one are not', () => {
    const discs = Array.from({ length: 400 }, (_, i) => drawShape(stream(5, 'disc', i), ['disc'], 16));
    /** The mean square to the nearest disc, over pictures. */
    const away = (of: Model<Denoiser>) => {
      const { data } = samplePictures(K, of, random, 8);
      const pictures = Array.from({ length: 8 }, (_, i) => data.subarray(256 * i, 256 * (i + 1)));
      const square = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + (x - b[i]) ** 2, 0) / 256;
      return pictures.reduce((sum, picture) => sum + Math.min(...discs.map((disc) => square(picture, disc))), 0) / 8;
    };
    expect(away(trained)).toBeLessThan(0.6 * away(model));
  });

  it('takes adapters: 100 steps on bars lower their loss', async () => {
    const task = denoiseTask(trained, { kinds: ['bar'], batch: 8, heldOutBatches: 4 });
    const { chains } = await startAdapters(K, trained, { rank: 4, sigma: 'auto' });
    expect(chains.length).toBe(10);
    const { rows } = finish(train(K, task, chains, { steps: 100, learningRate: 5e-3 }));
    expect(rows[100].heldOut).toBeLessThan(0.95 * rows[0].heldOut!);
  });
});
