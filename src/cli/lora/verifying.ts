// lorank verify of a folder that a verb of `lora` wrote: its inputs and outputs against their hashes, and a new adapter
// (lora init) computed again, layer by layer and in memory alone. What the other verbs wrote is not computed again.

import { dirname, join } from 'node:path';
import { cores } from '#platform';
import { dataError } from '../../errors.js';
import { streamSafetensors } from '../../io/safetensors.js';
import { type Kernels, startKernels } from '../../kernels/index.js';
import { type Adapter, adapterFiles } from '../../lora/adapter.js';
import { type Checkpoint, openCheckpoint } from '../../lora/checkpoint.js';
import type { OutputFile } from '../../lora/files.js';
import { type InitOptions, initLayer, planInit } from '../../lora/initialise.js';
import { RESIDUAL_FILE, residualTensors } from '../../lora/residual.js';
import type { Context } from '../context.js';
import { exists, readWhole } from '../files.js';
import { checkFile, type Verdict, type Verification } from '../verification.js';
import { openFolder } from './folder.js';
import { type FolderHash, sha256OfPieces } from './output.js';

interface LoraManifest {
  readonly spec: { readonly task: string; readonly model?: string } & Record<string, unknown>;
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
  if (!String(json.spec?.task).startsWith('lora ')) return undefined;
  const isFile = (one: FolderHash) => typeof one?.path === 'string' && typeof one.sha256 === 'string';
  if (![json.inputs, json.outputs].every((files) => Array.isArray(files) && files.every(isFile)))
    throw dataError(`${path}: a manifest should list inputs and outputs as { path, sha256 }`, 'write the folder again');
  return json;
}

export async function verifyLora(context: Context, path: string, manifest: LoraManifest): Promise<Verification> {
  const folder = dirname(path);
  const inputs = await Promise.all(manifest.inputs.map((one) => checkFile(folder, one)));
  const files = await Promise.all(manifest.outputs.map((one) => checkFile(folder, one)));
  const unchanged = inputs.every(({ file }) => file === 'same');
  if (manifest.spec.task !== 'lora init' || !unchanged) {
    const verified = unchanged && files.every(({ file }) => file === 'same');
    return { manifest: path, verified, inputs, outputs: files };
  }
  const K = await startKernels({ threads: context.flags.threads ?? cores() });
  const model = await openFolder(join(folder, String(manifest.spec.model)));
  try {
    const again = new Map<string, string>();
    for (const { name, pieces } of initFiles(K, await openCheckpoint(model), manifest.spec))
      again.set(name, await sha256OfPieces(pieces));
    const outputs = files.map((one, i) => {
      const { path: name, sha256 } = manifest.outputs[i];
      return { ...one, recomputed: (again.get(name) === sha256 ? 'same' : 'different') as Verdict };
    });
    const verified = outputs.every(({ file, recomputed }) => file === 'same' && recomputed === 'same');
    const otherKernels = K.build === manifest.kernels ? undefined : manifest.kernels;
    return { manifest: path, verified, inputs, outputs, otherKernels };
  } finally {
    K.close();
    await model.close();
  }
}

/** The files of a new adapter, each layer computed when its turn comes. */
function initFiles(K: Kernels, checkpoint: Checkpoint, spec: Readonly<Record<string, unknown>>): OutputFile[] {
  const plan = planInit(checkpoint, spec as unknown as InitOptions);
  const modules = new Map(plan.modules.map((module) => [module.path, module]));
  const { config, metadata, scaling } = plan;
  const layer = async (path: string) => (await initLayer(K, checkpoint, plan, modules.get(path)!)).layer;
  const adapter: Adapter = {
    ...{ dialect: 'peft', config, metadata, others: {}, layer },
    paths: [...modules.keys()].sort(),
    head: (path) => {
      const { kind, outputs, inputs, kernel } = modules.get(path)!;
      const head = {
        path,
        kind,
        rank: config.r,
        outputs,
        inputs,
        alpha: config.lora_alpha,
        scaling,
        dtype: 'F32' as const,
      };
      return kernel ? { ...head, kernel } : head;
    },
  };
  const files = adapterFiles(adapter);
  if (metadata.base === 'residual')
    files.push({
      name: RESIDUAL_FILE,
      pieces: streamSafetensors(residualTensors(K, checkpoint, plan.modules, layer), { format: 'pt', ...metadata }),
    });
  return files;
}
