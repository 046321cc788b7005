// Chains of factors as methods of factoring, sensing and completion.

import { describe, expect, it } from 'vitest';
import { completeRatings } from '../../src/complete/complete.js';
import { ratingsFrom } from '../../src/complete/ratings.js';
import { relativeFrobenius } from '../../src/diagnostics/errors.js';
import { singleKernels } from '../../src/kernels/index.js';
import { formed } from '../../src/linalg/factored.js';
import { factor } from '../../src/methods/factor.js';
import { sense } from '../../src/methods/sense.js';
import { gaussian } from '../../src/operators/index.js';
import { stream } from '../../src/random/index.js';
import { type Checkpoint, finish } from '../../src/stream.js';
import { lowRank } from '../../src/truth/lowRank.js';
import { uniformMask } from '../../src/truth/mask.js';

const K = singleKernels();
const X = formed(K, lowRank(K, { rows: 14, cols: 11, rank: 2, condition: 2 }, stream(1, 'truth')).X);
const scaledBy = (c: number) => ({ ...X, data: X.data.map((v) => c * v) });
const short = { initScale: 0.05, iterations: 3000 } as const;

describe('deep and compressed-deep on a known matrix', () => {
  it('find it to √d·ε^L, for depths 2 to 4 and every start, and say that they rest there', () => {
    for (const options of [
      { method: 'deep', depth: 2 },
      { method: 'deep', depth: 3, width: 5 },
      { method: 'deep', depth: 4, initScale: 0.2 },
      { method: 'deep', start: 'gaussian' },
      { method: 'deep', start: 'identity' },
      { method: 'compressed-deep', rank: 2 },
      { method: 'compressed-deep', rank: 4, depth: 2 },
      { method: 'compressed-deep', rank: 3, start: 'surrogate' },
    ] as const) {
      const { depth = 3, initScale = short.initScale } = options as { depth?: number; initScale?: number };
      const { residual, outcome } = finish(factor(K, X, { ...short, iterations: 30_000, ...options, tolerance: 1e-5 }));
      expect(residual, JSON.stringify(options)).toBeLessThan(Math.max(1.1e-5, 4 * initScale ** depth));
      expect(outcome).toBe('converged');
    }
  });

  it('one factor is the matrix after one step of size 1', () => {
    const { iterations, residual } = finish(factor(K, X, { method: 'deep', depth: 1 }));
    expect(iterations).toBe(1);
    expect(residual).toBeLessThan(1e-14);
  });

  it('take as many steps in other units', () => {
    for (const options of [
      { method: 'deep' },
      { method: 'compressed-deep', rank: 2, outerStep: 0.1 },
      { method: 'deep', weightDecay: 0.01 },
    ] as const) {
      const [a, b] = [X, scaledBy(1000)].map((A) => finish(factor(K, A, { ...short, ...options, tolerance: 1e-3 })));
      expect(Math.abs(a.iterations - b.iterations), JSON.stringify(options)).toBeLessThanOrEqual(1);
      expect(a.residual / b.residual).toBeCloseTo(1, 2);
    }
  });

  it('weight decay of λ leaves a residual of its order', () => {
    const { residual } = finish(factor(K, X, { ...short, method: 'deep', weightDecay: 0.01, initScale: 0.2 }));
    expect(residual).toBeGreaterThan(0.01);
    expect(residual).toBeLessThan(0.05);
  });

  it('go on from a checkpoint to the same bits', () => {
    const options = { ...short, method: 'compressed-deep', rank: 3, outerStep: 0.1, iterations: 60 } as const;
    const whole = finish(factor(K, X, options));
    const run = factor(K, X, options);
    let checkpoint: Checkpoint | undefined;
    for (let t = 0; t < 25; t++) checkpoint = (run.next().value as { checkpoint(): Checkpoint }).checkpoint();
    expect(finish(factor(K, X, options, checkpoint))).toEqual(whole);
  });

  it('a step that diverges is told, with one that would do', () => {
    const { outcome, notes } = finish(factor(K, X, { method: 'deep', stepSize: 9 }));
    expect(outcome).toBe('diverged');
    expect(notes.join(' ')).toMatch(/A step of 9 diverges; 0\.33\d? would do/);
    const safe = Number(/; ([\d.]+) would/.exec(notes.join(' '))![1]);
    expect(finish(factor(K, X, { ...short, method: 'deep', stepSize: safe, tolerance: 1e-3 })).outcome).toBe(
      'converged',
    );
  });

  it.each([
    [{ method: 'deep', depth: 0 }, /depth should be a whole number of at least 1, got 0/],
    [{ method: 'deep', rank: 3, width: 2 }, /width should be at least the rank 3, got 2/],
    [{ method: 'deep', start: 'surrogate' }, /start should be orthogonal, gaussian or identity/],
    [{ method: 'deep', initScale: 0 }, /initScale should be a positive number, got 0/],
    [{ method: 'deep', symmetric: true }, /symmetric/],
    [{ method: 'compressed-deep' }, /a rank is needed/],
    [{ method: 'compressed-deep', rank: 6 }, /at most min\(n₁, n₂\)\/2 = 5, got 6/],
    [{ method: 'compressed-deep', rank: 2, start: 'gaussian' }, /start should be invariant or surrogate/],
    [{ method: 'compressed-deep', rank: 2, depth: 1, start: 'surrogate' }, /depth should be at least 2/],
  ] as const)('refuse %o', (options, message) =>
    expect(() => finish(factor(K, X, options as Parameters<typeof factor>[2]))).toThrow(message),
  );
});

describe('deep and compressed-deep on measurements and entries', () => {
  it('recover a matrix from Gaussian measurements within 1e-2', () => {
    const operator = gaussian(K, { rows: 14, cols: 11, measurements: 140 }, stream(2, 'operator'));
    const measured = { operator, y: operator.apply(X) };
    for (const options of [
      { method: 'deep' },
      { method: 'compressed-deep', rank: 3 },
      { method: 'compressed-deep', rank: 3, start: 'surrogate' },
    ] as const) {
      const found = finish(
        sense(K, measured, undefined, { ...options, initScale: 0.05, tolerance: 3e-3, iterations: 6000 }),
      );
      expect(relativeFrobenius(K, found.X, X), JSON.stringify(options)).toBeLessThan(1e-2);
    }
  });

  it('complete: three factors of full width predict what was kept back a hundred times better than the mean', () => {
    const mask = uniformMask(14, 11, 120, stream(3, 'mask'));
    const rows: [string, string, number][] = [];
    for (let i = 0; i < 14; i++)
      for (let e = mask.starts[i]; e < mask.starts[i + 1]; e++)
        rows.push([`u${i}`, `i${mask.columns[e]}`, X.data[i * 11 + mask.columns[e]]]);
    const found = finish(completeRatings(K, ratingsFrom(rows), { method: 'deep', iterations: 12_000, seed: 4 }));
    expect(found.heldOut!.rmse).toBeLessThan(0.01 * found.heldOut!.baselines.globalMean.rmse);
    expect(found.notes.join(' ')).toMatch(/A chain of 3 factors of widths 11, 11, 11, 14/);
  });
});
