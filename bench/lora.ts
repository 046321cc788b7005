// Starting adapters: a synthetic Llama-shaped 1B checkpoint of BF16 shards through the command line (time beside reading the
// file and the arithmetic of the sketch; peak memory), and Nyström, PiSSA and a full SVD of one 4096×4096 matrix.
// node scripts/bench.mjs lora [folder]: the checkpoints take 4.1 GB in the folder (default: the system's), and is removed.

import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFolder } from '../src/cli/lora/folder.js';
import { toBf16 } from '../src/io/floats.js';
import { type Kernels, startKernels } from '../src/kernels/index.js';
import { principalAngles } from '../src/linalg/angles.js';
import { svd } from '../src/linalg/svd.js';
import { openCheckpoint } from '../src/lora/checkpoint.js';
import { initLayer, planInit } from '../src/lora/initialise.js';
import { readAhead } from '../src/lora/pass.js';
import { spectralStart } from '../src/lora/starts.js';
import { matrix, slice, transpose } from '../src/matrix.js';
import { normals, permutation, signs, stream } from '../src/random/index.js';
import { median, numpy, ours, race } from './harness.js';

const RANK = 32;
const SHAPE = { d: 2048, kv: 512, mlp: 8192, layers: 16, vocabulary: 128256 }; // Llama 3.2 1B
const LARGER = { d: 4096, kv: 4096, mlp: 11008, layers: 4, vocabulary: 1 }; // of the 32 layers of Llama 2 7B

/** Writes the shards with few numbers in memory: every weight is a stretch of the same 2²⁴ normal numbers. */
function checkpoint(folder: string, shards: number, shape = SHAPE): { bytes: number; adapted: number[][] } {
  const { d, kv, mlp, layers, vocabulary } = shape;
  const noise = toBf16(normals(stream(1, 'bench'), 2 ** 22).map((x) => 0.02 * x));
  const bytes = new Uint8Array(noise.buffer);
  const tensors: [string, number[]][] = [['model.embed_tokens.weight', [vocabulary, d]]];
  for (let l = 0; l < layers; l++) {
    const at = `model.layers.${l}`;
    for (const [name, shape] of [
      ['self_attn.q_proj', [d, d]],
      ['self_attn.k_proj', [kv, d]],
      ['self_attn.v_proj', [kv, d]],
      ['self_attn.o_proj', [d, d]],
      ['mlp.gate_proj', [mlp, d]],
      ['mlp.up_proj', [mlp, d]],
      ['mlp.down_proj', [d, mlp]],
      ['input_layernorm', [d]],
      ['post_attention_layernorm', [d]],
    ] as [string, number[]][])
      tensors.push([`${at}.${name}.weight`, shape]);
  }
  const map: Record<string, string> = {};
  let total = 0;
  const share = Math.ceil(tensors.length / shards);
  for (let s = 0; s < shards; s++) {
    const file = `model-${String(s + 1).padStart(5, '0')}-of-${String(shards).padStart(5, '0')}.safetensors`;
    const part = tensors.slice(s * share, (s + 1) * share);
    let offset = 0;
    const sizes = part.map(([, shape]) => 2 * shape.reduce((product, n) => product * n, 1));
    const header = Object.fromEntries(
      part.map(([name, shape], i) => [name, { dtype: 'BF16', shape, data_offsets: [offset, (offset += sizes[i])] }]),
    );
    for (const [name] of part) map[name] = file;
    const text = Buffer.from(JSON.stringify(header));
    const head = Buffer.alloc(8 + text.length);
    head.writeBigUInt64LE(BigInt(text.length));
    text.copy(head, 8);
    const out = openSync(join(folder, file), 'w');
    writeSync(out, head);
    for (const size of sizes)
      for (let done = 0; done < size; done += bytes.length)
        writeSync(out, bytes, 0, Math.min(bytes.length, size - done));
    closeSync(out);
    total += statSync(join(folder, file)).size;
  }
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({ model_type: 'llama', architectures: ['LlamaForCausalLM'], tie_word_embeddings: true }),
  );
  return { bytes: total, adapted: tensors.filter(([name]) => name.includes('_proj')).map(([, shape]) => shape) };
}

const AT_EXIT = `data:text/javascript,process.on('exit',()=>{const r=process.resourceUsage();console.error('used',r.maxRSS,r.userCPUTime+r.systemCPUTime)})`;

