// The landscape of factorised sensing around a point: value, gradient, and Hessian by its products, so that a point where
// descent stands still can be told from a minimum. For f(θ) = w‖𝒜(φ(θ)) − y‖² with φ(U) = UUᵀ or φ(V, W) = VWᵀ, and
// G = 2w𝒜*(𝒜(φ(θ)) − y),
//
//   ∇f(θ)     = φ′(θ)*G
//   ∇²f(θ)d   = φ′(d)*G + φ′(θ)*(2w𝒜*𝒜(φ′(θ)d)),   φ′(U)D = DUᵀ + UDᵀ,   φ′(V, W)(D, E) = DWᵀ + VEᵀ
//
// since φ is quadratic: θ ↦ φ′(θ)*G is linear. The smallest eigenvalue comes from Lanczos.
//
// What is known: with y = 𝒜(X) and a restricted isometry of order 2r with constant δ < 1/5, every point of U: n×r with ∇f = 0
// is either X = UUᵀ or has a direction of negative curvature (Bhojanapalli, Neyshabur and Srebro 2016). For w = ½ it is
//
//   λ_min(∇²f) ≤ −2(√2 − 1)(1 − 5δ)σ_r(X)
//
// which follows, for D = U − U⋆R with R the rotation that brings U⋆ nearest to U, from
//   ⟨D, ∇²f D⟩ = ‖𝒜(DDᵀ)‖² − 3‖𝒜(UUᵀ − X)‖² + 4⟨∇f, D⟩,   ‖DDᵀ‖_F² ≤ 2‖UUᵀ − X‖_F²,
//   σ_r(X)‖D‖_F² ≤ ‖UUᵀ − X‖_F²/(2(√2 − 1)).
// Cost: two passes over 𝒜 for each product.

import type { Factored, LinearMap, Parametrisation, Theta } from '../descend.js';
import { usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { type KrylovOptions, smallestEigenvalue } from '../linalg/lanczos.js';
import { multiply } from '../linalg/products.js';
import { svd } from '../linalg/svd.js';
import { norm } from '../linalg/vectors.js';
import { at, type Matrix, matrix, transpose } from '../matrix.js';
import type { Operator } from '../operators/index.js';
import { type Curved, hessianMap } from '../problems/curved.js';
import { sensing } from '../problems/sensing.js';

/**
 * f(θ) = w‖𝒜(φ(θ)) − y‖² with its Hessian.
 * @param phi symmetric() or factorPair(): X quadratic in θ.
 * @param y m measurements, as the operator gives them.
 * @param weight w; default as in sensing: ¼ under a symmetric operator, else ½. The bound above is for ½.
 */
export function curvedSensing(
  operator: Operator,
  y: Float64Array,
  phi: Parametrisation<Factored, LinearMap>,
  weight = operator.symmetric ? 0.25 : 0.5,
): Curved {
  const f = sensing(operator, y, weight);
  const zero = new Float64Array(operator.measurements);
  const at0 = sensing(operator, zero, weight);
  return {
    evaluate(theta) {
      const { loss, grad } = f.evaluate(phi.value(theta), 0);
      return { loss, grad: phi.pullback(theta, grad) };
    },
    hessian(theta) {
      const X = phi.value(theta);
      const { grad: G } = f.evaluate(X, 0);
      return hessianMap(phi.size, (d) => {
        // The gradient of w‖𝒜(Y)‖² at Y = φ′(θ)d is 2w𝒜*𝒜(Y).
        const moved = at0.evaluate(derivative(X, phi.value(d)), 0).grad;
        const product = phi.pullback(theta, moved);
        const turned = phi.pullback(d, G);
        for (let i = 0; i < product.length; i++) product[i] += turned[i];
        return product;
      });
    },
  };
}

/** φ′(θ)d = L(d)R(θ)ᵀ + L(θ)R(d)ᵀ as factors of twice the width, from φ(θ) and φ(d). */
const derivative = (X: Factored, D: Factored): Factored => ({
  left: beside(D.left, X.left),
  right: beside(X.right, D.right),
});

/** [A, B]: n×2k. */
function beside(A: Matrix, B: Matrix): Matrix<Float64Array> {
  const k = A.cols;
  const C = matrix(A.rows, 2 * k);
  for (let i = 0; i < A.rows; i++)
    for (let j = 0; j < k; j++) {
      C.data[i * 2 * k + j] = at(A, i, j);
      C.data[i * 2 * k + k + j] = at(B, i, j);
    }
  return C;
}

/** What kind of point it is, as far as first and second derivatives say. */
export type PointKind = 'not critical' | 'strict saddle' | 'second-order point';

/** What landscape() says of a point. */
export interface Landscape {
  readonly loss: number;
  readonly gradientNorm: number;
  /** λ_min(∇²F), and a direction of that curvature, of length 1. */
  readonly curvature: number;
  readonly direction: Float64Array;
  /** False where Lanczos ran out of steps: λ_min is then at most `curvature`. */
  readonly converged: boolean;
  /** A second-order point has ∇F = 0 and no negative curvature: a minimum, or a degenerate saddle. */
  readonly kind: PointKind;
}

/** When a point counts as critical and a curvature as negative, and how far Lanczos goes. */
export interface LandscapeOptions extends KrylovOptions {
  /** ‖∇F‖ up to which the point is critical; default 1e-8. */
  readonly gradientTolerance?: number;
  /** λ_min from which on it is not negative; default −1e-8. */
  readonly curvatureTolerance?: number;
}

/** The landscape of F at θ. @throws usage error where θ is empty or the derivatives are not finite. */
export function landscape(K: Kernels, F: Curved, theta: Theta, options: LandscapeOptions = {}): Landscape {
  const { gradientTolerance = 1e-8, curvatureTolerance = -1e-8, ...krylov } = options;
  const { loss, grad } = F.evaluate(theta, 0);
  const gradientNorm = norm(grad);
  if (theta.length === 0 || !Number.isFinite(loss) || !Number.isFinite(gradientNorm))
    throw usageError(
      `landscape: F should be finite at θ, got ${loss} with a gradient of length ${gradientNorm}`,
      'look at a point before the descent blew up',
    );
  const { value, vector, converged } = smallestEigenvalue(K, F.hessian(theta), krylov);
  const kind =
    gradientNorm > gradientTolerance
      ? 'not critical'
      : value < curvatureTolerance
        ? 'strict saddle'
        : 'second-order point';
  return { loss, gradientNorm, curvature: value, direction: vector, converged, kind };
}

/**
 * −2(√2 − 1)(1 − 5δ)σ_r(X): at a critical point of f = ½‖𝒜(UUᵀ) − y‖² that is not X, λ_min is at most that. From a δ that is only
 * estimated from below it proves nothing. For another weight w multiply by 2w.
 */
export const saddleBound = (delta: number, smallestSingularValue: number): number =>
  -2 * (Math.SQRT2 - 1) * (1 - 5 * delta) * smallestSingularValue;

/** D = U − U⋆R, R the rotation that makes it shortest: U: n×k, Ustar: n×k. */
export function procrustes(K: Kernels, U: Matrix, Ustar: Matrix): Matrix<Float64Array> {
  const { U: P, V: Q } = svd(K, multiply(K, transpose(Ustar), U));
  const nearest = multiply(K, Ustar, multiply(K, P, transpose(Q)));
  for (let i = 0; i < U.rows; i++)
    for (let j = 0; j < U.cols; j++) nearest.data[i * U.cols + j] = at(U, i, j) - nearest.data[i * U.cols + j];
  return nearest;
}
