// From a job to a run, inside the worker: asks the caller for the data, and says what of the result goes back.

import { gather } from '../complete/ratings.js';
import { Ids } from '../io/ids.js';
import type { Kernels } from '../kernels/contract.js';
import type { CompleteSpec, FactorSpec, SenseSpec, SparseSpec } from '../spec.js';
import { makeFactorData, readFactorData } from './factorData.js';
import { type CompleteFinished, completeJob, type Finished, factorJob, type Job, senseJob, sparseJob } from './jobs.js';
import { readSenseData } from './senseData.js';
import { makeSenseData } from './senseGenerator.js';
import { makeSparseData, readSparseData } from './sparseData.js';
import type { IdBytes, Order, Question, Triples } from './workerMessages.js';

export type Ask = <A>(question: Question) => Promise<A>;

export const jobOf = (K: Kernels, { spec, sizes }: Order, ask: Ask): Promise<Job> =>
  spec.task === 'complete'
    ? askForRatings(K, spec, ask)
    : spec.task === 'sparse'
      ? askForDesign(K, spec, sizes, ask)
      : spec.task === 'factor'
        ? askForMatrix(K, spec, sizes, ask)
        : askForMeasurements(K, spec, sizes, ask);

/** Measurements take the same way as from files: what they are called is answered by the caller. */
async function askForMeasurements(K: Kernels, spec: SenseSpec, sizes: Order['sizes'], ask: Ask): Promise<Job> {
  const { data } = spec;
  if ('generator' in data) return senseJob(K, spec, makeSenseData(K, spec, data.generator));
  return senseJob(K, spec, await readSenseData(K, spec, data, opener(sizes, ask)));
}

async function askForDesign(K: Kernels, spec: SparseSpec, sizes: Order['sizes'], ask: Ask): Promise<Job> {
  const { data } = spec;
  if ('generator' in data) return sparseJob(K, spec, makeSparseData(spec, data.generator));
  return sparseJob(K, spec, await readSparseData(data, opener(sizes, ask)));
}

async function askForMatrix(K: Kernels, spec: FactorSpec, sizes: Order['sizes'], ask: Ask): Promise<Job> {
  const { data } = spec;
  if ('generator' in data) return factorJob(K, spec, makeFactorData(K, spec, data.generator));
  return factorJob(K, spec, await readFactorData(data, opener(sizes, ask)));
}

const opener = (sizes: Order['sizes'], ask: Ask) => async (name: string) => ({
  size: sizes[name],
  read: (offset: number, length: number) => ask<Uint8Array>({ kind: 'bytes', name, offset, length }),
});

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
