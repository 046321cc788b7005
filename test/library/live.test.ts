// complete() and sense() as their callers meet them: a worker computes, the caller's event loop turns, the same bits come
// out however the data come in and whatever computes them.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type * as real from '#run-worker';
import {
  complete,
  fitFromBytes,
  LorankError,
  loadFit,
  normals,
  type Rating,
  sense,
  stream,
  subset,
} from '../../src/node.js';
import { close } from '../close.js';
import { built, remove, temporary } from '../house/built.js';

const worker = vi.hoisted(() => ({ before: '' }));
vi.mock('#run-worker', async (original) => {
  const { source } = await original<typeof real>();
  return {
    get source() {
      return worker.before + source;
    },
  };
});
afterEach(() => {
  worker.before = '';
});

const USERS = 80;
const ITEMS = 50;
const a = normals(stream(1, 'a'), 2 * USERS);
const b = normals(stream(1, 'b'), 2 * ITEMS);
const noise = normals(stream(1, 'noise'), USERS * ITEMS);
const truth = (u: number, i: number) => 3 + a[2 * u] * b[2 * i] + a[2 * u + 1] * b[2 * i + 1];
const rows: [string, string, number][] = [];
const seen = new Set(subset(stream(1, 'seen'), USERS * ITEMS, 1600));
for (let u = 0; u < USERS; u++)
  for (let i = 0; i < ITEMS; i++)
    if (seen.has(u * ITEMS + i)) rows.push([`user ${u}`, `item ${i}`, truth(u, i) + 0.05 * noise[u * ITEMS + i]]);

const measurements = (() => {
  const [m, n1, n2] = [300, 12, 10];
  const operator = normals(stream(2, 'operator'), m * n1 * n2);
  const X = Float64Array.from({ length: n1 * n2 }, (_, t) => ((t % n2) + 1) / 10 + Math.floor(t / n2) * ((t % n2) % 3));
  const y = Float64Array.from({ length: m }, (_, i) => X.reduce((sum, x, t) => sum + x * operator[i * n1 * n2 + t], 0));
  return { operator, measurements: y, shape: [n1, n2] as const, truth: X };
})();

/** The error that a run ends with. */
const failure = async (run: Promise<unknown>): Promise<LorankError> => {
  const thrown = await run.then(
    () => undefined,
    (error) => error,
  );
  expect(thrown).toBeInstanceOf(LorankError);
  return thrown;
};

