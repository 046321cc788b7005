// The work of lorank lora train.

import { join } from 'node:path';
import { cores } from '#platform';
import { usageError } from '../../errors.js';
import { type Kernels, startKernels } from '../../kernels/index.js';
import { chainOf } from '../../lm/adapters.js';
import { architectureOf } from '../../lm/architecture.js';
import { loadWeights, type Model } from '../../lm/model.js';
import { learnedAdapter, type Started, startAdapters, startDeep, startFrom } from '../../lm/starts.js';
import { textTask } from '../../lm/text.js';
import { openTokenizer } from '../../lm/tokenizer.js';
import type { Task } from '../../lm/train.js';
import { adapterFiles, readAdapter } from '../../lora/adapter.js';
import { openCheckpoint } from '../../lora/checkpoint.js';
import type { InitMethod } from '../../lora/starts.js';
import { parseTargets } from '../../lora/targets.js';
import { DEFAULT_SEED } from '../../random/index.js';
import type { Context } from '../context.js';
import { EXIT } from '../failure.js';
import { bytesText, facts, figure, grouped, secondsText } from '../table.js';
import { curveFiles, exitOf, optionsOf, outcomeFacts, outcomeOf, runTraining } from './fitting.js';
import { openFolder } from './folder.js';
import { hashedFiles } from './hashing.js';
import { manifestFile, openOutput } from './output.js';
import { readText } from './texts.js';
import type { TrainFlags } from './train.js';

/** Returns the exit code. */
export async function trainAdapter(context: Context, model: string, text: string, flags: TrainFlags): Promise<number> {
  checkFlags(flags);
  const began = performance.now();
  const folder = await openFolder(model);
  const K = await startKernels({ threads: context.flags.threads ?? cores() });
  try {
    const base = hashedFiles(folder);
    const checkpoint = await openCheckpoint(base);
    const architecture = architectureOf(checkpoint.config);
    const tokenizer = await openTokenizer(folder, architecture.vocabulary);
    const read = await readText(text, tokenizer);
    const loaded = await loadWeights(K, architecture, checkpoint);
    const { batch = 8, length = Math.min(128, architecture.context), heldOut, seed = DEFAULT_SEED } = flags;
    const task = textTask(loaded, read.data, { batch, length, heldOut, seed });
    const options = { ...optionsOf(flags, 3e-4), preconditioner: flags.preconditioner };
    const started = await startOf(K, loaded, task, flags);
    const parameters = started.chains.map(chainOf).reduce((sum, { factors }) => sum + sizeOf(factors), 0);
    const about = {
      model,
      text,
      tokens: read.tokens,
      tokenizer: tokenizer.name,
      layers: started.chains.length,
      parameters,
    };
    if (flags.dryRun) {
      await context.report(
        { dryRun: true, ...about, ...options, batch, length, seed },
        () => `${facts(preview(about, options.steps))}\n`,
      );
      return EXIT.fine;
    }
    const spec = { task: 'lora train', ...startSpec(flags), ...options, batch, length, heldOut, seed };
    const digests = await base.digests();
    const inputs = [
      ...digests.map(({ path, sha256 }) => ({ path: join(folder.folder, path), sha256 })),
      { path: text, sha256: read.sha256 },
    ];
    const identity = JSON.stringify({ spec, inputs: inputs.map(({ sha256 }) => sha256) });
    const output = await openOutput(context, flags.output!, {
      force: flags.force,
      resume: flags.resume,
      inputs: flags.from ? [model, text, flags.from] : [model, text],
      identity,
    });
    const what = { task: { ...task, model: started.model }, what: started.chains, options };
    const result = await runTraining(context, K, output, identity, what);
    const adapter = learnedAdapter(K, loaded, started, result.adapters);
    const outputs = await output.write([...adapterFiles(adapter), ...(await curveFiles(result.rows))]);
    const { build, threads } = K;
    await output.write([
      manifestFile({
        spec: { ...spec, model: output.beside(model), text: output.beside(text) },
        kernels: { build, threads },
        inputs: inputs.map(({ path, sha256 }) => ({ path: output.beside(path), sha256 })),
        outputs,
      }),
    ]);
    await output.commit();
    const outcome = outcomeOf(result);
    const seconds = (performance.now() - began) / 1000;
    await context.report(
      { output: flags.output, ...about, ...options, batch, length, seed, ...outcome, rows: result.rows, seconds },
      () =>
        `${facts([
          [
            'adapter',
            `${flags.output}: ${started.metadata.method ?? 'of a folder'}, rank ${adapter.config.r}, ${grouped(parameters)} numbers in ${about.layers} layers, seed ${seed}`,
          ],
          ...outcomeFacts(outcome),
          [
            'steps',
            `${grouped(result.rows.length - 1)} of ${batch}×${length} tokens at rate ${figure(options.learningRate)}`,
          ],
          ['time', secondsText(seconds)],
        ])}\n`,
    );
    return exitOf(outcome);
  } finally {
    K.close();
    await folder.close();
  }
}

