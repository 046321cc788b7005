// lorank lora resize: the same adapter at a lower rank.

import type { AddCommand } from '../command.js';
import { countOf, option } from '../values.js';
import { energyOf, type WritingFlags, writingOptions } from './flags.js';

interface ResizeFlags extends WritingFlags {
  rank?: number | 'auto';
  energy?: number;
}

const count = countOf('--rank', '16, or auto');

export const resizeCommand: AddCommand = (add, act) => {
  const command = add('resize')
    .description('lower the rank of an adapter: the nearest one, layer by layer, with its error')
    .argument(
      '<adapter>',
      'a folder with adapter_model.safetensors, or one .safetensors file (PEFT, diffusers, kohya)',
    );
  for (const made of [
    option('-r, --rank <r>', 'rank of every layer, or auto: what --energy asks for (needed)', (text) =>
      text === 'auto' ? 'auto' : count(text),
    ),
    option('--energy <share>', 'of auto: share of ‖ΔW‖² to keep in each layer (default: 0.95)', energyOf),
    ...writingOptions('where the adapter goes'),
  ])
    command.addOption(made);
  command
    .addHelpText(
      'after',
      `
Examples:
  lorank lora resize adapter -r 8 -o smaller
  lorank lora resize adapter -r auto --energy 0.99 --dry-run`,
    )
    .action(
      act(async (context, adapter: string, flags: ResizeFlags) => {
        const { resize } = await import('./resizing.js');
        return resize(context, adapter, flags);
      }),
    );
};

export type { ResizeFlags };
