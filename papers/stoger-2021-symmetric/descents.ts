// Errors, hit times and floors of descents on UUᵀ: over α, m, κ, the width and the spectrum.

import {
  exp,
  type Factored,
  formed,
  frobenius,
  type Kernels,
  log,
  lowRank,
  pull,
  relativeFrobenius,
  type Stream,
  sensing,
  smallRandom,
  spectralNorm,
  split,
  symmetric,
} from 'lorank';
import type { Row } from '../paper.js';
import { hit, slope } from '../statistics.js';
import { follow, sideBySideRuns, whole } from '../trajectory.js';
import { type Preset, STEP, scene, startOf } from './presets.js';

/** The largest ‖U_t‖_F that it is shown: no less than ‖U_t‖. NaN once one is not finite. */
function longest(): { see(at: Factored): void; readonly length: number } {
  let length = 0;
  return {
    see: ({ left }) => {
      length = Math.max(length, frobenius(left));
    },
    get length() {
      return length;
    },
  };
}

/** k = r, without a floor. */
export function* exactWidth(K: Kernels, random: Stream, preset: Preset, steps: number): Generator<undefined, Row[]> {
  const { operator, y, X } = scene(K, preset, random);
  const phi = symmetric(K, preset.n, preset.rank);
  const errors: number[] = [];
  const length = longest();
  const start = startOf(preset.n, random, preset.rank, 1e-4);
  yield* follow(pull(sensing(operator, y), phi), STEP, start, steps, ({ theta }) => {
    const at = phi.value(theta);
    length.see(at);
    errors.push(relativeFrobenius(K, at, X));
  });
  const [from, to] = [hit(errors, 1e-3), hit(errors, 1e-9)];
  const late = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  const logs = late.map((t) => log(errors[t]));
  return [
    {
      hit: hit(errors, 1e-12),
      te: errors[errors.length - 1],
      rate: exp(slope(late, logs)),
      fit: correlation(late, logs),
      longest: length.length,
    },
  ];
}

/** R² of the least-squares line. */
function correlation(x: readonly number[], y: readonly number[]): number {
  const forth = slope(x, y);
  return forth * slope(y, x);
}

/** r = 1 over m and α; factor ∞ is 𝒜 = I. */
export function* floorSweep(
  K: Kernels,
  random: Stream,
  n: number,
  factors: readonly number[],
  steps: number,
): Generator<undefined, Row[]> {
  const alphas = [1e-3, 1e-5, 1e-7];
  const phi = symmetric(K, n, n);
  const rows: Row[] = [];
  for (const factor of factors) {
    const made = scene(K, { n, rank: 1, measurements: factor * n }, split(random, 'factor', factor));
    const runs = alphas.map((alpha) => ({ phi, start: startOf(n, random, n, alpha) }));
    const length = longest();
    const found = yield* sideBySideRuns(K, made, runs, { stepSize: STEP, steps, level: 0.1 }, (_j, _t, at) =>
      length.see(at),
    );
    const rho = log(1 + STEP * made.values[1]) / log(1 + STEP * made.values[0]);
    found.forEach(({ te }, j) => {
      rows.push({ factor, alpha: alphas[j], te, predicted: 2 * (1 - rho), longest: length.length });
    });
  }
  const X = formed(K, lowRank(K, { rows: n, cols: n, rank: 1, symmetric: true }, split(random, 'truth')).X);
  const F = pull(whole(K, X, 0.25), phi);
  for (const alpha of alphas) {
    const length = longest();
    let te = Number.NaN;
    yield* follow(F, STEP, startOf(n, random, n, alpha), steps, ({ k, theta }) => {
      length.see(phi.value(theta));
      if (k === steps) te = relativeFrobenius(K, phi.value(theta), X);
    });
    rows.push({ factor: Infinity, alpha, te, predicted: 2, longest: length.length });
  }
  return rows;
}

/** What 𝒜*𝒜 makes of X at zero, over m. */
export function* spectra(
  K: Kernels,
  random: Stream,
  { n, rank }: Preset,
  factors: readonly number[],
): Generator<undefined, Row[]> {
  const rows: Row[] = [];
  for (const factor of factors) {
    const preset = { n, rank, measurements: factor * n * rank };
    const { M, X, bias } = K.scoped(() => scene(K, preset, split(random, 'factor', factor)));
    const off = { ...M, data: M.data.map((v, t) => v - X.data[t]) };
    rows.push({ factor, bias, distance: spectralNorm(K, off), predicted: Math.sqrt(2 / factor) });
    yield;
  }
  return rows;
}

