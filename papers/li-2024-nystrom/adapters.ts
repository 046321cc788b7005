// Adapters started from weights: that they do nothing at first, where their rows lie, what they capture of real weights, that
// what moves the base can be undone, what an adapter can reach, and that its files are what PEFT's are.

import {
  type AdapterLayer,
  adapterFiles,
  adapterOf,
  bytesOf,
  convertAdapter,
  filesOf,
  formed,
  frobenius,
  type InitMethod,
  initAdapter,
  type Kernels,
  type LoraAdapter,
  largestChange,
  type Matrix,
  matrix,
  multiply,
  normals,
  openCheckpoint,
  peftConfig,
  qr,
  readAdapter,
  residualTensors,
  type Stream,
  split,
  stream,
  transpose,
} from 'lorank';
import type { Row } from '../paper.js';
import {
  entries,
  type Folder,
  folderOf,
  hashOf,
  LAYERS,
  randomWeight,
  realWeights,
  type Stored,
  seedOf,
} from './weights.js';

type Rows = AsyncGenerator<undefined, Row[], undefined>;
type Weights = Readonly<Record<string, Matrix<Float32Array>>>;

/** The weights of a block of a decoder. */
const decoder = (random: Stream, width = 64): Weights =>
  Object.fromEntries(
    (
      [
        ['q_proj', width, width],
        ['k_proj', width / 2, width],
        ['v_proj', width / 2, width],
        ['o_proj', width, width],
        ['up_proj', 2 * width, width],
        ['down_proj', width, 2 * width],
      ] as const
    ).map(([name, rows, cols]) => [`model.layers.0.${name}`, randomWeight(random, name, rows, cols)]),
  );

/** The real weights as linear layers; none where they are not installed. */
const real = (): Weights =>
  Object.fromEntries([...(realWeights() ?? [])].map(([layer, W]) => [`layers.linear_${layer}`, W]));

const opened = async (weights: Weights, dtype: Stored = 'F32', shards = 1) => {
  const folder = folderOf(weights, dtype, shards);
  return { folder, checkpoint: await openCheckpoint(folder.files) };
};

/** The adapter as it is written and read again. */
async function reread(adapter: LoraAdapter): Promise<LoraAdapter> {
  const files: Record<string, Uint8Array> = {};
  for (const file of adapterFiles(adapter)) files[file.name] = await bytesOf(file);
  return readAdapter(filesOf(files));
}

const layersOf = (adapter: LoraAdapter): Promise<AdapterLayer[]> =>
  Promise.all(adapter.paths.map((path) => adapter.layer(path)));

const f64 = (M: Matrix<Float32Array>): Matrix<Float64Array> => matrix(M.rows, M.cols, Float64Array.from(entries(M)));

/** s·B A in f64. */
const productOf = (K: Kernels, { A, B, scaling }: Pick<AdapterLayer, 'A' | 'B' | 'scaling'>): Matrix<Float64Array> => {
  const { data, rows, cols } = formed(K, { left: f64(B), right: transpose(f64(A)) });
  return matrix(
    rows,
    cols,
    data.map((x) => scaling * x),
  );
};

const combined = (X: Matrix<Float64Array>, c: number, Y: Matrix<Float64Array>): Matrix<Float64Array> =>
  matrix(
    X.rows,
    X.cols,
    X.data.map((x, i) => x + c * Y.data[i]),
  );

const largest = (M: Matrix<Float64Array>): number => M.data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
const rms = (M: Matrix<Float32Array>): number => Math.sqrt(M.data.reduce((sum, x) => sum + x * x, 0) / M.data.length);

/** W x + s·B(A x) − W x in f32 for random x, and the largest |s·B A|, of adapters written and read again; the base's hash. */
export async function* noOp(K: Kernels, random: Stream): Rows {
  const rows: Row[] = [];
  for (const [checkpoint, weights, dtype, shards] of [
    ['decoder', decoder(random), 'BF16', 3],
    ['real', real(), 'F32', 2],
  ] as const) {
    if (Object.keys(weights).length === 0) continue;
    for (const method of ['nystrom', 'kaiming', 'gaussian', 'pissa'] as const) {
      const { folder, checkpoint: model } = await opened(weights, dtype, shards);
      const before = hashOf(folder);
      const { adapter } = await initAdapter(K, model, { method, rank: 8, alpha: 16, seed: seedOf(random, 'noOp') });
      let [change, output] = [0, 0];
      for (const layer of await layersOf(await reread(adapter))) {
        change = Math.max(change, largestChange(K, layer));
        output = Math.max(output, outputChange(K, weights[layer.path], layer, random));
      }
      rows.push({ checkpoint, method, change, output, same: hashOf(folder) === before });
      yield;
    }
  }
  return rows;
}

