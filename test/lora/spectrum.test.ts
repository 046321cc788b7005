// Spectra: of an adapter from its factors alone, of a model from its weights; the same as a full SVD gives.

import { describe, expect, it } from 'vitest';
import { singleKernels } from '../../src/kernels/index.js';
import { formed } from '../../src/linalg/factored.js';
import { frobenius } from '../../src/linalg/norms.js';
import { multiply } from '../../src/linalg/products.js';
import { qr } from '../../src/linalg/qr.js';
import { singularValues } from '../../src/linalg/svd.js';
import { adapterOf } from '../../src/lora/adapter.js';
import { openCheckpoint } from '../../src/lora/checkpoint.js';
import { peftConfig } from '../../src/lora/config.js';
import { filesOf } from '../../src/lora/files.js';
import { spectrum } from '../../src/lora/spectrum.js';
import { matrix, transpose } from '../../src/matrix.js';
import { normals, stream } from '../../src/random/index.js';
import { close } from '../close.js';
import { llama, safetensors, stored, weights } from './models.js';

const K = singleKernels();
const layer = (A: Float32Array, B: Float32Array, scaling = 2) => ({
  ...({ path: 'a.q', kind: 'linear', rank: 6, outputs: 40, inputs: 50, alpha: 12, dtype: 'F32' } as const),
  scaling,
  A: matrix(6, 50, A),
  B: matrix(40, 6, B),
});

describe('the spectrum of an adapter', () => {
  it('is that of s·B A, to 1e-12', async () => {
    const one = layer(weights('A', [6, 50]), weights('B', [40, 6]));
    const [found] = await spectrum(K, adapterOf(peftConfig({}), [one]));
    const full = singularValues(K, formed(K, { left: one.B, right: transpose(one.A) })).map((x) => 2 * x);
    close(found.values, full.slice(0, 6), { rtol: 1e-12 });
    expect(found.norm).toBeCloseTo(Math.sqrt(full.reduce((sum, x) => sum + x * x, 0)), 12);
    expect(found).toMatchObject({ complete: true, rank: 6 });
    expect(found.stableRank).toBeCloseTo((found.norm / found.values[0]) ** 2, 12);
  });

  it.each([Number.NaN, Infinity])('with one %d is refused, and its layer named', async (bad) => {
    const B = weights('B', [40, 6]);
    B[100] = bad;
    await expect(spectrum(K, adapterOf(peftConfig({}), [layer(weights('A', [6, 50]), B)]))).rejects.toThrow(
      `spectrum: a.q: B should hold finite numbers, got ${bad}`,
    );
  });

  it('of equal singular values has effective, stable and suggested rank r', async () => {
    const orthonormal = (n: number, name: string) => qr(K, matrix(n, 6, normals(stream(1, name), 6 * n))).Q;
    const B = Float32Array.from(orthonormal(40, 'B').data);
    const Q = orthonormal(50, 'A');
    const A = Float32Array.from({ length: 300 }, (_, t) => Q.data[(t % 50) * 6 + Math.floor(t / 50)]);
    const [found] = await spectrum(K, adapterOf(peftConfig({}), [layer(A, B)]));
    close([found.effectiveRank!, found.stableRank], [6, 6], { rtol: 1e-6 });
    expect(found.suggestedRank).toBe(6);
  });

  it('of a fresh adapter is zero, and suggests nothing', async () => {
    const [found] = await spectrum(K, adapterOf(peftConfig({}), [layer(weights('A', [6, 50]), new Float32Array(240))]));
    expect(found).toMatchObject({ norm: 0, suggestedRank: 0, effectiveRank: 0, stableRank: 0 });
  });

  it('suggests the least rank that holds the energy', async () => {
    const one = layer(weights('A', [6, 50]), weights('B', [40, 6]));
    for (const energy of [0.3, 0.9, 0.95, 1]) {
      const [{ values, norm, suggestedRank: r }] = await spectrum(K, adapterOf(peftConfig({}), [one]), { energy });
      const held = (count: number) => values.slice(0, count).reduce((sum, x) => sum + x * x, 0) / (norm * norm);
      expect(held(r!)).toBeGreaterThanOrEqual(energy - 1e-9);
      expect(held(r! - 1)).toBeLessThan(energy);
    }
  });
});

describe('the spectrum of a model', () => {
  it('is that of the weights, all values', async () => {
    const checkpoint = await openCheckpoint(filesOf(llama({ dtype: 'F32' })));
    const found = await spectrum(K, checkpoint, { targets: ['k_proj'] });
    expect(found.map(({ path }) => path)).toEqual([
      'model.layers.0.self_attn.k_proj',
      'model.layers.1.self_attn.k_proj',
    ]);
    const W = matrix(32, 64, weights('model.layers.0.self_attn.k_proj.weight', [32, 64]));
    close(found[0].values, singularValues(K, W), { rtol: 1e-6 });
  });

  it('beyond 1024×1024 is that of the leading values, to 1 %, and the norm is exact', async () => {
    const [m, n, k] = [1100, 1040, 30];
    const factor = (rows: number, name: string) => qr(K, matrix(rows, k, normals(stream(1, name), rows * k))).Q;
    const U = factor(m, 'U');
    const scaled = matrix(
      m,
      k,
      U.data.map((u, t) => u / (1 + (t % k))),
    );
    const W = multiply(K, scaled, transpose(factor(n, 'V')));
    const file = safetensors({ 'a.fc.weight': stored(Float32Array.from(W.data), [m, n], 'F32') });
    const checkpoint = await openCheckpoint(filesOf({ 'm.safetensors': file }));
    const [found] = await spectrum(K, checkpoint, { leading: 8, energy: 0.9 });
    close(
      found.values,
      Array.from({ length: 8 }, (_, j) => 1 / (1 + j)),
      { rtol: 0.01 },
    );
    close(found.norm, frobenius(W), { rtol: 1e-6 });
    expect(found).toMatchObject({ complete: false, effectiveRank: null, suggestedRank: 5 });
    const [more] = await spectrum(K, checkpoint, { leading: 2, energy: 0.9 });
    expect(more.suggestedRank).toBeNull();
  });
});
