// lorank reproduce: checks what a paper claims.

import type { AddCommand } from './command.js';
import { option, seedOf } from './values.js';

interface ReproduceFlags {
  list?: boolean;
  quick?: boolean;
  full?: boolean;
  out?: string;
  resume?: boolean;
  seed?: number;
}

export const reproduceCommand: AddCommand = (add, act) => {
  add('reproduce')
    .description('check the claims of a paper by computing its experiments')
    .argument('[id]', 'which paper; --list names them')
    .option('--list', 'list the papers')
    .addOption(option('--quick', 'every claim, within a minute on two cores (the default)').conflicts('full'))
    .option('--full', 'at the sizes of the paper or of its reference runs')
    .option('--out <folder>', 'where claims, rows, figures and the report go; a folder that is new or empty')
    .option('--resume', 'go on from the cells that an interrupted run left in the folder')
    .addOption(option('--seed <number>', 'a fresh experiment; the default is fixed, and printed', seedOf))
    .addHelpText(
      'after',
      `
Ends with exit code 5 when a claim is contradicted, or a control passes that must fail.

Examples:
  lorank reproduce --list
  lorank reproduce soltanolkotabi-2023-asymmetric --out results
  lorank verify results`,
    )
    .action(
      act(async (context, id: string | undefined, flags: ReproduceFlags) => {
        const { listPapers, reproduce } = await import('./reproduction.js');
        if (flags.list) return listPapers(context);
        const { full, out, resume, seed } = flags;
        return reproduce(context, id, { size: full ? 'full' : 'quick', out, resume, seed });
      }),
    );
};
