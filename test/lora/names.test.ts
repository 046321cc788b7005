// The dialects, by the names that their programs write.

import { describe, expect, it } from 'vitest';
import { singleKernels } from '../../src/kernels/index.js';
import { relativeError } from '../../src/linalg/norms.js';
import { readAdapter } from '../../src/lora/adapter.js';
import { checkAdapter } from '../../src/lora/check.js';
import { convertAdapter } from '../../src/lora/convert.js';
import { dialectFiles } from '../../src/lora/dialects.js';
import { filesOf } from '../../src/lora/files.js';
import { namesOf } from '../../src/lora/names.js';
import { safetensors, stored, weights } from './models.js';
import { deltaOf, inMemory, reread } from './samples.js';

describe('names of factors', () => {
  it.each([
    ['peft', 'base_model.model.m.q.lora_A.weight', 'base_model.model.m.q.lora_B.weight', 'm.q'],
    ['peft', 'base_model.model.m.q.lora_A.default.weight', 'base_model.model.m.q.lora_B.default.weight', 'm.q'],
    ['peft', 'base_model.model.m.e.lora_embedding_A', 'base_model.model.m.e.lora_embedding_B', 'm.e'],
    ['diffusers', 'unet.mid.to_q.lora_A.weight', 'unet.mid.to_q.lora_B.weight', 'unet.mid.to_q'],
    ['diffusers', 'unet.mid.to_q.lora.down.weight', 'unet.mid.to_q.lora.up.weight', 'unet.mid.to_q'],
    [
      'diffusers',
      'unet.mid.attn1.processor.to_out_lora.down.weight',
      'unet.mid.attn1.processor.to_out_lora.up.weight',
      'unet.mid.attn1.to_out.0',
    ],
    ['kohya', 'lora_unet_mid_to_q.lora_down.weight', 'lora_unet_mid_to_q.lora_up.weight', 'lora_unet_mid_to_q'],
  ])('%s: %s', (dialect, A, B, path) => {
    const found = namesOf([A, B, 'other.lora_magnitude_vector']);
    expect(found.dialect).toBe(dialect);
    expect([...found.pairs]).toEqual([[path, { A, B, embedding: A.includes('embedding') }]]);
    expect(found.others).toEqual(['other.lora_magnitude_vector']);
  });

  it('without their twins are among the others', () =>
    expect(namesOf(['a.q.lora_A.weight', 'b.q.lora_B.weight', 'c.alpha']).others).toHaveLength(3));
});

describe('a file of diffusers', () => {
  const paths = ['unet.mid.to_q', 'unet.mid.to_k', 'text_encoder.layers.0.q_proj', 'transformer.x'];
  const file = (lora_adapter_metadata?: string) =>
    filesOf({
      'pytorch_lora_weights.safetensors': safetensors(
        Object.fromEntries(
          paths.flatMap((path) => [
            [`${path}.lora_A.weight`, stored(weights('a', [4, 8]), [4, 8], 'F32')],
            [`${path}.lora_B.weight`, stored(weights('b', [6, 4]), [6, 4], 'F32')],
          ]),
        ),
        lora_adapter_metadata === undefined ? {} : { format: 'pt', lora_adapter_metadata },
      ),
    });
  const said = JSON.stringify({
    ...{ 'unet.r': 4, 'unet.lora_alpha': 8, 'unet.alpha_pattern': { 'mid.to_k': 2 } },
    ...{ 'text_encoder.r': 4, 'text_encoder.lora_alpha': 6, 'text_encoder.use_rslora': true },
  });

  it('has s by its metadata, part by part, and 1 where it says nothing', async () => {
    const scalings = async (text?: string) => {
      const adapter = await readAdapter(file(text));
      return paths.map((path) => adapter.head(path).scaling);
    };
    expect(await scalings()).toEqual([1, 1, 1, 1]);
    expect(await scalings(said)).toEqual([2, 0.5, 3, 1]);
  });

  it('is written again with s in B, and without metadata that would scale it twice', async () => {
    const adapter = await readAdapter(file(said));
    const { adapter: converted } = await convertAdapter(singleKernels(), adapter, { to: 'diffusers' });
    const again = await readAdapter(await inMemory(dialectFiles(converted, 'diffusers')));
    expect(again.metadata).toEqual({ format: 'pt' });
    for (const path of paths)
      expect(relativeError(deltaOf(await again.layer(path)), deltaOf(await adapter.layer(path)))).toBeLessThan(1e-6);
    const peft = await reread(adapter);
    expect(paths.map((path) => peft.head(path).scaling)).toEqual([2, 0.5, 3, 1]);
  });

  it.each([
    ['{', /lora_adapter_metadata in the metadata of the file should be an object in JSON, got {/],
    [
      JSON.stringify({ 'unet.r': 4, 'unet.lora_alpha': -1 }),
      /lora_adapter_metadata of unet.: lora_alpha should be a positive/,
    ],
  ])('whose metadata is %s is refused, and a fault to check', async (text, message) => {
    await expect(readAdapter(file(text))).rejects.toThrow(message);
    const { findings } = await checkAdapter(singleKernels(), file(text));
    expect(findings).toMatchObject([{ severity: 'fault', check: 'scaling', message: expect.stringMatching(message) }]);
  });
});

describe('a file of kohya', () => {
  it('has its α in tensors: s = α/r, and 1 where there is none', async () => {
    const factor = (name: string, shape: number[]) => stored(weights(name, shape), shape, 'F16');
    const file = safetensors({
      'lora_unet_a.lora_down.weight': factor('a', [4, 8]),
      'lora_unet_a.lora_up.weight': factor('b', [6, 4]),
      'lora_unet_a.alpha': stored(Float32Array.of(2), [], 'F16'),
      'lora_unet_c.lora_down.weight': factor('c', [2, 3, 3, 3]),
      'lora_unet_c.lora_up.weight': factor('d', [5, 2, 1, 1]),
    });
    const adapter = await readAdapter(filesOf({ 'detail.safetensors': file }));
    expect(adapter.head('lora_unet_a')).toMatchObject({
      rank: 4,
      alpha: 2,
      scaling: 0.5,
      dtype: 'F16',
      kind: 'linear',
    });
    expect(adapter.head('lora_unet_c')).toMatchObject({ rank: 2, alpha: 2, scaling: 1, kind: 'conv2d', inputs: 27 });
    expect(adapter.config).toMatchObject({ target_modules: ['lora_unet_a', 'lora_unet_c'], lora_alpha: 2 });
    expect((await adapter.layer('lora_unet_a')).A.data[3]).toBeCloseTo(weights('a', [4, 8])[3], 4);
  });

  it.each([[[Number.NaN]], [[Infinity]], [[0]], [[-4]], [[]], [[2, 2]]])(
    'of which α is %j is refused, and a fault to check',
    async (numbers) => {
      const files = filesOf({
        'detail.safetensors': safetensors({
          'lora_unet_a.lora_down.weight': stored(weights('a', [4, 8]), [4, 8], 'F32'),
          'lora_unet_a.lora_up.weight': stored(weights('b', [6, 4]), [6, 4], 'F32'),
          'lora_unet_a.alpha': stored(Float32Array.from(numbers), [numbers.length], 'F32'),
        }),
      });
      await expect(readAdapter(files)).rejects.toThrow(/lora_unet_a.alpha should be a positive number, got/);
      const { findings, ok } = await checkAdapter(singleKernels(), files);
      expect(ok).toBe(false);
      expect(findings[0]).toMatchObject({ check: 'scaling', path: 'lora_unet_a' });
    },
  );
});
