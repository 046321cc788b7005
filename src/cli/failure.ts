// Errors as a person and a script meet them: a sentence and the next step on stderr, an exit code, and with --json the
// same as one document on stdout. A stack only with --debug.

import { CommanderError } from 'commander';
import { type ErrorCode, LorankError, usageError } from '../errors.js';
import { type Io, writeTo } from './context.js';

/** 4 and 5 are outcomes of runs that ended, not errors: did not converge or is no better than the baseline; a check failed. */
export const EXIT = { fine: 0, internal: 1, usage: 2, data: 3, unconvincing: 4, claim: 5, interrupted: 130 } as const;

const exitOf: Record<ErrorCode, number> = {
  usage: EXIT.usage,
  data: EXIT.data,
  io: EXIT.internal,
  internal: EXIT.internal,
  aborted: EXIT.interrupted,
};

/** Any thrown thing as one of ours. What the system says of a file becomes what to do about it. */
export function asLorankError(thrown: unknown, helpCommand = 'lorank --help'): LorankError {
  if (thrown instanceof LorankError) return thrown;
  if (thrown instanceof CommanderError) {
    if (thrown.code === 'commander.help') return usageError('no verb is named', `${helpCommand} lists what there is`);
    const [message, suggestion] = thrown.message.replace(/^error: /, '').split('\n');
    const meant = /\(Did you mean (.*)\?\)/.exec(suggestion ?? '')?.[1];
    const hint = meant ? `did you mean ${meant}?` : `${helpCommand} lists what there is`;
    return new LorankError('usage', message, hint, { cause: thrown });
  }
  const { code, path, message } = thrown as NodeJS.ErrnoException;
  const told = (kind: ErrorCode, what: string, hint?: string) => new LorankError(kind, what, hint, { cause: thrown });
  switch (code) {
    case 'ENOENT':
      return told('usage', `${path}: no such file`, 'check the path');
    case 'EISDIR':
      return told('usage', `${path ?? 'the path'} is a folder, a file is needed`, 'name a file');
    case 'EACCES':
    case 'EPERM':
      return told('usage', `${path}: permission denied`, 'check the permissions, or name another path');
    case 'ENOSPC':
    case 'EDQUOT':
      return told(
        'io',
        `the disk is full${path ? ` (${path})` : ''}`,
        'free some space, or name an output on another disk',
      );
    case 'EPIPE':
      return told('io', 'the reader of standard output went away before everything was written');
  }
  if (thrown instanceof RangeError && /allocation|Array buffer|memory/i.test(message))
    return told('io', `out of memory: ${message}`, 'a smaller problem, or a machine with more memory');
  return told(
    'internal',
    `internal error: ${message ?? String(thrown)}`,
    'this is a bug in lorank: run again with --debug and report what it prints',
  );
}

/** Tells about the failure and returns the exit code. */
export async function tellFailure(
  thrown: unknown,
  io: Io,
  { json, debug, command }: { json: boolean; debug: boolean; command: string },
): Promise<number> {
  const error = asLorankError(thrown, `${command} --help`);
  const { code, hint } = error;
  const verb = `${command.split(' ').at(-1)}: `;
  const message = error.message.startsWith(verb) ? error.message.slice(verb.length) : error.message;
  const wanted = debug && (error.cause instanceof Error ? error.cause.stack : error.stack);
  io.stderr.write(`${command}: ${message}\n${hint ? `  ${hint}\n` : ''}${wanted ? `${wanted}\n` : ''}`);
  if (json) await writeTo(io.stdout, `${JSON.stringify({ error: { code, message, hint } })}\n`).catch(() => {});
  return exitOf[code];
}