/** lorank lora …: its seconds, those of CPU, and its memory in MB. */
function command(words: readonly string[], folder: string): { seconds: number; cpu: number; peak: number } {
  const argv = ['lora', ...words, '-o', join(folder, 'out'), '--force', '--json', '--quiet'];
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', AT_EXIT, 'dist/node/cli.js', ...argv], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  const [, peak, cpu] = /used (\d+) (\d+)/.exec(stderr)!;
  return { seconds: JSON.parse(stdout).seconds, cpu: Number(cpu) / 1e6, peak: Number(peak) / 1024 };
}

/** Seconds to read the files once, in the blocks that lorank reads. */
function reading(folder: string, shards: number): number {
  const block = new Uint8Array(2 ** 22);
  const start = performance.now();
  for (let s = 1; s <= shards; s++) {
    const name = `model-${String(s).padStart(5, '0')}-of-${String(shards).padStart(5, '0')}.safetensors`;
    const file = openSync(join(folder, name), 'r');
    while (readSync(file, block) > 0);
    closeSync(file);
  }
  return (performance.now() - start) / 1e3;
}

/** Seconds to start all layers, without hashing and writing them. */
async function starting(K: Kernels, folder: string): Promise<number> {
  const start = performance.now();
  const files = await openFolder(folder);
  const checkpoint = await openCheckpoint(files);
  const plan = planInit(checkpoint, { rank: RANK });
  const weights = readAhead(checkpoint, plan.modules, (bytes) => K.allocate('u8', bytes));
  for (const module of plan.modules) await initLayer(K, weights, plan, module);
  await files.close();
  return (performance.now() - start) / 1e3;
}

/** Measured flops a second of the sketch's product of one block, in kernel memory. */
function sketchRate(K: Kernels): number {
  const [rows, cols] = [1024, 2048];
  const inside = (r: number, c: number) => {
    const data = K.allocate('f32', r * c);
    data.set(normals(stream(1, 'rate'), r * c));
    return matrix(r, c, data);
  };
  return K.scoped(() => {
    const [G, W, A] = [inside(rows, RANK), inside(rows, cols), inside(RANK, cols)];
    const times: number[] = [];
    for (let i = 0; i < 30; i++) {
      const start = performance.now();
      K.gemm(1, transpose(G), W, A, true);
      times.push((performance.now() - start) / 1e3);
    }
    return (2 * RANK * rows * cols) / median(times);
  });
}

/** W = U·diag(1/i)·Vᵀ in f32 and V's leading columns; U, V: signed and permuted Hadamard matrices. */
function decaying(n: number) {
  const [rows, cols] = ['left', 'right'].map((name) => permutation(stream(1, `${name}/order`), n));
  const [left, right] = ['left', 'right'].map((name) => signs(stream(1, name), n));
  const M = matrix(n, n);
  for (let i = 0; i < n; i++) M.data[rows[i] * n + cols[i]] = 1 / (i + 1);
  const eachRow = () => {
    for (let i = 0; i < n; i++) K.hadamard(M.data.subarray(i * n, (i + 1) * n));
  };
  const turn = () => {
    for (let i = 0; i < n; i++)
      for (let j = 0; j < i; j++) {
        const kept = M.data[i * n + j];
        M.data[i * n + j] = M.data[j * n + i];
        M.data[j * n + i] = kept;
      }
  };
  eachRow();
  turn();
  eachRow();
  turn();
  const W = matrix(n, n, new Float32Array(n * n));
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) W.data[i * n + j] = (left[i] * right[j] * M.data[i * n + j]) / n;
  const V = matrix(n, RANK);
  const column = new Float64Array(n);
  for (let k = 0; k < RANK; k++) {
    column.fill(0);
    column[cols[k]] = 1;
    K.hadamard(column);
    for (let j = 0; j < n; j++) V.data[j * RANK + k] = (right[j] * column[j]) / Math.sqrt(n);
  }
  return { W, V };
}

const K = await startKernels({ threads: availableParallelism() });

