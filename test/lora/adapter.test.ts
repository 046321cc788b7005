// Adapters in files: what is written is what PEFT names, and what is read is what was written.

import { describe, expect, it } from 'vitest';
import { rangeOf } from '../../src/io/bytes.js';
import { openSafetensors } from '../../src/io/safetensors.js';
import { tensorOf } from '../../src/io/tensor.js';
import { type AdapterLayer, adapterFiles, adapterOf, patternsOf, readAdapter } from '../../src/lora/adapter.js';
import { patternFor, peftConfig } from '../../src/lora/config.js';
import { bytesOf, filesOf } from '../../src/lora/files.js';
import { matrix } from '../../src/matrix.js';
import { fillNormals, stream } from '../../src/random/index.js';
import { json, safetensors, stored, weights } from './models.js';

const layer = (path: string, over: Partial<AdapterLayer> = {}): AdapterLayer => {
  const head = { path, kind: 'linear', rank: 3, outputs: 5, inputs: 8, alpha: 6, scaling: 2, dtype: 'F32' } as const;
  const all = { ...head, ...over };
  const A = matrix(all.rank, all.inputs, new Float32Array(all.rank * all.inputs));
  const B = matrix(all.outputs, all.rank, new Float32Array(all.outputs * all.rank));
  fillNormals(stream(1, `${path}/A`), A.data);
  fillNormals(stream(1, `${path}/B`), B.data);
  return { ...all, A, B };
};

const written = async (adapter: Parameters<typeof adapterFiles>[0]) =>
  Object.fromEntries(await Promise.all(adapterFiles(adapter).map(async (f) => [f.name, await bytesOf(f)] as const)));

const magnitude = (bytes: Uint8Array) => ({ dtype: 'F32' as const, shape: [2], bytes: async () => bytes });

