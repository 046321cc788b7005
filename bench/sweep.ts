// The sweep over α at the size of the paper: symmetric, n = 200, r = 5, m = 10⁴, k = n, μ = ¼. Eight starts on one pass of the
// operator against one start alone, and the hit times beside a reference run (independent NumPy implementation, another
// operator, λ_r = 0.989; times scaled by ln(1 + μλ_r)).
// node scripts/bench.mjs sweep [steps]

import { availableParallelism } from 'node:os';
import { descend, type Factored, pull } from '../src/descend.js';
import { relativeFrobenius } from '../src/diagnostics/errors.js';
import { smallRandom } from '../src/initialisations/index.js';
import { startKernels } from '../src/kernels/index.js';
import { symmetricEigen } from '../src/linalg/eigen.js';
import { formed } from '../src/linalg/factored.js';
import { denseOf } from '../src/linalg/maps.js';
import { gaussian } from '../src/operators/index.js';
import { sideBySide } from '../src/parametrisations/sideBySide.js';
import { symmetric } from '../src/parametrisations/symmetric.js';
import { sensing, sensingBatch } from '../src/problems/sensing.js';
import { stream } from '../src/random/index.js';
import { gradient } from '../src/rules/gradient.js';
import { take } from '../src/stream.js';
import { lowRank } from '../src/truth/index.js';
import { median } from './harness.js';

const [n, r, m, mu] = [200, 5, 10_000, 0.25];
const steps = Number(process.argv[2] ?? 500);
const alphas = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1 / (70 * n * n)];
/** t of te < 0.1, te at t = 500; the last α is the paper's. */
const reference: readonly (readonly [number, number])[] = [
  [130, 7.3e-2],
  [28, 7.0e-3],
  [38, 6.0e-4],
  [48, 4.66e-5],
  [59, 2.78e-6],
  [69, 1.95e-7],
  [79, 1.59e-8],
];

const K = await startKernels({ threads: availableParallelism() });
const truth = lowRank(K, { rows: n, cols: n, rank: r, symmetric: true }, stream(1, 'truth'));
const operator = gaussian(K, { rows: n, cols: n, measurements: m, symmetric: true }, stream(1, 'operator'));
const X = formed(K, truth.X);
const y = operator.apply(X);
const { values } = symmetricEigen(K, denseOf(K, operator.adjoint(y)));
const perDecade = Math.log(10) / Math.log(1 + mu * values[r - 1]);
console.log(
  `λ_r = ${values[r - 1].toFixed(3)}, λ_{r+1} = ${values[r].toFixed(3)}: ${perDecade.toFixed(2)} steps a decade predicted`,
);

const phi = symmetric(K, n, n);
const startAt = (initScale: number) => smallRandom(stream(1, 'start'), { shape: [n], width: n, initScale });

const single: number[] = [];
let clock = performance.now();
for (const _ of take(descend(pull(sensing(operator, y), phi), gradient(mu), startAt(1e-6)), 20)) {
  single.push(performance.now() - clock);
  clock = performance.now();
}

const batch = sideBySide(alphas.map(() => phi));
const start = new Float64Array(batch.size);
alphas.forEach((alpha, j) => {
  start.set(startAt(alpha), j * phi.size);
});
const hits: number[] = alphas.map(() => Number.NaN);
let errors: number[] = [];
const each: number[] = [];
const all = sensingBatch(
  operator,
  alphas.map(() => y),
);
clock = performance.now();
for (const { k, theta } of take(descend(pull(all, batch), gradient(mu), start), steps + 1)) {
  each.push(performance.now() - clock);
  errors = batch.value(theta).map((at: Factored) => relativeFrobenius(K, at, X));
  errors.forEach((te, j) => {
    if (Number.isNaN(hits[j]) && te < 0.1) hits[j] = k;
  });
  clock = performance.now();
}

const scale = Math.log(1 + mu * 0.989) / Math.log(1 + mu * values[r - 1]);
console.table(
  alphas.map((alpha, j) => ({
    alpha: alpha.toExponential(2),
    hit: hits[j],
    'reference, scaled': reference[j] ? Number((reference[j][0] * scale).toFixed(1)) : '',
    [`te(${steps})`]: errors[j].toExponential(2),
    'reference te(500)': reference[j]?.[1].toExponential(2) ?? '',
  })),
);
console.log(`steps a decade, from 10⁻³ to 10⁻⁷: ${((hits[6] - hits[2]) / 4).toFixed(2)}`);
const [one, eight] = [median(single.slice(2)), median(each.slice(2))];
console.log(
  `one step: ${one.toFixed(0)} ms alone, ${eight.toFixed(0)} ms for eight: ${(eight / one).toFixed(2)} single runs`,
);
K.close();
