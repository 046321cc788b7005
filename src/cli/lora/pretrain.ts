// lorank lora pretrain: trains a small model from nothing.

import type { AddCommand } from '../command.js';
import { countOf, option } from '../values.js';
import { type TrainingFlags, trainingOptions } from './train.js';

export interface PretrainFlags extends TrainingFlags {
  architecture?: 'llama' | 'gpt2';
  width?: number;
  layers?: number;
  heads?: number;
  kvHeads?: number;
  hidden?: number;
  context?: number;
}

export const pretrainCommand: AddCommand = (add, act) => {
  const command = add('pretrain')
    .description('train a small language model from nothing, on the bytes of a text')
    .argument('<text>', '.txt, or .jsonl of { "text" }');
  for (const made of [
    option('--architecture <name>', 'llama or gpt2 (default: llama)').choices(['llama', 'gpt2']),
    option('--width <d>', 'of the residual stream (default: 128)', countOf('--width', '128')),
    option('--layers <count>', 'blocks (default: 2)', countOf('--layers', '2')),
    option('--heads <count>', 'attention heads (default: 4)', countOf('--heads', '4')),
    option(
      '--kv-heads <count>',
      'of llama: heads of keys and values (default: as --heads)',
      countOf('--kv-heads', '2'),
    ),
    option(
      '--hidden <h>',
      'width of the MLP (default: of llama 8d/3 rounded up to 16, of gpt2 4d)',
      countOf('--hidden', '512'),
    ),
    option('--context <tokens>', 'most tokens of a sequence (default: 128)', countOf('--context', '128')),
    ...trainingOptions('3e-3'),
    option('-o, --output <folder>', 'where the model goes (needed, but for --dry-run)'),
  ])
    command.addOption(made);
  command
    .addHelpText(
      'after',
      `
The folder gets config.json and model.safetensors, losses.csv, losses.svg and manifest.json.

Examples:
  lorank lora pretrain book.txt --steps 500 -o model
  lorank lora pretrain book.txt --architecture gpt2 --width 192 --layers 4 --heads 6 --steps 2000 -o model`,
    )
    .action(
      act(async (context, text: string, flags: PretrainFlags) => {
        const { pretrain } = await import('./pretraining.js');
        return pretrain(context, text, flags);
      }),
    );
};
