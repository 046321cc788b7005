// Merging: W + s·B A against the full product, in every layout; everything else byte for byte; what cannot be is refused.

import { describe, expect, it } from 'vitest';
import { concat, rangeOf } from '../../src/io/bytes.js';
import type { LazyTensor } from '../../src/io/safetensors.js';
import { openSafetensors } from '../../src/io/safetensors.js';
import { floatTensor, type Tensor, tensorOf, toFloat64 } from '../../src/io/tensor.js';
import { type AdapterLayer, adapterOf } from '../../src/lora/adapter.js';
import { type PeftConfig, peftConfig } from '../../src/lora/config.js';
import { bytesOf } from '../../src/lora/files.js';
import { type MergedLayer, mergeAdapter } from '../../src/lora/merge.js';
import { at, type Matrix, matrix, transpose } from '../../src/matrix.js';
import { close } from '../close.js';
import { deltaOf, K, layer, model, numbersOf, randomly, tensorsOf } from './samples.js';

const lazy = (tensor: Tensor): LazyTensor => ({ ...tensor, bytes: async () => tensor.bytes });
const LLAMA = { architectures: ['LlamaForCausalLM'], model_type: 'llama' };
const SHAPES = {
  'model.embed_tokens.weight': { shape: [20, 9] },
  'model.layers.0.q_proj.weight': { shape: [12, 9] },
  'model.layers.0.q_proj.bias': { shape: [12] },
  'model.norm.weight': { shape: [9] },
  'lm_head.weight': { shape: [20, 9] },
};
const Q = 'model.layers.0.q_proj';

const adapter = (
  layers: readonly AdapterLayer[],
  config: Partial<PeftConfig> = {},
  others: Record<string, LazyTensor> = {},
) => adapterOf(peftConfig({ r: 4, lora_alpha: 8, target_modules: ['q_proj'], ...config }), layers, { others });
const added = (W: Float64Array, D: Matrix) => W.map((w, t) => w + at(D, Math.floor(t / D.cols), t % D.cols));

