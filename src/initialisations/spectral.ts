// The spectral start: the best rank-r approximation of M = 𝒜*(y), an estimate of X, in balanced factors: V₀ = P√σ and
// W₀ = Q√σ of M ≈ P diag(σ) Qᵀ; or U₀ = P√λ₊ of the r largest eigenvalues λ of a symmetric M.
// From m ≳ nr² Gaussian measurements on it lies where descent at the true rank converges linearly (Tu et al. 2016; Ma, Li and Chi 2021).
// Cost: six products of M with r + 10 columns.

import type { LinearMap, Theta } from '../descend.js';
import type { Kernels } from '../kernels/contract.js';
import { symmetricEigen } from '../linalg/eigen.js';
import { multiply } from '../linalg/products.js';
import { randomisedSvd } from '../linalg/randomised.js';
import { type Matrix, matrix, transpose } from '../matrix.js';
import { normals, type Stream, split } from '../random/index.js';

/**
 * θ of a factor pair, or of a symmetric factor. Columns beyond min(n₁, n₂), and those of eigenvalues that are not
 * positive, are zero.
 * @param M n₁×n₂, such as 𝒜*(y); symmetric where `symmetric`.
 * @param width k of the factors.
 * @param random draws the test matrix of the randomised SVD.
 */
export function spectral(K: Kernels, M: LinearMap, width: number, random: Stream, symmetric = false): Theta {
  const most = Math.min(M.rows, M.cols);
  const testMatrix = (rows: number, cols: number) =>
    matrix(rows, cols, normals(split(random, 'test matrix'), rows * cols));
  const theta = new Float64Array((M.rows + (symmetric ? 0 : M.cols)) * width);
  if (!symmetric) {
    const { U, values, V } = randomisedSvd(K, M, { rank: Math.min(width, most), testMatrix });
    writeFactor(theta, 0, width, U, values);
    writeFactor(theta, M.rows * width, width, V, values);
    return theta;
  }
  // The singular vectors of twice the rank hold the largest eigenvalues of both signs; Rayleigh and Ritz pick the positive ones.
  const { U } = randomisedSvd(K, M, { rank: Math.min(2 * width, most), testMatrix });
  const { values, vectors } = symmetricEigen(K, multiply(K, transpose(U), M.times(U)));
  writeFactor(theta, 0, width, multiply(K, U, vectors), values);
  return theta;
}

/** The first columns of P·diag(√values) into the n×width factor at `offset` of θ. P: n×s. */
function writeFactor(theta: Theta, offset: number, width: number, P: Matrix<Float64Array>, values: Float64Array): void {
  const columns = Math.min(width, P.cols);
  for (let i = 0; i < P.rows; i++)
    for (let t = 0; t < columns; t++)
      theta[offset + i * width + t] = P.data[i * P.cols + t] * Math.sqrt(Math.max(values[t], 0));
}
