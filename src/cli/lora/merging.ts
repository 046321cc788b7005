// The work of lorank lora merge: one file after another, each kept when it is whole; then what else the folder of the model
// has (config, tokenizer) is copied.

import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cores } from '#platform';
import { chunks } from '../../io/bytes.js';
import { startKernels } from '../../kernels/index.js';
import { readAdapter } from '../../lora/adapter.js';
import { type Checkpoint, openCheckpoint } from '../../lora/checkpoint.js';
import type { OutputFile } from '../../lora/files.js';
import { type Merged, type MergedLayer, mergeAdapter } from '../../lora/merge.js';
import { openBar } from '../bar.js';
import type { Context } from '../context.js';
import { EXIT } from '../failure.js';
import { readWhole, sha256OfFile, textBytes, writeWhole } from '../files.js';
import { bytesText, facts, figure, grouped, secondsText, table } from '../table.js';
import { checkInterrupted, filling } from './keeping.js';
import { type Input, identityOf, inputHashes, requireOutput, withInputs } from './making.js';
import type { MergeFlags } from './merge.js';
import { type FolderHash, type OutputFolder, openOutput, writePieces } from './output.js';

/** Weights in other formats, which would go on being the unmerged ones; and what repositories have for other purposes. */
const LEFT_OUT =
  /\.(safetensors|bin|pt|pth|ckpt|h5|msgpack|gguf|ggml|onnx|tflite)$|\.bin\.index\.json$|^manifest\.json$|^losses\.(csv|svg)$/;

/** Returns the exit code. */
export const merge = (context: Context, model: string, adapterPath: string, flags: MergeFlags): Promise<number> =>
  withInputs([model, adapterPath], async (inputs) => {
    requireOutput(flags, 'merged');
    const began = performance.now();
    const { scale = 1 } = flags;
    const [base, second] = inputs;
    const checkpoint = await openCheckpoint(base.files);
    const adapter = await readAdapter(second.files);
    const spec = { task: 'lora merge', scale };
    const K = await startKernels({ threads: context.flags.threads ?? cores() });
    try {
      const layers: MergedLayer[] = [];
      const merged = mergeAdapter(K, checkpoint, adapter, { scale, onLayer: (layer) => layers.push(layer) });
      const output = flags.dryRun
        ? undefined
        : await openOutput(context, flags.output!, {
            ...flags,
            inputs: inputs.map(({ path }) => path),
            identity: await identityOf(spec, inputs),
          });
      return await filling(context, output, async () => {
        const outputs = await mergeFiles(context, checkpoint, merged, layers, output);
        const others = base.files.names.filter((name) => !LEFT_OUT.test(name));
        const leftOut = base.files.names.filter((name) => LEFT_OUT.test(name) && !checkpoint.files.includes(name));
        if (output) {
          outputs.push(...(await output.write(others.map((name) => copied(base, name)))));
          await output.commit({ spec, kernels: K, inputs: await inputHashes(inputs), outputs });
        }
        const seconds = (performance.now() - began) / 1000;
        await tell(context, { flags, checkpoint, merged, layers, others, leftOut, seconds });
        return EXIT.fine;
      });
    } finally {
      K.close();
    }
  });

const copied = ({ files }: Input, name: string): OutputFile => ({
  name,
  pieces: (async function* () {
    yield* chunks(await files.open(name));
  })(),
});

/** Merges the files that are not kept yet, keeps each, and puts them where they belong. Without an output it computes alone. */
async function mergeFiles(
  context: Context,
  checkpoint: Checkpoint,
  { files }: Merged,
  layers: MergedLayer[],
  output: OutputFolder | undefined,
): Promise<FolderHash[]> {
  const done = new Set(output?.resumed ? await readdir(output.kept) : []);
  const total = files.reduce((sum, { name }) => sum + checkpoint.source(name).size, 0);
  const hashes: FolderHash[] = [];
  let written = 0;
  const bar = openBar(context);
  try {
    for (const [index, { name, pieces }] of files.entries()) {
      const { size } = checkpoint.source(name);
      const note = `${name}.json`;
      if (output && done.has(note) && done.has(name)) {
        const kept = JSON.parse(new TextDecoder().decode(await readWhole(join(output.kept, note)))) as MergedLayer[];
        layers.push(...kept);
        hashes.push({ path: name, sha256: await sha256OfFile(join(output.kept, name)) });
        written += size;
        continue;
      }
      const before = layers.length;
      const watched = async function* () {
        for await (const piece of pieces) {
          checkInterrupted(context, `${index} of ${files.length} files`, output !== undefined);
          written += piece.length;
          yield piece;
          bar.show(
            layers.length,
            () => written / total,
            () => name,
          );
        }
      };
      if (!output) for await (const _ of watched());
      else {
        hashes.push({ path: name, sha256: await writePieces(join(output.kept, name), watched()) });
        await writeWhole(join(output.kept, note), [textBytes(JSON.stringify(layers.slice(before)))]);
      }
    }
  } finally {
    bar.clear();
  }
  if (output) for (const { name } of files) await rename(join(output.kept, name), join(output.made, name));
  return hashes;
}

interface Ended {
  readonly flags: MergeFlags;
  readonly checkpoint: Checkpoint;
  readonly merged: Merged;
  readonly layers: readonly MergedLayer[];
  readonly others: readonly string[];
  readonly leftOut: readonly string[];
  readonly seconds: number;
}

async function tell(
  context: Context,
  { flags, checkpoint, merged, layers, others, leftOut, seconds }: Ended,
): Promise<void> {
  const { layers: placed, replaced, biases } = merged.placement;
  const whole = [...replaced.keys(), ...biases.keys()].filter((name) => !placed.has(name));
  const bytes = checkpoint.files.reduce((sum, name) => sum + checkpoint.source(name).size, 0);
  const rest = checkpoint.tensors.size - layers.length - whole.length;
  await context.report(
    {
      ...(flags.dryRun ? { dryRun: true } : { output: flags.output }),
      scale: flags.scale ?? 1,
      layers,
      replaced: [...replaced.keys()],
      biases: [...biases.keys()],
      unchanged: rest,
      files: checkpoint.files,
      copied: others,
      leftOut,
      seconds,
    },
    () =>
      `${table([
        ['tensor', '‖W′ − W‖/‖W‖'],
        ...layers.map(({ tensor, change }) => [tensor, figure(change)]),
        ...whole.map((name) => [name, 'replaced']),
      ])}\n\n${facts([
        [
          'model',
          `${flags.dryRun ? 'nothing is written' : flags.output}: ${grouped(checkpoint.files.length)} ${checkpoint.files.length === 1 ? 'file' : 'files'}, ${bytesText(bytes)}; ${grouped(rest)} tensors as they were`,
        ],
        ['copied', others.join(', ') || 'nothing'],
        ...(leftOut.length > 0
          ? [['left out', `${leftOut.join(', ')}: they hold the unmerged weights, or another run's record`] as const]
          : []),
        ['time', secondsText(seconds)],
      ])}\n`,
  );
}
