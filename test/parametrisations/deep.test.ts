import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { descend, pull } from '../../src/descend.js';
import {
  compressedStart,
  deepStart,
  invariantBases,
  invariantStart,
  surrogateStart,
} from '../../src/initialisations/deep.js';
import { referenceKernels, singleKernels } from '../../src/kernels/index.js';
import { formed } from '../../src/linalg/factored.js';
import { mapOf } from '../../src/linalg/maps.js';
import { frobenius } from '../../src/linalg/norms.js';
import { multiply } from '../../src/linalg/products.js';
import { singularValues } from '../../src/linalg/svd.js';
import { at, copy, type Matrix, matrix, transpose } from '../../src/matrix.js';
import { deepObjective } from '../../src/methods/deepObjective.js';
import { deep, layersOf } from '../../src/parametrisations/deep.js';
import { factorPair } from '../../src/parametrisations/factorPair.js';
import { approximation } from '../../src/problems/approximation.js';
import { entriesLoss } from '../../src/problems/entries.js';
import { normals, split, stream } from '../../src/random/index.js';
import { gradient } from '../../src/rules/gradient.js';
import { scaled } from '../../src/rules/scaled.js';
import { weightDecay } from '../../src/rules/weightDecay.js';
import { lowRank } from '../../src/truth/lowRank.js';
import { uniformMask } from '../../src/truth/mask.js';
import { close } from '../close.js';
import { taylorSlope } from '../taylor.js';

const K = singleKernels();
const draw = (path: string, n: number) => normals(stream(7, path), n);
const random = (path: string, rows: number, cols: number) => matrix(rows, cols, draw(path, rows * cols));
const sizeOf = (widths: readonly number[]) => widths.slice(1).reduce((sum, d, l) => sum + d * widths[l], 0);
const less = (A: Matrix, B: Matrix) => {
  const C = copy(A);
  for (let i = 0; i < A.rows; i++) for (let j = 0; j < A.cols; j++) C.data[i * A.cols + j] -= at(B, i, j);
  return frobenius(C);
};
const someEntries = (A: Matrix, count: number) => {
  const mask = uniformMask(A.rows, A.cols, count, stream(7, 'mask'));
  const values = new Float64Array(count);
  for (let i = 0; i < A.rows; i++)
    for (let e = mask.starts[i]; e < mask.starts[i + 1]; e++) values[e] = at(A, i, mask.columns[e]);
  return { ...mask, values };
};

/** Chains that are cut inside, at either end, that narrow and widen, and of one factor. */
const shapes = [
  [5, 7],
  [5, 3, 7],
  [5, 5, 5, 5],
  [4, 9, 9, 6],
  [9, 9, 4, 8, 9],
  [6, 2, 2, 2, 7],
  [8, 12, 3],
  [3, 12, 8],
];

