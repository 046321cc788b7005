// A run in a worker, as its caller sees it: a promise of the result that can also be watched. Its end, however it comes,
// ends the worker with its threads and its memory.

import { cores, spawn } from '#platform';
import { source } from '#run-worker';
import { LorankError, usageError } from '../errors.js';
import { blocks, errorOf, type FromWorker, type Order, type Question, type ToWorker } from './workerMessages.js';

/**
 * A promise of the result R that can also be iterated while it runs: each item P is the newest state, about thirty a
 * second and always the last one. Whoever is slow misses states; whoever breaks off only stops watching.
 */
export type LiveRun<P, R> = Promise<R> & AsyncIterable<P>;

/** How a run is executed; none of this changes its result. */
export interface LiveOptions {
  /** Threads that compute. Default: the number of cores. One where memory cannot be shared. */
  readonly threads?: number;
  /** Ends the run at once; it then rejects with a LorankError of code 'aborted'. */
  readonly signal?: AbortSignal;
}

/** The data of a run, for the worker to ask for. */
export interface Supply {
  answer(question: Question): Promise<unknown>;
  /** Nobody will ask any more. */
  close?(): Promise<void>;
}

/**
 * @param begin checks the arguments: what they say is computed, and where its data come from.
 * @param finish makes what the caller gets of what the worker sends back.
 */
export function liveRun<P, W, R>(
  begin: () => { order: Omit<Order, 'threads'>; supply: Supply },
  finish: (answer: W) => R,
  options: LiveOptions,
): LiveRun<P, R> {
  const audience = openAudience<P>();
  const promise = execute<W>(begin, options, audience as Audience<unknown>)
    .then(finish)
    .finally(audience.close);
  async function* states(): AsyncGenerator<P, void, undefined> {
    promise.catch(() => {}); // told here, by the await below
    yield* audience.states();
    await promise;
  }
  return Object.assign(promise, { [Symbol.asyncIterator]: states });
}

async function execute<W>(
  begin: () => { order: Omit<Order, 'threads'>; supply: Supply },
  { threads = cores(), signal }: LiveOptions,
  audience: Audience<unknown>,
): Promise<W> {
  const { order, supply } = begin();
  const { task } = order.spec;
  if (!Number.isInteger(threads) || threads < 1)
    throw usageError(`${task}: threads should be a whole number of at least 1, got ${threads}`, 'leave it out');
  const aborted = () =>
    new LorankError('aborted', `${task}: the run was aborted`, undefined, { cause: signal?.reason });
  if (signal?.aborted) throw aborted();
  let end = () => {};
  try {
    return await new Promise<W>((resolve, reject) => {
      const abort = () => reject(aborted());
      signal?.addEventListener('abort', abort);
      const worker = spawn(source, {
        message(value) {
          const message = value as FromWorker;
          if (message.kind === 'state') audience.tell(message.state);
          else if (message.kind === 'result') resolve(message.result as W);
          else if (message.kind === 'failure') reject(errorOf(message.failure));
          else
            supply.answer(message.question).then((answer) => post({ kind: 'answer', answer }, blocks(answer)), reject);
        },
        error: (cause) => reject(ended(task, cause)),
      });
      const post = (message: ToWorker, transfer?: ArrayBuffer[]) => worker.post(message, transfer);
      end = () => {
        signal?.removeEventListener('abort', abort);
        worker.end();
        supply.close?.().catch(() => {}); // the run has ended in its own way
      };
      post({ kind: 'order', order: { ...order, threads } });
      audience.open(() => post({ kind: 'watch' }));
    });
  } finally {
    end();
  }
}

const ended = (task: string, cause: Error) =>
  new LorankError(
    'internal',
    `${task}: the worker ended: ${cause.message}`,
    'a page with a Content-Security-Policy has to allow worker-src blob:',
    { cause },
  );

interface Audience<P> {
  /** The states from now on, until the run is over. */
  states(): AsyncGenerator<P, void, undefined>;
  tell(state: P): void;
  /** watch: to be called once there is somebody. */
  open(watch: () => void): void;
  close(): void;
}

function openAudience<P>(): Audience<P> {
  const watchers = new Set<{ newest: P[]; wake: () => void }>();
  let watch = () => {};
  let over = false;
  return {
    async *states() {
      const watcher = { newest: [] as P[], wake: () => {} };
      watchers.add(watcher);
      watch();
      try {
        for (;;) {
          const state = watcher.newest.pop();
          if (state !== undefined) yield state;
          else if (over) return;
          else
            await new Promise<void>((wake) => {
              watcher.wake = wake;
            });
        }
      } finally {
        watchers.delete(watcher);
      }
    },
    tell(state) {
      for (const watcher of watchers) {
        watcher.newest = [state];
        watcher.wake();
      }
    },
    open(start) {
      watch = () => over || start();
      if (watchers.size > 0) watch();
    },
    close() {
      over = true;
      for (const watcher of watchers) watcher.wake();
    },
  };
}
