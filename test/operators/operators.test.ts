import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { type Kernels, referenceKernels, startKernels } from '../../src/kernels/index.js';
import { type Matrix, matrix } from '../../src/matrix.js';
import {
  denseRows,
  fast,
  gaussian,
  type Mask,
  mask,
  rademacher,
  rademacherRegenerated,
  rankOne,
  stacked,
} from '../../src/operators/index.js';
import { smat, svec } from '../../src/operators/vectorised.js';
import { normals, type Stream, split, stream, subset } from '../../src/random/index.js';
import { close } from '../close.js';
import { dense, type Ensemble, form, operatorLaws } from './laws.js';

/** m entries of an n₁×n₂ matrix, or of its upper triangle. */
function randomMask(n1: number, n2: number, m: number, symmetric: boolean, random: Stream): Mask {
  const cells: [number, number][] = [];
  for (let i = 0; i < n1; i++) for (let j = symmetric ? i : 0; j < n2; j++) cells.push([i, j]);
  const chosen = Array.from(subset(random, cells.length, m), (c) => cells[c]);
  const starts = Int32Array.from({ length: n1 + 1 }, (_, i) => chosen.filter(([row]) => row < i).length);
  return { rows: n1, cols: n2, starts, columns: Int32Array.from(chosen, ([, j]) => j) };
}

const given = (storage: 'f32' | 'f64'): Ensemble => ({
  name: `denseRows in ${storage}`,
  make(K, shape, random) {
    const { rows, cols, measurements } = shape;
    const A = normals(random, measurements * rows * cols).map(Math.fround);
    const builder = denseRows(K, { ...shape, storage });
    for (let i = measurements - 5; i > -5; i -= 5) {
      const first = Math.max(i, 0);
      builder.write(first, A.subarray(first * rows * cols, (i + 5) * rows * cols));
    }
    return builder.finish().operator;
  },
});

const ensembles: Record<string, Ensemble[]> = {
  'dense.ts': [
    { name: 'gaussian in f32', make: gaussian },
    { name: 'gaussian in f64', make: (K, shape, random) => gaussian(K, { ...shape, storage: 'f64' }, random) },
    given('f32'),
    given('f64'),
  ],
  'fast.ts': [{ name: 'fast', make: fast }],
  'mask.ts': [
    {
      name: 'mask',
      formed: false,
      make: (K, { rows, cols, measurements, symmetric = false }, random) =>
        mask(K, randomMask(rows, cols, measurements, symmetric, random), { symmetric }),
    },
    {
      name: 'mask as it stands',
      formed: false,
      isometry: false,
      make: (K, { rows, cols, measurements, symmetric = false }, random) =>
        mask(K, randomMask(rows, cols, measurements, symmetric, random), { symmetric, scale: 'none' }),
    },
  ],
  'rademacher.ts': [
    { name: 'rademacher', make: rademacher },
    { name: 'rademacherRegenerated', make: rademacherRegenerated },
  ],
  'rankOne.ts': [{ name: 'rankOne', formed: false, make: rankOne }],
  'stacked.ts': [
    {
      name: 'stacked',
      fused: false,
      make(K, shape, random) {
        const part = (name: string, measurements: number) => ({
          operator: gaussian(K, { ...shape, measurements }, split(random, name)),
          y: new Float64Array(measurements),
        });
        const third = Math.floor(shape.measurements / 3);
        return stacked(part('a', third), part('b', shape.measurements - third)).operator;
      },
    },
  ],
};

it('every operator of the folder is under the laws', () => {
  const shared = ['index.ts', 'operator.ts', 'vectorised.ts'];
  const files = readdirSync(new URL('../../src/operators', import.meta.url)).filter((f) => !shared.includes(f));
  expect(files.sort()).toEqual(Object.keys(ensembles));
});

const builds: Kernels[] = [];
for (const threads of [1, 2, 4]) builds.push(await startKernels({ threads }));
afterAll(() => {
  for (const build of builds) build.close();
});

for (const list of Object.values(ensembles))
  for (const ensemble of list) for (const symmetric of [false, true]) operatorLaws(ensemble, symmetric, builds);

const K = referenceKernels();
const X = matrix(4, 3, normals(stream(1, 'X'), 12));

