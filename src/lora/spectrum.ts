// The singular values of every layer: of s·B A in an adapter, from the triangles of its factors and never from the product;
// of the weights in a model, all of them where the smaller side is at most 1024, else the leading ones by a randomised SVD,
// and ‖W‖_F exactly, so that the shares of energy are right either way.

import { effectiveRank } from '../diagnostics/spectrum.js';
import { usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { frobenius } from '../linalg/norms.js';
import { singularValues } from '../linalg/svd.js';
import { stream } from '../random/index.js';
import type { Adapter } from './adapter.js';
import type { Checkpoint } from './checkpoint.js';
import { readAhead, wholeWeight } from './pass.js';
import { productOf, productValues, rankForEnergy, sumOfSquares } from './product.js';
import { leadingTriples } from './starts.js';
import { type Module, modulesOf, selectModules, type Targets } from './targets.js';
import { requireFinite } from './work.js';

/** What the spectrum of a layer says. */
export interface LayerSpectrum {
  readonly path: string;
  readonly outputs: number;
  readonly inputs: number;
  /** r, of a layer of an adapter. */
  readonly rank?: number;
  /** σ₁ ≥ σ₂ ≥ …, of s·B A or of W. */
  readonly values: readonly number[];
  /** Whether these are all of them that can be non-zero. */
  readonly complete: boolean;
  /** ‖·‖_F. */
  readonly norm: number;
  /** exp of the entropy of σ/Σσ; null where not all values are known. */
  readonly effectiveRank: number | null;
  /** ‖·‖_F²/σ₁²; 0 for zero. */
  readonly stableRank: number;
  /** The least rank that holds `energy` of ‖·‖_F²; null where it is beyond the values known; 0 for zero. */
  readonly suggestedRank: number | null;
}

/** What spectrum() takes. */
export interface SpectrumOptions {
  /** Of a model: which modules; default 'all-linear'. */
  readonly targets?: Targets;
  /** Share of ‖·‖_F² that the suggested rank holds; default 0.95. */
  readonly energy?: number;
  /** Of a weight whose smaller side is beyond 1024: how many values; default 256. */
  readonly leading?: number;
  /** Called after each layer. */
  readonly onLayer?: (layer: LayerSpectrum, done: number, of: number) => void;
}

/** The smaller side up to which all singular values of a weight are computed. */
const WHOLE = 1024;
const PASSES = 2;

/** The singular values of an adapter's layers, or of a model's weights. */
export async function spectrum(
  K: Kernels,
  of: Adapter | Checkpoint,
  { targets = 'all-linear', energy = 0.95, leading = 256, onLayer }: SpectrumOptions = {},
): Promise<LayerSpectrum[]> {
  if (!(energy > 0 && energy <= 1))
    throw usageError(`spectrum: energy should be in (0, 1], got ${energy}`, 'for example 0.95');
  if (!(Number.isSafeInteger(leading) && leading >= 1))
    throw usageError(`spectrum: leading should be a whole number ≥ 1, got ${leading}`, 'for example 256');
  const layers: LayerSpectrum[] = [];
  const found = (layer: LayerSpectrum, total: number) => {
    layers.push(layer);
    onLayer?.(layer, layers.length, total);
  };
  if ('paths' in of) {
    for (const path of of.paths) {
      const layer = await of.layer(path);
      requireFinite('spectrum', layer);
      const values = productValues(K, productOf(layer)).map((value) => Math.abs(layer.scaling) * value);
      const { outputs, inputs, rank } = layer;
      const norm = Math.sqrt(sumOfSquares(values));
      found({ path, outputs, inputs, rank, ...summary(values, norm, true, energy) }, of.paths.length);
    }
    return layers;
  }
  const chosen = selectModules(of, modulesOf(of), targets);
  const weights = readAhead(of, chosen);
  for (const module of chosen) found(await weightSpectrum(K, weights, module, energy, leading), chosen.length);
  return layers;
}

async function weightSpectrum(
  K: Kernels,
  checkpoint: Checkpoint,
  module: Module,
  energy: number,
  leading: number,
): Promise<LayerSpectrum> {
  const { path, outputs, inputs } = module;
  const W = await wholeWeight(K, checkpoint, module);
  const smaller = Math.min(outputs, inputs);
  const complete = smaller <= WHOLE;
  const values = complete
    ? singularValues(K, W)
    : leadingTriples(K, W, Math.min(smaller, leading), stream(0, `spectrum/${path}`), PASSES).values;
  return { path, outputs, inputs, ...summary(values, frobenius(W), complete, energy) };
}

function summary(values: Float64Array, norm: number, complete: boolean, energy: number) {
  const reached = sumOfSquares(values) >= energy * norm * norm * (1 - 1e-12);
  return {
    values: Array.from(values),
    complete,
    norm,
    effectiveRank: complete ? effectiveRank(values) : null,
    stableRank: norm === 0 ? 0 : (norm / values[0]) * (norm / values[0]),
    suggestedRank: norm === 0 ? 0 : reached || complete ? rankForEnergy(values, energy, norm * norm) : null,
  };
}
