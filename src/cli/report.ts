// What came out of a run: the document of --json, the text for a person, and the exit code.

import type { Scores } from '../complete/scores.js';
import type {
  CompleteFinished,
  FactorFinished,
  Finished,
  Progress,
  SenseFinished,
  SparseFinished,
} from '../engine/jobs.js';
import { plural } from '../errors.js';
import { DEFAULT_SEED } from '../random/index.js';
import type { RunSpec } from '../spec.js';
import type { Computed } from './compute.js';
import { EXIT } from './failure.js';
import { bytesText, facts, figure, grouped, secondsText, table } from './table.js';

/** Above the best baseline by this share, a fit is no better than it. */
const NO_BETTER = 1.005;

const seedOf = (spec: RunSpec): number => spec.seed ?? DEFAULT_SEED;

/** The words of the bar. */
export function progressText(progress: Progress): string {
  const judged = progress.heldOut === undefined ? '' : `, held out ${figure(progress.heldOut)}`;
  if (!('width' in progress) && 'residual' in progress)
    return `${progress.stage}, residual ${figure(progress.residual)}${judged}`;
  return 'residual' in progress
    ? `${progress.stage} at width ${progress.width}, residual ${figure(progress.residual)}${judged}`
    : `${progress.stage} at rank ${progress.rank}${judged}`;
}

/** How much of the run lies behind, in [0, 1]: a guess, for the bar. */
export function shareDone(progress: Progress, { task, stop }: RunSpec): number {
  const steps =
    progress.step / (stop?.iterations ?? { sense: 10_000, complete: 1000, sparse: 200_000, factor: 1000 }[task]);
  if (!('residual' in progress)) return Math.min(1, steps);
  const fall = Math.log(progress.residual) / Math.log(stop?.tolerance ?? (task === 'sparse' ? 1e-4 : 1e-9));
  return Math.min(1, Math.max(steps, fall, 0));
}

/** The document of --json. */
export function reportDocument({ finished, seconds, threads }: Computed, spec: RunSpec): Record<string, unknown> {
  const seed = seedOf(spec);
  if (finished.task === 'sense' || finished.task === 'factor') {
    const { method, width, rank, iterations, residual } = finished.result;
    const { outcome, error } = finished;
    return { outcome, method, width, rank, iterations, seconds, seed, threads, residual, error };
  }
  if (finished.task === 'sparse') {
    const { outcome, result, error } = finished;
    const { method, sparsity, iterations, residual, heldOut, settings, baseline } = result;
    const about = { outcome, method, sparsity, iterations, seconds, seed, threads, residual, heldOut };
    return { ...about, ...settings, baseline, error };
  }
  const { outcome, result, test } = finished;
  const { method, rank, iterations, heldOut } = result;
  return {
    outcome,
    method,
    rank,
    iterations,
    seconds,
    seed,
    threads,
    heldOut: heldOut && scoresDocument(heldOut),
    test: test && { ...scoresDocument(test), unseen: test.unseen },
  };
}

const scoresDocument = ({ count, rmse, mae, baselines }: Scores) => ({ count, rmse, mae, baselines });

/** 4 when the run did not converge, or predicts worse than the best baseline. The result is written all the same. */
export function exitCode(finished: Finished): number {
  if (finished.outcome !== 'converged') return EXIT.unconvincing;
  return finished.task === 'complete' && isNoBetter(finished.result.heldOut) ? EXIT.unconvincing : EXIT.fine;
}

function isNoBetter(heldOut: Scores | undefined): boolean {
  if (!heldOut) return false;
  const { globalMean, bias } = heldOut.baselines;
  return heldOut.rmse > NO_BETTER * Math.min(globalMean.rmse, bias.rmse);
}

export function reportText(made: Computed, spec: RunSpec, output?: string): string {
  const { finished, seconds, threads } = made;
  const about: [string, string][] = [
    ['seed', String(seedOf(spec))],
    ['time', `${secondsText(seconds)}, ${threads} ${plural(threads, 'thread')}`],
  ];
  about.push(['memory', `${bytesText(1024 * process.resourceUsage().maxRSS)} at most`]);
  if (output) about.push(['written', output]);
  if (finished.task === 'factor') return factorText(finished, about);
  if (finished.task === 'sparse') return sparseText(finished, about);
  return finished.task === 'sense' ? senseText(finished, about) : completeText(finished, about);
}

