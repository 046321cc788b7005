// Runs the grid of a paper. Cells are independent and synchronous, so they go to worker threads, one after another as threads
// become free, each with single-threaded kernels of its own: the rows are those of one thread, to the bit. Each finished cell
// is handed on at once, so that whoever keeps it can go on after an interruption.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { LorankError, singleKernels } from 'lorank';
import type { Cell, Paper, Row, Size, Tables } from './paper.js';
import { gather } from './tables.js';

export interface RunOptions {
  readonly size: Size;
  readonly seed: number;
  /** At least 1; with 1 the cells run here. */
  readonly threads: number;
  readonly signal?: AbortSignal;
  /** Rows of cells that finished before, by id. */
  readonly kept?: ReadonlyMap<string, readonly Row[]>;
  /** A cell has finished; it counts as kept when this is done. */
  onCell?(cell: Cell, rows: readonly Row[], progress: Progress): void | Promise<void>;
}

export interface Progress {
  readonly done: number;
  readonly cells: number;
}

/** What a worker is told, and what it answers. */
export interface Task {
  readonly paper: string;
  readonly size: Size;
  readonly seed: number;
}
export type Answer =
  | { readonly cell: string; readonly rows: Row[] }
  | { readonly cell: string; readonly error: { message: string; stack?: string } };

/** The rows of the whole grid. @throws LorankError of code 'aborted' after the signal, and whatever a cell throws. */
export async function runPaper(paper: Paper, options: RunOptions): Promise<Tables> {
  const { size, seed, threads, signal, kept = new Map() } = options;
  const cells = checked(paper.cells(size, seed));
  const rows = new Map<string, readonly Row[]>();
  for (const cell of cells) if (kept.has(cell.id)) rows.set(cell.id, kept.get(cell.id)!);
  const todo = cells.filter(({ id }) => !rows.has(id));
  const finished = async (cell: Cell, made: readonly Row[]) => {
    rows.set(cell.id, made);
    await options.onCell?.(cell, made, { done: rows.size, cells: cells.length });
  };
  stopIfAsked(signal);
  const workers = Math.min(threads, todo.length);
  if (workers > 1) await inWorkers(workers, { paper: paper.id, size, seed }, todo, finished, signal);
  else for (const cell of todo) await finished(cell, await here(cell, signal));
  return gather(cells, ({ id }) => rows.get(id)!);
}

/** One cell in this thread, with kernels of its own: what it allocated goes with them. */
export function* cellRows(cell: Cell): Generator<undefined, Row[], undefined> {
  const K = singleKernels();
  try {
    return yield* cell.run(K);
  } finally {
    K.close();
  }
}

async function here(cell: Cell, signal?: AbortSignal): Promise<Row[]> {
  const run = cellRows(cell);
  for (;;) {
    const next = run.next();
    if (next.done) return next.value;
    await turn();
    stopIfAsked(signal);
  }
}

const aborted = () => new LorankError('aborted', 'interrupted; the finished cells are kept', 'add --resume to go on');
const stopIfAsked = (signal?: AbortSignal) => {
  if (signal?.aborted) throw aborted();
};

function checked(cells: readonly Cell[]): readonly Cell[] {
  const ids = new Set<string>();
  for (const { id } of cells) {
    if (!/^[\w\-=.,]+$/.test(id) || ids.has(id))
      throw new Error(`papers: ${id} is used twice, or is no name of a cell`);
    ids.add(id);
  }
  return cells;
}

/** The built worker: workers run JavaScript, and its place in the package is fixed. */
const workerUrl = () =>
  pathToFileURL(
    join(dirname(createRequire(import.meta.url).resolve('lorank/package.json')), 'dist/node/papers/worker.js'),
  );

function inWorkers(
  count: number,
  task: Task,
  todo: readonly Cell[],
  finished: (cell: Cell, rows: readonly Row[]) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const workers = Array.from({ length: count }, () => new Worker(workerUrl(), { workerData: task }));
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
        if ('error' in answer) return reject(cellError(answer.cell, answer.error));
        give(worker);
        finished(todo.find(({ id }) => id === answer.cell)!, answer.rows).then(() => {
          if (--left === 0) resolve();
        }, reject);
      });
      give(worker);
    }
  }).finally(() => Promise.all(workers.map((worker) => worker.terminate())));
}

function cellError(cell: string, { message, stack }: { message: string; stack?: string }): Error {
  const error = new Error(`cell ${cell}: ${message}`);
  if (stack) error.stack = stack;
  return error;
}
