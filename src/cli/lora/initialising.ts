// The work of lorank lora init: layer by layer, each kept as it is finished; then the adapter is put together, read back from
// disk, and proved to change nothing.

import { join } from 'node:path';
import { cores } from '#platform';
import { usageError } from '../../errors.js';
import { streamSafetensors } from '../../io/safetensors.js';
import { type Kernels, startKernels } from '../../kernels/index.js';
import { adapterFiles, readAdapter } from '../../lora/adapter.js';
import { type Checkpoint, openCheckpoint } from '../../lora/checkpoint.js';
import {
  type InitPlan,
  initLayer,
  type LayerReport,
  largestChange,
  planInit,
  provenanceOf,
} from '../../lora/initialise.js';
import { readAhead } from '../../lora/pass.js';
import { RESIDUAL_FILE, residualError, residualTensors } from '../../lora/residual.js';
import { fullSvdFlops, type InitMethod, movesBase } from '../../lora/starts.js';
import { type Module, parseTargets } from '../../lora/targets.js';
import type { Context } from '../context.js';
import { EXIT } from '../failure.js';
import { sha256OfFile } from '../files.js';
import { bytesText, facts, figure, grouped, secondsText, table } from '../table.js';
import { openFolder } from './folder.js';
import type { FileDigest } from './hashing.js';
import type { InitFlags } from './init.js';
import { filling, keptAdapter, makeLayers } from './keeping.js';
import { type Input, identityOf, inputHashes, requireOutput, withInputs } from './making.js';
import { type OutputFolder, openOutput } from './output.js';

/** A layer as it is told. */
type Told = LayerReport & { readonly largestChange: number; readonly residual?: { largest: number; relative: number } };

/** Of an adapter that changes nothing, in f32: |W_res + sBA − W₀|/|W₀|, or |sBA| where both factors are non-zero. */
const ROUNDING = 1e-5;

/** Returns the exit code. */
export async function initialise(context: Context, model: string, flags: InitFlags): Promise<number> {
  const { rank } = flags;
  if (rank === undefined) throw usageError('-r, the rank, is needed', 'for example -r 16');
  requireOutput(flags, 'adapter');
  return withInputs([model], async ([base]) => {
    const checkpoint = await openCheckpoint(base.files);
    const plan = planInit(checkpoint, {
      ...flags,
      rank,
      method: flags.method as InitMethod | undefined,
      alpha: flags.loraAlpha,
      targets: flags.targets === undefined ? undefined : parseTargets(flags.targets),
    });
    for (const [flag, given, method] of [
      ['--sigma', flags.sigma, 'nystrom'],
      ['--orientation', flags.orientation, 'nystrom'],
      ['--passes', flags.passes, 'pissa'],
    ])
      if (given !== undefined && plan.method !== method)
        throw usageError(`--method ${plan.method} takes no ${flag}`, 'leave one of them out');
    if (flags.base !== undefined && !movesBase(plan.method))
      throw usageError(`--method ${plan.method} leaves the base as it is, and takes no --base`, 'leave it out');
    return flags.dryRun ? preview(context, plan, model) : make(context, { base, flags, plan, checkpoint });
  });
}

