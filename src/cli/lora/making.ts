// Makes an adapter layer by layer: each is kept on disk as soon as it is made, so that memory holds one, and an interrupted
// run goes on; then the files are put together. What `extract`, `resize`, `convert` and `average` share.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cores } from '#platform';
import { usageError } from '../../errors.js';
import { type Kernels, startKernels } from '../../kernels/index.js';
import type { LayerHead } from '../../lora/adapter.js';
import { dialectFiles } from '../../lora/dialects.js';
import type { Dialect } from '../../lora/names.js';
import type { LayerChange, LayerWork } from '../../lora/work.js';
import type { Context } from '../context.js';
import { EXIT } from '../failure.js';
import { bytesText, facts, figure, grouped, secondsText, table } from '../table.js';
import type { WritingFlags } from './flags.js';
import { type OpenFolder, openFolder } from './folder.js';
import { type HashedFiles, hashedFiles } from './hashing.js';
import { filling, keptAdapter, type MadeLayer, makeLayers } from './keeping.js';
import { type FolderHash, type ManifestParts, openOutput } from './output.js';

/** A folder that is read, with the hashes of what was read of it. */
export interface Input {
  readonly path: string;
  readonly folder: string;
  readonly files: HashedFiles;
}

/** Opens folders, hands them on, and closes them. */
export async function withInputs<T>(
  paths: readonly string[],
  use: (inputs: readonly Input[]) => Promise<T>,
): Promise<T> {
  const open: { folder: OpenFolder; input: Input }[] = [];
  try {
    for (const path of paths) {
      const folder = await openFolder(path);
      open.push({ folder, input: { path, folder: folder.folder, files: hashedFiles(folder) } });
    }
    return await use(open.map(({ input }) => input));
  } finally {
    for (const { folder, input } of open) {
      input.files.close();
      await folder.close();
    }
  }
}

/** @throws usage error unless there is an output, or none is to be written. */
export function requireOutput({ output, dryRun }: WritingFlags, example: string): void {
  if (output === undefined && !dryRun)
    throw usageError('-o, the folder of the output, is needed', `for example -o ${example}`);
}

/** What a result depends on, for --resume: the options, and sizes and times of the files that are read. */
export async function identityOf(spec: object, inputs: readonly Input[]): Promise<string> {
  const stamps: unknown[] = [];
  for (const { folder, files } of inputs)
    for (const name of files.names.filter((name) => /\.safetensors$|^(adapter_)?config\.json$/.test(name))) {
      const { size, mtimeMs } = await stat(join(folder, name));
      stamps.push([name, size, mtimeMs]);
    }
  return `${JSON.stringify({ spec, stamps })}\n`;
}

/** The files that were read. */
export async function inputHashes(inputs: readonly Input[]): Promise<FolderHash[]> {
  const all: FolderHash[] = [];
  for (const { folder, files } of inputs)
    for (const { path, sha256 } of await files.digests()) all.push({ path: join(folder, path), sha256 });
  return all;
}

/** A verb that makes an adapter. */
export interface Making<R extends LayerChange> {
  readonly flags: WritingFlags;
  readonly inputs: readonly Input[];
  /** What was asked: goes into the manifest. */
  readonly spec: ManifestParts['spec'];
  readonly work: (K: Kernels) => LayerWork<R> | Promise<LayerWork<R>>;
  /** Default PEFT's. */
  readonly dialect?: Dialect;
  /** Columns of the table between the path and the error, and what else there is to say. */
  readonly columns: readonly (readonly [title: string, cell: (layer: R) => string])[];
  readonly more?: () => { readonly document: object; readonly facts: readonly (readonly [string, string])[] };
}

/** Makes, writes, and tells. Returns the exit code. */
export async function makeAdapter<R extends LayerChange>(context: Context, making: Making<R>): Promise<number> {
  const began = performance.now();
  const { flags, inputs, spec, dialect = 'peft' } = making;
  requireOutput(flags, 'adapter');
  const paths = inputs.map(({ path }) => path);
  const output = flags.dryRun
    ? undefined
    : await openOutput(context, flags.output!, { ...flags, inputs: paths, identity: await identityOf(spec, inputs) });
  const K = await startKernels({ threads: context.flags.threads ?? cores() });
  try {
    return await filling(context, output, async () => {
      const work = await making.work(K);
      const made = await makeLayers(context, work, output);
      await work.finish?.();
      if (output) {
        const outputs = await output.write(dialectFiles(keptAdapter(work.around, made, output), dialect));
        await output.commit({ spec, kernels: K, inputs: await inputHashes(inputs), outputs });
      }
      await tell(context, making, made, (performance.now() - began) / 1000);
      return EXIT.fine;
    });
  } finally {
    K.close();
  }
}

/** √(Σ lost² / Σ norm²) over all layers. */
const overall = (layers: readonly LayerChange[]): number => {
  const sum = (of: (layer: LayerChange) => number) => layers.reduce((total, layer) => total + of(layer) ** 2, 0);
  return Math.sqrt(sum(({ norm, error }) => norm * error) / (sum(({ norm }) => norm) || 1));
};

async function tell<R extends LayerChange>(
  context: Context,
  { flags, columns, more }: Making<R>,
  made: readonly MadeLayer<R>[],
  seconds: number,
): Promise<void> {
  const layers = made.map(({ report }) => report);
  const numbers = made.reduce((sum, { head }) => sum + head.rank * (head.outputs + head.inputs), 0);
  const ranks = made.map(({ head }) => head.rank);
  const extra = more?.();
  const error = overall(layers);
  await context.report(
    {
      ...(flags.dryRun ? { dryRun: true } : { output: flags.output }),
      parameters: numbers,
      error,
      layers,
      ...extra?.document,
      seconds,
    },
    () => {
      const span = ranks.length === 0 ? '–' : [...new Set([Math.min(...ranks), Math.max(...ranks)])].join(' to ');
      const bytes = made.reduce(
        (sum, { head: { rank, outputs, inputs, dtype } }) => sum + rank * (outputs + inputs) * WIDTH[dtype],
        0,
      );
      return `${table([
        ['layer', ...columns.map(([title]) => title), 'error'],
        ...layers.map((layer) => [layer.path, ...columns.map(([, cell]) => cell(layer)), figure(layer.error)]),
      ])}\n\n${facts([
        [
          'adapter',
          `${flags.dryRun ? 'nothing is written' : flags.output}: ${grouped(layers.length)} layers, rank ${span}, ${grouped(numbers)} numbers (${bytesText(bytes)})`,
        ],
        ['error', `${figure(error)} of ‖ΔW‖ over all layers, as stored`],
        ...(extra?.facts ?? []),
        ['time', secondsText(seconds)],
      ])}\n`;
    },
  );
}

const WIDTH: Readonly<Record<LayerHead['dtype'], number>> = { F64: 8, F32: 4, F16: 2, BF16: 2 };
