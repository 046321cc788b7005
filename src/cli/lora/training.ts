// The work of lorank lora train.

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
import { curveFiles, exampleFacts, exitOf, optionsOf, outcomeFacts, outcomeOf, runTraining } from './fitting.js';
import { filling } from './keeping.js';
import { type Input, inputHashes, withInputs } from './making.js';
import { openOutput } from './output.js';
import { readText } from './texts.js';
import type { TrainFlags } from './train.js';

/** Returns the exit code. */
export function trainAdapter(context: Context, model: string, text: string, flags: TrainFlags): Promise<number> {
  checkFlags(flags);
  const folders = flags.from === undefined ? [model] : [model, flags.from];
  return withInputs(folders, async (inputs) => {
    const K = await startKernels({ threads: context.flags.threads ?? cores() });
    try {
      return await fromFolders(context, K, inputs, text, flags);
    } finally {
      K.close();
    }
  });
}

async function fromFolders(
  context: Context,
  K: Kernels,
  inputs: readonly Input[],
  text: string,
  flags: TrainFlags,
): Promise<number> {
  const began = performance.now();
  const [base, from] = inputs;
  const checkpoint = await openCheckpoint(base.files);
  const architecture = architectureOf(checkpoint.config);
  const tokenizer = await openTokenizer(base.files, architecture.vocabulary);
  const read = await readText(text, tokenizer);
  const model = await loadWeights(K, architecture, checkpoint);
  const { batch = 8, length = Math.min(128, architecture.context), heldOut, seed = DEFAULT_SEED } = flags;
  const task = textTask(model, read.data, { batch, length, heldOut, seed });
  const options = { ...optionsOf(flags, 3e-4), preconditioner: flags.preconditioner };
  const started = from ? await startFrom(model, await readAdapter(from.files)) : await startOf(K, model, task, flags);
  const about = {
    model: base.path,
    text,
    tokens: read.tokens,
    tokenizer: tokenizer.name,
    layers: started.chains.length,
    parameters: started.chains.map(chainOf).reduce((sum, { factors }) => sum + sizeOf(factors), 0),
    ...(task.examples ? { examples: task.examples } : {}),
  };
  const examples = exampleFacts(task, length);
  if (flags.dryRun) {
    await context.report(
      { dryRun: true, ...about, ...options, batch, length, seed },
      () => `${facts([...examples, ...preview(about, options.steps)])}\n`,
    );
    return EXIT.fine;
  }
  const spec = { task: 'lora train', ...startSpec(flags), ...options, batch, length, heldOut, seed };
  const hashes = [...(await inputHashes(inputs)), { path: text, sha256: read.sha256 }];
  const identity = JSON.stringify({ spec, inputs: hashes.map(({ sha256 }) => sha256) });
  const paths = [...inputs.map(({ path }) => path), text];
  const output = await openOutput(context, flags.output!, { ...flags, inputs: paths, identity });
  const [result, adapter] = await filling(context, output, async () => {
    const what = { task: { ...task, model: started.model }, what: started.chains, options };
    const result = await runTraining(context, K, output, identity, what);
    const adapter = learnedAdapter(K, model, started, result.adapters);
    const outputs = await output.write([...adapterFiles(adapter), ...(await curveFiles(result.rows))]);
    await output.commit({ spec, kernels: K, inputs: hashes, outputs });
    return [result, adapter];
  });
  const outcome = outcomeOf(result);
  const seconds = (performance.now() - began) / 1000;
  await context.report(
    { output: flags.output, ...about, ...options, batch, length, seed, ...outcome, rows: result.rows, seconds },
    () =>
      `${facts([
        [
          'adapter',
          `${flags.output}: ${started.metadata.method ?? 'of a folder'}, rank ${adapter.config.r}, ${grouped(about.parameters)} numbers in ${about.layers} layers, seed ${seed}`,
        ],
        ...examples,
        ...outcomeFacts(outcome),
        [
          'steps',
          `${grouped(result.rows.length - 1)} of ${batch}×${length} tokens at rate ${figure(options.learningRate)}`,
        ],
        ['time', secondsText(seconds)],
      ])}\n`,
  );
  return exitOf(outcome);
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
    : {};
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
  if (from !== undefined) {
    for (const [flag, given] of [
      ['--init', flags.init],
      ['--rank', flags.rank],
      ['--lora-alpha', flags.loraAlpha],
      ['--rslora', flags.rslora],
      ['--targets', flags.targets],
      ['--sigma', flags.sigma],
      ['--orientation', flags.orientation],
      ['--init-scale', flags.initScale],
      ['--outer-speed', flags.outerSpeed],
    ])
      if (given !== undefined)
        throw usageError(`--from takes no ${flag}: the adapter says it`, 'leave one of them out');
    return;
  }
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
}
