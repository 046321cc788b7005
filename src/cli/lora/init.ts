// lorank lora init: a new adapter for a model.

import type { AddCommand } from '../command.js';
import { countOf, nameOf, option, positiveOf, seedOf } from '../values.js';

const METHODS = ['nystrom', 'gaussian', 'kaiming', 'orthogonal', 'pissa', 'olora', 'milora'];

export interface InitFlags {
  method?: string;
  rank?: number;
  loraAlpha?: number;
  rslora?: boolean;
  targets?: string;
  sigma?: number | 'auto';
  orientation?: 'row' | 'col';
  base?: 'residual' | 'double';
  passes?: number;
  baseName?: string;
  seed?: number;
  output?: string;
  dryRun?: boolean;
  verifyBase?: boolean;
  force?: boolean;
  resume?: boolean;
}

const positive = positiveOf('--sigma', '0.1');

export const initCommand: AddCommand = (add, act) => {
  const command = add('init')
    .description('start an adapter from the weights of a model, which stays as it is')
    .argument('<model>', 'a folder with safetensors (shards with an index, or one file), or one .safetensors file');
  for (const made of [
    option('--method <name>', `${METHODS.join(', ')} (default: nystrom)`, nameOf('--method', METHODS)),
    option('-r, --rank <r>', 'rank of the factors (needed)', countOf('--rank', '16')),
    option('--lora-alpha <a>', 'the adapter adds (alpha/r)·BA (default: r)', positiveOf('--lora-alpha', '32')),
    option('--rslora', 'scale by alpha/√r instead'),
    option('--targets <which>', 'all-linear, a comma list of module names, or /regex/ (default: all-linear)'),
    option('--sigma <x>', 'of nystrom: size of the sketch, or auto for that of kaiming (default: 0.1)', (text) =>
      text === 'auto' ? 'auto' : positive(text),
    ),
    option('--orientation <side>', 'of nystrom: row: A is the sketch; col: B is (default: row)').choices([
      'row',
      'col',
    ]),
    option(
      '--base <how>',
      'of pissa, olora, milora: residual: write the changed weights to a file of their own; double: leave the base alone at twice the rank (default: residual)',
    ).choices(['residual', 'double']),
    option('--passes <p>', 'of pissa: power passes of the randomised SVD (default: 3)', countOf('--passes', '3')),
    option('--base-name <name>', 'name of the model for adapter_config.json (default: what its config.json says)'),
    option('--seed <number>', 'where every random number comes from; the default is fixed, and printed', seedOf),
    option('-o, --output <folder>', 'where the adapter goes (needed, but for --dry-run)'),
    option('--dry-run', 'say what would be made, and make nothing'),
    option('--verify-base', 'read the model once more at the end and compare its hashes'),
    option('--force', 'replace an existing output'),
    option('--resume', 'go on with the layers that an interrupted run left beside the output'),
  ])
    command.addOption(made);
  command
    .addHelpText(
      'after',
      `
Examples:
  lorank lora init ./llama -r 16 -o adapter
  lorank lora init ./llama -r 16 --targets q_proj,v_proj --sigma auto -o adapter
  lorank lora init ./gpt2 -r 8 --method pissa --base double -o adapter
  lorank lora init ./llama -r 16 --targets '/layers\\.[0-3]\\./' --dry-run`,
    )
    .action(
      act(async (context, model: string, flags: InitFlags) => {
        const { initialise } = await import('./initialising.js');
        return initialise(context, model, flags);
      }),
    );
};
