// lorank preflight: whether measurements can be enough, before there are any.

import { type Ensemble, preflight } from '../methods/preflight.js';
import type { AddCommand } from './command.js';
import { facts, figure } from './table.js';
import { countOf, nameOf, notNegativeOf, option, shapeOf } from './values.js';

const ENSEMBLES: readonly Ensemble[] = [
  'gaussian',
  'rademacher',
  'rademacher-regenerated',
  'rank-one',
  'hadamard',
  'mask',
];

interface PreflightFlags {
  shape: [number, number];
  rank: number;
  measurements: number;
  ensemble?: Ensemble;
  symmetric?: boolean;
  noise?: number;
}

export const preflightCommand: AddCommand = (add, act) => {
  const command = add('preflight').description('say whether a matrix can be recovered from so many measurements');
  for (const made of [
    option('--shape <n1,n2>', 'the shape of X', shapeOf).makeOptionMandatory(),
    option('-r, --rank <r>', 'the rank of X', countOf('--rank')).makeOptionMandatory(),
    option('-m, --measurements <m>', 'how many measurements', countOf('--measurements', '1200')).makeOptionMandatory(),
    option('--ensemble <name>', `${ENSEMBLES.join(', ')} (default: gaussian)`, nameOf('--ensemble', ENSEMBLES)),
    option('--symmetric', 'X is symmetric positive semidefinite'),
    option('--noise <share>', '‖noise‖ / ‖y‖ (default: 0)', notNegativeOf('--noise', '0.05')),
  ])
    command.addOption(made);
  command
    .addHelpText(
      'after',
      `
Prints likely, borderline or hopeless, and the numbers that it rests on. The exit code is 0 in all three cases.

Examples:
  lorank preflight --shape 60,60 --symmetric -r 2 -m 1200
  lorank preflight --shape 1000,500 -r 5 -m 30000 --ensemble mask --noise 0.1 --json`,
    )
    .action(
      act(async (context, flags: PreflightFlags) => {
        const found = preflight(flags);
        const { verdict, reasons, degreesOfFreedom, oversampling, enough, expectedError, bare, bias } = found;
        await context.report(found, () => {
          const rows: [string, string][] = [
            ['verdict', verdict],
            ['degrees of freedom', String(degreesOfFreedom)],
            ['oversampling', `${figure(oversampling)}   measurements for each; ${figure(enough)} are enough as a rule`],
            ['expected error', `${figure(expectedError)}   ‖X̂ − X‖_F / ‖X‖_F that the noise leaves`],
          ];
          if (flags.ensemble === 'mask') rows.push(['bare', `${figure(bare)}   rows and columns with too few entries`]);
          rows.push(['bias', `${figure(bias)}   ‖𝒜*𝒜X − X‖ / σ_r; a small start separates its phases below 1`]);
          return `${facts(rows)}\n${reasons.map((reason) => `  ${reason}`).join('\n')}\n`;
        });
        return 0;
      }),
    );
};
