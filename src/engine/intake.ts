// From a job to a run, inside the worker: asks the caller for the data, and says what of the result goes back.

import { gather } from '../complete/ratings.js';
import { Ids } from '../io/ids.js';
import type { Kernels } from '../kernels/contract.js';
import type { CompleteSpec } from '../spec.js';
import { type CompleteFinished, completeJob, type Finished, type Job } from './jobs.js';
import { prepareArrays } from './prepareArrays.js';
import type { IdBytes, Order, Question, Triples } from './workerMessages.js';

export type Ask = <A>(question: Question) => Promise<A>;

/** Arrays take the same way as from files: what they are called is answered by the caller. */
export const jobOf = (K: Kernels, { spec, sizes }: Order, ask: Ask): Promise<Job> =>
  spec.task === 'complete'
    ? askForRatings(K, spec, ask)
    : prepareArrays(K, spec, async (name) => ({
        size: sizes[name],
        read: (offset, length) => ask<Uint8Array>({ kind: 'bytes', name, offset, length }),
      }));

async function askForRatings(K: Kernels, spec: CompleteSpec, ask: Ask): Promise<Job> {
  const rowIds = new Ids();
  const colIds = new Ids();
  const gatherer = gather(rowIds, colIds);
  for (;;) {
    const next = await ask<Triples>({ kind: 'triples' });
    if ('count' in next) gatherer.add(next);
    else {
      fill(rowIds, next.rowIds);
      fill(colIds, next.colIds);
      return completeJob(K, spec, { ratings: gatherer.ratings(), notes: [] });
    }
  }
}

function fill(ids: Ids, { bytes, offsets }: IdBytes): void {
  for (let i = 1; i < offsets.length; i++) ids.addBytes(bytes, Number(offsets[i - 1]), Number(offsets[i]));
}

/** What the caller of complete needs and does not have: all but the ids. */
export type CompleteAnswer = Omit<CompleteFinished['result'], 'fit' | 'baseline'> & {
  readonly fit: Pick<
    CompleteFinished['result']['fit'],
    'factors' | 'globalMean' | 'rowBias' | 'colBias' | 'method' | 'seed'
  > & { readonly report: string };
};

/** What goes back to the caller. */
export function answerOf(finished: Finished): unknown {
  if (finished.task !== 'complete') return finished;
  const { fit, baseline: _, ...result } = finished.result;
  const { factors, globalMean, rowBias, colBias, method, seed } = fit;
  const parts = { factors, globalMean, rowBias, colBias, method, seed, report: fit.report() };
  return { ...result, fit: parts } satisfies CompleteAnswer;
}