describe('an adapter in the files of PEFT', () => {
  const config = peftConfig({ r: 3, lora_alpha: 6, target_modules: ['q_proj', 'conv', 'embed'], nora_sigma: 0.1 });
  const adapter = adapterOf(
    config,
    [
      layer('m.layers.0.q_proj'),
      layer('m.conv', { kind: 'conv2d', kernel: [2, 2] }),
      layer('m.embed', { kind: 'embedding' }),
    ],
    {
      others: {
        'base_model.model.m.layers.0.q_proj.lora_magnitude_vector': magnitude(new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8])),
      },
      metadata: { method: 'nystrom' },
    },
  );

  it('has the keys and shapes that PEFT gives, and format pt', async () => {
    const files = await written(adapter);
    const { tensors, metadata } = await openSafetensors(rangeOf(files['adapter_model.safetensors']));
    expect(metadata).toEqual({ format: 'pt', method: 'nystrom' });
    expect(Object.fromEntries([...tensors].map(([name, { dtype, shape }]) => [name, [dtype, ...shape]]))).toEqual({
      'base_model.model.m.conv.lora_A.weight': ['F32', 3, 2, 2, 2],
      'base_model.model.m.conv.lora_B.weight': ['F32', 5, 3, 1, 1],
      'base_model.model.m.embed.lora_embedding_A': ['F32', 3, 8],
      'base_model.model.m.embed.lora_embedding_B': ['F32', 5, 3],
      'base_model.model.m.layers.0.q_proj.lora_A.weight': ['F32', 3, 8],
      'base_model.model.m.layers.0.q_proj.lora_B.weight': ['F32', 5, 3],
      'base_model.model.m.layers.0.q_proj.lora_magnitude_vector': ['F32', 2],
    });
  });

  it('reads back equal, and writes the same bytes again', async () => {
    const files = await written(adapter);
    const again = await readAdapter(filesOf(files));
    expect(again.paths).toEqual(adapter.paths);
    for (const path of adapter.paths) expect(await again.layer(path)).toEqual(await adapter.layer(path));
    expect(again.config).toEqual(config);
    expect(Object.keys(again.others)).toEqual(Object.keys(adapter.others));
    expect(await written(again)).toEqual(files);
  });

  it.each([
    ['F16', 'F32', 'F32'],
    ['F32', 'BF16', 'F32'],
    ['BF16', 'F16', 'F32'],
    ['F64', 'F64', 'F32'],
    ['BF16', 'BF16', 'BF16'],
  ] as const)(
    'with A in %s and B in %s is written in %s: the type of files that holds what was read',
    async (a, b, dtype) => {
      const tensors = {
        'base_model.model.m.q_proj.lora_A.weight': stored(weights('A', [3, 8]), [3, 8], a),
        'base_model.model.m.q_proj.lora_B.weight': stored(weights('B', [5, 3]), [5, 3], b),
      };
      const files = {
        'adapter_config.json': json({ peft_type: 'LORA', r: 3 }),
        'adapter_model.safetensors': safetensors(tensors),
      };
      const once = await readAdapter(filesOf(files));
      const again = await readAdapter(filesOf(await written(once)));
      expect(again.head('m.q_proj').dtype).toBe(dtype);
      expect(await again.layer('m.q_proj')).toEqual(await once.layer('m.q_proj'));
    },
  );

  it('refuses to write a factor that overflows its type, by name', async () => {
    const B = matrix(5, 3, new Float32Array(15).fill(70000, 7, 8));
    await expect(written(adapterOf(config, [{ ...layer('a.q', { dtype: 'F16' }), B }]))).rejects.toThrow(
      'a.q: B should be finite in F16, its largest number is 70000',
    );
  });

  it.each(['F16', 'BF16'] as const)('keeps %s factors as they are', async (dtype) => {
    const files = await written(adapterOf(config, [layer('a.q_proj', { dtype })]));
    const once = await readAdapter(filesOf(files));
    expect(once.head('a.q_proj').dtype).toBe(dtype);
    expect(await written(once)).toEqual(files);
  });

  it.each([
    [{ r: 3, lora_alpha: 12 }, 4],
    [{ r: 3, lora_alpha: 12, use_rslora: true }, 12 / Math.sqrt(3)],
    [{ r: 8, lora_alpha: 12, rank_pattern: { q_proj: 3 }, alpha_pattern: { 'layers\\.\\d+\\.q_proj': 6 } }, 2],
    [{ r: 3, lora_alpha: 12, alpha_pattern: { proj: 6, '(': 3 } }, 4],
  ])('%j scales q_proj of rank 3 by %d', async (fields, s) => {
    const files = await written(adapterOf(peftConfig(fields), [layer('m.layers.0.q_proj')]));
    expect((await readAdapter(filesOf(files))).head('m.layers.0.q_proj').scaling).toBe(s);
  });

  it('names the layers that differ so that no other layer matches, where one path is the end of another', () => {
    const of = (path: string, rank: number) => ({ path, rank, alpha: 2 * rank });
    const layers = [of('a.q', 8), of('b.q', 8), of('k', 4), of('q', 2), of('m.k', 16), of('m.v', 8)];
    const { rank_pattern, alpha_pattern, r, lora_alpha } = patternsOf(layers);
    expect(rank_pattern).toEqual({ '^k': 4, '^q': 2, 'm.k': 16 });
    for (const { path, rank, alpha } of layers) {
      expect(patternFor(rank_pattern, path) ?? r).toBe(rank);
      expect(patternFor(alpha_pattern, path) ?? lora_alpha).toBe(alpha);
    }
  });

  it.each([
    [{ peft_type: 'IA3' }, 'adapter_config.json: peft_type should be LORA, got "IA3"'],
    [{ r: 0 }, 'adapter_config.json: r should be a positive number, got 0'],
    [{ alpha_pattern: { q: 'a' } }, 'adapter_config.json: alpha_pattern of q should be a positive number, got "a"'],
  ])('refuses %j', async (fields, message) => {
    const files = await written(adapterOf(peftConfig(fields as object), [layer('a')]));
    await expect(readAdapter(filesOf(files))).rejects.toThrow(message);
  });

  it('refuses a file without factors: a model is no adapter of nothing', async () => {
    const W = { ...tensorOf(new Float32Array(6), [3, 2]) };
    const file = (...names: string[]) =>
      written(
        adapterOf(config, [], {
          others: Object.fromEntries(names.map((name) => [name, { ...W, bytes: async () => W.bytes }])),
        }),
      );
    const { 'adapter_model.safetensors': bytes } = await file('model.layers.0.q_proj.weight');
    await expect(readAdapter(filesOf({ 'model.safetensors': bytes }))).rejects.toMatchObject({
      code: 'data',
      message: expect.stringContaining('model.safetensors has none: model.layers.0.q_proj.weight'),
      hint: expect.stringContaining('this is a model'),
    });
    await expect(readAdapter(filesOf(await file('a.q.lora_A.weight')))).rejects.toMatchObject({
      hint: expect.stringContaining('lorank lora check'),
    });
    await expect(readAdapter(filesOf(await file()))).rejects.toThrow('has none: no tensors');
  });

  it('refuses factors that do not fit, by name', async () => {
    const tensors = tensorOf(new Float32Array(6), [3, 2]);
    const bad = adapterOf(config, [], {
      others: Object.fromEntries(
        ['A', 'B'].map((part) => [
          `base_model.model.a.q.lora_${part}.weight`,
          { ...tensors, bytes: async () => tensors.bytes },
        ]),
      ),
    });
    await expect(readAdapter(filesOf(await written(bad)))).rejects.toThrow(
      'readAdapter: a.q: A should be r×inputs and B outputs×r with the same r ≥ 1, got A [3, 2] and B [3, 2]',
    );
  });
});
