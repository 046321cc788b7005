// What bounds a run: its step, and how many of them.

import { describe, expect, it } from 'vitest';
import { completeRatings } from '../../src/complete/complete.js';
import { ratingsFrom } from '../../src/complete/ratings.js';
import { makeSenseData } from '../../src/engine/senseGenerator.js';
import { senseParts } from '../../src/engine/senseRun.js';
import { keptBackSparse, makeSparseData } from '../../src/engine/sparseData.js';
import { singleKernels } from '../../src/kernels/index.js';
import { matrix } from '../../src/matrix.js';
import { type SenseOptions, sense } from '../../src/methods/sense.js';
import { sparse } from '../../src/methods/sparse.js';
import { denseRows } from '../../src/operators/dense.js';
import { normals, stream } from '../../src/random/index.js';
import type { SenseSpec, SparseSpec } from '../../src/spec.js';
import { type Checkpoint, finish, type Run } from '../../src/stream.js';
import { lowRankRatings } from '../complete/synthetic.js';

const K = singleKernels();

/** Measurements that share a large part, which the data show too late: 𝒜 is far from an isometry. */
function lopsided() {
  const [rows, cols, measurements] = [10, 8, 150];
  const builder = denseRows(K, { rows, cols, measurements, storage: 'f64' });
  const z = normals(stream(1, 'A'), measurements * rows * cols);
  builder.write(
    0,
    z.map((v, t) => v + 3 * z[t % (rows * cols)]),
  );
  const { operator } = builder.finish();
  const factor = (n: number, name: string) => matrix(n, 2, normals(stream(1, name), 2 * n));
  return { operator, y: operator.apply({ left: factor(rows, 'l'), right: factor(cols, 'r') }) };
}

describe('a step', () => {
  const solve = (options: SenseOptions) => finish(sense(K, lopsided(), undefined, { iterations: 300, ...options }));

  it.each(['gd', 'scaled-gd', 'heavy-ball'] as const)(
    '%s: that the data suggest and that diverges is halved until it does not, and a note says so',
    (method) => {
      const { outcome, notes } = solve({ method, rank: 2, iterations: 1000 });
      expect(outcome).not.toBe('diverged');
      const [, suggested, taken] = /^The step (\S+) that the data suggest diverges; (\S+) was taken\.$/.exec(notes[0])!;
      expect(Number(taken)).toBeLessThan(Number(suggested));
    },
  );

  it('that is given and diverges is told, with the suggested one; where that diverges too, that it is halved', () => {
    expect(solve({ method: 'gd', rank: 2, stepSize: 5 })).toMatchObject({
      outcome: 'diverged',
      notes: [expect.stringMatching(/^A step of 5 diverges; 0\.0\d+ would do\.$/)],
    });
    expect(solve({ method: 'gd', rank: 2, stepSize: 0.08 })).toMatchObject({
      outcome: 'diverged',
      notes: [expect.stringMatching(/^A step of 0\.08 diverges; without one, 0\.0\d+ is halved until it does not\.$/)],
    });
  });

  it('of a completion that is given and diverges is told', () => {
    const ratings = ratingsFrom(lowRankRatings(30, 20, 2, 0.6).seen);
    const { notes } = finish(completeRatings(K, ratings, { method: 'gd', rank: 2, stepSize: 10 }));
    expect(notes.join(' ')).toMatch(/A step of 10 diverges; 0\.\d+ would do/);
  });
});

describe('iterations bound the whole run, whatever its descents', () => {
  const generator = { shape: [14, 12] as [number, number], rank: 2, measurements: 250, ensemble: 'gaussian' as const };
  const spec: SenseSpec = { lorank: 1, task: 'sense', seed: 3, data: { generator: { ...generator, noise: 0.01 } } };
  const data = makeSenseData(K, spec, { ...generator, noise: 0.01 });
  const ratings = ratingsFrom(lowRankRatings(60, 50, 3, 0.5, 0.2).seen);
  const vector = { length: 100, sparsity: 4, measurements: 60 };
  const sparseSpec: SparseSpec = { lorank: 1, task: 'sparse', data: { generator: vector }, seed: 1 };
  const { A, y } = makeSparseData(sparseSpec, vector);
  const heldOut = keptBackSparse(y.length, sparseSpec);
  const runs: Record<string, (iterations: number | undefined, from?: Checkpoint) => Run<unknown, Counted>> = {
    sense: (iterations, from) => senseParts(K, data, { ...spec, stop: { iterations } }, from),
    complete: (iterations, from) => completeRatings(K, ratings, { iterations }, from),
    'complete at a rank': (iterations, from) => completeRatings(K, ratings, { iterations, rank: 5 }, from),
    sparse: (iterations, from) => sparse(K, A, y, { method: 'weight-normalised', heldOut, iterations }, from),
  };
  interface Counted {
    readonly outcome: string;
    readonly iterations: number;
  }

  it.each(Object.keys(runs))('%s: for bounds inside each of its descents, and resumed within them', (name) => {
    const run = runs[name];
    const whole = finish(run(undefined)).iterations;
    for (const share of [0.1, 0.4, 0.7, 0.95]) {
      const most = Math.ceil(share * whole);
      const saved: Checkpoint[] = [];
      const cut = run(most);
      let next = cut.next();
      for (; !next.done; next = cut.next()) saved.push(next.value.checkpoint());
      expect(next.value.iterations).toBeLessThanOrEqual(most);
      expect(next.value.outcome).toBe('iteration-limit');
      for (const t of [0.2, 0.9])
        expect(bits(finish(run(most, saved[Math.floor(t * saved.length)])))).toEqual(bits(next.value));
    }
  });

  /** What of a result does not depend on when it is looked at. */
  const bits = (result: object) =>
    JSON.stringify(result, (_key, value) => (ArrayBuffer.isView(value) ? [...(value as Float64Array)] : value));
});