async function preview(context: Context, plan: InitPlan, model: string): Promise<number> {
  const modules = plan.modules.map(({ path, outputs, inputs, dtype }) => ({ path, outputs, inputs, dtype }));
  const { method, rank, alpha, scaling, parameters, config } = plan;
  const flops =
    method === 'milora'
      ? modules.reduce((sum, { outputs, inputs }) => sum + fullSvdFlops(outputs, inputs), 0)
      : undefined;
  const [{ outputs: m, inputs: n }] = [...modules].sort((a, b) => b.outputs * b.inputs - a.outputs * a.inputs);
  await context.report(
    {
      dryRun: true,
      model,
      method,
      rank,
      alpha,
      scaling,
      parameters,
      bytes: 4 * parameters,
      ...(flops === undefined ? {} : { flops }),
      targetModules: config.target_modules,
      modules,
    },
    () =>
      `${table([
        ['module', 'shape', 'stored as'],
        ...modules.map(({ path, outputs, inputs, dtype }) => [path, `${outputs}×${inputs}`, dtype]),
      ])}\n\n${grouped(modules.length)} modules, ${grouped(parameters)} new numbers (${bytesText(4 * parameters)}); nothing is written\n${
        flops === undefined
          ? ''
          : `milora takes a full SVD of every weight in f64: about ${figure(flops)} flops in all, ${figure(fullSvdFlops(m, n))} of a ${m}×${n} one, and the bar moves by whole weights\n`
      }`,
  );
  return EXIT.fine;
}

interface Job {
  readonly base: Input;
  readonly flags: InitFlags;
  readonly plan: InitPlan;
  readonly checkpoint: Checkpoint;
}

async function make(context: Context, job: Job): Promise<number> {
  const { plan, flags, base, checkpoint } = job;
  const began = performance.now();
  const spec = specOf(plan);
  const inputs = [base];
  const identity = await identityOf(spec, inputs);
  const output = await openOutput(context, flags.output!, { ...flags, inputs: [base.path], identity });
  const K = await startKernels({ threads: context.flags.threads ?? cores() });
  const fill = async () => {
    const byPath = new Map(plan.modules.map((module) => [module.path, module]));
    const weights = readAhead(checkpoint, plan.modules, (bytes) => K.allocate('u8', bytes));
    const layersToMake = {
      paths: [...byPath.keys()],
      make: (path: string) => initLayer(K, weights, plan, byPath.get(path)!),
      around: () => ({ config: plan.config, metadata: plan.metadata, others: {} }),
    };
    const kept = await makeLayers(context, layersToMake, output);
    const reports = kept.map(({ report }) => report);
    const metadata = provenanceOf(plan, reports);
    const adapter = keptAdapter(() => ({ ...layersToMake.around(), metadata }), kept, output);
    const hashes = await output.write(adapterFiles(adapter));
    const moved = movesBase(plan.method) && plan.base === 'residual';
    if (moved) {
      const tensors = residualTensors(K, checkpoint, plan.modules, adapter.layer);
      const pieces = streamSafetensors(tensors, { format: 'pt', ...metadata });
      hashes.push(...(await output.write([{ name: RESIDUAL_FILE, pieces }])));
    }
    const layers = await readBack(K, job, output, reports, moved);
    const digests = await base.files.digests();
    const verified = flags.verifyBase ? await verifyBase(base.folder, digests) : undefined;
    await output.commit({ spec, kernels: K, inputs: await inputHashes(inputs), outputs: hashes });
    const seconds = (performance.now() - began) / 1000;
    await tell(context, { job, layers, inputs: digests, moved, verified, seconds });
    return proved(layers, moved) && verified !== false ? EXIT.fine : EXIT.claim;
  };
  try {
    return await filling(context, output, fill);
  } finally {
    K.close();
  }
}

const specOf = ({
  method,
  rank,
  alpha,
  rslora,
  sigma,
  orientation,
  base,
  passes,
  seed,
  modules,
  config,
}: InitPlan) => ({
  task: 'lora init',
  ...{ method, rank, alpha, rslora, seed, baseName: config.base_model_name_or_path },
  ...(method === 'nystrom' ? { sigma, orientation } : {}),
  ...(movesBase(method) ? { base } : {}),
  ...(method === 'pissa' ? { passes } : {}),
  targets: modules.map(({ path }) => path),
});

