// lorank <verb>: reads the command line, runs one command, and returns the exit code.

import { Command } from 'commander';
import type { Act, AddCommand } from './command.js';
import { completeCommand } from './complete.js';
import { type Flags, type Io, makeContext, writeTo } from './context.js';
import { demoCommand } from './demo.js';
import { doctorCommand } from './doctor.js';
import { factorCommand } from './factor.js';
import { EXIT, tellFailure } from './failure.js';
import { inspectCommand } from './inspect.js';
import { loraCommand } from './lora.js';
import { predictCommand } from './predict.js';
import { preflightCommand } from './preflight.js';
import { reproduceCommand } from './reproduce.js';
import { runCommand } from './run.js';
import { senseCommand } from './sense.js';
import { sparseCommand } from './sparse.js';
import { countOf } from './values.js';
import { verifyCommand } from './verify.js';
import { version } from './version.js';

const commands: readonly AddCommand[] = [
  demoCommand,
  completeCommand,
  senseCommand,
  sparseCommand,
  factorCommand,
  preflightCommand,
  predictCommand,
  runCommand,
  verifyCommand,
  loraCommand,
  inspectCommand,
  reproduceCommand,
  doctorCommand,
];

/** As a shell reads it. */
const quoted = (argument: string): string =>
  /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;

/** @param argv what follows the program's name. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  let command = 'lorank';
  try {
    return await perform(argv, io, (name) => {
      command = name;
    });
  } catch (thrown) {
    const asked = (flag: string) => argv.includes(flag);
    return tellFailure(thrown, io, { json: asked('--json'), debug: asked('--debug'), command });
  }
}

/** Runs one command and returns its exit code; what goes wrong is thrown. named: called with the name of the command. */
export async function perform(
  argv: readonly string[],
  io: Io,
  named: (command: string) => void = () => {},
): Promise<number> {
  let code: number = EXIT.fine;
  let pending: Promise<void> = Promise.resolve();
  const program = new Command('lorank')
    .description('Recover a big matrix from a few of its numbers.')
    .version(version(), '-V, --version', 'print the version')
    .option('--json', 'print exactly one JSON document on stdout')
    .option('--quiet', 'no progress and no notes')
    .option(
      '--threads <count>',
      'threads (default: the number of cores); results do not depend on it',
      countOf('--threads', '2'),
    )
    .option('--debug', 'print the stack of an error')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .addHelpText('after', '\nlorank <verb> --help shows the options and examples of a verb.')
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        pending = pending.then(() => writeTo(io.stdout, text));
      },
      writeErr: () => {}, // failure.ts tells
    });
  program.usage('<verb> [options]');

  const act: Act =
    (run) =>
    async (...args) => {
      code = await run(makeContext(io, program.opts<Flags>(), `lorank ${argv.map(quoted).join(' ')}`), ...args);
    };
  const add = (name: string) => program.command(name);
  for (const addCommand of commands) addCommand(add, act);
  program.hook('preSubcommand', (_, sub) => {
    named(`lorank ${sub.name()}`);
  });
  for (const group of program.commands)
    group.hook('preSubcommand', (_, sub) => {
      named(`lorank ${group.name()} ${sub.name()}`);
    });

  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (thrown) {
    const shown = thrown as { code?: string };
    if (shown.code !== 'commander.helpDisplayed' && shown.code !== 'commander.version') throw thrown;
  }
  await pending;
  return code;
}
