// One adapter after another: started on the base, trained on the shifted domain, and looked at.

import {
  adapterFiles,
  bytesOf,
  filesOf,
  finish,
  heldOutLoss,
  type Kernels,
  type LoraAdapter,
  learnedAdapter,
  type Model,
  type Pair,
  readAdapter,
  type Started,
  type Stream,
  split,
  startAdapters,
  stream,
  type TrainResult,
  train,
  uniforms,
} from 'lorank';
import type { Bases, Row, Size } from '../paper.js';
import { readBase, type Setting, settingOf, weightsOf } from './models.js';
import { LOOKS, METHODS, type MethodId, type Part, RANK, SCALING, SIGMA, sizes } from './presets.js';

type Rows = AsyncGenerator<undefined, Row[], undefined>;

const seedOf = (random: Stream, name: string): number => Math.floor(2 ** 40 * uniforms(split(random, name), 1)[0]);

/** What comes with a seed: the start of the adapters, and the batches. The same for every method and learning rate. */
const seedsOf = (part: Part, seed: number, i: number) => {
  const random = stream(seed, `S6/study/${part}`, i);
  return { start: seedOf(random, 'start'), batches: seedOf(random, 'batches') };
};

const startOf = (K: Kernels, base: Model, { targets }: Setting, method: MethodId, seed: number): Promise<Started> =>
  startAdapters(K, base, {
    method: METHODS[method].start,
    rank: RANK,
    alpha: SCALING * RANK,
    sigma: SIGMA,
    targets,
    seed,
  });

/** Trains what was started; steps: of the schedule. */
function* trained(
  K: Kernels,
  setting: Setting,
  { model, chains }: Started,
  method: MethodId,
  learningRate: number,
  batches: number,
  steps = setting.steps,
): Generator<undefined, TrainResult> {
  const { preconditioner } = METHODS[method] as { preconditioner?: 'authors' | 'riemannian' };
  const run = train(K, setting.task(model, 'shifted', batches), chains, {
    steps,
    learningRate,
    warmup: Math.ceil(steps / 20),
    evaluateEvery: Math.ceil(steps / LOOKS),
    preconditioner,
  });
  for (;;) {
    const next = run.next();
    if (next.done) return next.value;
    if (next.value.progress.heldOut !== undefined) yield;
  }
}

const rounded = (loss: number): number => Math.round(1e7 * loss) / 1e7;

/** The column of the held-out loss after a share of the steps. */
export const at = (percent: number): string => `at${percent}`;

/** Every seed of one method and learning rate: held-out losses after 0 %, 10 %, … of the steps; NaN after it diverged. */
export async function* runs(
  K: Kernels,
  bases: Bases,
  part: Part,
  method: MethodId,
  factor: number,
  size: Size,
  seed: number,
): Rows {
  const setting = settingOf(part, size, seed);
  const base = await readBase(K, setting, part, bases);
  const rate = METHODS[method].rate[part] * factor;
  const rows: Row[] = [];
  for (let i = 0; i < sizes[size].seeds; i++) {
    const { start, batches } = seedsOf(part, seed, i);
    const started = await startOf(K, base, setting, method, start);
    const result = yield* trained(K, setting, started, method, rate, batches);
    const losses = new Map(result.rows.map(({ step, heldOut }) => [step, heldOut]));
    const looks = Array.from({ length: LOOKS + 1 }, (_, look) => {
      const loss = losses.get(Math.ceil(setting.steps / LOOKS) * look) ?? Number.NaN;
      return [at((100 / LOOKS) * look), rounded(loss)] as const;
    });
    rows.push({ part, method, rate, run: i, ...Object.fromEntries(looks) });
    yield;
  }
  return rows;
}

/**
 * What a method does to the base, in a short training: held-out losses of the base as it was, of what is trained on with the
 * adapter at its start, without the adapter after training, with the adapter after training, and of the base with the adapter
 * read from PEFT's files; the last also without what a moved base needs.
 */
export async function* effects(K: Kernels, bases: Bases, part: Part, method: MethodId, size: Size, seed: number): Rows {
  const setting = settingOf(part, size, seed);
  const base = await readBase(K, setting, part, bases);
  const { start, batches } = seedsOf(part, seed, 0);
  const started = await startOf(K, base, setting, method, start);
  const loss = (model: Model) => heldOutLoss(K, setting.task(model, 'shifted', batches));
  const on = (model: Model, adapter: LoraAdapter) => adapted(K, setting, model, adapter, batches);
  const before = loss(base);
  const result = yield* trained(K, setting, started, method, METHODS[method].rate[part], batches, 2 * LOOKS);
  const file = await reread(learnedAdapter(K, base, started, result.adapters));
  const bare = await reread(learnedAdapter(K, started.model, started, result.adapters));
  return [
    {
      part,
      method,
      before,
      start: Number(result.rows[0].heldOut),
      alone: loss(started.model),
      same: sameBytes(await weightsOf(base), await weightsOf(started.model)),
      end: Number(result.rows[result.rows.length - 1].heldOut),
      served: await on(base, file),
      rank: file.config.r / RANK,
      bare: await on(base, bare),
    },
  ];
}

async function reread(adapter: LoraAdapter): Promise<LoraAdapter> {
  const files: Record<string, Uint8Array> = {};
  for (const file of adapterFiles(adapter)) files[file.name] = await bytesOf(file);
  return readAdapter(filesOf(files));
}

/** The held-out loss of a model with an adapter. */
async function adapted(
  K: Kernels,
  setting: Setting,
  model: Model,
  adapter: LoraAdapter,
  batches: number,
): Promise<number> {
  const pairs: Pair[] = await Promise.all(adapter.paths.map((path) => adapter.layer(path)));
  const run = train(K, setting.task(model, 'shifted', batches), pairs, { steps: 0, learningRate: 1 });
  return Number(finish(run).rows[0].heldOut);
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** Held-out losses of both domains, of the base and of a model that was not trained. */
export async function* domains(K: Kernels, bases: Bases, part: Part, size: Size, seed: number): Rows {
  const setting = settingOf(part, size, seed);
  const base = await readBase(K, setting, part, bases);
  const loss = (model: Model, domain: 'own' | 'shifted') => heldOutLoss(K, setting.task(model, domain, seed));
  const rows: Row[] = [];
  for (const [model, name] of [
    [base, 'base'],
    [setting.untrained(K), 'untrained'],
  ] as const) {
    rows.push({ part, model: name, own: loss(model, 'own'), shifted: loss(model, 'shifted') });
    yield;
  }
  return rows;
}
