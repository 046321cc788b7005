// What is known of weight normalisation on w ↦ w^L under y = A x, w = r·u, from a start w₀ = r₀u₀: the invariants of its flow,
// the start from which plain gradient flow ends at the same point, the potential that its limit minimises for L = 2, bounds
// on ‖x‖₁ − Q, Q = min {‖x‖₁ : A x = y, x ≥ 0}, and the (r₀, κ) to choose. Signed x = u^L − v^L is the same on [A, −A] with
// 2N entries and one radius. All of it follows from θ' = −P(θ)g (rules/weightNormalised.ts); the tests integrate the flow.
// Weight normalisation with two learning rates: Chou, Rauhut, Ward 2023; its depth-1 invariant: Wu et al. 2020.

import { usageError } from '../errors.js';
import { checkDepth } from '../parametrisations/hadamard.js';
import type { Design } from '../problems/linear.js';
import { exp, log, pow } from '../random/index.js';

/**
 * A vector that changes only inside range(Aᵀ) along the flow: for L = 1 u·e^{κr²/2}, for L = 2 log u + κr²/2, for L ≥ 3
 * u^{2−L}·e^{−(L−2)κr²/2}. u: N (positive entries for L ≥ 2). With κ = 0 those of plain gradient flow in w = u.
 */
export function weightNormInvariant(u: Float64Array, radius: number, ratio: number, depth: number): Float64Array {
  const h = 0.5 * ratio * radius * radius;
  if (depth === 1) return u.map((value) => value * exp(h));
  if (depth === 2) return u.map((value) => log(value) + h);
  return u.map((value) => pow(value, 2 - depth) * exp((2 - depth) * h));
}

/**
 * The start from which plain gradient flow ends where weight normalisation from w₀ ended, at radius r∞ = ‖w∞‖:
 * w_eff = u₀·r∞·exp(−κ(r∞² − r₀²)/2). Below w₀, it is a smaller start than the one that was made.
 */
export function equivalentStart(w0: Float64Array, radius: number, ratio: number): Float64Array {
  const r0 = length(w0);
  const factor = (radius / r0) * exp(-0.5 * ratio * (radius * radius - r0 * r0));
  return w0.map((w) => w * factor);
}

/** F(x) = ‖x‖₁·KL(x/‖x‖₁ ‖ u₀²) + (κ/2)(‖x‖₁ − r₀²)², whose least point over {A x = y, x ≥ 0} is the limit for L = 2. x ≥ 0. */
export function weightNormPotential(x: Float64Array, u0: Float64Array, r0: number, ratio: number): number {
  let sum = 0;
  for (let j = 0; j < x.length; j++) sum += x[j];
  let divergence = 0;
  for (let j = 0; j < x.length; j++) if (x[j] > 0) divergence += x[j] * log(x[j] / (sum * u0[j] * u0[j]));
  const off = sum - r0 * r0;
  return divergence + 0.5 * ratio * off * off;
}

/** Q and N of a bound; entries: of w, so 2N where signed. */
interface Sizes {
  readonly leastNorm: number; // Q
  readonly entries: number; // N
}

/** ‖x∞‖₁ − Q ≤ Q·log N/(κ(Q − r₀²)) for L = 2 from w₀ = α·1, r₀² = α²N < Q; infinite where r₀² ≥ Q. */
export const weightNormGap = ({ leastNorm: Q, entries }: Sizes, r0: number, ratio: number): number =>
  r0 * r0 < Q ? (Q * log(entries)) / (ratio * (Q - r0 * r0)) : Infinity;

/**
 * The same for plain gradient flow from α·1. L = 2: Q·log N/log(Q/(Nα²)) where Nα² < Q. L ≥ 3:
 * (L/2)·α^{L−2}·N^{1−2/L}·‖x∞‖₁^{2/L}, norm: ‖x∞‖₁. Infinite where nothing is known.
 */
export function gradientGap({ leastNorm: Q, entries: N }: Sizes, alpha: number, depth: number, norm: number): number {
  if (depth === 2) return N * alpha * alpha < Q ? (Q * log(N)) / log(Q / (N * alpha * alpha)) : Infinity;
  if (depth < 2) return Infinity;
  return (depth / 2) * pow(alpha, depth - 2) * pow(N, 1 - 2 / depth) * pow(norm, 2 / depth);
}

/** What adviseWeightNorm() advises. */
export interface Advice {
  /** α: start from w₀ = α·1, so that r₀² = α²·entries is half of R. */
  readonly initScale: number;
  /** κ = 40/R for L ≤ 2, 6/((L − 2)²R) above, or more where an accuracy asks for it. */
  readonly ratio: number;
  /** The estimate of R = Σ|x|^{2/L}, the square of the radius at the end. For L = 2 that is ‖x‖₁. */
  readonly radiusSquared: number;
  /** r₀² must lie below R for κ to help; much smaller, and descent is slow. */
  readonly initScales: readonly [least: number, most: number];
}

/**
 * (r₀, κ) for weight normalisation: r₀² = R/2, and κ such that α_eff/α = (r∞/r₀)·exp(−κ(r∞² − r₀²)/2) is about e⁻¹⁰; for
 * L ≥ 3, where the time that a start takes grows like α_eff^{2−L}, nearer to 1. κ helps only while r₀² < R.
 * @param norm ‖x‖₁, or an estimate such as normEstimate's.
 * @param size ‖x‖₂, or an estimate.
 * @param accuracy wanted (‖x‖₁ − Q)/Q, L = 2: κ becomes at least what the bound needs, 2·log N/(accuracy·Q); default none.
 */
export function adviseWeightNorm({
  norm,
  size,
  entries,
  depth,
  accuracy,
}: {
  readonly norm: number;
  readonly size: number;
  readonly entries: number;
  readonly depth: number;
  readonly accuracy?: number;
}): Advice {
  checkDepth('adviseWeightNorm', depth);
  if (!(norm > 0 && size > 0))
    throw usageError(`adviseWeightNorm: norm and size should be positive, got ${norm} and ${size}`, 'y = 0 needs none');
  // R of a vector with s equal entries; s = ‖x‖₁²/‖x‖₂² counts the large ones.
  const large = Math.max(1, (norm * norm) / (size * size));
  const R = pow(large, 1 - 2 / depth) * pow(norm, 2 / depth);
  const needed = accuracy === undefined || depth !== 2 ? 0 : (2 * log(entries)) / (accuracy * norm);
  const alpha = (share: number) => Math.sqrt((share * R) / entries);
  return {
    initScale: alpha(0.5),
    ratio: Math.max((depth > 2 ? 6 / ((depth - 2) * (depth - 2)) : 40) / R, needed),
    radiusSquared: R,
    initScales: [alpha(0.2), alpha(0.9)],
  };
}

/**
 * From the data alone: ‖y‖²/‖Aᵀy‖_∞ ≤ Q, for any A (it is a dual point), and ‖x‖₂ ≈ ‖y‖/(mean column norm), for columns
 * that are not alike. y: M, not zero.
 */
export function normEstimate(A: Design, y: Float64Array): { norm: number; size: number } {
  const squares = y.reduce((sum, value) => sum + value * value, 0);
  const most = A.adjoint(y).reduce((m, c) => Math.max(m, Math.abs(c)), 0);
  const frobenius = A.entries.reduce((sum, a) => sum + a * a, 0);
  return { norm: squares / most, size: Math.sqrt((squares * A.cols) / frobenius) };
}

const length = (w: Float64Array): number => Math.sqrt(w.reduce((sum, value) => sum + value * value, 0));
