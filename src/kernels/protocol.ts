// What the coordinating thread and its workers share besides the memories: a few counters, the calls to run, and the
// text of an error. Both sides take tasks from one counter; an epoch says that there is something new to do.

export type Kernel = (task: number, thread: number, ...args: number[]) => void;

/** Indices into `state`. */
export const EPOCH = 0;
export const OPERATION = 1;
export const GATE = 2; // workers that have entered the posted work; CLOSED when none may enter any more
export const NEXT = 3; // the next task
export const DONE = 4; // workers that have finished
export const SLEEPERS = 5; // workers in Atomics.wait
export const WAITING = 6; // 1 while the coordinator is in Atomics.wait
export const FAILED = 7; // 1 after an exception in a worker; its text is in `text`

/** Values of OPERATION: take tasks · leave the loop for a message. */
export const RUN = 0;
export const LEAVE = 1;

export const CLOSED = -(2 ** 30);

/** Milliseconds of polling before a thread sleeps: longer than the serial work between two calls of most solvers. */
export const SPIN = 0.5;

/** Calls that can be posted together, and arguments of each. */
export const MAX_CALLS = 32;
export const MAX_ARGS = 27;
const HEAD = 4; // kernel, segment, end (tasks up to and with this call), number of arguments
const SLOTS = HEAD + MAX_ARGS;

export interface Shared {
  readonly state: Int32Array;
  readonly jobs: Float64Array;
  readonly text: Uint8Array;
}

const STATE_BYTES = 128;
const JOBS = 1 + MAX_CALLS * SLOTS;
const TEXT_BYTES = 512;
export const SHARED_BYTES = STATE_BYTES + 8 * JOBS + TEXT_BYTES;

export const sharedViews = (buffer: SharedArrayBuffer): Shared => ({
  state: new Int32Array(buffer, 0, STATE_BYTES / 4),
  jobs: new Float64Array(buffer, STATE_BYTES, JOBS),
  text: new Uint8Array(buffer, STATE_BYTES + 8 * JOBS, TEXT_BYTES),
});

export interface Job {
  readonly kernel: number;
  readonly segment: number;
  readonly tasks: number;
  readonly args: readonly number[];
}

export function writeJobs(jobs: Float64Array, list: readonly Job[]): void {
  jobs[0] = list.length;
  let end = 0;
  list.forEach(({ kernel, segment, tasks, args }, i) => {
    end += tasks;
    jobs.set([kernel, segment, end, args.length, ...args], 1 + i * SLOTS);
  });
}

/** Takes tasks of the posted jobs until none is left. kernels: by segment, then in the order of the module's exports. */
export function takeTasks({ state, jobs }: Shared, kernels: readonly (readonly Kernel[])[], thread: number): void {
  let first = 0; // of the job at hand, like at and args
  let at = 1;
  let args: number[] | undefined;
  const stop = 1 + jobs[0] * SLOTS;
  for (;;) {
    const task = Atomics.add(state, NEXT, 1);
    while (at < stop && task >= jobs[at + 2]) {
      first = jobs[at + 2];
      at += SLOTS;
      args = undefined;
    }
    if (at >= stop) return;
    args ??= Array.from(jobs.subarray(at + HEAD, at + HEAD + jobs[at + 3]));
    kernels[jobs[at + 1]][jobs[at]](task - first, thread, ...args);
  }
}

/** The kernels of the module over one memory, in the order of its exports. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernel[] {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return kernelNames(module).map((name) => exports[name] as Kernel);
}
export const kernelNames = (module: WebAssembly.Module): string[] =>
  WebAssembly.Module.exports(module).map(({ name }) => name);

/** The messages to a worker. */
export interface Start {
  readonly module: WebAssembly.Module;
  readonly buffer: SharedArrayBuffer;
  readonly thread: number;
}
export interface Open {
  readonly memory: WebAssembly.Memory;
  readonly segment: number;
}
