// The work of lorank lora spectrum.

import { cores } from '#platform';
import { LorankError, usageError } from '../../errors.js';
import { startKernels } from '../../kernels/index.js';
import { type Adapter, readAdapter } from '../../lora/adapter.js';
import { type Checkpoint, openCheckpoint } from '../../lora/checkpoint.js';
import type { Files } from '../../lora/files.js';
import { namesOf } from '../../lora/names.js';
import { type LayerSpectrum, spectrum } from '../../lora/spectrum.js';
import { modulesOf, parseTargets, selectModules } from '../../lora/targets.js';
import { openBar } from '../bar.js';
import type { Context } from '../context.js';
import { EXIT } from '../failure.js';
import { checkOutputs, textBytes, writeWhole } from '../files.js';
import { table } from '../table.js';
import { openFolder } from './folder.js';
import type { SpectrumFlags } from './spectrum.js';
import { advice, HEAD, page, row } from './spectrumPage.js';

/** Returns the exit code. */
export async function spectra(context: Context, path: string, flags: SpectrumFlags): Promise<number> {
  const { output, force = false, energy = 0.95 } = flags;
  if (output !== undefined) {
    if (!/\.html?$/.test(output)) throw usageError(`-o should name an .html file, got ${output}`, '-o spectrum.html');
    await checkOutputs([output], { inputs: [], force });
  }
  const folder = await openFolder(path);
  try {
    const source = await adapterOrModel(folder);
    const targets = flags.targets === undefined ? undefined : parseTargets(flags.targets);
    if ('paths' in source && targets !== undefined)
      throw usageError('--targets chooses modules of a model, and this is an adapter', 'leave it out');
    if (flags.dryRun) return await preview(context, source, targets);
    const K = await startKernels({ threads: context.flags.threads ?? cores() });
    const bar = openBar(context);
    let layers: LayerSpectrum[];
    try {
      layers = await spectrum(K, source, {
        targets,
        energy,
        leading: flags.leading,
        onLayer: ({ path: layer }, done, of) => {
          if (context.io.signal.aborted)
            throw new LorankError('aborted', `interrupted after ${done} of ${of} layers; nothing is written`);
          bar.show(
            done,
            () => done / of,
            () => layer,
          );
        },
      });
    } finally {
      bar.clear();
      K.close();
    }
    if (output !== undefined) await writeWhole(output, [textBytes(await page(path, layers, energy))]);
    await context.report({ file: path, kind: kindOf(source), energy, layers, ...(output ? { output } : {}) }, () =>
      text(layers, energy),
    );
    return EXIT.fine;
  } finally {
    await folder.close();
  }
}

/** What lies in a folder or file: an adapter where there are pairs of factors, else a model. */
async function adapterOrModel(files: Files): Promise<Adapter | Checkpoint> {
  if (files.names.includes('adapter_model.safetensors')) return readAdapter(files);
  const checkpoint = await openCheckpoint(files);
  return namesOf([...checkpoint.tensors.keys()]).pairs.size > 0 ? readAdapter(files) : checkpoint;
}

const kindOf = (source: Adapter | Checkpoint): 'adapter' | 'model' => ('paths' in source ? 'adapter' : 'model');

async function preview(
  context: Context,
  source: Adapter | Checkpoint,
  targets: Parameters<typeof selectModules>[2] = 'all-linear',
): Promise<number> {
  const layers =
    'paths' in source
      ? source.paths.map((path) => source.head(path))
      : selectModules(source, modulesOf(source), targets);
  const shapes = layers.map(({ path, outputs, inputs }) => ({ path, outputs, inputs }));
  await context.report(
    { dryRun: true, kind: kindOf(source), layers: shapes },
    () => `${table(shapes.map(({ path, outputs, inputs }) => [path, `${outputs}×${inputs}`]))}\n`,
  );
  return EXIT.fine;
}

function text(layers: readonly LayerSpectrum[], energy: number): string {
  return `${table([HEAD(energy), ...layers.map(row)])}\n\n${advice(layers, energy)}\n`;
}
