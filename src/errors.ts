// A broken promise is an exception with a code; an outcome of a run (converged, diverged, …) is a value (stop.ts).
// Every message reads: what happened, why, the exact next step: "function: argument should be …, got …; try …".

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
