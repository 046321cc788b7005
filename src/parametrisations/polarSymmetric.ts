// X = QΘQᵀ, Q: n×k with orthonormal columns, Θ: k×k symmetric: the directions of a symmetric matrix apart from its sizes, as
// weight normalisation keeps w = r·u apart. θ holds Q row by row, then Θ. A UUᵀ is the case Θ ≥ 0.
//
// Pullback of a gradient G: ((G + Gᵀ)QΘ, sym QᵀGQ). Descent goes along the tangent space, D − Q·sym(QᵀD) for Q, and comes
// back by the polar factor. With k above the rank it converges linearly where UUᵀ slows down like 1/t: the null part of Θ
// moves at the speed of a linear problem (generalised weight normalisation, Wei, Zhang, Li, He 2025). Cost: O(nk² + k³).

import type { Factored, LinearMap, Parametrisation, Theta } from '../descend.js';
import { usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { multiply } from '../linalg/products.js';
import { svd } from '../linalg/svd.js';
import { type Matrix, matrix, transpose } from '../matrix.js';

/** A parametrisation by points of a manifold. */
export interface OnManifold<X, G> extends Parametrisation<X, G> {
  /** The part of a direction in the tangent space at θ, each block times its speed. */
  project(theta: Theta, direction: Theta): Theta;
  /** The point of the manifold near θ. */
  retract(theta: Theta): Theta;
}

/**
 * X = QΘQᵀ with orthonormal Q.
 * @param n rows of X.
 * @param k columns of Q, at most n.
 * @param speeds of the two blocks, as factors of the step; default 1, 1.
 */
export function polarSymmetric(
  K: Kernels,
  n: number,
  k: number,
  speeds: readonly [directions: number, sizes: number] = [1, 1],
): OnManifold<Factored, LinearMap> {
  if (!(k >= 1 && k <= n))
    throw usageError(`polarSymmetric: k should be from 1 to n = ${n}, got ${k}`, 'orthonormal columns are at most n');
  const Q = (theta: Theta) => matrix(n, k, theta);
  const sizes = (theta: Theta) => matrix(k, k, theta, n * k);
  const join = (left: Float64Array, right: Float64Array): Theta => {
    const theta = new Float64Array(n * k + k * k);
    theta.set(left);
    theta.set(right, n * k);
    return theta;
  };
  return {
    size: n * k + k * k,
    value: (theta) => ({ left: multiply(K, Q(theta), sizes(theta)), right: Q(theta) }),
    pullback(theta, G) {
      const GQ = G.times(Q(theta));
      const both = G.symmetric ? twice(GQ) : plus(GQ, G.timesT(Q(theta)));
      return join(multiply(K, both, sizes(theta)).data, symmetrised(multiply(K, transpose(Q(theta)), GQ)).data);
    },
    project(theta, direction) {
      const [D, S] = [Q(direction), sizes(direction)];
      const inside = multiply(K, Q(theta), symmetrised(multiply(K, transpose(Q(theta)), D)));
      const tangent = inside.data.map((value, t) => speeds[0] * (D.data[t] - value));
      return join(
        tangent,
        symmetrised(S).data.map((value) => speeds[1] * value),
      );
    },
    retract(theta) {
      const { U, V } = svd(K, Q(theta));
      return join(multiply(K, U, transpose(V)).data, symmetrised(sizes(theta)).data);
    },
  };
}

const twice = (A: Matrix<Float64Array>): Matrix<Float64Array> =>
  matrix(
    A.rows,
    A.cols,
    A.data.map((value) => 2 * value),
  );

const plus = (A: Matrix<Float64Array>, B: Matrix<Float64Array>): Matrix<Float64Array> =>
  matrix(
    A.rows,
    A.cols,
    A.data.map((value, t) => value + B.data[t]),
  );

/** (A + Aᵀ)/2, dense. A: k×k. */
function symmetrised(A: Matrix): Matrix<Float64Array> {
  const k = A.rows;
  const S = matrix(k, k);
  const entry = (i: number, j: number) => A.data[A.offset + i * A.rowStride + j * A.colStride];
  for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) S.data[i * k + j] = 0.5 * (entry(i, j) + entry(j, i));
  return S;
}
