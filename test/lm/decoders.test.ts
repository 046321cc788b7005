// Decoders: their logits, their files, and what an adapter does to them.

import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { constant, createArena, openTape } from '../../src/autodiff/index.js';
import type { Precision } from '../../src/kernels/contract.js';
import { singleKernels, startKernels } from '../../src/kernels/index.js';
import { chainOf, sizeOfLinear } from '../../src/lm/adapters.js';
import { architectureOf, loadModel } from '../../src/lm/architecture.js';
import { type Chain, type Decoder, type Model, modelFiles, openNet, randomModel } from '../../src/lm/model.js';
import { bytesOf, filesOf } from '../../src/lora/files.js';
import { matrix } from '../../src/matrix.js';
import { stream } from '../../src/random/index.js';
import { close } from '../close.js';
import { noise, reference } from '../kernels/builds.js';

interface Oracle {
  versions: string;
  ids: number[];
  cases: { name: string; config: Record<string, unknown>; names: string[]; logits: number[] }[];
}
/** Made by logits.py. */
const oracle = JSON.parse(readFileSync(new URL('logits.json', import.meta.url), 'utf8')) as Oracle;
const ids = Int32Array.from(oracle.ids);
const K = singleKernels();
const pool = await startKernels({ threads: 2 });
afterAll(() => pool.close());

/** Weights as logits.py makes them: that of place i in the order of the names is noise of seed i+1. */
function modelOf(
  on: typeof K,
  config: Record<string, unknown>,
  precision: Precision,
  names?: string[],
): Model<Decoder> {
  const model = randomModel(on, architectureOf(config), stream(1, 'model'), precision);
  if (names) expect([...model.weights.keys()].sort()).toEqual(names);
  [...model.weights.keys()].sort().forEach((name, i) => {
    const W = model.weights.get(name)!;
    const gain = model.architecture.shapes.find((shape) => shape.name === name)!.start === 'ones';
    W.data.set(noise(W.data.length, i + 1).map((v) => 0.3 * v + (gain ? 1 : 0)));
  });
  return model;
}

function logitsOf(on: typeof K, model: Model<Decoder>, chains?: ReadonlyMap<string, Chain>): Float64Array {
  const tape = openTape(on, createArena(on), model.precision);
  return Float64Array.from(
    model.architecture.logits(openNet(tape, model, new Map(), chains), ids, ids.length / 2).value.data,
  );
}

describe.each(oracle.cases.map((one) => [one.name, one] as const))('%s', (_name, { config, names, logits }) => {
  it('has the logits of transformers within 1e-6 in f64, whose norms are in f32 there, and 1e-5 in f32', () => {
    close(logitsOf(K, modelOf(K, config, 'f64', names)), logits, { atol: 1e-6 });
    close(logitsOf(K, modelOf(K, config, 'f32')), logits, { atol: 1e-5 });
  });

  it('has equal bits on the reference, simd128 and two threads', () => {
    const expected = logitsOf(reference, modelOf(reference, config, 'f32'));
    for (const on of [K, pool]) expect(logitsOf(on, modelOf(on, config, 'f32'))).toEqual(expected);
  });

  it('is the same after a round trip through a Hugging Face folder', async () => {
    const model = modelOf(K, config, 'f32');
    const contents: Record<string, Uint8Array> = {};
    for (const file of modelFiles(model)) contents[file.name] = await bytesOf(file);
    const read = await loadModel(K, filesOf(contents));
    expect(logitsOf(K, read)).toEqual(logitsOf(K, model));
  });

  it('keeps its logits exactly with an adapter of which one factor is zero', () => {
    const model = modelOf(K, config, 'f32');
    const chains = (zero: 0 | 1) =>
      new Map(
        model.architecture.linears.map((path, i) => {
          const { outputs, inputs } = sizeOfLinear(model, path);
          const A = matrix(2, inputs, Float32Array.from(noise(2 * inputs, i + 1)));
          const B = matrix(outputs, 2, Float32Array.from(noise(2 * outputs, i + 2)));
          [A, B][zero].data.fill(0);
          const { factors, scaling } = chainOf({ path, A, B, scaling: 2 });
          return [path, { factors: factors.map(constant), scaling }];
        }),
      );
    const plain = logitsOf(K, model);
    expect(logitsOf(K, model, chains(0))).toEqual(plain);
    expect(logitsOf(K, model, chains(1))).toEqual(plain);
  });
});

describe('a configuration', () => {
  const [{ config }] = oracle.cases;
  const refused: [what: string, change: Record<string, unknown>, message: string][] = [
    ['another architecture', { model_type: 'bert' }, 'model_type should be llama, mistral, qwen2 or gpt2, got "bert"'],
    ['another activation', { hidden_act: 'relu' }, 'hidden_act should be "silu", got "relu"'],
    [
      'heads that do not divide',
      { num_key_value_heads: 3 },
      'num_key_value_heads and num_attention_heads should divide',
    ],
    [
      'a rope of another type',
      { rope_scaling: { rope_type: 'yarn', factor: 2 } },
      'rope_type should be default, linear',
    ],
    ['no width', { hidden_size: 0 }, 'hidden_size should be a whole number of at least 1, got 0'],
  ];
  it.each(refused)('of %s is refused', (_what, change, message) =>
    expect(() => architectureOf({ ...config, ...change })).toThrow(message),
  );

  it('of another model than the weights is refused', async () => {
    const contents: Record<string, Uint8Array> = {};
    for (const file of modelFiles(modelOf(K, config, 'f32'))) contents[file.name] = await bytesOf(file);
    const other = { ...config, intermediate_size: 20 };
    contents['config.json'] = new TextEncoder().encode(JSON.stringify(other));
    await expect(loadModel(K, filesOf(contents))).rejects.toThrow(
      "'model.layers.0.mlp.gate_proj.weight' should be of shape [20, 16] for this configuration, got [24, 16]",
    );
  });
});
