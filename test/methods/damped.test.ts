import { describe, expect, it } from 'vitest';
import { relativeFrobenius } from '../../src/diagnostics/errors.js';
import { makeSenseData } from '../../src/engine/senseGenerator.js';
import { senseParts } from '../../src/engine/senseRun.js';
import { singleKernels } from '../../src/kernels/index.js';
import type { SenseMethod, SenseSpec } from '../../src/spec.js';
import { finish } from '../../src/stream.js';

function run(condition: number, measurements: number, method: SenseMethod, symmetric = true) {
  const K = singleKernels();
  const generator = {
    shape: [20, 20] as [number, number],
    rank: 2,
    condition,
    ensemble: 'gaussian' as const,
    measurements,
    symmetric,
  };
  const spec: SenseSpec = {
    lorank: 1,
    task: 'sense',
    seed: 5,
    data: { generator },
    method,
    stop: { iterations: 700 },
  };
  const data = makeSenseData(K, spec, generator);
  const result = finish(senseParts(K, data, spec));
  const failed = result.outcome === 'diverged';
  const error = failed ? Number.NaN : relativeFrobenius(K, result.X, data.truth!);
  K.close();
  return { result, error };
}

describe('prec-gd', () => {
  it.each([1, 16])('recovers X of κ = %d to 1e-8 in 300 steps with factors of four times its rank', (condition) => {
    const { result, error } = run(condition, 300, { name: 'prec-gd', width: 8, rank: 2 });
    expect(result.outcome).toBe('converged');
    expect(result.iterations).toBeLessThan(300);
    expect(error).toBeLessThan(1e-8);
  });
  it('does so from a small random start, and for factor pairs', () => {
    const start = { start: 'small-random', initScale: 1e-6 } as const;
    expect(run(16, 600, { name: 'prec-gd', width: 8, rank: 2, ...start }).error).toBeLessThan(1e-8);
    expect(run(4, 380, { name: 'prec-gd', width: 6, rank: 2 }, false).error).toBeLessThan(1e-8);
  });
});

describe('a fixed damping', () => {
  const method = { name: 'scaled-gd', width: 8, rank: 2 } as const;
  it('ends at a floor where σ_r does not stand out, and a note says so', () => {
    const { result, error } = run(16, 300, method);
    expect(error).toBeGreaterThan(1e-6);
    expect(result.notes.join()).toMatch(/^σ_3\/σ_2 of 𝒜\*\(y\) is 0\.\d+: .*prec-gd/);
  });
  it('is not warned of where it does', () => expect(run(1, 1200, method).result.notes).toEqual([]));
});

describe('bad settings', () => {
  it('a step that diverges ends as diverged, and the note names one that would do', () => {
    const { result } = run(1, 300, { name: 'gd', width: 8, rank: 2, stepSize: 5 });
    expect(result.outcome).toBe('diverged');
    expect(result.notes[0]).toMatch(/^A step of 5 diverges; 0\.\d+ would do\.$/);
  });
  it('a width below the rank is refused', () =>
    expect(() => run(1, 300, { name: 'prec-gd', width: 1, rank: 2 })).toThrow(
      'sense: width should be at least the rank 2, got 1',
    ));
});
