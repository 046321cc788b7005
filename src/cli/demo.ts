// lorank demo: a matrix recovered before your eyes, and the control that fails.

import type { AddCommand } from './command.js';
import { option, seedOf } from './values.js';

export const demoCommand: AddCommand = (add, act) => {
  add('demo')
    .description('recover a synthetic matrix from a few of its entries and from random measurements, live')
    .addOption(option('--seed <number>', 'another matrix; the default is fixed, and printed', seedOf))
    .addHelpText('after', '\nExamples:\n  lorank demo\n  lorank demo --seed 7 --json')
    .action(
      act(async (context, flags: { seed?: number }) => {
        const { demonstrate } = await import('./demonstration.js');
        return demonstrate(context, flags);
      }),
    );
};
