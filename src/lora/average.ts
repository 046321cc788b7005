// A weighted sum of adapters: ΔW = w₁ΔW₁ + w₂ΔW₂ + …, exactly, as one adapter of rank r₁ + r₂ + …:
//
//   A = [A₁; A₂; …],  B = [w₁s₁B₁, w₂s₂B₂, …],  s = 1,
//
// or its nearest one of rank r, with the error. (The mean of the factors is another thing: it has cross terms B_iA_j.)
// Cost per layer: a copy; with a rank, the SVD of a product of width Σ r_i (product.ts).

import { dataError, usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { type Adapter, type AdapterLayer, widest } from './adapter.js';
import { targetsOf } from './config.js';
import { productOf, sumOfProducts } from './product.js';
import {
  configFor,
  finished,
  type LayerChange,
  type LayerWork,
  layerOfRank,
  type Made,
  requireFinite,
  requireRank,
  requireUnmovedBase,
} from './work.js';

/** What averageAdapters takes. */
export interface AverageOptions {
  /** w: one per adapter. Default: equal, with sum 1. */
  readonly weights?: readonly number[];
  /** r of the result. Default: the sum of the ranks, which is exact. */
  readonly rank?: number;
  /** Called after each layer. */
  readonly onLayer?: (report: AveragedLayer) => void;
}

/** A layer of an average. */
export interface AveragedLayer extends LayerChange {
  /** How many of the adapters have the layer; in the others it counts as zero. */
  readonly of: number;
}

/** The weighted sum of adapters of one base, all in memory. */
export const averageAdapters = async (
  K: Kernels,
  adapters: readonly Adapter[],
  options: AverageOptions = {},
): Promise<Made<AveragedLayer>> => finished(averaging(K, adapters, options), options.onLayer);

/** The same, layer by layer. */
export function averaging(
  K: Kernels,
  adapters: readonly Adapter[],
  { weights = adapters.map(() => 1 / adapters.length), rank }: AverageOptions,
): LayerWork<AveragedLayer> {
  const caller = 'averageAdapters';
  if (adapters.length < 1) throw usageError(`${caller}: there should be at least one adapter, got none`);
  if (weights.length !== adapters.length || !weights.every(Number.isFinite))
    throw usageError(
      `${caller}: weights should be ${adapters.length} finite numbers, one per adapter, got ${weights.join(', ')}`,
      'leave them out for the mean',
    );
  if (rank !== undefined) requireRank(caller, rank);
  for (const adapter of adapters) requirePlain(caller, adapter);
  const paths = [...new Set(adapters.flatMap((adapter) => adapter.paths))].sort();
  for (const path of paths) requireAlike(caller, adapters, path);
  const same = new Set(adapters.map(({ config }) => targetsOf(config))).size === 1;
  const own = { ...adapters[0].config, use_rslora: false };
  const plain = same ? own : { ...own, target_modules: null }; // null: the paths of what comes out
  return {
    paths,
    make: async (path) => {
      const terms: (readonly [number, AdapterLayer])[] = [];
      for (const [i, adapter] of adapters.entries()) {
        if (!adapter.paths.includes(path)) continue;
        const layer = await adapter.layer(path);
        requireFinite(caller, layer);
        terms.push([weights[i] * layer.scaling, layer]);
      }
      const sum = sumOfProducts(terms.map(([times, layer]) => [times, productOf(layer)]));
      const dtype = widest(terms.map(([, layer]) => layer.dtype));
      const { layer, report } = layerOfRank(K, { ...terms[0][1], dtype, scaling: 1 }, sum, rank);
      return { layer: { ...layer, alpha: layer.rank }, report: { ...report, of: terms.length } };
    },
    around: (heads) => ({ config: configFor(plain, heads), others: {}, metadata: {} }),
  };
}

function requirePlain(caller: string, adapter: Adapter): void {
  requireUnmovedBase(caller, adapter);
  const { config, others } = adapter;
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw dataError(
      `${caller}: adapters should consist of factors, one has also ${other}${config.use_dora ? ' (DoRA: the sum of two is none)' : ''}`,
      'merge such an adapter into the model instead',
    );
}

/** @throws data error where two adapters have a layer of one name and different shapes. */
function requireAlike(caller: string, adapters: readonly Adapter[], path: string): void {
  const heads = adapters.filter(({ paths }) => paths.includes(path)).map(({ head }) => head(path));
  for (const head of heads)
    if (head.outputs !== heads[0].outputs || head.inputs !== heads[0].inputs || head.kind !== heads[0].kind)
      throw dataError(
        `${caller}: ${path} should have one shape in all adapters, got ${heads[0].outputs}×${heads[0].inputs} and ${head.outputs}×${head.inputs}`,
        'the adapters are of different bases',
      );
}
