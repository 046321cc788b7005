// Descents looked at as closely as the theory looks: signal and noise, alignment, the power-method shadow, the detectors.

import {
  type Factored,
  frobenius,
  type Kernels,
  type Matrix,
  multiply,
  type OracleLook,
  oracleLook,
  oraclePhasesOf,
  phaseLook,
  phasesOf,
  powerShadow,
  predictPhases,
  type Shadow,
  type Stream,
  signalNoise,
  sineBetween,
  slice,
  spectralNorm,
  spectralReference,
  svd,
  symmetric,
  transpose,
} from 'lorank';
import type { Row } from '../paper.js';
import { hit, largest, smallest } from '../statistics.js';
import { type Side, sideBySideRuns } from '../trajectory.js';
import { type Preset, type Scene, STEP, scene, startOf } from './presets.js';

/** What a run of a sweep showed. */
export interface Watched {
  readonly alpha: number;
  readonly looks: readonly Look[];
  readonly start: Matrix;
  /** t(te < 0.1), and te at the last step. */
  readonly hit: number;
  readonly te: number;
}

export interface Look extends OracleLook {
  /** ‖V_{X⊥}ᵀV_{L_t}‖. */
  readonly drift: number;
  /** ang_L of the shadow; NaN where it is not followed. */
  readonly shadowAlignment: number;
  /** ‖V_Xᵀ·noise‖/‖U_t‖. */
  readonly leak: number;
}

/** Runs that are looked at. */
export interface Sweep {
  readonly alphas: readonly number[];
  readonly steps: number;
  /** Steps between looks from where the shadow is no longer followed until the signal has grown; before it, each step. */
  readonly stride: number;
}

/** Steps between looks once the signal has grown. */
const EVERY = 10;

/** Runs from one base start over α, on one operator. */
export function* watch(
  K: Kernels,
  made: Scene,
  random: Stream,
  { width, alphas, steps, stride }: Sweep & { readonly width: number },
): Generator<undefined, Watched[]> {
  const { M, U: V, X, sigma, rank } = made;
  const phi = symmetric(K, X.rows, width);
  const reference = spectralReference(K, M, rank);
  const runs = alphas.map((alpha): Side => ({ phi, start: startOf(X.rows, random, width, alpha) }));
  const states = runs.map(({ start }) => {
    const U0 = phi.value(start).left;
    const shadows = powerShadow(K, M, STEP, U0);
    return { U0, next: (): Shadow => shadows.next().value, isFollowed: true, dense: Infinity, looks: [] as Look[] };
  });
  const least = Math.sqrt(sigma[rank - 1] / 10);
  const options = { stepSize: STEP, steps, level: 0.1 };
  const found = yield* sideBySideRuns(K, made, runs, options, (j, t, { left: U }: Factored, { residual }) => {
    if (!(frobenius(U) < 1e6)) return; // the run has blown up: its te says so
    const state = states[j];
    const shadow = state.isFollowed ? state.next() : undefined;
    if (t < steps && t % (t > state.dense ? EVERY : state.isFollowed ? 1 : stride) !== 0) return;
    const data = phaseLook(K, reference, { t, U, loss: squared(residual), shadow });
    const look = oracleLook(K, data, U, { X, V, sigma });
    const follows = shadow && t % 4 === 0 && data.departure < 0.01;
    state.looks.push({
      ...look,
      drift: sineBetween(K, V, data.leading),
      shadowAlignment: follows
        ? sineBetween(K, reference.L, slice(svd(K, shadow.factor).U, 0, U.rows, 0, rank))
        : Number.NaN,
      leak: t % EVERY === 0 ? leakOf(K, U, V) / data.strengths[0] : 0,
    });
    if (data.departure >= 0.5) state.isFollowed = false;
    if (look.signal[rank - 1] >= least) state.dense = Math.min(state.dense, t);
  });
  return states.map(({ U0, looks }, j) => ({
    alpha: alphas[j],
    looks,
    start: U0,
    hit: found[j].hit,
    te: found[j].te,
  }));
}

const squared = (r: Float64Array): number => r.reduce((sum, v) => sum + v * v, 0);
const leakOf = (K: Kernels, U: Matrix, V: Matrix): number =>
  spectralNorm(K, multiply(K, transpose(V), signalNoise(K, U, V).noise));

const last = <T>(items: readonly T[]): T => items[items.length - 1];
/** A boundary as a number: NaN where there is none. */
const step = (boundary: number | string): number => (typeof boundary === 'number' ? boundary : Number.NaN);

