// lorank lora check: what is wrong with an adapter, and what to do about it.

import type { AddCommand } from '../command.js';
import { option } from '../values.js';

export interface CheckFlags {
  base?: string;
}

export const checkCommand: AddCommand = (add, act) => {
  add('check')
    .description('find what is wrong with an adapter: keys, shapes, types, numbers, scaling, base')
    .argument('<file>', 'the folder of an adapter, or its .safetensors file')
    .addOption(option('--base <model>', 'the model it belongs to: every layer is looked up and compared there'))
    .addHelpText(
      'after',
      `
Faults end with code 5, warnings alone with 0. Nothing is changed.

Examples:
  lorank lora check adapter
  lorank lora check adapter --base ./llama --json`,
    )
    .action(
      act(async (context, path: string, flags: CheckFlags) => {
        const { checking } = await import('./checking.js');
        return checking(context, path, flags);
      }),
    );
};