const sizeOf = (factors: readonly { rows: number; cols: number }[]): number =>
  factors.reduce((sum, { rows, cols }) => sum + rows * cols, 0);

const preview = (
  about: { text: string; tokens: number; tokenizer: string; layers: number; parameters: number },
  steps: number,
): [string, string][] => [
  ['text', `${about.text}: ${grouped(about.tokens)} tokens by ${about.tokenizer}`],
  [
    'adapter',
    `${grouped(about.layers)} layers, ${grouped(about.parameters)} numbers (${bytesText(4 * about.parameters)})`,
  ],
  ['steps', `${grouped(steps)}; nothing is trained, nothing is written`],
];

/** What the start of the adapter depends on. */
function startSpec({
  from,
  init = 'nystrom',
  rank,
  loraAlpha,
  rslora,
  targets,
  sigma,
  orientation,
  initScale,
  outerSpeed,
}: TrainFlags) {
  return from === undefined
    ? { init, rank, alpha: loraAlpha, rslora, targets, sigma, orientation, initScale, outerSpeed }
    : { from };
}

async function startOf(K: Kernels, model: Model, task: Task, flags: TrainFlags): Promise<Started> {
  const {
    init = 'nystrom',
    rank = 1,
    loraAlpha: alpha,
    rslora,
    sigma,
    orientation,
    initScale,
    outerSpeed,
    seed,
  } = flags;
  if (flags.from !== undefined) {
    const folder = await openFolder(flags.from);
    try {
      return await startFrom(model, await readAdapter(folder));
    } finally {
      await folder.close();
    }
  }
  const targets = flags.targets === undefined ? undefined : parseTargets(flags.targets);
  if (init === 'deep' || init === 'compressed-deep')
    return startDeep(K, task, {
      rank,
      compressed: init === 'compressed-deep',
      initScale,
      outerSpeed,
      alpha,
      targets,
      seed,
    });
  return startAdapters(K, model, {
    method: init as InitMethod,
    rank,
    alpha,
    rslora,
    targets,
    sigma,
    orientation,
    seed,
  });
}

function checkFlags(flags: TrainFlags): void {
  const { init = 'nystrom', from } = flags;
  if (flags.output === undefined && !flags.dryRun)
    throw usageError('-o, the folder of the adapter, is needed', 'for example -o adapter');
  if (flags.rank === undefined && from === undefined) throw usageError('-r, the rank, is needed', 'for example -r 8');
  const only: [flag: string, given: unknown, fits: boolean][] = [
    ['--sigma', flags.sigma, init === 'nystrom'],
    ['--orientation', flags.orientation, init === 'nystrom'],
    ['--init-scale', flags.initScale, /deep$/.test(init)],
    ['--outer-speed', flags.outerSpeed, init === 'compressed-deep'],
    ['--rslora', flags.rslora, !/deep$/.test(init)],
    ['--preconditioner', flags.preconditioner, !/deep$/.test(init)],
  ];
  for (const [flag, given, fits] of only)
    if (given !== undefined && !fits) throw usageError(`--init ${init} takes no ${flag}`, 'leave one of them out');
  if (from === undefined) return;
  for (const [flag, given] of [
    ['--init', flags.init],
    ['--rank', flags.rank],
    ['--lora-alpha', flags.loraAlpha],
    ['--targets', flags.targets],
  ])
    if (given !== undefined) throw usageError(`--from takes no ${flag}: the adapter says it`, 'leave one of them out');
}