describe('a merged weight', () => {
  const cases: [
    string,
    Parameters<typeof tensorsOf>[0],
    Partial<AdapterLayer>,
    Record<string, unknown>,
    Partial<PeftConfig>,
    boolean,
  ][] = [
    ['linear', { 'm.q.weight': { shape: [12, 9] } }, {}, {}, {}, false],
    [
      'linear in more rows than a block',
      { 'm.q.weight': { shape: [600, 4000] } },
      { outputs: 600, inputs: 4000 },
      {},
      {},
      false,
    ],
    [
      'Conv1D by the config of the adapter',
      { 'm.q.weight': { shape: [9, 12] } },
      {},
      {},
      { fan_in_fan_out: true },
      true,
    ],
    ['square Conv1D', { 'm.q.weight': { shape: [9, 9] } }, { outputs: 9 }, {}, { fan_in_fan_out: true }, true],
    [
      'square linear of a model that stores it straight, whatever the config of the adapter',
      { 'model.layers.0.q_proj.weight': { shape: [9, 9] } },
      { path: 'model.layers.0.q_proj', outputs: 9 },
      { model_type: 'llama' },
      { fan_in_fan_out: true },
      false,
    ],
    [
      'Conv1D by the kind of the model',
      { 'h.0.c_attn.weight': { shape: [9, 12] } },
      { path: 'h.0.c_attn' },
      { model_type: 'gpt2' },
      {},
      true,
    ],
    [
      'conv2d',
      { 'm.q.weight': { shape: [12, 2, 3, 3] } },
      { kind: 'conv2d', inputs: 18, kernel: [3, 3] },
      {},
      {},
      false,
    ],
    [
      'embedding',
      { 'm.embed_tokens.weight': { shape: [30, 12] } },
      { path: 'm.embed_tokens', kind: 'embedding', inputs: 30 },
      {},
      {},
      true,
    ],
    [
      'of a name without the prefix',
      { 'layers.0.q.weight': { shape: [12, 9] } },
      { path: 'model.layers.0.q' },
      {},
      {},
      false,
    ],
    [
      'of a name with another prefix',
      { 'language_model.model.layers.0.q.weight': { shape: [12, 9] } },
      { path: 'model.layers.0.q' },
      {},
      {},
      false,
    ],
    ['of a kohya name', { 'down.0.to_q.weight': { shape: [12, 9] } }, { path: 'lora_unet_down_0_to_q' }, {}, {}, false],
  ];
  it.each(cases)('%s is W + s·B A to 1e-6', async (_, shapes, over, config, peft, across) => {
    const tensors = tensorsOf(shapes);
    const name = Object.keys(tensors)[0];
    const of = layer(name.replace(/\.weight$/, ''), over);
    const base = await model({ 'model.safetensors': tensors }, config);
    const merged = await numbersOf(mergeAdapter(K, base, adapter([of], peft)).files);
    const D = deltaOf(of);
    close(merged.get(name)!, added(toFloat64(tensors[name]), across ? transpose(D) : D), { rtol: 1e-6, atol: 1e-5 });
  });

  it.each(['BF16', 'F16', 'F64'] as const)('in %s is the f32 sum (f64: the sum) rounded once', async (dtype) => {
    const tensors = tensorsOf({ 'm.q.weight': { shape: [12, 9], dtype } });
    const of = layer('m.q', { scaling: 0.25 });
    for (const M of [of.A, of.B]) for (let t = 0; t < M.data.length; t++) M.data[t] = Math.round(8 * M.data[t]) / 8; // exact products
    const base = await model({ 'model.safetensors': tensors });
    const merged = await numbersOf(mergeAdapter(K, base, adapter([of])).files);
    const exact = added(toFloat64(tensors['m.q.weight']), deltaOf(of));
    const f32 = dtype === 'F64' ? exact : Float32Array.from(exact);
    expect(merged.get('m.q.weight')).toEqual(toFloat64(floatTensor(f32, [108], dtype)));
  });

  it('takes --scale, and subtracts what it added: ≤ 1e-6', async () => {
    const tensors = tensorsOf({ 'm.q.weight': { shape: [12, 9] } });
    const of = layer('m.q');
    const merge = async (scale: number, W: Record<string, Tensor>) =>
      (await numbersOf(mergeAdapter(K, await model({ 'model.safetensors': W }), adapter([of]), { scale }).files)).get(
        'm.q.weight',
      )!;
    const half = await merge(0.5, tensors);
    close(half, added(toFloat64(tensors['m.q.weight']), deltaOf({ ...of, scaling: 1 })), { atol: 1e-5 });
    const back = await merge(-0.5, { 'm.q.weight': tensorOf(Float32Array.from(half), [12, 9]) });
    close(back, toFloat64(tensors['m.q.weight']), { atol: 1e-5 });
  });

  it('is reported with ‖W′ − W‖/‖W‖', async () => {
    const tensors = tensorsOf({ 'm.q.weight': { shape: [12, 9] } });
    const of = layer('m.q');
    const seen: MergedLayer[] = [];
    await numbersOf(
      mergeAdapter(K, await model({ 'model.safetensors': tensors }), adapter([of]), { onLayer: (l) => seen.push(l) })
        .files,
    );
    const change = Math.hypot(...deltaOf(of).data) / Math.hypot(...toFloat64(tensors['m.q.weight']));
    expect(seen).toMatchObject([{ path: 'm.q', tensor: 'm.q.weight' }]);
    close(seen[0].change, change, { rtol: 1e-6 });
  });
});

