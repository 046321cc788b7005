// Drives a synchronous run without blocking the event loop: a turn of the loop at least every so many milliseconds, so
// that timers, signals and messages are served while it computes.

import { now, pause } from '#platform';
import { LorankError } from '../errors.js';
import type { Run, Snapshot } from '../stream.js';

export interface DriveOptions<P> {
  /** Ends the run at the next snapshot. */
  signal?: AbortSignal;
  /** Called with every snapshot, in order; a promise is waited for. */
  onSnapshot?(snapshot: Snapshot<P>): void | Promise<void>;
  /** Called once with the last snapshot when the signal has fired, while its checkpoint can still be taken. */
  onAbort?(snapshot: Snapshot<P>): void | Promise<void>;
  /** Longest time in ms without a turn of the event loop, as far as the run's own steps allow. Default 20. */
  yieldEvery?: number;
}

/**
 * Pulls the run to its end and returns its result.
 * @throws LorankError with code 'aborted' when the signal fires; the run is then closed.
 */
export async function drive<P, R>(run: Run<P, R>, options: DriveOptions<P> = {}): Promise<R> {
  const { signal, yieldEvery = 20 } = options;
  try {
    for (let last = now(); ; ) {
      const next = run.next();
      if (next.done) return next.value;
      await options.onSnapshot?.(next.value);
      if (now() - last >= yieldEvery) {
        await pause();
        last = now();
      }
      if (signal?.aborted) {
        await options.onAbort?.(next.value);
        throw new LorankError('aborted', 'the run was interrupted');
      }
    }
  } finally {
    run.return(undefined as never);
  }
}
