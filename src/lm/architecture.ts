// Which decoder a configuration stands for, and a model from its folder.

import { dataError } from '../errors.js';
import type { Kernels, Precision } from '../kernels/contract.js';
import { openCheckpoint } from '../lora/checkpoint.js';
import type { Files } from '../lora/files.js';
import type { Config } from './config.js';
import { gpt2 } from './gpt2.js';
import { llama } from './llama.js';
import { type Decoder, loadWeights, type Model } from './model.js';

/** The decoder of a config.json: llama, mistral, qwen2 or gpt2. */
export function architectureOf(config: Config): Decoder {
  switch (config.model_type) {
    case 'gpt2':
      return gpt2(config);
    case 'llama':
    case 'mistral':
    case 'qwen2':
      return llama(config);
    default:
      throw dataError(
        `config.json: model_type should be llama, mistral, qwen2 or gpt2, got ${JSON.stringify(config.model_type)}`,
        'other architectures can be initialised and inspected, not trained',
      );
  }
}

/** A model from a Hugging Face folder: config.json and safetensors, whole or in shards. precision: default f32. */
export async function loadModel(K: Kernels, files: Files, precision?: Precision): Promise<Model<Decoder>> {
  const checkpoint = await openCheckpoint(files);
  return loadWeights(K, architectureOf(checkpoint.config), checkpoint, precision);
}
