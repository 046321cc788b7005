// The work of lorank verify.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileHash } from '../engine/manifest.js';
import { outputOf } from '../engine/output.js';
import { usageError } from '../errors.js';
import { compute } from './compute.js';
import type { Context } from './context.js';
import { inFolder, readDescription } from './description.js';
import { EXIT } from './failure.js';
import { exists, manifestOf, STANDARD, sha256Of, sha256OfFile } from './files.js';

export type Verdict = 'same' | 'different' | 'missing';

export interface Checked {
  readonly path: string;
  readonly file: Verdict;
}

export interface Verification {
  readonly manifest: string;
  readonly verified: boolean;
  readonly inputs: readonly Checked[];
  /** recomputed: absent where the inputs are not what they were. */
  readonly outputs: readonly (Checked & { readonly recomputed?: Verdict })[];
  /** Other kernels than those of the manifest; equal bits are promised for f64 arithmetic alone. */
  readonly otherKernels?: string;
}

/** Returns the exit code. */
export async function verify(context: Context, path: string): Promise<number> {
  const results: Verification[] = [];
  for (const manifest of await manifestsOf(path)) results.push(await verifyOne(context, manifest));
  const verified = results.every((one) => one.verified);
  await context.report({ verified, manifests: results }, () => results.map(text).join('\n'));
  return verified ? EXIT.fine : EXIT.claim;
}

async function manifestsOf(path: string): Promise<string[]> {
  const there = await stat(path).catch(() => undefined);
  if (!there)
    throw usageError(`${path}: no such file or folder`, 'name a folder with a manifest, an output, or a manifest');
  if (there.isDirectory()) {
    const names = (await readdir(path)).filter((name) => name === 'manifest.json' || name.endsWith('.manifest.json'));
    if (names.length === 0)
      throw usageError(`${path}: no manifest in this folder`, 'name an output file or its manifest');
    return names.sort().map((name) => join(path, name));
  }
  const beside = manifestOf(path);
  if (exists(beside)) return [beside];
  if (path.endsWith('.json')) return [path];
  throw usageError(`${path}: no manifest beside it`, `lorank writes ${beside} with every output`);
}

async function verifyOne(context: Context, path: string): Promise<Verification> {
  const reproduction = await import('./reproductionManifest.js').then(({ readManifest }) => readManifest(path));
  if (reproduction) {
    const { verifyReproduction } = await import('./reproduction.js');
    return verifyReproduction(context, path, reproduction);
  }
  const { readLoraManifest, verifyLora } = await import('./lora/verifying.js');
  const lora = await readLoraManifest(path);
  if (lora) return verifyLora(context, path, lora);
  const { readPredictionManifest } = await import('./predictionManifest.js');
  const prediction = await readPredictionManifest(path);
  if (prediction) {
    const { verifyPrediction } = await import('./prediction.js');
    return verifyPrediction(context, path, prediction);
  }
  const { spec, manifest, folder } = await readDescription(path, context);
  if (!manifest)
    throw usageError(`${path} is a description, not a manifest`, `lorank run ${path} -o <file> writes one`);
  if (manifest.inputs.some((input) => input.path === STANDARD))
    throw usageError(
      `${path}: this run read standard input, which is gone`,
      'run it from a file to make it verifiable',
    );
  const inputs = await Promise.all(manifest.inputs.map((one) => checkFile(folder, one)));
  const files = await Promise.all(manifest.outputs.map((one) => checkFile(folder, one)));
  if (inputs.some(({ file }) => file !== 'same')) return { manifest: path, verified: false, inputs, outputs: files };
  const made = await compute(context, spec, { hash: false });
  const again = manifest.outputs.map((one) => sha256Of(outputOf(made.finished, one.path)));
  const outputs = files.map((one, i) => ({
    ...one,
    recomputed: (again[i] === manifest.outputs[i].sha256 ? 'same' : 'different') as Verdict,
  }));
  const verified = outputs.every(({ file, recomputed }) => file === 'same' && recomputed === 'same');
  const otherKernels = made.kernels === manifest.kernels ? undefined : manifest.kernels;
  return { manifest: path, verified, inputs, outputs, otherKernels };
}

/** A file of a manifest against its hash. */
export async function checkFile(folder: string, { path, sha256 }: FileHash): Promise<Checked> {
  const here = inFolder(folder, path);
  const file = !exists(here) ? 'missing' : (await sha256OfFile(here)) === sha256 ? 'same' : 'different';
  return { path: here, file };
}

function text({ manifest, verified, inputs, outputs, otherKernels }: Verification): string {
  const lines = [
    ...inputs.map(({ path, file }) => `  input    ${path}: ${file === 'same' ? 'unchanged' : said(file)}`),
    ...outputs.map(({ path, file, recomputed }) => {
      const again =
        recomputed === undefined
          ? 'not recomputed'
          : `recomputed: ${recomputed === 'same' ? 'the same bits' : 'other bits'}`;
      return `  output   ${path}: ${file === 'same' ? 'unchanged' : said(file)}; ${again}`;
    }),
  ];
  if (otherKernels) lines.push(`  the manifest was computed by the ${otherKernels} kernels, this by others`);
  return `${verified ? 'verified' : 'NOT verified'}: ${manifest}\n${lines.join('\n')}\n`;
}

const said = (verdict: Verdict): string => (verdict === 'missing' ? 'missing' : 'changed since the run');
