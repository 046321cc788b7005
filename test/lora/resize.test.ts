// Lower ranks: the error is that of the nearest matrix of that rank, found on the full product, and the scaling stays.

import { describe, expect, it } from 'vitest';
import { floatTensor, toFloat32 } from '../../src/io/tensor.js';
import { frobenius, relativeError } from '../../src/linalg/norms.js';
import { singularValues } from '../../src/linalg/svd.js';
import { type AdapterLayer, adapterOf } from '../../src/lora/adapter.js';
import { peftConfig } from '../../src/lora/config.js';
import { initAdapter } from '../../src/lora/initialise.js';
import { rankForEnergy } from '../../src/lora/product.js';
import { resizeAdapter } from '../../src/lora/resize.js';
import { copy, matrix, slice } from '../../src/matrix.js';
import { close } from '../close.js';
import { deltaOf, K, layer, layersOf, model, randomly, refusal, reread, tensorsOf } from './samples.js';

const config = peftConfig({ r: 4, lora_alpha: 8, target_modules: ['q', 'k', 'conv', 'embed'] });
const adapterWith = (...layers: AdapterLayer[]) => adapterOf(config, layers);

/** √(Σ_{j>r} σ_j² / Σ σ_j²) of the full product. */
const tail = (of: AdapterLayer, rank: number): number => {
  const values = singularValues(K, deltaOf(of));
  const sum = (from: number) => values.subarray(from).reduce((total, value) => total + value * value, 0);
  return Math.sqrt(sum(rank) / sum(0));
};

