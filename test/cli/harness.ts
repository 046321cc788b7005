// Runs the command line in this process, on streams in memory and files in a folder of its own.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterAll } from 'vitest';
import { main } from '../../src/cli/main.js';
import { writeNpy } from '../../src/io/npy.js';
import { tensorOf } from '../../src/io/tensor.js';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Given {
  readonly stdin?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** Called with every piece of stderr. */
  readonly onStderr?: (text: string) => void;
  /** stderr is a terminal. */
  readonly terminal?: boolean;
  readonly stdout?: Writable;
}

/** lorank …argv. */
export async function lorank(argv: readonly string[], given: Given = {}): Promise<Ended> {
  const out: Buffer[] = [];
  const err: string[] = [];
  const stdout =
    given.stdout ??
    new Writable({
      write(chunk, _encoding, done) {
        out.push(Buffer.from(chunk));
        done();
      },
    });
  const stderr = new Writable({
    write(chunk, _encoding, done) {
      err.push(String(chunk));
      given.onStderr?.(String(chunk));
      done();
    },
  });
  if (given.terminal) Object.assign(stderr, { isTTY: true, columns: 120 });
  const code = await main(argv, {
    stdin: Readable.from(given.stdin === undefined ? [] : [Buffer.from(given.stdin)]),
    stdout,
    stderr,
    env: {},
    signal: given.signal ?? new AbortController().signal,
  });
  return { code, stdout: Buffer.concat(out).toString(), stderr: err.join('') };
}

export interface Folder {
  path(name: string): string;
  write(name: string, content: string | Uint8Array): string;
  writeNpy(name: string, data: Float64Array | Float32Array, shape: number[]): string;
  read(name: string): Buffer;
  list(): string[];
}

/** An empty folder, removed after the tests of the file. */
export function folder(): Folder {
  const root = mkdtempSync(join(tmpdir(), 'lorank-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const path = (name: string) => join(root, name);
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(path(name), content);
    return path(name);
  };
  return {
    path,
    write,
    writeNpy: (name, data, shape) => write(name, Buffer.concat([...writeNpy(tensorOf(data, shape))])),
    read: (name) => readFileSync(path(name)),
    list: () => readdirSync(root).sort(),
  };
}
