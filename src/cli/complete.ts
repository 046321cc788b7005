// lorank complete: fits a matrix to ratings, and tells how well it predicts the ones it has not seen.

import type { CompleteSpec } from '../spec.js';
import type { AddCommand } from './command.js';
import {
  chainOptions,
  chainStarts,
  columnOf,
  countOf,
  nameOf,
  notNegativeOf,
  option,
  outputOptions,
  positiveOf,
  rankOf,
  runOptions,
  shareOf,
} from './values.js';

const METHODS = ['auto', 'gd', 'scaled-gd', 'deep', 'compressed-deep'];

interface CompleteFlags {
  user?: string | number;
  item?: string | number;
  value?: string | number;
  test?: string;
  rank?: number | 'auto';
  method?: string;
  width?: number;
  initScale?: number;
  initNorm?: 'perSqrtK' | 'unit';
  step?: number;
  damping?: number;
  depth?: number;
  start?: string;
  outerStep?: number;
  weightDecay?: number;
  holdout?: number;
  iterations?: number;
  tolerance?: number;
  seed?: number;
  output?: string;
  force?: boolean;
  resume?: boolean;
}

/** The description that the flags stand for. What was not said is left to the defaults of the description. */
export function completeSpec(ratings: string, flags: CompleteFlags): CompleteSpec {
  const { user, item, value, test, width, initScale, initNorm, step: stepSize, damping, holdout } = flags;
  const { depth, start, outerStep, weightDecay } = flags;
  const { iterations, tolerance, seed, method: name = width === undefined ? 'auto' : 'gd' } = flags;
  const rank = flags.rank === 'auto' && name !== 'auto' ? undefined : flags.rank;
  return {
    lorank: 1,
    task: 'complete',
    data: { ratings, user, item, value, test },
    method: {
      name,
      rank,
      width,
      initScale,
      initNorm,
      stepSize,
      damping,
      depth,
      start,
      outerStep,
      weightDecay,
      holdout,
    } as CompleteSpec['method'],
    stop: (iterations ?? tolerance) ? { iterations, tolerance } : undefined,
    seed,
  };
}

export const completeCommand: AddCommand = (add, act) => {
  const command = add('complete')
    .description('predict the missing entries of a table of ratings')
    .argument('<ratings>', 'csv, tsv, ndjson, parquet, mtx, npy with NaN, or any of these .gz; - is standard input')
    .option('--test <file>', 'ratings to test on, never seen by the fit');
  for (const made of [
    option('--user <column>', 'name or 1-based number of the column of users', columnOf),
    option('--item <column>', 'of items', columnOf),
    option('--value <column>', 'of values', columnOf),
    option('--rank <r>', 'auto: chosen on held-out entries (default: auto)', rankOf),
    option('--method <name>', `${METHODS.join(', ')} (default: auto)`, nameOf('--method', METHODS)),
    option('--width <k>', 'of gd and scaled-gd: columns of the factors', countOf('--width')),
    option('--init-scale <a>', 'of gd and scaled-gd: size of the start', positiveOf('--init-scale', '1e-3')),
    option('--init-norm <norm>', 'of gd and scaled-gd').choices(['perSqrtK', 'unit']),
    option('--step <size>', 'of gd and scaled-gd (default: from the data)', positiveOf('--step', '0.25')),
    option('--damping <d>', 'of scaled-gd', notNegativeOf('--damping', '1e-3')),
    option(
      '--start <name>',
      'of deep: orthogonal, gaussian, identity; of compressed-deep: invariant, surrogate',
    ).choices(chainStarts),
    ...chainOptions,
    option('--holdout <share>', 'entries kept back to judge by', shareOf('--holdout', '0.1')),
    ...runOptions.filter((made) => made.long !== '--precision'),
    ...outputOptions('where the fit goes: .safetensors'),
  ])
    command.addOption(made);
  command
    .addHelpText(
      'after',
      `
The first record is a header exactly when its value field is neither a number nor a missing token. Without one, fields
1, 2, 3 are user, item, value and further fields are ignored.

Examples:
  lorank complete ratings.csv -o fit.safetensors
  lorank complete train.tsv --test test.tsv --json
  zcat ratings.csv.gz | lorank complete - --user userId --item movieId --value rating -o fit.safetensors`,
    )
    .action(
      act(async (context, ratings: string, flags: CompleteFlags) => {
        const { execute } = await import('./execute.js');
        return execute(context, { ...flags, spec: completeSpec(ratings, flags) });
      }),
    );
};
