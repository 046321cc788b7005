// Runs the grid of a paper: first what its cells start from, then the cells. Both are independent of one another, so they go to
// worker threads, one after another as threads become free, each with single-threaded kernels of its own: the rows are those
// of one thread, to the bit. Each one that is finished is handed on at once, so that whoever keeps it can go on after an
// interruption.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type Kernels, LorankError, singleKernels } from 'lorank';
import type { Base, Bases, Cell, Paper, Row, Size, Tables, Work } from './paper.js';
import { gather } from './tables.js';

export interface RunOptions {
  readonly size: Size;
  readonly seed: number;
  /** At least 1; with 1 the cells run here. */
  readonly threads: number;
  readonly signal?: AbortSignal;
  /** Rows of cells that finished before, by id. */
  readonly kept?: ReadonlyMap<string, readonly Row[]>;
  /** Bases that finished before. */
  readonly keptBases?: Bases;
  /** A cell has finished; it counts as kept when this is done. */
  onCell?(cell: Cell, rows: readonly Row[], progress: Progress): void | Promise<void>;
  /** A base has. */
  onBase?(base: Base, bytes: Uint8Array, progress: Progress): void | Promise<void>;
}

export interface Progress {
  readonly done: number;
  readonly cells: number;
}

/** What a worker is told, and what it answers. */
export interface Setting {
  readonly paper: string;
  readonly size: Size;
  readonly seed: number;
  /** None while they are computed. */
  readonly bases: Bases;
}
export type Answer =
  | { readonly id: string; readonly made: unknown }
  | { readonly id: string; readonly error: { message: string; stack?: string } };

/** The rows of the whole grid. @throws LorankError of code 'aborted' after the signal, and whatever a cell throws. */
export async function runPaper(paper: Paper, options: RunOptions): Promise<Tables> {
  const { size, seed, threads, signal, kept = new Map(), keptBases = new Map() } = options;
  const cells = paper.cells(size, seed);
  const needed = cells.every(({ id }) => kept.has(id)) ? [] : (paper.bases?.(size, seed) ?? []);
  checkIds([...needed, ...cells]);
  const among = { threads, signal };
  const setting = { paper: paper.id, size, seed };
  const all = needed.length + cells.length;

  const bases = await madeOf(needed, keptBases, (base, K) => base.run(K), {
    ...among,
    setting: { ...setting, bases: new Map() },
    finished: (base, bytes, done) => options.onBase?.(base, bytes, { done, cells: all }),
  });
  const rows = await madeOf(cells, kept, (cell, K) => cell.run(K, bases), {
    ...among,
    setting: { ...setting, bases },
    finished: (cell, made, done) => options.onCell?.(cell, made, { done: needed.length + done, cells: all }),
  });
  return gather(cells, ({ id }) => rows.get(id)!);
}

interface Among<I, T> {
  readonly threads: number;
  readonly signal?: AbortSignal;
  readonly setting: Setting;
  finished(item: I, made: T, done: number): void | Promise<void>;
}

/** What each item makes, those that are kept aside: in this thread, or in workers. */
async function madeOf<I extends { readonly id: string }, T>(
  items: readonly I[],
  kept: ReadonlyMap<string, T>,
  work: (item: I, K: Kernels) => Work<T>,
  { threads, signal, setting, finished }: Among<I, T>,
): Promise<ReadonlyMap<string, T>> {
  const made = new Map<string, T>();
  for (const { id } of items) if (kept.has(id)) made.set(id, kept.get(id)!);
  const todo = items.filter(({ id }) => !made.has(id));
  const done = async (item: I, one: T) => {
    made.set(item.id, one);
    await finished(item, one, made.size);
  };
  stopIfAsked(signal);
  const workers = Math.min(threads, todo.length);
  if (workers > 1) await inWorkers<I, T>(workers, setting, todo, done, signal);
  else
    for (const item of todo)
      await done(
        item,
        await finish(
          (K) => work(item, K),
          () => pause(signal),
        ),
      );
  return made;
}

/** The result of a work, with kernels of its own: what it allocated goes with them. between: after each of its parts. */
export async function finish<T>(work: (K: Kernels) => Work<T>, between?: () => Promise<void>): Promise<T> {
  const K = singleKernels();
  try {
    const run = work(K);
    for (;;) {
      const next = await run.next();
      if (next.done) return next.value;
      await between?.();
    }
  } finally {
    K.close();
  }
}

async function pause(signal?: AbortSignal): Promise<void> {
  await turn();
  stopIfAsked(signal);
}

const aborted = () => new LorankError('aborted', 'interrupted; the finished cells are kept', 'add --resume to go on');
const stopIfAsked = (signal?: AbortSignal) => {
  if (signal?.aborted) throw aborted();
};

function checkIds(items: readonly { readonly id: string }[]): void {
  const ids = new Set<string>();
  for (const { id } of items) {
    if (!/^[\w\-=.,]+$/.test(id) || ids.has(id))
      throw new Error(`papers: ${id} is used twice, or is no name of a cell`);
    ids.add(id);
  }
}

/** The built worker: workers run JavaScript, and its place in the package is fixed. */
const workerUrl = () =>
  pathToFileURL(
    join(dirname(createRequire(import.meta.url).resolve('lorank/package.json')), 'dist/node/papers/worker.js'),
  );

function inWorkers<I extends { readonly id: string }, T>(
  count: number,
  setting: Setting,
  todo: readonly I[],
  finished: (item: I, made: T) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const workers = Array.from({ length: count }, () => new Worker(workerUrl(), { workerData: setting }));
  return new Promise<void>((resolve, reject) => {
    let next = 0;
    let left = todo.length;
    const give = (worker: Worker) => {
      if (next < todo.length) worker.postMessage(todo[next++].id);
    };
    signal?.addEventListener('abort', () => reject(aborted()), { once: true });
    for (const worker of workers) {
      worker.on('error', reject);
      worker.on('message', (answer: Answer) => {
        if ('error' in answer) return reject(failure(answer.id, answer.error));
        give(worker);
        finished(todo.find(({ id }) => id === answer.id)!, answer.made as T).then(() => {
          if (--left === 0) resolve();
        }, reject);
      });
      give(worker);
    }
  }).finally(() => Promise.all(workers.map((worker) => worker.terminate())));
}

function failure(id: string, { message, stack }: { message: string; stack?: string }): Error {
  const error = new Error(`cell ${id}: ${message}`);
  if (stack) error.stack = stack;
  return error;
}
