import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Kernels } from '../../src/kernels/contract.js';
import { referenceKernels, singleKernels, startKernels } from '../../src/kernels/index.js';
import { qr } from '../../src/linalg/qr.js';
import { type Matrix, matrix, transpose } from '../../src/matrix.js';
import { lassoPath, onSegment } from '../../src/methods/homotopy.js';
import { matchingPursuit } from '../../src/methods/matchingPursuit.js';
import { type SparseOptions, type SparseResult, sparse } from '../../src/methods/sparse.js';
import { design } from '../../src/problems/linear.js';
import { normals, signs, split, stream, subset } from '../../src/random/index.js';
import { type Checkpoint, finish } from '../../src/stream.js';
import { sparse as sparseTruth, withNoise } from '../../src/truth/index.js';
import { close } from '../close.js';

const K = singleKernels();

interface Case {
  m: number;
  n: number;
  s: number;
  noise?: number;
  positive?: boolean;
  ensemble?: 'gaussian' | 'rademacher';
  seed?: number;
}

function problem({ m, n, s, noise = 0, positive = false, ensemble = 'gaussian', seed = 1 }: Case) {
  const random = stream(seed, 'sparse');
  const drawn = ensemble === 'gaussian' ? normals(split(random, 'A'), m * n) : signs(split(random, 'A'), m * n);
  const A = matrix(
    m,
    n,
    drawn.map((value) => value / Math.sqrt(m)),
  );
  const { x } = sparseTruth(
    { length: n, support: s, magnitudes: [0.5, 1.5], signs: positive ? 'positive' : 'random' },
    split(random, 'x'),
  );
  const y = withNoise(design(K, A).apply(x), noise, split(random, 'noise'));
  return { A, x, y };
}

const solved = (A: Matrix, y: Float64Array, options: SparseOptions, kernels: Kernels = K): SparseResult =>
  finish(sparse(kernels, A, y, options));
const norm = (v: Float64Array) => Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
const off = (x: Float64Array, truth: Float64Array) => norm(x.map((value, j) => value - truth[j])) / norm(truth);

