// The phases of a descent on UUᵀ from a small random start (Stöger and Soltanolkotabi 2021), found on a trajectory:
//
//   I    U_t follows a power method and turns to the leading eigenvectors of M = 𝒜*(y):   until t_align;  t_lin ends the likeness
//   II   the signal grows away from the saddle at 0, direction by direction:                t_⋆ … t₁, one t₁ for each direction
//   III  the error falls until only the noise is left:                                      t₁ … t₃
//
// phasesOf() reads looks that need the data alone; oraclePhasesOf() reads looks that need the truth. Where the phases overlap
// (M is too far from X for its spectrum: few measurements, or a large κ) the boundary is 'not separated': that is an answer, and
// no error. Between two t₁ of different directions descent rests near a saddle: a plateau, named by the rank that it has learnt.
// Cost of a look: an SVD of n×k, and two where the shadow is followed.

import type { Kernels } from '../kernels/contract.js';
import { symmetricEigen } from '../linalg/eigen.js';
import { frobenius } from '../linalg/norms.js';
import { multiply } from '../linalg/products.js';
import { singularValues, svd } from '../linalg/svd.js';
import { copy, type Matrix, slice, transpose } from '../matrix.js';
import { log } from '../random/index.js';
import { departure, type Shadow } from './powerShadow.js';
import { signalNoise, sineBetween, sineFrom } from './signalNoise.js';

/** What the data say before the first step. */
export interface SpectralReference {
  readonly rank: number; // r
  /** Eigenvalues of M = 𝒜*(y), descending: n. */
  readonly values: Float64Array;
  /** Its eigenvectors: n×n. */
  readonly vectors: Matrix<Float64Array>;
  /** L: the first r of them, n×r. */
  readonly L: Matrix<Float64Array>;
}

/** M: n×n symmetric. */
export function spectralReference(K: Kernels, M: Matrix, rank: number): SpectralReference {
  const { values, vectors } = symmetricEigen(K, M);
  return { rank, values, vectors, L: copy(slice(vectors, 0, M.rows, 0, rank)) };
}

/** One look at U_t that needs the data alone. */
export interface PhaseLook {
  readonly t: number;
  /** ‖𝒜(U_tU_tᵀ) − y‖², times any constant. */
  readonly loss: number;
  /** Singular values of U_t, descending: min(n, k) of them. */
  readonly strengths: Float64Array;
  /** L_t: the first r left singular vectors of U_t, n×r. */
  readonly leading: Matrix<Float64Array>;
  /** ang_L: the sine of the largest angle from L to L_t. */
  readonly alignment: number;
  /** ‖U_t − Ũ_t‖/‖Ũ_t‖; NaN where the shadow is not followed. */
  readonly departure: number;
}

/** U: n×k, k ≥ r; shadow: that of the same step. */
export function phaseLook(
  K: Kernels,
  { L, rank }: SpectralReference,
  { t, U, loss, shadow }: { readonly t: number; readonly U: Matrix; readonly loss: number; readonly shadow?: Shadow },
): PhaseLook {
  const { U: left, values } = svd(K, U);
  const leading = copy(slice(left, 0, U.rows, 0, rank));
  return {
    t,
    loss,
    strengths: values,
    leading,
    alignment: sineBetween(K, L, leading),
    departure: shadow ? departure(K, U, shadow) : Number.NaN,
  };
}

/** A truth X = V_X·diag(σ)·V_Xᵀ. */
export interface PositiveTruth {
  readonly X: Matrix; // n×n
  readonly V: Matrix; // V_X: n×r, orthonormal columns
  /** σ of X, descending: those of its factor are their square roots. */
  readonly sigma: ArrayLike<number>;
}

/** One look at U_t against the truth. */
export interface OracleLook extends PhaseLook {
  /** ‖U_tU_tᵀ − X‖_F/‖X‖_F. */
  readonly error: number;
  /** Singular values of V_XᵀU_t, descending. */
  readonly signal: Float64Array;
  /** σ_min(U_tW_t). */
  readonly reach: number;
  /** ‖U_tW_⊥‖. */
  readonly noise: number;
  /** Sine of the largest angle from V_X to U_tW_t. */
  readonly angle: number;
  /** ‖U_tW_⊥W_⊥ᵀU_tᵀ‖_F/‖X‖_F. */
  readonly remainder: number;
}