/** t(te < 0.5) over the width, α = 1e-6. */
export function* widthTimes(
  K: Kernels,
  random: Stream,
  preset: Preset,
  widths: readonly number[],
  steps: number,
): Generator<undefined, Row[]> {
  const made = scene(K, preset, random);
  const runs = widths.map((width) => ({
    phi: symmetric(K, preset.n, width),
    start: startOf(preset.n, random, width, 1e-6),
  }));
  const found = yield* sideBySideRuns(K, made, runs, { stepSize: STEP, steps, level: 0.5 });
  return widths.map((width, j) => ({ width, hit: found[j].hit, te: found[j].te }));
}

/** Errors of several widths along the way, for figures. */
export function* widthCurves(
  K: Kernels,
  random: Stream,
  preset: Preset,
  widths: readonly number[],
  steps: number,
): Generator<undefined, Row[]> {
  const made = scene(K, preset, random);
  const runs = widths.map((width) => ({
    phi: symmetric(K, preset.n, width),
    start: startOf(preset.n, random, width, 1e-6),
  }));
  const rows: Row[] = [];
  yield* sideBySideRuns(K, made, runs, { stepSize: STEP, steps, level: Infinity }, (j, t, at) => {
    if (t % 4 === 0) rows.push({ width: widths[j], t, te: relativeFrobenius(K, at, made.X) });
  });
  return rows;
}

/** t(te < 0.02) over κ, α = 1e-6. */
export function* conditionSweep(
  K: Kernels,
  random: Stream,
  preset: Preset,
  conditions: readonly number[],
): Generator<undefined, Row[]> {
  const phi = symmetric(K, preset.n, preset.n);
  const rows: Row[] = [];
  for (const condition of conditions) {
    const { operator, y, X } = scene(K, preset, random, condition);
    const length = longest();
    let reached = Number.NaN;
    const start = startOf(preset.n, random, preset.n, 1e-6);
    yield* follow(pull(sensing(operator, y), phi), STEP, start, 1500, ({ k, theta }) => {
      length.see(phi.value(theta));
      if (k % 2 === 1 || relativeFrobenius(K, phi.value(theta), X) >= 0.02) return false;
      reached = k;
      return true;
    });
    rows.push({ condition, hit: reached, longest: length.length });
  }
  return rows;
}

/** The spectrum that is learnt rank by rank: σ of X. */
export const STAIRS = [1, 0.25, 0.0625];

/** Errors over t with wide factors, and with k = 2 < r. */
export function* incremental(
  K: Kernels,
  random: Stream,
  preset: Preset,
  { alpha, steps }: { readonly alpha: number; readonly steps: number },
): Generator<undefined, Row[]> {
  const made = scene(K, preset, random, STAIRS);
  const widths = [preset.n, 2];
  const runs = widths.map((width) => ({
    phi: symmetric(K, preset.n, width),
    start: startOf(preset.n, random, width, alpha),
  }));
  const rows: Row[] = [];
  const length = longest();
  yield* sideBySideRuns(K, made, runs, { stepSize: STEP, steps, level: Infinity }, (j, t, at) => {
    length.see(at);
    if (t % 10 !== 0) return;
    rows.push({ width: widths[j], t, te: relativeFrobenius(K, at, made.X), longest: length.length });
  });
  return rows;
}

/** 𝒜 = I, k = 2r: te at steps a fifth of a decade apart. */
export function* lateRate(K: Kernels, random: Stream, width: number): Generator<undefined, Row[]> {
  const n = 20;
  const X = formed(K, lowRank(K, { rows: n, cols: n, rank: 2, symmetric: true }, split(random, 'truth')).X);
  const phi = symmetric(K, n, width);
  const start = smallRandom(split(random, 'start'), { shape: [n], width, initScale: 0.1, initNorm: 'unit' });
  const rows: Row[] = [];
  let next = 10;
  yield* follow(pull(whole(K, X, 0.25), phi), 0.1, start, 10_000, ({ k, theta }) => {
    if (k < next) return;
    next = Math.min(10_000, Math.max(next + 1, Math.round(1.12 * next)));
    rows.push({ width, t: k, te: relativeFrobenius(K, phi.value(theta), X) });
  });
  return rows;
}

/** What a step that is too long does. */
export function* tooLong(K: Kernels, random: Stream, preset: Preset): Generator<undefined, Row[]> {
  const { operator, y } = scene(K, preset, random);
  const phi = symmetric(K, preset.n, preset.n);
  const length = longest();
  const start = startOf(preset.n, random, preset.n, 1e-3);
  yield* follow(pull(sensing(operator, y), phi), 2.5, start, 200, ({ theta, loss }) => {
    length.see(phi.value(theta));
    return !(loss < 1e6);
  });
  return [{ longest: length.length }];
}
