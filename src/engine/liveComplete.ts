// complete(): ratings in memory, completed in a worker. The ratings are turned into blocks of indices here, a few
// milliseconds at a time, while the worker takes them in; the ids stay here.

import { now, pause } from '#platform';
import type { CompleteProgress, CompleteResult } from '../complete/complete.js';
import { createFit, type Fit } from '../complete/fit.js';
import type { TripleBlock } from '../complete/ratings.js';
import { dataError, usageError } from '../errors.js';
import { concat } from '../io/bytes.js';
import { Ids } from '../io/ids.js';
import { writeSafetensors } from '../io/safetensors.js';
import type { DeepOptions } from '../methods/deep.js';
import { DEFAULT_SEED } from '../random/index.js';
import { parseSpec, type RunSpec } from '../spec.js';
import type { CompleteAnswer } from './intake.js';
import { type LiveOptions, type LiveRun, liveRun } from './live.js';
import type { Computed } from './workerMessages.js';

/** A user or an item: a text, or a whole number, which is the same id as its decimal text. */
export type Id = string | number;

/** One rating. */
export type Rating =
  | readonly [user: Id, item: Id, value: number]
  | { readonly user: Id; readonly item: Id; readonly value: number };

/** The same ratings column by column; each column as long as the others. */
export interface RatingColumns {
  readonly users: ArrayLike<Id>;
  readonly items: ArrayLike<Id>;
  readonly values: ArrayLike<number>;
}

/** Rows, columns, or a source that gives rows one after another. A pair that comes twice counts once, with its mean. */
export type RatingsInput = Iterable<Rating> | AsyncIterable<Rating> | RatingColumns;

/** Options of complete(). */
export interface CompleteRunOptions extends LiveOptions {
  /** auto (the default): biases and factors with noise levels estimated from the data · gd, scaled-gd: descent on plain factors · deep, compressed-deep: on a chain of them. */
  readonly method?: 'auto' | 'gd' | 'scaled-gd' | 'deep' | 'compressed-deep';
  /** r: a whole number, or 'auto' (the default): the one that predicts held-out ratings best, 0 where the biases alone do. */
  readonly rank?: number | 'auto';
  /** Share of the ratings kept back to judge by, in [0, 1). Default 0.1. */
  readonly holdout?: number;
  /** Where every random number comes from. Default 20230. Same seed, same bits, whatever the threads. */
  readonly seed?: number;
  /** Most sweeps or steps of the run. */
  readonly iterations?: number;
  /** Converged when the loss changes by a smaller share. */
  readonly tolerance?: number;
  /** k of the factors, for descents. Default: the rank, else 50, of scaled-gd 20. */
  readonly width?: number;
  /** α, for descents: size of the random start. */
  readonly initScale?: number;
  /** Entries of the start are N(0, α²/k) or N(0, α²), for descents. Default perSqrtK. */
  readonly initNorm?: 'perSqrtK' | 'unit';
  /** μ (η for scaled-gd), for descents. Default: from the data. */
  readonly stepSize?: number;
  /** λ, for scaled-gd, relative to σ₁ of the entries. Default: from the data. */
  readonly damping?: number;
  /** L, for deep and compressed-deep. Default 3. */
  readonly depth?: number;
  /** For deep orthogonal (the default), gaussian or identity; for compressed-deep invariant (the default) or surrogate. */
  readonly start?: DeepOptions['start'];
  /** γ, for compressed-deep: the outer factors move with γ times the step. */
  readonly outerStep?: number;
  /** λ, for deep and compressed-deep. Default 0. */
  readonly weightDecay?: number;
}

/** What complete() gives: predictions, how good they are, and what was decided on the way. */
export interface CompletedRatings extends Fit, Omit<CompleteResult, 'fit' | 'baseline' | 'method' | 'rank'>, Computed {
  /** The fit as a safetensors file, which Python opens too; docs/files.md has its layout. The same run gives the same bytes. */
  toBytes(): Uint8Array;
}

/** The pieces of the file of a fit. */
export const fitPieces = (fit: Fit): Iterable<Uint8Array> => {
  const { tensors, metadata } = fit.toTensors();
  return writeSafetensors(tensors, metadata);
};