/** The look against a truth, in addition to that at the data. */
export function oracleLook(K: Kernels, look: PhaseLook, U: Matrix, { X, V }: PositiveTruth): OracleLook {
  const { signal, noise, strengths } = signalNoise(K, U, V);
  const off = multiply(K, U, transpose(U));
  const target = copy(X).data;
  for (let s = 0; s < target.length; s++) off.data[s] -= target[s];
  const size = frobenius(X);
  return {
    ...look,
    error: frobenius(off) / size,
    signal: strengths,
    reach: singularValues(K, signal)[signal.cols - 1],
    noise: singularValues(K, noise)[0],
    angle: sineFrom(K, V, signal),
    remainder: frobenius(multiply(K, transpose(noise), noise)) / size,
  };
}

/** A step, or why there is none: the phases on its two sides overlap, or the trajectory ends before it. */
export type Boundary = number | 'not separated' | 'not reached';

/** Where the boundaries lie. */
export interface Phases {
  /** t_align: U_t has turned to the leading eigenvectors, while it still follows its shadow. */
  readonly aligned: Boundary;
  /** t_lin: it no longer follows its shadow. */
  readonly linear: Boundary;
  /** t_⋆, I → II: the signal stands out from the noise by 2κ². */
  readonly separated: Boundary;
  /** t₁, II → III, for each direction: σ_i² has come to a tenth of its end. */
  readonly grown: readonly Boundary[];
  /** t₃: only the noise is left to learn. */
  readonly refined: Boundary;
  /** The rests near a saddle, in order. */
  readonly plateaus: readonly Plateau[];
  /** What overlaps, in sentences. Empty where every phase is apart. */
  readonly notes: readonly string[];
}

/** The loss falls by less than a tenth of its fastest fall between the t₁ of direction `rank` and the next. */
export interface Plateau {
  /** s: how many directions are learnt. */
  readonly rank: number;
  readonly from: number;
  readonly to: number;
  /** The loss in its middle. */
  readonly loss: number;
}

const ALIGNED = 0.05; // ang_L
const DEPARTED = 0.05; // ‖U − Ũ‖/‖Ũ‖
const LARGE = 0.1; // ‖U‖²/λ₁, where there is no shadow
const GROWN = 0.1; // σ_i(U)²/λ_i
const SETTLED = 0.1; // fall of ln(loss), as a share of the fastest
const WINDOW = 10; // steps over which a fall is taken
const SHORTEST = 10; // steps of a plateau

/** The phases as the data show them. looks: of one trajectory, in order, at least every few steps. */
export function phasesOf(looks: readonly PhaseLook[], { rank, values }: SpectralReference): Phases {
  const square = values[0] / values[rank - 1]; // κ² of the factor
  const grown = Array.from({ length: rank }, (_, i) =>
    first(looks, ({ strengths }) => (strengths[i] ?? 0) * (strengths[i] ?? 0) >= GROWN * values[i]),
  );
  const falls = fallsOf(looks);
  return assemble({
    aligned: first(looks, ({ alignment }) => alignment <= ALIGNED),
    linear: first(looks, ({ departure: off, strengths }) =>
      Number.isNaN(off) ? strengths[0] * strengths[0] >= LARGE * values[0] : off >= DEPARTED,
    ),
    separated: first(looks, ({ strengths }) => strengths[rank - 1] >= 2 * square * (strengths[rank] ?? 0)),
    grown,
    refined: settled(looks, falls, grown[rank - 1]),
    plateaus: plateausOf(looks, falls, grown),
  });
}

/**
 * The phases against the truth.
 * @param bias ‖V_{X⊥}ᵀV_L‖: how far the eigenvectors of M are from the truth.
 */
