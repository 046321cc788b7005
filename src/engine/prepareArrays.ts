// The job of a description whose data are arrays with names: opened by whoever knows the names (files, or the caller of a
// worker), or made from the seed.

import type { ByteSource } from '../io/bytes.js';
import type { Kernels } from '../kernels/contract.js';
import type { FactorSpec, SenseSpec, SparseSpec } from '../spec.js';
import { makeFactorData, readFactorData } from './factorData.js';
import { factorJob, type Job, senseJob, sparseJob } from './jobs.js';
import { readSenseData } from './senseData.js';
import { makeSenseData } from './senseGenerator.js';
import { makeSparseData, readSparseData } from './sparseData.js';

export async function prepareArrays(
  K: Kernels,
  spec: SenseSpec | SparseSpec | FactorSpec,
  open: (name: string) => Promise<ByteSource>,
): Promise<Job> {
  if (spec.task === 'sense') {
    const { data } = spec;
    const found = 'generator' in data ? makeSenseData(K, spec, data.generator) : readSenseData(K, spec, data, open);
    return senseJob(K, spec, await found);
  }
  if (spec.task === 'sparse') {
    const { data } = spec;
    const found = 'generator' in data ? makeSparseData(spec, data.generator) : readSparseData(data, open);
    return sparseJob(K, spec, await found);
  }
  const { data } = spec;
  const found = 'generator' in data ? makeFactorData(K, spec, data.generator) : readFactorData(data, open);
  return factorJob(K, spec, await found);
}