function senseText({ result, error, X }: SenseFinished, about: [string, string][]): string {
  const { outcome, method, rank, width, iterations, residual, heldOut, singularValues, notes } = result;
  const rows: [string, string][] = [
    ['outcome', outcome],
    ['method', method],
    ['rank', `${rank}, from factors of width ${width}`],
    ['iterations', grouped(iterations)],
    ['residual', `${figure(residual)}   ‖𝒜(X) − y‖ / ‖y‖`],
  ];
  if (heldOut !== undefined) rows.push(['held out', `${figure(heldOut)}   the same on measurements kept back`]);
  if (error) rows.push(['error', `${figure(error.relativeFrobenius)}   ‖X − truth‖_F / ‖truth‖_F`]);
  rows.push(
    ['singular values', Array.from(singularValues.slice(0, Math.min(8, rank + 2)), figure).join('  ')],
    ...about,
  );
  const said = [
    ...notes,
    'This rests on measurements that see every matrix of low rank (a restricted isometry): that is assumed, not checked.',
  ];
  return `X: ${X.rows}×${X.cols}, from its measurements\n\n${facts(rows)}\n\n${lines(said)}`;
}

function factorText({ result, error }: FactorFinished, about: [string, string][]): string {
  const { outcome, method, X, rank, width, iterations, residual, singularValues, notes } = result;
  const symmetric = X.left === X.right;
  const product = symmetric ? 'UUᵀ' : 'VWᵀ';
  const rows: [string, string][] = [
    ['outcome', outcome],
    ['method', method],
    ['rank', `${rank}, from factors of width ${width}`],
    ['iterations', grouped(iterations)],
    ['residual', `${figure(residual)}   ‖${product} − A‖_F / ‖A‖_F`],
  ];
  if (error) rows.push(['error', `${figure(error.relativeFrobenius)}   ‖${product} − truth‖_F / ‖truth‖_F`]);
  rows.push(['singular values', Array.from(singularValues.slice(0, 8), figure).join('  ')], ...about);
  const shapes = symmetric ? `U: ${X.left.rows}×${width}` : `V: ${X.left.rows}×${width}, W: ${X.right.rows}×${width}`;
  return `A = ${product}, ${shapes}\n\n${facts(rows)}\n${notes.length > 0 ? `\n${lines(notes)}` : ''}`;
}

function sparseText({ result, error }: SparseFinished, about: [string, string][]): string {
  const { outcome, method, x, sparsity, iterations, residual, heldOut, norm, settings, baseline, notes } = result;
  const used = Object.entries(settings).map(([name, value]) => `${name} ${figure(value)}`);
  const rows: [string, string][] = [
    ['outcome', outcome],
    ['method', method],
    ['with', used.join(', ') || 'nothing to choose'],
    ['entries', `${grouped(sparsity)} of ${grouped(x.length)} above a thousandth of the largest`],
    ['‖x‖₁', figure(norm)],
    ['iterations', grouped(iterations)],
    ['residual', `${figure(residual)}   ‖A x − y‖ / ‖y‖`],
  ];
  if (heldOut !== undefined) rows.push(['held out', `${figure(heldOut)}   the same on measurements kept back`]);
  if (error) rows.push(['error', `${figure(error.relative)}   ‖x − truth‖ / ‖truth‖`]);
  if (baseline) {
    const judged = baseline.heldOut === undefined ? '' : `, held out ${figure(baseline.heldOut)}`;
    rows.push([
      'lasso',
      `${grouped(baseline.sparsity)} ${plural(baseline.sparsity, 'entry', 'entries')}, ‖x‖₁ ${figure(baseline.norm)}${judged}`,
    ]);
  }
  rows.push(...about);
  const said = [
    ...notes,
    'This rests on an x of few large entries, and on columns of A that differ: assumed, not checked.',
  ];
  return `x: ${x.length} ${plural(x.length, 'number')}, from their measurements\n\n${facts(rows)}\n\n${lines(said)}`;
}

function completeText({ result, test }: CompleteFinished, about: [string, string][]): string {
  const said = [result.fit.report().trimEnd()];
  if (test) said.push(testText(test));
  if (isNoBetter(result.heldOut)) said.push('The fit predicts worse than a baseline: use the baseline.');
  said.push(
    'This rests on ratings that are missing at random, and on few directions beside the biases: assumed, not checked.',
  );
  return `${said.join('\n')}\n\n${facts(about)}\n`;
}

function testText({ count, unseen, rmse, mae, baselines }: Scores): string {
  const some = unseen > 0 ? `, ${grouped(unseen)} of them of users or items never seen (the biases answer those)` : '';
  const rows = [
    ['', 'RMSE', 'MAE'],
    ...(
      [
        ['this fit', { rmse, mae }],
        ['user + item biases', baselines.bias],
        ['global mean', baselines.globalMean],
      ] as const
    ).map(([name, errors]) => [name, errors.rmse.toFixed(4), errors.mae.toFixed(4)]),
  ];
  return `Error on ${grouped(count)} ${plural(count, 'rating')} of the test${some}:\n${table(rows)}`;
}

const lines = (said: readonly string[]): string => said.map((line) => `  ${line}\n`).join('');
