// Extraction: what was added comes back; the error is that of the best rank; what no adapter can carry is named.

import { describe, expect, it } from 'vitest';
import { floatTensor, type Tensor, tensorOf, toFloat32, toFloat64 } from '../../src/io/tensor.js';
import { relativeError } from '../../src/linalg/norms.js';
import { singularValues } from '../../src/linalg/svd.js';
import { extractAdapter } from '../../src/lora/extract.js';
import { mergeAdapter } from '../../src/lora/merge.js';
import { matrix, transpose } from '../../src/matrix.js';
import { close } from '../close.js';
import { deltaOf, K, model, numbersOf, randomly, refusal, reread, tensorsOf } from './samples.js';

const LLAMA = { architectures: ['LlamaForCausalLM'], model_type: 'llama', _name_or_path: 'some/llama' };
const SHAPES = {
  'model.embed_tokens.weight': { shape: [40, 20] },
  'model.layers.0.q_proj.weight': { shape: [30, 20] },
  'model.layers.0.v_proj.weight': { shape: [10, 20] },
  'model.layers.0.v_proj.bias': { shape: [10] },
  'model.norm.weight': { shape: [20] },
  'lm_head.weight': { shape: [40, 20] },
};
const Q = 'model.layers.0.q_proj';

/** The tensors with a product of rank r added to one. */
function plus(tensors: Record<string, Tensor>, name: string, rank: number, size = 0.1): Record<string, Tensor> {
  const { shape, dtype } = tensors[name];
  const [A, B] = [randomly(`${name}/A`, rank, shape[1]), randomly(`${name}/B`, shape[0], rank)];
  const D = deltaOf({ A, B, scaling: size });
  const sum = toFloat64(tensors[name]).map((w, t) => w + D.data[t]);
  return { ...tensors, [name]: floatTensor(sum, shape, dtype as 'F32') };
}
const plusNoise = (tensors: Record<string, Tensor>, name: string) => {
  const { shape } = tensors[name];
  const own = toFloat32(tensors[name]);
  return {
    ...tensors,
    [name]: tensorOf(
      own.map((w, t) => w + 0.1 * randomly(`noise/${name}`, 1, own.length).data[t]),
      shape,
    ),
  };
};
const pair = async (
  change: (tensors: Record<string, Tensor>) => Record<string, Tensor>,
  shapes: Parameters<typeof tensorsOf>[0] = SHAPES,
  config: Record<string, unknown> = LLAMA,
) => {
  const tensors = tensorsOf(shapes);
  return [
    await model({ 'model.safetensors': tensors }, config),
    await model({ 'model.safetensors': change(tensors) }, config),
  ] as const;
};
const difference = async (name: string, ...[base, tuned]: Awaited<ReturnType<typeof pair>>) => {
  const [x, y] = [await base.read(name), await tuned.read(name)];
  return matrix(
    x.shape[0],
    x.shape[1],
    toFloat64(y).map((v, t) => v - toFloat64(x)[t]),
  );
};

