// Scaled gradient descent on ½‖VWᵀ − A‖_F², or ¼‖UUᵀ − A‖_F², for a matrix A that is known, written so that neither VᵀV nor
// the residual is ever formed:
//
//   symmetric      U⁺ = U − η(UUᵀ − A)U(UᵀU + λI)⁻¹  =  (1−η)U + η(A + λI)U†
//   simultaneous   V⁺ = (1−η)V + η(A W† + λV(WᵀW + λI)⁻¹),  W⁺ likewise from Aᵀ and the old V
//   alternating    the same, W⁺ from the new V
//   from W₀ = 0    the first step leaves V as it is:  W₁ = η₁AᵀV†
//
// with F† = F(FᵀF + λI)⁻¹ (linalg/dual.ts), the pseudo-inverse for λ = 0. ScaledGD: λ = 0 (Tong, Ma, Chi 2021; alternating:
// Jia et al. 2023). ScaledGD(λ): a fixed λ (Xu, Shen, Chi, Ma 2023). PrecGD: λ a multiple of the misfit ‖VWᵀ − A‖_F
// (Zhang, Fattahi, Zhang 2021).
//
// From the Nyström start with λ = 0 and k ≥ rank A the whole course is known (Li, Zhang, Mokhtari, He 2025, and Newton's
// iteration for the polar factor): the singular values s of Σ^(-1/2)QᵀU_t, A = QΣQᵀ, follow s⁺ = (1−η)s + η/s each by itself,
// so η = ½ is quadratic, other η linear with rate |1−2η|; what a start has outside the columns of A shrinks by 1 − η. A pair
// has V_tW_tᵀ = p_t·A with p₁ = η₁: exact at once for η₁ = 1. For k < rank A, symmetric steps turn to the first k eigenvectors
// at the rate (1−η) + ησ_{k+1}/σ_k, and alternating ones with η = 1 are subspace iteration.
//
// Cost per step: two products of A's size with k columns (three for a pair), and a thin QR of each factor.

import type { Factored, Iterate, Theta } from '../descend.js';
import { usageError } from '../errors.js';
import type { Kernels, Precision } from '../kernels/contract.js';
import { distance } from '../linalg/distance.js';
import { dual } from '../linalg/dual.js';
import { multiply, multiplyInto, shape } from '../linalg/products.js';
import { copy, type Matrix, matrix, transpose } from '../matrix.js';
import { divideByGram } from '../parametrisations/metric.js';
import { approximation } from '../problems/approximation.js';
import type { StreamOf } from './leg.js';

/** What scaledSteps() takes. */
export interface ScaledStepsOptions {
  readonly width: number; // k
  readonly symmetric?: boolean; // θ is U: n×k; else V: n₁×k, then W: n₂×k; default false
  readonly order?: 'simultaneous' | 'alternating'; // of a pair; default simultaneous
  readonly stepSize?: number; // η in (0, 1); alternating up to 1; default ½
  readonly firstStep?: number; // η₁ of a pair whose W₀ = 0; default 1
  readonly damping?: (misfit: number) => number; // λ of ‖VWᵀ − A‖_F; default 0
  readonly cutoff?: number; // share of σ₁ below which a factor's σ count as 0 where λ = 0; default 1e-12, in f32 1e-6
  /** f32: A, the products with it and θ are rounded to f32; the QR of the thin factors and the loss stay in f64. Default f64. */
  readonly precision?: Precision;
}

/**
 * Scaled gradient descent on a known matrix: the iterates from a start, or on from one of them.
 * @param A n₁×n₂; kernel memory spares a copy at each step.
 * @throws usage error where the start is zero or does not fit, and where a symmetric A is not square.
 */