/** max |fl(W x + s·B(A x)) − fl(W x)|. */
function outputChange(K: Kernels, W: Matrix<Float32Array>, { A, B, scaling }: AdapterLayer, random: Stream): number {
  const x = matrix(W.cols, 4, Float32Array.from(normals(split(random, 'x'), W.cols * 4)));
  const times = (alpha: number, M: Matrix<Float32Array>, X: Matrix<Float32Array>, onto?: Matrix<Float32Array>) => {
    const Y = onto ?? matrix(M.rows, X.cols, new Float32Array(M.rows * X.cols));
    K.gemm(alpha, M, X, Y, onto !== undefined);
    return Y;
  };
  const plain = times(1, W, x).data;
  const adapted = times(scaling, B, times(1, A, x), times(1, W, x)).data;
  return adapted.reduce((most, y, i) => Math.max(most, Math.abs(y - plain[i])), 0);
}

/** The part of A outside row(W), W: 48×64 of rank 5, and r = 4. */
export async function* rowSpace(K: Kernels, random: Stream): Rows {
  const factor = (name: string, n: number) => matrix(n, 5, normals(split(random, name), 5 * n));
  const W = formed(K, { left: factor('left', 48), right: factor('right', 64) });
  const { checkpoint } = await opened({ 'a.fc': matrix(48, 64, Float32Array.from(W.data)) });
  const basis = qr(K, factor('right', 64)).Q;
  const rows: Row[] = [];
  for (const method of ['nystrom', 'kaiming', 'gaussian'] as const) {
    const { adapter } = await initAdapter(K, checkpoint, { method, rank: 4, alpha: 8, seed: seedOf(random, 'rows') });
    const A = f64((await layersOf(adapter))[0].A);
    const inside = multiply(K, multiply(K, A, basis), transpose(basis));
    rows.push({ method, outside: frobenius(combined(A, -1, inside)) / frobenius(A) });
    yield;
  }
  return rows;
}

/** Rank of what is started on the real weights, and ξ and s. */
const START = { rank: 8, alpha: 16, sigma: 0.1 } as const;
export const DRAWS = 20;

/** Of real weights: shares of ‖W‖_F² in row(A), and the size of A over (ξ/s)·‖W‖_F/√inputs; means of draws. */
export async function* realStarts(K: Kernels, random: Stream): Rows {
  const weights = real();
  if (Object.keys(weights).length === 0) return [];
  const { checkpoint } = await opened(weights);
  const sums = new Map<string, { nystrom: number; gaussian: number; pissa: number; size: number }>();
  const each = async (method: InitMethod, draw: number, see: (layer: AdapterLayer, share: number) => void) => {
    const { adapter } = await initAdapter(K, checkpoint, { ...START, method, seed: seedOf(random, `draw ${draw}`) });
    for (const layer of await layersOf(adapter)) see(layer, shareOf(K, weights[layer.path], layer.A));
  };
  const of = (path: string) => {
    if (!sums.has(path)) sums.set(path, { nystrom: 0, gaussian: 0, pissa: 0, size: 0 });
    return sums.get(path)!;
  };
  await each('pissa', 0, ({ path }, share) => void (of(path).pissa = share));
  for (let draw = 0; draw < DRAWS; draw++) {
    await each('gaussian', draw, ({ path }, share) => void (of(path).gaussian += share / DRAWS));
    await each('nystrom', draw, ({ path, A, scaling }, share) => {
      const W = weights[path];
      of(path).nystrom += share / DRAWS;
      of(path).size += rms(A) / (((START.sigma / scaling) * frobenius(W)) / Math.sqrt(W.cols)) / DRAWS;
    });
    yield;
  }
  return LAYERS.map((layer) => {
    const { rows: outputs, cols: inputs } = weights[`layers.linear_${layer}`];
    return { layer, inputs, outputs, ...of(`layers.linear_${layer}`) };
  });
}

/** ‖W Q‖_F²/‖W‖_F², Q an orthonormal basis of row(A). */
function shareOf(K: Kernels, W: Matrix<Float32Array>, A: Matrix<Float32Array>): number {
  const { Q } = qr(K, transpose(A));
  const WQ = matrix(W.rows, Q.cols, new Float32Array(W.rows * Q.cols));
  K.gemm(1, W, matrix(Q.rows, Q.cols, Float32Array.from(Q.data)), WQ);
  const [kept, all] = [frobenius(WQ), frobenius(W)];
  return (kept * kept) / (all * all);
}

