import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CompleteOptions, type CompleteResult, completeRatings } from '../../src/complete/complete.js';
import { ratingsFrom, type Triple } from '../../src/complete/ratings.js';
import { type Kernels, referenceKernels, singleKernels, startKernels } from '../../src/kernels/index.js';
import { normals, stream } from '../../src/random/index.js';
import { type Checkpoint, finish } from '../../src/stream.js';
import { close } from '../close.js';
import { lowRankRatings } from './synthetic.js';

let K: Kernels;
let two: Kernels;
let four: Kernels;
beforeAll(async () => {
  K = singleKernels();
  [two, four] = await Promise.all([2, 4].map((threads) => startKernels({ threads })));
});
afterAll(() => {
  for (const one of [K, two, four]) one.close();
});

const complete = (triples: readonly Triple[], options: CompleteOptions = {}, kernels = K): CompleteResult =>
  finish(completeRatings(kernels, ratingsFrom(triples), options));

const rmse = ({ fit }: CompleteResult, triples: readonly Triple[]) =>
  Math.sqrt(triples.reduce((sum, [u, i, x]) => sum + (fit.predict(u, i) - x) ** 2, 0) / triples.length);

/** Everything that a result holds, as plain numbers. */
const bits = ({ fit, heldOut, path, iterations }: CompleteResult) => ({
  heldOut,
  path,
  iterations,
  rowBias: fit.rowBias,
  colBias: fit.colBias,
  left: fit.factors.left.data,
  right: fit.factors.right.data,
});

describe('the posterior', () => {
  // Over seeds 1 … 60 the rank is found 60, 59, 57 and 58 times in these four settings, and the error is small 60, 59, 57 and 60.
  test.each([
    [60, 50, 2, 0.5, 0, 1e-6],
    [100, 80, 3, 0.4, 0, 1e-6],
    [120, 90, 5, 0.5, 0, 1e-6],
    [120, 100, 3, 0.4, 0.1, 0.08],
  ])(
    '%i×%i of rank %i, share %f seen, noise %f: in 5 of 6 seeds or more the rank is found, and unseen entries to %f',
    (n1, n2, rank, share, noise, bound) => {
      let found = 0;
      let small = 0;
      for (let seed = 1; seed <= 6; seed++) {
        const { seen, unseen } = lowRankRatings(n1, n2, rank, share, noise, seed);
        const result = complete(seen);
        expect(result.outcome).toBe('converged');
        if (result.rank === rank) found++;
        if (rmse(result, unseen) < bound) small++;
      }
      expect(found).toBeGreaterThanOrEqual(5);
      expect(small).toBeGreaterThanOrEqual(5);
    },
  );

  // Over seeds 1 … 60: rank 0 in 60, within 0.5 % in 59.
  test('pure noise: in 5 of 6 seeds or more rank 0, no more than 0.5 % above the better baseline', () => {
    let good = 0;
    for (let seed = 1; seed <= 6; seed++) {
      const draws = normals(stream(seed, 'noise'), 4000);
      const result = complete(Array.from(draws, (x, t): Triple => [t % 83, (t * 7) % 61, 3 + x]));
      const { rmse: ours, baselines } = result.heldOut!;
      if (result.rank === 0 && ours < 1.005 * Math.min(baselines.bias.rmse, baselines.globalMean.rmse)) good++;
    }
    expect(good).toBeGreaterThanOrEqual(5);
  });

  test('additive data: rank 0 suffices, biases to 1e-3', () => {
    const triples: Triple[] = [];
    for (let i = 0; i < 40; i++)
      for (let j = 0; j < 30; j++) if ((i * 7 + j * 3) % 5 < 3) triples.push([`u${i}`, `m${j}`, i / 10 + (j % 7) / 3]);
    const result = complete(triples);
    expect(rmse(result, triples)).toBeLessThan(1e-3);
    expect(result.fit.predict('u3', 'm4')).toBeCloseTo(0.3 + 4 / 3, 2);
  });

  test('a given rank is kept', () => {
    const { seen } = lowRankRatings(40, 30, 3, 0.5, 0.2);
    expect(complete(seen, { rank: 5 }).fit.factors.left.cols).toBe(5);
  });

  test('ordered columns and rows are tied: a smooth wave is predicted better than without its order', () => {
    const ordered: Triple[] = [];
    const named: Triple[] = [];
    const draws = normals(stream(1, 'wave'), 60 * 60);
    for (let i = 0; i < 60; i++)
      for (let j = 0; j < 60; j++)
        if ((i * 31 + j * 17 + ((i * j) % 7)) % 3 === 0) {
          const value = Math.sin((i * j) / 150) + Math.cos(i / 9 - j / 5) + 0.1 * draws[i * 60 + j];
          ordered.push([i, j, value]);
          named.push([`r${i}`, `c${j}`, value]);
        }
    const tied = complete(ordered);
    const free = complete(named);
    expect(tied.notes.join()).toContain('Neighbouring rows and columns resemble each other');
    expect(free.notes.join()).not.toContain('Neighbouring');
    expect(tied.heldOut!.rmse).toBeLessThan(free.heldOut!.rmse);
  });
});

