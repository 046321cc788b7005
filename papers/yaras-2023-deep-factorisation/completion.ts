// Some entries of a matrix are known: the whole chain, compressed ones for several γ and r̂, random ones of the same width,
// chains of other depth and width, and C-DLN.

import {
  compressedStart,
  deepStart,
  invariantBases,
  type Kernels,
  layersOf,
  mapOf,
  type Stream,
  split,
  surrogateStart,
} from 'lorank';
import type { Row } from '../paper.js';
import {
  type Chain,
  curve,
  entriesOf,
  errorOf,
  masked,
  outer,
  sizeOf,
  topOfGaussian,
  travel,
  widthsOf,
} from './chains.js';
import type { KnownPreset } from './factorisation.js';

export interface EntriesPreset extends KnownPreset {
  readonly share: number; // p
}

const DEPTH = 3;

function problem(K: Kernels, random: Stream, { d, rank, share, initScale }: EntriesPreset, depth = DEPTH) {
  const T = topOfGaussian(K, d, rank, random);
  const E = entriesOf(T, share, random);
  const widths = widthsOf(d, depth);
  const whole: Chain = { widths, theta: deepStart(K, split(random, 'start'), { widths, initScale }) };
  const narrow = (width: number, deep = depth): Chain => {
    const sizes = widthsOf(d, deep, width);
    return { widths: sizes, theta: deepStart(K, split(random, 'narrow'), { widths: sizes, initScale }) };
  };
  const compressed = (half: number, gamma: number): Chain => {
    const chain = compressedStart(invariantBases(K, layersOf(widths, whole.theta), mapOf(K, masked(E)), half, random));
    return { ...chain, speeds: outer(chain, gamma) };
  };
  return { T, E, whole, narrow, compressed };
}

/** Hits of ‖P_Ω(X − T)‖_F ≤ 10⁻⁶‖P_Ω(T)‖_F within 40,000 steps (70,000 for a random chain), errors there, and curves. */
export function* outerSteps(
  K: Kernels,
  random: Stream,
  preset: EntriesPreset,
  gammas: readonly number[],
): Generator<undefined, Row[]> {
  const { T, E, whole, narrow, compressed } = problem(K, random, preset);
  const below = 1e-6 * sizeOf(E);
  const rows: Row[] = [];
  const runs: [string, Chain][] = [
    ['whole', whole],
    ...gammas.map((gamma): [string, Chain] => [`γ = ${gamma}`, compressed(preset.rank, gamma)]),
    ['random', narrow(2 * preset.rank)],
  ];
  for (const [run, chain] of runs) {
    const seen = curve(K, chain, T, 200);
    const end = yield* travel(K, E, chain, {
      stepSize: preset.stepSize,
      steps: run === 'random' ? 70_000 : 40_000,
      below,
      see: seen.see,
    });
    const { error, points } = seen.close(end);
    rows.push({ run, t: -1, hit: end.hit, error });
    rows.push(...points.map((point) => ({ run, t: point.t, hit: Number.NaN, error: point.error })));
  }
  return rows;
}

/** Hits of ½‖P_Ω(X − T)‖_F²/d² ≤ 10⁻¹⁰ for overestimated ranks r̂, and for random chains of width 2r̂. */
export function* overestimates(
  K: Kernels,
  random: Stream,
  preset: EntriesPreset,
  { ranks, gamma }: { readonly ranks: readonly number[]; readonly gamma: number },
): Generator<undefined, Row[]> {
  const { T, E, narrow, compressed } = problem(K, random, preset);
  const journey = { stepSize: preset.stepSize, steps: 70_000, below: Math.sqrt(2e-10) * preset.d };
  const rows: Row[] = [];
  for (const half of ranks)
    for (const [run, chain] of [
      ['compressed', compressed(half, gamma)],
      ['random', narrow(2 * half)],
    ] as const) {
      const { hit, last } = yield* travel(K, E, chain, journey);
      rows.push({ run, half, hit, error: errorOf(K, chain, last, T) });
    }
  return rows;
}

/** Hits of ‖P_Ω(X − T)‖_F ≤ residual·‖P_Ω(T)‖_F and errors at the end, for several depths and widths. */
export function* depths(
  K: Kernels,
  random: Stream,
  preset: EntriesPreset,
  residual: number,
  chains: readonly { readonly depth: number; readonly width: number; readonly steps: number }[],
): Generator<undefined, Row[]> {
  const { T, E, narrow } = problem(K, random, preset);
  const rows: Row[] = [];
  for (const { depth, width, steps } of chains) {
    const chain = narrow(width, depth);
    const seen = curve(K, chain, T, 200);
    const end = yield* travel(K, E, chain, {
      stepSize: preset.stepSize,
      steps,
      below: residual * sizeOf(E),
      see: seen.see,
    });
    const { error, points } = seen.close(end);
    rows.push({ depth, width, t: -1, hit: end.hit, error });
    rows.push(...points.map((point) => ({ depth, width, t: point.t, hit: Number.NaN, error: point.error })));
  }
  return rows;
}

/** Hits of ½‖P_Ω(X − T)‖_F²/|Ω| ≤ 10⁻¹² of the whole chain and of C-DLN, its outer factors faster by α; steps are η·|Ω|. */
export function* surrogates(
  K: Kernels,
  random: Stream,
  preset: EntriesPreset,
  alphas: readonly number[],
): Generator<undefined, Row[]> {
  const { T, E, whole } = problem(K, random, preset);
  const seen = E.values.length;
  const full = masked(E);
  const { d, rank, initScale } = preset;
  for (let t = 0; t < full.data.length; t++) full.data[t] *= (d * d) / seen;
  const chain = surrogateStart(K, mapOf(K, full), random, { depth: DEPTH, rank: 2 * rank, initScale });
  const rows: Row[] = [];
  const runs: [string, Chain][] = [
    ['whole', whole],
    ...alphas.map((alpha): [string, Chain] => [`α = ${alpha}`, { ...chain, speeds: outer(chain, alpha) }]),
  ];
  for (const [run, made] of runs) {
    const looked = curve(K, made, T, 50);
    const end = yield* travel(K, E, made, {
      stepSize: preset.stepSize / seen,
      steps: 60_000,
      below: Math.sqrt(2e-12 * seen),
      see: looked.see,
    });
    const { error, points } = looked.close(end);
    rows.push({ run, t: -1, hit: end.hit, error });
    rows.push(...points.map((point) => ({ run, t: point.t, hit: Number.NaN, error: point.error })));
  }
  return rows;
}
