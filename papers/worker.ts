// The program of a worker thread of run.ts: computes the cells that it is named, one at a time.

import { parentPort, workerData } from 'node:worker_threads';
import { loadPaper } from './index.js';
import type { Cell } from './paper.js';
import { type Answer, cellRows, type Task } from './run.js';

const { paper, size, seed } = workerData as Task;
const loaded = loadPaper(paper).then((found) => new Map(found.cells(size, seed).map((cell) => [cell.id, cell])));

parentPort!.on('message', async (id: string) => {
  const answer = await loaded.then((cells) => computed(cells.get(id)!)).catch((error: Error) => failed(id, error));
  parentPort!.postMessage(answer);
});

function computed(cell: Cell): Answer {
  const run = cellRows(cell);
  for (;;) {
    const next = run.next();
    if (next.done) return { cell: cell.id, rows: next.value };
  }
}

const failed = (cell: string, { message, stack }: Error): Answer => ({ cell, error: { message, stack } });
