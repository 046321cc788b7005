// The hot loops, behind the contracts of contract.ts. README.md is the page of contracts.

import { canBlock, hasSharedMemory } from '#platform';
import { usageError } from '../errors.js';
import type { Kernels } from './contract.js';
import { referenceKernels } from './reference.js';
import { compile, pooledKernels, soloKernels } from './simd.js';

export type { ArrayOf, Entries, Kernels, Kind, Precision, Rows, SignRows } from './contract.js';
export { referenceKernels } from './reference.js';

export interface KernelOptions {
  /** Threads that compute, this one among them; at least 1. */
  threads: number;
  /** 'auto' (the default) takes simd128 where it runs, else the reference. */
  build?: 'auto' | 'reference' | 'simd128';
}

/** One thread, unshared memory, ready at once: simd128 where it runs, else the reference. */
export function singleKernels(): Kernels {
  const module = compile(false);
  return module ? soloKernels(module) : referenceKernels();
}

/**
 * Kernels on a pool of threads over shared memory, where that is allowed and threads > 1; else on this thread alone.
 * The result says in `build` and `threads` what it got. close() ends the threads.
 */
export async function startKernels({ threads, build = 'auto' }: KernelOptions): Promise<Kernels> {
  if (!Number.isInteger(threads) || threads < 1)
    throw usageError(`startKernels: threads should be an integer ≥ 1, got ${threads}`, 'pass threads: 1');
  if (build === 'reference') return referenceKernels();
  const pooled = threads > 1 && hasSharedMemory() && canBlock();
  const module = compile(pooled);
  if (!module) {
    if (build === 'auto') return referenceKernels();
    throw usageError(
      'startKernels: build simd128 should run here, got an engine without WebAssembly SIMD',
      "use 'auto'",
    );
  }
  if (!pooled) return soloKernels(module);
  // A page may forbid workers from a Blob: then one thread is what there is.
  return pooledKernels(module, threads).catch(() => singleKernels());
}
