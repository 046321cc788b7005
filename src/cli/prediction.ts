// The work of lorank predict, and of lorank verify on what it wrote.

import { dirname } from 'node:path';
import { type Fit, fitFromTensors } from '../complete/fit.js';
import type { FileHash } from '../engine/manifest.js';
import { naming } from '../engine/naming.js';
import { plural, usageError } from '../errors.js';
import type { RatingBlock } from '../io/blocks.js';
import { toRange } from '../io/bytes.js';
import type { Column } from '../io/columns.js';
import { type Cell, writeCsv } from '../io/csv.js';
import { readRatings } from '../io/ratings.js';
import { openSafetensors } from '../io/safetensors.js';
import type { Tensor } from '../io/tensor.js';
import type { Context } from './context.js';
import { inFolder, requireSameFiles } from './description.js';
import { EXIT } from './failure.js';
import {
  beside,
  checkInputs,
  checkOutputs,
  manifestOf,
  STANDARD,
  sha256Of,
  sha256OfFile,
  textBytes,
  writeTogether,
} from './files.js';
import type { PredictionManifest, PredictSpec } from './predictionManifest.js';
import { type OpenResources, openResources } from './resources.js';
import { grouped } from './table.js';
import { checkFile, type Verdict, type Verification } from './verification.js';
import { versions } from './version.js';

interface PredictFlags {
  readonly user?: Column;
  readonly item?: Column;
  readonly output?: string;
  readonly force?: boolean;
}

/** Returns the exit code. */
export async function predict(
  context: Context,
  fit: string,
  pairs: string,
  { user, item, output = STANDARD, force = false }: PredictFlags,
): Promise<number> {
  const inputs = [fit, pairs];
  await checkInputs(inputs);
  const toFile = output !== STANDARD;
  if (toFile) await checkOutputs([output, manifestOf(output)], { inputs, force });
  const resources = openResources(context);
  try {
    const made = await predictionsOf(resources, { fit, pairs, user, item });
    const { count, unseen } = made;
    context.note(
      `${grouped(count)} ${plural(count, 'pair')}, ${grouped(unseen)} with a user or an item that the fit has not seen`,
    );
    if (toFile) {
      const standard = resources.standardInput();
      const hashOf = async (path: string) => (path === STANDARD ? standard! : sha256OfFile(path));
      const manifest: PredictionManifest = {
        spec: { lorank: 1, task: 'predict', fit: beside(output, fit), pairs: beside(output, pairs), user, item },
        versions: versions(),
        inputs: await Promise.all(
          inputs.map(async (path) => ({ path: beside(output, path), sha256: await hashOf(path) })),
        ),
        outputs: [{ path: beside(output, output), sha256: sha256Of(made.pieces()) }],
      };
      await writeTogether([
        [output, made.pieces()],
        [manifestOf(output), [textBytes(`${JSON.stringify(manifest, undefined, 2)}\n`)]],
      ]);
      if (context.flags.json) await context.report({ count, unseen, output }, () => '');
    } else if (context.flags.json) {
      const listed = [...made.rows()].map(([u, i, prediction]) => ({ user: u, item: i, prediction }));
      await context.report({ count, unseen, predictions: listed }, () => '');
    } else for (const piece of made.pieces()) await context.write(piece);
    return EXIT.fine;
  } finally {
    await resources.close();
  }
}

/** Predicts once more what a manifest says. Returns the exit code. */
export async function repeatPrediction(
  context: Context,
  path: string,
  { spec, inputs }: PredictionManifest,
  flags: Pick<PredictFlags, 'output' | 'force'>,
): Promise<number> {
  const folder = dirname(path);
  await requireSameFiles(folder, inputs);
  const [fit, pairs] = [inFolder(folder, spec.fit), inFolder(folder, spec.pairs)];
  return predict(context, fit, pairs, { ...flags, user: spec.user, item: spec.item });
}

/** The hashes of a manifest against its files, and its predictions made again. */
export async function verifyPrediction(
  context: Context,
  path: string,
  { spec, ...manifest }: PredictionManifest,
): Promise<Verification> {
  if (spec.pairs === STANDARD)
    throw usageError(`${path}: its pairs came from standard input, which is gone`, 'predict from a file to verify it');
  const folder = dirname(path);
  const check = (files: readonly FileHash[]) => Promise.all(files.map((one) => checkFile(folder, one)));
  const [inputs, files] = [await check(manifest.inputs), await check(manifest.outputs)];
  if (inputs.some(({ file }) => file !== 'same')) return { manifest: path, verified: false, inputs, outputs: files };
  const resources = openResources(context);
  try {
    const here = { ...spec, fit: inFolder(folder, spec.fit), pairs: inFolder(folder, spec.pairs) };
    const again = sha256Of((await predictionsOf(resources, here)).pieces());
    const outputs = files.map((one, i) => ({
      ...one,
      recomputed: (again === manifest.outputs[i].sha256 ? 'same' : 'different') as Verdict,
    }));
    const verified = outputs.every(({ file, recomputed }) => file === 'same' && recomputed === 'same');
    return { manifest: path, verified, inputs, outputs };
  } finally {
    await resources.close();
  }
}

interface Predictions {
  readonly count: number;
  /** Pairs of a user or an item that the fit has not seen. */
  readonly unseen: number;
  rows(): Generator<Cell[]>;
  /** The file. */
  pieces(): Iterable<Uint8Array>;
}

/** Paths are relative to the working folder. */
async function predictionsOf(
  resources: OpenResources,
  { fit: fitPath, pairs, user, item }: Pick<PredictSpec, 'fit' | 'pairs' | 'user' | 'item'>,
): Promise<Predictions> {
  const fit = await naming(fitPath, () => readFit(resources, fitPath));
  const known = [fit.rowIds.size, fit.colIds.size];
  const options = { name: pairs, user, item, value: null };
  const blocks: RatingBlock[] = [];
  await naming(pairs, async () => {
    for await (const block of readRatings(await resources.open(pairs), options, fit.rowIds, fit.colIds))
      blocks.push(block);
  });
  let unseen = 0;
  for (const { rows, cols, count } of blocks)
    for (let t = 0; t < count; t++) if (rows[t] >= known[0] || cols[t] >= known[1]) unseen++;
  const rows = () => predictions(fit, blocks);
  return {
    count: blocks.reduce((sum, block) => sum + block.count, 0),
    unseen,
    rows,
    pieces: () => writeCsv(HEADER, rows()),
  };
}

const HEADER = ['user', 'item', 'prediction'];

function* predictions(fit: Fit, blocks: readonly RatingBlock[]): Generator<Cell[]> {
  for (const { rows, cols, count } of blocks)
    for (let t = 0; t < count; t++)
      yield [fit.rowIds.text(rows[t]), fit.colIds.text(cols[t]), fit.predictAt(rows[t], cols[t])];
}

async function readFit(resources: OpenResources, path: string): Promise<Fit> {
  const file = await openSafetensors(await toRange(await resources.open(path)));
  const tensors: Record<string, Tensor> = {};
  for (const name of file.tensors.keys()) tensors[name] = await file.read(name);
  return fitFromTensors(tensors, file.metadata);
}
