// A run in a worker, as its caller sees it: a promise of the result that can also be watched. Its end, however it comes,
// ends the worker with its threads and its memory.

import { cores, spawn } from '#platform';
import { source } from '#run-worker';
import { LorankError, usageError } from '../errors.js';
import type { Job, Part } from './intake.js';
import { blocks, errorOf, type FromWorker, type ToWorker } from './workerMessages.js';

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

/** Sends one part of the data; resolves when the worker has taken it. */
export type Send = (part: Part) => Promise<void>;

/**
 * @param feed called once; sends all data.
 * @param finish makes what the caller gets of what the worker sends back.
 */
export function liveRun<P, W, R>(
  job: Job,
  feed: (send: Send) => Promise<void>,
  finish: (result: W) => R,
  options: LiveOptions,
): LiveRun<P, R> {
  const audience = openAudience<P>();
  const promise = execute<W>(job, feed, options, audience as Audience<unknown>)
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
  job: Job,
  feed: (send: Send) => Promise<void>,
  { threads = cores(), signal }: LiveOptions,
  audience: Audience<unknown>,
): Promise<W> {
  if (!Number.isInteger(threads) || threads < 1)
    throw usageError(`${job.task}: threads should be a whole number of at least 1, got ${threads}`, 'leave it out');
  const aborted = () =>
    new LorankError('aborted', `${job.task}: the run was aborted`, undefined, { cause: signal?.reason });
  if (signal?.aborted) throw aborted();
  const line = openLine<W>(job, threads, audience);
  const abort = () => line.fail(aborted());
  signal?.addEventListener('abort', abort);
  try {
    await Promise.race([feed(line.send), line.broken]);
    return await line.run();
  } finally {
    signal?.removeEventListener('abort', abort);
    line.end();
  }
}

interface Line<W> {
  readonly send: Send;
  run(): Promise<W>;
  /** Rejects as soon as anything goes wrong; never resolves. */
  readonly broken: Promise<never>;
  fail(error: LorankError): void;
  end(): void;
}

/** The worker as a line on which each question has one answer. */
function openLine<W>(job: Job, threads: number, audience: Audience<unknown>): Line<W> {
  let fail: (error: LorankError) => void = () => {};
  const broken = new Promise<never>((_, reject) => {
    fail = reject;
  });
  broken.catch(() => {}); // told by whoever asks next
  let answer: (message: FromWorker) => void = () => {};
  const worker = spawn(source, {
    message(value) {
      const message = value as FromWorker;
      if (message.kind === 'state') audience.tell(message.state);
      else if (message.kind === 'failure') fail(errorOf(message.failure));
      else answer(message);
    },
    error: (cause) =>
      fail(
        new LorankError(
          'internal',
          `${job.task}: the worker ended: ${cause.message}`,
          'a page with a Content-Security-Policy has to allow worker-src blob:',
          { cause },
        ),
      ),
  });
  const post = (message: ToWorker, transfer?: ArrayBuffer[]) => worker.post(message, transfer);
  const ask = (message: ToWorker, transfer?: ArrayBuffer[]) => {
    const answered = new Promise<FromWorker>((resolve) => {
      answer = resolve;
    });
    post(message, transfer);
    return Promise.race([answered, broken]);
  };
  post({ kind: 'job', job, threads });
  audience.open(() => post({ kind: 'watch' }));
  return {
    broken,
    fail,
    end: worker.end,
    send: async (part) => void (await ask({ kind: 'part', part }, blocks(part))),
    run: async () => ((await ask({ kind: 'run' })) as { result: W }).result,
  };
}

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
