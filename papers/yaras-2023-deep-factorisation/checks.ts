// The statistics of the claims, and the checks that claims and controls share.

import type { Row, Size, Tables } from '../paper.js';
import { grouped, largest, median, numbers, smallest, where } from '../statistics.js';

export const perSeed = (rows: readonly Row[], statistic: (rows: readonly Row[]) => number): number[] =>
  grouped(rows, 'seed').map(statistic);

/** The number in a column of the one row that holds these values. */
const only = (rows: readonly Row[], values: Row, key: string): number => Number(where(rows, values)[0]?.[key]);

export const settingsOf = (tables: Tables, names: readonly string[], key: string): number[] =>
  names.flatMap((setting) => numbers(where(tables.subspace, { setting }), key));
export const TWO = ['L = 3', 'L = 3 with decay'];
export const OTHERS = ['L = 2', 'L = 4', 'L = 5'];

/** ρ(50) as the recursion has it, without decay and with 0.01. */
export const RHO = [0.95096, 0.59092];
export const isInvariant = (deviations: readonly number[]): boolean => largest(deviations) < 1e-12;
export const isBroken = (deviations: readonly number[], equal: readonly number[]): boolean =>
  smallest(deviations) > 0.1 && largest(equal) <= 1;

/** What ended a run: rows of t = −1 hold its hit and its error. */
const ends = (rows: readonly Row[]): Row[] => where(rows, { t: -1 });

export const distances = (tables: Tables, run: string): number[] =>
  numbers(where(ends(tables.known), { run }), 'distance');
/** Hits less those of the whole chain. */
export const lag = (tables: Tables, run: string): number[] =>
  perSeed(ends(tables.known), (rows) => only(rows, { run }, 'hit') - only(rows, { run: 'whole' }, 'hit'));
export const isExact = (distance: readonly number[], later: readonly number[]): boolean =>
  largest(distance) <= 1.01 && largest(later.map(Math.abs)) === 0;

export const errorsOf = (tables: Tables, run: string): number[] =>
  numbers(where(ends(tables.entries), { run }), 'error');
export const isStuck = (errors: readonly number[]): boolean => smallest(errors) > 0.1;
export const isRecovered = (errors: readonly number[]): boolean => largest(errors) < 1e-4;

/** Iterations of a run over those of a random chain of the same width. */
export const overRandom = (tables: Tables, table: 'known' | 'entries', run: string): number[] =>
  perSeed(ends(tables[table]), (rows) => only(rows, { run }, 'hit') / only(rows, { run: 'random' }, 'hit'));
export const isFaster = (ratios: readonly number[]): boolean => median(ratios) <= 0.7;

/** Most over fewest iterations over all r̂, less 1. */
export const spreads = (tables: Tables, run: string): number[] =>
  perSeed(where(tables.over, { run }), (rows) => largest(numbers(rows, 'hit')) / smallest(numbers(rows, 'hit')) - 1);
export const isFlat = (spread: readonly number[]): boolean => largest(spread) <= 0.15;

/** Error of one chain over that of the widest with L = 3. */
export const depthGains = (tables: Tables, { depth, narrow }: { depth: number; narrow: boolean }): number[] =>
  perSeed(ends(tables.depth), (rows) => {
    const widths = numbers(rows, 'width');
    const [few, many] = [smallest(widths), largest(widths)];
    const error = only(rows, { depth, width: narrow ? few : many }, 'error');
    return error / only(rows, { depth: 3, width: many }, 'error');
  });
export const isDeeper = (gains: readonly number[]): boolean => smallest(gains) >= 100;

/**
 * Median iterations by width, narrowest first: of chains with L = 3, or of compressed ones. A run that did not get there is
 * the longest.
 */
export const hitsByWidth = (tables: Tables, of: 'deep' | 'compressed'): number[] => {
  const rows = of === 'deep' ? where(ends(tables.depth), { depth: 3 }) : where(tables.over, { run: 'compressed' });
  return grouped(rows, of === 'deep' ? 'width' : 'half').map((runs) =>
    median(numbers(runs, 'hit').map((hit) => (Number.isNaN(hit) ? Number.POSITIVE_INFINITY : hit))),
  );
};
/** The first over the last; NaN unless they fall. */
export const gain = (hits: readonly number[]): number =>
  hits.every((hit, i) => i === 0 || hit < hits[i - 1]) ? hits[0] / hits[hits.length - 1] : Number.NaN;
export const isWiderFaster = (found: number): boolean => found >= 1.8;

export const FASTER = ['whole', 'α = 1', 'α = 2', 'α = 5'];
/** In the order of FASTER. Quick: all but the first over the first. */
export const BANDS: Readonly<Record<Size, readonly (readonly [low: number, high: number])[]>> = {
  full: [
    [6500, 10_500],
    [5500, 8500],
    [3400, 5300],
    [1800, 2800],
  ],
  quick: [
    [2500, 6500],
    [0.75, 1],
    [0.45, 0.65],
    [0.22, 0.36],
  ],
};
/** Of each seed; for a quick run of C-DLN, over those of the whole chain. */
export const iterations = (tables: Tables, size: Size, run: string): number[] =>
  perSeed(
    ends(tables.faster),
    (rows) =>
      only(rows, { run }, 'hit') / (size === 'quick' && run !== 'whole' ? only(rows, { run: 'whole' }, 'hit') : 1),
  );
export const inside = (values: readonly number[], [low, high]: readonly [number, number]): boolean =>
  smallest(values) >= low && largest(values) <= high;

export const shares = (tables: Tables, run: 'compressed' | 'blind'): number[] =>
  numbers(where(tables.pointwise, { kind: 'share' }), run);
