// The program of the worker in which the library computes, so that nobody's event loop is blocked. It starts the kernels
// (whose threads are workers of this one), takes the data in, drives the run, and tells what happens. It is ended from
// outside, which ends its threads and frees all its memory.

import { startKernels } from '../kernels/index.js';
import { now, onMessage, postMessage } from '../platform/inside.js';
import type { Snapshot } from '../stream.js';
import { drive } from './drive.js';
import { type Intake, intakeOf } from './intake.js';
import { blocks, type FromWorker, failureOf, plain, type ToWorker } from './workerMessages.js';

/** Milliseconds between two states that are told: thirty a second. */
const STATE_INTERVAL = 33;

const tell = (message: FromWorker, transfer: ArrayBuffer[] = []): void => postMessage(message, transfer);

let intake: Intake;
let watched = false;

async function answer(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case 'job':
      intake = intakeOf(await startKernels({ threads: message.threads }), message.job);
      break;
    case 'part':
      intake.take(message.part);
      tell({ kind: 'taken' });
      break;
    case 'run':
      await run();
  }
}

async function run(): Promise<void> {
  let told = Number.NEGATIVE_INFINITY;
  let untold: Snapshot<unknown> | undefined;
  const show = (snapshot: Snapshot<unknown>) => {
    untold = undefined;
    told = now();
    tell({ kind: 'state', state: plain(snapshot.progress) });
  };
  const result = plain(
    await drive(intake.run(), {
      onSnapshot(snapshot) {
        if (watched && now() - told >= STATE_INTERVAL) show(snapshot);
        else untold = snapshot;
      },
    }),
  );
  if (watched && untold) show(untold);
  tell({ kind: 'result', result }, blocks(result));
}

let queue = Promise.resolve();
onMessage((message) => {
  if ((message as ToWorker).kind === 'watch') watched = true;
  else
    queue = queue
      .then(() => answer(message as ToWorker))
      .catch((thrown) => tell({ kind: 'failure', failure: failureOf(thrown) }));
});
