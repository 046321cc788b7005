// lorank lora diff: how far two adapters, or two models, are from one another.

import type { AddCommand } from '../command.js';

export const diffCommand: AddCommand = (add, act) => {
  add('diff')
    .description('compare two adapters (what they add, and the angles between the spaces they act on), or two models')
    .argument('<a>', 'an adapter or a model: a folder, or one .safetensors file')
    .argument('<b>', 'another of the same kind')
    .addHelpText(
      'after',
      `
Examples:
  lorank lora diff first second
  lorank lora diff ./llama ./llama-tuned --json`,
    )
    .action(
      act(async (context, a: string, b: string) => {
        const { diff } = await import('./differences.js');
        return diff(context, a, b);
      }),
    );
};
