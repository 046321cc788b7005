// From a description to a job: opens the data that it names, or makes them from the seed. The same for files in Node, Blobs
// in a page and bytes in memory: only `resources` knows which.

import type { ByteSource } from '../io/bytes.js';
import type { Kernels } from '../kernels/contract.js';
import type { CompleteSpec, FactorSpec, RunSpec, SenseSpec, SparseSpec } from '../spec.js';
import { makeCompleteData, readCompleteData } from './completeData.js';
import { makeFactorData, readFactorData } from './factorData.js';
import { completeJob, factorJob, type Job, senseJob, sparseJob } from './jobs.js';
import { readSenseData } from './senseData.js';
import { makeSenseData } from './senseGenerator.js';
import { makeSparseData, readSparseData } from './sparseData.js';

/** The files of a description, by their paths in it. */
export interface Resources {
  open(path: string): Promise<ByteSource>;
}

/**
 * Loads or makes the data of a description and returns the job.
 * @throws usage and data errors, before anything is computed.
 */
export const prepare = (K: Kernels, spec: RunSpec, resources: Resources): Promise<Job> =>
  spec.task === 'sense'
    ? prepareSense(K, spec, resources)
    : spec.task === 'sparse'
      ? prepareSparse(K, spec, resources)
      : spec.task === 'factor'
        ? prepareFactor(K, spec, resources)
        : prepareComplete(K, spec, resources);

async function prepareSense(K: Kernels, spec: SenseSpec, { open }: Resources): Promise<Job> {
  const { data } = spec;
  return senseJob(
    K,
    spec,
    'generator' in data ? makeSenseData(K, spec, data.generator) : await readSenseData(K, spec, data, open),
  );
}

async function prepareComplete(K: Kernels, spec: CompleteSpec, { open }: Resources): Promise<Job> {
  const { data } = spec;
  return completeJob(
    K,
    spec,
    'generator' in data ? makeCompleteData(K, spec, data.generator) : await readCompleteData(data, open),
  );
}

async function prepareSparse(K: Kernels, spec: SparseSpec, { open }: Resources): Promise<Job> {
  const { data } = spec;
  return sparseJob(
    K,
    spec,
    'generator' in data ? makeSparseData(spec, data.generator) : await readSparseData(data, open),
  );
}

async function prepareFactor(K: Kernels, spec: FactorSpec, { open }: Resources): Promise<Job> {
  const { data } = spec;
  return factorJob(
    K,
    spec,
    'generator' in data ? makeFactorData(K, spec, data.generator) : await readFactorData(data, open),
  );
}