describe('a chain of factors', () => {
  it.each(shapes.map((widths) => [widths.join('–'), widths] as const))(
    'of widths %s: X is the product, Taylor slope 2 within 0.02, and the fused objective is the pulled one to 1e-12',
    (_name, widths) => {
      const [n2, n1] = [widths[0], widths[widths.length - 1]];
      const A = random('A', n1, n2);
      const theta = draw('theta', sizeOf(widths));
      const phi = deep(K, widths);
      expect(phi.size).toBe(theta.length);
      const product = layersOf(widths, theta).reduce((X: Matrix, W) => multiply(K, W, X), eye(n2));
      close(formed(K, phi.value(theta)).data, copy(product).data, { rtol: 1e-12, atol: 1e-12 });
      const pulled = pull(approximation(K, A), phi);
      close(taylorSlope(pulled, theta, draw('direction', theta.length)), 2, { atol: 0.02 });
      const entries = someEntries(A, Math.ceil(0.6 * n1 * n2));
      const few = someEntries(A, 2);
      for (const [plain, fused] of [
        [pulled, deepObjective(K, A, widths)],
        [pull(entriesLoss(K, entries), phi), deepObjective(K, entries, widths)],
        [pull(entriesLoss(K, few), phi), deepObjective(K, few, widths)],
      ] as const) {
        const [p, f] = [plain.evaluate(theta, 0), fused.evaluate(theta, 0)];
        close(f.loss, p.loss, { rtol: 1e-12 });
        close(f.grad, p.grad, { rtol: 1e-11, atol: 1e-11 });
        expect(fused.evaluate(theta, 1)).toEqual(f);
      }
    },
  );

  it('with L = 2 is a pair of factors: 200 steps of descent agree to 1e-13', () => {
    const A = random('A', 7, 5);
    const V = random('V', 7, 3);
    const W = random('W', 5, 3);
    const pair = new Float64Array(36);
    pair.set(V.data);
    pair.set(W.data, 21);
    const chain = new Float64Array(36);
    chain.set(copy(transpose(W)).data);
    chain.set(V.data, 15);
    const two = factorPair(K, 7, 5, 3);
    const deepTwo = deep(K, [5, 3, 7]);
    const stepped = descend(pull(approximation(K, A), two), gradient(0.02), pair);
    const deeper = descend(deepObjective(K, A, [5, 3, 7]), gradient(0.02), chain);
    for (let t = 0; t < 200; t++) {
      const [a, b] = [stepped.next().value, deeper.next().value];
      close(formed(K, deepTwo.value(b.theta)).data, formed(K, two.value(a.theta)).data, { rtol: 1e-13, atol: 1e-13 });
    }
  });

  it('has the same bits on the reference kernels', () => {
    const widths = [12, 9, 9, 10];
    const A = random('A', 10, 12);
    const theta = draw('theta', sizeOf(widths));
    expect(deepObjective(referenceKernels(), A, widths).evaluate(theta, 0)).toEqual(
      deepObjective(K, A, widths).evaluate(theta, 0),
    );
  });

  it('moves factor l with its own speed, and decays by 1 − μλ a step, exactly where the gradient is zero', () => {
    const widths = [3, 2, 4];
    const phi = deep(K, widths, [0, 2]);
    const theta = draw('theta', 14);
    expect(Array.from(phi.metric!(theta, theta))).toEqual(Array.from(theta, (v, i) => (i < 6 ? 0 * v : 2 * v)));
    const A = formed(K, phi.value(theta));
    const F = deepObjective(K, A, widths);
    const decayed = descend(F, weightDecay(0.5, gradient(0.1)), theta);
    decayed.next();
    const { grad } = F.evaluate(theta, 0);
    close(
      decayed.next().value.theta,
      theta.map((v, i) => v - 0.1 * grad[i] - 0.05 * v),
      { rtol: 1e-14, atol: 1e-16 },
    );
  });

  it.each([
    [() => deep(K, [5]), /deep: depth should be a whole number of at least 1, got 0/],
    [() => deep(K, [5, 0, 5]), /every width should be a whole number of at least 1, got 0/],
    [() => deepObjective(K, random('A', 4, 5), [5, 3, 3]), /the widths should end at 4×5, got 3×5/],
    [
      () => deepStart(K, stream(1, 's'), { widths: [3, 3], initScale: 0 }),
      /initScale should be a positive number, got 0/,
    ],
    [() => weightDecay(-1, gradient(1)), /strength should be a number ≥ 0, got -1/],
    [
      () => invariantStart(K, mapOf(K, random('A', 6, 5)), stream(1, 's'), { depth: 3, rank: 3, initScale: 1 }),
      /min\(n₁, n₂\)\/2 = 2, got 3/,
    ],
  ] as const)('refuses case %#', (call, message) => expect(call).toThrow(message));
});

