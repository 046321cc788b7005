// Descent on a chain of factors X = W_L ⋯ W_1, for a matrix that is known, its entries, or measurements of it:
//
//   deep             W_l⁺ = W_l − μ∂F/∂W_l, hidden factors of any width. A small start grows one singular direction of X
//                    after another, and the deeper the chain, the longer it waits between two: a bias to low rank that a
//                    pair of factors shows only at far smaller scales.
//   compressed-deep  the chain U W̃_L ⋯ W̃_1 Vᵀ, W̃_l: 2r×2r, in the 2r dimensions that deep moves, U and V with step γμ; or,
//                    with start 'surrogate', W̃_L ⋯ W̃_1 with n₁×2r and 2r×n₂ at its ends, these with step γμ (C-DLN).
//
// Guarantees: a known X of rank r and a start with orthogonal factors: compressed-deep with γ = 0 follows deep to
// √(d − 2r)·ε^L at every step (Yaras, Wang, Hu, Zhu, Balzano, Qu 2023; exact). For entries or measurements γ > 0 is needed, and
// there is no guarantee. C-DLN: Kwon, Zhang, Song, Hu, Qu 2023.
// Cost per step: deep 6(L − 1)·d³ flops for square factors, and what 𝒜 takes, compressed-deep what 𝒜 takes on factors of width 2r.

import type { Factored, LinearMap, Parametrisation, Rule, Theta } from '../descend.js';
import { usageError } from '../errors.js';
import { type DeepStartKind, deepStart, invariantStart, surrogateStart } from '../initialisations/deep.js';
import type { Kernels } from '../kernels/contract.js';
import { deep, type Widths } from '../parametrisations/deep.js';
import { pow, type Stream } from '../random/index.js';
import { scaled } from '../rules/scaled.js';
import { weightDecay as decaying } from '../rules/weightDecay.js';

/** The chain of factors, and how it descends. */
export interface DeepOptions {
  readonly method: 'deep' | 'compressed-deep';
  readonly depth?: number; // L; default 3
  readonly width?: number; // of the hidden factors of deep, at least the rank; default min(n₁, n₂)
  readonly rank?: number; // r̂ of compressed-deep, at most min(n₁, n₂)/2: its factors have width 2r̂
  readonly start?: DeepStartKind | 'invariant' | 'surrogate'; // default orthogonal; of compressed-deep invariant
  readonly initScale?: number; // ε, relative to σ₁^{1/L}; default 1e-3 for L ≤ 2, else 10^{−2/(L−2)}: some hundred steps to leave it
  readonly stepSize?: number; // μ; default from σ₁
  readonly outerStep?: number; // γ of compressed-deep, relative to σ₁^{−2/L}; default 0.1, 0 for a known matrix; surrogate: plain γ, default 2
  readonly weightDecay?: number; // λ, relative to σ₁^{2−2/L}; default 0
}

/** A chain with its start and step, ready to descend. */
export interface DeepPlan {
  readonly widths: Widths;
  readonly phi: Parametrisation<Factored, LinearMap>;
  rule(stepSize: number): Rule;
  readonly stepSize: number; // μ
  /** Half of the largest step that converges at the truth. */
  readonly safe: number;
  /** Steps within which a direction a tenth as strong as σ₁ has left the start: a plateau may be as long. */
  readonly plateau: number;
  start(): Theta;
}

/** What the choice of a chain rests on. */
export interface Seen {
  /** X, or 𝒜*(y): n₁×n₂. */
  readonly map: LinearMap;
  /** Its σ₁. */
  readonly scale: number;
  /** The map is X itself. */
  readonly known: boolean;
  /** F is about share·½‖W_L ⋯ W_1 − X‖_F²: the share of entries that are known; default 1. */
  readonly share?: number;
}

