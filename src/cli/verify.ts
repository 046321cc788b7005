// lorank verify: checks the hashes of a manifest, computes the run again, and compares.

import type { AddCommand } from './command.js';

export const verifyCommand: AddCommand = (add, act) => {
  add('verify')
    .description('check the hashes of a run, compute it again, and compare')
    .argument('<path>', 'a folder, an output file, or its manifest')
    .addHelpText(
      'after',
      `
Ends with exit code 5 when a hash or the recomputed result differs.

Examples:
  lorank verify X.npy
  lorank verify results/ --json`,
    )
    .action(
      act(async (context, path: string) => {
        const { verify } = await import('./verification.js');
        return verify(context, path);
      }),
    );
};
