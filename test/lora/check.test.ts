// Faults and warnings: each is planted, found by name, and nothing else is.

import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../src/io/tensor.js';
import { singleKernels } from '../../src/kernels/index.js';
import { checkAdapter } from '../../src/lora/check.js';
import { openCheckpoint } from '../../src/lora/checkpoint.js';
import { filesOf } from '../../src/lora/files.js';
import { json, type LlamaOptions, llama, safetensors, stored, weights } from './models.js';

const K = singleKernels();
const LAYERS = [0, 1].flatMap((l) => ['q_proj', 'v_proj'].map((name) => `model.layers.${l}.self_attn.${name}`));

interface Plant {
  readonly tensors?: (tensors: Record<string, Tensor>) => void;
  readonly config?: object;
  readonly metadata?: Record<string, string>;
  readonly files?: (files: Record<string, Uint8Array>) => void;
}

const A = (path: string) => `base_model.model.${path}.lora_A.weight`;
const B = (path: string) => `base_model.model.${path}.lora_B.weight`;

/** A sound adapter of the small Llama, and what is planted in it. */
function adapter({ tensors: edit, config, metadata = { format: 'pt' }, files: change }: Plant = {}) {
  const tensors: Record<string, Tensor> = {};
  for (const path of LAYERS) {
    const outputs = path.endsWith('q_proj') ? 64 : 32;
    tensors[A(path)] = stored(weights(A(path), [4, 64]), [4, 64], 'F32');
    tensors[B(path)] = stored(weights(B(path), [outputs, 4]), [outputs, 4], 'F32');
  }
  edit?.(tensors);
  const files: Record<string, Uint8Array> = {
    'adapter_config.json': json({
      ...{ peft_type: 'LORA', r: 4, lora_alpha: 8, target_modules: ['q_proj', 'v_proj'] },
      ...config,
    }),
    'adapter_model.safetensors': safetensors(tensors, metadata),
  };
  change?.(files);
  return filesOf(files);
}
const base = (options: LlamaOptions = {}, more: Record<string, Uint8Array> = {}) =>
  openCheckpoint(filesOf({ ...llama(options), ...more }));

const set = (name: string, at: number, value: number) => (tensors: Record<string, Tensor>) => {
  const { shape, bytes } = tensors[name];
  const data = new Float32Array(bytes.slice().buffer);
  data[at] = value;
  tensors[name] = stored(data, shape, 'F32');
};
const scale = (name: string, factor: number) => (tensors: Record<string, Tensor>) => {
  const { shape, bytes } = tensors[name];
  tensors[name] = stored(
    new Float32Array(bytes.slice().buffer).map((x) => factor * x),
    shape,
    'F32',
  );
};
const [Q0, V0] = LAYERS;

