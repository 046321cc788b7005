// New adapters: what each start promises, on shards in every storage, and what is refused.

import { describe, expect, it } from 'vitest';
import { type LazyTensor, streamSafetensors } from '../../src/io/safetensors.js';
import { toFloat32 } from '../../src/io/tensor.js';
import { referenceKernels, singleKernels, startKernels } from '../../src/kernels/index.js';
import { formed } from '../../src/linalg/factored.js';
import { frobenius, relativeError } from '../../src/linalg/norms.js';
import { multiply } from '../../src/linalg/products.js';
import { qr } from '../../src/linalg/qr.js';
import { singularValues, svd } from '../../src/linalg/svd.js';
import type { AdapterLayer } from '../../src/lora/adapter.js';
import { type Checkpoint, openCheckpoint } from '../../src/lora/checkpoint.js';
import { bytesOf, type Files, filesOf } from '../../src/lora/files.js';
import { type InitOptions, initAdapter, largestChange, planInit } from '../../src/lora/initialise.js';
import { wholeWeight } from '../../src/lora/pass.js';
import { residualError, residualTensors } from '../../src/lora/residual.js';
import { modulesOf, parseTargets } from '../../src/lora/targets.js';
import { copy, type Matrix, matrix, slice, transpose } from '../../src/matrix.js';
import { normals, split, stream } from '../../src/random/index.js';
import { close } from '../close.js';
import { json, llama, safetensors, stored, weights } from './models.js';

const K = singleKernels();
const open = (files: Record<string, Uint8Array>) => openCheckpoint(filesOf(files));
const one = (shape: readonly number[], data = weights('w', shape), dtype: 'F32' | 'BF16' | 'F16' | 'F64' = 'F32') =>
  open({ 'm.safetensors': safetensors({ 'a.fc.weight': stored(data, shape, dtype) }) });

const start = async (checkpoint: Checkpoint, options: InitOptions) => {
  const { adapter, layers, plan } = await initAdapter(K, checkpoint, options);
  return { layer: await adapter.layer(adapter.paths[0]), report: layers[0], plan };
};
const weightOf = async (checkpoint: Checkpoint): Promise<Matrix<Float32Array>> =>
  wholeWeight(K, checkpoint, modulesOf(checkpoint)[0]);
const delta = ({ A, B, scaling }: AdapterLayer): Matrix<Float64Array> => {
  const product = formed(K, { left: B, right: transpose(A) });
  return matrix(
    product.rows,
    product.cols,
    product.data.map((x) => scaling * x),
  );
};

