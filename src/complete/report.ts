// The report of a completion, for people: what was given, how well held-out ratings are predicted beside plain baselines,
// why this rank, and what else should be known.

import { plural } from '../errors.js';
import type { CompleteResult } from './complete.js';
import type { Ratings } from './ratings.js';
import type { Errors } from './scores.js';

const short = (x: number): string => String(Number(x.toPrecision(4)));

export function describe(ratings: Ratings, result: Omit<CompleteResult, 'fit' | 'baseline'>): string {
  const { entries } = ratings;
  const { rows, cols, values } = entries;
  const { heldOut, rank, method, outcome, iterations, path, notes } = result;
  const lines = [
    `${values.length} ${plural(values.length, 'rating')} of ${cols} ${plural(cols, 'item')} by ${rows} ${plural(rows, 'user')}, ${short((100 * values.length) / rows / cols)} % of all pairs.`,
    `Method ${method}, rank ${rank}: ${outcome} after ${iterations} ${plural(iterations, 'iteration')}.`,
  ];
  if (heldOut) {
    const row = (name: string, { rmse, mae }: Errors) => `  ${name.padEnd(22)}${short(rmse).padEnd(10)}${short(mae)}`;
    lines.push(
      `Error on ${heldOut.count} ${plural(heldOut.count, 'rating')} kept back${heldOut.unseen ? `, ${heldOut.unseen} of them of unseen ids` : ''}:`,
      `  ${''.padEnd(22)}${'RMSE'.padEnd(10)}MAE`,
      row('this fit', heldOut),
      row('user + item biases', heldOut.baselines.bias),
      row('global mean', heldOut.baselines.globalMean),
    );
  } else lines.push('No rating was kept back: how well the fit predicts is not known.');
  if (path.length > 1) {
    const tried = path.map(({ rank, rmse }) => `${rank}: ${short(rmse)}`).join(', ');
    lines.push(`Held-out RMSE by rank: ${tried}.`);
  }
  if (heldOut && rank > 0 && heldOut.rmse > 0.99 * heldOut.baselines.bias.rmse)
    lines.push('Warning: the factors add less than 1 % to the biases; they may not be worth having.');
  return [...lines, ...notes].join('\n');
}