describe('dense', () => {
  it('gaussian rows are the normal numbers of stream i over √m, in f32', () => {
    const A = gaussian(K, { rows: 4, cols: 3, measurements: 5 }, stream(2, 'A'));
    const y = Array.from({ length: 5 }, (_, i) =>
      normals(stream(2, 'A', i), 12).reduce((sum, v, j) => sum + (Math.fround(v) * X.data[j]) / Math.sqrt(5), 0),
    );
    close(A.apply(X), y, { rtol: 1e-13, atol: 1e-14 });
  });
  it('given rows measure ⟨A_i, X⟩ times the scale, which is √(p/Σ‖A_i‖²)', () => {
    for (const symmetric of [false, true]) {
      const rows = symmetric ? 3 : 4;
      const A = Float32Array.from(normals(stream(3, 'A'), 5 * rows * 3), (v) => 7 * v);
      const builder = denseRows(K, { rows, cols: 3, measurements: 5, symmetric });
      builder.write(3, A.subarray(3 * rows * 3));
      builder.write(0, A.subarray(0, 3 * rows * 3));
      const { operator, scale } = builder.finish();
      const Z = symmetric ? form({ left: X, right: X }) : X;
      const S: Matrix = symmetric ? smat(svec(matrix(3, 3, Z.data.subarray(0, 9))), 3) : Z;
      const y = Array.from({ length: 5 }, (_, i) =>
        Array.from(S.data).reduce((sum, v, j) => sum + v * A[i * rows * 3 + j], 0),
      );
      close(
        operator.apply(S),
        y.map((v) => scale * v),
        { rtol: 1e-6, atol: 1e-6 },
      );
      const unknown = symmetric ? 6 : 12;
      const squares = symmetric
        ? [0, 1, 2, 3, 4].reduce((s, i) => s + svec(matrix(3, 3, A, i * 9)).reduce((t, v) => t + v * v, 0), 0)
        : A.reduce((t, v) => t + v * v, 0);
      close(scale, Math.sqrt(unknown / squares), { rtol: 1e-13 });
    }
  });
  it('refuses bad rows', () => {
    const make = () => denseRows(K, { rows: 2, cols: 2, measurements: 2 });
    expect(() => make().write(1, new Float64Array(8))).toThrow('below 2, got 8 numbers from measurement 1 on');
    expect(() => make().write(0, new Float64Array(3))).toThrow('whole measurements of 2×2 numbers');
    expect(() => make().write(1, Float64Array.of(1, NaN, 0, 0))).toThrow('measurement 1 should hold finite numbers');
    expect(() => make().write(1, Float64Array.of(1, 1e39, 0, 0))).toThrow('measurement 1 should hold finite numbers');
    const half = make();
    half.write(0, Float64Array.of(1, 2, 3, 4));
    expect(half.finish).toThrow('got none for 1');
    half.write(1, new Float64Array(4));
    expect(half.finish().scale).toBeCloseTo(Math.sqrt(4 / 30), 14);
    const zeros = make();
    zeros.write(0, new Float64Array(8));
    expect(zeros.finish).toThrow('should not all be zero');
  });
  it('refuses shapes that make no sense', () => {
    expect(() => gaussian(K, { rows: 0, cols: 2, measurements: 3 }, stream(1, 'A'))).toThrow(
      'positive integers, got 0',
    );
    expect(() => gaussian(K, { rows: 3, cols: 2, measurements: 3, symmetric: true }, stream(1, 'A'))).toThrow(
      'got 3×2',
    );
  });
});

describe('svec', () => {
  it('keeps inner products, and smat undoes it', () => {
    const A = normals(stream(4, 'a'), 15);
    const B = normals(stream(4, 'b'), 15);
    close(svec(smat(A, 5)), A, { rtol: 1e-15 });
    const inner = smat(A, 5).data.reduce((sum, v, i) => sum + v * smat(B, 5).data[i], 0);
    close(
      A.reduce((sum, v, i) => sum + v * B[i], 0),
      inner,
      { rtol: 1e-13 },
    );
  });
});

describe('rademacher', () => {
  it.each([false, true])('regenerated rows give the bits of stored ones across strips (symmetric: %s)', (symmetric) => {
    const shape = { rows: 150, cols: symmetric ? 150 : 130, measurements: 1200, symmetric };
    const [, K] = builds;
    const stored = rademacher(K, shape, stream(5, 'A'));
    const again = rademacherRegenerated(K, shape, stream(5, 'A'));
    const Z = matrix(150, shape.cols, normals(stream(5, 'X'), 150 * shape.cols));
    const y = normals(stream(5, 'y'), 1200);
    const [a, b] = [stored.gradient(Z, y), again.gradient(Z, y)];
    expect(b.residual).toEqual(a.residual);
    expect(dense(b.gradient)).toEqual(dense(a.gradient));
  });
});

describe('mask', () => {
  it('of every entry, as it stands, is X row by row; with the isometry also', () => {
    const all: Mask = {
      rows: 4,
      cols: 3,
      starts: Int32Array.of(0, 3, 6, 9, 12),
      columns: Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2),
    };
    expect(mask(K, all, { scale: 'none' }).apply(X)).toEqual(X.data);
    expect(mask(K, all).apply(X)).toEqual(X.data);
    expect(dense(mask(K, all).adjoint(X.data))).toEqual(X.data);
  });
  it('refuses entries out of order, twice, or outside', () => {
    const bad = (columns: number[], starts = [0, 2, 3]) =>
      mask(K, { rows: 2, cols: 3, starts: Int32Array.from(starts), columns: Int32Array.from(columns) });
    expect(() => bad([1, 0, 0])).toThrow('mask: row 0 should have ascending columns from 0 below 3, got 0 after 1');
    expect(() => bad([1, 1, 0])).toThrow('got 1 after 1');
    expect(() => bad([0, 3, 0])).toThrow('got 3 after 0');
    expect(() => bad([0, 1, 0], [0, 2, 2])).toThrow('starts should hold 3 numbers from 0 to 3');
    expect(() => bad([], [0, 0, 0])).toThrow('should have an entry');
  });
});

describe('fast', () => {
  it('with all N rows is an isometry for every X', () => {
    const A = fast(K, { rows: 4, cols: 3, measurements: 16 }, stream(6, 'A'));
    const squares = (v: Float64Array) => v.reduce((sum, x) => sum + x * x, 0);
    close(squares(A.apply(X)), squares(X.data), { rtol: 1e-14 });
    close(dense(A.adjoint(A.apply(X))), X.data, { rtol: 1e-13, atol: 1e-14 });
  });
  it('refuses more measurements than rows', () =>
    expect(() => fast(K, { rows: 4, cols: 3, measurements: 17 }, stream(6, 'A'))).toThrow('at most N = 16'));
});
