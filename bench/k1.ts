// K1, the sensing gradient r = A x − y, g = Aᵀ r, beside NumPy's two products on all cores.
// node scripts/bench.mjs k1 [n m] …

import { availableParallelism } from 'node:os';
import { type Kernels, type Precision, startKernels } from '../src/kernels/index.js';
import { type Contestant, numpy, ours, race } from './harness.js';

const given = process.argv.slice(2).map(Number);
const cases = given.length
  ? Array.from({ length: given.length / 2 }, (_, i) => [given[2 * i], given[2 * i + 1]])
  : [
      [96, 4800],
      [200, 4000],
      [40, 1000],
      [24, 400],
    ];

const noise = (length: number): Float64Array => {
  let state = 1;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
};

function dense(K: Kernels, m: number, p: number, storage: Precision, arithmetic: Precision): Contestant[] {
  const A = K.createRows(m, p, storage);
  const values = noise(p + 1000);
  const row = storage === 'f64' ? new Float64Array(p) : new Float32Array(p);
  for (let i = 0; i < m; i++) {
    row.set(values.subarray(i % 1000, (i % 1000) + p));
    K.writeRows(A, i, row);
  }
  const c = 8;
  const [X, Y, R, G] = [noise(c * p), noise(c * m), new Float64Array(c * m), new Float64Array(c * p)];
  const [x, y, r, g] = [X.subarray(0, p), Y.subarray(0, m), R.subarray(0, m), G.subarray(0, p)];
  const single = () => K.rowsGradient(A, 1e-3, x, y, r, g, arithmetic);
  const batch = () => K.rowsGradientBatch(A, c, 1e-3, X, Y, R, G, arithmetic);
  const name = `lorank ${storage} in ${arithmetic}, ${K.threads} threads`;
  return [ours(name, single, A.bytes, 'B'), ours(`  … 8 right-hand sides`, batch, A.bytes, 'B')];
}

function bits(K: Kernels, m: number, p: number): Contestant {
  const A = K.createSigns(m, p);
  const words = new Uint32Array(Math.ceil(p / 32));
  let state = 1;
  for (let i = 0; i < m; i++) {
    for (let w = 0; w < words.length; w++) words[w] = state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + i + w;
    K.writeSigns(A, i, words);
  }
  const [x, y, r, g] = [noise(p), noise(m), new Float64Array(m), new Float64Array(p)];
  return ours(`lorank ±1 in bits, ${K.threads} threads`, () => K.signsGradient(A, 1e-3, x, y, r, g));
}

for (const [n, m] of cases) {
  const p = n * n;
  const K = await startKernels({ threads: availableParallelism() });
  const setup = (dtype: string) =>
    `A = np.random.default_rng(1).random((${m}, ${p}), dtype='${dtype}'); x = np.ones(${p}, '${dtype}'); y = np.ones(${m}, '${dtype}')`;
  const two = 'g = A.T @ (A @ x - y)';
  const small = m * p < 1e7;
  await race(
    `K1, n=${n} m=${m}: ${(m * p * 8e-6).toFixed(0)} MB in f64`,
    [
      await numpy('numpy f64', setup('float64'), two, m * p * 8, 'B'),
      await numpy('numpy f32', setup('float32'), two, m * p * 4, 'B'),
      await numpy('read bandwidth (numpy dot)', `${setup('float64')}; a = A.ravel()`, 's = a @ a', m * p * 8, 'B'),
      ...dense(K, m, p, 'f64', 'f64'),
      ...dense(K, m, p, 'f32', 'f64'),
      ...dense(K, m, p, 'f32', 'f32'),
      bits(K, m, p),
    ],
    { rounds: small ? 15 : 7, calls: small ? 100 : 3 },
  );
  K.close();
}
