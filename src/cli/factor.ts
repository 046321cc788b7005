// lorank factor: the factors of a matrix in a file.

import type { FactorSpec } from '../spec.js';
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
} from './values.js';

const METHODS = ['nystrom', 'scaled-gd', 'alt-scaled-gd', 'prec-gd', 'gd', 'deep', 'compressed-deep'];
const STARTS = ['nystrom', 'small-random', 'spectral', ...chainStarts];

interface FactorFlags {
  symmetric?: boolean;
  truth?: string;
  method?: string;
  rank?: number;
  width?: number;
  start?: string;
  initScale?: number;
  step?: number;
  damping?: number;
  depth?: number;
  outerStep?: number;
  weightDecay?: number;
  iterations?: number;
  tolerance?: number;
  precision?: 'auto' | 'f32' | 'f64';
  seed?: number;
  output?: string;
  force?: boolean;
  resume?: boolean;
}

/** The description that the flags stand for. What was not said is left to the defaults of the description. */
export function factorSpec(matrix: string, flags: FactorFlags): FactorSpec {
  const { symmetric, truth, rank, width, start, initScale, step: stepSize, damping } = flags;
  const { depth, outerStep, weightDecay } = flags;
  const { method: name = 'nystrom', iterations, tolerance, precision, seed } = flags;
  return {
    lorank: 1,
    task: 'factor',
    data: { matrix, symmetric, truth },
    method: {
      name,
      rank,
      width,
      start,
      initScale,
      stepSize,
      damping,
      depth,
      outerStep,
      weightDecay,
    } as FactorSpec['method'],
    stop: (iterations ?? tolerance) ? { iterations, tolerance } : undefined,
    precision,
    seed,
  };
}

export const factorCommand: AddCommand = (add, act) => {
  const command = add('factor')
    .description('factor a matrix: A = VWᵀ of low rank, or A = UUᵀ')
    .argument('<matrix>', 'A: n1×n2, a file with one matrix: npy, npz, safetensors, mtx, csv or a grey png');
  for (const made of [
    option('-r, --rank <r>', 'columns of the factors, at most min(n1, n2)', countOf('--rank')),
    option('--width <k>', 'columns of over-parametrised factors; may exceed the shape', countOf('--width')),
    option('--symmetric', 'A is symmetric positive semidefinite: A = UUᵀ'),
    option('--truth <file>', 'n1×n2: adds the error against it, and is never seen by the method'),
    option('--method <name>', `${METHODS.join(', ')} (default: nystrom)`, nameOf('--method', METHODS)),
    option('--start <name>', 'where descent starts (default: nystrom, of gd small-random)').choices(STARTS),
    option('--init-scale <a>', 'size of the start, relative to √σ₁ of A', positiveOf('--init-scale', '1e-3')),
    option(
      '--step <size>',
      'step size (default: 0.5, alternating 1, of gd from the data)',
      positiveOf('--step', '0.5'),
    ),
    option('--damping <d>', 'of scaled-gd relative to σ₁, of prec-gd to the misfit', notNegativeOf('--damping', '0.1')),
    ...chainOptions,
    ...runOptions,
    ...outputOptions('where the factors go: .safetensors with left: n1×k and right: n2×k'),
  ])
    command.addOption(made);
  command
    .addHelpText(
      'after',
      `
Examples:
  lorank factor A.npy -r 20 -o factors.safetensors
  lorank factor A.npy -r 20 --symmetric --json
  lorank factor A.csv --width 40 --method prec-gd -o factors.safetensors`,
    )
    .action(
      act(async (context, matrix: string, flags: FactorFlags) => {
        const { execute } = await import('./execute.js');
        return execute(context, { ...flags, spec: factorSpec(matrix, flags) });
      }),
    );
};
