// What a caller and the worker that computes for it say to each other. First a job, then its data in parts (each answered,
// so that a fast caller does not pile them up), then 'run'; states come back while somebody watches, and one end.

import { type ErrorCode, LorankError } from '../errors.js';
import type { Job, Part } from './intake.js';

export type ToWorker =
  | { readonly kind: 'job'; readonly job: Job; readonly threads: number }
  | { readonly kind: 'part'; readonly part: Part }
  | { readonly kind: 'run' }
  | { readonly kind: 'watch' };

export type FromWorker =
  | { readonly kind: 'taken' }
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
 * A value made of plain objects, arrays, typed arrays and primitives, ready to be posted: getters are read, and a view of
 * a larger or a shared block becomes a copy (posting it as it is would post the whole block).
 */
export function plain(value: unknown): unknown {
  if (isTyped(value)) return ownsItsBlock(value) ? value : value.slice();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** The blocks of a plain value that can be handed over instead of copied. Only for a value that nobody keeps. */
export function blocks(value: unknown, found = new Set<ArrayBuffer>()): ArrayBuffer[] {
  if (isTyped(value)) {
    if (ownsItsBlock(value)) found.add(value.buffer as ArrayBuffer);
  } else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) blocks(item, found);
  return [...found];
}