describe('checkAdapter', () => {
  it('finds nothing in a sound adapter, alone or beside its base', async () => {
    expect(await checkAdapter(K, adapter())).toEqual({ layers: 4, findings: [], ok: true });
    const whole = { config: { layers_to_transform: [0, 1], layers_pattern: null, exclude_modules: 'k_proj' } };
    expect(await checkAdapter(K, adapter(whole))).toEqual({ layers: 4, findings: [], ok: true });
    expect(await checkAdapter(K, adapter(), { base: await base() })).toEqual({ layers: 4, findings: [], ok: true });
  });

  it.each<[string, string, Plant, RegExp]>([
    [
      'file',
      'no weights',
      { files: (f) => delete f['adapter_model.safetensors'] },
      /should be adapter_model.safetensors/,
    ],
    [
      ...(['file', 'a truncated file'] as const),
      { files: (f) => void (f['adapter_model.safetensors'] = f['adapter_model.safetensors'].slice(0, -1)) },
      /should end with the file/,
    ],
    ['config', 'no config', { files: (f) => delete f['adapter_config.json'] }, /adapter_config.json is missing/],
    ['config', 'another method', { config: { peft_type: 'IA3' } }, /peft_type should be LORA/],
    [
      'config',
      'an init that PEFT refuses',
      { config: { init_lora_weights: 'nora' } },
      /"nora", which PEFT does not know/,
    ],
    [
      'config',
      'layers that no target covers',
      { config: { target_modules: ['q_proj'] } },
      /does not cover 2 of 4 layers/,
    ],
    [
      'config',
      'layers that are left out by their numbers',
      { config: { layers_to_transform: [1] } },
      /does not cover 2 of 4 layers \(narrowed by layers_to_transform\), model.layers.0/,
    ],
    [
      'config',
      'layers that are left out by name',
      { config: { exclude_modules: ['1.self_attn.v_proj'] } },
      /does not cover 1 of 4 layers \(narrowed by exclude_modules\), model.layers.1/,
    ],
    [
      'config',
      'layers whose numbers are elsewhere',
      { config: { layers_to_transform: 0, layers_pattern: ['h', 'layers'] } },
      /does not cover 2 of 4 layers/,
    ],
    ['config', 'a regex that covers none', { config: { target_modules: '.*k_proj' } }, /does not cover 4 of 4 layers/],
    [
      ...(['config', 'magnitudes without DoRA'] as const),
      {
        tensors: (t) =>
          void (t[`base_model.model.${Q0}.lora_magnitude_vector`] = stored(weights('m', [64]), [64], 'F32')),
      },
      /1 DoRA magnitudes are in the file/,
    ],
    ['keys', 'half a pair', { tensors: (t) => delete t[B(Q0)] }, /lora_A.weight has no twin/],
    [
      ...(['keys', 'no prefix'] as const),
      { tensors: rename((name) => name.replace('base_model.model.', '')) },
      /does not begin with base_model.model./,
    ],
    [
      ...(['keys', 'the name of the adapter'] as const),
      { tensors: rename((name) => name.replace('.weight', '.default.weight')) },
      /holds the name of the adapter/,
    ],
    ['keys', 'a module that was not saved', { config: { modules_to_save: ['score'] } }, /modules_to_save names score/],
    [
      ...(['keys', 'no factors at all'] as const),
      {
        tensors: (t) => {
          for (const name of Object.keys(t)) delete t[name];
          t['model.w'] = stored(weights('w', [2]), [2], 'F32');
        },
      },
      /no pair of factors is in the file, got model.w/,
    ],
    [
      ...(['shapes', 'factors that do not fit'] as const),
      { tensors: (t) => void (t[A(Q0)] = stored(weights('x', [5, 64]), [5, 64], 'F32')) },
      /A should be r×inputs and B outputs×r with one r, got A \[5, 64\]/,
    ],
    [
      'shapes',
      'a rank that is not the rank of the config',
      { config: { r: 8 } },
      /says rank 8, the factors have rank 4/,
    ],
    ['shapes', 'DoRA without magnitudes', { config: { use_dora: true } }, /magnitude of this layer is missing/],
    [
      ...(['dtypes', 'codes for factors'] as const),
      { tensors: (t) => void (t[A(Q0)] = { dtype: 'I8', shape: [4, 64], bytes: new Uint8Array(256) }) },
      /should be F32, F16 or BF16, got I8/,
    ],
    ['numbers', 'a NaN', { tensors: set(A(V0), 70, Number.NaN) }, /A holds NaN in row 1, column 6/],
    ['numbers', 'an infinity', { tensors: set(B(V0), 5, Infinity) }, /B holds Infinity in row 1, column 1/],
    [
      ...(['numbers', 'a layer that cannot train'] as const),
      {
        tensors: (t) => {
          scale(A(V0), 0)(t);
          scale(B(V0), 0)(t);
        },
      },
      /A and B are both zero/,
    ],
  ])('fault of %s: %s', async (check, _, plant, message) => {
    const { findings, ok } = await checkAdapter(K, adapter(plant));
    expect(ok).toBe(false);
    const faults = findings.filter(({ severity }) => severity === 'fault');
    expect(faults.map((finding) => finding.check)).toContain(check);
    expect(faults.find((finding) => finding.check === check)!.message).toMatch(message);
    for (const finding of findings) expect(finding.repair).not.toBe('');
  });

  it.each<[string, string, Plant, RegExp]>([
    [
      'config',
      'a start that moves the base',
      { config: { init_lora_weights: 'pissa_niter_4' } },
      /changes the weights of the base/,
    ],
    ['base', 'a residual base', { metadata: { base: 'residual', method: 'pissa' } }, /belongs on the changed weights/],
    [
      ...(['keys', 'a tensor nobody reads'] as const),
      { tensors: (t) => void (t['base_model.model.extra'] = stored(weights('x', [2]), [2], 'F32')) },
      /extra is no factor/,
    ],
    [
      ...(['dtypes', 'mixed types'] as const),
      { tensors: (t) => void (t[A(Q0)] = stored(weights('x', [4, 64]), [4, 64], 'BF16')) },
      /several types: .*BF16 ×1/,
    ],
    ['scaling', 'the √r trap of rsLoRA', { config: { use_rslora: true } }, /α\/√r = 4.000: .* √r = 2.00 times less/],
    ['scaling', 'a wild scaling', { config: { lora_alpha: 1024 } }, /the scaling is 256/],
    [
      'scaling',
      'a pattern without a layer',
      { config: { alpha_pattern: { k_proj: 3 } } },
      /alpha_pattern names k_proj/,
    ],
    ['numbers', 'a layer that was not trained', { tensors: scale(B(V0), 0) }, /this layer was not trained/],
    [
      ...(['numbers', 'empty directions'] as const),
      {
        tensors: (t) => {
          for (let i = 0; i < 64; i++) set(A(V0), 3 * 64 + i, 0)(t);
        },
      },
      /B A has rank 3 of 4: 1 of its directions are empty/,
    ],
    ['numbers', 'a layer out of proportion', { tensors: scale(B(V0), 1e4) }, /times that of the middle layer/],
  ])('warning of %s: %s', async (check, _, plant, message) => {
    const { findings, ok } = await checkAdapter(K, adapter(plant));
    expect(ok).toBe(true);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ severity: 'warning', check, message: expect.stringMatching(message) });
  });

  it.each<[string, LlamaOptions, Record<string, Uint8Array>, string, RegExp]>([
    ['other shapes', { d: 32, kv: 16 }, {}, 'fault', /the layer is 64×64, the module of the base 32×32/],
    ['other modules', { layers: 1 }, {}, 'fault', /2 of 4 layers have no module in the base, model.layers.1/],
    [
      ...(['codes for weights', {}] as const),
      { 'config.json': json({ quantization_config: { quant_method: 'gptq' } }) },
      ...(['warning', /the base is quantised/] as const),
    ],
  ])('against a base with %s', async (_, options, more, severity, message) => {
    const { findings } = await checkAdapter(K, adapter(), { base: await base(options, more) });
    expect(findings[0]).toMatchObject({ severity, check: 'base', message: expect.stringMatching(message) });
  });

  it('finds nothing in a sound adapter whose paths are those of its base but for what stands before them, as merge does', async () => {
    for (const prefix of ['unet.', 'base_model.model.base_model.']) {
      const plant = { tensors: rename((name) => name.replace('base_model.model.', prefix)) };
      const files = { files: (f: Record<string, Uint8Array>) => delete f['adapter_config.json'] };
      const { findings } = await checkAdapter(K, adapter(prefix === 'unet.' ? { ...plant, ...files } : plant), {
        base: await base(),
      });
      expect(findings).toEqual([]);
    }
  });

  it('finds one number that is not finite in a weight of the base', async () => {
    const [name, at] = [`${Q0}.weight`, 70];
    const edit = (tensors: Record<string, Tensor>) => set(name, at, Number.NaN)(tensors);
    const { findings, ok } = await checkAdapter(K, adapter(), { base: await base({ dtype: 'F32', edit }) });
    expect(ok).toBe(false);
    expect(findings).toMatchObject([
      {
        severity: 'fault',
        check: 'base',
        path: Q0,
        message: expect.stringMatching(/q_proj.weight of the base holds numbers that are not finite/),
      },
    ]);
  });

  it('warns of an update that outweighs the weight', async () => {
    const plant = {
      tensors: (t: Record<string, Tensor>) => {
        for (const path of LAYERS) scale(B(path), 30)(t);
      },
    };
    const { findings } = await checkAdapter(K, adapter(plant), { base: await base() });
    expect(findings).toHaveLength(4);
    expect(findings[0].message).toMatch(/the adapter outweighs the model there/);
  });

  it('warns of fan_in_fan_out on weights that are stored straight, square ones too', async () => {
    const given = adapter({ config: { fan_in_fan_out: true } });
    const { findings } = await checkAdapter(K, given, { base: await base() });
    expect(findings.map(({ path }) => path)).toEqual(LAYERS); // q_proj is 64×64
    expect(findings[0].message).toBe('fan_in_fan_out is true, and the base stores this weight outputs×inputs');
  });

  it.each([
    ['nora', /^set init_lora_weights to true/],
    ['milora', /^convert it to a plain adapter/], // which moved its base
  ])('finds the repair of init_lora_weights %s, which PEFT does not know', async (init, repair) => {
    const { findings } = await checkAdapter(K, adapter({ config: { init_lora_weights: init } }));
    expect(findings).toMatchObject([{ severity: 'fault', repair: expect.stringMatching(repair) }]);
  });

  it('finds the repair of rsLoRA to mean the same', async () => {
    const { findings } = await checkAdapter(K, adapter({ config: { use_rslora: true } }));
    expect(findings[0].repair).toContain('lora_alpha 16'); // 16/4 = 8/√4
  });
});

function rename(change: (name: string) => string) {
  return (tensors: Record<string, Tensor>): void => {
    for (const [name, tensor] of Object.entries(tensors)) {
      delete tensors[name];
      tensors[change(name)] = tensor;
    }
  };
}
