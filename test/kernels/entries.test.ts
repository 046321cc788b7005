import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Entries, Kernels } from '../../src/kernels/contract.js';
import { entryParts } from '../../src/kernels/parts.js';
import type { Float } from '../../src/matrix.js';
import { close } from '../close.js';
import { noise, reference, simdBuilds } from './builds.js';

let builds: Kernels[];
beforeAll(async () => {
  builds = await simdBuilds();
});
afterAll(() => {
  for (const K of builds) K.close();
});

const f32 = (x: Float64Array): Float => Float32Array.from(x);
const f64 = (x: Float64Array): Float => x;

/** Every fifth row empty, every fifth full, the others to a share. */
function entriesOf(rows: number, cols: number, share: number, to: typeof f64): Entries {
  const u = noise(rows * cols, 3);
  const starts = new Int32Array(rows + 1);
  const columns: number[] = [];
  for (let i = 0; i < rows; i++) {
    const bound = i % 5 === 0 ? 0 : i % 5 === 1 ? 1 : share;
    for (let j = 0; j < cols; j++) if ((u[i * cols + j] + 1) / 2 < bound) columns.push(j);
    starts[i + 1] = columns.length;
  }
  return { rows, cols, starts, columns: Int32Array.from(columns), values: to(noise(columns.length, 4)) };
}

const operands = (E: Entries, k: number, to: typeof f64) => ({
  U: to(noise(E.rows * k, 5)),
  V: to(noise(E.cols * k, 6)),
});

const blank = (like: Float, length: number): Float =>
  like instanceof Float32Array ? new Float32Array(length).fill(Number.NaN) : new Float64Array(length).fill(Number.NaN);

function gradient(K: Kernels, E: Entries, k: number, U: Float, V: Float) {
  const gU = blank(U, U.length);
  const gV = blank(V, V.length);
  const loss = K.entriesGradient(E, k, U, V, gU, gV);
  return { loss, gU, gV };
}

function dots(K: Kernels, E: Entries, k: number, U: Float, V: Float): Float {
  const out = blank(U, E.columns.length);
  K.entriesApply(E, k, U, V, out);
  return out;
}

test('every build gives the bits of the reference, for 1, 2 and 4 threads, 1, 2 and 8 parts, f64 and f32', () => {
  const parts = new Set<number>();
  for (const to of [f64, f32])
    for (const k of [1, 2, 3, 4, 10, 13, 24, 33])
      for (const [rows, cols, share] of [
        [13, 29, 0.4],
        [200, 2, 0.6],
        [800, 5, 0.6],
      ]) {
        const E = entriesOf(rows, cols, share, to);
        const { U, V } = operands(E, k, to);
        parts.add(entryParts(E, k, to === f64 ? 2 : 4).length - 1);
        const expected = { ...gradient(reference, E, k, U, V), out: dots(reference, E, k, U, V) };
        for (const K of builds) expect({ ...gradient(K, E, k, U, V), out: dots(K, E, k, U, V) }).toEqual(expected);
      }
  expect([...parts].sort()).toEqual([1, 2, 8]);
});

test('operands in kernel memory give the same bits', () => {
  const E = entriesOf(400, 31, 0.5, f64);
  const { U, V } = operands(E, 9, f64);
  const expected = gradient(reference, E, 9, U, V);
  for (const K of builds) {
    const there = (kind: 'f64' | 'i32', x: Float | Int32Array) => {
      const y = K.allocate(kind, x.length);
      y.set(x);
      return y;
    };
    const inside = {
      ...E,
      starts: there('i32', E.starts) as Int32Array,
      columns: there('i32', E.columns) as Int32Array,
      values: there('f64', E.values) as Float64Array,
    };
    expect(gradient(K, inside, 9, there('f64', U) as Float64Array, there('f64', V) as Float64Array)).toEqual(expected);
  }
});

test('the gradient is R V and Rᵀ U, R = U Vᵀ − values at the entries, to 1e-13', () => {
  const E = entriesOf(17, 12, 0.5, f64);
  const k = 5;
  const { U, V } = operands(E, k, f64);
  const R = new Float64Array(E.rows * E.cols);
  let loss = 0;
  for (let i = 0; i < E.rows; i++)
    for (let e = E.starts[i]; e < E.starts[i + 1]; e++) {
      const j = E.columns[e];
      let r = -E.values[e];
      for (let t = 0; t < k; t++) r += U[i * k + t] * V[j * k + t];
      R[i * E.cols + j] = r;
      loss += r * r;
    }
  const gU = new Float64Array(U.length);
  const gV = new Float64Array(V.length);
  for (let i = 0; i < E.rows; i++)
    for (let j = 0; j < E.cols; j++)
      for (let t = 0; t < k; t++) {
        gU[i * k + t] += R[i * E.cols + j] * V[j * k + t];
        gV[j * k + t] += R[i * E.cols + j] * U[i * k + t];
      }
  for (const K of builds) {
    const got = gradient(K, E, k, U, V);
    close(got.loss, loss, { rtol: 1e-13 });
    close(got.gU, gU, { rtol: 1e-13, atol: 1e-13 });
    close(got.gV, gV, { rtol: 1e-13, atol: 1e-13 });
  }
});

test('f32 is good to 1e-5 of the largest gradient', () => {
  const E = entriesOf(50, 40, 0.5, f64);
  const { U, V } = operands(E, 10, f64);
  const single = gradient(
    builds[0],
    { ...E, values: f32(E.values as Float64Array) },
    10,
    Float32Array.from(U),
    Float32Array.from(V),
  );
  const double = gradient(builds[0], E, 10, U, V);
  close(single.gU, double.gU, { atol: 1e-5 * Math.max(...double.gU.map(Math.abs)) });
  close(single.gV, double.gV, { atol: 1e-5 * Math.max(...double.gV.map(Math.abs)) });
  close(single.loss, double.loss, { rtol: 1e-5 });
});

test('no entries: zero gradients and no loss', () => {
  const E: Entries = {
    rows: 3,
    cols: 2,
    starts: new Int32Array(4),
    columns: new Int32Array(0),
    values: new Float64Array(0),
  };
  for (const K of [reference, ...builds])
    expect(gradient(K, E, 3, noise(9), noise(6))).toEqual({
      loss: 0,
      gU: new Float64Array(9),
      gV: new Float64Array(6),
    });
});

test('parts are ranges of rows with about as many entries each, at most 8, together below 256 MB', () => {
  const long = (rows: number, cols: number, each: number) => ({
    rows,
    cols,
    starts: Int32Array.from({ length: rows + 1 }, (_, i) => i * each),
  });
  expect([...entryParts(long(800, 10, 5), 8, 2)]).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800]);
  expect(entryParts(long(10, 10, 3), 8, 2).length).toBe(2);
  expect(entryParts(long(1000, 1 << 18, 1 << 17), 128, 2).length).toBe(2);
});

test('the unrolled source is what its generator writes', async () => {
  const { generate } = await import('../../scripts/entries-kernels.mjs' as string);
  const file = new URL('../../src/kernels/assembly/entriesUnrolled.ts', import.meta.url);
  expect((await readFile(file, 'utf8')).replaceAll('\r\n', '\n')).toBe(generate());
});
