// K3, dense products and what stands on them: gemm, the full SVD, the randomised SVD, beside NumPy on all cores.
// node scripts/bench.mjs k3

import { availableParallelism } from 'node:os';
import { type Kernels, type Precision, startKernels } from '../src/kernels/index.js';
import { qr } from '../src/linalg/qr.js';
import { randomisedSvd } from '../src/linalg/randomised.js';
import { svd } from '../src/linalg/svd.js';
import { type Float, type Matrix, matrix } from '../src/matrix.js';
import { normals, stream } from '../src/random/index.js';
import { type Contestant, numpy, ours, race } from './harness.js';

const gaussian = (m: number, n: number): Matrix<Float64Array> => matrix(m, n, normals(stream(1, 'bench'), m * n));
const name = (K: Kernels, what = '') => `lorank ${what}${K.threads} thread${K.threads > 1 ? 's' : ''}`;

function inKernelMemory(K: Kernels, m: number, n: number, precision: Precision): Matrix {
  const data: Float = K.allocate(precision, m * n);
  data.set(gaussian(m, n).data);
  return matrix(m, n, data);
}

function product(K: Kernels, m: number, q: number, n: number, precision: Precision): Contestant {
  const A = inKernelMemory(K, m, q, precision);
  const B = inKernelMemory(K, q, n, precision);
  const C = inKernelMemory(K, m, n, precision);
  return ours(name(K), () => K.gemm(1, A, B, C), 2 * m * n * q, 'flop');
}

const one = await startKernels({ threads: 1 });
const all = await startKernels({ threads: availableParallelism() });

for (const [m, q, n] of [
  [256, 256, 256],
  [1000, 1000, 1000],
  [2000, 2000, 26],
  [1000, 20, 1000],
])
  for (const precision of ['f64', 'f32'] as const) {
    const random = (r: number, c: number) =>
      `np.random.default_rng(1).random((${r}, ${c})).astype('float${precision.slice(1)}')`;
    const setup = `A = ${random(m, q)}; B = ${random(q, n)}; C = A @ B`;
    const work = 2 * m * n * q;
    await race(
      `K3, ${m}×${q} by ${q}×${n}, ${precision}`,
      [
        await numpy('numpy', setup, 'np.matmul(A, B, out=C)', work, 'flop'),
        product(one, m, q, n, precision),
        product(all, m, q, n, precision),
      ],
      { rounds: 11, calls: Math.ceil(2e8 / work) },
    );
  }

{
  const A = gaussian(400, 400);
  const setup = 'A = np.random.default_rng(1).standard_normal((400, 400))';
  const contestants = [one, all].map((K) => ours(name(K), () => svd(K, A)));
  await race('full SVD, 400×400', [await numpy('numpy (dgesdd)', setup, 'np.linalg.svd(A)'), ...contestants]);
}

{
  const A = gaussian(2000, 2000);
  const setup = `
A = np.random.default_rng(1).standard_normal((2000, 2000))
def rsvd():
    Q = np.linalg.qr(A @ np.random.default_rng(2).standard_normal((2000, 26)))[0]
    for _ in range(2):
        Q = np.linalg.qr(A @ np.linalg.qr(A.T @ Q)[0])[0]
    U, s, Vt = np.linalg.svd(Q.T @ A, full_matrices=False)
    return (Q @ U)[:, :16], s[:16], Vt[:16]
`;
  const options = { rank: 16, oversampling: 10, passes: 2, testMatrix: gaussian };
  const contestants = [one, all].map((K) => ours(name(K), () => randomisedSvd(K, A, options)));
  await race('randomised SVD, rank 16 of 2000×2000', [await numpy('numpy', setup, 'rsvd()'), ...contestants]);
}

{
  const A = gaussian(100_000, 50);
  const setup = 'A = np.random.default_rng(1).standard_normal((100000, 50))';
  const contestants = [one, all].map((K) => ours(name(K), () => qr(K, A)));
  await race('thin QR, 100000×50', [await numpy('numpy', setup, 'np.linalg.qr(A)'), ...contestants], {
    rounds: 5,
    calls: 1,
  });
}

one.close();
all.close();
