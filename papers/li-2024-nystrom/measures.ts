// The statistics of the claims, and what is in the band: a control hands a broken experiment to the same ones.

import type { Row, Tables } from '../paper.js';
import { grouped, largest, median, numbers, smallest, where } from '../statistics.js';
import { CONDITIONS, NOISES, RANK } from './presets.js';

export const atCondition = (rows: readonly Row[], condition: number, key: string): number[] =>
  numbers(where(rows, { condition }), key);
export const upTo = (rows: readonly Row[], most: number): Row[] =>
  rows.filter(({ condition }) => Number(condition) <= most);
export const text = (values: readonly (number | string)[]): string => values.join(' / ');
export const short = (value: number): string => value.toExponential(1);

export const medians = (rows: readonly Row[], key: string): number[] =>
  CONDITIONS.map((condition) => median(atCondition(rows, condition, key)));
export const isFast = (its: readonly number[]) => its.every((t, i) => t <= [10, 11, 13, 15][i]);

export const perturbedIts = (tables: Tables, kind: string): number[] =>
  NOISES.map((noise) => median(numbers(where(tables.perturbed, { kind, noise }), 'its')));
export const isSlowed = (its: readonly number[]) => its.every((t, i) => Math.abs(t - [36, 29, 19][i]) <= 2);
export const isHalf = (rates: readonly number[]) =>
  rates.length > 0 && rates.every((rate) => Math.abs(rate - 0.5) <= 1e-3);

/** The largest distance of tail rates from a prediction, η = ½ (which has no rate) and its neighbours left out. */
export const rateMiss = (tables: Tables, predicted: (eta: number) => number): number =>
  largest(
    tables.rates
      .filter(({ stepSize }) => Math.abs(Number(stepSize) - 0.5) > 0.06)
      .map(({ stepSize, rate }) => Math.abs(Number(rate) - predicted(Number(stepSize)))),
  );

/** Median iterations of each, over κ = 10 and 100 and the two small random starts. */
export const speedUps = (tables: Tables, key: 'its' | 'itsSlower'): number[] =>
  [10, 100].flatMap((condition) =>
    [1e-3, 1e-6].map(
      (noise) =>
        median(atCondition(tables.exact, condition, key)) /
        median(numbers(where(tables.perturbed, { kind: 'random', condition, noise }), 'its')),
    ),
  );

export const gdRatios = (tables: Tables, against: 'nystrom' | 'gd'): number[] =>
  [10, 100].map((condition) =>
    smallest(where(tables.plain, { condition }).map((row) => Number(row.gd) / Number(row[against]))),
  );
export const isFarSlower = ([ten, hundred]: readonly number[]) => ten >= 20 && hundred >= 100;

export const angleMiss = (tables: Tables, key: 'predicted' | 'power'): number =>
  largest(where(tables.narrow, { condition: 10 }).map((row) => Math.abs(Number(row.rate) - Number(row[key]))));

export const LAW = [0.5, 0.125, 3.4722e-3, 3.0037e-6, 2.2555e-12];
/** How far errors are from the law, in parts of its band (0.1 %, at t = 5 2 %), and the largest one after it. */
export function lawMiss(tables: Tables, key: 'error' | 'alternating'): { miss: number; after: number } {
  const miss = tables.law
    .filter(({ t }) => Number(t) <= 5)
    .map((row) => Math.abs(Number(row[key]) / LAW[Number(row.t) - 1] - 1) / (row.t === 5 ? 0.02 : 1e-3));
  return {
    miss: largest(miss),
    after: largest(
      numbers(
        tables.law.filter(({ t }) => Number(t) >= 6),
        key,
      ),
    ),
  };
}
export const followsLaw = ({ miss, after }: { miss: number; after: number }) => miss <= 1 && after <= 1e-13;

/** The largest |ratio/predicted − 1| of the excess from one sweep to the next, late and above 10⁻¹⁰. */
export const sweepMiss = (tables: Tables, predicted: (row: Row) => number): number =>
  largest(
    grouped(tables.sweeps, 'seed').flatMap((seeds) =>
      grouped(seeds, 'condition').flatMap((rows) => {
        const from = rows[0].condition === 10 ? 25 : 12;
        return rows
          .slice(from + 1)
          .filter((row) => Number(row.excess) > 1e-10)
          .map((row, i) => Math.abs(Number(row.excess) / Number(rows[from + i].excess) / predicted(row) - 1));
      }),
    ),
  );

export const oneStepErrors = (tables: Tables, key: 'error' | 'gram') => ({
  exact: largest(numbers(where(tables.oneStep, { width: RANK }), key)),
  wide: largest(numbers(upTo(where(tables.oneStep, { width: 2 * RANK }), 1e3), key)),
});
export const isOneStep = ({ exact, wide }: { exact: number; wide: number }) => exact <= 1e-11 && wide <= 1e-10;

/** The largest over the smallest number of iterations over κ on one mask, less 1. */
export const spreadOf = (tables: Tables, key: 'scaled' | 'gd'): number =>
  largest(
    grouped(tables.completion, 'seed').map((rows) => {
      const its = numbers(rows, key).filter((t) => !Number.isNaN(t));
      return largest(its) / smallest(its) - 1;
    }),
  );

/** Median steps, Nyström with ξ less random with another ξ, at κ = 10 and 100. */
export function tinyAgainst(tables: Tables, scale: number, noise: number): number[] {
  return [10, 100].map(
    (condition) =>
      median(numbers(where(tables.scales, { condition, scale }), 'its')) -
      median(numbers(where(tables.perturbed, { kind: 'random', condition, noise }), 'its')),
  );
}

/** The largest difference of steps between the two κ of one start; NaN where one did not converge. */
export const conditionGap = (starts: readonly (readonly Row[])[], key: 'simultaneous' | 'gd'): number =>
  largest(
    starts.map((rows) => {
      const [low, high] = numbers(rows, key);
      return Math.abs(low - high);
    }),
  );

/** The largest number of steps beyond what the singular values of the start predict at most. */
export const overBound = (rows: readonly Row[]): number =>
  largest(rows.map(({ its, bound }) => Number(its) - Number(bound)));
