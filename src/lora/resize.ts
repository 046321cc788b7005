// The same adapter at a lower rank: of each ΔW = s·B A the nearest matrix of rank r, in the Frobenius norm (Eckart and
// Young). The full product is never formed: thin QR of the factors, SVD of the small core (product.ts).
//
// s stays, so α' = α·r'/r (α·√(r'/r) with rsLoRA); rank_pattern and alpha_pattern follow.
// Guarantee: ‖ΔW − ΔW'‖_F² = Σ_{j>r'} σ_j² + the rounding to the storage type; the error per layer is that, relative.
// Cost per layer of rank r: 2(m+n)r² + 20r³ flops; the memory of one layer.

import { usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import type { Adapter, AdapterLayer } from './adapter.js';
import { compressed, productOf, rankForEnergy, sumOfSquares } from './product.js';
import {
  alphaFor,
  configFor,
  finished,
  type LayerChange,
  type LayerWork,
  layerWith,
  type Made,
  requireEnergy,
  requireFinite,
  requireRank,
  requireUnmovedBase,
} from './work.js';

/** What resizeAdapter takes. */
export interface ResizeOptions {
  /** r of every layer (a layer of a lower rank keeps its own); 'auto': the least that keeps `energy`, layer by layer. */
  readonly rank: number | 'auto';
  /** Of 'auto': the share of ‖ΔW‖_F² to keep. Default 0.95. */
  readonly energy?: number;
  /** Called after each layer. */
  readonly onLayer?: (report: ResizedLayer) => void;
}

/** A layer at its new rank. */
export interface ResizedLayer extends LayerChange {
  /** r before. */
  readonly from: number;
}

/** The adapter at another rank, all in memory; the given one is not changed. */
export const resizeAdapter = async (
  K: Kernels,
  adapter: Adapter,
  options: ResizeOptions,
): Promise<Made<ResizedLayer>> => finished(resizing(K, adapter, options), options.onLayer);

/** The same, layer by layer. */
export function resizing(K: Kernels, adapter: Adapter, options: ResizeOptions): LayerWork<ResizedLayer> {
  const { rank, energy = 0.95 } = options;
  if (rank !== 'auto') {
    requireRank('resizeAdapter', rank);
    if (options.energy !== undefined)
      throw usageError(
        `resizeAdapter: energy should come with rank 'auto', got rank ${rank}`,
        'leave one of the two out',
      );
  }
  requireEnergy('resizeAdapter', energy);
  requireUnmovedBase('resizeAdapter', adapter);
  const choose = (values: Float64Array) => (rank === 'auto' ? rankForEnergy(values, energy) : rank);
  return {
    paths: adapter.paths,
    make: async (path) => {
      const layer = await adapter.layer(path);
      requireFinite('resizeAdapter', layer);
      return resizedLayer(K, adapter, layer, choose);
    },
    around: (heads) => ({ ...adapter, config: configFor(adapter.config, heads) }),
  };
}

function resizedLayer(
  K: Kernels,
  { config }: Adapter,
  from: AdapterLayer,
  choose: (values: Float64Array) => number,
): { layer: AdapterLayer; report: ResizedLayer } {
  const { path, scaling, rank } = from;
  const X = productOf(from);
  const small = compressed(K, X, (values) => Math.min(rank, choose(values)));
  const norm = scaling * Math.sqrt(sumOfSquares(small.values));
  if (small.rank === rank) return { layer: from, report: { path, from: rank, rank, norm, error: 0 } };
  const head = { ...from, alpha: alphaFor(config, scaling, small.rank) };
  const { layer, report } = layerWith(K, head, X, small);
  return { layer, report: { ...report, from: rank } };
}
