// lorank sense: a matrix from linear measurements in files.

import type { SenseSpec } from '../spec.js';
import type { AddCommand } from './command.js';
import {
  chainOptions,
  chainStarts,
  countOf,
  nameOf,
  notNegativeOf,
  option,
  outputOptions,
  positiveOf,
  runOptions,
  shapeOf,
  shareOf,
} from './values.js';

const METHODS = [
  'auto',
  'gd',
  'scaled-gd',
  'prec-gd',
  'heavy-ball',
  'armijo',
  'weight-normalised',
  'sgd',
  'deep',
  'compressed-deep',
];

interface SenseFlags {
  operator: string;
  measurements: string;
  shape: [number, number];
  symmetric?: boolean;
  truth?: string;
  method?: string;
  width?: number;
  rank?: number;
  start?: 'small-random' | 'spectral';
  initScale?: number;
  initNorm?: 'perSqrtK' | 'unit';
  step?: number;
  damping?: number;
  momentum?: number;
  batch?: number;
  depth?: number;
  outerStep?: number;
  weightDecay?: number;
  holdout?: number;
  iterations?: number;
  tolerance?: number;
  precision?: 'auto' | 'f32' | 'f64';
  seed?: number;
  output?: string;
  force?: boolean;
  resume?: boolean;
}

/** The description that the flags stand for. What was not said is left to the defaults of the description. */
export function senseSpec(flags: SenseFlags): SenseSpec {
  const { operator, measurements, shape, symmetric, truth, rank, initScale, initNorm, step: stepSize, holdout } = flags;
  const { width, start, damping, momentum, batch, depth, outerStep, weightDecay } = flags;
  const { iterations, tolerance, precision, seed } = flags;
  const name = flags.method ?? (width === undefined ? 'auto' : 'gd');
  return {
    lorank: 1,
    task: 'sense',
    data: { operator, measurements, shape, symmetric, truth },
    method: {
      name,
      rank,
      initScale,
      initNorm,
      stepSize,
      holdout,
      width,
      start,
      damping,
      momentum,
      batch,
      depth,
      outerStep,
      weightDecay,
    } as SenseSpec['method'],
    stop: (iterations ?? tolerance) ? { iterations, tolerance } : undefined,
    precision,
    seed,
  };
}

export const senseCommand: AddCommand = (add, act) => {
  const command = add('sense')
    .description('recover a matrix X from measurements y_i = <A_i, X>')
    .requiredOption('--operator <file>', 'A: m×n1×n2 or m×(n1·n2), .npy, used as given')
    .requiredOption('--measurements <file>', 'y: m numbers, .npy')
    .addOption(option('--shape <n1,n2>', 'the shape of X', shapeOf).makeOptionMandatory())
    .option('--symmetric', 'X is symmetric positive semidefinite: X = UUᵀ')
    .option('--truth <file>', 'X: n1×n2, .npy: adds the error, and is never seen by the method')
    .addOption(
      option(
        '--method <name>',
        `auto chooses width, rank and where to stop; ${METHODS.slice(1).join(', ')} (default: auto)`,
        nameOf('--method', METHODS),
      ),
    );
  for (const made of [
    option('--width <k>', 'columns of the factors; may exceed the shape', countOf('--width')),
    option('--rank <r>', 'target rank, at most min(n1, n2)', countOf('--rank')),
    option('--start <name>', 'where descent starts (default: small-random)').choices([
      'small-random',
      'spectral',
      ...chainStarts,
    ]),
    option('--init-scale <a>', 'size of the start, relative to √σ₁ of 𝒜*(y)', positiveOf('--init-scale', '1e-7')),
    option('--init-norm <norm>', 'entries of variance a²/k or a² (default: perSqrtK)').choices(['perSqrtK', 'unit']),
    option('--step <size>', 'step size (default: from the data)', positiveOf('--step', '0.25')),
    option(
      '--damping <d>',
      'of scaled-gd relative to σ₁, of prec-gd to the misfit',
      notNegativeOf('--damping', '1e-3'),
    ),
    option('--momentum <b>', 'of heavy-ball', shareOf('--momentum', '0.8')),
    ...chainOptions,
    option('--batch <b>', 'measurements of a step of sgd (default: a tenth of them)', countOf('--batch', '50')),
    option('--holdout <share>', 'measurements kept back to judge by', shareOf('--holdout', '0.05')),
    ...runOptions,
    ...outputOptions('where X goes: n1×n2, .npy in f64, or .mtx'),
  ])
    command.addOption(made);
  command
    .addHelpText(
      'after',
      `
Examples:
  lorank sense --operator A.npy --measurements y.npy --shape 40,30 -o X.npy
  lorank sense --operator A.npy --measurements y.npy --shape 40,40 --symmetric --method gd --init-scale 1e-6 -o X.npy
  lorank sense --operator A.npy --measurements y.npy --shape 40,30 --rank 3 --method scaled-gd --start spectral --json`,
    )
    .action(
      act(async (context, flags: SenseFlags) => {
        const { execute } = await import('./execute.js');
        return execute(context, { ...flags, spec: senseSpec(flags) });
      }),
    );
};