export function scaledSteps(K: Kernels, A: Matrix, options: ScaledStepsOptions): StreamOf {
  const { width, symmetric = false, order = 'simultaneous', stepSize = 0.5, firstStep = 1 } = options;
  const { damping = () => 0, precision = 'f64' } = options;
  const { cutoff = precision === 'f32' ? 1e-6 : 1e-12 } = options;
  if (symmetric && A.rows !== A.cols)
    throw usageError(`scaledSteps: a symmetric A should be square, got ${shape(A)}`, 'leave symmetric out');
  const { place, times } = precision === 'f32' ? single(K) : double(K);
  const given = place(A);
  const split = A.rows * width;
  const size = symmetric ? split : split + A.cols * width;
  const factors = (theta: Theta): Factored => {
    const left = matrix(A.rows, width, theta);
    return { left, right: symmetric ? left : matrix(A.cols, width, theta, split) };
  };
  const objective = approximation(K, A, symmetric);
  const weight = symmetric ? 0.25 : 0.5;

  /** (1−η)F + η(B H† + λF(HᵀH + λI)⁻¹), rounded to the precision. F: p×k, B: p×q, H: q×k. */
  const half = (F: Matrix, B: Matrix, H: Matrix, lambda: number, eta: number): Float64Array => {
    const { basis, divide } = dual(K, H, lambda, cutoff);
    const next = divide(times(B, basis)).data;
    const shift = lambda === 0 ? undefined : (symmetric ? divide(basis) : divideByGram(K, F, H, lambda)).data;
    const old = copy(F).data;
    for (let t = 0; t < next.length; t++) {
      const target = shift ? next[t] + lambda * shift[t] : next[t];
      next[t] = eta === 1 ? target : (1 - eta) * old[t] + eta * target;
    }
    if (precision === 'f32') for (let t = 0; t < next.length; t++) next[t] = Math.fround(next[t]);
    return next;
  };
  const step = (theta: Theta, misfit: number): Theta => {
    const { left: V, right: W } = factors(theta);
    const lambda = damping(misfit);
    if (symmetric) return half(V, given, V, lambda, stepSize);
    const empty = theta.subarray(split).every((w) => w === 0);
    const next = new Float64Array(size);
    const V1 = empty ? theta.subarray(0, split) : half(V, given, W, lambda, stepSize);
    next.set(V1);
    const from = order === 'alternating' ? matrix(A.rows, width, V1) : V;
    next.set(half(W, transpose(given), from, lambda, empty ? firstStep : stepSize), split);
    return next;
  };

  return function* (from) {
    const resumed = 'theta' in from ? from : undefined;
    let theta = resumed ? resumed.theta : (from as Theta);
    if (theta.length !== size)
      throw usageError(`scaledSteps: the start should hold ${size} numbers, got ${theta.length}`, 'check its width');
    if (theta.every((value) => value === 0) && A.data.some((value) => value !== 0))
      throw usageError(
        'scaledSteps: the start should not be zero: descent would not leave it',
        'take a Nyström start, or a random one',
      );
    if (precision === 'f32' && !resumed) theta = theta.map(Math.fround);
    for (let k = resumed?.k ?? 0; ; k++) {
      const at = factors(theta);
      const misfit = distance(K, at, A);
      yield iterate(k, theta, weight * misfit * misfit, () => gradientOf(at));
      theta = step(theta, misfit);
    }
  };

  function gradientOf(at: Factored): Theta {
    const { grad } = objective.evaluate(at, 0);
    if (symmetric) return grad.times(at.left).data;
    const gradient = new Float64Array(size);
    gradient.set(grad.times(at.right).data);
    gradient.set(grad.timesT(at.left).data, split);
    return gradient;
  }
}

/** The gradient is no part of a step; it is computed for those who ask. */
const iterate = (k: number, theta: Theta, loss: number, gradient: () => Theta): Iterate => ({
  k,
  theta,
  loss,
  get grad() {
    return gradient();
  },
});

/** How a matrix is kept, and B·D computed, in f64. */
const double = (K: Kernels) => ({
  place: (A: Matrix): Matrix => (A.data instanceof Float64Array ? A : copy(A)),
  times: (B: Matrix, D: Matrix): Matrix<Float64Array> => multiply(K, B, D),
});

/** The same in f32. */
const single = (K: Kernels) => ({
  place(A: Matrix): Matrix {
    if (A.data instanceof Float32Array) return A;
    const data = K.allocate('f32', A.rows * A.cols);
    data.set(copy(A).data);
    return matrix(A.rows, A.cols, data);
  },
  times(B: Matrix, D: Matrix): Matrix<Float64Array> {
    const C = matrix(B.rows, D.cols, new Float32Array(B.rows * D.cols));
    multiplyInto(K, B, matrix(D.rows, D.cols, Float32Array.from(copy(D).data)), C);
    return matrix(B.rows, D.cols, Float64Array.from(C.data));
  },
});
