// The invariant subspace of deep factorisation, as a theorem: every number below is rounding.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { descend } from '../../src/descend.js';
import {
  equalCount,
  invariantDeviation,
  layerSpectra,
  restBases,
  restStep,
  turnedBy,
} from '../../src/diagnostics/deep.js';
import { deepStart, invariantBases } from '../../src/initialisations/deep.js';
import { singleKernels } from '../../src/kernels/index.js';
import { formed } from '../../src/linalg/factored.js';
import { mapOf } from '../../src/linalg/maps.js';
import { deepObjective } from '../../src/methods/deepObjective.js';
import { layersOf } from '../../src/parametrisations/deep.js';

import { split, stream } from '../../src/random/index.js';
import { gradient } from '../../src/rules/gradient.js';
import { weightDecay } from '../../src/rules/weightDecay.js';
import { lowRank } from '../../src/truth/lowRank.js';
import { close } from '../close.js';

const K = singleKernels();

interface Setting {
  n: number;
  rank: number;
  scales: number[];
  stepSize: number;
  decay: number;
  steps: number;
  kind?: 'orthogonal' | 'gaussian';
  seed?: number;
}

function run({ n, rank, scales, stepSize, decay, steps, kind = 'orthogonal', seed = 3 }: Setting) {
  const random = stream(seed, 'deep');
  const T = formed(K, lowRank(K, { rows: n, cols: n, rank, condition: 2 }, split(random, 'truth')).X);
  for (let t = 0; t < T.data.length; t++) T.data[t] *= Math.sqrt(n);
  const widths = Array(scales.length + 1).fill(n);
  const start = deepStart(K, random, { widths, kind, initScale: scales });
  const layers = layersOf(widths, start);
  const bases = invariantBases(K, layers, mapOf(K, T), rank, random);
  const rest = restBases(K, layers, bases.right, scales);
  let rho: Float64Array = Float64Array.from(scales);
  let deviation = 0;
  for (const it of descend(deepObjective(K, T, widths), weightDecay(decay, gradient(stepSize)), start)) {
    deviation = Math.max(deviation, invariantDeviation(K, layersOf(widths, it.theta), rest, rho));
    if (it.k === steps) return { rho, deviation, theta: it.theta, start, widths };
    rho = restStep(rho, stepSize, decay);
  }
  throw new Error('endless');
}

describe('the invariant subspace of a deep factorisation', () => {
  it('stays to 1e-13, with ρ(50) = 0.95096 and 0.59092 within 1e-5 at d = 30, r = 3, L = 3, ε = 1, η = 1/900, without and with decay 0.01', () => {
    for (const [decay, expected] of [
      [0, 0.95096],
      [9, 0.59092],
    ]) {
      const { rho, deviation, theta, widths } = run({
        n: 30,
        rank: 3,
        scales: [1, 1, 1],
        stepSize: 1 / 900,
        decay,
        steps: 50,
      });
      close(Array.from(rho), [expected, expected, expected], { atol: 1e-5 });
      expect(deviation).toBeLessThan(1e-13);
      for (const spectrum of layerSpectra(K, widths, theta)) expect(equalCount(spectrum, 1e-12)).toBe(24);
    }
  });

  it('stays to 1e-13 for any depth from 1 to 5, any scales of the factors, any rank and decay', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.double({ min: 0.3, max: 1.1, noNaN: true }), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(0, 0.5),
        fc.integer({ min: 0, max: 1000 }),
        (rank, scales, decay, seed) => {
          const { deviation } = run({ n: 11, rank, scales, stepSize: 0.02, decay, steps: 30, seed });
          expect(deviation).toBeLessThan(1e-13);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('does not for a Gaussian start, nor with the sign of the recursion turned, by more than 0.01', () => {
    const setting = { n: 20, rank: 2, scales: [1, 1, 1], stepSize: 0.01, decay: 0, steps: 30 };
    expect(run({ ...setting, kind: 'gaussian' }).deviation).toBeGreaterThan(0.01);
    expect(Math.abs(restStep([0.9, 0.9], -0.1)[0] - restStep([0.9, 0.9], 0.1)[0])).toBeGreaterThan(0.01);
  });

  it('leaves the singular vectors between the first r and the last r where they were, to 1e-6 radians as a space', () => {
    const { theta, widths } = run({ n: 16, rank: 2, scales: [1, 1, 1], stepSize: 0.01, decay: 0, steps: 40 });
    const later = run({ n: 16, rank: 2, scales: [1, 1, 1], stepSize: 0.01, decay: 0, steps: 80 });
    const [A, B] = [layersOf(widths, theta)[1], layersOf(widths, later.theta)[1]];
    const equal = layerSpectra(K, widths, theta)[1];
    const from = equal.findIndex((v, i) => i > 0 && Math.abs(v - equal[i + 1]) < 1e-12);
    expect(turnedBy(K, A, B, from, from + 12)).toBeLessThan(1e-6);
  });
});
