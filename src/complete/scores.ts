// How well ratings are predicted: RMSE and MAE of a fit, beside those of two plain baselines on the same ratings.

import type { Biases } from './fit.js';
import type { TripleBlock } from './ratings.js';

export interface Errors {
  readonly rmse: number;
  readonly mae: number;
}

/** How well ratings are predicted, beside two plain baselines on the same ratings. */
export interface Scores extends Errors {
  readonly count: number;
  /** Pairs whose user or item the fit has never seen; they are counted in all numbers. */
  readonly unseen: number;
  readonly baselines: { readonly globalMean: Errors; readonly bias: Errors };
}

/** Predictions for pairs of indices; −1 and indices beyond the fit's are unseen. */
export type Predict = (row: number, col: number) => number;

/** μ + b_i + c_j; unknown biases are 0. */
export const biasPredict =
  ({ globalMean, rowBias, colBias }: Biases): Predict =>
  (i, j) =>
    globalMean + (rowBias[i] ?? 0) + (colBias[j] ?? 0);

/** Adds up errors over blocks of ratings. */
export function judge(predict: Predict, baseline: Biases) {
  const bias = biasPredict(baseline);
  const sums = new Float64Array(6);
  let count = 0;
  let unseen = 0;
  const mean = (of: number): Errors => ({ rmse: Math.sqrt(sums[2 * of] / count), mae: sums[2 * of + 1] / count });
  return {
    add(block: TripleBlock): void {
      for (let t = 0; t < block.count; t++) {
        const i = block.rows[t];
        const j = block.cols[t];
        const x = block.values[t];
        if (!(i >= 0 && i < baseline.rowBias.length && j >= 0 && j < baseline.colBias.length)) unseen++;
        const off = [predict(i, j) - x, baseline.globalMean - x, bias(i, j) - x];
        for (let o = 0; o < 3; o++) {
          sums[2 * o] += off[o] * off[o];
          sums[2 * o + 1] += Math.abs(off[o]);
        }
      }
      count += block.count;
    },
    /** Undefined where no rating was added. */
    scores(): Scores | undefined {
      if (count === 0) return undefined;
      return { count, unseen, ...mean(0), baselines: { globalMean: mean(1), bias: mean(2) } };
    },
  };
}

/** Root mean square error on a block; NaN where it is empty. */
export function rmseOf({ rows, cols, values, count }: TripleBlock, predict: Predict): number {
  let sum = 0;
  for (let t = 0; t < count; t++) {
    const off = predict(rows[t], cols[t]) - values[t];
    sum += off * off;
  }
  return Math.sqrt(sum / count);
}

/** The scores of one block. */
export function scoresOf(block: TripleBlock, predict: Predict, baseline: Biases): Scores | undefined {
  const judged = judge(predict, baseline);
  judged.add(block);
  return judged.scores();
}
