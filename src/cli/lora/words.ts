// A command of `lora` as the words that repeat it: verb, arguments, and the options that were given, without those that say
// where the output goes or how it is told. What names a file or a folder is marked, so that it can be moved with them.

import type { Command, Option } from 'commander';
import type { Act } from '../command.js';

/** One word of a command line. Paths are relative to the working folder; in a manifest, to the folder of the manifest. */
export type Word = string | { readonly path: string };

/** Options whose value is a path are those that call it a model or an adapter; so are all arguments. */
export const namesPath = ({ flags }: Option): boolean => /<(model|adapter)>$/.test(flags);

const LEFT_OUT = new Set(['output', 'force', 'resume', 'dryRun']);

function wordsOf(command: Command): Word[] {
  const options = command.options.flatMap((option): Word[] => {
    const name = option.attributeName();
    const value: unknown = command.getOptionValue(name);
    if (LEFT_OUT.has(name) || command.getOptionValueSource(name) !== 'cli') return [];
    if (value === true) return [option.long!];
    return [option.long!, namesPath(option) ? { path: String(value) } : String(value)];
  });
  return ['lora', command.name(), ...command.args.map((path) => ({ path })), ...options];
}

/** Adds the words of the command to the context of its action. */
export const recorded =
  (act: Act): Act =>
  (run) =>
    act((context, ...args) => run({ ...context, words: wordsOf(args.at(-1) as Command) }, ...args));
