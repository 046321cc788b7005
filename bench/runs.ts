// Whole steps of descent beside NumPy taking the same steps on an operator of the same size: sensing with a factor pair, on an
// operator larger than the caches and on one inside them, and a chain of three full-width factors.
// node scripts/bench.mjs runs

import { availableParallelism } from 'node:os';
import { descend, type Objective, pull, type Theta } from '../src/descend.js';
import { deepStart } from '../src/initialisations/deep.js';
import { smallRandom } from '../src/initialisations/index.js';
import { type Kernels, type Precision, startKernels } from '../src/kernels/index.js';
import { formed } from '../src/linalg/factored.js';
import { scratch } from '../src/linalg/products.js';
import { deepObjective } from '../src/methods/deepObjective.js';
import { gaussian } from '../src/operators/index.js';
import { factorPair } from '../src/parametrisations/factorPair.js';
import { sensing } from '../src/problems/sensing.js';
import { stream } from '../src/random/index.js';
import { gradient } from '../src/rules/gradient.js';
import { lowRank } from '../src/truth/lowRank.js';
import { type Contestant, numpy, ours, race } from './harness.js';

const random = stream(1, 'bench');

/** One call is one step. */
function steps(name: string, F: Objective, stepSize: number, start: Theta): Contestant {
  const run = descend(F, gradient(stepSize), start);
  return ours(name, () => void run.next());
}

function sensed(K: Kernels, n: number, m: number, k: number, storage: Precision): Contestant {
  const shape = { rows: n, cols: n, measurements: m, storage };
  const operator = gaussian(K, shape, random);
  const y = operator.apply(formed(K, lowRank(K, { rows: n, cols: n, rank: 3 }, random).X));
  const start = smallRandom(random, { shape: [n, n], width: k, initScale: 1e-3 });
  return steps(`lorank, A in ${storage}`, pull(sensing(operator, y), factorPair(K, n, n, k)), 0.1, start);
}

const numpySensing = (n: number, m: number, k: number, dtype: string) =>
  numpy(
    `numpy ${dtype}`,
    `
rng = np.random.default_rng(1)
A = rng.random((${m}, ${n * n}), dtype='${dtype}') / np.sqrt(${m}); y = np.ones(${m}, '${dtype}')
V = rng.standard_normal((${n}, ${k})).astype('${dtype}') * 1e-3; W = V.copy()
def step():
    global V, W
    G = (A.T @ (A @ (V @ W.T).ravel() - y)).reshape(${n}, ${n})
    V, W = V - 1e-9 * (G @ W), W - 1e-9 * (G.T @ V)
`,
    'step()',
  );

for (const [n, m, k, calls] of [
  [200, 4000, 10, 3],
  [40, 1000, 40, 300],
]) {
  const K = await startKernels({ threads: availableParallelism() });
  await race(
    `sensing, n=${n} m=${m} k=${k}: a step`,
    [
      await numpySensing(n, m, k, 'float64'),
      await numpySensing(n, m, k, 'float32'),
      sensed(K, n, m, k, 'f64'),
      sensed(K, n, m, k, 'f32'),
    ],
    { calls },
  );
  K.close();
}

{
  const [d, depth] = [500, 3];
  const K = await startKernels({ threads: availableParallelism() });
  const T = scratch(K, d, d);
  T.data.set(formed(K, lowRank(K, { rows: d, cols: d, rank: 5 }, random).X).data);
  const widths = Array<number>(depth + 1).fill(d);
  const setup = `
T = np.random.default_rng(1).standard_normal((${d}, ${d})) / ${d}
W = [1e-2 * np.linalg.qr(np.random.default_rng(i).standard_normal((${d}, ${d})))[0] for i in range(3)]
def step():
    global W
    W1, W2, W3 = W
    P = W2 @ W1; Q = W3 @ W2
    E = W3 @ P - T
    F = W3.T @ E
    W = [W1 - .1 * (W2.T @ F), W2 - .1 * (F @ W1.T), W3 - .1 * (E @ P.T)]
`;
  await race(`a chain of ${depth} factors of ${d}×${d}, f64: a step`, [
    await numpy('numpy', setup, 'step()'),
    steps('lorank', deepObjective(K, T, widths), 0.1, deepStart(K, random, { widths, initScale: 1e-2 })),
  ]);
  K.close();
}