describe('starts of a chain', () => {
  it('orthogonal ones have singular values ε_l alone, to 1e-14; identity ones are diagonal', () => {
    const widths = [4, 7, 7, 5];
    const scales = [0.5, 2, 0.1];
    const start = deepStart(K, stream(3, 'start'), { widths, initScale: scales });
    layersOf(widths, start).forEach((W, l) => {
      close(singularValues(K, W), new Float64Array(Math.min(W.rows, W.cols)).fill(scales[l]), { rtol: 1e-14 });
    });
    const [W] = layersOf([3, 2], deepStart(K, stream(3, 's'), { widths: [3, 2], kind: 'identity', initScale: 2 }));
    expect(Array.from(W.data)).toEqual([2, 0, 0, 0, 2, 0]);
  });

  it('the compressed chain at rest follows the whole one within √(d − 2r)·ε^L at every step; turned by a sign it does not', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 1, max: 3 }), fc.nat(), (depth, rank, seed) => {
        const d = 12;
        const stirred = stream(seed, 'compressed');
        const T = formed(K, lowRank(K, { rows: d, cols: d, rank, condition: 2 }, split(stirred, 'truth')).X);
        const widths = Array(depth + 1).fill(d);
        const initScale = 0.2;
        const theta = deepStart(K, stirred, { widths, initScale });
        const bases = invariantBases(K, layersOf(widths, theta), mapOf(K, T), rank, stirred);
        const bound = Math.sqrt(d - 2 * rank) * initScale ** depth;
        const distance = (left: Matrix<Float64Array>) => {
          const chain = compressedStart({ ...bases, left });
          const still = chain.widths.slice(1).map((_, l) => (l === 0 || l === depth + 1 ? 0 : 1));
          const small = deep(K, chain.widths, still);
          const large = deep(K, widths);
          const slow = descend(deepObjective(K, T, widths), gradient(0.2), theta);
          const fast = descend(deepObjective(K, T, chain.widths), scaled(0.2, small.metric!), chain.theta);
          let worst = 0;
          for (let t = 0; t < 60; t++) {
            const [a, b] = [slow.next().value.theta, fast.next().value.theta];
            worst = Math.max(worst, less(formed(K, large.value(a)), formed(K, small.value(b))));
          }
          return worst;
        };
        expect(distance(bases.left)).toBeLessThan(1.000001 * bound);
        const turned = copy(bases.left);
        for (let t = 0; t < turned.data.length; t++) turned.data[t] *= -1;
        expect(distance(turned)).toBeGreaterThan(1.5 * bound);
      }),
      { numRuns: 12 },
    );
  });

  it('one that is never formed has orthonormal outer factors that hold the singular vectors of T, of any shape, to 1e-12', () => {
    const T = formed(K, lowRank(K, { rows: 14, cols: 9, rank: 2 }, stream(4, 'T')).X);
    const { widths, theta } = invariantStart(K, mapOf(K, T), stream(4, 's'), { depth: 2, rank: 3, initScale: 0.1 });
    expect(widths).toEqual([9, 6, 6, 6, 14]);
    const [Vt, , , U] = layersOf(widths, theta);
    close(singularValues(K, Vt), new Float64Array(6).fill(1), { rtol: 1e-12 });
    close(singularValues(K, U), new Float64Array(6).fill(1), { rtol: 1e-12 });
    const inside = multiply(K, multiply(K, U, multiply(K, transpose(U), T)), multiply(K, transpose(Vt), Vt));
    expect(less(inside, T)).toBeLessThan(1e-12);
  });

  it('the surrogate one is ε^L·U_r V_rᵀ, and U_r V_rᵀ for L = 2', () => {
    const T = formed(K, lowRank(K, { rows: 8, cols: 6, rank: 3, condition: 2 }, stream(4, 'T')).X);
    for (const [depth, scale] of [
      [2, 1],
      [3, 1e-3],
      [4, 1e-4],
    ]) {
      const start = surrogateStart(K, mapOf(K, T), stream(4, 's'), { depth, rank: 3, initScale: 0.1 });
      const X = formed(K, deep(K, start.widths).value(start.theta));
      close(singularValues(K, X).slice(0, 3), [scale, scale, scale], { rtol: 1e-12 });
      close(Math.abs(trace(multiply(K, transpose(X), T))), scale * singularValues(K, T).reduce((a, b) => a + b), {
        rtol: 1e-12,
      });
    }
  });
});

const eye = (n: number) =>
  matrix(
    n,
    n,
    Float64Array.from({ length: n * n }, (_, t) => (t % (n + 1) === 0 ? 1 : 0)),
  );
const trace = (A: Matrix) => Array.from({ length: A.rows }, (_, i) => at(A, i, i)).reduce((a, b) => a + b, 0);
