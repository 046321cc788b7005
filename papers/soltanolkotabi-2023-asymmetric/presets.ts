// What the experiments share: sizes, starts, and how far the imbalance has come.

import {
  type Factored,
  imbalanceMatrix,
  type Kernels,
  type Matrix,
  matrix,
  type Stream,
  smallRandom,
  spectralNorm,
  split,
} from 'lorank';
import type { Setting } from '../trajectory.js';

/** The preset of most experiments: m = 6r(n₁+n₂), width n₁+n₂, entries of the start N(0, α²). */
export const LARGE = { rows: 50, cols: 40, rank: 2, width: 90 };
/** The same at less than a quarter of the cost. */
export const SMALL = { rows: 30, cols: 24, rank: 2, width: 54 };

export type Preset = typeof LARGE;
export type InitNorm = 'unit' | 'perSqrtK';

export const STEP = 0.25; // μ, unless it is what varies
export const FLOOR_ALPHAS = [1e-3, 1e-5, 1e-7];
export const STEPS = 500;

export const settingOf = ({ rows, cols, rank }: Preset, factor = 6, condition = 1): Setting => ({
  rows,
  cols,
  rank,
  condition,
  measurements: factor * rank * (rows + cols),
});

/** The start of width k: α times a base that is the same for every α. */
export const startOf = (
  { rows, cols }: Preset,
  random: Stream,
  width: number,
  initScale: number,
  initNorm: InitNorm = 'unit',
) => smallRandom(split(random, 'start'), { shape: [rows, cols], width, initScale, initNorm });

/** A + c·B. */
export const plus = (A: Matrix<Float64Array>, c: number, B: Matrix<Float64Array>): Matrix<Float64Array> =>
  matrix(
    A.rows,
    A.cols,
    A.data.map((v, t) => v + c * B.data[t]),
  );

/** ‖B_t − B_0‖ for the B_t that it is given; NaN where a run has blown up. */
export function driftFrom(K: Kernels, start: Factored): (X: Factored) => number {
  const first = imbalanceMatrix(K, start);
  return (X) => {
    const off = plus(imbalanceMatrix(K, X), -1, first);
    return off.data.every(Number.isFinite) ? spectralNorm(K, off) : Number.NaN;
  };
}