{
  const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'lorank-bench-lora-'));
  try {
    const model = join(folder, 'model');
    mkdirSync(model);
    const shards = 3;
    const { bytes, adapted } = checkpoint(model, shards);
    reading(model, shards);
    const flops = adapted.reduce((sum, [m, n]) => sum + 2 * RANK * m * n, 0);
    const layers = adapted.length;
    console.log(
      `\nlora init --method nystrom -r ${RANK}, ${layers} layers of a 1B Llama, ${(bytes / 1e9).toFixed(2)} GB of BF16`,
    );
    for (const threads of [1, availableParallelism()]) {
      const K = await startKernels({ threads });
      const [floors, starts, runs, cpus, peaks]: number[][] = [[], [], [], [], []];
      for (let round = 0; round < 4; round++) {
        floors.push(reading(model, shards) + flops / sketchRate(K));
        starts.push(await starting(K, model));
        const { seconds, cpu, peak } = command(
          ['init', model, '-r', String(RANK), '--threads', String(threads)],
          folder,
        );
        runs.push(seconds);
        cpus.push(cpu);
        peaks.push(peak);
      }
      K.close();
      const least = (values: number[]) => Math.min(...values);
      const said = (values: number[]) => `${median(values).toFixed(2)} s (least ${least(values).toFixed(2)})`;
      const ratio = `${(median(starts) / median(floors)).toFixed(2)} × (least ${(least(starts) / least(floors)).toFixed(2)})`;
      console.log(`${threads} threads: reading, and ${(flops / 1e9).toFixed(0)} Gflop of the sketch ${said(floors)}`);
      console.log(`  all layers ${said(starts)}, ${ratio} that`);
      console.log(
        `  the command, with hashing and writing, ${said(runs)}, CPU ${said(cpus)}, peak ${Math.max(...peaks).toFixed(0)} MB`,
      );
    }
    const larger = join(folder, 'larger');
    mkdirSync(larger);
    checkpoint(larger, 1, LARGER);
    const times = Array.from({ length: 4 }, () => command(['init', larger, '-r', String(RANK)], folder).seconds);
    const layer = median(times) / LARGER.layers;
    console.log(
      `a layer of a 7B Llama, of ${LARGER.layers}: ${layer.toFixed(2)} s; all 32 by extrapolation ${(32 * layer).toFixed(0)} s`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

{
  const n = 4096;
  const { W, V } = decaying(n);
  const shape = { outputs: n, inputs: n, rank: RANK, scaling: 1 };
  const G = matrix(n, RANK, new Float32Array(n * RANK));
  const sketch = () => {
    G.data.set(normals(stream(1, 'G'), n * RANK));
    K.gemm(1, transpose(G), W, matrix(RANK, n, new Float32Array(RANK * n)));
  };
  const start = spectralStart(K, 'pissa', shape, W, stream(1, 'pissa'), 3);
  const angles = principalAngles(K, transpose(start.A), V);
  console.log(
    `\nPiSSA of ${n}×${n}, σ_i = 1/i, r = ${RANK}: largest principal angle ${Math.max(...angles).toExponential(1)}`,
  );
  const l = 3 * RANK;
  const setup = `
rng = np.random.default_rng(1)
W = rng.standard_normal((${n}, ${n})).astype('float32')
def rsvd():
    Q = np.linalg.qr(W @ rng.standard_normal((${n}, ${l})).astype('float32'))[0]
    for _ in range(3):
        Q = np.linalg.qr(W @ np.linalg.qr(W.T @ Q)[0])[0]
    U, s, Vt = np.linalg.svd(Q.T @ W, full_matrices=False)
    return (Q @ U)[:, :${RANK}], s[:${RANK}], Vt[:${RANK}]
`;
  await race(
    `starts of one ${n}×${n} matrix, r = ${RANK}`,
    [
      await numpy('numpy, randomised SVD, 3 passes', setup, 'rsvd()'),
      ours('lorank, pissa (same passes)', () => void spectralStart(K, 'pissa', shape, W, stream(1, 'pissa'), 3)),
      ours('lorank, nystrom', sketch),
      ours('lorank, olora', () => void spectralStart(K, 'olora', shape, W, stream(1, 'olora'), 3)),
    ],
    { rounds: 3, calls: 1 },
  );
  const small = 1024;
  const part = slice(W, 0, small, 0, small);
  const begun = performance.now();
  svd(K, part);
  const seconds = (performance.now() - begun) / 1e3;
  console.log(
    `full SVD of ${small}×${small}: ${seconds.toFixed(1)} s; of ${n}×${n} ${(n / small) ** 3} times the flops`,
  );
}

K.close();