describe('resizing', () => {
  const shapes: [string, Partial<AdapterLayer>][] = [
    ['a linear layer', {}],
    ['a wide layer', { outputs: 5, inputs: 40 }],
    ['a layer narrower than its rank', { outputs: 3, inputs: 40, rank: 4 }],
    ['a layer with both sides below its rank', { outputs: 6, inputs: 5, rank: 8, alpha: 16 }],
    ['a convolution', { kind: 'conv2d', inputs: 18, kernel: [3, 3] }],
    ['an embedding', { kind: 'embedding', inputs: 30 }],
  ];
  it.each(shapes)('of %s is the nearest matrix of the rank, and says its error, to 1e-6', async (_, over) => {
    const before = layer('m.q', over);
    const { adapter, layers } = await resizeAdapter(K, adapterWith(before), { rank: 2 });
    const after = await (await reread(adapter)).layer('m.q');
    const lost = relativeError(deltaOf(after), deltaOf(before));
    expect([after.rank, after.kind, after.kernel]).toEqual([2, before.kind, before.kernel]);
    close(lost, tail(before, 2), { rtol: 1e-6 });
    close(layers[0].error, lost, { rtol: 1e-6 });
    close(layers[0].norm, Math.hypot(...deltaOf(before).data), { rtol: 1e-6 });
  });

  it('keeps s to 1e-15, with and without rsLoRA, in patterns that the reader understands', async () => {
    for (const use_rslora of [false, true]) {
      const s = (alpha: number, r: number) => alpha / (use_rslora ? Math.sqrt(r) : r);
      const many = [
        layer('m.0.q', { scaling: s(8, 4) }),
        layer('m.1.q', { scaling: s(8, 4) }),
        layer('m.0.k', { rank: 6, alpha: 3, scaling: s(3, 6) }),
        layer('m.1.k', { rank: 1, alpha: 5, scaling: s(5, 1) }),
      ];
      const small = await reread(
        (await resizeAdapter(K, adapterOf({ ...config, use_rslora }, many), { rank: 2 })).adapter,
      );
      expect(small.paths.map((path) => small.head(path).rank)).toEqual([2, 2, 1, 2]);
      for (const before of many) close(small.head(before.path).scaling, before.scaling, { rtol: 1e-15 });
      expect(small.config.target_modules).toEqual(config.target_modules);
    }
  });

  it('with rank auto takes the least rank that keeps the energy', async () => {
    const before = layer('m.q', { rank: 8, outputs: 30, inputs: 20, alpha: 8, scaling: 1 });
    for (const energy of [0.5, 0.9, 0.99]) {
      const { layers } = await resizeAdapter(K, adapterWith(before), { rank: 'auto', energy });
      expect(layers[0].error ** 2).toBeLessThanOrEqual(1 - energy);
      expect(tail(before, layers[0].rank - 1) ** 2).toBeGreaterThan(1 - energy);
    }
    expect(rankForEnergy(Float64Array.of(3, 4, 0, 0), 1)).toBe(2);
    expect(rankForEnergy(new Float64Array(4), 0.9)).toBe(1);
  });

  it('to the rank it has gives the same factors, bit for bit, and never raises a rank', async () => {
    const before = layer('m.q');
    for (const rank of [4, 16]) {
      const { adapter, layers } = await resizeAdapter(K, adapterWith(before), { rank });
      expect((await adapter.layer('m.q')).A.data).toEqual(before.A.data);
      expect(layers).toMatchObject([{ rank: 4, from: 4, error: 0 }]);
    }
  });

  it('loses nothing of a product of lower rank than its factors: ≤ 1e-6', async () => {
    const [A, B] = [layer('m.q').A, layer('m.q').B];
    for (let j = 0; j < 9; j++) A.data[3 * 9 + j] = A.data[j] - 2 * A.data[9 + j];
    const before = layer('m.q', { A, B });
    const { adapter, layers } = await resizeAdapter(K, adapterWith(before), { rank: 3 });
    expect(relativeError(deltaOf(await adapter.layer('m.q')), deltaOf(before))).toBeLessThan(1e-6);
    expect(layers[0].error).toBeLessThan(1e-6);
  });

  it('of a layer that was never trained (B = 0) stays zero and keeps an A to train from', async () => {
    const before = layer('m.q', { B: matrix(12, 4, new Float32Array(48)) });
    const { adapter, layers } = await resizeAdapter(K, adapterWith(before), { rank: 2 });
    const after = await adapter.layer('m.q');
    expect(layers).toMatchObject([{ rank: 2, norm: 0, error: 0 }]);
    expect(after.A.data).toEqual(before.A.data.slice(0, 18));
    expect(after.B.data).toEqual(new Float32Array(24));
  });

  it('of a layer that starts by its columns (A = 0) stays zero and keeps a B to train from', async () => {
    const before = layer('m.q', { A: matrix(4, 9, new Float32Array(36)) });
    const { adapter, layers } = await resizeAdapter(K, adapterWith(before), { rank: 2 });
    const after = await adapter.layer('m.q');
    expect(layers).toMatchObject([{ rank: 2, norm: 0, error: 0 }]);
    expect(copy(after.B).data).toEqual(copy(slice(before.B, 0, 12, 0, 2)).data);
    expect(after.A.data).toEqual(new Float32Array(18));
  });

  it.each([2, 'auto'] as const)(
    'to %s of a start with B A = 0 of two factors is zero, and trains: no rounding is kept',
    async (rank) => {
      const W = { 'm.q.weight': { shape: [48, 40] } };
      const base = await model({ 'm.safetensors': tensorsOf(W) });
      const { adapter: start } = await initAdapter(K, base, { rank: 8, method: 'orthogonal' });
      const before = await start.layer('m.q');
      expect(frobenius(deltaOf(before))).toBeGreaterThan(0); // rounding errors
      const { adapter, layers } = await resizeAdapter(K, start, { rank });
      const after = await adapter.layer('m.q');
      expect(layers).toMatchObject([{ rank: rank === 2 ? 2 : 1, norm: 0, error: 0 }]);
      expect(frobenius(deltaOf(after))).toBe(0);
      expect(after.A.data).toEqual(before.A.data.slice(0, after.A.data.length));
    },
  );

  it('of an update of 1e-6 beside the factors it is the difference of is the nearest matrix: ≤ 1e-2', async () => {
    const [one, noise] = [layer('m.q', { rank: 2 }), randomly('noise', 12, 2)];
    const B = matrix(12, 4, new Float32Array(48));
    for (let i = 0; i < 12; i++)
      for (let j = 0; j < 2; j++) {
        B.data[i * 4 + j] = one.B.data[i * 2 + j];
        B.data[i * 4 + 2 + j] = -one.B.data[i * 2 + j] * (1 + 1e-6 * noise.data[i * 2 + j]);
      }
    const before = layer('m.q', { A: matrix(4, 9, Float32Array.of(...one.A.data, ...one.A.data)), B });
    const { adapter } = await resizeAdapter(K, adapterWith(before), { rank: 2 });
    expect(relativeError(deltaOf(await adapter.layer('m.q')), deltaOf(before))).toBeLessThan(1e-2);
  });

  it.each([['BF16', 2 ** -8] as const, ['F16', 2 ** -11] as const])(
    'in %s counts the rounding in the error',
    async (dtype, unit) => {
      const round = (M: AdapterLayer['A']) =>
        matrix(M.rows, M.cols, toFloat32(floatTensor(M.data, [M.rows, M.cols], dtype)));
      const thin = layer('m.q', { rank: 2, outputs: 300, inputs: 200, scaling: 1 });
      const A = matrix(4, 200, new Float32Array([...thin.A.data, ...thin.A.data]));
      const B = matrix(
        300,
        4,
        Float32Array.from({ length: 1200 }, (_, t) => thin.B.data[2 * (t >> 2) + (t & 1)]),
      );
      const before = layer('m.q', { ...thin, rank: 4, dtype, A: round(A), B: round(B) });
      const { adapter, layers } = await resizeAdapter(K, adapterWith(before), { rank: 2 });
      const after = await (await reread(adapter)).layer('m.q');
      close(layers[0].error, relativeError(deltaOf(after), deltaOf(before)), { rtol: 1e-3 });
      expect(layers[0].error).toBeGreaterThan(unit / 20);
      expect(layers[0].error).toBeLessThan(unit);
    },
  );

  it('carries what is no factor through untouched', async () => {
    const others = {
      'base_model.model.m.q.lora_magnitude_vector': {
        dtype: 'F32',
        shape: [2],
        bytes: async () => randomly('m', 1, 2),
      },
    };
    const given = adapterOf(config, [layer('m.q')], { others: others as never, metadata: { seed: '3' } });
    const { adapter } = await resizeAdapter(K, given, { rank: 1 });
    expect([adapter.others, adapter.metadata]).toEqual([others, { seed: '3' }]);
  });

  it('gives the same bits twice', async () => {
    const once = async () =>
      (await layersOf((await resizeAdapter(K, adapterWith(layer('m.q')), { rank: 2 })).adapter)).get('m.q')!;
    expect((await once()).A.data).toEqual((await once()).A.data);
  });
});

