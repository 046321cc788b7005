// lorank lora spectrum: the singular values of every layer.

import type { AddCommand } from '../command.js';
import { countOf, option, shareOf } from '../values.js';

export interface SpectrumFlags {
  targets?: string;
  energy?: number;
  leading?: number;
  output?: string;
  force?: boolean;
  dryRun?: boolean;
}

export const spectrumCommand: AddCommand = (add, act) => {
  const command = add('spectrum')
    .description('singular values, effective rank and suggested rank of every layer')
    .argument('<file>', 'an adapter (folder or file), or a model (folder or .safetensors file)');
  for (const made of [
    option('--targets <which>', 'of a model: all-linear, a comma list, or /regex/ (default: all-linear)'),
    option('--energy <share>', 'what the suggested rank is to hold (default: 0.95)', shareOf('--energy', '0.95')),
    option(
      '--leading <count>',
      'of weights beyond 1024×1024: how many values (default: 256)',
      countOf('--leading', '256'),
    ),
    option('-o, --output <file>', 'a report page, .html'),
    option('--dry-run', 'say which layers there are, and compute nothing'),
    option('--force', 'replace an existing output'),
  ])
    command.addOption(made);
  command
    .addHelpText(
      'after',
      `
Examples:
  lorank lora spectrum adapter
  lorank lora spectrum adapter --energy 0.99 -o spectrum.html
  lorank lora spectrum ./llama --targets q_proj --json`,
    )
    .action(
      act(async (context, path: string, flags: SpectrumFlags) => {
        const { spectra } = await import('./spectra.js');
        return spectra(context, path, flags);
      }),
    );
};
