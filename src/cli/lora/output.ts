// An output folder that appears under its name only when it is whole. Until then it lies in `<folder>.partial`, which an
// interrupted command leaves behind with what it had finished, and --resume goes on from.

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileSink } from '#platform';
import { usageError } from '../../errors.js';
import type { OutputFile } from '../../lora/files.js';
import type { Context } from '../context.js';
import { textBytes, writeWhole } from '../files.js';
import { version } from '../version.js';
import type { Word } from './words.js';

export interface OutputOptions {
  readonly force?: boolean;
  readonly resume?: boolean;
  /** Paths of what is read: the output may be none of them, and hold none of them. */
  readonly inputs: readonly string[];
  /** What a result depends on: --resume goes on only where it is the same. Without it there is nothing to resume. */
  readonly identity?: string;
}

export interface FolderHash {
  readonly path: string;
  readonly sha256: string;
}

/** What a command says of itself in the manifest of its output. */
export interface ManifestParts {
  readonly spec: { readonly task: string } & Readonly<Record<string, unknown>>;
  readonly kernels: { readonly build: string; readonly threads: number };
  /** Relative to the working folder; in the manifest to its own. */
  readonly inputs: readonly FolderHash[];
  readonly outputs: readonly FolderHash[];
}

export interface OutputFolder {
  /** A folder for what is finished, kept when the command is interrupted. */
  readonly kept: string;
  /** The folder that will be the output. */
  readonly made: string;
  /** Whether there may be something in `kept`. */
  readonly resumed: boolean;
  /** Writes files into the output and hashes them. */
  write(files: readonly OutputFile[]): Promise<FolderHash[]>;
  /** Writes the manifest and gives the output its name. */
  commit(parts: ManifestParts): Promise<void>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}

const there = (path: string) => stat(path).catch(() => undefined);

/** Checks where the output is to go and makes room for it. */
export async function openOutput(context: Context, path: string, options: OutputOptions): Promise<OutputFolder> {
  await checkOutputFolder(path, options);
  const partial = `${path.replace(/[\\/]+$/, '')}.partial`;
  const resumed = await startPartial(context, partial, options);
  const [kept, made] = [join(partial, 'kept'), join(partial, 'made')];
  await rm(made, { recursive: true, force: true });
  await mkdir(made, { recursive: true });
  await mkdir(kept, { recursive: true });
  const beside = (input: string) => relative(resolve(path), resolve(input)).split(sep).join('/');
  return {
    kept,
    made,
    resumed,
    write: async (files) => {
      const hashes: FolderHash[] = [];
      for (const { name, pieces } of files)
        hashes.push({ path: name, sha256: await writePieces(join(made, name), pieces) });
      return hashes;
    },
    commit: async (parts) => {
      const command = context.words?.map((word) => (typeof word === 'string' ? word : { path: beside(word.path) }));
      const inputs = parts.inputs.map(({ path: input, sha256 }) => ({ path: beside(input), sha256 }));
      await writeWhole(join(made, 'manifest.json'), [textBytes(manifestText({ ...parts, inputs }, command))]);
      const old = `${partial}.old`;
      if (await there(path)) await rename(path, old);
      await rename(made, path);
      await rm(old, { recursive: true, force: true });
      await rm(partial, { recursive: true, force: true });
    },
    discard: () => rm(partial, { recursive: true, force: true }),
  };
}

/** What marks a folder as one that this program or PEFT wrote, and that --force may replace. */
const OURS = ['manifest.json', 'adapter_config.json'];

/** @throws usage error when writing the folder would lose something or cannot work. */
async function checkOutputFolder(path: string, { force, inputs }: Omit<OutputOptions, 'identity'>): Promise<void> {
  const full = resolve(path);
  const parent = dirname(full);
  if (!(await there(parent))?.isDirectory())
    throw usageError(`${path}: the folder ${parent} does not exist`, `mkdir -p '${parent}'`);
  for (const input of inputs)
    if (resolve(input) === full || resolve(input).startsWith(full + sep))
      throw usageError(
        `the output ${path} is or holds the input ${input}`,
        'name another output: an input is never overwritten',
      );
  const found = await there(full);
  if (!found) return;
  if (!found.isDirectory()) throw usageError(`${path} is a file, a folder is written`, 'name another output');
  const names = await readdir(full);
  if (names.length === 0) return;
  if (!force) throw usageError(`${path} exists already`, 'add --force to replace it, or name another output');
  if (!OURS.some((name) => names.includes(name)))
    throw usageError(`${path} is no folder of an adapter, and --force would delete it`, 'name another output');
}

/** Makes or takes up the partial folder; says whether it is taken up. */
async function startPartial(
  { commandLine }: Context,
  partial: string,
  { identity, force, resume }: OutputOptions,
): Promise<boolean> {
  const state = join(partial, 'state.json');
  const found = await readFile(state, 'utf8').catch(() => undefined);
  if (resume) {
    if (found === undefined)
      throw usageError(`${partial}: there is nothing to go on from`, 'run the same command without --resume');
    if (found !== identity)
      throw usageError(
        `${partial} was left by another command, or the model has changed since`,
        'repeat the command that left it, or start anew with --force and without --resume',
      );
    return true;
  }
  if (found !== undefined && identity !== undefined && !force)
    throw usageError(
      `${partial} is there: an interrupted command left it`,
      `${commandLine} --resume goes on from it; --force starts anew`,
    );
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  if (identity !== undefined) await writeWhole(state, [textBytes(identity)]);
  return false;
}

/** Writes a whole file, or nothing; returns its sha256. */
export async function writePieces(path: string, pieces: OutputFile['pieces']): Promise<string> {
  const hash = createHash('sha256');
  const sink = await fileSink(path);
  try {
    for await (const piece of pieces) {
      hash.update(piece);
      await sink.write(piece);
    }
    await sink.close();
  } catch (error) {
    await sink.abort().catch(() => {});
    if (error instanceof Error && !('path' in error) && 'code' in error) Object.assign(error, { path });
    throw error;
  }
  return hash.digest('hex');
}

/** spec says what was asked, for a reader; its command repeats it. */
function manifestText({ spec: { task, ...spec }, kernels, inputs, outputs }: ManifestParts, command?: readonly Word[]) {
  const versions = { lorank: version(), node: process.versions.node };
  const { build, threads } = kernels;
  const manifest = { spec: { lorank: 1, task, command, ...spec }, versions, kernels: build, threads, inputs, outputs };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