describe('extraction', () => {
  it('gives back a product of rank r that was added, to 1e-5, and leaves out what did not change', async () => {
    const both = await pair((tensors) => plus(tensors, `${Q}.weight`, 3));
    const { adapter, layers, notCarried } = await extractAdapter(K, ...both, { rank: 3 });
    const read = await reread(adapter);
    expect(read.paths).toEqual([Q]);
    expect(relativeError(deltaOf(await read.layer(Q)), await difference(`${Q}.weight`, ...both))).toBeLessThan(1e-5);
    expect(layers[0].error).toBeLessThan(1e-5);
    expect(notCarried).toEqual([]);
    expect(read.config).toMatchObject({
      r: 3,
      lora_alpha: 3,
      target_modules: ['q_proj'],
      base_model_name_or_path: 'some/llama',
      task_type: 'CAUSAL_LM',
      init_lora_weights: true,
    });
  });

  it('of any difference is within 1 % of the nearest matrix of the rank, and says its error, to 1e-4', async () => {
    const both = await pair((tensors) => plusNoise(tensors, `${Q}.weight`));
    const { adapter, layers } = await extractAdapter(K, ...both, { rank: 5 });
    const D = await difference(`${Q}.weight`, ...both);
    const values = singularValues(K, D);
    const lost = relativeError(deltaOf(await adapter.layer(Q)), D);
    const best = Math.hypot(...values.subarray(5)) / Math.hypot(...values);
    expect(lost).toBeLessThan(1.01 * best);
    close(layers[0].error, lost, { rtol: 1e-4 });
    close(layers[0].norm, Math.hypot(...values), { rtol: 1e-5 });
  });

  it('merged into the base is the tuned model: ≤ 1e-5 at full rank', async () => {
    const both = await pair((tensors) => plusNoise(plusNoise(tensors, `${Q}.weight`), 'model.layers.0.v_proj.weight'));
    const { adapter } = await extractAdapter(K, ...both, { energy: 1 });
    const merged = await numbersOf(mergeAdapter(K, both[0], await reread(adapter)).files);
    for (const name of both[1].tensors.keys())
      close(merged.get(name)!, toFloat64(await both[1].read(name)), { atol: 1e-5 });
  });

  it('with energy takes the least rank that keeps it', async () => {
    const both = await pair((tensors) => plusNoise(tensors, `${Q}.weight`));
    const values = singularValues(K, await difference(`${Q}.weight`, ...both));
    const total = values.reduce((sum, value) => sum + value * value, 0);
    for (const energy of [0.3, 0.8, 0.95]) {
      const { layers } = await extractAdapter(K, ...both, { energy });
      let [least, kept] = [0, 0];
      while (kept < energy * total) kept += values[least++] ** 2;
      expect(layers[0].rank).toBe(least);
      expect(layers[0].error ** 2).toBeLessThan(1 - energy + 1e-6);
    }
  });

  it('of stored types, of Conv1D and of convolutions takes each difference as the layer sees it', async () => {
    const shapes = {
      'transformer.h.0.attn.c_attn.weight': { shape: [20, 60], dtype: 'BF16' as const },
      'transformer.h.0.mlp.c_fc.weight': { shape: [20, 40], dtype: 'F16' as const },
    };
    const both = await pair((tensors) => plus(tensors, 'transformer.h.0.attn.c_attn.weight', 2, 4), shapes, {
      model_type: 'gpt2',
      architectures: ['GPT2LMHeadModel'],
    });
    const { adapter } = await extractAdapter(K, ...both, { rank: 20 });
    const of = await adapter.layer('transformer.h.0.attn.c_attn');
    expect([of.outputs, of.inputs, adapter.config.fan_in_fan_out]).toEqual([60, 20, true]);
    const D = transpose(await difference('transformer.h.0.attn.c_attn.weight', ...both));
    expect(relativeError(deltaOf(of), D)).toBeLessThan(1e-5);

    const conv = await pair(
      (tensors) => ({ 'm.conv.weight': tensorOf(randomly('c2', 1, 6 * 18).data, tensors['m.conv.weight'].shape) }),
      { 'm.conv.weight': { shape: [6, 2, 3, 3] } },
      {},
    );
    const taken = await (await extractAdapter(K, ...conv, { rank: 6 })).adapter.layer('m.conv');
    expect(taken).toMatchObject({ kind: 'conv2d', outputs: 6, inputs: 18, kernel: [3, 3] });
  });

  it('names what changed and cannot be carried: norms, biases, embeddings, the output layer, tensors of one model', async () => {
    const both = await pair((tensors) => {
      const names = ['model.embed_tokens.weight', 'model.layers.0.v_proj.bias', 'model.norm.weight', 'lm_head.weight'];
      const { [`${Q}.weight`]: _, ...rest } = [...names, 'model.layers.0.v_proj.weight'].reduce(plusNoise, tensors);
      return { ...rest, 'score.weight': tensorOf(new Float32Array(20), [1, 20]) };
    });
    const { notCarried } = await extractAdapter(K, ...both, { rank: 2 });
    expect(Object.fromEntries(notCarried.map(({ name, why }) => [name, why]))).toEqual({
      'model.embed_tokens.weight': 'embedding',
      'model.layers.0.v_proj.bias': 'no matrix',
      'model.norm.weight': 'no matrix',
      'lm_head.weight': 'not among the targets',
      [`${Q}.weight`]: 'only in the base',
      'score.weight': 'only in the tuned model',
    });
    for (const { change, why } of notCarried) if (!why.startsWith('only')) close(change!, 0.1, { rtol: 0.5 });
  });

  it('gives the same bits for a seed, and other bits for another', async () => {
    const both = await pair((tensors) => plusNoise(tensors, `${Q}.weight`));
    const factors = async (seed?: number) =>
      (await (await extractAdapter(K, ...both, { rank: 2, seed })).adapter.layer(Q)).A.data;
    expect(await factors()).toEqual(await factors());
    expect(await factors(1)).not.toEqual(await factors(2));
  });
});

describe('extraction refuses', () => {
  it('models of different shapes, and names them', async () => {
    const [base] = await pair((tensors) => tensors);
    const [other] = await pair((tensors) => tensors, { ...SHAPES, 'lm_head.weight': { shape: [41, 20] } });
    await refusal(extractAdapter(K, base, other), /1 differ: lm_head.weight \[40, 20\] and \[41, 20\]/);
  });
  it('models of different tensors', async () => {
    const [base] = await pair((tensors) => tensors);
    const [other] = await pair((tensors) => tensors, {
      'h.0.w.weight': { shape: [4, 4] },
      'h.1.w.weight': { shape: [4, 4] },
    });
    await refusal(extractAdapter(K, base, other), /of 6 and 2 only 0 have one name/);
  });
  it('equal models, and those of which no layer that may carry an adapter differs', async () => {
    const nothing = await pair((tensors) => tensors);
    await refusal(extractAdapter(K, ...nothing), /models should differ, all their tensors are equal/);
    const norm = await pair((tensors) => plusNoise(tensors, 'model.norm.weight'));
    await refusal(extractAdapter(K, ...norm), /only others do: model.norm.weight \(no matrix\)/);
  });
  it('NaN, and says in which model', async () => {
    const nan = tensorOf(new Float32Array(600).fill(Number.NaN), [30, 20]);
    const both = await pair((tensors) => ({ ...tensors, [`${Q}.weight`]: nan }));
    await refusal(extractAdapter(K, ...both), /q_proj.weight should hold finite numbers, the tuned model has others/);
    await refusal(extractAdapter(K, both[1], both[0]), /the base has others/);
  });
  it.each([
    ['a rank and an energy', { rank: 2, energy: 0.5 }, /rank or energy should be given, got both/],
    ['a rank of zero', { rank: 0 }, /rank should be an integer/],
    ['an energy above 1', { energy: 2 }, /energy should be a share/],
    ['an embedding as a target', { targets: ['embed_tokens'] }, /embed_tokens is an embedding/],
    ['targets that are not there', { targets: ['nothing'] }, /no module matches nothing/],
  ])('%s', async (_, options, sentence) =>
    refusal((async () => extractAdapter(K, ...(await pair((t) => t)), options))(), sentence),
  );
});