export function oraclePhasesOf(looks: readonly OracleLook[], { sigma, V }: PositiveTruth, bias: number): Phases {
  const rank = V.cols;
  const square = sigma[0] / sigma[rank - 1];
  const width = looks.length === 0 ? 0 : looks[0].strengths.length;
  const grown = Array.from({ length: rank }, (_, i) =>
    first(looks, ({ signal }) => (signal[i] ?? 0) * (signal[i] ?? 0) >= GROWN * sigma[i]),
  );
  const end = grown[rank - 1];
  const weight = Math.sqrt(Math.max(0, width - rank)) + 1;
  return assemble({
    aligned: first(looks, ({ angle }) => angle <= 1.5 * bias),
    linear: first(looks, ({ departure: off, strengths }) =>
      Number.isNaN(off) ? strengths[0] * strengths[0] >= LARGE * sigma[0] : off >= DEPARTED,
    ),
    separated: first(looks, ({ noise, reach }) => noise <= reach / (2 * square)),
    grown,
    refined: end === undefined ? end : first(looks, (look) => look.t >= end && weight * look.remainder >= look.error),
    plateaus: plateausOf(looks, fallsOf(looks), grown),
  });
}

type Found = number | undefined;
interface Boundaries {
  readonly aligned: Found;
  readonly linear: Found;
  readonly separated: Found;
  readonly grown: readonly Found[];
  readonly refined: Found;
  readonly plateaus: readonly Plateau[];
}

function assemble({ aligned, linear, separated, grown, refined, plateaus }: Boundaries): Phases {
  const notes: string[] = [];
  const start = grown[0];
  const isLate = linear !== undefined && (aligned === undefined || aligned >= linear);
  const isMixed = start !== undefined && (separated === undefined || separated >= start);
  if (isLate)
    notes.push(
      'I and II are not separated: U leaves its power method before it has turned to the leading eigenvectors.',
    );
  if (isMixed)
    notes.push(
      'II begins before the signal stands out from the noise by 2κ²: the directions beyond the rank grow as well.',
    );
  const reached = (found: Found): Boundary => found ?? 'not reached';
  return {
    aligned: isLate ? 'not separated' : reached(aligned),
    linear: reached(linear),
    separated: isMixed ? 'not separated' : separated === undefined ? 'not reached' : Math.max(separated, aligned ?? 0),
    grown: grown.map(reached),
    refined: reached(refined),
    plateaus,
    notes,
  };
}

const first = <L extends PhaseLook>(looks: readonly L[], isReached: (look: L) => boolean): Found =>
  looks.find(isReached)?.t;

/** By how much ln(loss) has fallen in the last WINDOW steps, per step; NaN at the beginning. */
function fallsOf(looks: readonly PhaseLook[]): number[] {
  let from = 0;
  return looks.map(({ t, loss }) => {
    while (from + 1 < looks.length && looks[from + 1].t <= t - WINDOW) from++;
    const span = t - looks[from].t;
    return span >= WINDOW ? (log(looks[from].loss) - log(loss)) / span : Number.NaN;
  });
}

/** The first step after the fastest fall since t₁ at which the fall is a tenth of it. */
function settled(looks: readonly PhaseLook[], falls: readonly number[], since: Found): Found {
  if (since === undefined) return undefined;
  const fastest = fastestAfter(looks, falls, since, Infinity);
  return looks.find(({ t }, i) => t > fastest.t && falls[i] < SETTLED * fastest.fall)?.t;
}

function fastestAfter(looks: readonly PhaseLook[], falls: readonly number[], from: number, to: number) {
  let best = { t: from, fall: 0 };
  looks.forEach(({ t }, i) => {
    if (t >= from && t <= to && falls[i] > best.fall) best = { t, fall: falls[i] };
  });
  return best;
}

function plateausOf(looks: readonly PhaseLook[], falls: readonly number[], grown: readonly Found[]): Plateau[] {
  const found: Plateau[] = [];
  for (let s = 1; s < grown.length; s++) {
    const [from, to] = [grown[s - 1], grown[s] ?? looks[looks.length - 1]?.t];
    if (from === undefined || to === undefined) continue;
    const { fall } = fastestAfter(looks, falls, from, to);
    const flat = looks.filter(({ t }, i) => t >= from && t <= to && falls[i] < SETTLED * fall);
    if (flat.length === 0 || flat[flat.length - 1].t - flat[0].t < SHORTEST) continue;
    const { loss } = flat[flat.length >> 1];
    found.push({ rank: s, from: flat[0].t, to: flat[flat.length - 1].t, loss });
  }
  return found;
}
