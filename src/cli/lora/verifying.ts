// What a verb of `lora` wrote, made again from its manifest: the command in it is run, by its words, into another folder, and
// the hashes of the files are compared.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { dataError, LorankError, usageError } from '../../errors.js';
import type { Context } from '../context.js';
import { inFolder, requireSameFiles } from '../description.js';
import { exists, readWhole } from '../files.js';
import { perform } from '../main.js';
import { checkFile, type Verdict, type Verification } from '../verification.js';
import type { FolderHash } from './output.js';
import type { Word } from './words.js';

interface LoraManifest {
  readonly spec: { readonly task: string; readonly command: readonly Word[] };
  readonly kernels: string;
  readonly inputs: readonly FolderHash[];
  readonly outputs: readonly FolderHash[];
}

/** The manifest in a file, where a verb of `lora` wrote it; undefined otherwise. */
export async function readLoraManifest(path: string): Promise<LoraManifest | undefined> {
  if (!exists(path)) return undefined;
  const text = new TextDecoder().decode(await readWhole(path));
  if (!text.includes('"lora ')) return undefined;
  let json: LoraManifest;
  try {
    json = JSON.parse(text) as LoraManifest;
  } catch {
    return undefined;
  }
  const task = String(json.spec?.task);
  if (!task.startsWith('lora ')) return undefined;
  const isText = (value: unknown) => typeof value === 'string';
  const isWord = (word: Word) => isText(word) || isText((word as { path?: unknown } | null)?.path);
  const isFile = (file: FolderHash) => isText(file?.path) && isText(file.sha256);
  const { command } = json.spec;
  const whole =
    [json.inputs, json.outputs].every((files) => Array.isArray(files) && files.every(isFile)) &&
    Array.isArray(command) &&
    command.every(isWord) &&
    command.slice(0, 2).join(' ') === task;
  if (!whole)
    throw dataError(
      `${path}: the manifest of an adapter should have a command, and inputs and outputs as { path, sha256 }`,
      `write the folder again with lorank ${task}`,
    );
  return json;
}

/** lorank run: the same command into another folder. Returns its exit code. */
export async function repeatLora(
  context: Context,
  path: string,
  manifest: LoraManifest,
  { output, force, resume }: { output?: string; force?: boolean; resume?: boolean },
): Promise<number> {
  if (output === undefined) throw usageError('-o, the folder of the output, is needed', 'for example -o again');
  const folder = dirname(path);
  await requireSameFiles(folder, manifest.inputs);
  const more = [...(force ? ['--force'] : []), ...(resume ? ['--resume'] : [])];
  const code = await again(context, folder, manifest, [...more, '-o', output]);
  const other = (await compared(output, manifest)).filter(({ file }) => file !== 'same').map(({ path: name }) => name);
  context.note(other.length === 0 ? 'the same bits as in the manifest' : `other bits than in the manifest: ${other}`);
  return code;
}

/** lorank verify: files against their hashes, and the same command into a temporary folder. */
export async function verifyLora(context: Context, path: string, manifest: LoraManifest): Promise<Verification> {
  const folder = dirname(path);
  const inputs = await Promise.all(manifest.inputs.map((one) => checkFile(folder, one)));
  const files = await compared(folder, manifest);
  if (inputs.some(({ file }) => file !== 'same')) return { manifest: path, verified: false, inputs, outputs: files };
  const room = await mkdtemp(join(tmpdir(), 'lorank-verify-'));
  try {
    const made = join(room, 'again');
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done() });
    await again({ ...context, io: { ...context.io, stdout } }, folder, manifest, ['-o', made]);
    const recomputed = await compared(made, manifest);
    const outputs = files.map((one, i) => ({ ...one, recomputed: recomputed[i].file as Verdict }));
    const verified = outputs.every((one) => one.file === 'same' && one.recomputed === 'same');
    const { kernels } = JSON.parse(new TextDecoder().decode(await readWhole(join(made, 'manifest.json'))));
    return {
      manifest: path,
      verified,
      inputs,
      outputs,
      otherKernels: kernels === manifest.kernels ? undefined : manifest.kernels,
    };
  } catch (thrown) {
    if (!(thrown instanceof LorankError) || thrown.code !== 'aborted') throw thrown;
    throw new LorankError('aborted', 'interrupted while computing again', 'nothing is kept');
  } finally {
    await rm(room, { recursive: true, force: true });
  }
}

const compared = (folder: string, { outputs }: LoraManifest) =>
  Promise.all(outputs.map((one) => checkFile(folder, one)));

function again({ io, flags }: Context, folder: string, { spec }: LoraManifest, more: readonly string[]) {
  const words = spec.command.map((word) => (typeof word === 'string' ? word : inFolder(folder, word.path)));
  const { json, quiet, threads } = flags;
  const told = [...(json ? ['--json'] : []), ...(quiet ? ['--quiet'] : [])];
  const by = threads === undefined ? [] : ['--threads', String(threads)];
  return perform([...words, ...more, ...told, ...by], io);
}