describe('nystrom', () => {
  it('is a no-op: max |sBA| = 0 exactly, with A not zero', async () => {
    const { adapter } = await initAdapter(K, await open(llama()), { rank: 4 });
    for (const path of adapter.paths) {
      const layer = await adapter.layer(path);
      expect(largestChange(K, layer)).toBe(0);
      expect(frobenius(layer.A)).toBeGreaterThan(0);
      expect(layer.B.data.every((b) => b === 0)).toBe(true);
    }
  });

  it('has its rows in row(W₀) to 1e-6, W₀ of rank 5, 48×64, r = 4; kaiming does not', async () => {
    const checkpoint = await one([48, 64], weights('low', [48, 64], 5));
    const { V } = svd(K, await weightOf(checkpoint));
    const lead = slice(V, 0, 64, 0, 5);
    const outside = (A: Matrix) => relativeError(multiply(K, multiply(K, A, lead), transpose(lead)), A);
    const [nystrom, kaiming] = [
      await start(checkpoint, { rank: 4 }),
      await start(checkpoint, { rank: 4, method: 'kaiming' }),
    ];
    expect(outside(nystrom.layer.A)).toBeLessThan(1e-6);
    expect(outside(kaiming.layer.A)).toBeGreaterThan(0.9);
    // and with r ≥ 5 it captures everything
    expect((await start(checkpoint, { rank: 6 })).report.energy?.share).toBeCloseTo(1, 6);
  });

  it('is (ξ/s)·G W₀ with G from the stream of the seed and the path, to 1e-6', async () => {
    const checkpoint = await one([48, 64]);
    const { layer } = await start(checkpoint, { rank: 4, alpha: 8, sigma: 0.3, seed: 5 });
    const G = matrix(48, 4, normals(split(stream(5, 'lora/a.fc'), 'sketch'), 48 * 4));
    const expected = multiply(K, transpose(G), await weightOf(checkpoint));
    close(
      layer.A.data,
      expected.data.map((x) => (0.3 / 2) * x),
      { rtol: 1e-5, atol: 1e-7 },
    );
  });

  it.each([
    [{ sigma: 0.1, alpha: 32 }, (s: number, W: number) => ((0.1 / s) * W) / Math.sqrt(160)],
    [{ sigma: 'auto', alpha: 32 }, () => 1 / Math.sqrt(3 * 160)],
    [{ sigma: 'auto', alpha: 5 }, () => 1 / Math.sqrt(3 * 160)],
  ] as const)('%j has RMS(A) as the law says, ±15 %, mean of 20 draws', async (options, law) => {
    const checkpoint = await one([96, 160]);
    const size = frobenius(await weightOf(checkpoint));
    let mean = 0;
    for (let seed = 0; seed < 20; seed++) {
      const { report, layer } = await start(checkpoint, { rank: 8, seed, ...options });
      mean += report.rms.A / law(layer.scaling, size) / 20;
    }
    expect(mean).toBeGreaterThan(0.85);
    expect(mean).toBeLessThan(1.15);
  });

  it('says in its metadata the ξ of every layer, where it follows from the weight', async () => {
    const checkpoint = await openCheckpoint(filesOf(llama()));
    const made = (sigma: number | 'auto') => initAdapter(K, checkpoint, { rank: 4, targets: ['q_proj'], sigma });
    const { adapter, layers } = await made('auto');
    expect(adapter.metadata.sigma).toBe('auto');
    const told = JSON.parse(adapter.metadata.sigma_of_layers);
    expect(told).toEqual(Object.fromEntries(layers.map(({ path, sigma }) => [path, sigma])));
    for (const path of adapter.paths) {
      const W = weights(`${path}.weight`, [64, 64]);
      close(told[path], 1 / (Math.sqrt(3) * frobenius(matrix(64, 64, W))), { rtol: 1e-2 });
    }
    expect((await made(0.1)).adapter.metadata).not.toHaveProperty('sigma_of_layers');
  });

  it('captures more than gaussian and less than pissa, by the exact shares', async () => {
    const data = weights('w', [90, 70]);
    const { U, values, V } = svd(K, matrix(90, 70, data));
    const decaying = values.map((_, i) => 1 / (1 + i));
    for (let i = 0; i < 90; i++)
      for (let j = 0; j < 70; j++) {
        let sum = 0;
        for (let k = 0; k < 70; k++) sum += U.data[i * 70 + k] * decaying[k] * V.data[j * 70 + k];
        data[i * 70 + j] = sum;
      }
    const checkpoint = await one([90, 70], data);
    const share = async (method: InitOptions['method']) => {
      const { report, layer } = await start(checkpoint, { rank: 8, method });
      const { Q } = qr(K, transpose(layer.A));
      const exact = (frobenius(multiply(K, matrix(90, 70, data), Q)) / frobenius(matrix(90, 70, data))) ** 2;
      expect(report.energy?.share).toBeCloseTo(exact, 5);
      expect(report.energy?.error).toBe(0);
      return exact;
    };
    const [pissa, nystrom, gaussian] = [await share('pissa'), await share('nystrom'), await share('gaussian')];
    const total = decaying.reduce((sum, x) => sum + x * x, 0);
    expect(pissa).toBeCloseTo(decaying.slice(0, 8).reduce((sum, x) => sum + x * x, 0) / total, 5);
    expect(pissa).toBeGreaterThan(nystrom);
    expect(nystrom).toBeGreaterThan(1.4 * gaussian);
  });

  it('estimates the share on a sample of 256 rows to three of its standard errors', async () => {
    const checkpoint = await one([3000, 40]);
    const { report, layer } = await start(checkpoint, { rank: 6 });
    const W = await weightOf(checkpoint);
    const exact = (frobenius(multiply(K, W, qr(K, transpose(layer.A)).Q)) / frobenius(W)) ** 2;
    const { share, error } = report.energy!;
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(0.02);
    expect(Math.abs(share - exact)).toBeLessThan(3 * error);
  });

  it('says how far the estimate may be off: 256 of 320 rows, 40 seeds, deviation/error has RMS 0.7 to 1.4', async () => {
    const checkpoint = await one([320, 40]);
    const W = await weightOf(checkpoint);
    let squares = 0;
    for (let seed = 0; seed < 40; seed++) {
      const { report, layer } = await start(checkpoint, { rank: 6, seed });
      const exact = (frobenius(multiply(K, W, qr(K, transpose(layer.A)).Q)) / frobenius(W)) ** 2;
      squares += ((report.energy!.share - exact) / report.energy!.error) ** 2 / 40;
    }
    expect(Math.sqrt(squares)).toBeGreaterThan(0.7);
    expect(Math.sqrt(squares)).toBeLessThan(1.4);
  });

  it('by columns has B = (ξ/s)·W₀Ω and A = 0', async () => {
    const checkpoint = await one([48, 64], weights('low', [48, 64], 5));
    const { layer, report } = await start(checkpoint, { rank: 5, orientation: 'col', alpha: 10 });
    const W = await weightOf(checkpoint);
    const omega = matrix(64, 5, normals(split(stream(20230, 'lora/a.fc'), 'sketch'), 64 * 5));
    close(
      copy(layer.B).data,
      multiply(K, W, omega).data.map((x) => 0.05 * x),
      { rtol: 1e-4, atol: 1e-6 },
    );
    expect(layer.A.data.every((a) => a === 0)).toBe(true);
    expect(report.energy?.share).toBeCloseTo(1, 6);
  });
});

