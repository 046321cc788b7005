// f(X) = w·‖X − A‖_F² for a matrix A that is known: sensing with 𝒜 = I. ∇f(X) = 2w(X − A), known by its products.
// w = ½ on factors VWᵀ; w = ¼ on UUᵀ, so that the gradient in U is (UUᵀ − A)U.
// Cost per evaluation: one product of A's size with k columns, and one for each product with the gradient.

import type { Factored, LinearMap, Problem } from '../descend.js';
import type { Kernels } from '../kernels/contract.js';
import { distance } from '../linalg/distance.js';
import { mapOf, mapOfFactored } from '../linalg/maps.js';
import { type Matrix, matrix } from '../matrix.js';

/**
 * f(X) = ½‖X − A‖_F² on factors VWᵀ, or ¼‖UUᵀ − A‖_F².
 * @param A n₁×n₂; kernel memory spares a copy at each product.
 * @param symmetric A = Aᵀ and X = UUᵀ: w = ¼ instead of ½, and one product stands for both.
 */
export function approximation(K: Kernels, A: Matrix, symmetric = false): Problem<Factored, LinearMap> {
  const weight = symmetric ? 0.25 : 0.5;
  const given = mapOf(K, A);
  const minus = (X: Matrix<Float64Array>, Y: Matrix<Float64Array>) =>
    matrix(
      X.rows,
      X.cols,
      X.data.map((x, t) => 2 * weight * (x - Y.data[t])),
    );
  return {
    evaluate(X) {
      const at = mapOfFactored(K, X);
      const misfit = distance(K, X, A);
      return {
        loss: weight * misfit * misfit,
        grad: {
          rows: A.rows,
          cols: A.cols,
          symmetric,
          times: (V) => minus(at.times(V), given.times(V)),
          timesT: (U) => minus(at.timesT(U), given.timesT(U)),
        },
      };
    },
  };
}
