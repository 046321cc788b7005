// Errors, hit times and floors of descents: over α, m, μ, κ and the width.

import {
  factorPair,
  imbalanceMatrix,
  type Kernels,
  log,
  type Objective,
  pull,
  relativeFrobenius,
  type Stream,
  sensing,
  spectralNorm,
  split,
} from 'lorank';
import type { Row } from '../paper.js';
import { follow, sensed, sideBySideRuns } from '../trajectory.js';
import { driftFrom, FLOOR_ALPHAS, type Preset, STEP, STEPS, settingOf, startOf } from './presets.js';

/** All α from one base start, on one operator. */
export function* sweep(
  K: Kernels,
  random: Stream,
  preset: Preset,
  alphas: readonly number[],
): Generator<undefined, Row[]> {
  const made = sensed(K, settingOf(preset), random);
  const phi = factorPair(K, preset.rows, preset.cols, preset.width);
  const runs = alphas.map((alpha) => ({ phi, start: startOf(preset, random, preset.width, alpha) }));
  const drift = runs.map(({ start }) => driftFrom(K, phi.value(start)));
  const most = alphas.map(() => 0);
  const options = { stepSize: STEP, steps: STEPS, level: 0.1 };
  const found = yield* sideBySideRuns(K, made, runs, options, (j, t, X) => {
    if (t % 25 === 0) most[j] = Math.max(most[j], drift[j](X));
  });
  return alphas.map((alpha, j) => ({
    alpha,
    hit: found[j].hit,
    te: found[j].te,
    start: spectralNorm(K, imbalanceMatrix(K, phi.value(runs[j].start))),
    drift: most[j],
    seen: made.seen[preset.rank - 1],
    next: made.seen[preset.rank],
  }));
}

/** r = 1 over m and α. */
export function* floorSweep(
  K: Kernels,
  random: Stream,
  preset: Preset,
  factors: readonly number[],
): Generator<undefined, Row[]> {
  const one = { ...preset, rank: 1 };
  const phi = factorPair(K, one.rows, one.cols, one.width);
  const rows: Row[] = [];
  for (const factor of factors) {
    const made = sensed(K, settingOf(one, factor), split(random, 'factor', factor));
    const runs = FLOOR_ALPHAS.map((alpha) => ({ phi, start: startOf(one, random, one.width, alpha) }));
    const found = yield* sideBySideRuns(K, made, runs, { stepSize: STEP, steps: STEPS, level: 0.1 });
    const rho = log(1 + STEP * made.seen[1]) / log(1 + STEP * made.seen[0]);
    found.forEach(({ te }, j) => {
      rows.push({ factor, alpha: FLOOR_ALPHAS[j], te, predicted: 2 * (1 - rho) });
    });
  }
  return rows;
}

/** The imbalance over μ, for the same time μt; with equal steps, and with half the step for W. */
export function* driftSweep(
  K: Kernels,
  random: Stream,
  { preset, stepSizes, time }: { preset: Preset; stepSizes: readonly number[]; time: number },
): Generator<undefined, Row[]> {
  const { operator, y } = sensed(K, settingOf(preset), random);
  const phi = factorPair(K, preset.rows, preset.cols, preset.width);
  const F = pull(sensing(operator, y), phi);
  const halved: Objective = {
    evaluate(theta, k) {
      const { loss, grad } = F.evaluate(theta, k);
      return { loss, grad: grad.map((g, i) => (i < preset.rows * preset.width ? g : g / 2)) };
    },
  };
  const start = startOf(preset, random, preset.width, 1e-4);
  const drift = driftFrom(K, phi.value(start));
  const rows: Row[] = [];
  for (const [steps, objective, sizes] of [
    ['equal', F, stepSizes],
    ['unequal', halved, stepSizes.slice(0, 2)],
  ] as const)
    for (const stepSize of sizes) {
      const last = Math.round(time / stepSize);
      const every = Math.round(last / 50);
      yield* follow(objective, stepSize, start, last, ({ k, theta }) => {
        if (k % every === 0) rows.push({ steps, stepSize, time: k * stepSize, drift: drift(phi.value(theta)) });
      });
    }
  return rows;
}

/** t(te < 0.02) over κ, at twice the measurements. */
export function* conditionSweep(K: Kernels, random: Stream, preset: Preset): Generator<undefined, Row[]> {
  const phi = factorPair(K, preset.rows, preset.cols, preset.width);
  const rows: Row[] = [];
  for (const condition of [1, 2, 4]) {
    const { operator, y, X } = sensed(K, settingOf(preset, 12, condition), random);
    const start = startOf(preset, random, preset.width, 1e-6);
    let hit = Number.NaN;
    yield* follow(pull(sensing(operator, y), phi), STEP, start, 400, ({ k, theta }) => {
      if (relativeFrobenius(K, phi.value(theta), X) >= 0.02) return false;
      hit = k;
      return true;
    });
    rows.push({ condition, hit });
  }
  return rows;
}

/** Width r, and r + 1 beside it. */
export function* exactWidth(K: Kernels, random: Stream, preset: Preset): Generator<undefined, Row[]> {
  const made = sensed(K, settingOf(preset), random);
  const widths = [preset.rank, preset.rank + 1];
  const runs = widths.map((width) => ({
    phi: factorPair(K, preset.rows, preset.cols, width),
    start: startOf(preset, random, width, 1e-5),
  }));
  const found = yield* sideBySideRuns(K, made, runs, { stepSize: STEP, steps: 400, level: 1e-12 });
  return widths.map((width, j) => ({ width, te: found[j].te, hit: found[j].hit }));
}

/** Hit times and floors over the width, for both normalisations of the start. */
export function* widthSweep(
  K: Kernels,
  random: Stream,
  preset: Preset,
  widths: readonly number[],
): Generator<undefined, Row[]> {
  const made = sensed(K, settingOf(preset), random);
  const grid = (['unit', 'perSqrtK'] as const).flatMap((norm) => widths.map((width) => ({ norm, width })));
  const runs = grid.map(({ norm, width }) => ({
    phi: factorPair(K, preset.rows, preset.cols, width),
    start: startOf(preset, random, width, 1e-5, norm),
  }));
  const found = yield* sideBySideRuns(K, made, runs, { stepSize: STEP, steps: STEPS, level: 0.1 });
  const seen = made.seen[preset.rank - 1];
  return grid.map((point, j) => ({ ...point, hit: found[j].hit, te: found[j].te, seen }));
}