/** complete(), with what is made of its result at the end. */
export function completeLive<R>(
  ratings: RatingsInput,
  options: CompleteRunOptions,
  finish: (fit: CompletedRatings) => R,
): LiveRun<CompleteProgress, R> {
  const rowIds = new Ids();
  const colIds = new Ids();
  const begin = () => {
    const source = rowsOf(ratings);
    const blocks = blocksOf(source, rowIds, colIds);
    return {
      order: { spec: specOf(options), sizes: {} },
      supply: {
        async answer() {
          const next = await blocks.next();
          return next.done ? { rowIds: rowIds.toBytes(), colIds: colIds.toBytes() } : next.value;
        },
        close: async () => void (await source.return?.()),
      },
    };
  };
  const made = ({ fit: { factors, ...parts }, ...result }: CompleteAnswer & Computed) => {
    const fit = createFit({ ...parts, factors, rowIds, colIds });
    return finish({ ...result, ...fit, toBytes: () => concat([...fitPieces(fit)]) });
  };
  return liveRun(begin, made, options);
}

function specOf(options: CompleteRunOptions): RunSpec {
  const { threads: _, signal: __, method = 'auto', iterations, tolerance, seed = DEFAULT_SEED, ...rest } = options;
  const rank = method !== 'auto' && rest.rank === 'auto' ? undefined : rest.rank;
  return parseSpec({
    lorank: 1,
    task: 'complete',
    data: { ratings: 'ratings' },
    method: { name: method, ...rest, rank },
    stop: { iterations, tolerance },
    seed,
  });
}

const BLOCK = 1 << 16; // ratings in a block
const SLICE = 8; // ms of work between two turns of the event loop
const CHECK = 256; // ratings between two looks at the clock

type Rows = Iterator<Rating> | AsyncIterator<Rating>;

/** Blocks of ratings, with a turn of the event loop every few milliseconds. */
async function* blocksOf(source: Rows, rowIds: Ids, colIds: Ids): AsyncGenerator<TripleBlock, void, undefined> {
  let block = emptyBlock();
  let count = 0;
  let rested = now();
  for (let seen = 0; ; seen++) {
    const next = source.next();
    const { done, value: rating } = next instanceof Promise ? await next : next;
    if (done) break;
    const [user, item, value] = partsOf(rating, seen);
    block.rows[count] = indexOf(rowIds, user, seen);
    block.cols[count] = indexOf(colIds, item, seen);
    block.values[count++] = value;
    if (count === BLOCK) {
      yield { ...block, count };
      block = emptyBlock();
      count = 0;
    }
    if (seen % CHECK === 0 && now() - rested > SLICE) {
      await pause();
      rested = now();
    }
  }
  yield { ...block, count };
}

const emptyBlock = () => ({
  rows: new Int32Array(BLOCK),
  cols: new Int32Array(BLOCK),
  values: new Float64Array(BLOCK),
});

function rowsOf(ratings: RatingsInput): Rows {
  if (typeof ratings === 'object' && ratings !== null) {
    if (Symbol.asyncIterator in ratings) return ratings[Symbol.asyncIterator]();
    if (Symbol.iterator in ratings) return ratings[Symbol.iterator]();
    if ('users' in ratings && 'items' in ratings && 'values' in ratings) return columnRows(ratings);
  }
  throw usageError(
    `complete: ratings should be rows [user, item, value], columns { users, items, values } or an iterator, got ${typeof ratings}`,
    'to read a file, use the command: lorank complete ratings.csv -o fit.safetensors',
  );
}

function* columnRows({ users, items, values }: RatingColumns): Generator<Rating> {
  if (users.length !== values.length || items.length !== values.length)
    throw usageError(
      `complete: users, items and values should be of one length, got ${users.length}, ${items.length} and ${values.length}`,
      'give one user and one item for each value',
    );
  for (let t = 0; t < values.length; t++) yield [users[t], items[t], values[t]];
}

function partsOf(rating: Rating, seen: number): readonly [Id, Id, number] {
  if (typeof rating !== 'object' || rating === null)
    throw usageError(
      `complete: rating ${seen} should be [user, item, value] or { user, item, value }, got ${typeof rating}`,
      'give one such row for each rating',
    );
  const [user, item, value] = 'user' in rating ? [rating.user, rating.item, rating.value] : rating;
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw dataError(
      `complete: the value of rating ${seen} should be a finite number, got ${value}`,
      'leave missing ratings out',
    );
  return [user, item, value];
}

function indexOf(ids: Ids, id: Id, seen: number): number {
  if (typeof id === 'string') return ids.add(id);
  if (Number.isSafeInteger(id)) return ids.addInteger(id);
  throw dataError(`complete: an id of rating ${seen} should be a text or a whole number, got ${id}`, 'use String(id)');
}