describe('the stored form does not matter', () => {
  const shape = [700, 600] as const;
  const data = weights('w', shape);

  it.each(['BF16', 'F16', 'F32', 'F64'] as const)('%s in blocks = the dense product, to 1e-5', async (dtype) => {
    const checkpoint = await one(shape, data, dtype);
    const { layer } = await start(checkpoint, { rank: 4 });
    const W = await weightOf(checkpoint);
    const G = matrix(700, 4, normals(split(stream(20230, 'lora/a.fc'), 'sketch'), 2800));
    const dense = multiply(K, transpose(G), W);
    expect(
      relativeError(
        layer.A,
        matrix(
          4,
          600,
          dense.data.map((x) => 0.1 * x),
        ),
      ),
    ).toBeLessThan(1e-5);
  });

  it('one file = three shards, and 1, 2 threads = the reference, bit for bit', async () => {
    const factors = async (kernels: typeof K, shards: number) => {
      const checkpoint = await open(llama({ shards }));
      const { adapter } = await initAdapter(kernels, checkpoint, { rank: 4 });
      return Promise.all(adapter.paths.map(async (path) => (await adapter.layer(path)).A.data));
    };
    const expected = await factors(K, 1);
    expect(await factors(K, 3)).toEqual(expected);
    const two = await startKernels({ threads: 2 });
    expect(await factors(two, 3)).toEqual(expected);
    two.close();
    for (const [i, A] of (await factors(referenceKernels(), 3)).entries())
      close(A, expected[i], { rtol: 1e-4, atol: 1e-7 });
  });

  it.each(['row', 'col'] as const)(
    'inputs×outputs (Conv1D) = outputs×inputs, orientation %s, to 1e-5',
    async (orientation) => {
      const W = matrix(48, 80, weights('w', [48, 80]));
      const turned = new Float32Array(48 * 80);
      for (let i = 0; i < 48; i++) for (let j = 0; j < 80; j++) turned[j * 48 + i] = W.data[i * 80 + j];
      const conv1d = await open({
        'config.json': json({ model_type: 'gpt2', architectures: ['GPT2LMHeadModel'] }),
        'model.safetensors': safetensors({ 'h.0.attn.c_attn.weight': stored(turned, [80, 48], 'F32') }),
      });
      const linear = await open({
        'm.safetensors': safetensors({ 'transformer.h.0.attn.c_attn.weight': stored(W.data, [48, 80], 'F32') }),
      });
      const options = { rank: 4, orientation };
      const [a, b] = [await start(conv1d, options), await start(linear, options)];
      expect(a.layer.path).toBe(b.layer.path);
      expect(a.plan.config).toMatchObject({ fan_in_fan_out: true, target_modules: ['c_attn'], task_type: 'CAUSAL_LM' });
      close(a.layer.A.data, b.layer.A.data, { rtol: 1e-4, atol: 1e-7 });
      close(copy(a.layer.B).data, copy(b.layer.B).data, { rtol: 1e-4, atol: 1e-7 });
      expect(a.report.energy?.share).toBeCloseTo(b.report.energy!.share, 5);
    },
  );

  it('a convolution is outputs×(inputs·height·width)', async () => {
    const { layer } = await start(await one([16, 8, 3, 3]), { rank: 4, targets: ['fc'] });
    expect(layer).toMatchObject({ kind: 'conv2d', kernel: [3, 3], inputs: 72, outputs: 16 });
    const flat = await start(await one([16, 72]), { rank: 4 });
    expect(layer.A.data).toEqual(flat.layer.A.data);
  });
});

