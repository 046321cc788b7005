// The hot loops, behind the contracts of contract.ts.

export type { ArrayOf, Entries, Kernels, Kind, Precision, Rows, SignRows } from './contract.js';
export { referenceKernels } from './reference.js';

import type { Kernels } from './contract.js';
import { referenceKernels } from './reference.js';

/** One thread, unshared memory, ready at once. */
export const singleKernels = (): Kernels => referenceKernels();

export interface KernelOptions {
  threads: number;
  /** 'auto' takes the fastest build that runs here. */
  build?: 'auto' | 'reference' | 'simd128';
}

/** A pool of threads over shared memory where that is allowed and threads > 1, else singleKernels(). */
export const startKernels = async (_options: KernelOptions): Promise<Kernels> => singleKernels();
