// What lora train and lora pretrain share: the run with its bar and its checkpoints, the curve of its losses, and what is told.

import { join } from 'node:path';
import { readCheckpoint, writeCheckpoint } from '../../engine/checkpoint.js';
import { drive } from '../../engine/drive.js';
import { LorankError } from '../../errors.js';
import type { Kernels } from '../../kernels/contract.js';
import type { AdapterStart } from '../../lm/adapters.js';
import type { TrainRow } from '../../lm/rows.js';
import type { TextTask } from '../../lm/text.js';
import { type Task, type TrainOptions, type TrainResult, train } from '../../lm/train.js';
import type { OutputFile } from '../../lora/files.js';
import { chart } from '../../report/index.js';
import { renderSvg } from '../../report/svg.js';
import type { Snapshot } from '../../stream.js';
import { openBar } from '../bar.js';
import type { Context } from '../context.js';
import { EXIT } from '../failure.js';
import { exists, readWhole, textBytes, writeWhole } from '../files.js';
import { figure, grouped } from '../table.js';
import { resumed } from './keeping.js';
import type { OutputFolder } from './output.js';
import type { TrainingFlags } from './train.js';

const CHECKPOINT_INTERVAL = 10_000; // ms

/** The options of a run that the flags stand for. */
export function optionsOf(flags: TrainingFlags, rate: number): TrainOptions {
  const { steps = 200, lr = rate, schedule, weightDecay, clip } = flags;
  const warmup = flags.warmup ?? Math.min(100, Math.floor(steps / 10));
  const evaluateEvery = flags.evalEvery ?? Math.max(1, Math.floor(steps / 10));
  return {
    steps,
    learningRate: lr,
    warmup,
    schedule: schedule ?? 'linear',
    weightDecay: weightDecay ?? 0,
    clip: clip ?? 1,
    evaluateEvery,
  };
}

/** Runs a training to its end; interrupted, it leaves a checkpoint in the folder for what is kept. */
export async function runTraining(
  context: Context,
  K: Kernels,
  output: OutputFolder,
  identity: string,
  { task, what, options }: { task: Task; what: readonly AdapterStart[] | 'all'; options: TrainOptions },
): Promise<TrainResult> {
  const path = join(output.kept, 'run.checkpoint');
  const from = output.resumed && exists(path) ? await readCheckpoint(await readWhole(path), path) : undefined;
  const bar = openBar(context);
  let saved = performance.now();
  const save = async (snapshot: Snapshot<TrainRow>) => {
    await writeWhole(path, writeCheckpoint(snapshot.checkpoint(), identity));
    saved = performance.now();
  };
  let heldOut: number | undefined;
  try {
    return await drive<TrainRow, TrainResult>(train(K, task, what, options, from?.checkpoint), {
      signal: context.io.signal,
      onSnapshot(snapshot) {
        const { step, loss } = snapshot.progress;
        heldOut = snapshot.progress.heldOut ?? heldOut;
        bar.show(
          step,
          () => step / options.steps,
          () => `loss ${figure(loss)}${heldOut === undefined ? '' : `, held out ${figure(heldOut)}`}`,
        );
        return performance.now() - saved > CHECKPOINT_INTERVAL ? save(snapshot) : undefined;
      },
      onAbort: save,
    });
  } catch (thrown) {
    if (!(thrown instanceof LorankError && thrown.code === 'aborted')) throw thrown;
    throw new LorankError('aborted', 'interrupted; what was learned is kept beside the output', resumed(context));
  } finally {
    bar.clear();
  }
}

/** The line that says which examples were not learned whole. */
export function exampleFacts({ examples }: TextTask, length: number): [string, string][] {
  if (!examples || examples.cut + examples.leftOut === 0) return [];
  const { count, cut, leftOut } = examples;
  const told = [
    `${grouped(cut)} of ${grouped(count)} cut at --length ${length}`,
    ...(leftOut > 0 ? [`${grouped(leftOut)} LEFT OUT: their prompts alone are longer`] : []),
  ];
  return [['examples', told.join('; ')]];
}

/** losses.csv, and losses.svg. */
export async function curveFiles(rows: readonly TrainRow[]): Promise<OutputFile[]> {
  const columns = ['step', 'loss', 'heldOut', 'learningRate', 'gradientNorm'] as const;
  const names = 'step,loss,held_out,learning_rate,gradient_norm';
  const csv = [names, ...rows.map((row) => columns.map((key) => row[key] ?? '').join(','))].join('\n');
  const series = (key: 'loss' | 'heldOut', by: string) =>
    rows.filter((row) => Number.isFinite(row[key])).map((row) => ({ step: row.step, loss: row[key]!, by }));
  const [batches, held] = [series('loss', 'batch'), series('heldOut', 'held out')];
  const marks = [chart.line(batches, { x: 'step', y: 'loss', by: 'by' })];
  if (held.length > 0) marks.push(chart.line(held, { x: 'step', y: 'loss', by: 'by' }));
  const panel = { x: { title: 'step' }, y: { title: 'loss (nats a token)' }, marks, width: 480, height: 300 };
  const svg = await renderSvg(chart.figure([panel]));
  return [
    { name: 'losses.csv', pieces: [textBytes(`${csv}\n`)] },
    { name: 'losses.svg', pieces: [textBytes(svg)] },
  ];
}

export interface Outcome {
  readonly outcome: TrainResult['outcome'];
  readonly heldOut?: { readonly start: number; readonly end: number };
  /** Of the last batch. */
  readonly loss?: number;
  readonly better: boolean;
}

/** What came of a run, and whether it is better than its start. */
export function outcomeOf({ rows, outcome }: TrainResult): Outcome {
  const held = rows.map((row) => row.heldOut).filter((value) => value !== undefined);
  const losses = rows.map((row) => row.loss).filter((value) => value !== undefined);
  const [start, end] = [held[0], held[held.length - 1]];
  const [first, last] = [losses[0], losses[losses.length - 1]];
  const compared = held.length > 1 ? end < start : last < first;
  return {
    outcome,
    ...(held.length > 1 ? { heldOut: { start, end } } : {}),
    loss: last,
    better: outcome === 'converged' && compared,
  };
}

export const exitOf = ({ better }: Outcome): number => (better ? EXIT.fine : EXIT.unconvincing);

/** The lines that say what came out. */
export function outcomeFacts({ outcome, heldOut, loss, better }: Outcome): [string, string][] {
  const fell = heldOut
    ? `${figure(heldOut.start)} → ${figure(heldOut.end)} nats a token`
    : `nothing is held out; last batch ${figure(loss)}`;
  const said = outcome === 'diverged' ? ': DIVERGED, try a smaller --lr' : better ? '' : ': NOT BETTER than the start';
  return [['held-out loss', `${fell}${said}`]];
}
