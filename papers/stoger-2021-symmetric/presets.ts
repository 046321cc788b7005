// What the experiments share: sizes, truths whose factor has the singular values of the paper, and starts.

import { type Kernels, type Stream, sineBetween, slice, smallRandom, split, symmetricEigen } from 'lorank';
import { type Sensed, type Setting, sensed } from '../trajectory.js';

export const STEP = 0.25; // μ, unless it is what varies; ‖X‖ = 1 throughout

export interface Preset {
  readonly n: number;
  readonly rank: number;
  readonly measurements: number;
}
/** m = 10nr. */
export const P60: Preset = { n: 60, rank: 2, measurements: 1200 };
export const P40: Preset = { n: 40, rank: 2, measurements: 800 };
export const P200: Preset = { n: 200, rank: 5, measurements: 10_000 };

/** The factor's singular values fall linearly from 1 to 1/κ: those of X are their squares. */
export const spectrumOf = (rank: number, condition: number): number[] =>
  Array.from({ length: rank }, (_, i) => {
    const s = rank === 1 ? 1 : 1 - ((1 - 1 / condition) * i) / (rank - 1);
    return s * s;
  });

export interface Scene extends Sensed {
  /** Eigenvalues of M = 𝒜*(y), descending. */
  readonly values: Float64Array;
  /** ‖V_{X⊥}ᵀV_L‖: the sine of the largest angle from X to the leading eigenvectors of M. */
  readonly bias: number;
  readonly rank: number;
}

/** κ of the factor, or the spectrum of X itself. */
export function scene(
  K: Kernels,
  { n, rank, measurements }: Preset,
  random: Stream,
  spectrum: number | readonly number[] = 1,
): Scene {
  const singularValues = typeof spectrum === 'number' ? spectrumOf(rank, spectrum) : spectrum;
  const setting: Setting = { rows: n, cols: n, rank, singularValues, measurements, symmetric: true };
  const made = sensed(K, setting, random);
  const { values, vectors } = symmetricEigen(K, made.M);
  const L = slice(vectors, 0, n, 0, rank);
  return { ...made, values, bias: sineBetween(K, made.U, L), rank };
}

/** αU with entries N(0, α²/k): α times a base that is the same for every α. */
export const startOf = (n: number, random: Stream, width: number, initScale: number) =>
  smallRandom(split(random, 'start'), { shape: [n], width, initScale });
