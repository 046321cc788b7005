// lorank lora <verb>: adapters.

import type { AddCommand } from './command.js';
import { averageCommand } from './lora/average.js';
import { checkCommand } from './lora/check.js';
import { convertCommand } from './lora/convert.js';
import { diffCommand } from './lora/diff.js';
import { extractCommand } from './lora/extract.js';
import { initCommand } from './lora/init.js';
import { mergeCommand } from './lora/merge.js';
import { pretrainCommand } from './lora/pretrain.js';
import { resizeCommand } from './lora/resize.js';
import { spectrumCommand } from './lora/spectrum.js';
import { trainCommand } from './lora/train.js';
import { recorded } from './lora/words.js';

const verbs: readonly AddCommand[] = [
  initCommand,
  spectrumCommand,
  checkCommand,
  extractCommand,
  resizeCommand,
  mergeCommand,
  diffCommand,
  convertCommand,
  averageCommand,
  trainCommand,
  pretrainCommand,
];

export const loraCommand: AddCommand = (add, act) => {
  const group = add('lora')
    .description('LoRA adapters: start, inspect, check, reshape and train them')
    .helpCommand(false);
  group.usage('<verb> [options]').addHelpText(
    'after',
    `
Examples:
  lorank lora init ./llama -r 16 -o adapter
  lorank lora check adapter --base ./llama
  lorank lora merge ./llama adapter -o merged

lorank lora <verb> --help shows the options of a verb.`,
  );
  for (const addVerb of verbs) addVerb((name) => group.command(name), recorded(act));
};
