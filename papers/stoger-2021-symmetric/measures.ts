// Statistics on the rows: what claims, controls and figures share.

import { log, pow } from 'lorank';
import type { Row, Tables } from '../paper.js';
import { exponent, grouped, largest, median, numbers, slope, smallest, where } from '../statistics.js';
import { STEP } from './presets.js';

/** One number for each seed. */
export const perSeed = (rows: readonly Row[], statistic: (rows: readonly Row[]) => number): number[] =>
  grouped(rows, 'seed').map(statistic);

export const flat = (tables: Tables): Row[] => where(tables.phases, { condition: 1 });
export const curved = (tables: Tables): Row[] => where(tables.phases, { condition: 2 });

/** The smallest factor by which a decade of α lowers the floor, over seeds and decades. */
export const leastFall = (rows: readonly Row[]): number =>
  smallest(
    grouped(rows, 'seed').flatMap((runs) =>
      runs.slice(1).map((row, i) => {
        const decades = log(Number(runs[i].alpha) / Number(row.alpha)) / log(10);
        return pow(Number(runs[i].te) / Number(row.te), 1 / decades);
      }),
    ),
  );

/** Floor exponents of each seed for one m. */
export const exponentsAt = (rows: readonly Row[]): number[] =>
  perSeed(rows, (runs) => exponent(numbers(runs, 'alpha'), numbers(runs, 'te')));

/** Exponent less the prediction, for each finite m and seed. */
export const floorMisses = (tables: Tables, predicted: (row: Row) => number): number[] =>
  grouped(finite(tables.floors), 'factor').flatMap((rows) =>
    perSeed(rows, (runs) => exponent(numbers(runs, 'alpha'), numbers(runs, 'te')) - predicted(runs[0])),
  );

/** The rows of measurements; those of 𝒜 = I have no finite factor. */
export const finite = (rows: readonly Row[]): Row[] => rows.filter(({ factor }) => Number.isFinite(Number(factor)));

/** Steps for a decade of α over ln 10/ln(1 + μλ), of each seed. */
export const decades = (rows: readonly Row[], lambda: (row: Row) => number): number[] =>
  perSeed(rows, (runs) => {
    const found = slope(
      numbers(runs, 'alpha').map((alpha) => -log(alpha) / log(10)),
      numbers(runs, 'hit'),
    );
    return found / (log(10) / log(1 + STEP * lambda(runs[0])));
  });

/** How far t varies over α, of each seed. */
export const spreads = (rows: readonly Row[], key: string): number[] =>
  perSeed(rows, (runs) => largest(numbers(runs, key)) - smallest(numbers(runs, key)));

/** ‖U_t − Ũ_t‖/‖Ũ_t‖ at t = 20 between neighbouring α, over (α ratio)^power: furthest from 1. */
export function shadowRatios(rows: readonly Row[], power: number): number {
  const found = grouped(rows, 'seed').flatMap((runs) =>
    runs.slice(1).map((row, i) => {
      const ratio = Number(runs[i].alpha) / Number(row.alpha);
      return Number(runs[i].shadowAt20) / Number(row.shadowAt20) / pow(ratio, power);
    }),
  );
  return furthest(found);
}

/** The number furthest from 1; NaN where one is NaN, or there is none. */
export const furthest = (values: readonly number[]): number =>
  values.length === 0 || values.some(Number.isNaN)
    ? Number.NaN
    : values.reduce((a, b) => (Math.abs(b - 1) > Math.abs(a - 1) ? b : a), 1);

/** The exponent in m of the median of a column. */
export function powerOfM(tables: Tables, key: string): number {
  const rows = grouped(tables.spectra, 'factor');
  return exponent(
    rows.map((runs) => Number(runs[0].factor)),
    rows.map((runs) => median(numbers(runs, key))),
  );
}

/** Median hit time over ln(1/α)/ln(1 + μ/κᵖ), for each κ ≥ 1.5. */
export const hitRatios = (tables: Tables, power: number): number[] =>
  grouped(tables.condition, 'condition')
    .filter((rows) => Number(rows[0].condition) >= 1.5)
    .map((rows) => {
      const scale = pow(Number(rows[0].condition), power);
      return median(numbers(rows, 'hit')) / (log(1e6) / log(1 + STEP / scale));
    });

export const isWithin = (share: number, ratios: readonly number[]): boolean =>
  ratios.length > 0 && ratios.every((ratio) => Math.abs(ratio - 1) <= share);

export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
export function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, v) => sum + (v - middle) * (v - middle), 0) / (values.length - 1));
}

/** The columns of hit times by width, ascending: k = r, k = 2r, k = n. */
export const widthTimes = (tables: Tables): number[][] =>
  grouped(tables.widths, 'width').map((rows) => numbers(rows, 'hit'));

/** Median over seeds of (median te on the steps of a stretch)/(error of the best approximation of that rank) − 1. */
export const plateauOff = (rows: readonly Row[], [from, to]: readonly [number, number], best: number): number[] =>
  perSeed(
    rows.filter(({ t }) => Number(t) >= from && Number(t) <= to),
    (runs) => median(numbers(runs, 'te')) / best - 1,
  );

/** Log-log slope of te over t in a stretch, of each seed. */
export const lateSlopes = (rows: readonly Row[], [from, to]: readonly [number, number]): number[] =>
  (rows.some(({ seed }) => seed !== undefined) ? grouped(rows, 'seed') : [rows]).map((runs) => {
    const kept = runs.filter(({ t }) => Number(t) >= from && Number(t) <= to);
    return exponent(numbers(kept, 't'), numbers(kept, 'te'));
  });

/** Median steps to 1e-5 at κ = 4 over those at κ = 1. */
export const costOfCondition = (tables: Tables, method: string): number => {
  const at = (condition: number) => median(numbers(where(tables.race, { method, condition }), 'hit'));
  return at(4) / at(1);
};
