// lorank lora extract: the adapter that turns one model into another.

import type { AddCommand } from '../command.js';
import { countOf, option, seedOf } from '../values.js';
import { energyOf, type WritingFlags, writingOptions } from './flags.js';

export interface ExtractFlags extends WritingFlags {
  rank?: number;
  energy?: number;
  targets?: string;
  seed?: number;
}

export const extractCommand: AddCommand = (add, act) => {
  const command = add('extract')
    .description('an adapter from a model and its fine-tuned version: what the fine-tuning added, layer by layer')
    .argument('<base>', 'the model before: a folder with safetensors, or one .safetensors file')
    .argument('<tuned>', 'the model after, of the same shapes');
  for (const made of [
    option('-r, --rank <r>', 'rank of every layer (default: 16)', countOf('--rank', '16')),
    option('--energy <share>', 'instead of a rank: the share of ‖W_tuned − W_base‖² to keep in each layer', energyOf),
    option(
      '--targets <which>',
      'all-linear, a comma list of module names, or /regex/ (default: all-linear, and convolutions)',
    ),
    option('--seed <number>', 'where every random number comes from; the default is fixed, and printed', seedOf),
    ...writingOptions('where the adapter goes'),
  ])
    command.addOption(made);
  command
    .addHelpText(
      'after',
      `
Examples:
  lorank lora extract ./llama ./llama-tuned -r 32 -o adapter
  lorank lora extract ./llama ./llama-tuned --energy 0.95 --dry-run`,
    )
    .action(
      act(async (context, base: string, tuned: string, flags: ExtractFlags) => {
        const { extract } = await import('./extraction.js');
        return extract(context, base, tuned, flags);
      }),
    );
};
