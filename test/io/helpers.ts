import { expect } from 'vitest';
import { LorankError } from '../../src/errors.js';
import type { RatingSummary } from '../../src/io/blocks.js';
import type { ByteSource } from '../../src/io/bytes.js';
import { Ids } from '../../src/io/ids.js';
import { type RatingOptions, readRatings } from '../../src/io/ratings.js';

export const utf8 = (text: string) => new TextEncoder().encode(text);

/** The bytes as a stream cut after each of the places. */
export async function* cut(bytes: Uint8Array, places: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const place of [...places].sort((a, b) => a - b)) {
    yield bytes.slice(from, place);
    from = place;
  }
  yield bytes.slice(from);
}

export interface Read {
  triples: [string, string, number][];
  summary: RatingSummary;
}

/** All triples of a source, by the texts of their ids. */
export async function triplesOf(source: string | ByteSource, options: RatingOptions = {}): Promise<Read> {
  const rowIds = new Ids();
  const colIds = new Ids();
  const triples: Read['triples'] = [];
  const reader = readRatings(typeof source === 'string' ? utf8(source) : source, options, rowIds, colIds);
  for (;;) {
    const next = await reader.next();
    if (next.done) return { triples, summary: next.value };
    const { rows, cols, values, count } = next.value;
    for (let e = 0; e < count; e++) triples.push([rowIds.text(rows[e]), colIds.text(cols[e]), values[e]]);
  }
}

/** The sentence of the LorankError that the promise or call ends in. */
export async function sentence(work: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (error) {
    expect(error).toBeInstanceOf(LorankError);
    return (error as LorankError).message;
  }
  throw new Error('no error');
}

export const bytesOf = (pieces: Iterable<Uint8Array>) => new Uint8Array(Buffer.concat([...pieces]));
