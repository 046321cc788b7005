// Stochastic gradient descent on measurements.

import { describe, expect, it } from 'vitest';
import { relativeFrobenius } from '../../src/diagnostics/errors.js';
import { singleKernels } from '../../src/kernels/index.js';
import { formed } from '../../src/linalg/factored.js';
import { type SenseOptions, sense } from '../../src/methods/sense.js';
import { gaussian } from '../../src/operators/index.js';
import { stream } from '../../src/random/index.js';
import { type Checkpoint, finish } from '../../src/stream.js';
import { lowRank, withNoise } from '../../src/truth/index.js';
import { close } from '../close.js';

const K = singleKernels();

function problem(symmetric: boolean, noise: number, seed: number) {
  const [rows, cols, rank] = [16, symmetric ? 16 : 12, 2];
  const measurements = 6 * rank * (symmetric ? rows : rows + cols);
  const truth = lowRank(K, { rows, cols, rank, symmetric }, stream(seed, 'truth'));
  const operator = gaussian(K, { rows, cols, measurements, symmetric }, stream(seed, 'operator'));
  const y = withNoise(operator.apply(truth.X), noise / Math.sqrt(measurements), stream(seed, 'noise'));
  return { train: { operator, y }, X: formed(K, truth.X) };
}
const solved = (symmetric: boolean, noise: number, options: SenseOptions) => {
  const { train, X } = problem(symmetric, noise, 3);
  const result = finish(sense(K, train, undefined, { rank: 2, seed: 1, ...options }));
  return { result, error: relativeFrobenius(K, result.X, X) };
};

describe('sgd', () => {
  it.each([true, false])('without noise recovers X to 1e-7 from a random start, symmetric: %s', (symmetric) => {
    const { result, error } = solved(symmetric, 0, { method: 'sgd' });
    expect(result.outcome).toBe('converged');
    expect(result.residual).toBeLessThan(2e-9);
    expect(error).toBeLessThan(1e-7);
  });

  it('with noise ends within a tenth of the error of the whole gradient from another start', () => {
    const [drawn, whole] = (['sgd', 'gd'] as const).map((method) => solved(true, 0.2, { method }));
    expect(drawn.result.outcome).toBe('converged');
    close(drawn.error, whole.error, { rtol: 0.1 });
    close(drawn.result.residual, whole.result.residual, { rtol: 0.02 });
  });

  it('of all measurements at once is gradient descent: the same X to 1e-12', () => {
    const same = { start: 'spectral', stepSize: 0.1, precision: 'f64', tolerance: 1e-8 } as const;
    const { train } = problem(false, 0, 3);
    const all = { method: 'sgd', batch: train.operator.measurements, ...same } as const;
    const [drawn, whole] = [all, { method: 'gd', ...same } as const].map((options) => solved(false, 0, options));
    expect(drawn.result.iterations).toBe(whole.result.iterations);
    close(drawn.result.X.left.data, whole.result.X.left.data, { atol: 1e-12 });
  });

  it('resumed from a checkpoint of any phase ends with the same bits', () => {
    const { train } = problem(true, 0.2, 4);
    const options = { method: 'sgd', rank: 2, seed: 5, batch: 30 } as const;
    const saved: Checkpoint[] = [];
    const run = sense(K, train, undefined, options);
    let next = run.next();
    for (let k = 0; !next.done; k++, next = run.next()) if (k % 401 === 0) saved.push(next.value.checkpoint());
    expect(saved.length).toBeGreaterThan(2);
    expect(new Set(saved.map(({ values }) => values.legs)).size).toBeGreaterThan(1);
    for (const checkpoint of saved) {
      const { X, iterations, residual } = finish(sense(K, train, undefined, options, checkpoint));
      expect(iterations).toBe(next.value.iterations);
      expect(residual).toBe(next.value.residual);
      expect(X.left.data).toEqual(next.value.X.left.data);
    }
  });

  it('another seed draws other measurements', () => {
    const [a, b] = [1, 2].map((seed) => solved(true, 0.2, { method: 'sgd', seed, iterations: 5, start: 'spectral' }));
    expect(a.result.residual).not.toBe(b.result.residual);
    expect(a.result.outcome).toBe('iteration-limit');
  });

  it('a step that is too long diverges, and a step that would do is named, and does', () => {
    const { result } = solved(true, 0, { method: 'sgd', stepSize: 9 });
    expect(result.outcome).toBe('diverged');
    const safe = Number(/^A step of 9 diverges; (\S+) would do\.$/.exec(result.notes[0])![1]);
    expect(solved(true, 0, { method: 'sgd', stepSize: safe }).result.outcome).toBe('converged');
  });

  it('refuses a batch above m, and a width below the rank', () => {
    expect(() => solved(true, 0, { method: 'sgd', batch: 1000 })).toThrow(
      /size should be an integer from 1 to m = 192/,
    );
    expect(() => solved(true, 0, { method: 'sgd', rank: 3, width: 2 })).toThrow(
      'width should be at least the rank 3, got 2',
    );
  });
});
