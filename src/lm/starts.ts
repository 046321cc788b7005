// Where the adapters of a run start, and the adapter that it leaves: by the methods of lora/starts.ts, as a chain of factors, or
// from an adapter that is there.

import { dataError } from '../errors.js';
import type { SizedRange } from '../io/bytes.js';
import type { Kernels } from '../kernels/contract.js';
import { type Adapter, type AdapterLayer, adapterOf } from '../lora/adapter.js';
import { type Checkpoint, openCheckpoint } from '../lora/checkpoint.js';
import type { PeftConfig } from '../lora/config.js';
import { filesOf } from '../lora/files.js';
import { type InitOptions, initAdapter, planInit } from '../lora/initialise.js';
import { movesBase } from '../lora/starts.js';
import { requireUnmovedBase } from '../lora/work.js';
import { type Matrix, matrix } from '../matrix.js';
import { DEFAULT_SEED, stream } from '../random/index.js';
import {
  type AdapterStart,
  type ChainStart,
  compressedDeepStart,
  narrowDeepStart,
  type Pair,
  pairOf,
  residualModel,
  sizeOfLinear,
  weightGradients,
} from './adapters.js';
import { type Model, modelBytes } from './model.js';
import type { Task } from './train.js';

/** Adapters to train, and what their files will say. */
export interface Started {
  /** What they are trained on: the model, or one with W − s·B A where the method moves the base. */
  readonly model: Model;
  readonly chains: readonly AdapterStart[];
  readonly config: PeftConfig;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A model in memory as the room of adapters reads one; its numbers are shared, not copied. */
export function checkpointOf(model: Model): Promise<Checkpoint> {
  const config = new TextEncoder().encode(JSON.stringify(model.architecture.config));
  return openCheckpoint(filesOf({ 'config.json': config, 'model.safetensors': inPieces([...modelBytes(model)]) }));
}

/** Pieces one after another as a range. */
function inPieces(pieces: readonly Uint8Array[]): SizedRange {
  const size = pieces.reduce((sum, { length }) => sum + length, 0);
  return {
    size,
    read: async (offset, length) => {
      const out = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      let start = 0;
      for (const piece of pieces) {
        const [from, to] = [Math.max(offset, start), Math.min(offset + out.length, start + piece.length)];
        if (from < to) out.set(piece.subarray(from - start, to - start), from - offset);
        start += piece.length;
      }
      return out;
    },
  };
}

async function layersOf(adapter: Adapter): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (const path of adapter.paths) {
    const { A, B, scaling } = await adapter.layer(path);
    pairs.push({ path, A, B, scaling });
  }
  return pairs;
}

/** Adapters by a method of lora/starts.ts. A method that moves the base trains on the rest of it. */
export async function startAdapters(K: Kernels, model: Model, options: InitOptions): Promise<Started> {
  const checkpoint = await checkpointOf(model);
  const { adapter, plan } = await initAdapter(K, checkpoint, { ...options, base: 'residual' });
  const chains = await layersOf(adapter);
  if (!movesBase(plan.method)) return { model, chains, config: plan.config, metadata: adapter.metadata };
  const { config, metadata } = planInit(checkpoint, { ...options, base: 'double' });
  return { model: residualModel(K, model, chains), chains, config, metadata };
}

/** What startDeep() takes. */
export interface DeepStartOptions {
  readonly rank: number;
  /** Whether the chain is the compression of a wide one; default false. */
  readonly compressed?: boolean;
  readonly initScale?: number; // ε; default 1e-3
  readonly outerSpeed?: number; // γ; default 1e-2
  readonly alpha?: number; // default: the rank, which is s = 1
  readonly targets?: InitOptions['targets'];
  readonly seed?: number;
}

/** Deep LoRA of depth 3. The compressed one looks at the gradient of the task's first batch. */
export async function startDeep(K: Kernels, task: Task, options: DeepStartOptions): Promise<Started> {
  const { rank, compressed = false, initScale, outerSpeed, alpha, targets, seed = DEFAULT_SEED } = options;
  const { model } = task;
  const plan = planInit(await checkpointOf(model), { method: 'kaiming', rank, alpha, targets, seed });
  const paths = plan.modules.map(({ path }) => path);
  const gradients = compressed ? weightGradients(K, task, paths) : undefined;
  const deep = { rank, initScale, outerSpeed, scaling: plan.scaling };
  const chains = paths.map((path): ChainStart => {
    const random = stream(seed, `lora/${path}`);
    const gradient = gradients?.get(path);
    return gradient
      ? compressedDeepStart(K, path, gradient, random, deep)
      : narrowDeepStart(K, path, sizeOfLinear(model, path), random, deep);
  });
  const method = compressed ? 'compressed-deep' : 'deep';
  return { model, chains, config: plan.config, metadata: { method, seed: String(seed) } };
}

/** The layers of an adapter as they are. Refuses one of a base that was changed when it was made: it is another function here. */
export async function startFrom(model: Model, adapter: Adapter): Promise<Started> {
  requireUnmovedBase('startFrom', adapter);
  const odd = Object.keys(adapter.others)[0];
  if (adapter.config.use_dora || odd)
    throw dataError(
      `the adapter holds more than pairs of factors (${odd ?? 'use_dora'}), which are not trained here`,
      'start from a plain LoRA adapter',
    );
  return { model, chains: await layersOf(adapter), config: adapter.config, metadata: adapter.metadata };
}

/** What a run learned as an adapter of the model that it started from: for a moved base [A; A₀] and [B, −B₀], of twice the rank. */
export function learnedAdapter(
  K: Kernels,
  model: Model,
  { model: trained, chains, config, metadata }: Started,
  learned: readonly ChainStart[],
): Adapter {
  const layers = learned.map((chain, i): AdapterLayer => {
    const end = pairOf(K, chain);
    const start = pairOf(K, chains[i]);
    const moved = trained !== model;
    const A = moved ? below(end.A, start.A) : end.A;
    const B = moved ? beside(end.B, start.B) : end.B;
    const alpha = end.scaling * (config.use_rslora ? Math.sqrt(A.rows) : A.rows);
    const [rank, outputs, inputs] = [A.rows, B.rows, A.cols];
    return { path: chain.path, kind: 'linear', rank, outputs, inputs, alpha, scaling: end.scaling, dtype: 'F32', A, B };
  });
  return adapterOf(config, layers, { metadata });
}

/** [A; C]. A, C: r×n. */
function below(A: Matrix<Float32Array>, C: Matrix<Float32Array>): Matrix<Float32Array> {
  const out = matrix(A.rows + C.rows, A.cols, new Float32Array((A.rows + C.rows) * A.cols));
  out.data.set(A.data);
  out.data.set(C.data, A.data.length);
  return out;
}

/** [B, −D]. B, D: m×r. */
function beside(B: Matrix<Float32Array>, D: Matrix<Float32Array>): Matrix<Float32Array> {
  const r = B.cols + D.cols;
  const out = matrix(B.rows, r, new Float32Array(B.rows * r));
  for (let i = 0; i < B.rows; i++) {
    out.data.set(B.data.subarray(i * B.cols, (i + 1) * B.cols), i * r);
    for (let j = 0; j < D.cols; j++) out.data[i * r + B.cols + j] = -D.data[i * D.cols + j];
  }
  return out;
}
