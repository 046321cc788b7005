// Descriptions and manifests as files: their paths are relative to the folder that they lie in.

import { dirname, isAbsolute, join } from 'node:path';
import { type FileHash, type Manifest, parseDescription, withPaths } from '../engine/manifest.js';
import { dataError } from '../errors.js';
import type { RunSpec } from '../spec.js';
import type { Context } from './context.js';
import { checkInputs, readWhole, STANDARD, sha256OfFile } from './files.js';

export interface Description {
  /** Its paths are relative to the working folder. */
  readonly spec: RunSpec;
  readonly manifest?: Manifest;
  /** The folder that the paths of the manifest are relative to. */
  readonly folder: string;
}

/** @param path of a description or a manifest; - is standard input. */
export async function readDescription(path: string, { io }: Context): Promise<Description> {
  await checkInputs([path]);
  const folder = path === STANDARD ? '.' : dirname(path);
  const text = new TextDecoder().decode(path === STANDARD ? await readStream(io.stdin) : await readWhole(path));
  const { spec, manifest } = parseDescription(text, path);
  return { spec: withPaths(spec, (named) => inFolder(folder, named)), manifest, folder };
}

/** A path written in a file of that folder. */
export const inFolder = (folder: string, path: string): string =>
  path === STANDARD || isAbsolute(path) ? path : join(folder, path);

/** @throws data error when an input is no longer what the manifest says. */
export const requireSameInputs = ({ manifest, folder }: Description): Promise<void> =>
  requireSameFiles(folder, manifest?.inputs ?? []);

/** @throws data error when a file of that folder is no longer what its hash says. */
export async function requireSameFiles(folder: string, files: readonly FileHash[]): Promise<void> {
  for (const { path, sha256 } of files) {
    if (path === STANDARD) continue;
    const here = inFolder(folder, path);
    await checkInputs([here]);
    if ((await sha256OfFile(here)) !== sha256)
      throw dataError(
        `${here} has changed since the manifest was written`,
        'restore the file, or run its description anew',
      );
  }
}

async function readStream(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
