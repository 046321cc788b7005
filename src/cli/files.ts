// Files as the command line treats them: an output never replaces an input, replaces an existing file only with --force,
// and appears under its name only when it is whole.

import { createHash } from 'node:crypto';
import { constants, createReadStream, existsSync, type Stats } from 'node:fs';
import { access, readFile, rm, stat } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import { fileSink } from '#platform';
import { usageError } from '../errors.js';

/** Standard input as an input, standard output as an output. */
export const STANDARD = '-';

export const manifestOf = (output: string): string => `${output}.manifest.json`;
/** A path as the manifest beside the output writes it: relative, with forward slashes. */
export const beside = (output: string, path: string): string =>
  path === STANDARD
    ? path
    : relative(dirname(resolve(output)), resolve(path))
        .split(sep)
        .join('/');

export const checkpointOf = (output: string): string => `${output}.checkpoint`;

const statOf = (path: string): Promise<Stats | undefined> => stat(path).catch(() => undefined);

/** @throws usage error unless every input is a readable file (or standard input, once). */
export async function checkInputs(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    if (path === STANDARD) continue;
    const file = await statOf(path);
    if (!file) throw usageError(`${path}: no such file`, `check the path (it is taken relative to ${process.cwd()})`);
    if (file.isDirectory()) throw usageError(`${path} is a folder, a file is needed`, `name a file in ${path}`);
    await access(path, constants.R_OK);
  }
}

/** @throws usage error when writing to path would lose something or cannot work. outputs: path and what goes beside it. */
export async function checkOutputs(
  outputs: readonly string[],
  { inputs, force }: { inputs: readonly string[]; force: boolean },
): Promise<void> {
  for (const path of outputs) {
    const folder = dirname(resolve(path));
    const place = await statOf(folder);
    if (!place) throw usageError(`${path}: the folder ${folder} does not exist`, `mkdir -p '${folder}'`);
    if (!place.isDirectory()) throw usageError(`${path}: ${folder} is not a folder`, 'name another output');
    const there = await statOf(path);
    if (!there) continue;
    if (there.isDirectory())
      throw usageError(`${path} is a folder`, `name a file in it: -o ${path.replace(/\/$/, '')}/result`);
    for (const input of inputs) {
      const read = input === STANDARD ? undefined : await statOf(input);
      if (read && read.dev === there.dev && read.ino === there.ino)
        throw usageError(
          `the output ${path} is the input ${input}`,
          'name another output: an input is never overwritten',
        );
    }
    if (!force) throw usageError(`${path} exists already`, 'add --force to replace it, or name another output');
  }
}

/** Writes a whole file, or nothing. */
export const writeWhole = (path: string, pieces: Iterable<Uint8Array>): Promise<void> =>
  writeTogether([[path, pieces]]);

/** Writes whole files: all of them, or none where one cannot be written. */
export async function writeTogether(
  files: readonly (readonly [path: string, pieces: Iterable<Uint8Array>])[],
): Promise<void> {
  const sinks: Awaited<ReturnType<typeof fileSink>>[] = [];
  let at = '';
  try {
    for (const [path, pieces] of files) {
      at = path;
      const sink = await fileSink(path);
      sinks.push(sink);
      for (const piece of pieces) await sink.write(piece);
    }
    while (sinks.length > 0) {
      await sinks[0].close();
      sinks.shift();
    }
  } catch (error) {
    for (const sink of sinks) await sink.abort().catch(() => {});
    if (error instanceof Error && !('path' in error)) Object.assign(error, { path: at });
    throw error;
  }
}

export const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export const remove = (path: string): Promise<void> => rm(path, { force: true });
export const exists = (path: string): boolean => existsSync(path);

export const readWhole = (path: string): Promise<Uint8Array> => readFile(path);

export function sha256Of(pieces: Iterable<Uint8Array>): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

/** The stream, with its bytes hashed on the way. */
export function hashed(stream: AsyncIterable<Uint8Array>): { stream: AsyncIterable<Uint8Array>; digest(): string } {
  const hash = createHash('sha256');
  return {
    stream: (async function* () {
      for await (const chunk of stream) {
        hash.update(chunk);
        yield chunk;
      }
    })(),
    digest: () => hash.digest('hex'),
  };
}
