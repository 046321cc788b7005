// An adapter in the making, one layer at a time: what extraction, resizing, conversion and averaging have in common. The
// library makes all layers in memory (finished); the command line keeps each one on disk as soon as it is made.

import type { Factored } from '../descend.js';
import { dataError, usageError } from '../errors.js';
import type { LazyTensor } from '../io/safetensors.js';
import { type Tensor, toFloat32 } from '../io/tensor.js';
import type { Kernels } from '../kernels/contract.js';
import { assign, multiply } from '../linalg/products.js';
import { largestEntry } from '../linalg/vectors.js';
import { copy, type Matrix, matrix, transpose } from '../matrix.js';
import { type Adapter, type AdapterLayer, adapterOf, type LayerHead, patternsOf, peftTensors } from './adapter.js';
import { initMovesBase, type PeftConfig, withTargets } from './config.js';
import { bytesOf } from './files.js';
import { beside, type Compressed, compressed, productNorm, sumOfSquares } from './product.js';

/** What became of a layer. */
export interface LayerChange {
  readonly path: string;
  /** r of the layer as it is written. */
  readonly rank: number;
  /** ‖ΔW‖_F of the layer as it was. */
  readonly norm: number;
  /** ‖ΔW − ΔW'‖_F / ‖ΔW‖_F, ΔW' as it is stored. 0 where ΔW = 0. */
  readonly error: number;
}

/** An adapter in the making. */
export interface LayerWork<R extends LayerChange = LayerChange> {
  /** The layers that may come out. */
  readonly paths: readonly string[];
  /** Makes one of them; nothing where there is nothing to say. */
  make(path: string): Promise<{ readonly layer: AdapterLayer; readonly report: R } | undefined>;
  /** Called when all layers are made. */
  finish?(): Promise<void>;
  /** What goes around the layers that came out. */
  around(heads: readonly LayerHead[]): Pick<Adapter, 'config' | 'others' | 'metadata'>;
}

/** An adapter and what became of each of its layers. */
export interface Made<R extends LayerChange = LayerChange> {
  readonly adapter: Adapter;
  readonly layers: readonly R[];
}

/** All layers, in memory. onLayer: called after each one. */
export async function finished<R extends LayerChange>(
  work: LayerWork<R>,
  onLayer: (report: R) => void = () => {},
): Promise<Made<R>> {
  const made: { layer: AdapterLayer; report: R }[] = [];
  for (const path of work.paths) {
    const one = await work.make(path);
    if (!one) continue;
    made.push(one);
    onLayer(one.report);
  }
  await work.finish?.();
  const layers = made.map(({ layer }) => layer);
  const { config, others, metadata } = work.around(layers);
  return { adapter: adapterOf(config, layers, { others, metadata }), layers: made.map(({ report }) => report) };
}

/** The config for layers whose ranks have changed. */
export const configFor = (config: PeftConfig, heads: readonly LayerHead[]): PeftConfig => {
  const { target_modules: paths, ...patterns } = patternsOf(heads);
  const own = config.target_modules === null ? withTargets(config, paths) : config;
  return { ...own, ...patterns };
};

/** α of a layer of rank r with scaling s. */
export const alphaFor = (config: Pick<PeftConfig, 'use_rslora'>, scaling: number, r: number): number =>
  scaling * (config.use_rslora ? Math.sqrt(r) : r);

/**
 * A layer from factors in f64, rounded as it will be stored, and what the rounding took: ‖L Rᵀ − B A‖_F.
 * X: left outputs×r, right inputs×r.
 */
export function layerFrom(
  K: Kernels,
  head: Omit<LayerHead, 'rank' | 'outputs' | 'inputs'>,
  X: Factored,
): { layer: AdapterLayer; rounding: number } {
  const { rows: outputs, cols: rank } = X.left;
  const single = (M: Matrix) => {
    const to = matrix(M.rows, M.cols, new Float32Array(M.rows * M.cols));
    assign(to, M);
    return to;
  };
  const exact = { ...head, rank, outputs, inputs: X.right.rows, A: single(transpose(X.right)), B: single(X.left) };
  const [a, b] = Object.values(peftTensors(exact)).map((tensor) => toFloat32(tensor));
  const layer = { ...exact, A: matrix(rank, exact.inputs, a), B: matrix(outputs, rank, b) };
  // L Rᵀ − B A = (L − B)Rᵀ + B(Rᵀ − A), two terms of like size that do not cancel: its square from Gram matrices.
  const minus = (P: Matrix, Q: Matrix) => {
    const [D, { data }] = [copy(P), copy(Q)];
    for (let t = 0; t < data.length; t++) D.data[t] -= data[t];
    return D;
  };
  const left = beside([minus(X.left, layer.B), layer.B]);
  const right = beside([X.right, minus(X.right, transpose(layer.A))]);
  const [G, H] = [left, right].map((F) => multiply(K, transpose(F), F).data);
  let square = 0;
  for (let i = 0; i < G.length; i++) square += G[i] * H[i];
  return { layer, rounding: Math.sqrt(Math.max(0, square)) };
}

