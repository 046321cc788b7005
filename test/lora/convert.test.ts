// Conversions: the rank-doubling identity (row 28), its recompression, and the names of the three dialects.

import { describe, expect, it } from 'vitest';
import { relativeError } from '../../src/linalg/norms.js';
import { type Adapter, type AdapterLayer, adapterOf, readAdapter } from '../../src/lora/adapter.js';
import { type PeftConfig, peftConfig } from '../../src/lora/config.js';
import { convertAdapter } from '../../src/lora/convert.js';
import { dialectFiles, pathOfKohya } from '../../src/lora/dialects.js';
import { matrix } from '../../src/matrix.js';
import { close } from '../close.js';
import { deltaOf, inMemory, K, layer, layersOf, randomly, refusal, reread } from './samples.js';

const adapter = (layers: readonly AdapterLayer[], config: Partial<PeftConfig> = {}) =>
  adapterOf(peftConfig({ r: 4, lora_alpha: 8, target_modules: ['q', 'k'], ...config }), layers);
const start = (path: string, over: Partial<AdapterLayer> = {}) => {
  const { rank, outputs, inputs } = { ...layer(path), ...over };
  return layer(path, {
    A: randomly(`start/${path}/A`, rank, inputs),
    B: randomly(`start/${path}/B`, outputs, rank),
    ...over,
  });
};

describe('an adapter whose start was taken out of the base', () => {
  it.each([false, true])(
    'is one of twice the rank on the base itself: W_res + sBA = W + s′B′A′ to 1e-6 as stored (rsLoRA: %s)',
    async (use_rslora) => {
      const scaling = use_rslora ? 8 / 2 : 2;
      const [now, before] = [layer('m.q', { scaling }), start('m.q', { scaling })];
      const init = { init_lora_weights: 'pissa', use_rslora };
      const { adapter: plain, layers } = await convertAdapter(K, adapter([now], init), {
        init: adapter([before], init),
      });
      const W = randomly('W', 12, 9).data;
      const [D, D0] = [deltaOf(now).data, deltaOf(before).data];
      const read = await reread(plain);
      const after = await read.layer('m.q');
      close(
        Float64Array.from(W, (w, t) => w + deltaOf(after).data[t]),
        Float64Array.from(W, (w, t) => w - D0[t] + D[t]),
        { atol: 1e-5 },
      );
      expect([after.rank, read.config.r, read.config.init_lora_weights]).toEqual([8, 8, true]);
      close(after.alpha, use_rslora ? 8 * Math.SQRT2 : 16, { rtol: 1e-15 });
      close(after.scaling, scaling, { rtol: 1e-15 });
      expect(layers[0].error).toBe(0); // the factors are copied
    },
  );

  it.each([false, true])(
    'row 28: s′B′A′ = s·(B A − B₀A₀) of the factors that come out, to 1e-12 in f64 (rsLoRA: %s)',
    async (use_rslora) => {
      const scaling = use_rslora ? 8 / 2 : 2;
      const [now, before] = [layer('m.q', { scaling }), start('m.q', { scaling })];
      const init = { init_lora_weights: 'olora', use_rslora };
      const { adapter: plain } = await convertAdapter(K, adapter([now], init), { init: adapter([before], init) });
      const [D, D0] = [deltaOf(now).data, deltaOf(before).data];
      close(
        deltaOf(await (await reread(plain)).layer('m.q')).data,
        D.map((x, t) => x - D0[t]),
        { atol: 1e-12 },
      );
    },
  );

  it('is stored in the type that holds both starts, with nothing lost', async () => {
    const init = { init_lora_weights: 'olora' };
    const trained = adapter([layer('m.q', { dtype: 'BF16' })], init);
    const { adapter: plain, layers } = await convertAdapter(K, trained, { init: adapter([start('m.q')], init) });
    expect([plain.head('m.q').dtype, layers[0].error]).toEqual(['F32', 0]);
  });

  it('keeps every scaling through rank and alpha patterns', async () => {
    const many = (make: typeof layer) => [
      make('m.0.q'),
      make('m.1.q'),
      make('m.k', { rank: 2, alpha: 3, scaling: 1.5 }),
    ];
    const init = { init_lora_weights: 'olora' };
    const { adapter: plain } = await convertAdapter(K, adapter(many(layer), init), {
      init: adapter(many(start), init),
    });
    const read = await reread(plain);
    expect(read.paths.map((path) => [read.head(path).rank, read.head(path).alpha, read.head(path).scaling])).toEqual([
      [8, 16, 2],
      [8, 16, 2],
      [4, 6, 1.5],
    ]);
  });

  it('recompressed to the rank of the training step loses nothing (≤ 1e-6), and below it says what it loses', async () => {
    const before = start('m.q', { outputs: 40, inputs: 30 });
    const B = matrix(
      40,
      4,
      before.B.data.map((x, t) => x + (t % 4 === 0 ? 0.3 * (t % 7) : 0)),
    );
    const init = { init_lora_weights: 'pissa' };
    const [trained, first] = [adapter([{ ...before, B }], init), adapter([before], init)];
    const exact = (await convertAdapter(K, trained, { init: first })).adapter;
    const one = await convertAdapter(K, trained, { init: first, rank: 1 });
    const [D, D1] = [deltaOf(await exact.layer('m.q')), deltaOf(await one.adapter.layer('m.q'))];
    expect(relativeError(D1, D)).toBeLessThan(1e-6);
    expect(one.layers[0].error).toBeLessThan(1e-6);

    const both = [adapter([layer('m.q')], init), adapter([start('m.q')], init)] as const;
    const whole = (await convertAdapter(K, both[0], { init: both[1] })).adapter;
    const small = await convertAdapter(K, both[0], { init: both[1], rank: 5 });
    const lost = relativeError(deltaOf(await small.adapter.layer('m.q')), deltaOf(await whole.layer('m.q')));
    close(small.layers[0].error, lost, { rtol: 1e-6 });
    expect(small.adapter.head('m.q')).toMatchObject({ rank: 5, alpha: 10, scaling: 2 });
  });
});

