// Who runs the tasks of a call: the coordinating thread alone, or with a pool of workers over the same memories. Tasks
// are independent of one another, so that it does not matter who takes which.

import { now, spawn, type Thread } from '#platform';
import { LorankError } from '../errors.js';
import type { Segment } from './memory.js';
import * as shared from './protocol.js';
import { source } from './worker.bundle.js';

/** Tasks 0 … tasks−1 of the kernel `name` in one memory. */
export interface Call {
  readonly segment: Segment;
  readonly name: string;
  readonly tasks: number;
  readonly args: readonly number[];
}

export interface Team {
  readonly threads: number;
  /** Runs all tasks of all calls, in any order, and returns when the last has ended. */
  run(calls: readonly Call[]): void;
  /** The same in this thread alone: for work shorter than 20 µs, and as far as it goes for one task. */
  runHere(calls: readonly Call[]): void;
  open(segment: Segment): void;
  close(): void;
}

/** The kernels as this thread runs them. */
function hands(module: WebAssembly.Module) {
  const index = new Map(shared.kernelNames(module).map((name, i) => [name, i]));
  const kernels: shared.Kernel[][] = [];
  return {
    kernels,
    job: ({ segment, name, tasks, args }: Call): shared.Job => {
      return { kernel: index.get(name)!, segment: segment.id, tasks, args };
    },
    runHere(calls: readonly Call[]) {
      for (const { segment, name, tasks, args } of calls) {
        const kernel = kernels[segment.id][index.get(name)!];
        for (let task = 0; task < tasks; task++) kernel(task, 0, ...args);
      }
    },
    open: ({ id, memory }: Segment) => void (kernels[id] = shared.instantiate(module, memory)),
  };
}

export function soloTeam(module: WebAssembly.Module): Team {
  const { runHere, open } = hands(module);
  return { threads: 1, run: runHere, runHere, open, close: () => {} };
}

/** The coordinating thread and threads−1 workers. Rejects where workers cannot be started. */
export async function pooledTeam(module: WebAssembly.Module, threads: number): Promise<Team> {
  const own = hands(module);
  const buffer = new SharedArrayBuffer(shared.SHARED_BYTES);
  const views = shared.sharedViews(buffer);
  const { state, jobs, text } = views;
  Atomics.store(state, shared.GATE, shared.CLOSED);
  const workers = await startWorkers(module, buffer, threads - 1);

  function post(operation: number): void {
    Atomics.store(state, shared.OPERATION, operation);
    Atomics.store(state, shared.NEXT, 0);
    Atomics.store(state, shared.DONE, 0);
    if (operation === shared.RUN) Atomics.store(state, shared.GATE, 0);
    Atomics.add(state, shared.EPOCH, 1);
    if (Atomics.load(state, shared.SLEEPERS) > 0) Atomics.notify(state, shared.EPOCH);
  }

  /** Polls for `spin` milliseconds, then sleeps, until `count` workers are done. */
  function join(count: number, spin: number): void {
    const until = now() + spin;
    for (;;) {
      const done = Atomics.load(state, shared.DONE);
      if (done === count) break;
      if (spin > 0 && now() < until) continue;
      Atomics.store(state, shared.WAITING, 1);
      Atomics.wait(state, shared.DONE, done);
      Atomics.store(state, shared.WAITING, 0);
    }
    if (Atomics.exchange(state, shared.FAILED, 0) === 0) return;
    const said = new TextDecoder().decode(text.slice(0, text.indexOf(0)));
    throw new LorankError('internal', `kernels: a thread failed with ${said}`);
  }

  /** Posts the calls, does this thread's part, and waits for those workers that came in time. */
  function runJobs(calls: readonly Call[], ownPart: () => void): void {
    shared.writeJobs(jobs, calls.map(own.job));
    post(shared.RUN);
    try {
      ownPart();
    } finally {
      join(Atomics.exchange(state, shared.GATE, shared.CLOSED), shared.SPIN);
    }
  }

  function runTogether(calls: readonly Call[]): void {
    // A worker that is woken while this thread is busy may be put on this thread's processor and stay there for
    // milliseconds. So sleepers are woken by no calls at all, while this thread sleeps.
    if (Atomics.load(state, shared.SLEEPERS) > 0)
      runJobs([], () => {
        Atomics.store(state, shared.WAITING, 1);
        Atomics.wait(state, shared.DONE, 0, shared.SPIN);
        Atomics.store(state, shared.WAITING, 0);
      });
    runJobs(calls, () => shared.takeTasks(views, own.kernels, 0));
  }

  return {
    threads,
    runHere: own.runHere,
    run(calls) {
      if (calls.length === 1 && calls[0].tasks === 1) return own.runHere(calls);
      for (let i = 0; i < calls.length; i += shared.MAX_CALLS) runTogether(calls.slice(i, i + shared.MAX_CALLS));
    },
    open(segment) {
      own.open(segment);
      for (const worker of workers) worker.post({ memory: segment.memory, segment: segment.id } satisfies shared.Open);
      post(shared.LEAVE);
      join(workers.length, 0);
    },
    close() {
      for (const worker of workers.splice(0)) worker.end();
    },
  };
}

async function startWorkers(module: WebAssembly.Module, buffer: SharedArrayBuffer, count: number): Promise<Thread[]> {
  const workers: Thread[] = [];
  const ready = (thread: number) =>
    new Promise<void>((resolve, reject) => {
      const worker = spawn(source, { message: () => resolve(), error: reject });
      workers.push(worker);
      worker.post({ module, buffer, thread } satisfies shared.Start);
    });
  try {
    await Promise.all(Array.from({ length: count }, (_, i) => ready(i + 1)));
  } catch (error) {
    for (const worker of workers) worker.end();
    throw error;
  }
  for (const worker of workers) worker.hold(false);
  return workers;
}
