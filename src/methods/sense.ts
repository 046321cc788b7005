// Recovers X: n₁×n₂ of low rank from y = 𝒜(X) (+ noise) by descent on f(V, W) = ½‖𝒜(VWᵀ) − y‖², or on f(U) = ¼‖𝒜(UUᵀ) − y‖²
// where the operator is symmetric.
//
//   gd          θ⁺ = θ − μ∇f(θ)                        from a small random start: the low-rank bias of S1 and S2
//   scaled-gd   θ⁺ = θ − η B(θ)⁻¹∇f(θ)                 ScaledGD; with damping, ScaledGD(λ)
//   prec-gd     the same, λ = c‖𝒜(X) − y‖              PrecGD: the damping follows the misfit (damped.ts)
//   heavy-ball  p⁺ = βp − μ∇f(θ), θ⁺ = θ + p⁺
//   armijo      the largest step of a backtracking search
//   sgd         θ⁺ = θ − μ∇f_B(θ), B a minibatch       from a random start of the size of X (sgd.ts)
//   weight-normalised  X = QΘQᵀ with orthonormal Q, symmetric X alone                        sensePolar.ts
//   deep, compressed-deep  X = W_L ⋯ W_1, a chain of factors                                  senseDeep.ts
//   auto        over-parametrised gd, then ScaledGD at the rank that held-out measurements ask for (senseAuto.ts)
//
// Guarantees: under RIP, recovery from a small random start (Soltanolkotabi, Stöger, Xie 2023; symmetric: Stöger,
// Soltanolkotabi 2021) and linear convergence of ScaledGD from a spectral start (Tong, Ma, Chi 2021).
// Cost per step: one pass over 𝒜, and O((n₁+n₂)k²) where scaled.

import type { Rule, Theta } from '../descend.js';
import { usageError } from '../errors.js';
import { smallRandom, spectral } from '../initialisations/index.js';
import type { Kernels } from '../kernels/contract.js';
import { factoredSvd } from '../linalg/factored.js';
import { armijo } from '../rules/armijo.js';
import { gradient } from '../rules/gradient.js';
import { heavyBall } from '../rules/heavyBall.js';
import { scaled } from '../rules/scaled.js';
import type { Checkpoint, Run } from '../stream.js';
import { guardNotes, noiseLevel, precGd, scaledStep } from './damped.js';
import type { DeepOptions } from './deep.js';
import { openBook } from './leg.js';
import { widestGap } from './rank.js';
import { senseAuto } from './senseAuto.js';
import { senseDeep } from './senseDeep.js';
import { sensePolar } from './sensePolar.js';
import {
  type DescentOptions,
  type MatrixParametrisation,
  type Measured,
  type SenseProgress,
  type SenseResult,
  type Sensing,
  sensingOf,
} from './sensing.js';
import { senseSgd } from './sgd.js';
import { stepNotes, withStep } from './steps.js';

export interface SenseOptions extends Partial<DescentOptions> {
  readonly method?:
    | 'auto'
    | 'gd'
    | 'scaled-gd'
    | 'prec-gd'
    | 'heavy-ball'
    | 'armijo'
    | 'sgd'
    | 'weight-normalised'
    | DeepOptions['method']; // default auto
  readonly width?: number; // k; default the rank where given, else min(n₁, n₂)
  readonly rank?: number; // r; at most min(n₁, n₂)
  readonly start?: 'small-random' | 'spectral' | DeepOptions['start']; // default small-random; spectral for scaled-gd and prec-gd at a given rank; deep.ts
  readonly initScale?: number; // α relative to √σ₁(𝒜*(y)); default 1e-7, of auto 1e-4, of sgd such that ‖U₀‖ ≈ √σ₁
  readonly initNorm?: 'perSqrtK' | 'unit'; // entries N(0, α²/k) or N(0, α²); default perSqrtK
  readonly stepSize?: number; // μ; default ¼/σ₁(𝒜*(y)), of sgd less (sgdStep); η of scaled-gd and prec-gd, default ½, less for factors wider than the rank (damped.ts)
  readonly damping?: number; // λ of scaled-gd, relative to σ₁(𝒜*(y)); default 0 at a given rank, else what 𝒜*(y) holds beside X; c of prec-gd, default 1
  readonly momentum?: number; // β of heavy-ball; default 0.8
  readonly depth?: number; // L of deep and compressed-deep, as what follows; default 3
  readonly outerStep?: number; // γ
  readonly weightDecay?: number; // λ
  readonly batch?: number; // measurements of a step of sgd; default ⌈m/10⌉
  readonly seed?: number; // default 0
}

/**
 * @param train the measurements to descend on.
 * @param heldOut measurements kept back: they end the descent, and choose the rank of auto.
 * @param from a checkpoint of the same call.
 * @throws usage error when the rank exceeds min(n₁, n₂) or the width, or a width is given to auto.
 */