describe('names of', () => {
  const paths = [
    'unet.down_blocks.0.attentions.1.transformer_blocks.0.attn1.to_q',
    'unet.mid_block.attentions.0.proj_in',
    'unet.up_blocks.1.resnets.2.time_emb_proj',
    'unet.down_blocks.2.attentions.0.transformer_blocks.1.ff.net.0.proj',
    'text_encoder.text_model.encoder.layers.11.self_attn.q_proj',
  ];
  const unet = (scaling = 2) =>
    adapter([
      ...paths.map((path) => layer(path, { scaling, alpha: 4 * scaling })),
      layer('unet.down_blocks.0.resnets.0.conv1', {
        kind: 'conv2d',
        inputs: 18,
        kernel: [3, 3],
        scaling,
        alpha: 4 * scaling,
      }),
    ]);
  const through = async (of: Adapter, to: 'kohya' | 'diffusers') => {
    const { adapter: converted } = await convertAdapter(K, of, { to });
    return readAdapter(await inMemory(dialectFiles(converted, to)));
  };

  it.each(['kohya', 'diffusers'] as const)('%s files hold the same products, to 1e-6, kernels too', async (to) => {
    const [before, after] = [await layersOf(unet(1.5)), await through(unet(1.5), to)];
    expect(after.dialect).toBe(to);
    for (const path of after.paths) {
      const own = await after.layer(path);
      const from = before.get(to === 'kohya' ? pathOfKohya(path) : path)!;
      expect(relativeError(deltaOf(own), deltaOf(from))).toBeLessThan(1e-6);
      expect([own.kind, own.kernel]).toEqual([from.kind, from.kernel]);
    }
  });

  it('PEFT → kohya → diffusers → kohya come back', async () => {
    const kohya = await through(unet(), 'kohya');
    expect(kohya.paths).toContain('lora_unet_down_blocks_0_attentions_1_transformer_blocks_0_attn1_to_q');
    expect(kohya.paths).toContain('lora_te_text_model_encoder_layers_11_self_attn_q_proj');
    const diffusers = await through(kohya, 'diffusers');
    expect([...diffusers.paths].sort()).toEqual([...unet().paths].sort());
    expect((await through(diffusers, 'kohya')).paths).toEqual(kohya.paths);
  });

  it('PEFT lose the name of the part, and the config names every layer', async () => {
    const one = adapter([layer('lora_unet_mid_block_attentions_0_proj_in')], {
      target_modules: null,
      exclude_modules: ['proj_in'],
    });
    const { adapter: peft } = await convertAdapter(K, { ...one, dialect: 'kohya' }, { to: 'peft' });
    expect(peft.paths).toEqual(['mid_block.attentions.0.proj_in']);
    expect(peft.config.target_modules).toEqual(peft.paths);
    expect(peft.config).not.toHaveProperty('exclude_modules'); // of the old names
  });

  it('kohya are told apart by the paths of the model, where words do not', async () => {
    const one = adapter([layer('lora_unet_my_odd_block_0_some_thing')]);
    await refusal(
      convertAdapter(K, one, { to: 'peft' }),
      /dots of lora_unet_my_odd_block_0_some_thing cannot be told .* at 'my_odd/,
    );
    const known = ['my_odd.block.0.some_thing'];
    expect((await convertAdapter(K, one, { to: 'peft', known })).adapter.paths).toEqual(known);
  });

  it('two models do not fit one adapter of PEFT', () =>
    refusal(convertAdapter(K, unet(), { to: 'peft' }), /belongs to one model, this one has layers of .*unet/));

  it('diffusers have the parts of a pipeline: a language model is none of them', async () => {
    const llama = adapter([layer('model.layers.0.self_attn.q_proj')]);
    await refusal(
      convertAdapter(K, llama, { to: 'diffusers' }),
      /parts of a pipeline of images .*model\.layers\.0\.self_attn\.q_proj is of none of them/,
    );
    const bare = [
      'transformer_blocks.0.attn.to_q',
      'x_embedder',
      'mid_block.attentions.0.proj_in',
      'text_model.encoder.layers.0.self_attn.q_proj',
    ];
    const named = await convertAdapter(K, adapter(bare.map((path) => layer(path))), { to: 'diffusers' });
    expect(named.adapter.paths).toEqual([
      `text_encoder.${bare[3]}`,
      `transformer.${bare[0]}`,
      `transformer.${bare[1]}`,
      `unet.${bare[2]}`,
    ]);
  });

  it('diffusers are refused where s·B overflows the type', () =>
    refusal(
      through(adapter([layer('unet.mid_block.attentions.0.proj_in', { scaling: 1e6, dtype: 'F16' })]), 'diffusers'),
      /proj_in: B should be finite in F16, its largest number is/,
    ));

  it('kohya and diffusers have no embeddings and no other tensors', async () => {
    const embedding = adapter([layer('m.e', { kind: 'embedding' })]);
    await refusal(through(embedding, 'kohya'), /files of kohya have no embeddings, got lora_unet_m_e/);
    const others = { x: { dtype: 'F32' as const, shape: [1], bytes: async () => new Uint8Array(4) } };
    await refusal(
      through({ ...unet(), others }, 'diffusers'),
      /files of diffusers hold factors alone, the adapter has also x/,
    );
  });
});

describe('converting refuses', () => {
  const moved = adapter([layer('m.q')], { init_lora_weights: 'pissa' });
  it('an adapter on a changed base without its start', () =>
    refusal(convertAdapter(K, moved), /init_lora_weights 'pissa'/));
  it('a start of another rank', () =>
    refusal(
      convertAdapter(K, moved, { init: adapter([start('m.q', { rank: 2 })]) }),
      /m.q: both adapters should have one shape, rank and scaling/,
    ));
  it('a start without one of the layers', () =>
    refusal(convertAdapter(K, moved, { init: adapter([start('m.k')]) }), /initial adapter should have m.q/));
  it('a start that adds nothing, where nothing says that the base was changed', () => {
    const zero = layer('m.q', { B: matrix(12, 4, new Float32Array(48)) });
    return refusal(
      convertAdapter(K, adapter([layer('m.q')]), { init: adapter([zero]) }),
      /adds nothing, so the base was never changed/,
    );
  });
  it('DoRA, with the reason', () =>
    refusal(convertAdapter(K, adapter([layer('m.q')], { use_dora: true }), { init: moved }), /DoRA adapter is no sum/));
});
