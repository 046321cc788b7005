// The work of lorank predict.

import { type Fit, fitFromTensors } from '../complete/fit.js';
import { naming } from '../engine/naming.js';
import type { RatingBlock } from '../io/blocks.js';
import { toRange } from '../io/bytes.js';
import type { Column } from '../io/columns.js';
import { type Cell, writeCsv } from '../io/csv.js';
import { readRatings } from '../io/ratings.js';
import { openSafetensors } from '../io/safetensors.js';
import type { Tensor } from '../io/tensor.js';
import type { Context } from './context.js';
import { EXIT } from './failure.js';
import { checkInputs, checkOutputs, STANDARD, writeWhole } from './files.js';
import { type OpenResources, openResources } from './resources.js';
import { grouped } from './table.js';

interface PredictFlags {
  readonly user?: Column;
  readonly item?: Column;
  readonly output?: string;
  readonly force?: boolean;
}

/** Returns the exit code. */
export async function predict(
  context: Context,
  fitPath: string,
  pairsPath: string,
  { user, item, output = STANDARD, force = false }: PredictFlags,
): Promise<number> {
  const inputs = [fitPath, pairsPath];
  await checkInputs(inputs);
  if (output !== STANDARD) await checkOutputs([output], { inputs, force });
  const resources = openResources(context);
  try {
    const fit = await naming(fitPath, () => readFit(resources, fitPath));
    const known = [fit.rowIds.size, fit.colIds.size];
    const options = { name: pairsPath, user, item, value: null };
    const blocks: RatingBlock[] = [];
    await naming(pairsPath, async () => {
      for await (const block of readRatings(await resources.open(pairsPath), options, fit.rowIds, fit.colIds))
        blocks.push(block);
    });
    const count = blocks.reduce((sum, block) => sum + block.count, 0);
    const unseen = blocks.reduce((sum, { rows, cols, count: n }) => {
      for (let t = 0; t < n; t++) if (rows[t] >= known[0] || cols[t] >= known[1]) sum++;
      return sum;
    }, 0);
    context.note(`${grouped(count)} pairs, ${grouped(unseen)} with a user or an item that the fit has not seen`);

    if (output !== STANDARD) {
      await writeWhole(output, writeCsv(HEADER, predictions(fit, blocks)));
      if (context.flags.json) await context.report({ count, unseen, output }, () => '');
    } else if (context.flags.json) {
      const listed = [...predictions(fit, blocks)].map(([u, i, prediction]) => ({ user: u, item: i, prediction }));
      await context.report({ count, unseen, predictions: listed }, () => '');
    } else for (const piece of writeCsv(HEADER, predictions(fit, blocks))) await context.write(piece);
    return EXIT.fine;
  } finally {
    await resources.close();
  }
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
