// Layers that are kept on disk as soon as they are made, so that memory holds one of them and an interrupted command goes on
// with the next; and the adapter that they make together.

import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LorankError } from '../../errors.js';
import { rangeOf } from '../../io/bytes.js';
import { openSafetensors, writeSafetensors } from '../../io/safetensors.js';
import { type Adapter, type AdapterLayer, type LayerHead, peftTensors, readAdapter } from '../../lora/adapter.js';
import { type Files, filesOf } from '../../lora/files.js';
import { openBar } from '../bar.js';
import type { Context } from '../context.js';
import { asLorankError } from '../failure.js';
import { exists, readWhole, writeWhole } from '../files.js';
import type { OutputFolder } from './output.js';

/** What is to be made, layer by layer. */
export interface LayersToMake<R> {
  readonly paths: readonly string[];
  /** Nothing where there is nothing to say of a layer. */
  make(path: string): Promise<{ readonly layer: AdapterLayer; readonly report: R } | undefined>;
  /** What goes around the layers that came out. */
  around(heads: readonly LayerHead[]): Pick<Adapter, 'config' | 'others' | 'metadata'>;
}

/** What was finished is kept where the same command may go on. */
const keeps = (thrown: unknown): boolean =>
  !(thrown instanceof LorankError) || thrown.code === 'aborted' || thrown.code === 'io';

/** The command that goes on. */
export const resumed = ({ commandLine }: Context): string =>
  / --resume\b/.test(commandLine) ? commandLine : `${commandLine} --resume`;

/** Fills an output. What goes wrong leaves nothing behind, or what the same command can go on from, and says so. */
export async function filling<T>(
  context: Context,
  output: OutputFolder | undefined,
  fill: () => Promise<T>,
): Promise<T> {
  try {
    return await fill();
  } catch (thrown) {
    if (!output) throw thrown;
    if (!keeps(thrown)) await output.discard().catch(() => {});
    const { code, message, hint } = asLorankError(thrown);
    if (code !== 'io' || !exists(output.kept)) throw thrown;
    const next = `${resumed(context)} goes on with what is finished`;
    throw new LorankError(code, message, hint ? `${hint}; ${next}` : next, { cause: thrown });
  }
}

/** @throws after Ctrl-C. */
export function checkInterrupted(context: Context, what: string, kept: boolean): void {
  if (!context.io.signal.aborted) return;
  const hint = kept ? `${resumed(context)} goes on from there` : 'nothing was written';
  throw new LorankError('aborted', `interrupted after ${what}`, hint);
}

/** A layer that was made: where it lies and what it is. */
export interface MadeLayer<R> {
  readonly file: string;
  readonly head: LayerHead;
  readonly report: R;
}

const keptName = (index: number): string => `${String(index).padStart(5, '0')}.safetensors`;

/** Makes the layers that are not kept yet, and keeps each. */
export async function makeLayers<R>(
  context: Context,
  { paths, make }: LayersToMake<R>,
  output: OutputFolder | undefined,
): Promise<MadeLayer<R>[]> {
  const done = new Set(output?.resumed ? await readdir(output.kept) : []);
  const made: MadeLayer<R>[] = [];
  const bar = openBar(context);
  try {
    for (const [index, path] of paths.entries()) {
      const file = keptName(index);
      if (output && done.has(file)) {
        const { metadata } = await openSafetensors(rangeOf(await readWhole(join(output.kept, file))));
        if (metadata.head) made.push({ file, head: JSON.parse(metadata.head), report: JSON.parse(metadata.report) });
        continue;
      }
      checkInterrupted(context, `${index} of ${paths.length} layers, which are kept`, output !== undefined);
      const one = await make(path);
      const { A: _A, B: _B, ...head } = one?.layer ?? { path };
      if (output)
        await writeWhole(
          join(output.kept, file),
          one
            ? writeSafetensors(peftTensors(one.layer), {
                head: JSON.stringify(head),
                report: JSON.stringify(one.report),
              })
            : writeSafetensors({}, {}),
        );
      if (one) made.push({ file, head: head as LayerHead, report: one.report });
      bar.show(
        index + 1,
        () => (index + 1) / paths.length,
        () => path,
      );
    }
  } finally {
    bar.clear();
  }
  return made;
}

/** The layers that were kept, as one adapter. */
export function keptAdapter<R>(
  around: LayersToMake<R>['around'],
  made: readonly MadeLayer<R>[],
  { kept }: OutputFolder,
): Adapter {
  const byPath = new Map(made.map((one) => [one.head.path, one]));
  const alone = async (file: string): Promise<Files> =>
    filesOf({ [basename(file)]: await readWhole(join(kept, file)) });
  return {
    ...around(made.map(({ head }) => head)),
    paths: [...byPath.keys()].sort(),
    head: (path) => byPath.get(path)!.head,
    layer: async (path) => {
      const { file, head } = byPath.get(path)!;
      return { ...(await (await readAdapter(await alone(file))).layer(path)), ...head };
    },
  };
}