/** ‖fl(W_res + s·B A) − W‖_F/‖W‖_F in f32, of methods that move the base, and of W in the place of W_res. */
export async function* residuals(K: Kernels, random: Stream): Rows {
  const weights = real();
  if (Object.keys(weights).length === 0) return [];
  const rows: Row[] = [];
  for (const method of ['pissa', 'olora', 'milora'] as const) {
    const some = { 'layers.linear_83': weights['layers.linear_83'], 'layers.linear_80': weights['layers.linear_80'] };
    const { checkpoint } = await opened(some);
    const { adapter, plan } = await initAdapter(K, checkpoint, { ...START, method, seed: seedOf(random, method) });
    const rest = residualTensors(K, checkpoint, plan.modules, (path) => adapter.layer(path));
    for (const layer of await layersOf(adapter)) {
      const W = some[layer.path as keyof typeof some];
      const pieces = await rest[`${layer.path}.weight`].bytes();
      const bytes = await bytesOf({ name: '', pieces: pieces instanceof Uint8Array ? [pieces] : pieces });
      const W_res = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
      const error = (base: Float32Array) => {
        const sum = matrix(W.rows, W.cols, base.slice());
        K.gemm(layer.scaling, layer.B, layer.A, sum, true);
        return frobenius(combined(f64(sum), -1, f64(W))) / frobenius(W);
      };
      rows.push({ method, layer: layer.path, error: error(W_res), unmoved: error(entries(W)) });
      yield;
    }
  }
  return rows;
}

/** Adapters on a moved base as plain ones of twice the rank: random A₀, B₀, A, B. */
export async function* conversions(K: Kernels, random: Stream): Rows {
  const rows: Row[] = [];
  const r = 6;
  const alpha = 9;
  const W = matrix(40, 30, normals(split(random, 'W'), 1200));
  const factors = (name: string) => ({
    A: matrix(r, 30, Float32Array.from(normals(split(random, `${name} A`), 30 * r))),
    B: matrix(40, r, Float32Array.from(normals(split(random, `${name} B`), 40 * r))),
  });
  for (const rslora of [false, true]) {
    const scaling = rslora ? alpha / Math.sqrt(r) : alpha / r;
    const of = (name: string): LoraAdapter => {
      const head = {
        path: 'a.fc',
        kind: 'linear',
        rank: r,
        outputs: 40,
        inputs: 30,
        alpha,
        scaling,
        dtype: 'F32',
      } as const;
      const config = peftConfig({
        r,
        lora_alpha: alpha,
        use_rslora: rslora,
        init_lora_weights: 'pissa',
        target_modules: ['fc'],
      });
      return adapterOf(config, [{ ...head, ...factors(name) }]);
    };
    const [start, end] = [of('start'), of('end')];
    const { adapter } = await convertAdapter(K, end, { init: start });
    const [plain] = await layersOf(adapter);
    const [[before], [after]] = [await layersOf(start), await layersOf(end)];
    const moved = combined(combined(W, -1, productOf(K, before)), 1, productOf(K, after)); // W_res + s·B A
    const error = (layer: Pick<AdapterLayer, 'A' | 'B' | 'scaling'>) =>
      largest(combined(moved, -1, combined(W, 1, productOf(K, layer))));
    rows.push({
      rslora,
      error: error(plain),
      rank: plain.rank / r,
      alpha: adapter.config.lora_alpha / alpha,
      forgotten: error(after),
    });
    yield;
  }
  return rows;
}

/** |s·B A| of the orthogonal start, and the sizes of its factors. */
export async function* orthogonal(K: Kernels, random: Stream): Rows {
  const { checkpoint } = await opened(decoder(random));
  const rows: Row[] = [];
  for (const method of ['orthogonal', 'pissa'] as const) {
    const { adapter } = await initAdapter(K, checkpoint, { method, rank: 8, alpha: 8, seed: seedOf(random, method) });
    for (const layer of await layersOf(adapter))
      rows.push({
        method,
        layer: layer.path,
        change: largestChange(K, layer),
        A: frobenius(layer.A),
        B: frobenius(layer.B),
      });
    yield;
  }
  return rows;
}

