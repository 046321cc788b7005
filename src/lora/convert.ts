// What an adapter on a changed base (PiSSA, OLoRA, …) is on the unchanged one. Its start A₀, B₀ was taken out of the base,
// W_res = W − s·B₀A₀, so W_res + s·B A = W + ΔW with ΔW = s·(B A − B₀A₀), which is a plain adapter of twice the rank:
//
//   A' = [A; A₀],  B' = [B, −B₀],  r' = 2r,  α' = 2α  (√2·α with rsLoRA), so that s' = s
//
// exactly, or the nearest one of rank R with the error. Names and files of the other dialects: dialects.ts.

import { dataError, usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { type Adapter, type AdapterLayer, widest } from './adapter.js';
import { renamed } from './dialects.js';
import type { Dialect } from './names.js';
import { productNorm, productOf, sumOfProducts } from './product.js';
import {
  alphaFor,
  configFor,
  finished,
  type LayerChange,
  type LayerWork,
  layerOfRank,
  type Made,
  movedBase,
  plainMetadata,
  requireFinite,
  requireRank,
  requireUnmovedBase,
} from './work.js';

/** What convertAdapter takes. */
export interface ConvertOptions {
  /** The adapter as it was before training, for one whose start was taken out of the base. */
  readonly init?: Adapter;
  /** r of the result. Default: exact, 2r with `init`, r without. */
  readonly rank?: number;
  /** Whose names the layers get; then dialectFiles writes them. Default: as they are. */
  readonly to?: Dialect;
  /** The module paths of the model, by which names without dots are told apart. */
  readonly known?: readonly string[];
  /** Called after each layer. */
  readonly onLayer?: (report: ConvertedLayer) => void;
}

/** A layer that was converted. */
export interface ConvertedLayer extends LayerChange {
  /** r before. */
  readonly from: number;
}

/** The adapter as a plain one, all in memory. */
export const convertAdapter = async (
  K: Kernels,
  adapter: Adapter,
  options: ConvertOptions = {},
): Promise<Made<ConvertedLayer>> => {
  const made = await finished(await converting(K, adapter, options), options.onLayer);
  return { ...made, adapter: { ...made.adapter, dialect: options.to ?? adapter.dialect } };
};

/** The same, layer by layer. */
export async function converting(
  K: Kernels,
  adapter: Adapter,
  { init, rank, to, known }: ConvertOptions,
): Promise<LayerWork<ConvertedLayer>> {
  const caller = 'convertAdapter';
  if (rank !== undefined) requireRank(caller, rank);
  if (!init) requireUnmovedBase(caller, adapter);
  else await requireStart(caller, K, adapter, init);
  const own = to ? renamed(adapter, to, known) : adapter;
  const start = init && (to ? renamed({ ...init, others: {} }, to, known) : init);
  const config = { ...own.config, init_lora_weights: true };
  return {
    paths: own.paths,
    make: async (path) => {
      const layer = await own.layer(path);
      requireFinite(caller, layer);
      const sum = start ? await difference(caller, layer, start) : productOf(layer);
      const dtype = start ? widest([layer.dtype, start.head(path).dtype]) : layer.dtype;
      const made = layerOfRank(K, { ...layer, dtype }, sum, rank);
      const alpha = alphaFor(config, layer.scaling, made.layer.rank);
      return { layer: { ...made.layer, alpha }, report: { ...made.report, from: layer.rank } };
    },
    around: (heads) => ({ ...own, config: configFor(config, heads), metadata: plainMetadata(own.metadata) }),
  };
}

/** B A − B₀A₀ in factors [B, −B₀] and [A; A₀]ᵀ. */
async function difference(caller: string, layer: AdapterLayer, start: Adapter) {
  const before = await start.layer(layer.path);
  requireFinite(caller, before);
  return sumOfProducts([
    [1, productOf(layer)],
    [-1, productOf(before)],
  ]);
}

/** @throws unless init is a start of this adapter, and one that was taken out of the base. */
async function requireStart(caller: string, K: Kernels, adapter: Adapter, init: Adapter): Promise<void> {
  if (adapter.config.use_dora)
    throw dataError(`${caller}: a DoRA adapter is no sum, and its start cannot be subtracted`, 'merge it instead');
  const hint = 'name the adapter as it was saved before training, of the same options';
  for (const path of adapter.paths) {
    if (!init.paths.includes(path))
      throw dataError(`${caller}: the initial adapter should have ${path}, it has not`, hint);
    const [now, before] = [adapter.head(path), init.head(path)];
    const off = Math.abs(now.scaling - before.scaling) > 1e-9 * now.scaling;
    if (now.rank !== before.rank || now.outputs !== before.outputs || now.inputs !== before.inputs || off)
      throw dataError(
        `${caller}: ${path}: both adapters should have one shape, rank and scaling, got ${now.outputs}×${now.inputs}, r = ${now.rank}, s = ${now.scaling} and ` +
          `${before.outputs}×${before.inputs}, r = ${before.rank}, s = ${before.scaling}`,
        hint,
      );
  }
  if (movedBase(adapter) !== undefined) return;
  for (const path of init.paths) if (productNorm(K, productOf(await init.layer(path))) > 0) return;
  throw usageError(
    `${caller}: the initial adapter adds nothing, so the base was never changed`,
    'the adapter is a plain one already: leave --init out',
  );
}
