// From a description to a job: opens the data that it names, or makes them from the seed. The same for files in Node, Blobs
// in a page and bytes in memory: only `resources` knows which.

import type { ByteSource } from '../io/bytes.js';
import type { Kernels } from '../kernels/contract.js';
import type { RunSpec } from '../spec.js';
import { makeCompleteData, readCompleteData } from './completeData.js';
import { completeJob, type Job } from './jobs.js';
import { prepareArrays } from './prepareArrays.js';

/** The files of a description, by their paths in it. */
export interface Resources {
  open(path: string): Promise<ByteSource>;
}

/**
 * Loads or makes the data of a description and returns the job.
 * @throws usage and data errors, before anything is computed.
 */
export async function prepare(K: Kernels, spec: RunSpec, { open }: Resources): Promise<Job> {
  if (spec.task !== 'complete') return prepareArrays(K, spec, open);
  const { data } = spec;
  const found = 'generator' in data ? makeCompleteData(K, spec, data.generator) : readCompleteData(data, open);
  return completeJob(K, spec, await found);
}
