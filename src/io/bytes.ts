// Where bytes come from. A range answers "length bytes from offset" (a file, a Blob, an HTTP resource); a stream gives
// its bytes once, in order. Readers here take either and never name a file system: src/platform makes ranges of files.

import { dataError, usageError } from '../errors.js';

/**
 * read gives exactly `length` bytes from `offset`, fewer only where the source ends. size in bytes, where it is known. into:
 * memory for that many bytes, which a source may write to, and then gives a view of.
 */
export interface ByteRange {
  readonly size?: number;
  read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array>;
}

/** Bytes that come once, in order. */
export type ByteStream = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

/** Where a reader may take its bytes from. */
export type ByteSource = Uint8Array | ByteRange | ByteStream;

/** A range whose size is known. */
export type SizedRange = ByteRange & { readonly size: number };

const CHUNK = 1 << 20;

/** Bytes in memory as a range. */
export const rangeOf = (bytes: Uint8Array): SizedRange => ({
  size: bytes.length,
  read: async (offset, length) => bytes.subarray(offset, offset + length),
});

const isStream = (source: ByteRange | ByteStream): source is ByteStream =>
  Symbol.asyncIterator in source || 'getReader' in source;

/** The bytes of a source in order, in pieces of 1 MB at most. The pieces may be views of the source's own memory. */
export async function* chunks(source: ByteSource): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) yield* pieces(source);
  else if (!isStream(source)) {
    for (let offset = 0; ; ) {
      const piece = await source.read(offset, CHUNK);
      yield* pieces(piece);
      offset += piece.length;
      if (piece.length < CHUNK) return;
    }
  } else if (Symbol.asyncIterator in source) {
    for await (const chunk of source as AsyncIterable<Uint8Array>) yield* pieces(chunk);
  } else {
    const reader = (source as ReadableStream<Uint8Array>).getReader(); // browsers whose ReadableStream is not iterable
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) yield* pieces(next.value);
    } finally {
      await reader.cancel();
    }
  }
}

function* pieces(chunk: Uint8Array): Generator<Uint8Array> {
  if (!(chunk instanceof Uint8Array))
    throw usageError(`chunks: a byte stream should give Uint8Array, got ${typeof chunk}`, 'do not set an encoding');
  for (let i = 0; i < chunk.length; i += CHUNK) yield chunk.subarray(i, i + CHUNK);
}

/** The first bytes (`length`, fewer only where the source ends), and a source that still gives all of them. */
export async function peek(source: ByteSource, length: number): Promise<{ head: Uint8Array; source: ByteSource }> {
  if (source instanceof Uint8Array) return { head: source.subarray(0, length), source };
  if (!isStream(source)) return { head: await source.read(0, length), source };
  const rest = chunks(source);
  const seen: Uint8Array[] = [];
  for (let total = 0; total < length; ) {
    const { value, done } = await rest.next();
    if (done) break;
    seen.push(value);
    total += value.length;
  }
  const replay = (async function* () {
    try {
      yield* seen;
      yield* rest;
    } finally {
      await rest.return(undefined);
    }
  })();
  return { head: concat(seen).subarray(0, length), source: replay };
}

/** The whole source in memory. */
export async function readAll(source: ByteSource): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  const all: Uint8Array[] = [];
  for await (const chunk of chunks(source)) all.push(chunk);
  return concat(all);
}

/** Random access to any source: a stream, or a range of unknown size, is read into memory. */
export async function toRange(source: ByteSource): Promise<SizedRange> {
  if (!(source instanceof Uint8Array) && !isStream(source) && source.size !== undefined) return source as SizedRange;
  return rangeOf(await readAll(source));
}

/** Exactly `length` bytes from `offset`, or an error that says what is cut short. */
export async function readExactly(source: ByteRange, offset: number, length: number, what: string, into?: Uint8Array) {
  const bytes = await source.read(offset, length, into);
  if (bytes.length < length)
    throw dataError(
      `${what}: the file should have ${length} bytes from byte ${offset}, got ${bytes.length}`,
      'the file is truncated: copy or download it again',
    );
  return bytes;
}

/** The parts one after another; a single part is given as it is. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/** Blocks of whole lines: each ends in \n (one is added at the end of the source); no line is cut. */
export async function* wholeLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  for await (const chunk of source) {
    const end = chunk.lastIndexOf(10) + 1;
    if (end > 0) {
      yield concat([...held, chunk.subarray(0, end)]);
      held = [];
    }
    // a copy: the source may use its chunk again
    if (end < chunk.length) held.push(new Uint8Array(chunk.subarray(end)));
  }
  if (held.length > 0) yield concat([...held, new Uint8Array([10])]);
}
