// lorank sparse: a sparse vector from linear measurements in files.

import type { SparseSpec } from '../spec.js';
import type { AddCommand } from './command.js';
import { countOf, option, outputOptions, positiveOf, runOptions, shareOf } from './values.js';

interface SparseFlags {
  design: string;
  measurements: string;
  positive?: boolean;
  truth?: string;
  method?: string;
  depth?: number;
  ratio?: number;
  initScale?: number;
  step?: number;
  penalty?: number;
  sparsity?: number;
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
export function sparseSpec(flags: SparseFlags): SparseSpec {
  const { design, measurements, positive, truth, depth, ratio, initScale, step: stepSize, penalty, sparsity } = flags;
  const { method: name = 'auto', holdout, iterations, tolerance, precision, seed } = flags;
  return {
    lorank: 1,
    task: 'sparse',
    data: { design, measurements, positive, truth },
    method: { name, depth, ratio, initScale, stepSize, penalty, sparsity, holdout } as SparseSpec['method'],
    stop: (iterations ?? tolerance) ? { iterations, tolerance } : undefined,
    precision,
    seed,
  };
}

export const sparseCommand: AddCommand = (add, act) => {
  const command = add('sparse')
    .description('recover a sparse vector x from measurements y = A x')
    .requiredOption('--design <file>', 'A: M×N, .npy, used as given')
    .requiredOption('--measurements <file>', 'y: M numbers, .npy')
    .option('--positive', 'x ≥ 0')
    .option('--truth <file>', 'x: N numbers, .npy: adds the error, and is never seen by the method')
    .addOption(
      option('--method <name>', 'auto: weight-normalised, with the lasso beside it (default: auto)').choices([
        'auto',
        'weight-normalised',
        'hadamard',
        'basis-pursuit',
        'lasso',
        'omp',
      ]),
    );
  for (const made of [
    option('--depth <L>', 'x = u^L − v^L (default: 2)', countOf('--depth', '2')),
    option('--ratio <k>', 'κ of weight-normalised: its two step sizes (default: advised)', positiveOf('--ratio', '5')),
    option('--init-scale <a>', 'the start is a·1 (default: advised)', positiveOf('--init-scale', '0.1')),
    option('--step <size>', 'step size (default: from the data)', positiveOf('--step', '0.01')),
    option('--penalty <share>', 'of lasso: λ as a share of ‖Aᵀy‖_∞', shareOf('--penalty', '0.1')),
    option('--sparsity <s>', 'of omp: how many entries', countOf('--sparsity')),
    option('--holdout <share>', 'measurements kept back to judge by', shareOf('--holdout', '0.1')),
    ...runOptions,
    ...outputOptions('where x goes: N numbers, .npy, f64'),
  ])
    command.addOption(made);
  command
    .addHelpText(
      'after',
      `
Examples:
  lorank sparse --design A.npy --measurements y.npy -o x.npy
  lorank sparse --design A.npy --measurements y.npy --positive --method weight-normalised --ratio 20 -o x.npy
  lorank sparse --design A.npy --measurements y.npy --method lasso --penalty 0.05 --json`,
    )
    .action(
      act(async (context, flags: SparseFlags) => {
        const { execute } = await import('./execute.js');
        return execute(context, { ...flags, spec: sparseSpec(flags) });
      }),
    );
};
