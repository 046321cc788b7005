// lorank lora convert: plain adapters from PiSSA and its like, and names of PEFT, diffusers and kohya.

import type { AddCommand } from '../command.js';
import { countOf, option } from '../values.js';
import { type WritingFlags, writingOptions } from './flags.js';

export interface ConvertFlags extends WritingFlags {
  init?: string;
  to?: 'peft' | 'diffusers' | 'kohya';
  recompress?: number;
  model?: string;
}

export const convertCommand: AddCommand = (add, act) => {
  const command = add('convert')
    .description('a plain adapter from one that changed its base, or the names of other programs')
    .argument(
      '<adapter>',
      'a folder with adapter_model.safetensors, or one .safetensors file (PEFT, diffusers, kohya)',
    );
  for (const made of [
    option(
      '--init <adapter>',
      'the same adapter before training, where its start was taken out of the base (PiSSA, OLoRA)',
    ),
    option(
      '--recompress <r>',
      'rank of the result (default: exact, twice the rank with --init)',
      countOf('--recompress', '16'),
    ),
    option('--to <names>', 'peft, diffusers or kohya (default: as they are)').choices(['peft', 'diffusers', 'kohya']),
    option('--model <model>', 'the model, whose module names tell the dots of kohya names from underscores'),
    ...writingOptions('where the adapter goes'),
  ])
    command.addOption(made);
  command
    .addHelpText(
      'after',
      `
Examples:
  lorank lora convert trained --init untrained -o plain
  lorank lora convert trained --init untrained --recompress 16 -o plain
  lorank lora convert style.safetensors --to peft -o style`,
    )
    .action(
      act(async (context, adapter: string, flags: ConvertFlags) => {
        const { convert } = await import('./conversion.js');
        return convert(context, adapter, flags);
      }),
    );
};