describe('starts that do not look at the weight', () => {
  it.each([
    ['kaiming', 1 / Math.sqrt(3 * 160)],
    ['gaussian', 1 / 8],
  ] as const)('%s has the size that PEFT gives, ±5 %%, and B = 0', async (method, size) => {
    const { layer, report } = await start(await one([96, 160]), { rank: 8, method });
    expect(Math.abs(report.rms.A / size - 1)).toBeLessThan(0.05);
    expect(largestChange(K, layer)).toBe(0);
  });
  it('kaiming stays within ±1/√inputs', async () => {
    const { layer } = await start(await one([96, 160]), { rank: 8, method: 'kaiming' });
    const largest = Math.max(...layer.A.data.map(Math.abs));
    expect(largest).toBeLessThanOrEqual(Math.fround(1 / Math.sqrt(160)));
    expect(largest).toBeGreaterThan(0.95 / Math.sqrt(160));
  });
  it('orthogonal has max |BA| ≤ 1e-6 with A and B not zero, r = 8', async () => {
    const { layer, report } = await start(await one([96, 160]), { rank: 8, method: 'orthogonal' });
    expect(largestChange(K, layer)).toBeLessThan(1e-6);
    expect(largestChange(K, layer)).toBeGreaterThan(0);
    expect(report.rms.A).toBeGreaterThan(0.03);
    expect(report.rms.B).toBeGreaterThan(0.03);
  });
});

