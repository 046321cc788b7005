// The work of lorank lora diff.

import { cores } from '#platform';
import { usageError } from '../../errors.js';
import { openSafetensors } from '../../io/safetensors.js';
import { startKernels } from '../../kernels/index.js';
import { readAdapter } from '../../lora/adapter.js';
import { openCheckpoint } from '../../lora/checkpoint.js';
import { type AdapterDifference, type CheckpointDifference, diffAdapters, diffCheckpoints } from '../../lora/diff.js';
import type { Files } from '../../lora/files.js';
import { namesOf } from '../../lora/names.js';
import { openBar } from '../bar.js';
import type { Context } from '../context.js';
import { EXIT } from '../failure.js';
import { facts, figure, table } from '../table.js';
import { checkInterrupted } from './keeping.js';
import { withInputs } from './making.js';

/** Returns the exit code. */
export const diff = (context: Context, a: string, b: string): Promise<number> =>
  withInputs([a, b], async ([x, y]) => {
    const kinds = await Promise.all([x, y].map(({ files }) => isAdapter(files)));
    if (kinds[0] !== kinds[1])
      throw usageError(
        `${kinds[0] ? a : b} is an adapter, ${kinds[0] ? b : a} is a model`,
        'compare two of a kind; lorank lora merge makes a model of a model and an adapter',
      );
    if (kinds[0]) await compareAdapters(context, x.files, y.files);
    else await compareModels(context, x.files, y.files);
    return EXIT.fine;
  });

async function isAdapter(files: Files): Promise<boolean> {
  if (files.names.includes('adapter_config.json') || files.names.includes('adapter_model.safetensors')) return true;
  const found = files.names.filter((name) => name.endsWith('.safetensors'));
  if (found.length !== 1) return false;
  const { tensors } = await openSafetensors(await files.open(found[0]));
  return namesOf([...tensors.keys()]).pairs.size > 0;
}

/** A bar over `total` steps; each is told when it is done, and stops after Ctrl-C. */
function stepper(context: Context, total: () => number) {
  const bar = openBar(context);
  let done = 0;
  return {
    step: (name: string) => {
      done++;
      checkInterrupted(context, `${done} of ${total()}`, false);
      bar.show(
        done,
        () => done / total(),
        () => name,
      );
    },
    clear: () => bar.clear(),
  };
}

async function compareAdapters(context: Context, a: Files, b: Files): Promise<void> {
  const [x, y] = [await readAdapter(a), await readAdapter(b)];
  const K = await startKernels({ threads: context.flags.threads ?? cores() });
  const { step, clear } = stepper(context, () => x.paths.length);
  try {
    const found = await diffAdapters(K, x, y, { onLayer: ({ path }) => step(path) });
    clear();
    await context.report({ kind: 'adapters', ...plain(found) }, () => adapterText(found));
  } finally {
    clear();
    K.close();
  }
}

async function compareModels(context: Context, a: Files, b: Files): Promise<void> {
  const [x, y] = [await openCheckpoint(a), await openCheckpoint(b)];
  const { step, clear } = stepper(context, () => x.tensors.size);
  try {
    const found = await diffCheckpoints(x, y, { onTensor: ({ name }) => step(name) });
    clear();
    await context.report({ kind: 'models', ...found }, () => modelText(found));
  } finally {
    clear();
  }
}

/** Angles as arrays of degrees, for JSON. */
const plain = ({ layers, ...rest }: AdapterDifference) => ({
  ...rest,
  layers: layers.map(({ columnAngles, rowAngles, ...layer }) => ({
    ...layer,
    columnAngles: Array.from(columnAngles, degrees),
    rowAngles: Array.from(rowAngles, degrees),
  })),
});

const degrees = (angle: number): number => (180 * angle) / Math.PI;

/** Smallest and largest. */
const span = (angles: Float64Array): string =>
  angles.length === 0 ? '–' : `${degrees(angles[0]).toFixed(1)}° … ${degrees(angles[angles.length - 1]).toFixed(1)}°`;

/** What is in one alone or of another shape, and the whole. */
const restText = ({ onlyInA, onlyInB, shapes, relative }: AdapterDifference | CheckpointDifference, what: string) =>
  facts([
    ['in all', `‖A − B‖/‖A‖ = ${figure(relative)}`],
    ...[...onlyInA].map((name) => [`only in A`, name] as const),
    ...[...onlyInB].map((name) => [`only in B`, name] as const),
    ...shapes.map(({ path, a, b }) => [`other ${what}`, `${path}: ${a} and ${b}`] as const),
  ]);

const adapterText = (found: AdapterDifference): string =>
  `${table([
    ['layer', '‖ΔA−ΔB‖/‖ΔA‖', 'cosine', 'columns', 'rows'],
    ...found.layers.map(({ path, relative, cosine, columnAngles, rowAngles }) => [
      path,
      figure(relative),
      cosine.toFixed(3),
      span(columnAngles),
      span(rowAngles),
    ]),
  ])}\n\n${restText(found, 'shape')}\n${found.others.map((name) => `  ${name} differs, or is in one alone\n`).join('')}`;

const modelText = (found: CheckpointDifference): string => {
  const changed = found.tensors.filter(({ largest }) => largest !== 0);
  return `${table([
    ['tensor', '‖A − B‖/‖A‖', 'max |A − B|'],
    ...changed.map(({ name, relative, largest }) => [name, figure(relative), figure(largest)]),
  ])}\n\n${facts([['equal', `${found.tensors.length - changed.length} of ${found.tensors.length} tensors`]])}\n${restText(found, 'shape')}\n`;
};
