// The invariant subspace: chains from orthogonal factors, every step looked at, beside the recursion for ρ_l.

import {
  deepObjective,
  deepStart,
  descend,
  equalCount,
  gradient,
  invariantBases,
  invariantDeviation,
  type Kernels,
  layerSpectra,
  layersOf,
  type Matrix,
  mapOf,
  restBases,
  restStep,
  type Stream,
  split,
  turnedBy,
  weightDecay,
} from 'lorank';
import type { Row } from '../paper.js';
import { topOfGaussian, widthsOf } from './chains.js';

interface Setting {
  readonly name: string;
  readonly scales: readonly number[]; // ε_1, …, ε_L
  /** ηλ: what decay takes from every factor in a step. */
  readonly decay: number;
  readonly kind?: 'orthogonal' | 'gaussian';
}

const D = 30;
const RANK = 3;
/** Of the sum over entries: η = 1 of the mean. */
const STEP = 1 / (D * D);
const STEPS = 50;

const settings: readonly Setting[] = [
  { name: 'L = 3', scales: [1, 1, 1], decay: 0 },
  { name: 'L = 3 with decay', scales: [1, 1, 1], decay: 0.01 },
  { name: 'L = 2', scales: [0.5, 0.8], decay: 0.01 },
  { name: 'L = 4', scales: [0.9, 0.7, 1.1, 0.6], decay: 0.01 },
  { name: 'L = 5', scales: [0.9, 0.7, 1.1, 0.6, 0.8], decay: 0.01 },
  { name: 'gaussian', scales: [1, 1, 1], decay: 0, kind: 'gaussian' },
];

/** For each setting: the worst deviation from the subspace in all steps, equal singular values and ρ at the end. */
export function* subspaces(K: Kernels, random: Stream): Generator<undefined, Row[]> {
  const T = topOfGaussian(K, D, RANK, random);
  const rows: Row[] = [];
  for (const setting of settings) {
    const { scales, decay, kind = 'orthogonal', name } = setting;
    const widths = widthsOf(D, scales.length);
    const start = deepStart(K, split(random, 'start'), { widths, kind, initScale: scales });
    const layers = layersOf(widths, start);
    const rest = restBases(K, layers, invariantBases(K, layers, mapOf(K, T), RANK, random).right, scales);
    let rho: Float64Array = Float64Array.from(scales);
    let unsquared: Float64Array = rho;
    let [deviation, broken] = [0, 0];
    for (const { k, theta } of descend(deepObjective(K, T, widths), weightDecay(decay / STEP, gradient(STEP)), start)) {
      const now = layersOf(widths, theta);
      deviation = Math.max(deviation, invariantDeviation(K, now, rest, rho));
      broken = Math.max(broken, invariantDeviation(K, now, rest, unsquared));
      if (k === STEPS) {
        const equal = Math.min(...layerSpectra(K, widths, theta).map((sigma) => equalCount(sigma, 1e-10)));
        rows.push({ setting: name, deviation, broken, equal, rho: rho[0] });
        break;
      }
      rho = restStep(rho, STEP, decay / STEP);
      unsquared = restStep(unsquared, -STEP, decay / STEP);
    }
    yield;
  }
  return rows;
}

/** Singular values of W_2 in the first setting, and how far spaces of its singular vectors have turned from step 1 on. */
export function* spectra(K: Kernels, random: Stream): Generator<undefined, Row[]> {
  const T = topOfGaussian(K, D, RANK, random);
  const widths = widthsOf(D, 3);
  const start = deepStart(K, split(random, 'start'), { widths, initScale: 1 });
  const rows: Row[] = [];
  let before: Matrix | undefined;
  for (const { k, theta } of descend(deepObjective(K, T, widths), gradient(STEP), start)) {
    const W = layersOf(widths, theta)[1];
    layerSpectra(K, widths, theta)[1].forEach((value, i) => {
      rows.push({ kind: 'value', t: k, index: i + 1, value });
    });
    if (k === 1) before = W;
    if (before)
      for (const [kind, from, to] of [
        ['top', 0, RANK],
        ['middle', RANK, D - RANK],
        ['bottom', D - RANK, D],
      ] as const)
        rows.push({ kind, t: k, index: from + 1, value: turnedBy(K, before, W, from, to) });
    if (k === STEPS) return rows;
    if (k % 10 === 9) yield;
  }
  throw new Error('a stream of iterates does not end');
}
