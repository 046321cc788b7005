// A broken promise is an exception with a code; an outcome of a run (converged, diverged, …) is a value (stop.ts).
// Words that messages need stand here too. Every message reads: what happened, why, the exact next step: "function: argument should be …, got …; try …".

/** usage: the call or command is wrong · data: what is inside a file or an array is wrong · io: reading or writing failed. */
export type ErrorCode = 'usage' | 'data' | 'io' | 'aborted' | 'internal';

/** A broken promise: what kind (code), what happened (message), and the next step to take (hint). */
export class LorankError extends Error {
  override readonly name = 'LorankError';

  /**
   * @param code what kind of promise was broken; decides the exit code of the command line.
   * @param message one sentence: what happened and why.
   * @param hint the next step to take, where there is one.
   */
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The call or command is wrong. */
export const usageError = (message: string, hint?: string) => new LorankError('usage', message, hint);
/** What is inside a file or an array is wrong. */
export const dataError = (message: string, hint?: string) => new LorankError('data', message, hint);

/** The noun after a number: 1 record, 2 records, 0 entries. */
export const plural = (n: number, one: string, many = `${one}s`): string => (n === 1 ? one : many);

/** At most three of the names, the nearest first: those that hold the word, then by the number of edits. */
export function nearest(word: string, names: readonly string[]): string[] {
  const score = (name: string) => (name.includes(word.toLowerCase()) ? 0 : edits(word.toLowerCase(), name));
  return [...names].sort((a, b) => score(a) - score(b)).slice(0, 3);
}

/** Insertions, deletions and replacements that turn a into b (Levenshtein). */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}
