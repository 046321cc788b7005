// An adapter against the model that it is said to belong to: every layer has its module, of its shape, and is small beside it.

import { LorankError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { dot } from '../linalg/vectors.js';
import type { Found } from './check.js';
import type { LayerSize } from './checkNumbers.js';
import type { Checkpoint } from './checkpoint.js';
import type { PeftConfig } from './config.js';
import { eachBlock } from './pass.js';
import { finder } from './place.js';
import { type Module, modulesOf } from './targets.js';

/** Checks the layers against the modules of the base; reads the weights of those that have one. */
export async function checkBase(
  K: Kernels,
  found: Found,
  base: Checkpoint,
  layers: readonly LayerSize[],
  config: PeftConfig | undefined,
): Promise<void> {
  let modules: Module[];
  try {
    modules = modulesOf(base);
  } catch (error) {
    if (!(error instanceof LorankError)) throw error;
    found({
      severity: 'warning',
      check: 'base',
      message: error.message,
      repair: error.hint ?? 'take the unquantised base',
    });
    return;
  }
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const find = finder([...byPath.keys()]);
  const missing: string[] = [];
  for (const layer of layers) {
    const { path, outputs, inputs, embedding } = layer;
    const module = byPath.get(find(path) ?? path);
    if (!module && path === 'lm_head' && base.config.tie_word_embeddings === true) {
      found({
        ...{ severity: 'warning', check: 'base', path },
        message: 'the output layer is tied to the embedding: merged, the adapter would change both or part them',
        repair: 'leave lm_head out of target_modules, or do not merge',
      });
      continue;
    }
    if (!module) {
      missing.push(path);
      continue;
    }
    const [m, n] = embedding ? [module.inputs, module.outputs] : [module.outputs, module.inputs];
    if (m !== outputs || n !== inputs)
      found({
        ...{ severity: 'fault', check: 'base', path },
        message: `the layer is ${outputs}×${inputs}, the module of the base ${m}×${n}`,
        repair: 'the adapter belongs to another model: see base_model_name_or_path',
      });
    else if (layer.norm > 0) await compareSizes(K, found, base, module, layer);
    const tells = outputs !== inputs || base.config.model_type !== undefined; // how the weight is stored
    if (config && module.transposed !== config.fan_in_fan_out && module.kind === 'linear' && tells)
      found({
        ...{ severity: 'warning', check: 'base', path },
        message: `fan_in_fan_out is ${config.fan_in_fan_out}, and the base stores this weight ${module.transposed ? 'inputs×outputs' : 'outputs×inputs'}`,
        repair: `set fan_in_fan_out to ${module.transposed}`,
      });
  }
  if (missing.length > 0)
    found({
      ...{ severity: 'fault', check: 'base', path: missing[0] },
      message: `${missing.length} of ${layers.length} layers have no module in the base, ${missing[0]} first; it has ${modules
        .slice(0, 3)
        .map(({ path }) => path)
        .join(', ')}, …`,
      repair: 'the adapter belongs to another model, or its names are of another program: lorank lora convert',
    });
}

/** A weight that is damaged, or an update larger than the weight itself. */
async function compareSizes(
  K: Kernels,
  found: Found,
  base: Checkpoint,
  module: Module,
  { path, norm }: LayerSize,
): Promise<void> {
  let squares = 0;
  await eachBlock(K, base, module, ({ data }) => {
    squares += dot(data, data);
  });
  if (!(squares < Infinity))
    return found({
      ...{ severity: 'fault', check: 'base', path },
      message: `${module.weight} of the base holds numbers that are not finite`,
      repair: 'the file is damaged, or of a training that diverged: take another copy of the base',
    });
  const size = Math.sqrt(squares);
  if (norm > size)
    found({
      ...{ severity: 'warning', check: 'base', path },
      message: `‖sBA‖_F is ${(norm / size).toPrecision(3)} times ‖W‖_F: the adapter outweighs the model there`,
      repair: 'check the scaling; the training may have diverged',
    });
}