describe('descents', () => {
  test('gd from a small start and scaled-gd at the true rank recover a noiseless matrix, to 1e-2', () => {
    const { seen, unseen } = lowRankRatings(70, 60, 2, 0.5);
    for (const options of [
      { method: 'gd', width: 5 },
      { method: 'scaled-gd', rank: 2 },
    ] as const) {
      const result = complete(seen, options);
      expect(result.outcome).toBe('converged');
      expect(rmse(result, unseen)).toBeLessThan(1e-2);
    }
  });

  test('scaled-gd on noisy entries, most of them in few rows and columns: without a rank or above it, errs by less than half of what X = 0 does', () => {
    const { seen, unseen } = lowRankRatings(150, 120, 1, 0.7, 0.7);
    const weight = (id: unknown) => 10 / (10 + Number(String(id).slice(1)));
    const uneven = seen.filter(([u, i], t) => (t * 7919) % 1000 < 8000 * weight(u) * weight(i));
    const nothing = Math.sqrt(unseen.reduce((sum, [, , x]) => sum + x * x, 0) / unseen.length);
    for (const rank of [undefined, 3])
      expect(rmse(complete(uneven, { method: 'scaled-gd', rank }), unseen)).toBeLessThan(0.5 * nothing);
  });

  test('a step that diverges is halved when it is not given, and ends as diverged when it is', () => {
    const { seen } = lowRankRatings(30, 20, 2, 0.6);
    expect(complete(seen, { method: 'gd', rank: 2, stepSize: 10 }).outcome).toBe('diverged');
  });
});

describe('the same bits', () => {
  const { seen } = lowRankRatings(90, 70, 3, 0.4, 0.1);

  test.each(['auto', 'gd', 'scaled-gd'] as const)('%s: for 1, 2 and 4 threads and the reference', (method) => {
    const options = { method, seed: 5, width: method === 'auto' ? undefined : 4, iterations: 60 } as const;
    const expected = bits(complete(seen, options, referenceKernels()));
    for (const kernels of [K, two, four]) expect(bits(complete(seen, options, kernels))).toEqual(expected);
  });

  test.each(['auto', 'gd'] as const)('%s: from any checkpoint on', (method) => {
    const ratings = ratingsFrom(seen);
    const options = { method, seed: 5, width: method === 'auto' ? undefined : 4, iterations: 40 } as const;
    const checkpoints: Checkpoint[] = [];
    const run = completeRatings(K, ratings, options);
    let expected: CompleteResult;
    for (;;) {
      const next = run.next();
      if (next.done) {
        expected = next.value;
        break;
      }
      checkpoints.push(structuredClone(next.value.checkpoint()));
    }
    expect(checkpoints.length).toBeGreaterThan(20);
    checkpoints.forEach((checkpoint, t) => {
      if (t % 9 === 0 || t > checkpoints.length - 4)
        expect(bits(finish(completeRatings(two, ratings, options, checkpoint)))).toEqual(bits(expected));
    });
  });

  test('another seed holds other ratings out', () => {
    expect(complete(seen, { seed: 1, rank: 1 }).heldOut).not.toEqual(complete(seen, { seed: 2, rank: 1 }).heldOut);
  });
});

