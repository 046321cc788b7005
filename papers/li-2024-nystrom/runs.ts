// Descents on a known matrix with every iterate seen, and the forms of a step that claims compare it with.

import {
  type Iterate,
  type Kernels,
  type Matrix,
  matrix,
  multiply,
  type ScaledStepsOptions,
  scaledSteps,
  transpose,
} from 'lorank';
import { type Known, LEVEL } from './presets.js';

export interface Course {
  /** ‖X_t − A‖_F/‖A‖_F, t = 0, 1, …. */
  readonly errors: readonly number[];
  /** t of the first error below the level; NaN where there is none. */
  readonly its: number;
}

/** Scaled steps for at most `steps`; further than the level by `after` steps. */
export function course(
  K: Kernels,
  { A, size }: Known,
  start: Float64Array,
  options: ScaledStepsOptions,
  { steps = 60, after = 0, level = LEVEL }: { steps?: number; after?: number; level?: number } = {},
  see: (it: Iterate) => void = () => {},
): Course {
  const weight = options.symmetric ? 0.25 : 0.5;
  const errors: number[] = [];
  let its = Number.NaN;
  for (const it of scaledSteps(K, A, options)(start)) {
    const error = Math.sqrt(it.loss / weight) / size;
    errors.push(error);
    see(it);
    if (Number.isNaN(its) && error < level) its = it.k;
    if (it.k === steps || !(error < 1e100) || it.k >= its + after) break;
  }
  return { errors, its };
}

/** Errors until they are finite no more, or below the level, of any step U ← step(U). */
export function iterated(
  { A, size }: Known,
  start: Matrix<Float64Array>,
  step: (U: Matrix<Float64Array>) => Matrix<Float64Array>,
  error: (U: Matrix<Float64Array>) => number,
  steps: number,
): Course {
  const errors: number[] = [];
  let U = start;
  for (let t = 0; t <= steps; t++) {
    const now = error(U) / size;
    errors.push(now);
    if (now < LEVEL) return { errors, its: t };
    if (!(now < 1e100) || A.rows === 0) break;
    U = step(U);
  }
  return { errors, its: Number.NaN };
}

/** The factor of the last step before errors reach the level: the rate of a linear tail. */
export const tail = ({ errors, its }: Course): number => errors[its] / errors[its - 1];

/** G⁻¹ by Gauss and Jordan with partial pivoting, as a library that forms Gram matrices would. G: k×k. */
export function inverse(G: Matrix<Float64Array>): Matrix<Float64Array> {
  const k = G.rows;
  const work = Array.from({ length: k }, (_, i) => {
    const row = new Float64Array(2 * k);
    row.set(G.data.subarray(i * k, (i + 1) * k));
    row[k + i] = 1;
    return row;
  });
  for (let j = 0; j < k; j++) {
    let pivot = j;
    for (let i = j + 1; i < k; i++) if (Math.abs(work[i][j]) > Math.abs(work[pivot][j])) pivot = i;
    [work[j], work[pivot]] = [work[pivot], work[j]];
    const lead = work[j][j];
    for (let t = 0; t < 2 * k; t++) work[j][t] /= lead;
    for (let i = 0; i < k; i++) {
      const factor = work[i][j];
      if (i === j || factor === 0) continue;
      for (let t = 0; t < 2 * k; t++) work[i][t] -= factor * work[j][t];
    }
  }
  const out = matrix(k, k);
  work.forEach((row, i) => {
    out.data.set(row.subarray(k), i * k);
  });
  return out;
}

/** The step that forms UᵀU: U⁺ = U − η(UUᵀ − A)U(UᵀU)⁻¹. */
export function gramStep(K: Kernels, A: Matrix<Float64Array>, stepSize: number) {
  return (U: Matrix<Float64Array>): Matrix<Float64Array> => {
    const G = multiply(K, transpose(U), U);
    const residual = multiply(K, U, G);
    const AU = multiply(K, A, U);
    const direction = multiply(
      K,
      matrix(
        U.rows,
        U.cols,
        residual.data.map((v, t) => v - AU.data[t]),
      ),
      inverse(G),
    );
    return matrix(
      U.rows,
      U.cols,
      U.data.map((u, t) => u - stepSize * direction.data[t]),
    );
  };
}
