import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceKernels } from '../../src/kernels/index.js';
import { factoredSvd } from '../../src/linalg/factored.js';
import { gram, multiply } from '../../src/linalg/products.js';
import { type Matrix, transpose } from '../../src/matrix.js';
import { stream } from '../../src/random/index.js';
import {
  lowRank,
  orthonormal,
  perRowMask,
  sparse,
  uniformMask,
  withNoise,
  withOutliers,
} from '../../src/truth/index.js';
import { close } from '../close.js';

const K = referenceKernels();
const isIdentity = (A: Matrix) =>
  close(
    A.data,
    Float64Array.from(A.data, (_, t) => (t % (A.cols + 1) === 0 ? 1 : 0)),
    { atol: 1e-14 },
  );

describe('low-rank truths', () => {
  it('have the rank and the spectrum asked for, to 1e-13', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 5, max: 12 }),
        fc.integer({ min: 5, max: 12 }),
        fc.constantFrom('linear', 'geometric'),
        fc.boolean(),
        fc.nat(),
        (rank, n1, n2, spectrum, symmetric, seed) => {
          const cols = symmetric ? n1 : n2;
          const truth = lowRank(K, { rows: n1, cols, rank, condition: 8, spectrum, symmetric }, stream(seed, 'X'));
          const expected = Array.from({ length: rank }, (_, i) => {
            const t = rank === 1 ? 0 : i / (rank - 1);
            return spectrum === 'linear' ? 1 - (7 / 8) * t : 8 ** -t;
          });
          close(truth.singularValues, expected, { rtol: 1e-15 });
          close(factoredSvd(K, truth.X).values.subarray(0, rank), expected, { atol: 1e-13 });
          isIdentity(gram(K, truth.U));
          isIdentity(gram(K, truth.V));
          if (symmetric) expect(truth.X.right).toBe(truth.X.left);
        },
      ),
      { numRuns: 30 },
    ));
  it('take explicit singular values', () => {
    const options = { rows: 6, cols: 5, rank: 3, singularValues: [1, 0.25, 0.0625] };
    close(factoredSvd(K, lowRank(K, options, stream(1, 'X')).X).values.subarray(0, 3), options.singularValues, {
      atol: 1e-14,
    });
  });
  it('have U and V independent: |⟨U, V⟩| over 500 draws behaves as for random frames, mean square r/n within 4 standard errors', () => {
    // A V made from the seed of U would give UᵀV = ±I, mean square r.
    const [n, r, draws] = [8, 2, 500];
    let total = 0;
    for (let seed = 0; seed < draws; seed++) {
      const { U, V } = lowRank(K, { rows: n, cols: n, rank: r }, stream(seed, 'X'));
      total += multiply(K, transpose(U), V).data.reduce((s, v) => s + v * v, 0);
    }
    close(total / draws, (r * r) / n, { atol: (4 * 0.5) / Math.sqrt(draws) });
  });
  it('frames have entries of mean 0 and variance 1/n, within 4.5 standard errors over 2000 draws', () => {
    const draws = Array.from({ length: 2000 }, (_, i) => orthonormal(K, 6, 3, stream(1, 'frame', i)).data);
    for (let t = 0; t < 18; t++) {
      close(draws.reduce((s, d) => s + d[t], 0) / 2000, 0, { atol: 4.5 / Math.sqrt(6 * 2000) });
      close(draws.reduce((s, d) => s + d[t] * d[t], 0) / 2000, 1 / 6, { atol: (4.5 * 0.19) / Math.sqrt(2000) });
    }
  });
  it('refuse what does not exist', () => {
    const make = (more: object) => () => lowRank(K, { rows: 4, cols: 3, rank: 2, ...more }, stream(1, 'X'));
    expect(make({ rank: 4 })).toThrow('rank should be an integer from 1 to min(n₁, n₂) = 3, got 4');
    expect(make({ condition: 0.5 })).toThrow('condition should be a number ≥ 1, got 0.5');
    expect(make({ singularValues: [1, 2] })).toThrow('2 positive numbers in falling order, got 1, 2');
    expect(make({ symmetric: true })).toThrow('should be square, got 4×3');
  });
});