/** The proof, on what is on disk. */
async function readBack(
  K: Kernels,
  { plan, checkpoint }: Job,
  { made }: OutputFolder,
  reports: readonly LayerReport[],
  moved: boolean,
): Promise<Told[]> {
  const folder = await openFolder(made);
  const file = moved ? await openFolder(join(made, RESIDUAL_FILE)) : undefined;
  try {
    const adapter = await readAdapter(folder);
    const residual = file && (await openCheckpoint(file));
    const told: Told[] = [];
    for (const [index, report] of reports.entries()) {
      const module: Module = plan.modules[index];
      const layer = await adapter.layer(module.path);
      told.push({
        ...report,
        largestChange: largestChange(K, layer),
        ...(residual ? { residual: await residualError(K, checkpoint, residual, module, layer) } : {}),
      });
    }
    return told;
  } finally {
    await folder.close();
    await file?.close();
  }
}

const worst = (layers: readonly Told[], of: (layer: Told) => number) =>
  layers.reduce((most, layer) => Math.max(most, of(layer)), 0);

const proved = (layers: readonly Told[], moved: boolean): boolean =>
  worst(layers, ({ residual, largestChange: change }) => (moved ? (residual?.relative ?? 1) : change)) <= ROUNDING;

async function verifyBase(folder: string, inputs: readonly FileDigest[]): Promise<boolean> {
  for (const { path, sha256 } of inputs) if ((await sha256OfFile(join(folder, path))) !== sha256) return false;
  return true;
}

interface Ended {
  readonly job: Job;
  readonly layers: readonly Told[];
  readonly inputs: readonly FileDigest[];
  readonly moved: boolean;
  readonly verified?: boolean;
  readonly seconds: number;
}

async function tell(context: Context, { job, layers, inputs, moved, verified, seconds }: Ended): Promise<void> {
  const { plan, flags } = job;
  const change = worst(layers, (layer) => layer.largestChange);
  const off = worst(layers, (layer) => layer.residual?.relative ?? 0);
  const { method, rank, alpha, scaling, seed, parameters } = plan;
  const spec = specOf(plan);
  await context.report(
    {
      output: flags.output,
      ...{ method, rank, alpha, scaling, seed, parameters },
      ...(spec.sigma === undefined ? {} : { sigma: spec.sigma, orientation: spec.orientation }),
      layers,
      largestChange: change,
      noOp: proved(layers, moved),
      ...(moved ? { residual: { file: RESIDUAL_FILE, relative: off } } : {}),
      base: { files: inputs, ...(verified === undefined ? {} : { verified }) },
      seconds,
    },
    () => {
      const share = ({ energy }: Told) =>
        energy
          ? `${figure(100 * energy.share)} %${energy.error > 0 ? ` ±${figure(Number((200 * energy.error).toPrecision(1)))}` : ''}`
          : '–';
      const rows = layers.map((layer) => [
        layer.path,
        `${layer.outputs}×${layer.inputs}`,
        share(layer),
        figure(layer.residual?.relative ?? layer.largestChange),
      ]);
      return `${table([['module', 'shape', 'energy', moved ? 'off by' : 'max |sBA|'], ...rows])}\n\n${facts([
        [
          'adapter',
          `${flags.output}: ${method}, rank ${rank}, scaling ${figure(scaling)}, ${grouped(parameters)} numbers, seed ${seed}`,
        ],
        [
          'at step 0',
          moved
            ? `W = ${RESIDUAL_FILE} + sBA to ${figure(off)}, relative, as read back: the adapter needs this file for a base`
            : `max |sBA| = ${figure(change)}, as read back: ${change === 0 ? 'the adapter changes nothing' : 'nothing but rounding'}`,
        ],
        [
          'base',
          `${inputs.length} ${inputs.length === 1 ? 'file' : 'files'}, ${bytesText(inputs.reduce((sum, { bytes }) => sum + bytes, 0))}, read only${
            verified === undefined ? '; hashes in manifest.json' : verified ? ', unchanged' : ': CHANGED MEANWHILE'
          }`,
        ],
        ['time', secondsText(seconds)],
      ])}\n`;
    },
  );
}
