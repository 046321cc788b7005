// Adapters for a model in memory, by the methods of lora/starts.ts.

import type { Kernels } from '../kernels/contract.js';
import { type Checkpoint, openCheckpoint } from '../lora/checkpoint.js';
import { bytesOf, filesOf } from '../lora/files.js';
import { type InitOptions, initAdapter } from '../lora/initialise.js';
import { movesBase } from '../lora/starts.js';
import { type Pair, residualModel } from './adapters.js';
import { type Model, modelFiles } from './model.js';

/** A model in memory as the room of adapters reads one. */
export async function checkpointOf(model: Model): Promise<Checkpoint> {
  const contents: Record<string, Uint8Array> = {};
  for (const file of modelFiles(model)) contents[file.name] = await bytesOf(file);
  return openCheckpoint(filesOf(contents));
}

/** Factors to train, and the model to train them on: the same, or one with W − s·B A where the method moves the base. */
export async function startAdapters(
  K: Kernels,
  model: Model,
  options: InitOptions,
): Promise<{ model: Model; pairs: readonly Pair[] }> {
  const { adapter } = await initAdapter(K, await checkpointOf(model), options);
  const pairs: Pair[] = [];
  for (const path of adapter.paths) {
    const { A, B, scaling } = await adapter.layer(path);
    pairs.push({ path, A, B, scaling });
  }
  const moves = movesBase(options.method ?? 'nystrom') && options.base !== 'double';
  return { model: moves ? residualModel(K, model, pairs) : model, pairs };
}
