// The theorem behind the default method, and its limits.

import { expect, test } from 'vitest';
import { completeRatings } from '../../src/complete/complete.js';
import { neighbourCorrelation, numericOrder } from '../../src/complete/neighbours.js';
import { emptyPosterior, grown, observatory, type Posterior, workshop } from '../../src/complete/posterior.js';
import { ratingsFrom, type Triple } from '../../src/complete/ratings.js';
import { singleKernels } from '../../src/kernels/index.js';
import { svd } from '../../src/linalg/svd.js';
import { matrix } from '../../src/matrix.js';
import { stream } from '../../src/random/index.js';
import { finish } from '../../src/stream.js';
import { close } from '../close.js';
import { lowRankRatings } from './synthetic.js';

const K = singleKernels();

/** −log p(x) ≤ this: the variational free energy of independent components, up to a constant. */
function freeEnergy({ rows, cols, noise }: Posterior, w: number, m: number, misfit: number): number {
  let sum = (m * Math.log(noise) + misfit / noise) / 2;
  for (const { mean, variance, spread } of [rows, cols])
    for (let t = 0; t < mean.length; t++) {
      const tau = spread[t % w];
      sum += (Math.log(tau / variance[t]) + (mean[t] * mean[t] + variance[t]) / tau) / 2;
    }
  return sum;
}

test('the free energy never rises from sweep to sweep, to 1e-10', () => {
  const { entries } = ratingsFrom(lowRankRatings(40, 30, 3, 0.5, 0.4).seen);
  const m = entries.values.length;
  const data = observatory(K, 40, 30, m)(entries, 0);
  const w = 5;
  const P = grown(K, emptyPosterior(K, data), w - 1, 0.5 * data.scale, stream(2, 'test'));
  const { sweep } = workshop(K, data, w);
  let before = Number.POSITIVE_INFINITY;
  for (let t = 0; t < 60; t++) {
    sweep(P, 1);
    const now = freeEnergy(P, w, m, m * P.noise); // σ² is the mean misfit
    expect(now).toBeLessThan(before + 1e-10 * Math.abs(before));
    before = now;
  }
});

test('everything seen, little noise: the factors are the truncated SVD of what the biases leave, to 1e-3', () => {
  const { seen } = lowRankRatings(24, 18, 2, 2, 0, 3);
  const draws = seen.map(([u, i, x], t): Triple => [u, i, x + 1e-3 * Math.sin(t * t)]);
  const { fit } = finish(completeRatings(K, ratingsFrom(draws), { rank: 2, holdout: 0, tolerance: 1e-9 }));
  const { left, right } = fit.factors;
  const X = matrix(24, 18);
  const rest = matrix(24, 18);
  draws.forEach(([, , x], t) => {
    const [i, j] = [Math.floor(t / 18), t % 18];
    rest.data[t] = x - fit.globalMean - fit.rowBias[i] - fit.colBias[j];
    X.data[t] = left.data[2 * i] * right.data[2 * j] + left.data[2 * i + 1] * right.data[2 * j + 1];
  });
  const { U, values, V } = svd(K, rest);
  const truncated = X.data.map((_, t) => {
    const [i, j] = [Math.floor(t / 18), t % 18];
    return [0, 1].reduce((sum, a) => sum + U.data[i * U.cols + a] * values[a] * V.data[j * V.cols + a], 0);
  });
  close(X.data, truncated, { atol: 1e-3 * values[0] });
});

test('a row without entries has mean 0 and the spread of its side', () => {
  const triples = lowRankRatings(20, 15, 1, 0.7).seen;
  const { entries } = ratingsFrom(triples);
  const empty = { ...entries, rows: 21, starts: Int32Array.of(...entries.starts, entries.values.length) };
  const data = observatory(K, 21, 15, entries.values.length)(empty, 0);
  const P = grown(K, emptyPosterior(K, data), 2, data.scale, stream(2, 'test'));
  const before = 1 / P.rows.spread[1];
  workshop(K, data, 3).sweep(P, 1);
  expect([...P.rows.mean.subarray(60)]).toEqual([0, 0, 0]);
  expect(P.rows.variance[61]).toBe(1 / before);
});

test('numbers order their ids, other texts do not; neighbours of a ramp correlate, of alternating signs they do the opposite', () => {
  const list = (of: (i: number, j: number) => number): Triple[] =>
    Array.from(
      { length: 400 },
      (_, t): Triple => [t % 20, 19 - Math.floor(t / 20), of(t % 20, 19 - Math.floor(t / 20))],
    );
  const ramp = ratingsFrom(list((_, j) => j - 9.5));
  const order = numericOrder(ramp.colIds)!;
  expect([...order]).toEqual(Array.from({ length: 20 }, (_, p) => 19 - p));
  expect(neighbourCorrelation(ramp.entries, order).correlation).toBeGreaterThan(0.9);
  const turns = ratingsFrom(list((_, j) => 1 - 2 * (j % 2)));
  expect(neighbourCorrelation(turns.entries, order)).toEqual({ pairs: 380, correlation: -1 });
  expect(numericOrder(ratingsFrom([['a', 1, 2]]).rowIds)).toBeUndefined();
  expect(numericOrder(ratingsFrom([['01', 1, 2]]).rowIds)).toBeUndefined();
});