describe('complete', () => {
  let reference: Uint8Array;
  beforeAll(async () => {
    reference = (await complete(rows, { seed: 7, threads: 1 })).toBytes();
  });

  it('predicts entries that it has not seen: RMSE ≤ 0.2 where the values spread by more than 1', async () => {
    const fit = await complete(rows, { seed: 7 });
    let square = 0;
    let count = 0;
    for (let u = 0; u < USERS; u++)
      for (let i = 0; i < ITEMS; i++)
        if (!seen.has(u * ITEMS + i)) {
          square += (fit.predict(`user ${u}`, `item ${i}`) - truth(u, i)) ** 2;
          count++;
        }
    expect(Math.sqrt(square / count)).toBeLessThan(0.2);
    expect(fit.outcome).toBe('converged');
    expect(fit.heldOut!.rmse).toBeLessThan(fit.heldOut!.baselines.bias.rmse);
    expect(fit.report()).toContain('global mean');
  });

  it('answers for ids that it has never seen', async () => {
    const fit = await complete(rows, { seed: 7 });
    expect(fit.predict('nobody', 'nothing')).toBe(fit.globalMean);
  });

  const column = <T>(n: number) => rows.map((row) => row[n] as T);
  const indices = (n: 0 | 1) => Int32Array.from(rows, (row) => Number(row[n].slice(5)));
  const objects = () => rows.map(([user, item, value]) => ({ user, item, value }));
  it.each<[string, () => Parameters<typeof complete>[0]]>([
    ['objects', objects],
    [
      'columns',
      () => ({ users: column<string>(0), items: column<string>(1), values: Float64Array.from(rows, (row) => row[2]) }),
    ],
    ['a generator', () => rows.values()],
    [
      'an asynchronous generator',
      async function* () {
        for (const row of rows) yield row;
      },
    ],
  ])('gives the same bytes for %s as for rows', async (_what, ratings) => {
    expect((await complete(ratings(), { seed: 7 })).toBytes()).toEqual(reference);
  });

  it('takes numbers as the ids that their decimal texts are', async () => {
    const columns = { users: indices(0), items: indices(1), values: column<number>(2) };
    const texts = { ...columns, users: Array.from(columns.users, String) };
    const [one, other] = await Promise.all([complete(columns, { rank: 1 }), complete(texts, { rank: 1 })]);
    expect(one.toBytes()).toEqual(other.toBytes());
    expect(one.predict(3, 4)).toBe(one.predict('3', '4'));
  });

  it.each([2, 4])('gives the same bytes with %d threads as with one', async (threads) => {
    const fit = await complete(rows, { seed: 7, threads });
    expect(fit.threads).toBe(threads);
    expect(fit.toBytes()).toEqual(reference);
  });

  it('gives the same bytes without SharedArrayBuffer, on one thread', async () => {
    worker.before = 'delete globalThis.SharedArrayBuffer;\n';
    const fit = await complete(rows, { seed: 7, threads: 2 });
    expect(fit.threads).toBe(1);
    expect(fit.kernels).toBe('simd128');
    expect(fit.toBytes()).toEqual(reference);
  });

  it('gives the same bytes without WebAssembly SIMD, by the reference', async () => {
    worker.before = 'WebAssembly.validate = () => false;\n';
    const fit = await complete(rows, { seed: 7, threads: 2 });
    expect(fit.kernels).toBe('reference');
    expect(fit.toBytes()).toEqual(reference);
  });

  it('gives other bytes for another seed', async () => {
    expect((await complete(rows, { seed: 8 })).toBytes()).not.toEqual(reference);
  });

  it('goes through a file and back', async () => {
    const folder = temporary();
    const fit = await complete(rows, { seed: 7 });
    await fit.save(join(folder, 'fit.safetensors'));
    expect(new Uint8Array(readFileSync(join(folder, 'fit.safetensors')))).toEqual(reference);
    expect(readdirSync(folder)).toEqual(['fit.safetensors']);
    for (const loaded of [await loadFit(join(folder, 'fit.safetensors')), await fitFromBytes(fit.toBytes())])
      expect(loaded.predict('user 3', 'item 4')).toBe(fit.predict('user 3', 'item 4'));
    remove(folder);
  });
});

describe('sense', () => {
  it('recovers a matrix from measurements in memory: relative error ≤ 1e-6', async () => {
    const sensed = await sense(measurements, { seed: 7 });
    expect(sensed.error!.relativeFrobenius).toBeLessThan(1e-6);
    close(sensed.matrix.data, measurements.truth, { atol: 1e-5 });
    expect(sensed.predict(2, 3)).toBe(sensed.matrix.data[2 * 10 + 3]);
    expect(sensed.report()).toContain('Rank 2');
  });

  it('gives the same bytes for an operator that is a function, and with other threads', async () => {
    const { operator } = measurements;
    const write = (i: number, row: Float64Array) => row.set(operator.subarray(i * 120, (i + 1) * 120));
    const [array, written] = await Promise.all([
      sense(measurements, { seed: 7, threads: 1 }),
      sense({ ...measurements, operator: write }, { seed: 7, threads: 2 }),
    ]);
    expect(written.toBytes()).toEqual(array.toBytes());
  });

  it('takes an operator in f32', async () => {
    const operator = Float32Array.from(measurements.operator);
    const sensed = await sense({ ...measurements, operator }, { method: 'scaled-gd', rank: 2, seed: 7 });
    expect(sensed.error!.relativeFrobenius).toBeLessThan(1e-4);
  });

  it('makes data from a seed', async () => {
    const generator = { shape: [14, 12], rank: 2, ensemble: 'rademacher', measurements: 260 } as const;
    const sensed = await sense({ generator: { ...generator, shape: [14, 12] } }, { seed: 3 });
    expect(sensed.error!.relativeFrobenius).toBeLessThan(1e-6);
  });

  it('goes to a file that is an npy', async () => {
    const folder = temporary();
    const sensed = await sense(measurements, { method: 'scaled-gd', rank: 2 });
    await sensed.save(join(folder, 'X.npy'));
    const bytes = readFileSync(join(folder, 'X.npy'));
    expect(bytes.subarray(1, 6).toString()).toBe('NUMPY');
    expect(new Uint8Array(bytes)).toEqual(sensed.toBytes());
    remove(folder);
  });
});

