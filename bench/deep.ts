// A chain of three factors beside its compression of width 2r, r = 5, for a matrix that is known: the median step at d = 1000,
// and the time to the same error at d = 200, starts included.
// node scripts/bench.mjs deep [steps]

import { availableParallelism } from 'node:os';
import { descend, type Theta } from '../src/descend.js';
import { compressedStart, deepStart, invariantBases } from '../src/initialisations/deep.js';
import { type Kernels, startKernels } from '../src/kernels/index.js';
import { formed } from '../src/linalg/factored.js';
import { mapOf } from '../src/linalg/maps.js';
import { frobenius } from '../src/linalg/norms.js';
import { scratch } from '../src/linalg/products.js';
import { deepObjective } from '../src/methods/deepObjective.js';
import { deep, layersOf, type Widths } from '../src/parametrisations/deep.js';
import { stream } from '../src/random/index.js';
import { scaled } from '../src/rules/scaled.js';
import { lowRank } from '../src/truth/lowRank.js';
import { median } from './harness.js';

const RANK = 5;
const DEPTH = 3;
const STEP = 1 / DEPTH; // at ‖T‖ = 1
const INIT = 0.02; // the rest of the whole chain, √(d − 2r)·ε³, lies far below the error asked for
const steps = Number(process.argv[2] ?? 20);
const random = stream(1, 'bench');

function truth(K: Kernels, d: number) {
  const T = scratch(K, d, d);
  T.data.set(formed(K, lowRank(K, { rows: d, cols: d, rank: RANK, condition: 2 }, random).X).data);
  return T;
}

const chains = {
  whole: (K: Kernels, d: number) => {
    const widths = Array(DEPTH + 1).fill(d);
    return { widths, theta: deepStart(K, random, { widths, initScale: INIT }) };
  },
  compressed: (K: Kernels, d: number, T: ReturnType<typeof truth>) => {
    const { widths, theta } = chains.whole(K, d);
    return compressedStart(invariantBases(K, layersOf(widths, theta), mapOf(K, T), RANK, random));
  },
};

/** Seconds of each step, and of all up to the error. */
function run(
  K: Kernels,
  T: ReturnType<typeof truth>,
  { widths, theta }: { widths: Widths; theta: Theta },
  most: number,
) {
  const speeds = widths.length > DEPTH + 1 ? [0, 1, 1, 1, 0] : undefined;
  const size = frobenius(T);
  const each: number[] = [];
  let last = performance.now();
  for (const { k, loss } of descend(
    deepObjective(K, T, widths),
    scaled(STEP, deep(K, widths, speeds).metric!),
    theta,
  )) {
    const now = performance.now();
    if (k > 0) each.push((now - last) / 1e3);
    last = now;
    const error = Math.sqrt(2 * loss) / size;
    if (k === most || error < 1e-3) return { each, error, k };
  }
  throw new Error('a stream of iterates does not end');
}

const K = await startKernels({ threads: availableParallelism() });
console.log(`deep, r = ${RANK}, L = ${DEPTH}, ${K.threads} threads`);
const large = truth(K, 1000);
const [slow, fast] = [chains.whole(K, 1000), chains.compressed(K, 1000, large)].map((chain) =>
  median(run(K, large, chain, steps).each),
);
console.log(
  `d = 1000, median of ${steps} steps: whole ${(slow * 1e3).toFixed(1)} ms, compressed ${(fast * 1e3).toFixed(2)} ms`,
);
console.log(`  ${(slow / fast).toFixed(1)} ×`);

const small = truth(K, 200);
const wall = (['whole', 'compressed'] as const).map((name) => {
  const from = performance.now();
  const { error, k } = run(K, small, chains[name](K, 200, small), 100_000);
  const seconds = (performance.now() - from) / 1e3;
  console.log(`d = 200, ${name}: ${seconds.toFixed(2)} s, ${k} steps, error ${error.toExponential(1)}`);
  return seconds;
});
console.log(`  ${(wall[0] / wall[1]).toFixed(1)} ×`);
K.close();
