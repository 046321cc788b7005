import { describe, expect, it } from 'vitest';
import { singleKernels } from '../../src/kernels/index.js';
import { cholesky, solveCholesky } from '../../src/linalg/cholesky.js';
import { frobenius } from '../../src/linalg/norms.js';
import { gram, multiply } from '../../src/linalg/products.js';
import { copy, type Matrix, matrix, transpose } from '../../src/matrix.js';
import { normals, stream } from '../../src/random/index.js';
import { type FactorPair, noraPlus, riemannian } from '../../src/rules/noraPlus.js';
import { close } from '../close.js';

const K = singleKernels();
const draw = (rows: number, cols: number, seed: number) => matrix(rows, cols, normals(stream(seed, 'a'), rows * cols));
const adapter: FactorPair = { A: draw(3, 7, 1), B: draw(5, 3, 2) };
const gradient: FactorPair = { A: draw(3, 7, 3), B: draw(5, 3, 4) };

/** (FᵀF + λI)⁻¹ by the Gram matrix: 3×3. */
function inverse(F: Matrix, lambda: number): Matrix<Float64Array> {
  const G = gram(K, F);
  const I = matrix(3, 3);
  for (let i = 0; i < 3; i++) {
    G.data[4 * i] += lambda;
    I.data[4 * i] = 1;
  }
  return solveCholesky(cholesky(G), I);
}
const entries = (M: Matrix) => copy(M).data;

describe('the preconditioner of NoRA+', () => {
  const MB = (lambda: number) => inverse(adapter.B, lambda);
  const MA = (lambda: number) => inverse(transpose(adapter.A), lambda);

  it('riemannian is M_B G_A and G_B M_A, to 1e-12', () => {
    const { A, B } = riemannian(K, adapter, gradient);
    close(entries(A), multiply(K, MB(1e-2), gradient.A).data, { atol: 1e-12 });
    close(entries(B), multiply(K, gradient.B, MA(1e-2)).data, { atol: 1e-12 });
  });
  it('the authors’ form divides by ‖M‖_F, from step 1 on, to 1e-12', () => {
    const { A, B } = noraPlus(K, adapter, gradient, 1);
    const over = (M: Matrix<Float64Array>, size: number) => M.data.map((v) => v / size);
    close(entries(A), over(multiply(K, MB(1e-6), gradient.A), frobenius(MB(1e-6))), { atol: 1e-12 });
    close(entries(B), over(multiply(K, gradient.B, MA(1e-6)), frobenius(MA(1e-6))), { atol: 1e-12 });
  });
  it('the authors’ form leaves G_A as it is at step 0', () => {
    expect(noraPlus(K, adapter, gradient, 0).A).toBe(gradient.A);
  });
  it('is finite at B = 0: M_B = I/λ', () => {
    const zero = { A: adapter.A, B: matrix(5, 3) };
    close(
      entries(riemannian(K, zero, gradient, 0.25).A),
      gradient.A.data.map((g) => 4 * g),
      { rtol: 1e-12 },
    );
    close(
      entries(noraPlus(K, zero, gradient, 3).A),
      gradient.A.data.map((g) => g / Math.sqrt(3)),
      { rtol: 1e-12 },
    );
  });
});
