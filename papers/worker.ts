// The program of a worker thread of run.ts: computes the bases and cells that it is named, one at a time.

import { parentPort, workerData } from 'node:worker_threads';
import { loadPaper } from './index.js';
import type { Work } from './paper.js';
import { type Answer, finish, type Setting } from './run.js';

const { paper, size, seed, bases } = workerData as Setting;
const loaded = loadPaper(paper).then(
  (found) =>
    new Map([...(found.bases?.(size, seed) ?? []), ...found.cells(size, seed)].map((item) => [item.id, item] as const)),
);

parentPort!.on('message', async (id: string) => {
  const answer = await loaded
    .then((items) => finish<unknown>((K): Work<unknown> => items.get(id)!.run(K, bases)))
    .then((made): Answer => ({ id, made }))
    .catch(({ message, stack }: Error): Answer => ({ id, error: { message, stack } }));
  parentPort!.postMessage(answer);
});
