// Small adapters and models in memory, made from names.

import { expect } from 'vitest';
import type { SizedRange } from '../../src/io/bytes.js';
import { concat, rangeOf } from '../../src/io/bytes.js';
import { openSafetensors, writeSafetensors } from '../../src/io/safetensors.js';
import { floatTensor, type Tensor, toFloat64 } from '../../src/io/tensor.js';
import { singleKernels } from '../../src/kernels/index.js';
import { multiply } from '../../src/linalg/products.js';
import { type Adapter, type AdapterLayer, adapterFiles, type LayerHead, readAdapter } from '../../src/lora/adapter.js';
import { type Checkpoint, openCheckpoint } from '../../src/lora/checkpoint.js';
import { bytesOf, type Files, filesOf, type OutputFile } from '../../src/lora/files.js';
import { type Matrix, matrix } from '../../src/matrix.js';
import { fillNormals, stream } from '../../src/random/index.js';

export const K = singleKernels();

/** Standard normal numbers of a name. */
export function randomly(name: string, rows: number, cols: number): Matrix<Float32Array> {
  const M = matrix(rows, cols, new Float32Array(rows * cols));
  fillNormals(stream(7, name), M.data);
  return M;
}

/** A layer with random factors; r = 4, 12×9 and s = 2 unless said. */
export function layer(path: string, over: Partial<AdapterLayer> = {}): AdapterLayer {
  const head = { path, kind: 'linear', rank: 4, outputs: 12, inputs: 9, alpha: 8, scaling: 2, dtype: 'F32' } as const;
  const all = { ...head, ...over };
  return {
    A: randomly(`${path}/A`, all.rank, all.inputs),
    B: randomly(`${path}/B`, all.outputs, all.rank),
    ...all,
  };
}

/** s·B A in f64. */
export function deltaOf({ A, B, scaling }: Pick<AdapterLayer, 'A' | 'B' | 'scaling'>): Matrix<Float64Array> {
  const product = multiply(K, B, A);
  return { ...product, data: product.data.map((x) => scaling * x) };
}

/** The adapter as it is written and read again. */
export const reread = async (adapter: Adapter): Promise<Adapter> => readAdapter(await inMemory(adapterFiles(adapter)));

export const inMemory = async (files: readonly OutputFile[]): Promise<Files> =>
  filesOf(Object.fromEntries(await Promise.all(files.map(async (f) => [f.name, await bytesOf(f)] as const))));

export const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

export type Numbers = { readonly shape: readonly number[]; readonly dtype?: 'F64' | 'F32' | 'F16' | 'BF16' };

/** Random tensors of these shapes as one safetensors file. */
export function tensorsOf(shapes: Readonly<Record<string, Numbers>>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, { shape, dtype = 'F32' }]) => {
      const count = shape.reduce((product, n) => product * n, 1);
      return [name, floatTensor(randomly(name, 1, count).data, shape, dtype)];
    }),
  );
}

/** A model in memory: files of tensors, and config.json. */
export async function model(
  files: Readonly<Record<string, Readonly<Record<string, Tensor>>>>,
  config: Readonly<Record<string, unknown>> = {},
): Promise<Checkpoint> {
  const bytes: Record<string, Uint8Array | SizedRange> = { 'config.json': json(config) };
  const weight_map: Record<string, string> = {};
  for (const [file, tensors] of Object.entries(files)) {
    bytes[file] = concat([...writeSafetensors(tensors, { format: 'pt' })]);
    for (const name of Object.keys(tensors)) weight_map[name] = file;
  }
  if (Object.keys(files).length > 1) bytes['model.safetensors.index.json'] = json({ weight_map });
  return openCheckpoint(filesOf(bytes));
}

/** The tensors of files that were written, in f64. */
export async function numbersOf(files: readonly OutputFile[]): Promise<Map<string, Float64Array>> {
  const all = new Map<string, Float64Array>();
  for (const file of files) {
    const open = await openSafetensors(rangeOf(await bytesOf(file)));
    for (const name of open.tensors.keys()) all.set(name, toFloat64(await open.read(name)));
  }
  return all;
}

/** The layers of an adapter, by path. */
export async function layersOf(adapter: Adapter): Promise<Map<string, AdapterLayer>> {
  const all = new Map<string, AdapterLayer>();
  for (const path of adapter.paths) all.set(path, await adapter.layer(path));
  return all;
}

/** Heads without what a file does not hold. */
export const headsOf = ({ paths, head }: Adapter): LayerHead[] => paths.map(head);

/** Rejects with this sentence. */
export const refusal = (promise: Promise<unknown>, sentence: RegExp) => expect(promise).rejects.toThrow(sentence);
