// lorank predict: what a fit says of pairs.

import type { AddCommand } from './command.js';
import { columnOf, option } from './values.js';

export const predictCommand: AddCommand = (add, act) => {
  add('predict')
    .description('predict the values of pairs with a fit')
    .argument('<fit.safetensors>', 'what lorank complete wrote')
    .argument('<pairs>', 'a table of users and items, of any kind that complete reads; - is standard input')
    .addOption(option('--user <column>', 'name or 1-based number of the column of users', columnOf))
    .addOption(option('--item <column>', 'of items', columnOf))
    .option('-o, --output <file>', 'where user,item,prediction goes; without it, standard output')
    .option('--force', 'replace an existing output')
    .addHelpText(
      'after',
      `
A pair whose user or item the fit has never seen is answered by the biases that are known, at last by the global mean.

Examples:
  lorank predict fit.safetensors pairs.csv -o predictions.csv
  printf 'u1,i7\\n' | lorank predict fit.safetensors -`,
    )
    .action(
      act(async (context, fit: string, pairs: string, flags: object) => {
        const { predict } = await import('./prediction.js');
        return predict(context, fit, pairs, flags);
      }),
    );
};
