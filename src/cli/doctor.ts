// lorank doctor: what this machine gives, and whether it computes rightly.

import type { AddCommand } from './command.js';

export const doctorCommand: AddCommand = (add, act) => {
  add('doctor')
    .description('say what this machine gives: SIMD, threads, memory, and a self-test with a known answer')
    .addHelpText('after', '\nExamples:\n  lorank doctor\n  lorank doctor --threads 1 --json')
    .action(
      act(async (context) => {
        const { examine } = await import('./examination.js');
        return examine(context);
      }),
    );
};