describe('DoRA', () => {
  it.each([
    ['linear', false, {}],
    ['conv2d', false, { kind: 'conv2d', kernel: [3, 1], inputs: 9 }],
    ['Conv1D', true, {}],
  ] as const)(
    'of a %s layer is merged: each output has the norm m, to 1e-6, and the direction of W + s·B A',
    async (kind, across, over) => {
      const shape = kind === 'conv2d' ? [12, 3, 3, 1] : across ? [9, 12] : [12, 9];
      const tensors = tensorsOf({ 'm.q.weight': { shape } });
      const of = layer('m.q', over);
      const m = randomly('m', 1, 12).data.map(Math.abs);
      const key = 'base_model.model.m.q.lora_magnitude_vector';
      const merging = adapter(
        [of],
        { use_dora: true, fan_in_fan_out: across },
        { [key]: lazy(tensorOf(m, kind === 'conv2d' ? [1, 12, 1, 1] : [12])) },
      );
      const merged = await numbersOf(mergeAdapter(K, await model({ 'model.safetensors': tensors }), merging).files);
      const D = deltaOf(of);
      const sum = matrix(
        across ? 9 : 12,
        across ? 12 : 9,
        added(toFloat64(tensors['m.q.weight']), across ? transpose(D) : D),
      );
      const [W, V] = [matrix(sum.rows, sum.cols, merged.get('m.q.weight')!), sum].map((X) =>
        across ? transpose(X) : X,
      );
      for (let o = 0; o < 12; o++) {
        const row = (X: Matrix) => Array.from({ length: 9 }, (_, j) => at(X, o, j));
        close(Math.hypot(...row(W)), m[o], { rtol: 1e-6 });
        close(
          row(W),
          row(V).map((v) => (v * m[o]) / Math.hypot(...row(V))),
          { rtol: 1e-5, atol: 1e-6 },
        );
      }
    },
  );
});

describe('a merged model', () => {
  const of = layer(Q);
  it('has the bytes of the base but for the weights that the adapter has, in the same shards', async () => {
    const tensors = tensorsOf(SHAPES);
    const entries = Object.entries(tensors);
    const base = await model(
      {
        'a-1.safetensors': Object.fromEntries(entries.slice(0, 2)),
        'a-2.safetensors': Object.fromEntries(entries.slice(2)),
      },
      LLAMA,
    );
    const { files } = mergeAdapter(K, base, adapter([of]));
    expect(files.map(({ name }) => name)).toEqual(base.files);
    for (const file of files) {
      const [before, after] = [await base.source(file.name).read(0, 1e6), await bytesOf(file)];
      const { tensors: infos } = await openSafetensors(rangeOf(after));
      const touched = infos.get(`${Q}.weight`);
      const rest = (bytes: Uint8Array) =>
        touched ? concat([bytes.subarray(0, touched.start), bytes.subarray(touched.end)]) : bytes;
      expect(rest(after)).toEqual(rest(before));
      if (touched) expect(after).not.toEqual(before);
    }
  });

  it('has the tensors of modules_to_save in the place of its own, and s·bias added to its bias', async () => {
    const tensors = tensorsOf({ ...SHAPES, 'model.norm.weight': { shape: [9], dtype: 'BF16' } });
    const head = tensorOf(randomly('head', 20, 9).data, [20, 9]);
    const norm = tensorOf(randomly('norm', 1, 9).data, [9]);
    const bias = tensorOf(randomly('bias', 1, 12).data, [12]);
    const others = {
      'base_model.model.lm_head.weight': lazy(head),
      'base_model.model.model.norm.modules_to_save.default.weight': lazy(norm),
      [`base_model.model.${Q}.lora_B.bias`]: lazy(bias),
    };
    const base = await model({ 'model.safetensors': tensors }, LLAMA);
    const merged = await numbersOf(mergeAdapter(K, base, adapter([of], {}, others)).files);
    expect(merged.get('lm_head.weight')).toEqual(toFloat64(head));
    expect(merged.get('model.norm.weight')).toEqual(toFloat64(floatTensor(toFloat64(norm), [9], 'BF16')));
    const own = toFloat64(tensors[`${Q}.bias`]);
    close(
      merged.get(`${Q}.bias`)!,
      own.map((b, i) => b + 2 * toFloat64(bias)[i]),
      { rtol: 1e-6, atol: 1e-7 },
    );
  });
});