/** Faults of an adapter's file against PEFT's, and whether what is read and written again is the same. */
export async function* files(K: Kernels, random: Stream): Rows {
  const rows: Row[] = [];
  for (const [dtype, shards, method] of [
    ['F32', 1, 'nystrom'],
    ['BF16', 3, 'orthogonal'],
    ['F16', 2, 'kaiming'],
  ] as const) {
    const weights = decoder(random);
    const { checkpoint } = await opened(weights, dtype, shards);
    const { adapter } = await initAdapter(K, checkpoint, { method, rank: 8, alpha: 16, seed: seedOf(random, dtype) });
    const bytes = await modelFile(adapter);
    const [back, layers] = [await reread(adapter), await layersOf(adapter)];
    const expected = new Map(
      layers.flatMap(({ path, A, B }) => [
        [`base_model.model.${path}.lora_A.weight`, A] as const,
        [`base_model.model.${path}.lora_B.weight`, B] as const,
      ]),
    );
    const holed = bytes.slice();
    const text = new TextDecoder().decode(holed.subarray(8, 8 + headerLength(holed)));
    holed.set(new TextEncoder().encode(text.replaceAll('lora_A.weight', 'lora_X.weight')), 8); // the name of one factor
    const again = await modelFile(back);
    rows.push({
      dtype,
      method,
      tensors: expected.size,
      faults: faultsOf(bytes, expected),
      same: again.length === bytes.length && again.every((byte, i) => byte === bytes[i]),
      misnamed: faultsOf(holed, expected),
    });
    yield;
  }
  return rows;
}

const modelFile = async (adapter: LoraAdapter): Promise<Uint8Array> =>
  bytesOf(adapterFiles(adapter).find(({ name }) => name === 'adapter_model.safetensors')!);

const headerLength = (bytes: Uint8Array): number =>
  Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));

/** What is wrong with a safetensors file that should hold these matrices in f32, by its published format; a reader of its own. */
function faultsOf(bytes: Uint8Array, expected: ReadonlyMap<string, Matrix<Float32Array>>): number {
  let faults = 0;
  const should = (holds: boolean) => void (faults += holds ? 0 : 1);
  const length = headerLength(bytes);
  should(bytes[8] === 0x7b && length % 8 === 0); // starts with '{', padded to 8
  type Entry = { dtype: string; shape: number[]; data_offsets: [number, number] };
  const { __metadata__, ...tensors } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
    string,
    Entry
  > & { __metadata__?: Record<string, unknown> };
  should((__metadata__ as Record<string, unknown> | undefined)?.format === 'pt');
  let end = 0;
  const entriesByPlace = Object.entries(tensors).sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
  should(entriesByPlace.length === expected.size);
  for (const [name, { dtype, shape, data_offsets }] of entriesByPlace) {
    const M = expected.get(name);
    should(data_offsets[0] === end); // no hole, no overlap
    end = data_offsets[1];
    should(dtype === 'F32' && M !== undefined && shape.length === 2 && shape[0] === M.rows && shape[1] === M.cols);
    if (!M) continue;
    const data = new Float32Array(bytes.slice(8 + length + data_offsets[0], 8 + length + end).buffer);
    const own = entries(M);
    should(data.length === own.length && data.every((x, i) => Object.is(x, own[i])));
  }
  should(8 + length + end === bytes.length);
  return faults;
}

/** The sketch of a weight in shards, read in blocks, against Gᵀ W in f64; what was read in all, and how many numbers at once. */
export async function* streamed(K: Kernels, random: Stream): Rows {
  const rows: Row[] = [];
  const W = randomWeight(random, 'large', 4608, 1024);
  const small = randomWeight(random, 'small', 96, 64);
  const r = 16;
  for (const dtype of ['F32', 'BF16', 'F16'] as const) {
    const seed = seedOf(random, dtype);
    const { folder, checkpoint } = await opened({ 'a.small': small, 'b.large': W }, dtype, 2);
    const opening = folder.reads.length;
    const { adapter } = await initAdapter(K, checkpoint, { rank: r, alpha: r, sigma: 1, seed });
    const reads = folder.reads.slice(opening);
    const [, { A }] = await layersOf(adapter);
    const stored = matrix(W.rows, W.cols, Float64Array.from(await checkpoint.rows('b.large.weight', 0, W.rows)));
    const draws = normals(split(stream(seed, 'lora/b.large'), 'sketch'), W.rows * r);
    const miss = (G: Float64Array) => {
      const dense = multiply(K, transpose(matrix(W.rows, r, G)), stored);
      return frobenius(combined(dense, -1, f64(A))) / frobenius(dense);
    };
    const bytesEach = dtype === 'F32' ? 4 : 2;
    rows.push({
      dtype,
      error: miss(draws),
      shifted: miss(draws.map((_, i) => draws[(i + r) % draws.length])),
      once: reads.reduce((sum, n) => sum + n, 0) / sizeOf(folder),
      atOnce: reads.reduce((most, n) => Math.max(most, n), 0) / bytesEach,
      numbers: W.rows * W.cols,
    });
    yield;
  }
  return rows;
}

/** Bytes of the tensors. */
const sizeOf = ({ bytes }: Folder): number =>
  Object.entries(bytes)
    .filter(([name]) => name.endsWith('.safetensors'))
    .reduce((sum, [, content]) => sum + content.length - 8 - headerLength(content), 0);