describe('starts that move the base', () => {
  const checkpointOf = (transposed: boolean) =>
    transposed
      ? open({
          'config.json': json({ model_type: 'gpt2' }),
          'm.safetensors': safetensors({ 'h.0.c_fc.weight': stored(weights('w', [70, 90]), [70, 90], 'BF16') }),
        })
      : one([90, 70], undefined, 'BF16');

  describe.each([
    ['outputs×inputs', false],
    ['inputs×outputs', true],
  ])('%s', (_, transposed) => {
    it.each([
      ['pissa', false],
      ['pissa', true],
      ['olora', false],
      ['milora', true],
    ] as const)('%s (rsLoRA: %s): W_res + sBA = W₀ to 1e-6', async (method, rslora) => {
      const checkpoint = await checkpointOf(transposed);
      const { layer } = await start(checkpoint, { rank: 6, method, alpha: 9, rslora });
      const [module] = modulesOf(checkpoint);
      const tensors: Record<string, LazyTensor> = residualTensors(K, checkpoint, [module], async () => layer);
      const residual = await open({
        'base_residual.safetensors': await bytesOf({ name: '', pieces: streamSafetensors(tensors) }),
      });
      const { relative, largest } = await residualError(K, checkpoint, residual, module, layer);
      expect(relative).toBeLessThan(1e-6);
      expect(largest).toBeLessThan(1e-6);
      // by its own arithmetic, apart from ours
      const W = await weightOf(checkpoint);
      const kept = matrix(...storedAs(module), toFloat32(await residual.read(module.weight)));
      const sum = delta(layer);
      const moved = transposed ? transpose(kept) : kept;
      for (let i = 0, t = 0; i < sum.rows; i++)
        for (let j = 0; j < sum.cols; j++)
          sum.data[t++] += moved.data[moved.offset + i * moved.rowStride + j * moved.colStride];
      expect(relativeError(sum, W)).toBeLessThan(1e-6);
    });
  });

  it('is measured: one NaN in a factor is NaN in the largest change and difference, whatever comes behind it', async () => {
    const checkpoint = await checkpointOf(false);
    const { layer } = await start(checkpoint, { rank: 6, method: 'pissa' });
    layer.A.data[20] = Number.NaN; // column 20 of 70
    expect(largestChange(K, layer)).toBeNaN();
    const [module] = modulesOf(checkpoint);
    const { largest } = await residualError(K, checkpoint, checkpoint, module, layer);
    expect(largest).toBeNaN();
  });

  it('pissa is the best approximation of rank r, to 1e-3, and is balanced', async () => {
    const n = 96;
    const { Q: U } = qr(K, matrix(n, n, normals(stream(3, 'U'), n * n)));
    const { Q: V } = qr(K, matrix(n, n, normals(stream(3, 'V'), n * n)));
    const scaled = matrix(
      n,
      n,
      U.data.map((u, t) => u / (1 + (t % n))),
    );
    const W = multiply(K, scaled, transpose(V));
    const checkpoint = await one([n, n], Float32Array.from(W.data));
    const { layer } = await start(checkpoint, { rank: 8, method: 'pissa', alpha: 16 });
    const expected = multiply(K, slice(scaled, 0, n, 0, 8), transpose(slice(V, 0, n, 0, 8)));
    expect(relativeError(delta(layer), expected)).toBeLessThan(1e-3);
    close(singularValues(K, layer.A), singularValues(K, layer.B), { rtol: 1e-3 });
  });

  it('milora is the worst one: its energy is that of the smallest singular values', async () => {
    const checkpoint = await one([40, 60]);
    const { layer } = await start(checkpoint, { rank: 8, method: 'milora' });
    const values = singularValues(K, await weightOf(checkpoint));
    close(singularValues(K, delta(layer)).slice(0, 8), values.slice(32), { rtol: 1e-4 });
  });

  it('olora is Q[:, :r] R[:r] of W₀ = QR', async () => {
    const checkpoint = await one([60, 40]);
    const W = await weightOf(checkpoint);
    const { Q, R } = qr(K, W);
    const { layer } = await start(checkpoint, { rank: 8, method: 'olora' });
    expect(relativeError(layer.B, slice(Q, 0, 60, 0, 8))).toBeLessThan(1e-6);
    expect(relativeError(layer.A, slice(R, 0, 8))).toBeLessThan(1e-5);
  });

  it.each([
    [false, 16, 8],
    [true, 8 * Math.SQRT2, 8 / Math.sqrt(4)],
  ])('doubled (rsLoRA: %s) has r′ = 2r, α′ = %d, the same s, and max |s′B′A′| ≤ 1e-6', async (rslora, alpha, s) => {
    const { layer, plan } = await start(await one([60, 40]), {
      rank: 4,
      alpha: 8,
      method: 'pissa',
      base: 'double',
      rslora,
    });
    expect(plan.config).toMatchObject({ r: 8, lora_alpha: alpha });
    expect(layer.rank).toBe(8);
    expect(layer.scaling).toBeCloseTo(rslora ? s : 2, 12);
    expect(alpha / (rslora ? Math.sqrt(8) : 8)).toBeCloseTo(layer.scaling, 12);
    expect(largestChange(K, layer)).toBeLessThan(1e-6);
    const half = { ...layer, A: slice(layer.A, 0, 4), B: slice(layer.B, 0, 60, 0, 4) };
    expect(frobenius(delta(half))).toBeGreaterThan(0.1);
  });
});