export function* sense(
  K: Kernels,
  train: Measured,
  heldOut: Measured | undefined,
  options: SenseOptions = {},
  from?: Checkpoint,
): Run<SenseProgress, SenseResult> {
  const { method = 'auto', rank } = options;
  const { rows, cols } = train.operator;
  const most = Math.min(rows, cols);
  if (rank !== undefined && !(rank >= 1 && rank <= most))
    throw usageError(
      `sense: rank should be between 1 and min(n₁, n₂) = ${most}, got ${rank}`,
      'Give a smaller --rank, or --width for over-parametrised factors.',
    );
  const S = sensingOf(K, train, heldOut, options.seed ?? 0);
  const descent = {
    iterations: 10_000,
    tolerance: 1e-9,
    precision: 'auto',
    patience: 500,
    ...defined(options),
  } as const;
  if (method === 'auto') {
    if (options.width !== undefined) throw usageError('sense: a width needs a method', 'Add --method gd.');
    const start = (wide: number) => startOf(S, wide, { initScale: 1e-4, ...defined(options) });
    return yield* senseAuto(
      S,
      { ...descent, rank, stepSize: options.stepSize ?? 0.25 / S.scale, seed: options.seed ?? 0 },
      start,
      from,
    );
  }

  if (method === 'deep' || method === 'compressed-deep')
    return yield* senseDeep(
      S,
      { ...options, ...descent, iterations: options.iterations ?? 50_000 } as DeepOptions & DescentOptions,
      from,
    );
  const width = options.width ?? rank ?? most;
  if (rank !== undefined && width < rank)
    throw usageError(
      `sense: width should be at least the rank ${rank}, got ${width}`,
      'Give a larger --width, or a smaller --rank.',
    );
  if (method === 'weight-normalised')
    return yield* sensePolar(S, { ...descent, width, rank, stepSize: options.stepSize }, from);
  const wide = rank !== width;
  const damping = options.damping === undefined ? (wide ? noiseLevel(S) : 0) : S.scale * options.damping;
  const phi = S.parametrisation(width, damping);
  const book = openBook((position) => S.show('descent', phi, position), from);
  const start = () => startOf(S, width, options);
  if (method === 'sgd') return yield* senseSgd(S, { ...descent, width, start }, from);
  const suggested = isScaled(method) ? (wide ? scaledStep(S, width) : 0.5) : 0.25 / S.scale;
  const { end, step } = yield* withStep({ suggested, given: options.stepSize }, (stepSize) =>
    S.descend(book, phi, ruleOf(method, stepSize, S, phi, { ...options, width }), start, descent),
  );
  const X = phi.value(end.theta);
  const failed = end.outcome === 'diverged';
  const values = failed ? new Float64Array(0) : factoredSvd(K, X).values;
  const found = rank ?? widestGap(values, most);
  return {
    outcome: end.outcome,
    method,
    X,
    width,
    rank: found,
    iterations: book.steps(),
    residual: S.residual(end.loss),
    heldOut: end.score,
    singularValues: values,
    notes: [...stepNotes(end.outcome, step), ...(method === 'scaled-gd' ? guardNotes(S, found, width) : [])],
  };
}

type Method = NonNullable<SenseOptions['method']>;
const isScaled = (method: Method): boolean => method === 'scaled-gd' || method === 'prec-gd';

function ruleOf(
  method: Method,
  stepSize: number,
  S: Sensing,
  phi: MatrixParametrisation,
  options: SenseOptions & { width: number },
): Rule {
  switch (method) {
    case 'prec-gd':
      return precGd(S, options.width, stepSize, options.damping ?? 1);
    case 'scaled-gd':
      return scaled(stepSize, phi.metric!);
    case 'heavy-ball':
      return heavyBall(stepSize, options.momentum ?? 0.8);
    case 'armijo':
      return armijo(stepSize);
    default:
      return gradient(stepSize);
  }
}

/** α counts relative to the square root of the scale of X, so that a start does not depend on the units of the data. */
export function startOf(S: Sensing, width: number, options: SenseOptions): Theta {
  const { rows, cols, symmetric } = S.train.operator;
  const atRank = isScaled(options.method ?? 'auto') && options.rank === width;
  if ((options.start ?? (atRank ? 'spectral' : 'small-random')) === 'spectral')
    return spectral(S.K, S.descentDirection(), width, S.random, symmetric);
  return smallRandom(S.random, {
    shape: symmetric ? [rows] : [rows, cols],
    width,
    initScale: (options.initScale ?? (options.method === 'sgd' ? levelScale(S, width) : 1e-7)) * Math.sqrt(S.scale),
    initNorm: options.initNorm ?? 'perSqrtK',
  });
}

/** α for which factors of entries N(0, α²/k) have norm about 1. */
function levelScale({ train: { operator } }: Sensing, width: number): number {
  return 1 / (1 + Math.sqrt(Math.max(operator.rows, operator.cols) / width));
}

/** The options without those that are undefined, so that they do not hide a default. */
const defined = <T extends object>(options: T): T =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
