// A model with an adapter in it: W' = W + s·B A, for each layer that the adapter has; everything else byte for byte.
//
//   linear, conv2d    W: outputs×inputs (a convolution's other axes as one)    W' = W + s·B A
//   Conv1D            W: inputs×outputs                                        W' = W + s·(B A)ᵀ
//   embedding         W: numbers×outputs                                       W' = W + s·(B A)ᵀ
//   DoRA              W' = diag(m/‖W + s·B A‖_row)·(W + s·B A), per output
//   modules_to_save   the adapter's tensor in the place of the model's (and + s·B A, where it has both)
//
// Sums are in f32 (in f64 for weights in F64) and rounded once, to the type of the weight. The headers of the files stay as
// they are, so shards and index do too. Memory: a block of rows, and the factors of one layer. Cost: 2·r flops a weight.

import { dataError, usageError } from '../errors.js';
import { readExactly } from '../io/bytes.js';
import type { LazyTensor } from '../io/safetensors.js';
import { type FloatDtype, floatTensor, OVERFLOW, type Tensor, toFloat32, toFloat64 } from '../io/tensor.js';
import type { Kernels } from '../kernels/contract.js';
import { largestOf } from '../linalg/vectors.js';
import { type Float, matrix, slice, transpose } from '../matrix.js';
import type { Adapter, AdapterLayer } from './adapter.js';
import type { Checkpoint, CheckpointTensor } from './checkpoint.js';
import type { OutputFile } from './files.js';
import { type Placed, type Placement, placeAdapter } from './place.js';
import { requireFinite, requireUnmovedBase, wholeTensor } from './work.js';

/** What mergeAdapter takes. */
export interface MergeOptions {
  /** Times s. Default 1. */
  readonly scale?: number;
  /** Called when a weight is done. */
  readonly onLayer?: (report: MergedLayer) => void;
}

/** A weight that changed. */
export interface MergedLayer {
  readonly path: string;
  /** The tensor that changed. */
  readonly tensor: string;
  /** ‖W' − W‖_F / ‖W‖_F, W' before it is rounded. */
  readonly change: number;
}

/** A merged model, to be written. */
export interface Merged {
  /** One for each safetensors file of the model, of the same name, shapes, types and order. Their bytes are made as they are asked for. */
  readonly files: readonly OutputFile[];
  readonly placement: Placement;
}

const BLOCK = 2 ** 21; // numbers
const PIECE = 2 ** 22; // bytes

/** The model with the adapter in it. Nothing is computed before the files are read. */
export function mergeAdapter(K: Kernels, checkpoint: Checkpoint, adapter: Adapter, options: MergeOptions = {}): Merged {
  const { scale = 1 } = options;
  if (!Number.isFinite(scale))
    throw usageError(`mergeAdapter: scale should be a finite number, got ${scale}`, 'for example 0.8');
  requireUnmovedBase('mergeAdapter', adapter);
  if (adapter.config.alora_invocation_tokens)
    throw dataError(
      'mergeAdapter: the adapter is an activated LoRA: it acts on some tokens only, and no weights do the same',
      'load it beside the model instead',
    );
  const placement = placeAdapter('mergeAdapter', checkpoint, adapter);
  const files = checkpoint.files.map((file) => ({
    name: file,
    pieces: mergedFile(K, checkpoint, adapter, placement, file, { ...options, scale }),
  }));
  return { files, placement };
}

async function* mergedFile(
  K: Kernels,
  checkpoint: Checkpoint,
  adapter: Adapter,
  { layers, replaced, biases }: Placement,
  file: string,
  options: MergeOptions & { scale: number },
): AsyncGenerator<Uint8Array> {
  const source = checkpoint.source(file);
  const inFile = [...checkpoint.tensors].filter(([, tensor]) => tensor.file === file);
  const copyBytes = async function* (start: number, end: number) {
    for (let at = start; at < end; at += PIECE) yield await readExactly(source, at, Math.min(PIECE, end - at), file);
  };
  yield* copyBytes(0, inFile[0]?.[1].start ?? source.size);
  for (const [name, tensor] of inFile) {
    const placed = layers.get(name);
    const brought = replaced.get(name);
    const bias = biases.get(name);
    if (placed) {
      const layer = await adapter.layer(placed.head.path);
      yield* mergedWeight(K, checkpoint, layer, placed, {
        ...options,
        brought: brought && (await wholeTensor(brought)),
      });
    } else if (brought) yield await cast(brought, name, tensor);
    else if (bias) yield await addedBias(checkpoint, name, bias, options.scale);
    else yield* copyBytes(tensor.start, tensor.end);
  }
}

/** A block of rows of a stored weight, from row `from` on: W and W + s·B A. */
type Visit<T> = (before: Float, after: Float, from: number) => T;

