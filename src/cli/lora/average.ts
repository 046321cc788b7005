// lorank lora average: a weighted sum of adapters.

import { usageError } from '../../errors.js';
import type { AddCommand } from '../command.js';
import { countOf, option } from '../values.js';
import { type WritingFlags, writingOptions } from './flags.js';

export interface AverageFlags extends WritingFlags {
  weights?: number[];
  rank?: number;
}

function weightsOf(text: string): number[] {
  const weights = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (!weights.every(Number.isFinite))
    throw usageError(`--weights should be numbers with commas, got ${text}`, 'for example --weights 0.7,0.3');
  return weights;
}

export const averageCommand: AddCommand = (add, act) => {
  const command = add('average')
    .description('a weighted sum of adapters of one base: of what they add, not of their factors')
    .argument('<adapters...>', 'folders with adapter_model.safetensors, or .safetensors files');
  for (const made of [
    option('--weights <w>', 'one number per adapter, with commas (default: equal, with sum 1)', weightsOf),
    option(
      '-r, --rank <r>',
      'rank of the result (default: the sum of the ranks, which is exact)',
      countOf('--rank', '16'),
    ),
    ...writingOptions('where the adapter goes'),
  ])
    command.addOption(made);
  command
    .addHelpText(
      'after',
      `
Examples:
  lorank lora average first second -o mean
  lorank lora average first second --weights 0.7,0.3 -r 16 -o mix`,
    )
    .action(
      act(async (context, adapters: string[], flags: AverageFlags) => {
        const { average } = await import('./averages.js');
        return average(context, adapters, flags);
      }),
    );
};
