// Differences: through the factors what the full products give; angles that are known by construction.

import { describe, expect, it } from 'vitest';
import { tensorOf, toFloat64 } from '../../src/io/tensor.js';
import { frobenius, relativeError } from '../../src/linalg/norms.js';
import { type AdapterLayer, adapterOf } from '../../src/lora/adapter.js';
import { type PeftConfig, peftConfig } from '../../src/lora/config.js';
import { diffAdapters, diffCheckpoints } from '../../src/lora/diff.js';
import { matrix } from '../../src/matrix.js';
import { close } from '../close.js';
import { deltaOf, K, layer, model, randomly, refusal, tensorsOf } from './samples.js';

const adapter = (layers: readonly AdapterLayer[], config: Partial<PeftConfig> = {}) =>
  adapterOf(peftConfig({ r: 4, lora_alpha: 8, target_modules: ['q'], ...config }), layers);
const other = (path: string, over: Partial<AdapterLayer> = {}) =>
  layer(path, { A: randomly('a', 4, 9), B: randomly('b', 12, 4), ...over });
const zero = (path: string) => layer(path, { B: matrix(12, 4, new Float32Array(48)) });

describe('two adapters', () => {
  it('differ by ‖ΔA − ΔB‖/‖ΔA‖ of the full products, to 1e-12, and have their cosine', async () => {
    const [a, b] = [layer('m.q'), other('m.q', { scaling: 0.7 })];
    const { layers, relative } = await diffAdapters(K, adapter([a]), adapter([b]));
    const [x, y] = [deltaOf(a), deltaOf(b)];
    close(layers[0].relative, relativeError(y, x), { rtol: 1e-12 });
    close(layers[0].norms, [frobenius(x), frobenius(y)], { rtol: 1e-12 });
    const inner = x.data.reduce((sum, value, t) => sum + value * y.data[t], 0);
    close(layers[0].cosine, inner / (frobenius(x) * frobenius(y)), { atol: 1e-12 });
    close(relative, layers[0].relative, { rtol: 1e-15 });
  });

  it('of one product in other factors and another scaling do not differ: ≤ 1e-6, all angles ≤ 1e-3', async () => {
    const a = layer('m.q');
    const times = (M: AdapterLayer['A'], by: number) => ({ ...M, data: M.data.map((x) => by * x) });
    const b = { ...a, scaling: 0.5, A: times(a.A, -8), B: times(a.B, -0.5) };
    const { layers } = await diffAdapters(K, adapter([a]), adapter([b]));
    expect(layers[0].relative).toBeLessThan(1e-6);
    close(layers[0].cosine, 1, { atol: 1e-12 });
    expect([...layers[0].columnAngles, ...layers[0].rowAngles].length).toBe(8);
    expect(Math.max(...layers[0].columnAngles, ...layers[0].rowAngles)).toBeLessThan(1e-3);
  });

  it('have the angles that were built in: one shared direction, one at 90°', async () => {
    const unit = (i: number, j: number) => Float32Array.from({ length: 8 }, (_, t) => (t === i || t === 4 + j ? 1 : 0));
    const pairOf = (i: number, j: number): Partial<AdapterLayer> => ({
      rank: 2,
      outputs: 4,
      inputs: 4,
      A: matrix(2, 4, unit(i, j)),
      B: matrix(
        4,
        2,
        Float32Array.from({ length: 8 }, (_, t) => (t === 2 * i || t === 2 * j + 1 ? 1 : 0)),
      ),
    });
    const { layers } = await diffAdapters(
      K,
      adapter([layer('m.q', pairOf(0, 1))]),
      adapter([layer('m.q', pairOf(0, 2))]),
    );
    close(layers[0].columnAngles, [0, Math.PI / 2], { atol: 1e-7 });
    close(layers[0].rowAngles, [0, Math.PI / 2], { atol: 1e-7 });
  });

  it('have as many angles as the products have rank, whatever the width of the factors', async () => {
    const a = layer('m.q');
    for (let j = 0; j < 9; j++) a.A.data[3 * 9 + j] = a.A.data[j] - a.A.data[9 + j]; // rank 3
    const { layers } = await diffAdapters(K, adapter([a]), adapter([other('m.q')]));
    expect([layers[0].columnAngles.length, layers[0].rowAngles.length]).toEqual([3, 3]);
  });

  it('count layers of one alone, in the whole and by name, and shapes that differ', async () => {
    const a = adapter([layer('m.q'), layer('m.k'), layer('m.v')]);
    const b = adapter([layer('m.q'), layer('m.o'), layer('m.v', { outputs: 5 })]);
    const { layers, onlyInA, onlyInB, shapes, relative } = await diffAdapters(K, a, b);
    expect([layers.map(({ path }) => path), onlyInA, onlyInB]).toEqual([['m.q'], ['m.k'], ['m.o']]);
    expect(shapes).toEqual([{ path: 'm.v', a: 'linear 12×9', b: 'linear 5×9' }]);
    const [q, k, o] = ['m.q', 'm.k', 'm.o'].map((path) => frobenius(deltaOf(layer(path))));
    close(relative, Math.hypot(k, o) / Math.hypot(q, k), { rtol: 1e-12 });
  });

  it('of layers that add nothing differ by nothing, and have no angles', async () => {
    const { layers } = await diffAdapters(K, adapter([zero('m.q')]), adapter([zero('m.q')]));
    expect(layers[0]).toMatchObject({ relative: 0, cosine: 0, norms: [0, 0] });
    expect(layers[0].columnAngles.length).toBe(0);
    const from = (await diffAdapters(K, adapter([zero('m.q')]), adapter([layer('m.q')]))).layers[0];
    expect(from.relative).toBe(Infinity);
  });

  it('are told the other tensors that differ', async () => {
    const lazy = (byte: number) => ({ dtype: 'U8' as const, shape: [1], bytes: async () => Uint8Array.of(byte) });
    const of = (others: object) => adapterOf(peftConfig({}), [layer('m.q')], { others: others as never });
    const { others } = await diffAdapters(
      K,
      of({ x: lazy(1), y: lazy(1) }),
      of({ x: lazy(1), y: lazy(2), z: lazy(0) }),
    );
    expect(others).toEqual(['y', 'z']);
  });

  it('of different bases are not compared', () =>
    refusal(
      diffAdapters(K, adapter([layer('m.q')], { init_lora_weights: 'pissa' }), adapter([layer('m.q')])),
      /changed when it was made \(init_lora_weights 'pissa'\)/,
    ));
});