describe('resizing refuses', () => {
  const one = adapterWith(layer('m.q'));
  it.each([
    ['a rank of zero', { rank: 0 }, /rank should be an integer of at least 1, got 0/],
    ['a rank between two', { rank: 1.5 }, /got 1.5/],
    ['an energy above 1', { rank: 'auto' as const, energy: 1.2 }, /energy should be a share .* got 1.2/],
    ['an energy of zero', { rank: 'auto' as const, energy: 0 }, /got 0/],
    ['an energy beside a rank', { rank: 2, energy: 0.9 }, /energy should come with rank 'auto'/],
  ])('%s', (_, options, sentence) => refusal(resizeAdapter(K, one, options), sentence));

  it('NaN in a factor, and names the layer', async () => {
    const bad = layer('m.q');
    bad.B.data[5] = Number.NaN;
    await refusal(
      resizeAdapter(K, adapterWith(layer('m.k'), bad), { rank: 2 }),
      /m\.q: B should hold finite numbers, got NaN/,
    );
  });

  it('an adapter whose base was changed: at another rank PEFT would change it otherwise', () =>
    refusal(
      resizeAdapter(K, adapterOf({ ...config, init_lora_weights: 'pissa_niter_4' }, [layer('m.q')]), { rank: 2 }),
      /init_lora_weights 'pissa_niter_4'/,
    ));
});
