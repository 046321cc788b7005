// Averages: the products are averaged, not the factors; exact by concatenation, and at a lower rank the nearest to that.

import { describe, expect, it } from 'vitest';
import { relativeError } from '../../src/linalg/norms.js';
import { singularValues } from '../../src/linalg/svd.js';
import { type AdapterLayer, adapterOf } from '../../src/lora/adapter.js';
import { averageAdapters } from '../../src/lora/average.js';
import { isTarget, type PeftConfig, peftConfig } from '../../src/lora/config.js';
import { type Matrix, matrix } from '../../src/matrix.js';
import { close } from '../close.js';
import { deltaOf, K, layer, randomly, refusal, reread } from './samples.js';

const adapter = (layers: readonly AdapterLayer[], config: Partial<PeftConfig> = {}) =>
  adapterOf(peftConfig({ r: 4, lora_alpha: 8, target_modules: ['q', 'k'], ...config }), layers);
/** Another layer of the same shape. */
const other = (path: string, seed: string, over: Partial<AdapterLayer> = {}) => {
  const { rank, outputs, inputs } = { ...layer(path), ...over };
  return layer(path, { A: randomly(`${seed}/A`, rank, inputs), B: randomly(`${seed}/B`, outputs, rank), ...over });
};
const sum = (weights: readonly number[], Ds: readonly Matrix<Float64Array>[]) => ({
  ...Ds[0],
  data: Ds[0].data.map((_, t) => weights.reduce((total, w, i) => total + w * Ds[i].data[t], 0)),
});

const [p, q, r] = [
  layer('m.q'),
  other('m.q', 'second', { rank: 2, alpha: 3, scaling: 3 / Math.SQRT2 }),
  other('m.q', 'third', { rank: 3, alpha: 1, scaling: 1 / 3 }),
];
const three = [adapter([p]), adapter([q], { use_rslora: true }), adapter([r])];

