import { describe, expect, it } from 'vitest';
import { relativeFrobenius } from '../../src/diagnostics/errors.js';
import { makeSenseData } from '../../src/engine/senseGenerator.js';
import { senseParts } from '../../src/engine/senseRun.js';
import type { Kernels } from '../../src/kernels/contract.js';
import { singleKernels, startKernels } from '../../src/kernels/index.js';
import { norm } from '../../src/linalg/norms.js';
import { freedom } from '../../src/methods/rank.js';
import { type SenseOptions, sense } from '../../src/methods/sense.js';
import type { Measured } from '../../src/methods/sensing.js';
import { normals, stream } from '../../src/random/index.js';
import type { SenseSpec } from '../../src/spec.js';
import { type Checkpoint, finish } from '../../src/stream.js';
import { close } from '../close.js';

const auto: SenseSpec['method'] = { name: 'auto' };

interface Case {
  shape: [number, number];
  rank: number;
  oversampling: number;
  condition?: number;
  noise?: number;
  symmetric?: boolean;
  seed?: number;
}

/** m = oversampling · degrees of freedom Gaussian measurements of a truth with σ₁ = 1; noise/√m on each. */
function problem(K: Kernels, { oversampling, seed = 3, symmetric = false, ...of }: Case, method = auto) {
  const measurements = Math.ceil(oversampling * freedom(of.rank, ...of.shape, symmetric));
  const noise = (of.noise ?? 0) / Math.sqrt(measurements);
  const generator = { ...of, symmetric, noise, measurements, ensemble: 'gaussian' as const };
  const spec: SenseSpec = { lorank: 1, task: 'sense', data: { generator }, method, seed };
  return { spec, data: makeSenseData(K, spec, generator) };
}

/** What nobody but the judge may see is the truth. */
function solved(K: Kernels, of: Case, method = auto) {
  const { spec, data } = problem(K, of, method);
  const result = finish(senseParts(K, data, spec));
  return { result, data, error: relativeFrobenius(K, result.X, data.truth!) };
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

  it('with noise of one per cent and four to six held-out measurements, finds the rank for each of eight seeds', () => {
    const ranks = [1, 2, 3, 4].flatMap((seed) => [
      solved(K, { shape: [12, 12], rank: 1, oversampling: 4, noise: 0.01, seed }).result.rank,
      solved(K, { shape: [10, 8], rank: 2, oversampling: 4, noise: 0.01, seed }).result.rank,
    ]);
    expect(ranks).toEqual([1, 2, 1, 2, 1, 2, 1, 2]);
  });

  it('control: measurements that are noise alone are predicted by no rank, and it says so for each of four seeds', () => {
    for (const seed of [1, 2, 3, 4]) {
      const { spec, data } = problem(K, { shape: [12, 12], rank: 1, oversampling: 4, seed });
      const noisy = ({ operator, y }: Measured, part: string) => ({
        operator,
        y: normals(stream(seed, part), y.length),
      });
      const parts = { train: noisy(data.train, 'train'), heldOut: noisy(data.heldOut!, 'heldOut') };
      expect(finish(senseParts(K, parts, spec)).outcome).toBe('stalled');
    }
  });

  it('the residual is that of all measurements, held-out ones included, to 1e-12', () => {
    const of: Case = { shape: [12, 10], rank: 2, oversampling: 4, noise: 0.05 };
    const { data, result } = solved(K, of, { name: 'scaled-gd', rank: 2, holdout: 0.3 });
    const [off, all] = [0, 0].map((_, which) =>
      [data.train, data.heldOut!].reduce((sum, { operator, y }) => {
        const miss = operator.apply(result.X).map((value, i) => value - y[i]);
        return sum + y.length * norm(which === 0 ? miss : y) ** 2;
      }, 0),
    );
    close(result.residual, Math.sqrt(off / all), { rtol: 1e-12 });
  });

  it('control: fewer measurements than half the degrees of freedom recover nothing, and it says so', () => {
    const { result, error } = solved(K, { shape: [30, 25], rank: 3, oversampling: 0.5 });
    expect(error).toBeGreaterThan(0.3);
    expect(result.outcome).not.toBe('converged');
    expect(result.notes.join(' ')).toMatch(/not predicted/);
  });

  it('control: over-parametrised descent from a large start errs by half or more where a small one errs by 1e-3 or less', () => {
    const of = { shape: [15, 12] as [number, number], rank: 1, oversampling: 4 };
    const gd = (initScale: number) => solved(K, of, { name: 'gd', width: 12, initScale }).error;
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

  it.each<Case & { within: number }>([
    { shape: [12, 12], rank: 1, oversampling: 2, within: 0.15 },
    { shape: [12, 12], rank: 1, oversampling: 4, condition: 10, within: 1e-3 },
    { shape: [10, 20], rank: 2, oversampling: 4, within: 1e-2 },
    { shape: [12, 12], rank: 1, oversampling: 3, within: 0.02, symmetric: true },
    { shape: [12, 12], rank: 1, oversampling: 8, within: 1e-5, symmetric: true },
  ])(
    'scaled-gd knows neither rank nor width: at $oversampling measurements a degree of freedom it finds the rank for three seeds, error ≤ $within',
    ({ within, ...of }) => {
      for (const seed of [1, 2, 3]) {
        const { spec, data } = problem(K, { ...of, seed }, { name: 'scaled-gd' });
        const result = finish(senseParts(K, data, { ...spec, stop: { iterations: 500 } }));
        expect(result.outcome).not.toBe('diverged');
        expect(result.rank).toBe(of.rank);
        expect(relativeFrobenius(K, result.X, data.truth!)).toBeLessThan(within);
      }
    },
  );

  it('a step that is too long diverges, and the outcome says so', () => {
    expect(solved(K, of, { name: 'gd', rank: 2, stepSize: 50 }).result.outcome).toBe('diverged');
  });

  it('a rank above the shape is refused; a width above it is not', () => {
    const { train } = problem(K, of).data;
    const run = (options: SenseOptions) => finish(sense(K, train, undefined, options));
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
    const { spec, data } = problem(K, of);
    const saved: Checkpoint[] = [];
    const run = senseParts(K, data, spec);
    let next = run.next();
    for (let k = 0; !next.done; k++, next = run.next()) if (k % 397 === 0) saved.push(next.value.checkpoint());
    for (const checkpoint of saved) {
      const { X, iterations } = finish(senseParts(K, data, spec, checkpoint));
      expect(iterations).toBe(next.value.iterations);
      expect(X.left.data).toEqual(next.value.X.left.data);
      expect(X.right.data).toEqual(next.value.X.right.data);
    }
  });
});
