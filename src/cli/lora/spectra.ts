// The work of lorank lora spectrum.

import { basename } from 'node:path';
import { cores } from '#platform';
import { LorankError, usageError } from '../../errors.js';
import { startKernels } from '../../kernels/index.js';
import { type Adapter, readAdapter } from '../../lora/adapter.js';
import { type Checkpoint, openCheckpoint } from '../../lora/checkpoint.js';
import type { Files } from '../../lora/files.js';
import { namesOf } from '../../lora/names.js';
import { type LayerSpectrum, spectrum } from '../../lora/spectrum.js';
import { modulesOf, parseTargets, selectModules } from '../../lora/targets.js';
import { chart, htmlReport } from '../../report/index.js';
import { renderSvg } from '../../report/svg.js';
import { openBar } from '../bar.js';
import type { Context } from '../context.js';
import { EXIT } from '../failure.js';
import { checkOutputs, textBytes, writeWhole } from '../files.js';
import { figure, grouped, table } from '../table.js';
import { openFolder } from './folder.js';
import type { SpectrumFlags } from './spectrum.js';

/** Lines of the figure: the layers of the largest norms. */
const DRAWN = 6;

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

const HEAD = (energy: number) => [
  'layer',
  'shape',
  'r',
  'σ₁',
  '‖·‖_F',
  'stable',
  'effective',
  `r for ${100 * energy} %`,
];

const row = ({
  path,
  outputs,
  inputs,
  rank,
  values,
  norm,
  stableRank,
  effectiveRank,
  suggestedRank,
}: LayerSpectrum) => [
  path,
  `${outputs}×${inputs}`,
  rank === undefined ? '–' : String(rank),
  figure(values[0]),
  figure(norm),
  figure(stableRank),
  effectiveRank === null ? '–' : figure(effectiveRank),
  suggestedRank === null ? `> ${values.length}` : String(suggestedRank),
];

function text(layers: readonly LayerSpectrum[], energy: number): string {
  return `${table([HEAD(energy), ...layers.map(row)])}\n\n${advice(layers, energy)}\n`;
}

/** One sentence: which rank would do. */
function advice(layers: readonly LayerSpectrum[], energy: number): string {
  const known = layers.map(({ suggestedRank }) => suggestedRank).filter((r) => r !== null);
  const most = Math.max(0, ...known);
  if (layers.every(({ norm }) => norm === 0)) return 'every layer is zero: the adapter has not been trained';
  if (known.length < layers.length)
    return `${grouped(layers.length - known.length)} of ${grouped(layers.length)} layers need a rank beyond the values computed (--leading)`;
  const middle = [...known].sort((a, b) => a - b)[known.length >> 1];
  return `rank ${most} holds ${100 * energy} % of every layer; rank ${middle} that of half of them`;
}

async function page(path: string, layers: readonly LayerSpectrum[], energy: number): Promise<string> {
  const drawn = [...layers].sort((a, b) => b.norm - a.norm).slice(0, DRAWN);
  const rows = drawn.flatMap(({ path: layer, values }) =>
    values.filter((value) => value > 0).map((value, j) => ({ j: j + 1, value, layer })),
  );
  const figureOf = chart.figure([
    {
      x: { title: 'j', log: true },
      y: { title: 'σ_j', log: true },
      marks: [chart.line(rows, { x: 'j', y: 'value', by: 'layer', label: rows.length > 0 })],
      width: 560,
      height: 300,
    },
  ]);
  const rest = layers.length > drawn.length ? `, of the ${drawn.length} layers with the largest norm` : '';
  return htmlReport(`Spectrum of ${basename(path)}`, [
    { text: `${advice(layers, energy)}.` },
    ...(rows.length > 0
      ? [{ svg: await renderSvg(figureOf), title: 'Singular values', caption: `Descending${rest}.` }]
      : []),
    { table: { head: HEAD(energy), rows: layers.map(row) } },
    {
      text: 'Stable rank is ‖·‖_F²/σ₁². Effective rank is the exponential of the entropy of σ/Σσ. The last column is the least rank that holds that share of ‖·‖_F².',
    },
  ]);
}
