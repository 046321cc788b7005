// lorank lora merge: a model with an adapter in it.

import { usageError } from '../../errors.js';
import type { AddCommand } from '../command.js';
import { option } from '../values.js';
import { type WritingFlags, writingOptions } from './flags.js';

export interface MergeFlags extends WritingFlags {
  scale?: number;
}

function scaleOf(text: string): number {
  const scale = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(scale)) throw usageError(`--scale should be a number, got ${text}`, 'for example --scale 0.8');
  return scale;
}

export const mergeCommand: AddCommand = (add, act) => {
  const command = add('merge')
    .description('write a new model with the adapter in its weights; neither input changes')
    .argument('<model>', 'a folder with safetensors (shards with an index, or one file), or one .safetensors file')
    .argument(
      '<adapter>',
      'a folder with adapter_model.safetensors, or one .safetensors file (PEFT, diffusers, kohya)',
    );
  for (const made of [
    option('--scale <x>', 'times what the adapter adds (default: 1)', scaleOf),
    ...writingOptions('where the model goes'),
  ])
    command.addOption(made);
  command
    .addHelpText(
      'after',
      `
Examples:
  lorank lora merge ./llama adapter -o merged
  lorank lora merge ./llama adapter --scale 0.5 -o merged
  lorank lora merge ./llama adapter --dry-run`,
    )
    .action(
      act(async (context, model: string, adapter: string, flags: MergeFlags) => {
        const { merge } = await import('./merging.js');
        return merge(context, model, adapter, flags);
      }),
    );
};
