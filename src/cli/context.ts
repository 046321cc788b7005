// What every command is given: the streams, the flags that work anywhere, and the two voices. Data goes to stdout
// (write), progress and notes go to stderr (note), so that a pipe carries data alone.

import type { Word } from './lora/words.js';

export interface Io {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  readonly stderr: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Fires on Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Flags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
  /** Default: the number of cores. */
  readonly threads?: number;
}

export interface Context {
  readonly io: Io;
  readonly flags: Flags;
  /** The command as it was typed, for hints. */
  readonly commandLine: string;
  /** The command as a manifest keeps it, where it can be repeated from there. */
  readonly words?: readonly Word[];
  /** Data to stdout; resolves when it is handed on. */
  write(data: string | Uint8Array): Promise<void>;
  /** One line to stderr, unless --quiet. */
  note(line: string): void;
  /** The one document of --json, or the text without it. */
  report(document: unknown, text: () => string): Promise<void>;
}

/** Colour only where a person reads, and NO_COLOR is not set. */
export const colours = (io: Io, stream: { isTTY?: boolean }): boolean =>
  Boolean(stream.isTTY) && !io.env.NO_COLOR && io.env.TERM !== 'dumb';

export const writeTo = (stream: NodeJS.WritableStream, data: string | Uint8Array): Promise<void> =>
  new Promise((done, fail) => {
    stream.write(data as string, (error?: Error | null) => (error ? fail(error) : done()));
  });

export function makeContext(io: Io, flags: Flags, commandLine: string): Context {
  const write = (data: string | Uint8Array) => writeTo(io.stdout, data);
  return {
    io,
    flags,
    commandLine,
    write,
    note: (line) => {
      if (!flags.quiet) io.stderr.write(`${line}\n`);
    },
    report: (document, text) => write(flags.json ? `${JSON.stringify(document)}\n` : text()),
  };
}
