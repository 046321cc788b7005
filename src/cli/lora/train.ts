// lorank lora train: trains an adapter for a model on a text.

import type { Option } from 'commander';
import type { AddCommand } from '../command.js';
import { countOf, nameOf, notNegativeOf, option, positiveOf, seedOf, shareOf } from '../values.js';

const METHODS = [
  'nystrom',
  'gaussian',
  'kaiming',
  'orthogonal',
  'pissa',
  'olora',
  'milora',
  'deep',
  'compressed-deep',
] as const;

/** What every training takes. */
export interface TrainingFlags {
  steps?: number;
  batch?: number;
  length?: number;
  lr?: number;
  warmup?: number;
  schedule?: 'constant' | 'linear' | 'cosine';
  weightDecay?: number;
  clip?: number;
  evalEvery?: number;
  heldOut?: number;
  seed?: number;
  output?: string;
  dryRun?: boolean;
  force?: boolean;
  resume?: boolean;
}

export interface TrainFlags extends TrainingFlags {
  init?: (typeof METHODS)[number];
  from?: string;
  rank?: number;
  loraAlpha?: number;
  rslora?: boolean;
  targets?: string;
  sigma?: number | 'auto';
  orientation?: 'row' | 'col';
  initScale?: number;
  outerSpeed?: number;
  preconditioner?: 'authors' | 'riemannian';
}

export const trainingOptions = (rate: string): readonly Option[] => [
  option('--steps <count>', 'steps of AdamW (default: 200)', countOf('--steps', '200')),
  option('--batch <count>', 'sequences in a step (default: 8)', countOf('--batch', '8')),
  option(
    '--length <tokens>',
    'tokens of a sequence (default: 128, or what the model can take)',
    countOf('--length', '128'),
  ),
  option('--lr <rate>', `learning rate (default: ${rate})`, positiveOf('--lr', rate)),
  option(
    '--warmup <steps>',
    'steps in which the rate rises to it (default: a tenth, at most 100)',
    notNegativeOf('--warmup', '10'),
  ),
  option('--schedule <kind>', 'how it falls after that (default: linear)').choices(['constant', 'linear', 'cosine']),
  option('--weight-decay <l>', 'of AdamW (default: 0)', notNegativeOf('--weight-decay', '0.01')),
  option(
    '--clip <norm>',
    'the norm that a gradient is clipped to, 0 for none (default: 1)',
    notNegativeOf('--clip', '1'),
  ),
  option(
    '--eval-every <steps>',
    'steps between held-out losses (default: a tenth of all)',
    countOf('--eval-every', '20'),
  ),
  option(
    '--held-out <share>',
    'share of the text that is held out, 0 for none (default: 0.1)',
    shareOf('--held-out', '0.1'),
  ),
  option('--seed <number>', 'where every random number comes from; the default is fixed, and printed', seedOf),
  option('--dry-run', 'say what would be trained, and train nothing'),
  option('--force', 'replace an existing output'),
  option('--resume', 'go on from where an interrupted run left off'),
];

const positive = positiveOf('--sigma', '0.1');

export const trainCommand: AddCommand = (add, act) => {
  const command = add('train')
    .description('train an adapter for a model on a text')
    .argument('<model>', 'a Hugging Face folder: config.json, safetensors, tokenizer.json (without it: bytes)')
    .argument('<text>', '.txt, or .jsonl of { "text" }, or of { "prompt", "completion" }, whose prompts do not count');
  for (const made of [
    option('--init <method>', `${METHODS.join(', ')} (default: nystrom)`, nameOf('--init', METHODS)),
    option('--from <adapter>', 'go on with the adapter of a folder instead of starting one'),
    option('-r, --rank <r>', 'rank of the factors (needed, but with --from)', countOf('--rank', '8')),
    option('--lora-alpha <a>', 'the adapter adds (alpha/r)·BA (default: r)', positiveOf('--lora-alpha', '16')),
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
      '--init-scale <e>',
      'of deep, compressed-deep: size of the factors (default: 1e-3)',
      positiveOf('--init-scale', '1e-3'),
    ),
    option(
      '--outer-speed <g>',
      'of compressed-deep: learning rate of the outer factors, over --lr (default: 0.01)',
      positiveOf('--outer-speed', '0.01'),
    ),
    option('--preconditioner <form>', 'of NoRA+: authors (normalised) or riemannian (default: none)').choices([
      'authors',
      'riemannian',
    ]),
    ...trainingOptions('3e-4'),
    option('-o, --output <folder>', 'where the adapter goes (needed, but for --dry-run)'),
  ])
    command.addOption(made);
  command
    .addHelpText(
      'after',
      `
The folder gets the adapter in PEFT's files, losses.csv, losses.svg and manifest.json. The model stays as it is: of pissa,
olora and milora the adapter has twice the rank. The exit code is 4 where the held-out loss did not fall
(with --held-out 0, that of the last batch against the first).

Examples:
  lorank lora train ./llama notes.txt -r 8 --steps 200 -o adapter
  lorank lora train ./llama pairs.jsonl -r 16 --init kaiming --targets q_proj,v_proj --lr 1e-3 -o adapter
  lorank lora train ./gpt2 notes.txt -r 8 --preconditioner authors --schedule cosine -o adapter`,
    )
    .action(
      act(async (context, model: string, text: string, flags: TrainFlags) => {
        const { trainAdapter } = await import('./training.js');
        return trainAdapter(context, model, text, flags);
      }),
    );
};