describe('the lasso path', () => {
  it('meets the optimality conditions at its knots and between them, to 1e-9 of the first λ', () => {
    fc.assert(
      fc.property(
        fc.nat(10_000),
        fc.boolean(),
        fc.constantFrom('gaussian' as const, 'rademacher' as const),
        (seed, positive, ensemble) => {
          const { A, y } = problem({ m: 12, n: 25, s: 4, noise: 0.1, positive, ensemble, seed });
          const D = design(K, A);
          let first = 0;
          for (const segment of lassoPath(K, D, y, { positive })) {
            first = Math.max(first, segment.from);
            for (const lambda of [segment.from, (segment.from + segment.to) / 2, segment.to]) {
              const x = onSegment(segment, lambda, 25);
              const correlation = D.adjoint(D.apply(x).map((value, i) => y[i] - value));
              x.forEach((value, j) => {
                const c = correlation[j];
                if (Math.abs(value) > 1e-9) close(c, Math.sign(value) * lambda, { atol: 1e-9 * first });
                else expect(positive ? c : Math.abs(c)).toBeLessThan(lambda + 1e-9 * first);
                if (positive) expect(value).toBeGreaterThan(-1e-9);
              });
            }
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('goes down in λ without a gap, and ends at 0', () => {
    const { A, y } = problem({ m: 20, n: 50, s: 5, noise: 0.2 });
    const segments = [...lassoPath(K, design(K, A), y)];
    for (let i = 1; i < segments.length; i++) expect(segments[i].from).toBe(segments[i - 1].to);
    expect(segments[segments.length - 1].to).toBe(0);
  });

  it('two equal columns share nothing: the first one takes it all, and the path ends', () => {
    const { A, y } = problem({ m: 10, n: 20, s: 2 });
    for (let i = 0; i < 10; i++) A.data[i * 20 + 7] = A.data[i * 20 + 3];
    const result = solved(A, y, { method: 'basis-pursuit' });
    expect(result.outcome).toBe('converged');
    expect(Math.min(Math.abs(result.x[3]), Math.abs(result.x[7]))).toBe(0);
  });
});

describe('basis pursuit', () => {
  const scipy = spawnSync('python3', ['-c', 'import scipy.optimize']).status === 0;

  it.skipIf(!scipy)('has the least ‖x‖₁ that linear programming finds, to 1e-8 (SciPy, HiGHS)', () => {
    const cases = Array.from({ length: 12 }, (_, seed) => {
      const positive = seed % 2 === 0;
      const { A, y } = problem({ m: 15, n: 40, s: 3 + seed, positive, seed });
      return { A: [...A.data], y: [...y], positive, x: [...solved(A, y, { method: 'basis-pursuit', positive }).x] };
    });
    const program = `
import json, sys, numpy as np
from scipy.optimize import linprog
out = []
for c in json.load(sys.stdin):
    A = np.array(c['A']).reshape(15, 40); y = np.array(c['y'])
    B = A if c['positive'] else np.hstack([A, -A])
    out.append(linprog(np.ones(B.shape[1]), A_eq=B, b_eq=y, method='highs').fun)
json.dump(out, sys.stdout)`;
    const { stdout } = spawnSync('python3', ['-c', program], { input: JSON.stringify(cases), encoding: 'utf8' });
    const least = JSON.parse(stdout) as number[];
    close(
      cases.map(({ x }) => x.reduce((sum, value) => sum + Math.abs(value), 0)),
      least,
      { rtol: 1e-8 },
    );
  });

  it('recovers an s-sparse x from M = 4s·log N measurements to 1e-12, with ±1 and Gaussian entries', () => {
    for (const ensemble of ['gaussian', 'rademacher'] as const)
      for (let seed = 0; seed < 5; seed++) {
        const { A, x, y } = problem({ m: 80, n: 150, s: 4, ensemble, seed });
        const { x: found, outcome } = solved(A, y, { method: 'basis-pursuit' });
        expect(outcome).toBe('converged');
        expect(off(found, x)).toBeLessThan(1e-12);
      }
  });

  it('control: from fewer measurements than entries of the support it finds another x that fits', () => {
    const { A, x, y } = problem({ m: 10, n: 60, s: 15 });
    const { x: found, residual } = solved(A, y, { method: 'basis-pursuit' });
    expect(residual).toBeLessThan(1e-12);
    expect(off(found, x)).toBeGreaterThan(0.3);
  });
});

describe('matching pursuit', () => {
  it('on orthonormal columns chooses the s largest coefficients in order, and is exact', () => {
    const n = 24;
    const { Q } = qr(K, matrix(40, n, normals(stream(3, 'Q'), 40 * n)));
    const x = new Float64Array(n);
    const support = subset(stream(3, 'S'), n, 6);
    support.forEach((j, i) => {
      x[j] = (i % 2 ? -1 : 1) * (1 + i / 3);
    });
    const D = design(K, Q);
    const steps = [...matchingPursuit(K, D, D.apply(x))];
    expect(steps[6].support).toEqual([...support].reverse());
    close(steps[6].x(), x, { atol: 1e-13 });
    close(
      steps.slice(0, 7).map(({ residual }) => residual),
      [0, 1, 2, 3, 4, 5, 6].map((k) => norm(Float64Array.from([...support].slice(0, 6 - k), (j) => x[j]))),
      { atol: 1e-12 },
    );
  });

  it('keeps the residual orthogonal to every column that it chose, to 1e-12', () => {
    const { A, y } = problem({ m: 30, n: 80, s: 6, noise: 0.1 });
    const D = design(K, A);
    for (const { support, x } of matchingPursuit(K, D, y)) {
      const correlation = D.adjoint(D.apply(x()).map((value, i) => y[i] - value));
      for (const j of support) expect(Math.abs(correlation[j])).toBeLessThan(1e-12);
    }
  });

  it('passes over a column in the span of those chosen', () => {
    const A = matrix(3, 3, Float64Array.of(1, 1, 0, 0, 0, 0, 0, 0, 1));
    const [, , last] = [...matchingPursuit(K, design(K, A), Float64Array.of(2, 0, 1))];
    expect(last.support).toEqual([0, 2]);
    expect(last.residual).toBe(0);
  });
});

describe('sparse()', () => {
  it.each<Case>([
    { m: 40, n: 100, s: 5 },
    { m: 40, n: 100, s: 5, positive: true },
    { m: 60, n: 200, s: 6, ensemble: 'rademacher' },
  ])('auto recovers %j to 1e-12, and says that the fit is exact', (of) => {
    const { A, x, y } = problem(of);
    const heldOut = subset(stream(1, 'holdout'), of.m, Math.floor(of.m / 10));
    const result = solved(A, y, { positive: of.positive, heldOut });
    expect(result.outcome).toBe('converged');
    expect(off(result.x, x)).toBeLessThan(1e-12);
    expect(result.sparsity).toBe(of.s);
    expect(result.notes.join()).toMatch(/alone fit the measurements exactly/);
  });

  it('auto in other units of y gives the same x in those units, to 1e-9', () => {
    const { A, x, y } = problem({ m: 40, n: 100, s: 5 });
    for (const scale of [1e-6, 1e6]) {
      const { x: found } = solved(
        A,
        y.map((value) => scale * value),
        {},
      );
      close(
        found.map((value) => value / scale),
        x,
        { atol: 1e-9 },
      );
    }
  });

  it('on noise the held-out measurements end descent: error below that of fitting to the end', () => {
    const { A, x, y } = problem({ m: 80, n: 200, s: 6, noise: 0.05 });
    const heldOut = subset(stream(1, 'holdout'), 80, 8);
    const stopped = solved(A, y, { method: 'hadamard', heldOut });
    const ended = solved(A, y, { method: 'hadamard', iterations: 30_000 });
    expect(stopped.outcome).toBe('converged');
    expect(off(stopped.x, x)).toBeLessThan(0.75 * off(ended.x, x));
  });

  it('control: x that is not sparse is not recovered, and auto says so', () => {
    const { A, x, y } = problem({ m: 30, n: 100, s: 60 });
    const result = solved(A, y, { heldOut: subset(stream(1, 'holdout'), 30, 3) });
    expect(off(result.x, x)).toBeGreaterThan(0.5);
    expect(result.outcome).not.toBe('converged');
    expect(result.notes.join()).toMatch(/not predicted/);
  });

  it('weight normalisation recovers from α = 0.1 to 1e-3 what plain descent misses by 2e-2', () => {
    const { A, x, y } = problem({ m: 40, n: 100, s: 5, positive: true });
    const same = { positive: true, initScale: 0.1, stepSize: 0.01, iterations: 40_000, tolerance: 1e-9 };
    expect(off(solved(A, y, { ...same, method: 'weight-normalised', ratio: 5 }).x, x)).toBeLessThan(1e-3);
    expect(off(solved(A, y, { ...same, method: 'hadamard' }).x, x)).toBeGreaterThan(2e-2);
  });

  it.each([
    ['hadamard', 'diverged'],
    ['weight-normalised', 'stalled'], // its steps are bounded by the normalisation
  ] as const)(
    '%s with a step of 20 is %s, and the step that is told brings the residual below 0.05',
    (method, outcome) => {
      const { A, y } = problem({ m: 40, n: 100, s: 5 });
      const result = solved(A, y, { method, stepSize: 20, iterations: 5000 });
      expect(result.outcome).toBe(outcome);
      const step = Number(/; (\S+) would do/.exec(result.notes.join())![1]);
      expect(solved(A, y, { method, stepSize: step, iterations: 5000 }).residual).toBeLessThan(0.05);
    },
  );

  it.each([0.5, 0.8, 0.9, 0.95])(
    'a step from the data that does not settle is halved until it does: two columns of correlation %d, to 1e-3',
    (rho) => {
      const A = matrix(2, 2, Float64Array.of(1, rho, 0, Math.sqrt(1 - rho * rho)));
      const y = Float64Array.of(1 - rho, -Math.sqrt(1 - rho * rho));
      close(solved(A, y, { method: 'hadamard' }).x, [1, -1], { atol: 1e-3 });
    },
  );

  it('resumed from any of its checkpoints ends with the same bits', () => {
    const { A, y } = problem({ m: 40, n: 100, s: 6, noise: 0.1 });
    const options: SparseOptions = { iterations: 8000, heldOut: subset(stream(1, 'holdout'), 40, 4) };
    const saved: Checkpoint[] = [];
    const run = sparse(K, A, y, options);
    let next = run.next();
    for (; !next.done; next = run.next()) saved.push(next.value.checkpoint());
    const { x, iterations } = next.value;
    expect(saved.length).toBeGreaterThan(100);
    for (let k = 0; k < saved.length; k += 41) {
      const again = finish(sparse(K, A, y, options, saved[k]));
      expect(again.iterations).toBe(iterations);
      expect(again.x).toEqual(x);
    }
  });

  it('gives the same bits with 1, 2 and 4 threads, and with the reference kernels', async () => {
    const { A, y } = problem({ m: 40, n: 100, s: 5, noise: 0.05 });
    const options: SparseOptions = { iterations: 2000, heldOut: subset(stream(1, 'holdout'), 40, 4) };
    const kernels = [referenceKernels(), ...(await Promise.all([1, 2, 4].map((threads) => startKernels({ threads }))))];
    for (const method of ['auto', 'lasso', 'omp', 'basis-pursuit'] as const) {
      const answers = kernels.map((one) => solved(A, y, { ...options, method }, one).x);
      for (const answer of answers.slice(1)) expect(answer).toEqual(answers[0]);
    }
    for (const one of kernels) one.close();
  });

  it.each<[SparseOptions, RegExp]>([
    [{ depth: 0 }, /depth should be a whole number of at least 1, got 0/],
    [{ ratio: -1 }, /ratio κ should be a positive number, got -1/],
    [{ initScale: 0 }, /initScale should be a positive number, got 0/],
    [{ start: new Float64Array(200) }, /the start should not be zero/],
    [{ start: new Float64Array(100).fill(1) }, /start should hold 200 numbers, got 100/],
    [{ method: 'lasso' }, /the lasso needs a penalty/],
    [{ method: 'lasso', penalty: 1 }, /penalty should be a share from 0 to below 1/],
    [{ method: 'omp', sparsity: 0 }, /sparsity should be a whole number of at least 1/],
    [{ method: 'omp', positive: true }, /omp has no form for x ≥ 0/],
  ])('refuses %j', (options, sentence) => {
    const { A, y } = problem({ m: 40, n: 100, s: 5 });
    expect(() => solved(A, y, options)).toThrow(sentence);
  });

  it('refuses y that is as long as A is wide', () => {
    const { A, y } = problem({ m: 40, n: 100, s: 5 });
    expect(() => solved(transpose(A), y, {})).toThrow('as many numbers as A has rows, got 40 and 100');
  });
});