describe('a run', () => {
  it('can be watched: steps ascend, and the last state comes', async () => {
    const run = complete(rows, { seed: 7 });
    const steps: number[] = [];
    let last: { singularValues: Float64Array } | undefined;
    for await (const state of run) {
      steps.push(state.step);
      last = state;
    }
    expect(steps.length).toBeGreaterThan(0);
    expect(steps).toEqual([...steps].sort((x, y) => x - y));
    expect(last!.singularValues[0]).toBeGreaterThan(0);
    await run;
  });

  it('goes on when its watcher breaks off', async () => {
    const run = complete(rows, { seed: 7 });
    for await (const _ of run) break;
    expect((await run).outcome).toBe('converged');
  });

  it('ends its watchers with the error that it ends with', async () => {
    const watch = async () => {
      for await (const _ of complete([['a', 'b', Number.NaN]])) expect.unreachable();
    };
    expect((await failure(watch())).code).toBe('data');
  });

  it('is aborted by its signal, at once, and says so', async () => {
    const controller = new AbortController();
    const generator = {
      shape: [60, 60] as [number, number],
      rank: 3,
      ensemble: 'gaussian' as const,
      measurements: 4000,
    };
    const run = sense(
      { generator },
      { method: 'gd', iterations: 1_000_000, tolerance: 1e-300, signal: controller.signal },
    );
    let aborted = Number.NaN;
    for await (const _ of watching(run)) {
      aborted = performance.now();
      controller.abort(new Error('enough'));
      break;
    }
    const error = await failure(run);
    expect(performance.now() - aborted).toBeLessThan(1000);
    expect(error).toMatchObject({ code: 'aborted', message: 'sense: the run was aborted' });
    expect(error.cause).toMatchObject({ message: 'enough' });
  });

  it('does not begin when the signal has fired, and closes the source of ratings when it fires', async () => {
    expect((await failure(complete(rows, { signal: AbortSignal.abort() }))).code).toBe('aborted');
    let closed = false;
    const stop = new AbortController();
    async function* endless(): AsyncGenerator<Rating> {
      try {
        for (let t = 0; ; t++) {
          yield [t % 100, t % 77, t % 5];
          if (t === 100_000) stop.abort();
          if (t % 1000 === 0) await new Promise((done) => setTimeout(done, 1));
        }
      } finally {
        closed = true;
      }
    }
    expect((await failure(complete(endless(), { signal: stop.signal }))).code).toBe('aborted');
    await vi.waitFor(() => expect(closed).toBe(true));
  });

  it.each<[string, () => Promise<unknown>, string, RegExp]>([
    ['an unknown option', () => complete(rows, { rnk: 3 } as never), 'usage', /rnk/],
    ['a rank of zero and a half', () => complete(rows, { rank: 0.5 }), 'usage', /rank/],
    ['a rank of zero', () => complete(rows, { rank: 0 }), 'usage', /at least 1; auto may choose the biases alone/],
    ['a rank above the shape', () => complete(rows, { rank: 1000 }), 'usage', /rank should be .* 50, got 1000/],
    ['no threads', () => complete(rows, { threads: 0 }), 'usage', /threads should be .* got 0/],
    ['a negative seed', () => complete(rows, { seed: -1 }), 'usage', /seed/],
    ['no rating', () => complete([]), 'data', /at least one rating/],
    ['the path of a file', () => complete('ratings.csv' as never), 'usage', /got string/],
    ['a row that is none', () => complete([['a', 'b', 1], 7 as never]), 'usage', /rating 1 should be/],
    [
      'a value that is no number',
      () =>
        complete([
          ['a', 'b', 1],
          ['a', 'c', '4' as never],
        ]),
      'data',
      /rating 1 .* got 4/,
    ],
    ['an id that is no id', () => complete([[1.5, 'b', 1]]), 'data', /id of rating 0 .* got 1.5/],
    [
      'columns of two lengths',
      () => complete({ users: [1], items: [1, 2], values: [1] }),
      'usage',
      /one length, got 1, 2/,
    ],
    [
      'an operator of another shape',
      () => sense({ ...measurements, shape: [11, 10] }),
      'usage',
      /300·11·10 = 33000 .* 36000/,
    ],
    [
      'a measurement that is infinite',
      () => sense({ ...measurements, measurements: [...measurements.measurements.slice(1), 1 / 0] }),
      'data',
      /Infinity at measurement 299/,
    ],
    ['a width for auto', () => sense(measurements, { width: 5 }), 'usage', /width/],
  ])('refuses %s', async (_what, run, code, message) => {
    const error = await failure(run());
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it('rejects with what the source of ratings throws', async () => {
    const broken = async function* (): AsyncGenerator<Rating> {
      yield ['a', 'b', 1];
      throw new TypeError('the database went away');
    };
    await expect(complete(broken())).rejects.toThrow('the database went away');
  });

  // The promise is 50 ms of work between two turns of the event loop. It is held to in the caller's own processor time,
  // where the system tells it (Linux): by the clock, the caller may have waited for a processor that others were using,
  // hence the loose bound there.
  it('keeps the event loop turning: at most 50 ms of work, and 500 ms by the clock, with 300 000 rows of texts', async () => {
    const many = Array.from(
      { length: 300_000 },
      (_, t): Rating => [`u${(t * 7919) % 5003}`, `i${(t * 104729) % 1999}`, t % 5],
    );
    const longest = { work: 0, clock: 0 };
    let last = { work: work(), clock: performance.now() };
    const look = () => {
      const now = { work: work(), clock: performance.now() };
      longest.work = Math.max(longest.work, now.work - last.work);
      longest.clock = Math.max(longest.clock, now.clock - last.clock);
      last = now;
    };
    const timer = setInterval(look, 1);
    const fit = await complete(many, { rank: 1, iterations: 2 });
    clearInterval(timer);
    look();
    console.info(`longest turn: ${longest.work.toFixed(1)} ms of work, ${longest.clock.toFixed(1)} ms by the clock`);
    expect(fit.rowBias.length).toBe(5003);
    expect(longest.work).toBeLessThan(50);
    expect(longest.clock).toBeLessThan(500);
  });
});

/** Processor time of this thread in ms, where the system tells it; else 0. */
function work(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return 0;
  }
}

describe('a program', () => {
  it('ends by itself when its runs have ended, failed or been aborted, and no thread is left', async () => {
    await built();
    const folder = temporary();
    const url = JSON.stringify(new URL('../../dist/node/index.js', import.meta.url).href);
    writeFileSync(
      join(folder, 'program.mjs'),
      `import { readdirSync } from 'node:fs';
       import { complete, sense } from ${url};
       const threads = () => process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0;
       const rows = [['a', 'b', 1], ['a', 'c', 2], ['b', 'c', 3]];
       const once = async () => {
         await complete(rows, { threads: 4 });
         await complete([['a', 'b', NaN]], { threads: 4 }).catch(() => {});
         const generator = { shape: [40, 40], rank: 2, ensemble: 'gaussian', measurements: 800 };
         const stop = new AbortController();
         const run = sense({ generator }, { method: 'gd', tolerance: 1e-300, threads: 4, signal: stop.signal });
         for await (const _ of run) { stop.abort(); break; }
         await run.catch(() => {});
         await new Promise((done) => setTimeout(done, 300));
       };
       await once();
       const before = threads();
       await once();
       console.log(threads() - before);`,
    );
    const printed = execFileSync(process.execPath, ['program.mjs'], { cwd: folder, encoding: 'utf8', timeout: 60_000 });
    expect(printed).toBe('0\n');
    remove(folder);
  });
});

/** The states of a run, whose error is left to who awaits the run. */
async function* watching<P>(run: AsyncIterable<P>): AsyncGenerator<P> {
  try {
    yield* run;
  } catch {}
}
