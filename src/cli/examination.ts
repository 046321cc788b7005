// The work of lorank doctor: known answers first, then how fast.

import { freemem, totalmem } from 'node:os';
import { canBlock, cores, hasSharedMemory } from '#platform';
import { type Kernels, referenceKernels, startKernels } from '../kernels/index.js';
import { matrix } from '../matrix.js';
import { normals, stream } from '../random/index.js';
import type { Context } from './context.js';
import { EXIT } from './failure.js';
import { bytesText, facts, figure } from './table.js';
import { versions } from './version.js';

interface Check {
  readonly name: string;
  readonly passed: boolean;
}

/** Returns the exit code: 5 when a known answer is missed. */
export async function examine(context: Context): Promise<number> {
  const K = await startKernels({ threads: context.flags.threads ?? cores() });
  try {
    const checks = [...knownAnswers(K), sameAsReference(K)];
    const machine = {
      versions: versions(),
      kernels: K.build,
      simd: K.build === 'simd128',
      threads: K.threads,
      cores: cores(),
      sharedMemory: hasSharedMemory() && canBlock(),
      memory: { total: totalmem(), free: freemem() },
    };
    const speed = {
      gflops: { f64: gemmRate(K, 'f64'), f32: gemmRate(K, 'f32') },
      gigabytes: { f64: passRate(K, 'f64'), f32: passRate(K, 'f32') },
    };
    const healthy = checks.every(({ passed }) => passed);
    await context.report({ healthy, ...machine, checks, speed }, () => text(healthy, machine, checks, speed));
    return healthy ? EXIT.fine : EXIT.claim;
  } finally {
    K.close();
  }
}

/** Whole numbers in, whole numbers out: every kernel must give them exactly. */
function knownAnswers(K: Kernels): Check[] {
  const m = 37;
  const p = 45;
  const A = K.createRows(m, p, 'f64');
  const rows = Float64Array.from({ length: m * p }, (_, e) => (e % 7) - 3);
  K.writeRows(A, 0, rows);
  const x = Float64Array.from({ length: p }, (_, j) => (j % 5) - 2);
  const y = Float64Array.from({ length: m }, (_, i) => i % 3);
  const r = new Float64Array(m);
  const g = new Float64Array(p);
  K.rowsGradient(A, 2, x, y, r, g, 'f64');
  const rKnown = r.map((_, i) => 2 * x.reduce((sum, value, j) => sum + rows[i * p + j] * value, 0) - y[i]);
  const gKnown = g.map((_, j) => 2 * rKnown.reduce((sum, value, i) => sum + rows[i * p + j] * value, 0));

  const impulse = Float64Array.of(0, 0, 1, 0, 0, 0, 0, 0);
  K.hadamard(impulse);

  const B = matrix(
    19,
    23,
    Float64Array.from({ length: 19 * 23 }, (_, e) => (e % 11) - 5),
  );
  const C = matrix(
    23,
    13,
    Float64Array.from({ length: 23 * 13 }, (_, e) => (e % 9) - 4),
  );
  const product = matrix(19, 13);
  K.gemm(1, B, C, product);
  const productKnown = product.data.map((_, e) => {
    let sum = 0;
    for (let k = 0; k < 23; k++) sum += B.data[Math.floor(e / 13) * 23 + k] * C.data[k * 13 + (e % 13)];
    return sum;
  });

  // the 3×2 matrix with entries (0,0) = 5, (2,1) = 7; factors of ones and twos: ⟨u_i, v_j⟩ = 3 at both
  const entries = {
    rows: 3,
    cols: 2,
    starts: Int32Array.of(0, 1, 1, 2),
    columns: Int32Array.of(0, 1),
    values: Float64Array.of(5, 7),
  };
  const U = Float64Array.of(1, 2, 0, 0, 1, 2);
  const V = Float64Array.of(1, 1, 1, 1);
  const gU = new Float64Array(6);
  const gV = new Float64Array(4);
  const squares = K.entriesGradient(entries, 2, U, V, gU, gV);
  return [
    { name: 'sensing gradient', passed: equal(r, rKnown) && equal(g, gKnown) },
    { name: 'fast transform', passed: equal(impulse, [1, 1, -1, -1, 1, 1, -1, -1]) },
    { name: 'matrix product', passed: equal(product.data, productKnown) },
    {
      name: 'completion gradient',
      passed: squares === 20 && equal(gU, [-2, -2, 0, 0, -4, -4]) && equal(gV, [-2, -4, -4, -8]),
    },
  ];
}