describe('targets', () => {
  const chosen = async (targets: string, files = llama()) =>
    planInit(await open(files), { rank: 4, targets: parseTargets(targets) });

  it.each([
    ['all-linear', 14],
    ['q_proj,v_proj', 4],
    ['self_attn.q_proj', 2],
    ['model.layers.1.mlp.up_proj', 1],
    ['/layers\\.0\\.mlp/', 3],
    ['/Q_PROJ/i', 2],
    ['lm_head', 1],
  ])('%s are %d modules', async (targets, count) => expect((await chosen(targets)).modules.length).toBe(count));

  it('are named in the config by their last names where these mean no other module', async () => {
    expect((await chosen('q_proj,v_proj')).config.target_modules).toEqual(['q_proj', 'v_proj']);
    expect((await chosen('model.layers.1.mlp.up_proj,k_proj')).config.target_modules).toEqual([
      'k_proj',
      'model.layers.1.mlp.up_proj',
    ]);
  });

  it.each([
    ['qproj', /no module matches qproj/, /^nearest in the model: q_proj ×2/],
    ['/nothing/', /no module matches \/nothing\//, /_proj ×2/],
    ['embed_tokens', /model.embed_tokens is an embedding/, /leave it out/],
    ['lm_head', /lm_head has no weight of its own: it is tied to model.embed_tokens.weight/, /leave lm_head out/, true],
    ['/(/', /\/\(\/ is no regular expression/, /correct/],
    [' , ', /should be all-linear, a comma list or/, /q_proj/],
  ] as [string, RegExp, RegExp, boolean?][])('%s is refused', async (targets, message, hint, tied = false) => {
    const files = llama(tied ? { edit: (tensors) => delete tensors['lm_head.weight'] } : {});
    if (tied) files['config.json'] = json({ model_type: 'llama', tie_word_embeddings: true });
    const error = await chosen(targets, files).catch((thrown) => thrown);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });
});

describe('what is refused', () => {
  it.each([
    [{ rank: 33 }, 'the rank should be at most 32 for model.layers.0.self_attn.k_proj, a 32×64 matrix, got 33'],
    [{ rank: 0 }, 'rank should be a whole number ≥ 1, got 0'],
    [{ rank: 2.5 }, 'rank should be a whole number ≥ 1, got 2.5'],
    [{ rank: 3, method: 'orthogonal' }, 'the rank should be even for orthogonal, got 3'],
    [{ rank: 4, method: 'pizza' }, 'method should be one of nystrom, gaussian'],
    [{ rank: 4, sigma: -1 }, "sigma should be 'auto' or a positive number, got -1"],
    [{ rank: 4, alpha: Number.NaN }, 'alpha should be a positive number, got NaN'],
  ] as [InitOptions, string][])('%j', async (options, message) => {
    const checkpoint = await open(llama());
    expect(() => planInit(checkpoint, options)).toThrow(message);
  });

  it.each(['nystrom', 'kaiming', 'pissa'] as const)('a NaN in the weight, by its place (%s)', async (method) => {
    const data = weights('w', [600, 64]);
    data[550 * 64 + 7] = Number.NaN;
    await expect(start(await one([600, 64], data, 'BF16'), { rank: 4, method })).rejects.toThrow(
      'a.fc.weight: the weight should hold finite numbers, got NaN in row 550, column 7',
    );
  });

  it.each([
    ['nystrom', true],
    ['pissa', true],
    ['kaiming', false],
    ['olora', false],
  ] as const)('a zero weight, by the starts that would be zero (%s: %s)', async (method, refused) => {
    const result = start(await one([32, 32], new Float32Array(1024)), { rank: 4, method });
    if (refused) await expect(result).rejects.toThrow('a.fc.weight is zero');
    else expect((await result).report.energy).toBeNull();
  });

  it.each([
    ['config.json that says so', { quantization_config: { quant_method: 'gptq' } }, {}, 'quant_method "gptq"'],
    ['tensors that hold codes', {}, { 'a.fc.qweight': stored(weights('q', [4, 4]), [4, 4], 'F32') }, 'a.fc.qweight'],
  ])('a quantised base: %s', async (_, config, tensors, reason) => {
    const checkpoint = await open({
      'config.json': json(config),
      'model.safetensors': safetensors({ 'a.fc.weight': stored(weights('w', [8, 8]), [8, 8], 'F32'), ...tensors }),
    });
    expect(() => planInit(checkpoint, { rank: 2 })).toThrow(/the base is quantised/);
    expect(() => planInit(checkpoint, { rank: 2 })).toThrow(reason);
  });

  it.each([
    [{ sigma: 1e39 }, /max \|A\| = Infinity, max \|B\| = 0/],
    [{ alpha: 1e-40 }, /max \|A\| = Infinity/],
    [{ alpha: 1e-40, orientation: 'col' }, /max \|A\| = 0, max \|B\| = Infinity/],
    [{ alpha: 1e60 }, /max \|A\| = 0, max \|B\| = 0/],
    [{ method: 'pissa', alpha: 1e-90 }, /max \|A\| = Infinity, max \|B\| = Infinity/],
  ] as [Partial<InitOptions>, RegExp][])('%j, which f32 does not hold', async (options, message) => {
    await expect(start(await one([32, 40]), { rank: 4, ...options })).rejects.toThrow(message);
  });

  it('to call an infinite factor beside a zero one no change: max |sBA| is NaN', () => {
    const [A, B] = [matrix(2, 3, new Float32Array(6).fill(Infinity)), matrix(4, 2, new Float32Array(8))];
    const head = {
      path: 'a',
      kind: 'linear',
      rank: 2,
      outputs: 4,
      inputs: 3,
      alpha: 2,
      scaling: 1,
      dtype: 'F32',
    } as const;
    expect(largestChange(K, { ...head, A, B })).toBeNaN();
  });

  it('an abort, between two layers', async () => {
    const signal = { aborted: false };
    const stopped = initAdapter(
      K,
      await open(llama()),
      { rank: 4 },
      { signal, onLayer: (_, done) => void (signal.aborted = done === 3) },
    );
    await expect(stopped).rejects.toMatchObject({
      code: 'aborted',
      message: expect.stringContaining('3 of 14 layers'),
    });
  });
});

describe('a checkpoint', () => {
  const rejected = (files: Record<string, Uint8Array>) =>
    open(files).then(
      () => '',
      (error) => String(error.message),
    );
  const without = (name: string) => {
    const { [name]: _, ...rest } = llama();
    return rest;
  };
  const second = 'model-00002-of-00003.safetensors';
  it.each([
    ['a missing shard', without(second), `names 3 files, of which ${second} is missing`],
    [
      'a missing shard without an index',
      (({ 'model.safetensors.index.json': _, [second]: __, ...rest }) => rest)(llama()),
      '3 shards should be there, got 2',
    ],
    ['a truncated shard', { ...llama(), [second]: llama()[second].slice(0, -3) }, `${second}: openSafetensors`],
    [
      'an index that names absent tensors',
      {
        ...llama(),
        'model.safetensors.index.json': json({ weight_map: { 'a.weight': second } }),
      },
      `the index says that 'a.weight' is in ${second}, which has no such tensor`,
    ],
    ['an index without a map', { ...llama(), 'model.safetensors.index.json': json({}) }, 'weight_map should map names'],
    ['no safetensors at all', { 'pytorch_model.bin': new Uint8Array(9) }, 'got none of these'],
    [
      'config.json that is no JSON',
      { ...llama(), 'config.json': new Uint8Array([123]) },
      'config.json: should be JSON',
    ],
    [
      'a dtype nobody knows',
      { 'm.safetensors': header({ a: { dtype: 'Q4', shape: [1], data_offsets: [0, 1] } }, 1) },
      'dtype should be one of BOOL',
    ],
  ] as [string, Record<string, Uint8Array>, string][])('with %s is refused', async (_, files, message) => {
    expect(await rejected(files)).toContain(message);
  });

  it('is opened from shards without an index, all there', async () => {
    const { 'model.safetensors.index.json': _, ...files } = llama();
    expect((await open(files)).tensors.size).toBe((await open(llama())).tensors.size);
  });

  it('is read in the order of its bytes, each byte of a chosen weight once', async () => {
    const files = llama({ d: 128, kv: 64, mlp: 512, dtype: 'F32' });
    const reads: [string, number, number][] = [];
    const watched: Files = {
      names: Object.keys(files),
      open: async (name) => ({
        size: files[name].length,
        read: async (offset, length) => {
          reads.push([name, offset, offset + length]);
          return files[name].subarray(offset, offset + length);
        },
      }),
    };
    const checkpoint = await openCheckpoint(watched);
    reads.length = 0;
    await initAdapter(K, checkpoint, { rank: 4 });
    for (let i = 1; i < reads.length; i++)
      if (reads[i][0] === reads[i - 1][0]) expect(reads[i][1]).toBeGreaterThanOrEqual(reads[i - 1][2]);
  });
});

const storedAs = (module: { transposed: boolean; outputs: number; inputs: number }): [number, number] =>
  module.transposed ? [module.inputs, module.outputs] : [module.outputs, module.inputs];

function header(entries: object, dataBytes: number): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(entries));
  const file = new Uint8Array(8 + text.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  return file;
}
