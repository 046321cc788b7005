// The statistics of the study, and what is in a band. The learning rate of a run is the one that is best by the final loss of the
// other runs of its method, so that no run chooses for itself.

import type { Row, Tables } from '../paper.js';
import { grouped, type Interval, interval, largest, numbers, smallest, where } from '../statistics.js';
import { METHODS, type MethodId, type Part } from './presets.js';
import { at } from './runs.js';

/** Decimals of a loss as it is shown. */
const DIGITS = 4;

/** Runs of a method by learning rate, ascending. */
const byRate = ({ runs }: Tables, part: Part, method: MethodId): Row[][] =>
  grouped(where(runs, { part, method }), 'rate').sort(([a], [b]) => Number(a.rate) - Number(b.rate));

const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

/** The number of the least; a run that diverged makes its rate the worst. */
const leastOf = (values: readonly number[]): number => {
  const finite = values.map((x) => (Number.isNaN(x) ? Infinity : x));
  return finite.indexOf(smallest(finite));
};

/** The rows of a method, one a run, each at the learning rate that the others choose. */
export function chosen(tables: Tables, part: Part, method: MethodId): Row[] {
  const rates = byRate(tables, part, method);
  return rates[0].map(({ run }) => {
    const others = rates.map((rows) =>
      mean(
        numbers(
          rows.filter((row) => row.run !== run),
          at(100),
        ),
      ),
    );
    return rates[leastOf(others)].find((row) => row.run === run)!;
  });
}

/** Final loss by learning rate, and which is best by all runs. */
export function rateCurve(tables: Tables, part: Part, method: MethodId) {
  const rates = byRate(tables, part, method);
  const losses = rates.map((rows) => mean(numbers(rows, at(100))));
  return { rates: rates.map(([{ rate }]) => Number(rate)), losses, best: leastOf(losses) };
}

/** Methods whose best learning rate is the first or the last of its grid. from: leaves out the rates below the best, and how many more. */
export const onEdge = (tables: Tables, part: Part, methods: readonly MethodId[], from?: 'best'): MethodId[] =>
  methods.filter((method) => {
    const { losses, best } = rateCurve(tables, part, method);
    return best === (from === 'best' ? best : 0) || best === losses.length - 1;
  });

export const lossAt = (rows: readonly Row[], percent: number): Interval => interval(numbers(rows, at(percent)));

/** The rows of a method at its lowest learning rate. */
export const slowest = (tables: Tables, part: Part, method: MethodId): Row[] => byRate(tables, part, method)[0];

export const intervalText = ({ mean: m, half }: Interval): string => `${m.toFixed(DIGITS)} ± ${half.toFixed(DIGITS)}`;

/** Two ways to train, run by run on the same batches, after 10 % and 100 % of the steps. */
export interface Compared {
  readonly percent: number;
  readonly one: Interval;
  readonly other: Interval;
  /** One less other, run by run. */
  readonly difference: Interval;
  /** What their intervals say: lower, higher, or no separation. */
  readonly found: 'lower' | 'higher' | 'none';
  /** The larger half width, in parts of the loss: what the runs do not resolve. */
  readonly width: number;
}

/** Half widths, in parts of the loss, up to which 'none' is plain, and beyond which nothing can be told. */
export const NARROW = 0.02;
export const WIDE = 0.1;

export const compared = (one: readonly Row[], other: readonly Row[]): Compared[] =>
  [10, 100].map((percent) => {
    const [a, b] = [lossAt(one, percent), lossAt(other, percent)];
    const differences = numbers(one, at(percent)).map((loss, i) => loss - Number(other[i][at(percent)]));
    const apart = Math.abs(a.mean - b.mean) > a.half + b.half;
    return {
      percent,
      one: a,
      other: b,
      difference: interval(differences),
      found: !apart ? 'none' : a.mean < b.mean ? 'lower' : 'higher',
      width: largest([a, b].map(({ mean: m, half }) => half / m)),
    };
  });

/** Whether intervals overlap, after 10 % and after 100 %. NaN overlaps with nothing. */
export const overlap = (found: readonly Compared[]): boolean =>
  found.every((one) => one.found === 'none' && one.width < Infinity);

export const nameOf = (method: MethodId): string => METHODS[method].name;

/** Of the base and of a model that was not trained: own loss over the untrained one's, and shifted over own. */
export function domainRatios({ domains }: Tables, model: 'base' | 'untrained') {
  const [untrained] = [where(domains, { model: 'untrained' })];
  const rows = where(domains, { model });
  return {
    learned: largest(rows.map((row, i) => Number(row.own) / Number(untrained[i].own))),
    shift: smallest(rows.map((row) => Number(row.shifted) / Number(row.own))),
  };
}
export const isShifted = ({ learned, shift }: ReturnType<typeof domainRatios>) => learned <= 0.6 && shift >= 1.1;

/** Starts that leave the base alone. */
export const PLAIN = ['lora', 'lora-p', 'nystrom', 'nystrom-p', 'nystrom-r'] as const satisfies readonly MethodId[];
export const MOVED = ['pissa', 'olora'] as const satisfies readonly MethodId[];

const of = ({ effects }: Tables, methods: readonly MethodId[]): Row[] =>
  effects.filter(({ method }) => methods.includes(method as MethodId));

/** The largest |one column/another − 1|. */
export const relativeGap = (tables: Tables, methods: readonly MethodId[], one: string, other: string): number =>
  largest(of(tables, methods).map((row) => Math.abs(Number(row[one]) / Number(row[other]) - 1)));

export const allSame = (tables: Tables, methods: readonly MethodId[]): boolean =>
  of(tables, methods).every((row) => row.same === true && row.alone === row.before);

/** By how much the upper end of the interval at a share of the steps is below the loss at the start, in parts of it. */
export const gain = (rows: readonly Row[], percent: number): number => {
  const { mean: m, half } = lossAt(rows, percent);
  return 1 - (m + half) / Number(rows[0][at(0)]);
};