const equal = (a: ArrayLike<number>, b: ArrayLike<number>): boolean => {
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
};

/** Random numbers through these kernels and through the reference: equal bits. */
function sameAsReference(K: Kernels): Check {
  const [m, p] = [101, 203];
  const values = normals(stream(1, 'doctor'), m * p + m + p);
  const results = [K, referenceKernels()].map((kernels) => {
    const A = kernels.createRows(m, p, 'f64');
    kernels.writeRows(A, 0, values.subarray(0, m * p));
    const r = new Float64Array(m);
    const g = new Float64Array(p);
    kernels.rowsGradient(A, 1, values.subarray(m * p, m * p + p), values.subarray(m * p + p), r, g, 'f64');
    return [...r, ...g];
  });
  return { name: 'equal bits to the reference', passed: equal(results[0], results[1]) };
}

/** The best of several tries, in units of 10⁹ a second. */
function best(units: number, body: () => void): number {
  let fastest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 4; i++) {
    const start = performance.now();
    body();
    fastest = Math.min(fastest, performance.now() - start);
  }
  return units / 1e6 / fastest;
}

function gemmRate(K: Kernels, kind: 'f64' | 'f32'): number {
  const n = 384;
  return K.scoped(() => {
    const [A, B, C] = [0, 1, 2].map(() => matrix(n, n, K.allocate(kind, n * n)));
    A.data.fill(1.5);
    B.data.fill(-0.5);
    return best(2 * n * n * n, () => K.gemm(1, A, B, C));
  });
}

/** One pass of the sensing gradient over 64 MB. */
function passRate(K: Kernels, storage: 'f64' | 'f32'): number {
  const p = 8192;
  const m = (storage === 'f64' ? 1 : 2) * 1024;
  return K.scoped(() => {
    const A = K.createRows(m, p, storage);
    const row = storage === 'f64' ? new Float64Array(p).fill(0.25) : new Float32Array(p).fill(0.25);
    for (let i = 0; i < m; i++) K.writeRows(A, i, row);
    const [x, y, r, g] = [p, m, m, p].map((length) => new Float64Array(length).fill(0.5));
    return best(A.bytes, () => K.rowsGradient(A, 1, x, y, r, g, storage));
  });
}

function text(
  healthy: boolean,
  machine: {
    versions: Record<string, string>;
    kernels: string;
    threads: number;
    cores: number;
    sharedMemory: boolean;
    memory: { total: number; free: number };
  },
  checks: readonly Check[],
  speed: { gflops: { f64: number; f32: number }; gigabytes: { f64: number; f32: number } },
): string {
  const { versions: of, kernels, threads, cores: found, sharedMemory, memory } = machine;
  const rows: [string, string][] = [
    [
      'versions',
      Object.entries(of)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
    [
      'kernels',
      `${kernels}${kernels === 'simd128' ? ' (WebAssembly SIMD)' : ': no WebAssembly SIMD here, everything works and is slow'}`,
    ],
    ['threads', `${threads} in use, ${found} cores${sharedMemory ? '' : ', no shared memory'}`],
    ['memory', `${bytesText(memory.total)}, ${bytesText(memory.free)} free`],
    ...checks.map(({ name, passed }): [string, string] => [name, passed ? 'right' : 'WRONG']),
    ['matrix product', `${figure(speed.gflops.f64)} GFLOP/s in f64, ${figure(speed.gflops.f32)} in f32`],
    [
      'sensing gradient',
      `${figure(speed.gigabytes.f64)} GB/s of operator in f64, ${figure(speed.gigabytes.f32)} in f32`,
    ],
  ];
  return `${healthy ? 'This machine computes rightly.' : 'This machine does NOT compute rightly: report this with your processor and Node version.'}\n\n${facts(rows)}\n`;
}