describe('merging refuses', () => {
  const refused = async (
    sentence: RegExp,
    given: ReturnType<typeof adapter>,
    config: Record<string, unknown> = LLAMA,
    shapes: Parameters<typeof tensorsOf>[0] = SHAPES,
    more: Record<string, Tensor> = {},
  ) => {
    const base = await model({ 'model.safetensors': { ...tensorsOf(shapes), ...more } }, config);
    await expect((async () => numbersOf(mergeAdapter(K, base, given).files))()).rejects.toThrow(sentence);
  };
  const of = layer(Q);

  it('layers that the model has not, and names them', () =>
    refused(
      /1 of the 2 layers of the adapter have no weight in the model: model.layers.7.q_proj/,
      adapter([of, layer('model.layers.7.q_proj')]),
    ));
  it('a layer of another shape, and names the base of the adapter', () =>
    refused(
      /q_proj: s·B A should have the shape of .*q_proj.weight, got 14×9 for 12×9/,
      adapter([layer(Q, { outputs: 14 })]),
    ));
  it('a weight stored inputs×outputs where the config does not say so', () =>
    refused(/should have the shape/, adapter([of]), LLAMA, { ...SHAPES, [`${Q}.weight`]: { shape: [9, 12] } }));
  it('a base that was changed when the adapter was made', () =>
    refused(/init_lora_weights 'olora'/, adapter([of], { init_lora_weights: 'olora' })));
  it('NaN in a factor, and names the layer', () => {
    const bad = layer(Q, { A: matrix(4, 9, new Float32Array(36).fill(Number.NaN)) });
    return refused(/q_proj: A should hold finite numbers/, adapter([bad]));
  });
  it('one NaN in the base, and names the tensor', () =>
    refused(/q_proj.weight: the sums should be finite in F32, the largest is NaN/, adapter([of]), LLAMA, SHAPES, {
      [`${Q}.weight`]: tensorOf(new Float32Array(108).fill(Number.NaN, 50, 51), [12, 9]),
    }));
  it('sums that overflow the type of the weight', () =>
    refused(/finite in F16, the largest is/, adapter([layer(Q, { scaling: 1e6 })]), LLAMA, {
      ...SHAPES,
      [`${Q}.weight`]: { shape: [12, 9], dtype: 'F16' },
    }));
  it('a tensor or a bias of the adapter that overflows the type of the one in the model', async () => {
    const shapes = {
      ...SHAPES,
      'model.norm.weight': { shape: [9], dtype: 'F16' },
      [`${Q}.bias`]: { shape: [12], dtype: 'F16' },
    } as const;
    const brought = (name: string, n: number) => ({
      [`base_model.model.${name}`]: lazy(tensorOf(new Float32Array(n).fill(7e4, 3, 4), [n])),
    });
    await refused(
      /norm.weight: .*finite in F16, the largest is 70000/,
      adapter([of], {}, brought('model.norm.weight', 9)),
      LLAMA,
      shapes,
    );
    await refused(
      /q_proj.bias: .*finite in F16, the largest is 1\d{5}/,
      adapter([of], {}, brought(`${Q}.lora_B.bias`, 12)),
      LLAMA,
      shapes,
    );
  });
  it('a quantised base, with the reason', async () => {
    await refused(/quantised/, adapter([of]), { ...LLAMA, quantization_config: { quant_method: 'gptq' } });
    await refused(/quantised/, adapter([of]), LLAMA, SHAPES, {
      [`${Q}.weight`]: { dtype: 'F8_E4M3', shape: [12, 9], bytes: new Uint8Array(108) },
    });
  });
  it('an adapter of one of two tied weights', async () => {
    const { 'lm_head.weight': _, ...tied } = SHAPES;
    const embedding = layer('model.embed_tokens', { kind: 'embedding', inputs: 20, outputs: 9 });
    await refused(/tied weights/, adapter([embedding]), LLAMA, tied);
    await refused(/tied weights/, adapter([embedding]), { ...LLAMA, tie_word_embeddings: true });
  });
  it('tensors that the model has not', () =>
    refused(
      /brings score.weight of shape \[2, 9\], which the model has not/,
      adapter(
        [of],
        {},
        {
          'base_model.model.score.weight': lazy(tensorOf(new Float32Array(18), [2, 9])),
        },
      ),
    ));
  it('an activated LoRA, with the reason', () =>
    refused(/acts on some tokens only/, adapter([of], { alora_invocation_tokens: [1, 2] })));
  it('a scale that is no number', async () => {
    const base = await model({ 'model.safetensors': tensorsOf(SHAPES) }, LLAMA);
    expect(() => mergeAdapter(K, base, adapter([of]), { scale: Number.NaN })).toThrow(
      /scale should be a finite number/,
    );
  });
});
