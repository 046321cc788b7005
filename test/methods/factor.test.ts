import { describe, expect, it } from 'vitest';
import { singleKernels, startKernels } from '../../src/kernels/index.js';
import { distance } from '../../src/linalg/distance.js';
import { formed } from '../../src/linalg/factored.js';
import { frobenius } from '../../src/linalg/norms.js';
import { singularValues } from '../../src/linalg/svd.js';
import { at, type Matrix, matrix } from '../../src/matrix.js';
import { type FactorOptions, factor } from '../../src/methods/factor.js';
import { normals, stream } from '../../src/random/index.js';
import { type Checkpoint, finish } from '../../src/stream.js';
import { lowRank } from '../../src/truth/index.js';
import { close } from '../close.js';

const K = singleKernels();
const truth = (rows: number, cols: number, rank: number, condition = 20, seed = 1) =>
  formed(
    K,
    lowRank(K, { rows, cols, rank, condition, symmetric: rows === cols, spectrum: 'geometric' }, stream(seed, 'truth'))
      .X,
  );
const solve = (A: Matrix, options: FactorOptions) => finish(factor(K, A, { seed: 3, ...options }));

describe('factor', () => {
  const S = truth(40, 40, 4);
  const A = truth(40, 25, 4);
  const all = ['nystrom', 'scaled-gd', 'alt-scaled-gd', 'prec-gd', 'gd'] as const;

  it.each(all)(
    '%s meets a matrix of rank 4 to 1e-10, symmetric or not, and all but gd over-parametrised as well',
    (method) => {
      for (const [B, symmetric] of [
        [S, true],
        [A, false],
      ] as const)
        for (const width of method === 'gd' ? [4] : [4, 8]) {
          const { outcome, X, rank, residual } = solve(B, { method, width, symmetric });
          expect([outcome, rank]).toEqual(['converged', 4]);
          expect(residual).toBeLessThanOrEqual(1e-10);
          close(distance(K, X, B) / frobenius(B), residual, { rtol: 1e-6, atol: 1e-15 });
          expect(X.left === X.right).toBe(symmetric);
        }
    },
  );
  it.each(['nystrom', 'scaled-gd', 'alt-scaled-gd', 'prec-gd'] as const)(
    '%s below the rank ends at the best approximation: the error of the truncated SVD to 1e-9',
    (method) => {
      for (const [B, symmetric] of [
        [S, true],
        [A, false],
      ] as const) {
        const { outcome, residual } = solve(B, { method, rank: 2, symmetric, iterations: 5000 });
        const sigma = singularValues(K, B);
        const best = Math.sqrt(sigma.slice(2).reduce((sum, s) => sum + s * s, 0)) / frobenius(B);
        expect(outcome).toBe('converged');
        close(residual, best, { rtol: 1e-9 });
      }
    },
  );
  it('does not depend on the units of A: the same steps for 10⁶·A, residuals to 1e-9', () => {
    const big = matrix(
      40,
      40,
      S.data.map((v) => 1e6 * v),
    );
    for (const method of all) {
      const of = (B: Matrix) => solve(B, { method, rank: 4, symmetric: true, tolerance: 1e-7 });
      const [one, other] = [of(S), of(big)];
      expect(other.iterations).toBe(one.iterations);
    }
  });
  it('in f32 reaches 1e-6 and holds numbers of f32', () => {
    const { outcome, X, precision } = solve(S, { rank: 4, symmetric: true, precision: 'f32' });
    expect([outcome, precision]).toEqual(['converged', 'f32']);
    expect(X.left.data.every((v) => v === Math.fround(v))).toBe(true);
  });
  it('resumed from any checkpoint ends with the same bits', () => {
    const options = { rank: 4, symmetric: true, seed: 3 };
    const whole = solve(S, options);
    const checkpoints: Checkpoint[] = [];
    for (const snapshot of factor(K, S, options)) checkpoints.push(snapshot.checkpoint());
    expect(checkpoints.length).toBe(whole.iterations);
    for (const from of checkpoints) expect(finish(factor(K, S, options, from))).toEqual(whole);
  });
  it('has the same bits with 1 and 2 threads', async () => {
    const two = await startKernels({ threads: 2 });
    try {
      const [one, other] = [K, two].map((k) => finish(factor(k, A, { rank: 3, seed: 3 })));
      expect(other).toEqual(one);
    } finally {
      two.close();
    }
  });
});

describe('what cannot work is told', () => {
  const S = truth(30, 30, 3);
  const random = matrix(6, 5, normals(stream(1, 'a'), 30));

  it('a step that diverges: the outcome, and one that would do', () => {
    const gd = solve(S, { rank: 3, symmetric: true, method: 'gd', stepSize: 50 });
    expect(gd.outcome).toBe('diverged');
    const step = Number(/50 does not converge; (\S+) would do/.exec(gd.notes[0])![1]);
    expect(solve(S, { rank: 3, symmetric: true, method: 'gd', stepSize: step }).outcome).toBe('converged');
    const scaled = solve(S, { rank: 3, symmetric: true, stepSize: 2.5 });
    expect([scaled.outcome, scaled.notes[0]]).toEqual([
      'diverged',
      expect.stringMatching(/2.5 does not .*; 0.5 would do/),
    ]);
  });
  it('a negative eigenvalue under symmetric', () => {
    const minus = matrix(
      30,
      30,
      S.data.map((v) => -v),
    );
    const { outcome, notes } = solve(minus, { rank: 3, symmetric: true });
    expect(outcome).not.toBe('converged');
    expect(notes.join()).toMatch(/eigenvalue -1.* cannot reach/);
  });
  it('A = 0 is factored by zeros at once', () => {
    const { outcome, iterations, residual } = solve(matrix(4, 3), { rank: 2 });
    expect([outcome, iterations, residual]).toEqual(['converged', 0, 0]);
  });
  const bad = (value: number) =>
    matrix(
      6,
      5,
      random.data.map((v, t) => (t === 13 ? value : v)),
    );
  it.each([
    ['no rank', random, {}, /a rank is needed/],
    ['a rank beyond the shape', random, { rank: 6 }, /between 1 and min\(n₁, n₂\) = 5, got 6/],
    ['a width below the rank', random, { rank: 4, width: 3 }, /at least the rank 4, got 3/],
    ['NaN', bad(Number.NaN), { rank: 1 }, /got NaN at row 3, column 4/],
    ['an infinite entry', bad(Infinity), { rank: 1 }, /got Infinity at row 3, column 4/],
    ['a shape that is not square', random, { rank: 1, symmetric: true }, /square, got 6×5/],
    ['gd in f32', random, { rank: 1, method: 'gd' as const, precision: 'f32' as const }, /gd computes in f64/],
  ])('%s', (_what, A, options, message) => expect(() => solve(A, options)).toThrow(message));
  it('a matrix that is not symmetric', () => {
    const skewed = matrix(30, 30, S.data.slice());
    skewed.data[7] += 1;
    expect(() => solve(skewed, { rank: 3, symmetric: true })).toThrow(/should be symmetric, got .* at row 8, column 1/);
    expect(at(skewed, 0, 7)).not.toBe(at(skewed, 7, 0));
  });
});
