// The program of a thread of the pool: waits for an epoch, enters if the gate is open, takes tasks, counts itself done.
// It leaves its loop only to receive a new memory, and ends when it is terminated.

import { now, onMessage, postMessage } from '../platform/inside.js';
import * as shared from './protocol.js';

let start: shared.Start;
let views: shared.Shared;
let seen = 0;
const kernels: shared.Kernel[][] = [];

onMessage((message) => {
  if ((message as shared.Start).module) {
    start = message as shared.Start;
    views = shared.sharedViews(start.buffer);
    postMessage('ready');
  } else {
    const { memory, segment } = message as shared.Open;
    seen = Atomics.load(views.state, shared.EPOCH);
    guarded(() => {
      kernels[segment] = shared.instantiate(start.module, memory);
    });
  }
  work();
});

function work(): void {
  const { state } = views;
  for (;;) {
    waitForEpoch(state);
    if (Atomics.load(state, shared.OPERATION) === shared.LEAVE) return;
    if (enter(state)) guarded(() => shared.takeTasks(views, kernels, start.thread));
  }
}

/** False for a worker that comes too late: the coordinator does not wait for those who have not entered. */
function enter(state: Int32Array): boolean {
  for (let inside = Atomics.load(state, shared.GATE); inside !== shared.CLOSED; ) {
    const found = Atomics.compareExchange(state, shared.GATE, inside, inside + 1);
    if (found === inside) return true;
    inside = found;
  }
  return false;
}

function waitForEpoch(state: Int32Array): void {
  const until = now() + shared.SPIN;
  while (Atomics.load(state, shared.EPOCH) === seen) {
    if (now() < until) continue;
    Atomics.add(state, shared.SLEEPERS, 1);
    Atomics.wait(state, shared.EPOCH, seen);
    Atomics.sub(state, shared.SLEEPERS, 1);
  }
  seen = Atomics.load(state, shared.EPOCH);
}

/** Runs action; an exception is noted for the coordinator. Either way this worker counts as done. */
function guarded(action: () => void): void {
  const { state, text } = views;
  try {
    action();
  } catch (error) {
    text.fill(0);
    text.set(new TextEncoder().encode(String(error)).subarray(0, text.length));
    Atomics.store(state, shared.FAILED, 1);
  }
  Atomics.add(state, shared.DONE, 1);
  if (Atomics.load(state, shared.WAITING) === 1) Atomics.notify(state, shared.DONE);
}