/** What a deep method descends with. @throws usage error where depth, width, rank and start do not fit. */
export function deepPlan(
  K: Kernels,
  { map, scale, known, share = 1 }: Seen,
  random: Stream,
  options: DeepOptions,
): DeepPlan {
  const { method, depth = 3, weightDecay = 0 } = options;
  check(options, map);
  const compressed = method === 'compressed-deep';
  const start = options.start ?? (compressed ? 'invariant' : 'orthogonal');
  const surrogate = start === 'surrogate';
  const sigma = scale || 1;
  const relative = options.initScale ?? (depth <= 2 ? 1e-3 : pow(10, -2 / (depth - 2)));
  const initScale = relative * pow(sigma, 1 / depth);
  const outerStep = options.outerStep ?? (surrogate ? 2 : known ? 0 : 0.1);
  const gamma = surrogate ? outerStep : outerStep * pow(sigma, -2 / depth);
  const width = compressed ? 2 * options.rank! : (options.width ?? Math.min(map.rows, map.cols));
  const hidden = depth - 1 + (compressed && !surrogate ? 2 : 0);
  const widths = [map.cols, ...Array<number>(hidden).fill(width), map.rows];
  const speeds = widths.slice(1).map((_, l) => (compressed && (l === 0 || l === hidden) ? gamma : 1));
  const phi = deep(K, widths, speeds);

  // The curvature at the truth: σ₁^{2−2/L} for each factor of a balanced chain, and γσ₁² for each of U and V.
  const inner = pow(Math.max(sigma, pow(initScale, depth)), 2 - 2 / depth);
  const factors = compressed ? (surrogate ? depth - 2 : depth) + 2 * outerStep : depth;
  const curvature = share * factors * inner;
  const safe = (known ? 1 : 0.5) / curvature;
  const stepSize = options.stepSize ?? safe;
  const decay = share * weightDecay * pow(sigma, 2 - 2 / depth);
  const waits = depth === 2 ? 20 : depth < 2 ? 1 : 1 / pow(Math.min(relative, 1), depth - 2);
  return {
    widths,
    phi,
    rule(size) {
      const descent = scaled(size, phi.metric!);
      return decay > 0 ? decaying(decay, descent) : descent;
    },
    stepSize,
    safe,
    plateau: Math.ceil(Math.max(100, (20 * waits) / (stepSize * share * pow(sigma, 2 - 2 / depth)))),
    start() {
      const shape = { depth, rank: surrogate ? width : width / 2, initScale };
      if (surrogate) return surrogateStart(K, map, random, shape).theta;
      if (start === 'invariant') return invariantStart(K, map, random, shape).theta;
      return deepStart(K, random, { widths, kind: start, initScale });
    },
  };
}

function check({ method, depth = 3, width, rank, start }: DeepOptions, { rows, cols }: LinearMap): void {
  const most = Math.min(rows, cols);
  if (!(Number.isSafeInteger(depth) && depth >= 1))
    throw usageError(`${method}: depth should be a whole number of at least 1, got ${depth}`, 'depth 3 is usual');
  if (method === 'deep') {
    if (start === 'invariant' || start === 'surrogate')
      throw usageError(`deep: start should be orthogonal, gaussian or identity, got ${start}`, 'take compressed-deep');
    if (width !== undefined && rank !== undefined && width < rank)
      throw usageError(`deep: width should be at least the rank ${rank}, got ${width}`, 'leave one of them out');
    return;
  }
  if (start !== undefined && start !== 'invariant' && start !== 'surrogate')
    throw usageError(`compressed-deep: start should be invariant or surrogate, got ${start}`, 'take deep');
  if (start === 'surrogate' && depth < 2)
    throw usageError(`compressed-deep: depth should be at least 2 from a surrogate, got ${depth}`, 'take depth 3');
  if (width !== undefined)
    throw usageError(`compressed-deep: its width is twice the rank, got width ${width} as well`, 'give rank alone');
  if (rank === undefined) throw usageError('compressed-deep: a rank is needed', 'give rank 5: more than X has is fine');
  if (2 * rank > most)
    throw usageError(
      `compressed-deep: rank should be at most min(n₁, n₂)/2 = ${Math.floor(most / 2)}, got ${rank}`,
      'take deep, which this would not compress',
    );
}
