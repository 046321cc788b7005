// What a reproduction is: a grid of cells that compute rows, claims that are judged on the rows alone, and figures drawn from
// the rows alone. So a claim can be judged again without computing, and a figure is the same function in test, report and lab.

import type { Kernels } from 'lorank';

/** quick: every claim, at sizes that fit a minute on two cores (minutes, for a paper that is `long`). full: the sizes of the paper or its reference runs. */
export type Size = 'quick' | 'full';

/** One measurement: plain numbers and labels, a line of a CSV file. Rows of one table have the same keys. */
export type Row = Readonly<Record<string, number | string | boolean>>;

/** Work that yields now and then, so that it can be interrupted. Asynchronous only where a format of files is. */
export type Work<T> = Generator<undefined, T, undefined> | AsyncGenerator<undefined, T, undefined>;

/** What cells start from, such as a model that was trained for them: computed once, before the cells, and kept with them. */
export interface Base {
  /** As a cell's, and of no cell. */
  readonly id: string;
  /** Returns bytes. K is its own, and ends with it. */
  run(K: Kernels): Work<Uint8Array>;
}

/** The bytes of every base, by id. */
export type Bases = ReadonlyMap<string, Uint8Array>;

/** One point of the grid. It computes alone, from its own seeds, so that cells run in any order, on any thread, and are kept. */
export interface Cell {
  /** Unique in the paper; letters, digits, '-', '=', '.', ',' only: it names a file. */
  readonly id: string;
  /** The table that its rows belong to. */
  readonly table: string;
  /** Returns its rows. K is its own, and ends with it. */
  run(K: Kernels, bases: Bases): Work<Row[]>;
}

/** The rows of all cells, by table. */
export type Tables = Readonly<Record<string, readonly Row[]>>;

/**
 * supported: the statistic is in its band. supported-in-range: on part of the grid, which the note names, or where the band
 * proved wrong and the note shows why. not-testable: the statement rests on constants or assumptions that nobody can check, or on
 * weights that are not installed.
 * contradicted: out of its band, and unexplained.
 */
export type Status = 'supported' | 'supported-in-range' | 'not-testable' | 'contradicted';

export interface Verdict {
  /** The statistic as measured, in words or as a number. */
  readonly value: number | string;
  readonly status: Status;
  /** Why, where the status is not plainly supported. */
  readonly note?: string;
}

export interface Claim {
  /** Such as 'S2.5': the system and the number of the claim. */
  readonly id: string;
  /** In words and symbols. */
  readonly statement: string;
  /** What it rests on. */
  readonly assumption: string;
  /** Whether the assumption can be checked by computing. */
  readonly checkable: boolean;
  readonly experiment: string;
  readonly statistic: string;
  /** The band, fixed before the run. */
  readonly band: string;
  /** Where the band comes from: a theorem, a reference run, a pilot (its seeds and what it saw). */
  readonly why: string;
  judge(tables: Tables, size: Size): Verdict;
}

/** A broken experiment on which a claim's check must fail; if it does not, the check proves nothing. */
export interface Control {
  readonly id: string;
  /** The claims that it guards. */
  readonly guards: readonly string[];
  /** What is broken: a large start, a flipped sign, a wrong exponent. */
  readonly breaks: string;
  /** True when the check fails on the broken experiment, as it must. */
  fails(tables: Tables, size: Size): { readonly value: number | string; readonly failed: boolean };
}

export interface Figure {
  /** File name without an ending. */
  readonly name: string;
  readonly title: string;
  /** One sentence: what to see. */
  readonly caption: string;
  /** A Vega-Lite description with its data inside. */
  readonly spec: Readonly<Record<string, unknown>>;
}

export interface Paper {
  /** Folder under papers/, such as 'stoger-2021-symmetric'. */
  readonly id: string;
  readonly title: string;
  /** Authors, venue, year, arXiv number. */
  readonly reference: string;
  /** What the paper is about, and what is checked: a paragraph or two for the top of its page. */
  readonly introduction: string;
  /** Its quick run takes minutes, and is not among those that a test repeats. */
  readonly long?: boolean;
  readonly claims: readonly Claim[];
  readonly controls: readonly Control[];
  /** What the cells start from; none without it. */
  bases?(size: Size, seed: number): readonly Base[];
  /** The grid. Every random number of a run comes from the seed, so that another seed is a fresh experiment. */
  cells(size: Size, seed: number): readonly Cell[];
  figures(tables: Tables, size: Size): readonly Figure[];
}