/**
 * A layer whose product, without the scaling, is X, or `small`, which is what is left of X at a lower rank; and the error. α
 * is that of the head. X: left outputs×k, right inputs×k.
 */
export function layerWith(
  K: Kernels,
  head: LayerHead,
  X: Factored,
  small?: Compressed,
): { layer: AdapterLayer; report: LayerChange } {
  const { layer, rounding } = layerFrom(K, head, small ?? X);
  const size = small ? Math.sqrt(sumOfSquares(small.values)) : productNorm(K, X);
  const tail = small ? sumOfSquares(small.values.subarray(small.rank)) : 0;
  const error = size > 0 ? Math.sqrt(tail + rounding * rounding) / size : 0;
  return { layer, report: { path: head.path, rank: layer.rank, norm: Math.abs(head.scaling) * size, error } };
}

/** The same with the nearest of rank r, where that is lower. */
export const layerOfRank = (K: Kernels, head: LayerHead, X: Factored, r = X.left.cols) =>
  layerWith(K, head, X, r < X.left.cols ? compressed(K, X, () => r) : undefined);

/** A tensor that is to be written, read. */
export async function wholeTensor({ dtype, shape, bytes }: LazyTensor): Promise<Tensor> {
  const made = bytes();
  if (!(Symbol.asyncIterator in made)) return { dtype, shape, bytes: await made };
  return { dtype, shape, bytes: await bytesOf({ name: '', pieces: made }) };
}

/** @throws data error where a factor holds NaN or an infinity. */
export function requireFinite(caller: string, { path, A, B }: AdapterLayer): void {
  for (const [name, M] of [['A', A] as const, ['B', B] as const]) {
    let nothing = 0; // NaN as soon as there is a number that is not finite
    for (let t = 0; t < M.data.length; t++) nothing += 0 * M.data[t];
    if (nothing !== 0 && !(largestEntry(M) < Infinity))
      throw dataError(
        `${caller}: ${path}: ${name} should hold finite numbers, got ${largestEntry(M)}`,
        'the training has diverged there: take an earlier checkpoint of the adapter',
      );
  }
}

type Marked = Pick<Adapter, 'config' | 'metadata'>;

/** What says that the adapter belongs to a base which was changed when it was made: PEFT's config, or our metadata. */
export function movedBase({ config: { init_lora_weights: init }, metadata }: Marked): string | undefined {
  if (initMovesBase(init)) return `init_lora_weights '${init}'`;
  return metadata.base === 'residual' ? `method '${metadata.method}', base 'residual'` : undefined;
}

/** @throws data error for an adapter that means a changed base: what is asked would be done to the wrong weights. */
export function requireUnmovedBase(caller: string, adapter: Marked): void {
  const mark = movedBase(adapter);
  if (mark !== undefined)
    throw dataError(
      `${caller}: the adapter says ${mark}: it belongs to a base that was changed when it was made`,
      'make a plain adapter of it first (lorank lora convert ADAPTER --init INITIAL_ADAPTER -o PLAIN), or start one with --base double',
    );
}

/** The metadata of a plain adapter that was made of this one. */
export const plainMetadata = ({ base: _, ...metadata }: Adapter['metadata']): Adapter['metadata'] => metadata;

/** @throws usage error unless rank is an integer of at least 1. */
export function requireRank(caller: string, rank: number): void {
  if (!(Number.isInteger(rank) && rank >= 1))
    throw usageError(`${caller}: rank should be an integer of at least 1, got ${rank}`, 'for example 16');
}

/** @throws usage error unless energy is in (0, 1]. */
export function requireEnergy(caller: string, energy: number): void {
  if (!(energy > 0 && energy <= 1))
    throw usageError(
      `${caller}: energy should be a share of ‖ΔW‖² above 0 and at most 1, got ${energy}`,
      'for example 0.95',
    );
}
