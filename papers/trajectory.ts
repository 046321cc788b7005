// What descents of sensing papers share: a truth with its operator, descent with every iterate seen, and runs side by side on
// one operator, with their hit times and floors.

import {
  copy,
  denseOf,
  descend,
  type Factored,
  formed,
  frobenius,
  gaussian,
  gradient,
  type Iterate,
  type Kernels,
  type LinearMap,
  lowRank,
  type Matrix,
  mapOf,
  matrix,
  type Objective,
  type Operator,
  type Parametrisation,
  type Problem,
  pull,
  relativeFrobenius,
  type Stream,
  sensingBatch,
  sideBySide,
  singularValues,
  split,
  type Theta,
} from 'lorank';

export interface Setting {
  readonly rows: number; // n₁
  readonly cols: number; // n₂
  readonly rank: number; // r
  /** κ of X, whose spectrum is linear from 1 to 1/κ; default 1. */
  readonly condition?: number;
  /** σ of X themselves, in place of a condition. */
  readonly singularValues?: readonly number[];
  readonly measurements: number; // m
  /** X positive semidefinite under a symmetric operator; default false. */
  readonly symmetric?: boolean;
}

/** A truth of norm 1, a Gaussian operator, and the measurements. */
export interface Sensed {
  readonly operator: Operator;
  readonly y: Float64Array;
  /** X: n₁×n₂. */
  readonly X: Matrix<Float64Array>;
  /** Its singular vectors, n₁×r and n₂×r, and values. */
  readonly U: Matrix<Float64Array>;
  readonly V: Matrix<Float64Array>;
  readonly sigma: Float64Array;
  /** 𝒜*(y) = 𝒜*𝒜(X): n₁×n₂, and its singular values: what descent sees near zero. */
  readonly M: Matrix<Float64Array>;
  readonly seen: Float64Array;
}

/** @param random names the truth ('truth') and the operator ('operator'). */
export function sensed(K: Kernels, setting: Setting, random: Stream): Sensed {
  const { X: factors, U, V, singularValues: sigma } = lowRank(K, setting, split(random, 'truth'));
  const operator = gaussian(K, setting, split(random, 'operator'));
  const X = formed(K, factors);
  const y = operator.apply(X);
  const M = denseOf(K, operator.adjoint(y));
  return { operator, y, X, U, V, sigma, M, seen: singularValues(K, M) };
}

/** f(X_t) = w·‖X_t − X‖_F²: sensing with 𝒜 = I. X: n₁×n₂. w as in sensing: ½, or ¼ for UUᵀ. */
export const whole = (K: Kernels, X: Matrix, weight = 0.5): Problem<Factored, LinearMap> => ({
  evaluate(at) {
    const off = formed(K, at);
    const target = copy(X).data;
    for (let t = 0; t < target.length; t++) off.data[t] -= target[t];
    const size = frobenius(off);
    const scaled = matrix(
      off.rows,
      off.cols,
      off.data.map((v) => 2 * weight * v),
    );
    return { loss: weight * size * size, grad: mapOf(K, scaled) };
  },
});

/** Gradient descent for t = 0 … steps, every iterate seen; ends sooner where see returns true. Yields every 20 steps. */
export function* follow(
  F: Objective,
  stepSize: number,
  start: Theta,
  steps: number,
  // biome-ignore lint/suspicious/noConfusingVoidType: most lookers return nothing
  see: (it: Iterate) => boolean | void,
): Generator<undefined, void, undefined> {
  for (const it of descend(F, gradient(stepSize), start)) {
    if (see(it) === true || it.k === steps) return;
    if (it.k % 20 === 19) yield;
  }
}

export interface Descent {
  /** t of the first error below the level; NaN where there is none. */
  readonly hit: number;
  /** ‖X_t − X‖_F/‖X‖_F at the last step. */
  readonly te: number;
  readonly last: Factored;
}

export interface Side {
  readonly phi: Parametrisation<Factored, LinearMap>;
  readonly start: Theta;
}

/** 𝒜(X_t) − y: m, and 𝒜*(𝒜(X_t) − y). */
export type Seen = ReturnType<Operator['gradient']>;

/**
 * Runs side by side on one operator, which is read once a step for all of them: what a sweep of α or of k costs least.
 * @param level of the error that hit times are taken at.
 * @param see is called with every X_t of every run.
 */
export function* sideBySideRuns(
  K: Kernels,
  { operator, y, X }: Pick<Sensed, 'operator' | 'y' | 'X'>,
  runs: readonly Side[],
  { stepSize, steps, level }: { readonly stepSize: number; readonly steps: number; readonly level: number },
  see: (run: number, t: number, at: Factored, seen: Seen) => void = () => {},
): Generator<undefined, Descent[]> {
  const phi = sideBySide(runs.map((run) => run.phi));
  const start = new Float64Array(phi.size);
  let from = 0;
  for (const run of runs) {
    start.set(run.start, from);
    from += run.start.length;
  }
  const found = runs.map(() => ({ hit: Number.NaN, te: Number.NaN, last: phi.value(start)[0] }));
  let latest: Seen[] = [];
  const gradients: Operator['gradients'] = (X, ys) => {
    latest = operator.gradients?.(X, ys) ?? X.map((one, j) => operator.gradient(one, ys[j]));
    return latest;
  };
  const F = pull(sensingBatch({ ...operator, gradients }, Array(runs.length).fill(y)), phi);
  yield* follow(F, stepSize, start, steps, ({ k, theta }) => {
    phi.value(theta).forEach((at, j) => {
      see(j, k, at, latest[j]);
      if (k < steps && found[j].hit >= 0) return;
      const te = relativeFrobenius(K, at, X);
      const first = Number.isNaN(found[j].hit) && te < level;
      found[j] = { hit: first ? k : found[j].hit, te, last: at };
    });
  });
  return found;
}
