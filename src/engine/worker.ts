// The program of the worker in which the library computes, so that nobody's event loop is blocked. It starts the kernels
// (whose threads are workers of this one), asks for the data, drives the run, and tells what happens. It is ended from
// outside, which ends its threads and frees all its memory.

import { startKernels } from '../kernels/index.js';
import { now, onMessage, postMessage } from '../platform/inside.js';
import type { Snapshot } from '../stream.js';
import { drive } from './drive.js';
import { answerOf, jobOf } from './intake.js';
import {
  blocks,
  type FromWorker,
  failureOf,
  type Order,
  plain,
  type Question,
  type ToWorker,
} from './workerMessages.js';

/** Milliseconds between two states that are told: thirty a second. */
const STATE_INTERVAL = 33;

const tell = (message: FromWorker, transfer: ArrayBuffer[] = []): void => postMessage(message, transfer);

let watched = false;
let hear: (answer: unknown) => void = () => {};

const ask = (question: Question): Promise<never> => {
  const answered = new Promise<never>((resolve) => {
    hear = resolve as typeof hear;
  });
  tell({ kind: 'question', question });
  return answered;
};

async function compute(order: Order): Promise<void> {
  const K = await startKernels({ threads: order.threads });
  const job = await jobOf(K, order, ask);
  let told = Number.NEGATIVE_INFINITY;
  let untold: Snapshot<unknown> | undefined;
  const show = (snapshot: Snapshot<unknown>) => {
    untold = undefined;
    told = now();
    tell({ kind: 'state', state: plain(snapshot.progress) });
  };
  const finished = await drive(job.run(), {
    onSnapshot(snapshot) {
      if (watched && now() - told >= STATE_INTERVAL) show(snapshot);
      else untold = snapshot;
    },
  });
  if (watched && untold) show(untold);
  const posted = plain({ ...(answerOf(finished) as object), kernels: K.build, threads: K.threads });
  tell({ kind: 'result', result: posted }, blocks(posted));
}

onMessage((value) => {
  const message = value as ToWorker;
  if (message.kind === 'watch') watched = true;
  else if (message.kind === 'answer') hear(message.answer);
  else compute(message.order).catch((thrown) => tell({ kind: 'failure', failure: failureOf(thrown) }));
});