describe('two checkpoints', () => {
  it('differ tensor by tensor, with what is in one alone', async () => {
    const tensors = tensorsOf({
      'a.weight': { shape: [6, 5] },
      'b.bias': { shape: [7] },
      'c.weight': { shape: [2, 2] },
      'd.weight': { shape: [1] },
    });
    const { 'd.weight': _, ...common } = tensors;
    const W = toFloat64(tensors['a.weight']);
    const changed = {
      ...common,
      'a.weight': tensorOf(
        Float32Array.from(W, (w) => w * 1.5),
        [6, 5],
      ),
      'c.weight': tensorOf(new Float32Array(2), [2]),
      e: tensors['b.bias'],
    };
    const found = await diffCheckpoints(
      await model({ 'm.safetensors': tensors }),
      await model({ 'm.safetensors': changed }),
    );
    const of = Object.fromEntries(found.tensors.map((tensor) => [tensor.name, tensor]));
    close(of['a.weight'].relative, 0.5, { rtol: 1e-6 });
    close(of['a.weight'].largest, Math.max(...W.map(Math.abs)) / 2, { rtol: 1e-6 });
    expect(of['b.bias']).toMatchObject({ relative: 0, largest: 0 });
    expect([found.onlyInA, found.onlyInB]).toEqual([['d.weight'], ['e']]);
    expect(found.shapes).toEqual([{ path: 'c.weight', a: '[2, 2]', b: '[2]' }]);
  });

  it('differ where one of them holds a NaN', async () => {
    const tensors = tensorsOf({ 'a.weight': { shape: [6, 5] } });
    const W = Float32Array.from(toFloat64(tensors['a.weight'])).fill(Number.NaN, 7, 8);
    const copy = await model({ 'm.safetensors': { 'a.weight': tensorOf(W, [6, 5]) } });
    const found = await diffCheckpoints(await model({ 'm.safetensors': tensors }), copy);
    expect(found.tensors).toEqual([{ name: 'a.weight', relative: Number.NaN, largest: Number.NaN }]);
    expect(found.relative).toBeNaN();
    expect((await diffCheckpoints(copy, copy)).tensors).toEqual([{ name: 'a.weight', relative: 0, largest: 0 }]);
  });
});