async function* mergedWeight(
  K: Kernels,
  checkpoint: Checkpoint,
  layer: AdapterLayer,
  placed: Placed,
  { scale, onLayer, brought }: MergeOptions & { scale: number; brought?: Tensor },
): AsyncGenerator<Uint8Array> {
  requireFinite('mergeAdapter', layer);
  const { weight, cols, transposed, magnitude } = placed;
  const dtype = checkpoint.tensors.get(weight)!.dtype as FloatDtype;
  const stored = brought
    ? async (from: number, to: number) => rowsOf(brought, from, to)
    : (from: number, to: number) => checkpoint.storedRows(weight, from, to);
  const blocks = <T>(visit: Visit<T>) => eachSum(K, stored, layer, placed, scale * layer.scaling, visit);
  const factors = magnitude && (await doraFactors(await loaded(magnitude), placed, blocks));
  let size = 0;
  let change = 0;
  yield* blocks((before, after, from) => {
    if (factors)
      for (let i = from, t = 0; t < after.length; i++)
        for (let j = 0; j < cols; j++) after[t++] *= factors[transposed ? j : i];
    for (let t = 0; t < after.length; t++) {
      const off = after[t] - before[t];
      size += before[t] * before[t];
      change += off * off;
    }
    const largest = largestOf(after);
    if (!(largest < OVERFLOW[dtype])) throw doesNotFit(weight, dtype, largest);
    const { bytes } = floatTensor(after, [after.length], dtype);
    return bytes.buffer === after.buffer ? bytes.slice() : bytes; // kernel memory is used again
  });
  onLayer?.({ path: layer.path, tensor: weight, change: Math.sqrt(change / (size || 1)) });
}

async function* eachSum<T>(
  K: Kernels,
  stored: (from: number, to: number) => Promise<Tensor>,
  { A, B }: AdapterLayer,
  { rows, cols, transposed }: Placed,
  s: number,
  visit: Visit<T>,
): AsyncGenerator<T> {
  const [left, right] = transposed ? [transpose(A), transpose(B)] : [B, A];
  const step = Math.max(1, Math.floor(BLOCK / cols));
  for (let from = 0; from < rows; from += step) {
    const to = Math.min(rows, from + step);
    const tensor = await stored(from, to);
    yield K.scoped(() => {
      const single = tensor.dtype !== 'F64';
      const before = single ? toFloat32(tensor) : toFloat64(tensor);
      const sum = matrix(to - from, cols, K.allocate('f32', before.length));
      if (single) sum.data.set(before);
      K.gemm(s, slice(left, from, to), right, sum, single);
      return visit(before, single ? sum.data : Float64Array.from(before, (w, t) => w + sum.data[t]), from);
    });
  }
}

function rowsOf({ dtype, shape, bytes }: Tensor, from: number, to: number): Tensor {
  const [rows, ...rest] = shape;
  const size = bytes.length / rows;
  return { dtype, shape: [to - from, ...rest], bytes: bytes.subarray(from * size, to * size) };
}

/** m_o/‖(W + s·B A)_o‖ for each output o. m: outputs numbers. */
async function doraFactors(
  m: Float32Array,
  { cols, transposed }: Placed,
  blocks: <T>(visit: Visit<T>) => AsyncGenerator<T>,
): Promise<Float64Array> {
  const squares = new Float64Array(m.length);
  for await (const _ of blocks((_before, after, from) => {
    for (let i = from, t = 0; t < after.length; i++)
      for (let j = 0; j < cols; j++, t++) squares[transposed ? j : i] += after[t] * after[t];
  }));
  return squares.map((square, o) => (square > 0 ? m[o] / Math.sqrt(square) : 0));
}

const doesNotFit = (weight: string, dtype: string, largest: number) =>
  dataError(
    `mergeAdapter: ${weight}: the sums should be finite in ${dtype}, the largest is ${largest}`,
    'lorank lora check names what is wrong with an adapter; a smaller --scale may help',
  );

async function loaded(lazy: LazyTensor): Promise<Float32Array> {
  return toFloat32(await wholeTensor(lazy));
}

/** A tensor in the type of the one whose place it takes. */
async function cast(lazy: LazyTensor, name: string, { dtype }: CheckpointTensor): Promise<Uint8Array> {
  const tensor = await wholeTensor(lazy);
  if (tensor.dtype === dtype) return tensor.bytes;
  return rounded(name, toFloat64(tensor), tensor.shape, dtype as FloatDtype);
}

/** A bias of the model with s·(bias of B) added. */
async function addedBias(
  checkpoint: Checkpoint,
  name: string,
  { scaling, bias }: { scaling: number; bias: LazyTensor },
  scale: number,
): Promise<Uint8Array> {
  const own = await checkpoint.read(name);
  const added = await loaded(bias);
  const sum = toFloat64(own).map((b, i) => b + scale * scaling * added[i]);
  return rounded(name, sum, own.shape, own.dtype as FloatDtype);
}

function rounded(name: string, numbers: Float64Array, shape: readonly number[], dtype: FloatDtype): Uint8Array {
  const largest = largestOf(numbers);
  if (!(largest < OVERFLOW[dtype])) throw doesNotFit(name, dtype, largest);
  return floatTensor(numbers, shape, dtype).bytes;
}
