// What a caller and the worker that computes for it say to each other. The worker gets an order, asks for its data piece by
// piece (so that no side piles them up), tells states while somebody watches, and ends with a result or a failure.

import type { TripleBlock } from '../complete/ratings.js';
import { type ErrorCode, LorankError } from '../errors.js';
import type { RunSpec } from '../spec.js';

/** What is to be computed. */
export interface Order {
  /** Names of data in it mean what the caller answers with. */
  readonly spec: RunSpec;
  readonly threads: number;
  /** Sizes in bytes of the data that have names. */
  readonly sizes: Readonly<Record<string, number>>;
}

/** What computed a result. It changes no bit of it. */
export interface Computed {
  /** The build of the kernels. */
  readonly kernels: 'reference' | 'simd128';
  /** Threads that computed. */
  readonly threads: number;
}

/** bytes: offset … offset+length−1 of named data; triples: the next block of ratings. */
export type Question =
  | { readonly kind: 'bytes'; readonly name: string; readonly offset: number; readonly length: number }
  | { readonly kind: 'triples' };

/** Ids as Ids.toBytes gives them. */
export interface IdBytes {
  readonly bytes: Uint8Array;
  readonly offsets: BigInt64Array;
}

/** After the last block come the ids. */
export type Triples = TripleBlock | { readonly rowIds: IdBytes; readonly colIds: IdBytes };

export type ToWorker =
  | { readonly kind: 'order'; readonly order: Order }
  | { readonly kind: 'answer'; readonly answer: unknown }
  | { readonly kind: 'watch' };

export type FromWorker =
  | { readonly kind: 'question'; readonly question: Question }
  | { readonly kind: 'state'; readonly state: unknown }
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'failure'; readonly failure: Failure };

/** An error as plain values. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly stack?: string;
}

export const failureOf = (thrown: unknown): Failure =>
  thrown instanceof LorankError
    ? { code: thrown.code, message: thrown.message, hint: thrown.hint, stack: thrown.stack }
    : { code: 'internal', message: String(thrown), stack: thrown instanceof Error ? thrown.stack : undefined };

export const errorOf = ({ code, message, hint, stack }: Failure): LorankError =>
  new LorankError(code, message, hint, { cause: stack });

const isTyped = (value: unknown): value is Float64Array => ArrayBuffer.isView(value);
const ownsItsBlock = ({ buffer, byteLength }: Float64Array): boolean =>
  buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;

/**
 * A value of plain objects, arrays, typed arrays and primitives, ready to be posted: getters are read, functions are left
 * out, and a view of a larger or a shared block becomes a copy (posting it as it is would post the whole block).
 */
export function plain(value: unknown): unknown {
  if (isTyped(value)) return ownsItsBlock(value) ? value : value.slice();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => typeof item !== 'function');
  return Object.fromEntries(entries.map(([key, item]) => [key, plain(item)]));
}

/** The blocks of a plain value, to hand over instead of copying. Only of a value that nobody keeps. */
export function blocks(value: unknown, found = new Set<ArrayBuffer>()): ArrayBuffer[] {
  if (isTyped(value)) {
    if (ownsItsBlock(value)) found.add(value.buffer as ArrayBuffer);
  } else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) blocks(item, found);
  return [...found];
}