describe('little and odd data', () => {
  test('a single rating: its value everywhere, nothing held out, and the report says so', () => {
    const result = complete([['a', 'b', 4]]);
    expect(result).toMatchObject({ outcome: 'converged', rank: 0, heldOut: undefined });
    expect(result.fit.predict('a', 'b')).toBe(4);
    expect(result.fit.predict('nobody', 'nothing')).toBe(4);
    expect(result.fit.report()).toContain('No rating was kept back');
  });

  test('constant ratings: that constant, to 1e-12, by every method', () => {
    const triples = Array.from({ length: 300 }, (_, t): Triple => [t % 23, (t * 5) % 31, 3.3]);
    for (const method of ['auto', 'gd', 'scaled-gd'] as const) {
      const result = complete(triples, { method });
      expect(result.outcome).toBe('converged');
      close(result.fit.predict(1, 2), 3.3, { atol: 1e-12 });
      close(result.heldOut!.rmse, 0, { atol: 1e-12 });
    }
  });

  test('constant but for one rating', () => {
    const triples = Array.from({ length: 200 }, (_, t): Triple => [t % 23, (t * 5) % 31, t === 150 ? 5 : 3]);
    expect(Number.isFinite(complete(triples).fit.predict(1, 2))).toBe(true);
  });

  test('one row, or one column', () => {
    const row = Array.from({ length: 50 }, (_, t): Triple => ['only', t, t % 5]);
    const column = row.map(([, t, x]): Triple => [t, 'only', x]);
    for (const triples of [row, column]) {
      const result = complete(triples);
      expect(result.rank).toBe(0);
      expect(triples.every(([u, i]) => Number.isFinite(result.fit.predict(u, i)))).toBe(true);
    }
  });

  test('a scaled and shifted table gives the scaled and shifted predictions, to 1e-6', () => {
    const { seen } = lowRankRatings(50, 40, 2, 0.5, 0.3);
    const moved = seen.map(([u, i, x]): Triple => [u, i, 1000 + 64 * x]);
    const one = complete(seen, { rank: 2, tolerance: 1e-9 });
    const other = complete(moved, { rank: 2, tolerance: 1e-9 });
    close(other.fit.predict('r1', 'c1'), 1000 + 64 * one.fit.predict('r1', 'c1'), { rtol: 1e-6 });
  });
});

test('wrong options are refused', () => {
  const triples: Triple[] = [
    ['a', 'x', 1],
    ['b', 'y', 2],
    ['b', 'x', 3],
  ];
  const wrong: [CompleteOptions, string][] = [
    [{ rank: 3 }, 'complete: rank should be auto or a whole number from 1 to min(n₁, n₂) = 2, got 3'],
    [{ rank: 1.5 }, 'complete: rank should be auto or a whole number'],
    [{ holdout: 1 }, 'complete: holdout should be a share in [0, 1), got 1'],
    [{ holdout: 0 }, 'complete: the rank is chosen on ratings kept back, but holdout is 0'],
    [{ width: 4 }, 'complete: a width needs a method of descent'],
    [{ rank: 0 }, 'from 1 to min(n₁, n₂) = 2, got 0'],
    [{ method: 'gd', rank: 0 }, 'from 1 to min(n₁, n₂) = 2, got 0'],
    [{ method: 'gd', width: 0 }, 'complete: a descent should have a width of at least 1, got 0'],
  ];
  for (const [options, message] of wrong) expect(() => complete(triples, options)).toThrow(message);
});
