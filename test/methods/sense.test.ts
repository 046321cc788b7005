import { describe, expect, it } from 'vitest';
import { relativeFrobenius } from '../../src/diagnostics/errors.js';
import { senseRun } from '../../src/engine/senseRun.js';
import type { Kernels } from '../../src/kernels/contract.js';
import { singleKernels, startKernels } from '../../src/kernels/index.js';
import { formed } from '../../src/linalg/factored.js';
import { type SenseOptions, sense } from '../../src/methods/sense.js';
import { gaussian } from '../../src/operators/index.js';
import { stream } from '../../src/random/index.js';
import { type Checkpoint, finish } from '../../src/stream.js';
import { lowRank, withNoise } from '../../src/truth/index.js';

interface Case {
  shape: [number, number];
  rank: number;
  oversampling: number;
  condition?: number;
  noise?: number;
  symmetric?: boolean;
  seed?: number;
}

/** m = oversampling · degrees of freedom Gaussian measurements of a truth with σ₁ = 1. */
function problem(
  K: Kernels,
  { shape: [rows, cols], rank, oversampling, condition, noise = 0, symmetric = false, seed = 3 }: Case,
) {
  const truth = lowRank(K, { rows, cols, rank, condition, symmetric }, stream(seed, 'truth'));
  const freedom = symmetric ? rows * rank - (rank * (rank - 1)) / 2 : rank * (rows + cols - rank);
  const measurements = Math.ceil(oversampling * freedom);
  const operator = gaussian(K, { rows, cols, measurements, symmetric }, stream(seed, 'operator'));
  const y = withNoise(operator.apply(truth.X), noise / Math.sqrt(measurements), stream(seed, 'noise'));
  return { truth, measured: { operator, y } };
}

/** What nobody but the judge may see is the truth. */
function solved(K: Kernels, of: Case, method: object = { name: 'auto' }) {
  const { truth, measured } = problem(K, of);
  const result = finish(senseRun(K, measured, { method, seed: 1 } as Parameters<typeof senseRun>[2]));
  return { result, error: relativeFrobenius(K, result.X, formed(K, truth.X)) };
}
describe('auto', () => {
  const K = singleKernels();

  it.each<Case>([
    { shape: [30, 25], rank: 3, oversampling: 4 },
    { shape: [30, 25], rank: 3, oversampling: 4, condition: 10, seed: 5 },
    { shape: [12, 40], rank: 4, oversampling: 4, condition: 5 },
    { shape: [20, 20], rank: 1, oversampling: 4 },
    { shape: [5, 4], rank: 1, oversampling: 4 },
    { shape: [40, 40], rank: 3, oversampling: 4, condition: 3, symmetric: true },
  ])(
    'four noiseless measurements per degree of freedom are enough: error ≤ 1e-6 and the rank, $shape r=$rank',
    (of) => {
      const { result, error } = solved(K, of);
      expect(result.outcome).toBe('converged');
      expect(result.rank).toBe(of.rank);
      expect(error).toBeLessThanOrEqual(1e-6);
    },
  );

  it('with noise s finds the rank and errs by at most 1.5 times s√(freedom/m), what least squares on the tangent space would', () => {
    const of = { shape: [30, 25] as [number, number], rank: 3, oversampling: 6, condition: 2, noise: 0.1 };
    const { result, error } = solved(K, of);
    const size = Math.sqrt(1 + 0.75 ** 2 + 0.5 ** 2);
    expect(result.rank).toBe(3);
    expect(error).toBeLessThan((1.5 * 0.1 * Math.sqrt(1 / 6)) / size);
  });

  it('control: fewer measurements than half the degrees of freedom recover nothing, and it says so', () => {
    const { result, error } = solved(K, { shape: [30, 25], rank: 3, oversampling: 0.5 });
    expect(error).toBeGreaterThan(0.3);
    expect(result.outcome).not.toBe('converged');
    expect(result.notes.join(' ')).toMatch(/not predicted/);
  });

  it('control: over-parametrised descent from a large start errs by half or more where a small one errs by 1e-3 or less', () => {
    const of = { shape: [30, 25] as [number, number], rank: 2, oversampling: 5 };
    const gd = (initScale: number) => solved(K, of, { name: 'gd', width: 25, initScale }).error;
    expect(gd(1e-6)).toBeLessThan(1e-3);
    expect(gd(1)).toBeGreaterThan(0.5);
  });
});

describe('named methods', () => {
  const K = singleKernels();
  const of = { shape: [24, 20] as [number, number], rank: 2, oversampling: 6, condition: 2 };

  it.each(['gd', 'scaled-gd', 'heavy-ball', 'armijo'] as const)('%s at the right rank ends below 1e-8', (name) => {
    const { result, error } = solved(K, of, { name, rank: 2 });
    expect(result.outcome).toBe('converged');
    expect(error).toBeLessThan(1e-8);
  });

  it('a step that is too long diverges, and the outcome says so', () => {
    expect(solved(K, of, { name: 'gd', rank: 2, stepSize: 50 }).result.outcome).toBe('diverged');
  });

  it('a rank above the shape is refused; a width above it is not', () => {
    const { measured } = problem(K, of);
    const run = (options: SenseOptions) => finish(sense(K, measured, undefined, options));
    expect(() => run({ method: 'gd', rank: 21 })).toThrow(
      'sense: rank should be between 1 and min(n₁, n₂) = 20, got 21',
    );
    expect(run({ method: 'gd', width: 30, iterations: 3 }).outcome).toBe('iteration-limit');
  });
});

describe('a run of sensing', () => {
  const of = { shape: [18, 15] as [number, number], rank: 2, oversampling: 4, noise: 0.02 };

  it('gives the same bits with 1, 2 and 4 threads, f32 passes included', async () => {
    const answers: Float64Array[] = [];
    for (const threads of [1, 2, 4]) {
      const K = await startKernels({ threads });
      const { result } = solved(K, of);
      answers.push(Float64Array.of(...result.X.left.data, ...result.X.right.data, result.residual, result.iterations));
      K.close();
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  it('resumed from any of its checkpoints ends with the same bits', () => {
    const K = singleKernels();
    const { measured } = problem(K, of);
    const settings = { seed: 1 };
    const saved: Checkpoint[] = [];
    const run = senseRun(K, measured, settings);
    let next = run.next();
    for (let k = 0; !next.done; k++, next = run.next()) if (k % 97 === 0) saved.push(next.value.checkpoint());
    for (const checkpoint of saved) {
      const { X, iterations } = finish(senseRun(K, measured, settings, checkpoint));
      expect(iterations).toBe(next.value.iterations);
      expect(X.left.data).toEqual(next.value.X.left.data);
      expect(X.right.data).toEqual(next.value.X.right.data);
    }
  });
});
