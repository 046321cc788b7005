import { describe, expect, it } from 'vitest';
import { type PreflightOptions, preflight } from '../../src/methods/preflight.js';
import { close } from '../close.js';

const base: PreflightOptions = { shape: [30, 20], rank: 2, measurements: 400 };

describe('preflight', () => {
  it('counts r(n₁ + n₂ − r) degrees of freedom, and nr − r(r−1)/2 where symmetric', () => {
    expect(preflight(base).degreesOfFreedom).toBe(96);
    expect(preflight({ ...base, shape: [30, 30], symmetric: true }).degreesOfFreedom).toBe(59);
  });
  it('calls fewer measurements than degrees of freedom hopeless, and says so', () => {
    const { verdict, reasons } = preflight({ ...base, measurements: 95 });
    expect(verdict).toBe('hopeless');
    expect(reasons[0]).toBe(
      '95 measurements are fewer than the 96 degrees of freedom: many matrices of rank 2 fit them.',
    );
  });
  it('never gets worse with more measurements, for every ensemble', () => {
    const order = { hopeless: 0, borderline: 1, likely: 2 };
    for (const ensemble of ['gaussian', 'rademacher', 'rank-one', 'hadamard', 'mask'] as const)
      for (const noise of [0, 0.2]) {
        const verdicts = Array.from({ length: 30 }, (_, i) => {
          const { verdict } = preflight({ ...base, ensemble, noise, measurements: 20 * (i + 1) });
          return order[verdict];
        });
        expect(verdicts).toEqual([...verdicts].sort());
        expect(verdicts[0]).toBe(0);
      }
  });
  it('expects the error ν√(d/(m−d)) of noise', () =>
    close(preflight({ ...base, noise: 0.1 }).expectedError, 0.1 * Math.sqrt(96 / 304), { rtol: 1e-14 }));
  it('calls noise that leaves an error as large as X hopeless', () =>
    expect(preflight({ ...base, noise: 5 }).verdict).toBe('hopeless'));
  it('expects as many bare rows and columns of a mask as the Poisson law says', () => {
    const { bare } = preflight({ shape: [100, 100], rank: 1, measurements: 400, ensemble: 'mask' });
    close(bare, 200 * Math.exp(-4), { rtol: 1e-12 });
  });
  it('expects the bias √(2nr/m) of symmetric Gaussian measurements', () =>
    close(preflight({ shape: [60, 60], symmetric: true, rank: 2, measurements: 1200 }).bias, Math.sqrt(0.2), {
      rtol: 1e-14,
    }));
  it.each([
    [{ ...base, rank: 21 }, 'preflight: rank should be from 1 to min(n₁, n₂) = 20, got 21'],
    [
      { ...base, measurements: 0 },
      'preflight: shape and measurements should be whole numbers of at least 1, got 30×20 and 0',
    ],
    [{ ...base, symmetric: true }, 'preflight: a symmetric X should be square, got 30×20'],
    [{ ...base, noise: Number.NaN }, 'preflight: noise should be a number ≥ 0, got NaN'],
  ])('refuses %j', (options, message) => expect(() => preflight(options)).toThrow(message));
});
