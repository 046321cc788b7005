// Broken experiments: each is handed to the check of the claims that it guards, and must fail it.

import type { Control } from '../paper.js';
import { largest, median, numbers, smallest, where } from '../statistics.js';
import { BEST, percent, STRETCHES, two } from './claims.js';
import {
  costOfCondition,
  curved,
  decades,
  flat,
  floorMisses,
  hitRatios,
  isWithin,
  lateSlopes,
  leastFall,
  mean,
  plateauOff,
  shadowRatios,
  spreads,
  widthTimes,
} from './measures.js';

export const controls: readonly Control[] = [
  {
    id: 'S2.c1',
    guards: ['S2.1'],
    breaks: 'k = r: one column more',
    fails({ widthCurves }) {
      const te = smallest(numbers(where(widthCurves, { width: 3, t: 280 }), 'te'));
      return { value: te, failed: !(te < 1e-12) };
    },
  },
  {
    id: 'S2.c2',
    guards: ['S2.2'],
    breaks: 'the time: errors at t = 20, before any floor',
    fails(tables) {
      const fall = leastFall(flat(tables).map((row) => ({ ...row, te: row.early })));
      return { value: fall, failed: !(fall >= 8) };
    },
  },
  {
    id: 'S2.c3',
    guards: ['S2.3'],
    breaks: 'the law: the exponent 2 of 𝒜 = I for every m',
    fails(tables) {
      const worst = largest(floorMisses(tables, () => 2).map(Math.abs));
      return { value: worst, failed: !(worst <= 0.12) };
    },
  },
  {
    id: 'S2.c4',
    guards: ['S2.4'],
    breaks: 'the assumption: m/(nr) = 5, too few measurements for an isometry',
    fails({ floors }) {
      const least = median(floorMisses({ floors: where(floors, { factor: 5 }) }, () => 0));
      return { value: least, failed: !(least >= 21 / 16) };
    },
  },
  {
    id: 'S2.c5',
    guards: ['S2.5'],
    breaks: 'the law: λ_{r+1} in place of λ_r',
    fails(tables) {
      const found = decades(flat(tables), (row) => Number(row.next));
      return { value: median(found), failed: !isWithin(0.1, found) };
    },
  },
  {
    id: 'S2.c6',
    guards: ['S2.6'],
    breaks: 'the time: t₁, at which the signal has grown, in place of t_align',
    fails(tables) {
      const worst = smallest(spreads(flat(tables), 'grown'));
      return { value: worst, failed: !(worst <= 1) };
    },
  },
  {
    id: 'S2.c7',
    guards: ['S2.7'],
    breaks: 'the law: α in place of α²',
    fails(tables) {
      const found = shadowRatios(flat(tables), 1);
      return { value: found, failed: !(Math.abs(found - 1) <= 0.05) };
    },
  },
  {
    id: 'S2.c8',
    guards: ['S2.8', 'S2.9', 'S2.10'],
    breaks: 'the subspace: the start, which is at no special angle to X',
    fails(tables) {
      const off = smallest(numbers(flat(tables), 'startOff'));
      return { value: percent(off), failed: !(off <= 0.05) };
    },
  },
  {
    id: 'S2.c9',
    guards: ['S2.11'],
    breaks: 'the law: ‖M − X‖ without the √2 of symmetric matrices',
    fails({ spectra }) {
      const off = median(
        spectra.map((row) => Math.abs((Number(row.distance) / Number(row.predicted)) * Math.SQRT2 - 1)),
      );
      return { value: percent(off), failed: !(off <= 0.1) };
    },
  },
  {
    id: 'S2.c10',
    guards: ['S2.12', 'S2.13'],
    breaks: 'the phase: the noise before the signal has grown, which does not rest',
    fails(tables) {
      const change = smallest(numbers(flat(tables), 'thaw'));
      return { value: percent(change), failed: !(change < 0.01) };
    },
  },
  {
    id: 'S2.c11',
    guards: ['S2.14'],
    breaks: 'signs: L2 with a falling bound on the noise, L1 with a signal that grows without end',
    fails({ steps }) {
      const [growth, decay] = [smallest(numbers(steps, 'growth')), smallest(numbers(steps, 'decay'))];
      return { value: `${two(growth)}; ${two(decay)}`, failed: growth > 1e-9 && decay > 1e-9 };
    },
  },
  {
    id: 'S2.c12',
    guards: ['S2.15'],
    breaks: 'the step: μ = 2.5, ten times as long',
    fails({ tooLong }) {
      const longest = largest(numbers(tooLong, 'longest'));
      return { value: longest, failed: !(longest <= 3) };
    },
  },
  {
    id: 'S2.c13',
    guards: ['S2.16'],
    breaks: 'the split: U_t itself in place of its noise',
    fails({ phases }) {
      const along = smallest(numbers(phases, 'unsplit'));
      return { value: along, failed: !(along < 1e-12) };
    },
  },
  {
    id: 'S2.c14',
    guards: ['S2.17'],
    breaks: 'the widths in the other order',
    fails(tables) {
      const [wide, twice] = widthTimes(tables).reverse();
      return { value: two(mean(wide) - mean(twice)), failed: !(mean(wide) - mean(twice) >= 1) };
    },
  },
  {
    id: 'S2.c15',
    guards: ['S2.18'],
    breaks: 'the law: κ in place of κ²',
    fails(tables) {
      const found = hitRatios(tables, 1);
      return { value: found.map(two).join(', '), failed: !isWithin(0.25, found) };
    },
  },
  {
    id: 'S2.c16',
    guards: ['S2.19', 'S2.32'],
    breaks: 'κ = 1: no saddle to rest at',
    fails(tables) {
      const rows = flat(tables);
      const [steps, plateaus] = [median(numbers(rows, 'rested')), largest(numbers(rows, 'plateaus'))];
      const isTold = rows.some(({ isSeparated }) => isSeparated === false);
      return { value: `${steps}; ${plateaus}`, failed: !(steps >= 50) && plateaus === 0 && !isTold };
    },
  },
  {
    id: 'S2.c17',
    guards: ['S2.20'],
    breaks: 'the ranks: the first rest against the best approximation of rank 2',
    fails({ incremental }, size) {
      const wide = incremental.filter(({ width }) => Number(width) > 2);
      const off = smallest(plateauOff(wide, STRETCHES[size][0], BEST[1]).map(Math.abs));
      return { value: percent(off), failed: !(off <= 0.07) };
    },
  },
  {
    id: 'S2.c18',
    guards: ['S2.27'],
    breaks: 'k = r, where the late rate is linear',
    fails({ lateExact }) {
      const [found] = lateSlopes(lateExact, [20, 300]);
      return { value: found, failed: !(Math.abs(found + 1) <= 0.1) };
    },
  },
  {
    id: 'S2.c19',
    guards: ['S2.29'],
    breaks: 'the method: gradient descent is given the band of ScaledGD(λ)',
    fails(tables) {
      const slow = costOfCondition(tables, 'gradient');
      return { value: slow, failed: !(slow <= 1.3) };
    },
  },
  {
    id: 'S2.c20',
    guards: ['S2.30'],
    breaks: 'the stop: descent goes on to the end',
    fails({ noise }) {
      const ratio = median(noise.map((row) => Number(row.trained) / Number(row.best)));
      return { value: ratio, failed: !(ratio <= 1.25) };
    },
  },
  {
    id: 'S2.c21',
    guards: ['S2.31'],
    breaks: 'the prediction: t_lin in place of t₁ at κ = 2, where the second direction waits behind the first',
    fails(tables) {
      const off = smallest(curved(tables).map((row) => Math.abs(Number(row.predictedLinear) - Number(row.grown))));
      return { value: off, failed: !(off <= 2) };
    },
  },
];
