// The statistics of the claims, and the checks that claims and controls share.

import { log } from 'lorank';
import type { Row, Tables } from '../paper.js';
import { exponent, grouped, largest, median, numbers, slope, smallest, where } from '../statistics.js';
import { STEP } from './presets.js';

export const two = (value: number): string => (Math.abs(value) < 0.01 ? value.toExponential(1) : value.toFixed(2));

/** One number for each seed. */
export const perSeed = (rows: readonly Row[], statistic: (rows: readonly Row[]) => number): number[] =>
  grouped(rows, 'seed').map(statistic);

export const worstIdentity = (tables: Tables, names: readonly string[]): number =>
  largest(names.flatMap((name) => numbers(tables.identities, name)));

export const driftExponents = (tables: Tables, steps: 'equal' | 'unequal'): number[] =>
  perSeed(where(tables.drift, { steps }), (rows) => {
    const byStep = grouped(rows, 'stepSize');
    return exponent(
      byStep.map((runs) => Number(runs[0].stepSize)),
      byStep.map((runs) => largest(numbers(runs, 'drift'))),
    );
  });
export const isLinear = (exponents: readonly number[]) => Math.abs(median(exponents) - 1) <= 0.15;

/** ‖L₋ᵀZ‖/σ_min(L₊ᵀZ) of each seed. */
export const ratios = (tables: Tables, t: number): number[] =>
  where(tables.coupling, { t }).map((row) => Number(row.antiSignal) / Number(row.signal));
export const isCoupled = (values: readonly number[]) => median(values) <= 0.045 && largest(values) <= 0.08;

export const floorsAt = (tables: Tables, alpha: number): number[] => numbers(where(tables.sweep, { alpha }), 'te');
export const isRecovered = (te: readonly number[]) => median(te) <= 3e-4 && largest(te) <= 6e-4;

/** Median hit time over ln(1/α)/ln(1+μ/κᵖ), for each κ. */
export const hitRatios = (tables: Tables, power: number): number[] =>
  grouped(tables.condition, 'condition').map((rows) => {
    const condition = Number(rows[0].condition);
    return (
      median(numbers(rows, 'hit')) / (log(1e6) / log(1 + STEP / (power === 2 ? condition * condition : condition)))
    );
  });
export const isWithin = (share: number, ratios: readonly number[]) =>
  ratios.every((ratio) => Math.abs(ratio - 1) <= share);

/** Iterations for each decade of α over what ln10/ln(1+μσ_r(𝒜*𝒜X)) says, of each seed. */
export const decades = (tables: Tables, sigma: (row: Row) => number): number[] =>
  perSeed(
    tables.sweep.filter((row) => Number(row.alpha) <= 1e-3),
    (rows) => {
      const found = slope(
        numbers(rows, 'alpha').map((alpha) => -log(alpha) / log(10)),
        numbers(rows, 'hit'),
      );
      return found / (log(10) / log(1 + STEP * sigma(rows[0])));
    },
  );

/** Floor exponent less 2(1−ρ), or less another prediction, of each m and seed. */
export const floorMisses = (tables: Tables, predicted: (row: Row) => number): number[] =>
  grouped(tables.floors, 'factor').flatMap((rows) =>
    perSeed(rows, (runs) => exponent(numbers(runs, 'alpha'), numbers(runs, 'te')) - predicted(runs[0])),
  );
export const floorExponents = (tables: Tables): number[] =>
  grouped(tables.floors, 'factor').map((rows) =>
    median(perSeed(rows, (runs) => exponent(numbers(runs, 'alpha'), numbers(runs, 'te')))),
  );

/** The rows of one normalisation, by width; from a width on. */
const widthsOf = (tables: Tables, norm: 'unit' | 'perSqrtK', from: number): Row[][] =>
  grouped(where(tables.widths, { norm }), 'width').filter((rows) => Number(rows[0].width) >= from);
/** From k = 16 on, medians over seeds: how far hit times spread, and the largest floor over the smallest. */
export function spreads(tables: Tables, norm: 'unit' | 'perSqrtK'): { hits: number; floors: number } {
  const wide = widthsOf(tables, norm, 16).flat();
  return {
    hits: median(perSeed(wide, (rows) => largest(numbers(rows, 'hit')) - smallest(numbers(rows, 'hit')))),
    floors: median(perSeed(wide, (rows) => largest(numbers(rows, 'te')) / smallest(numbers(rows, 'te')))),
  };
}
export const isFlat = ({ hits, floors }: { hits: number; floors: number }) => hits <= 2 && floors <= 2;

/** Median over seeds of the iterations won from the narrowest width ≥ `from` to the widest. */
export const narrowToWide = (tables: Tables, norm: 'unit' | 'perSqrtK', from: number): number => {
  const wide = widthsOf(tables, norm, from);
  return median(wide[0].map((row, i) => Number(row.hit) - Number(wide[wide.length - 1][i].hit)));
};

/**
 * How the width acts under one normalisation, as medians over seeds. At the widest, against the other normalisation: iterations
 * won, over what √k in place of α says, and floor over floor. From k = 4 to the widest: iterations won.
 */
export function widening(tables: Tables, norm: 'unit' | 'perSqrtK'): { law: number; raised: number; won: number } {
  const [widest, other] = [norm, norm === 'unit' ? 'perSqrtK' : 'unit'].map(
    (name) => widthsOf(tables, name as typeof norm, 3).at(-1)!,
  );
  const ratios = widest.map((row, i) => {
    const predicted = log(Number(row.width)) / 2 / log(1 + STEP * Number(row.seen));
    return (Number(other[i].hit) - Number(row.hit)) / predicted;
  });
  return {
    law: median(ratios),
    raised: median(widest.map((row, i) => Number(row.te) / Number(other[i].te))),
    won: narrowToWide(tables, norm, 3),
  };
}
export const isByRoot = ({ law, raised, won }: ReturnType<typeof widening>) =>
  Math.abs(law - 1) <= 0.1 && raised >= 5 && won >= 4;

export const lateOf = (tables: Tables, kind: string, alpha: number): Row[] => where(tables.late, { kind, alpha });
