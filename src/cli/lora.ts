// lorank lora <verb>: adapters.

import type { AddCommand } from './command.js';
import { checkCommand } from './lora/check.js';
import { initCommand } from './lora/init.js';
import { mergeCommand } from './lora/merge.js';
import { pretrainCommand } from './lora/pretrain.js';
import { resizeCommand } from './lora/resize.js';
import { spectrumCommand } from './lora/spectrum.js';
import { trainCommand } from './lora/train.js';

const verbs: readonly AddCommand[] = [
  initCommand,
  spectrumCommand,
  checkCommand,
  resizeCommand,
  mergeCommand,
  trainCommand,
  pretrainCommand,
];

export const loraCommand: AddCommand = (add, act) => {
  const group = add('lora').description('LoRA adapters: start, inspect and check them').helpCommand(false);
  group.usage('<verb> [options]').addHelpText('after', '\nlorank lora <verb> --help shows the options of a verb.');
  for (const addVerb of verbs) addVerb((name) => group.command(name), act);
};
