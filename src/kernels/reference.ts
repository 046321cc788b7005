// The meaning of every kernel in plain TypeScript, one file for each group in reference/. Slow, and always there.

import type { ArrayOf, Kernels, Kind } from './contract.js';
import { entriesApply, entriesGradient } from './reference/entries.js';
import { gemm, gemmBf16 } from './reference/gemm.js';
import { hadamard } from './reference/hadamard.js';
import { entriesPosterior } from './reference/posterior.js';
import { rotateRows } from './reference/rotations.js';
import { rows } from './reference/rows.js';
import { signs } from './reference/signs.js';

const arrays: { [K in Kind]: (length: number) => ArrayOf[K] } = {
  f64: (length) => new Float64Array(length),
  f32: (length) => new Float32Array(length),
  i32: (length) => new Int32Array(length),
  u32: (length) => new Uint32Array(length),
  u8: (length) => new Uint8Array(length),
};

/** Kernels in plain TypeScript, on this thread: they run everywhere, and the fast builds give the same bits. */
export const referenceKernels = (): Kernels => ({
  build: 'reference',
  threads: 1,
  allocate: (kind, length) => arrays[kind](length),
  scoped: (body) => body(),
  close: () => {},
  ...rows,
  ...signs,
  hadamard,
  gemm,
  gemmBf16,
  rotateRows,
  entriesApply,
  entriesGradient,
  entriesPosterior,
});