describe('sparse truths', () => {
  it('have the support, the signs and the magnitudes asked for', () =>
    fc.assert(
      fc.property(fc.nat(40), fc.nat(), fc.boolean(), (s, seed, positive) => {
        const { x, support } = sparse(
          { length: 40, support: s, magnitudes: [0.5, 2], signs: positive ? 'positive' : 'random' },
          stream(seed, 'x'),
        );
        expect(Array.from(x.keys()).filter((j) => x[j] !== 0)).toEqual(Array.from(support));
        expect(support.length).toBe(s);
        for (const j of support)
          expect(Math.abs(x[j]) >= 0.5 && Math.abs(x[j]) < 2 && (!positive || x[j] > 0)).toBe(true);
      }),
    ));
  it('random signs are fair, within 4 standard errors', () => {
    const { x } = sparse({ length: 4000, support: 4000 }, stream(1, 'x'));
    close(
      x.reduce((s, v) => s + v, 0),
      0,
      { atol: 4 * Math.sqrt(4000) },
    );
  });
});

describe('corruption', () => {
  const y = Float64Array.from({ length: 4000 }, (_, i) => i);
  it('noise has standard deviation s, within 4 standard errors', () => {
    const e = withNoise(y, 0.3, stream(1, 'noise')).map((v, i) => v - y[i]);
    close(e.reduce((s, v) => s + v, 0) / 4000, 0, { atol: (4 * 0.3) / Math.sqrt(4000) });
    close(e.reduce((s, v) => s + v * v, 0) / 4000, 0.09, { atol: 4 * 0.09 * Math.sqrt(2 / 4000) });
    expect(withNoise(y, 0, stream(1, 'noise'))).toEqual(y);
  });
  it('outliers are where they say, and elsewhere nothing changes', () => {
    const { y: spoiled, places } = withOutliers(y, { share: 0.1, size: 5 }, stream(1, 'outliers'));
    expect(places.length).toBe(400);
    expect(Array.from(y.keys()).filter((i) => spoiled[i] !== y[i])).toEqual(Array.from(places));
  });
});

describe('masks', () => {
  it('hold ascending columns, each entry once, as many as asked', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(81),
        fc.boolean(),
        fc.nat(),
        (n1, n2, c, symmetric, seed) => {
          const cols = symmetric ? n1 : n2;
          const count = Math.min(c, symmetric ? (n1 * (n1 + 1)) / 2 : n1 * cols);
          const { starts, columns } = uniformMask(n1, cols, count, stream(seed, 'mask'), symmetric);
          expect([starts.length, starts[0], starts[n1], columns.length]).toEqual([n1 + 1, 0, count, count]);
          for (let i = 0; i < n1; i++) {
            const row = Array.from(columns.subarray(starts[i], starts[i + 1]));
            expect(row).toEqual([...new Set(row)].sort((a, b) => a - b));
            for (const j of row) expect(j >= (symmetric ? i : 0) && j < cols).toBe(true);
          }
        },
      ),
    ));
  it.each([false, true])('all entries are equally likely, within 4.5 standard errors (symmetric: %s)', (symmetric) => {
    const seen = new Map<number, number>();
    for (let seed = 0; seed < 3000; seed++) {
      const { starts, columns } = uniformMask(4, 4, 5, stream(seed, 'mask'), symmetric);
      for (let i = 0; i < 4; i++)
        for (let e = starts[i]; e < starts[i + 1]; e++)
          seen.set(4 * i + columns[e], (seen.get(4 * i + columns[e]) ?? 0) + 1);
    }
    const cells = symmetric ? 10 : 16;
    expect(seen.size).toBe(cells);
    for (const c of seen.values()) close(c, 15000 / cells, { atol: 4.5 * Math.sqrt(15000 / cells) });
  });
  it('per-row masks have the counts asked for', () => {
    const { starts, columns } = perRowMask(7, [0, 7, 3], stream(1, 'mask'));
    expect(Array.from(starts)).toEqual([0, 0, 7, 10]);
    expect(Array.from(columns.subarray(0, 7))).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});
