// Where the phases of a descent on UUᵀ should end, from M = 𝒜*(y), the start and the step alone: before the first step.
// In the eigenbasis of M, M = QΛQᵀ, the power method that a small start follows is known for every t,
//
//   Ũ_t = Q(I + μΛ)ᵗC,  C = QᵀU_0
//
// and its boundaries are found by bisection. In the last phase the error falls by about 1 − μλ_r(1 − √(d/m))² a step: λ_r is the
// least curvature at X for 𝒜 = I, and the factor the edge of a Wishart matrix of the d = nr − r(r−1)/2 degrees of freedom
// (a heuristic, for Gaussian measurements). Cost: an SVD of n×k for each step of a bisection.

import type { Kernels } from '../kernels/contract.js';
import { frobenius } from '../linalg/norms.js';
import { multiply } from '../linalg/products.js';
import { singularValues, svd } from '../linalg/svd.js';
import { type Matrix, matrix, slice, transpose } from '../matrix.js';
import { exp, log } from '../random/index.js';
import type { SpectralReference } from './phases.js';
import { sineBetween } from './signalNoise.js';

/** The predicted steps, as in Phases. */
export interface PredictedPhases {
  readonly aligned: number;
  readonly linear: number;
  readonly separated: number;
  /** For each direction by itself: a direction that waits behind a larger one comes a little later. */
  readonly grown: readonly number[];
  readonly refined: number;
  /** The factor by which the error falls in a step of the last phase. */
  readonly rate: number;
}

/** U0: n×k; measurements: m, without which 𝒜 counts as the identity. */
export function predictPhases(
  K: Kernels,
  { rank, values, vectors, L }: SpectralReference,
  U0: Matrix,
  { stepSize, measurements = Infinity }: { readonly stepSize: number; readonly measurements?: number },
): PredictedPhases {
  const C = multiply(K, transpose(vectors), U0);
  const [n, k] = [C.rows, C.cols];
  const rates = values.map((value) => log(1 + stepSize * value));
  /** Qᵀ Ũ_t/(1 + μλ₁)ᵗ. */
  const shadow = (t: number): Matrix<Float64Array> => {
    const growth = rates.map((rate) => exp(t * (rate - rates[0])));
    return matrix(
      n,
      k,
      C.data.map((c, s) => c * growth[Math.floor(s / k)]),
    );
  };
  const lengths = (t: number, from = 0, to = n) => singularValues(K, slice(shadow(t), from, to));
  /** ln of the i-th singular value of LᵀŨ_t. */
  const logLength = (t: number, i: number) => log(lengths(t, 0, rank)[i]) + t * rates[0];
  const sine = (t: number) => {
    const { U } = svd(K, shadow(t));
    return sineBetween(K, matrix(n, rank, identityColumns(n, rank)), slice(U, 0, n, 0, rank));
  };
  const square = values[0] / values[rank - 1];
  const gap = (t: number) => {
    const all = lengths(t);
    return all[rank - 1] >= 2 * square * (all[rank] ?? 0);
  };
  const grown = Array.from({ length: rank }, (_, i) => firstStep((t) => logLength(t, i) >= log(0.1 * values[i]) / 2));
  const freedom = rank * L.rows - (rank * (rank - 1)) / 2;
  const edge = 1 - Math.sqrt(Math.min(1, freedom / measurements));
  const rate = 1 - stepSize * values[rank - 1] * edge * edge;
  const end = grown[rank - 1];
  const rest = slice(shadow(end), rank, n);
  const noise = log(frobenius(multiply(K, transpose(rest), rest))) + 2 * end * rates[0];
  const level = noise + log(Math.sqrt(Math.max(0, Math.min(n, k) - rank)) + 1);
  const steps = k > rank ? (log(values[rank - 1] * Math.sqrt(rank)) - level) / -log(rate) : Infinity;
  return {
    aligned: firstStep((t) => sine(t) <= 0.05),
    linear: firstStep((t) => log(lengths(t)[0]) + t * rates[0] >= log(0.1 * values[0]) / 2),
    separated: firstStep(gap),
    grown,
    refined: end + Math.max(0, Math.ceil(steps)),
    rate,
  };
}

/** The first step at which something holds that holds ever after; Infinity past a million. */
function firstStep(holds: (t: number) => boolean): number {
  let high = 1;
  if (holds(0)) return 0;
  while (!holds(high)) {
    high *= 2;
    if (high > 1e6) return Infinity;
  }
  let low = high >> 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function identityColumns(n: number, r: number): Float64Array {
  const data = new Float64Array(n * r);
  for (let j = 0; j < r; j++) data[j * r + j] = 1;
  return data;
}