/** One row for each α: what the claims need of its looks. */
export function* phaseSweep(
  K: Kernels,
  random: Stream,
  preset: Preset,
  options: Sweep & { readonly condition: number },
): Generator<undefined, Row[]> {
  const { condition } = options;
  const made = scene(K, preset, random, condition);
  const { bias, values, rank, M, U: V, X, sigma } = made;
  const watched = yield* watch(K, made, random, { width: preset.n, ...options });
  const reference = spectralReference(K, M, rank);
  return watched.map(({ alpha, looks, start, hit: reached, te }): Row => {
    const data = phasesOf(looks, reference);
    const oracle = oraclePhasesOf(looks, { X, V, sigma }, bias);
    const predicted = predictPhases(K, reference, start, { stepSize: STEP, measurements: preset.measurements });
    const grown = step(last(oracle.grown));
    const linear = step(oracle.linear);
    const frozen = looks.filter(({ t }) => t >= grown + 20 && t <= grown + 200);
    const plateau = looks.filter(({ t }) => t >= linear / 2 && t <= linear);
    const saddle = saddleOf(looks);
    return {
      condition,
      alpha,
      hit: reached,
      te,
      seen: values[rank - 1],
      next: values[rank],
      bias,
      aligned: hit(
        looks.map((look) => look.alignment),
        0.05 * (1 + 1e-12),
      ),
      linear,
      grown,
      shadowAt20: looks[20].departure,
      shadowGap: largest(looks.map((look) => Math.abs(look.alignment - look.shadowAlignment)).filter(Number.isFinite)),
      plateauOff: largest(plateau.map(({ drift }) => Math.abs(drift / bias - 1))),
      startOff: Math.abs(looks[0].drift / bias - 1),
      finalOff: Math.abs(last(looks).alignment / bias - 1),
      slower: slowerSteps(looks, grown),
      freeze: largest(frozen.map(({ noise }) => Math.abs(noise / frozen[0].noise - 1))),
      thaw: looks.find(({ t }) => t === Math.min(20, grown))!.noise / looks[0].noise - 1,
      longest: largest(looks.map(({ strengths }) => strengths[0])),
      leak: largest(looks.map(({ leak }) => leak)),
      unsplit: smallest(looks.map(({ signal, strengths }) => signal[0] / strengths[0])),
      early: looks[20].error,
      rested: saddle.steps,
      restedGrowth: saddle.growth,
      isSeparated: data.aligned !== 'not separated',
      dataGrown: step(last(data.grown)),
      dataRefined: step(data.refined),
      refined: step(oracle.refined),
      plateaus: data.plateaus.length,
      plateauFrom: data.plateaus[0]?.from ?? Number.NaN,
      plateauTo: data.plateaus[0]?.to ?? Number.NaN,
      predictedAligned: predicted.aligned,
      predictedLinear: predicted.linear,
      predictedGrown: last(predicted.grown),
      predictedRefined: predicted.refined,
    };
  });
}

/** Steps before t₁ in which the noise grew by as large a factor as the signal. */
function slowerSteps(looks: readonly Look[], grown: number): number {
  let count = 0;
  for (let i = 1; i < looks.length && looks[i].t < grown; i++) {
    const [before, after] = [looks[i - 1], looks[i]];
    const signal = last([...after.signal]) / last([...before.signal]);
    if (!(signal > after.noise / before.noise)) count++;
  }
  return count;
}

/** Steps with |te − ¼| < 0.01, and by how much σ_r(V_XᵀU_t) grows in them. */
function saddleOf(looks: readonly Look[]): { steps: number; growth: number } {
  const near = looks.filter(({ error }) => Math.abs(error - 0.25) < 0.01);
  if (near.length === 0) return { steps: 0, growth: Number.NaN };
  const weakest = (look: Look) => look.signal[look.signal.length - 1];
  return { steps: last(near).t - near[0].t, growth: weakest(last(near)) / weakest(near[0]) };
}

/** The looks themselves, for figures. */
export function* curves(
  K: Kernels,
  random: Stream,
  preset: Preset,
  options: { readonly alpha: number; readonly steps: number; readonly condition: number },
): Generator<undefined, Row[]> {
  const { condition, alpha, steps } = options;
  const made = scene(K, preset, random, condition);
  const [{ looks }] = yield* watch(K, made, random, { width: preset.n, alphas: [alpha], steps, stride: 1 });
  const first = looks[0].loss;
  return looks.map((look) => ({
    condition,
    alpha,
    t: look.t,
    error: look.error,
    loss: look.loss / first,
    alignment: look.alignment,
    drift: look.drift,
    shadow: look.shadowAlignment,
    departure: look.departure,
    strong: look.signal[0],
    signal: last([...look.signal]),
    noise: look.noise,
    angle: look.angle,
    strengthOff: Math.abs(look.strengths[made.rank - 1] / Math.sqrt(made.sigma[made.rank - 1]) - 1),
    bias: made.bias,
    seen: made.values[made.rank - 1],
    next: made.values[made.rank],
  }));
}