describe('an average', () => {
  it('is Σ wᵢΔWᵢ to 1e-6, of rank Σ rᵢ and scaling 1, whatever ranks and scalings come in', async () => {
    for (const weights of [undefined, [0.5, -2, 1]]) {
      const { adapter: mean, layers } = await averageAdapters(K, three, { weights });
      const after = await (await reread(mean)).layer('m.q');
      const exact = sum(weights ?? [1 / 3, 1 / 3, 1 / 3], [p, q, r].map(deltaOf));
      expect(relativeError(deltaOf(after), exact)).toBeLessThan(1e-6);
      expect([after.rank, after.scaling, layers[0].of]).toEqual([9, 1, 3]);
      expect(layers[0].error).toBeLessThan(1e-6);
    }
  });

  it('at a rank is the nearest of that rank, and says its error, to 1e-6', async () => {
    const { adapter: mean, layers } = await averageAdapters(K, three, { rank: 3 });
    const exact = sum([1 / 3, 1 / 3, 1 / 3], [p, q, r].map(deltaOf));
    const values = singularValues(K, exact);
    const lost = relativeError(deltaOf(await mean.layer('m.q')), exact);
    close(lost, Math.hypot(...values.subarray(3)) / Math.hypot(...values), { rtol: 1e-6 });
    close(layers[0].error, lost, { rtol: 1e-6 });
    expect(mean.head('m.q').rank).toBe(3);
  });

  it('of one adapter with itself is itself: ≤ 1e-6, at its own rank', async () => {
    const { adapter: mean, layers } = await averageAdapters(K, [three[0], three[0]], { rank: 4 });
    expect(relativeError(deltaOf(await mean.layer('m.q')), deltaOf(p))).toBeLessThan(1e-6);
    expect(layers[0].error).toBeLessThan(1e-6);
  });

  it('of adapters that are not trained yet is zero at a lower rank, and can be trained', async () => {
    const fresh = [p, q].map((of) => adapter([{ ...of, B: matrix(12, of.rank, new Float32Array(12 * of.rank)) }]));
    const { adapter: mean } = await averageAdapters(K, fresh, { rank: 3 });
    const after = await mean.layer('m.q');
    expect([after.A.data, after.B.data]).toEqual([p.A.data.slice(0, 27), new Float32Array(36)]);
  });

  it.each([
    [
      { layers_to_transform: [0], layers_pattern: 'layers' },
      { layers_to_transform: [1], layers_pattern: 'layers' },
    ],
    [{ exclude_modules: ['1.k'] }, { exclude_modules: ['0.q'] }],
    [{ target_modules: ['0.q'] }, { target_modules: ['k'], exclude_modules: ['q'] }],
  ])('of adapters that %j and %j narrow has targets that cover every layer', async (a, b) => {
    const [first, second] = [layer('m.layers.0.q'), layer('m.layers.1.k')];
    const { adapter: mean } = await averageAdapters(K, [adapter([first], a), adapter([second], b)]);
    const { config, paths } = await reread(mean);
    expect(paths.map((path) => isTarget(config, path))).toEqual([true, true]);
    const alike = (await averageAdapters(K, [adapter([first], a), adapter([first], a)])).adapter.config;
    expect(alike).toMatchObject(a); // what all of them say stays
  });

  it('is stored in the type that holds all of them, and refused where that overflows', async () => {
    const [half, brain] = (['F16', 'BF16'] as const).map((dtype) => adapter([{ ...p, dtype }]));
    expect((await averageAdapters(K, [half, brain])).adapter.head('m.q').dtype).toBe('F32');
    expect((await averageAdapters(K, [half, half])).adapter.head('m.q').dtype).toBe('F16');
    await refusal(
      averageAdapters(K, [three[0]], { weights: [1e39] }),
      /m.q: B should be finite in F32, its largest number is Infinity/,
    );
    await refusal(
      averageAdapters(K, [half, half], { weights: [1e6, 0] }),
      /m.q: B should be finite in F16, its largest/,
    );
  });

  it('takes a layer that one of them lacks for zero there', async () => {
    const { adapter: mean, layers } = await averageAdapters(K, [adapter([p, layer('m.k')]), adapter([q])]);
    expect(layers.map(({ path, of }) => [path, of])).toEqual([
      ['m.k', 1],
      ['m.q', 2],
    ]);
    const half = deltaOf(layer('m.k', { scaling: 1 }));
    expect(relativeError(deltaOf(await mean.layer('m.k')), half)).toBeLessThan(1e-6);
  });
});

describe('averaging refuses', () => {
  it.each([
    ['weights that are too few', { weights: [1] }, /weights should be 3 finite numbers, one per adapter, got 1/],
    ['a weight that is NaN', { weights: [1, Number.NaN, 0] }, /weights should be 3 finite/],
    ['a rank of zero', { rank: 0 }, /rank should be an integer of at least 1/],
  ])('%s', (_, options, sentence) => refusal(averageAdapters(K, three, options), sentence));
  it('no adapters', () => refusal(averageAdapters(K, []), /at least one adapter/));
  it('adapters of different bases', () =>
    refusal(
      averageAdapters(K, [adapter([p]), adapter([layer('m.q', { outputs: 7 })])]),
      /m.q should have one shape in all adapters, got 12×9 and 7×9/,
    ));
  it('DoRA, with the reason', () => {
    const others = {
      'x.lora_magnitude_vector': { dtype: 'F32' as const, shape: [1], bytes: async () => new Uint8Array(4) },
    };
    const dora = adapterOf(peftConfig({ use_dora: true }), [p], { others });
    return refusal(averageAdapters(K, [dora, adapter([q])]), /factors, one has also x\.lora_magnitude_vector \(DoRA/);
  });
  it('an adapter of a changed base', () =>
    refusal(averageAdapters(K, [adapter([p], { init_lora_weights: 'pissa' })]), /init_lora_weights 'pissa'/));
  it('NaN', () =>
    refusal(
      averageAdapters(K, [adapter([layer('m.q', { A: matrix(4, 9, new Float32Array(36).fill(Number.NaN)) })])]),
      /m.q: A should hold finite/,
    ));
});
