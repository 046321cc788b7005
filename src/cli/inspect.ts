// lorank inspect: what is in a file.

import type { AddCommand } from './command.js';
import { columnOf, option } from './values.js';

export const inspectCommand: AddCommand = (add, act) => {
  add('inspect')
    .description('say what is in a file: shape, type, range, missing entries, spectrum')
    .argument(
      '<file>',
      'npy, npz, safetensors, png, mtx, parquet, csv, tsv, ndjson, each also .gz; - is standard input',
    )
    .addOption(option('--user <column>', 'for ratings: name or 1-based number of the column of users', columnOf))
    .addOption(option('--item <column>', 'of items', columnOf))
    .addOption(option('--value <column>', 'of values', columnOf))
    .addHelpText(
      'after',
      `
Examples:
  lorank inspect X.npy
  lorank inspect ratings.csv.gz --json`,
    )
    .action(
      act(async (context, path: string, flags: object) => {
        const { inspect } = await import('./inspection.js');
        return inspect(context, path, flags);
      }),
    );
};
