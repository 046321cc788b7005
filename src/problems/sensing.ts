// f(X) = w·‖𝒜(X) − y‖², ∇f(X) = 2w·𝒜*(𝒜(X) − y).
//
// w = ½ on factors X = VWᵀ; w = ¼ on X = UUᵀ under a symmetric operator: then U ← U + μ𝒜*(y − 𝒜(UUᵀ))U of Stöger and
// Soltanolkotabi (2021) is gradient descent with step μ. Cost per evaluation: one pass over 𝒜.

import type { Factored, LinearMap, Problem } from '../descend.js';
import { usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { type Matrix, matrix } from '../matrix.js';
import { checkVector, type Operator } from '../operators/index.js';
import { at, type Stream, subset } from '../random/index.js';

export type MatrixProblem = Problem<Matrix | Factored, LinearMap>;

/**
 * @param y m measurements, normalised as the operator is.
 * @param weight w; default ¼ where the operator is symmetric, else ½.
 */
export function sensing(operator: Operator, y: Float64Array, weight = operator.symmetric ? 0.25 : 0.5): MatrixProblem {
  checkVector(operator, 'y', y);
  return {
    evaluate(X) {
      const { residual, gradient } = operator.gradient(X, y);
      return { loss: weight * sumOfSquares(residual), grad: times(2 * weight, gradient) };
    },
  };
}

/**
 * Several f at once, over one pass of the operator for all of them: f(X₁, …, X_c) = Σ_j w·‖𝒜(X_j) − y_j‖². With sideBySide
 * of parametrisations its descent is that of c runs that differ in start, width or data, each to the bits of a run alone.
 * @param y m measurements for each run.
 * @param weight w; default as in sensing.
 */
export function sensingBatch(
  operator: Operator,
  y: readonly Float64Array[],
  weight = operator.symmetric ? 0.25 : 0.5,
): Problem<readonly (Matrix | Factored)[], readonly LinearMap[]> {
  for (const one of y) checkVector(operator, 'y', one);
  const each = (X: readonly (Matrix | Factored)[]) => X.map((one, j) => operator.gradient(one, y[j]));
  return {
    evaluate(X) {
      const runs = operator.gradients ? operator.gradients(X, y) : each(X);
      const loss = runs.reduce((sum, { residual }) => sum + weight * sumOfSquares(residual), 0);
      return { loss, grad: runs.map(({ gradient }) => times(2 * weight, gradient)) };
    },
  };
}

/**
 * The same f, estimated from `size` measurements drawn anew for each k, without replacement: loss and gradient times
 * m/size, so that their mean over the draw is that of all. Draw k comes from index k of the stream.
 * @throws usage error when the operator cannot give some of its measurements.
 */
export function sensingMinibatch(
  K: Kernels,
  operator: Operator,
  y: Float64Array,
  size: number,
  random: Stream,
  weight = operator.symmetric ? 0.25 : 0.5,
): MatrixProblem {
  checkVector(operator, 'y', y);
  const m = operator.measurements;
  if (!(Number.isInteger(size) && size >= 1 && size <= m))
    throw usageError(
      `sensingMinibatch: size should be an integer from 1 to m = ${m}, got ${size}`,
      'take a smaller batch',
    );
  if (!operator.select)
    throw usageError('sensingMinibatch: the operator should have select, got one without', 'take all measurements');
  const factor = (weight * m) / size;
  return {
    evaluate(X, k) {
      const drawn = subset(at(random, k), m, size);
      const { residual, gradient } = K.scoped(() =>
        operator.select!(drawn).gradient(
          X,
          Float64Array.from(drawn, (i) => y[i]),
        ),
      );
      return { loss: factor * sumOfSquares(residual), grad: times(2 * factor, gradient) };
    },
  };
}

function sumOfSquares(r: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < r.length; i++) sum += r[i] * r[i];
  return sum;
}

/** factor·G. */
function times(factor: number, G: LinearMap): LinearMap {
  if (factor === 1) return G;
  const scaled = (A: Matrix<Float64Array>) =>
    matrix(
      A.rows,
      A.cols,
      A.data.map((v) => factor * v),
    );
  return { ...G, times: (V) => scaled(G.times(V)), timesT: (U) => scaled(G.timesT(U)) };
}
