// The laws that every operator obeys; one call for each ensemble and symmetry.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Factored, LinearMap } from '../../src/descend.js';
import { type Kernels, referenceKernels } from '../../src/kernels/index.js';
import { type Matrix, matrix } from '../../src/matrix.js';
import type { Operator, Shape } from '../../src/operators/index.js';
import { normals, type Stream, stream } from '../../src/random/index.js';
import { close } from '../close.js';

export interface Ensemble {
  readonly name: string;
  make(K: Kernels, shape: Shape, random: Stream): Operator;
  /** E‖𝒜(X)‖² = ‖X‖² over the draw; default true. */
  readonly isometry?: boolean;
  /** 𝒜 of the factors has the bits of 𝒜 of the formed matrix; default true. */
  readonly formed?: boolean;
  /** The gradient has the bits of apply and adjoint; default true. */
  readonly fused?: boolean;
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, v, i) => sum + v * b[i], 0);
const size = (a: ArrayLike<number>) => Math.sqrt(dot(a, a));

const identity = (n: number): Matrix<Float64Array> => {
  const I = matrix(n, n);
  for (let i = 0; i < n; i++) I.data[i * n + i] = 1;
  return I;
};
/** The matrix behind a map. */
export const dense = (G: LinearMap): Float64Array => G.times(identity(G.cols)).data;

export const form = ({ left, right }: Factored): Matrix<Float64Array> => {
  const X = matrix(left.rows, right.rows);
  for (let i = 0; i < left.rows; i++)
    for (let j = 0; j < right.rows; j++)
      for (let t = 0; t < left.cols; t++)
        X.data[i * right.rows + j] += left.data[i * left.cols + t] * right.data[j * left.cols + t];
  return X;
};

const bits = (a: Float64Array, b: Float64Array) => expect(a).toEqual(b);

/** builds: kernels that must agree with the reference to the bit. */
export function operatorLaws(ensemble: Ensemble, symmetric: boolean, builds: readonly Kernels[]): void {
  const shape: Shape = symmetric
    ? { rows: 6, cols: 6, measurements: 19, symmetric }
    : { rows: 7, cols: 5, measurements: 19 };
  const { rows: n1, cols: n2, measurements: m } = shape;

  describe(`${ensemble.name}${symmetric ? ', symmetric' : ''}`, () => {
    const K = referenceKernels();
    const drawn = (seed: number) => ensemble.make(K, shape, stream(seed, 'operator'));
    const factors = (seed: number, k = 3): Factored => {
      const left = matrix(n1, k, normals(stream(seed, 'left'), n1 * k));
      return { left, right: symmetric ? left : matrix(n2, k, normals(stream(seed, 'right'), n2 * k)) };
    };
    const vector = (seed: number) => normals(stream(seed, 'r'), m);
    const seeds = (body: (seed: number) => void, runs = 8) =>
      fc.assert(fc.property(fc.nat(1e6), body), { numRuns: runs });

    it('⟨𝒜(X), r⟩ = ⟨X, 𝒜*(r)⟩ to 1e-13, X dense or as factors, 𝒜* by times or timesT', () =>
      seeds((seed) => {
        const A = drawn(seed);
        const X = factors(seed);
        const r = vector(seed);
        const G = A.adjoint(r);
        const allowed = { atol: 1e-13 * size(r) * size(form(X).data) * 10 };
        const inner = dot(form(X).data, dense(G));
        close(dot(A.apply(form(X)), r), inner, allowed);
        close(dot(A.apply(X), r), inner, allowed);
        close(dot(G.times(X.right).data, X.left.data), inner, allowed);
        close(dot(G.timesT(X.left).data, X.right.data), inner, allowed);
      }));

    it('is linear to 1e-13', () =>
      seeds((seed) => {
        const A = drawn(seed);
        const X = form(factors(seed)).data;
        const Y = form(factors(seed + 1)).data;
        const both = A.apply(
          matrix(
            n1,
            n2,
            X.map((v, i) => 2 * v - 3 * Y[i]),
          ),
        );
        const apart = [A.apply(matrix(n1, n2, X)), A.apply(matrix(n1, n2, Y))];
        close(
          both,
          both.map((_, i) => 2 * apart[0][i] - 3 * apart[1][i]),
          { atol: 1e-13 * (size(X) + size(Y)) * 10 },
        );
      }));

    it(`gradient is 𝒜(X) − y and 𝒜* of it, ${ensemble.fused === false ? 'to 1e-13' : 'bit for bit'}`, () =>
      seeds((seed) => {
        const A = drawn(seed);
        const y = vector(seed);
        for (const X of [factors(seed), form(factors(seed))]) {
          const { residual, gradient } = A.gradient(X, y);
          const expected = A.apply(X).map((v, i) => v - y[i]);
          const same =
            ensemble.fused === false ? (a: Float64Array, b: Float64Array) => close(a, b, { atol: 1e-12 }) : bits;
          same(residual, expected);
          same(dense(gradient), dense(A.adjoint(residual)));
        }
      }));

    if (ensemble.isometry !== false)
      it('E‖𝒜(X)‖² = ‖X‖² within 4 standard errors over 800 draws', () => {
        const draws = 800;
        const X = factors(5);
        let total = 0;
        for (let seed = 0; seed < draws; seed++) total += size(drawn(seed).apply(X)) ** 2;
        // The variance of a measurement is at most 8/m of the mean: that of rank-one measurements of a rank-one X.
        close(total / draws / size(form(X).data) ** 2, 1, { atol: 4 * Math.sqrt(8 / (m * draws)) });
      });

    if (symmetric)
      it('𝒜*(r) is symmetric: timesT has the bits of times, and the two halves agree to 1e-14', () =>
        seeds((seed) => {
          const G = drawn(seed).adjoint(vector(seed));
          const D = dense(G);
          expect(G.timesT(identity(n1)).data).toEqual(D);
          for (let i = 0; i < n1; i++)
            for (let j = 0; j < i; j++) close(D[i * n1 + j], D[j * n1 + i], { atol: 1e-14 * size(D) });
        }));

    it(`𝒜 of the factors is 𝒜 of the formed matrix, ${ensemble.formed === false ? 'to 1e-13' : 'bit for bit'}`, () =>
      seeds((seed) => {
        const A = drawn(seed);
        const X = factors(seed);
        if (ensemble.formed === false) close(A.apply(X), A.apply(form(X)), { atol: 1e-12, rtol: 1e-13 });
        else expect(A.apply(X)).toEqual(A.apply(form(X)));
      }));

    it('takes factors wider than the shape', () => {
      const A = drawn(3);
      close(A.apply(factors(3, 11)), A.apply(form(factors(3, 11))), { atol: 1e-12, rtol: 1e-12 });
    });

    it('select takes measurements out', () => {
      const A = drawn(4);
      if (!A.select) return;
      const indices = [17, 0, 4, 9];
      const X = factors(4);
      const whole = A.apply(X);
      K.scoped(() => {
        const some = A.select!(indices);
        close(
          some.apply(X),
          indices.map((i) => whole[i]),
          { atol: 1e-13 * size(form(X).data) },
        );
        const r = new Float64Array(m);
        indices.forEach((i, t) => {
          r[i] = t + 1;
        });
        close(dense(some.adjoint(Float64Array.of(1, 2, 3, 4))), dense(A.adjoint(r)), { atol: 1e-13 });
      });
    });

    it('f32 arithmetic is good to 2e-6 where there is a choice', () => {
      const A = drawn(6);
      const X = factors(6);
      const rough = A.at?.('f32');
      if (rough) {
        expect(rough.apply(X)).not.toEqual(A.apply(X));
        close(rough.apply(X), A.apply(X), { atol: 2e-6 * size(form(X).data) });
        expect(rough.at!('f64').apply(X)).toEqual(A.apply(X));
      }
    });

    it('refuses another shape', () => {
      const A = drawn(1);
      expect(() => A.apply(matrix(n1, n2 + 1))).toThrow(`operator: X should be ${n1}×${n2}, got ${n1}×${n2 + 1}`);
      expect(() => A.apply({ left: matrix(n1, 2), right: matrix(n2, 3) })).toThrow('as many columns as each other');
      expect(() => A.adjoint(new Float64Array(m + 1))).toThrow(`r should hold ${m} numbers, got ${m + 1}`);
      expect(() => A.gradient(matrix(n1, n2), new Float64Array(1))).toThrow(`y should hold ${m} numbers, got 1`);
    });

    it('has bits that do not depend on threads or build', () => {
      const large: Shape = symmetric
        ? { rows: 33, cols: 33, measurements: 530, symmetric }
        : { rows: 37, cols: 29, measurements: 530 };
      const left = matrix(large.rows, 4, normals(stream(1, 'left'), large.rows * 4));
      const right = symmetric ? left : matrix(large.cols, 4, normals(stream(1, 'right'), large.cols * 4));
      const y = normals(stream(1, 'y'), large.measurements);
      const outcome = (build: Kernels) => {
        const A = ensemble.make(build, large, stream(9, 'operator'));
        const { residual, gradient } = A.gradient({ left, right }, y);
        return [A.apply({ left, right }), residual, gradient.times(right).data, gradient.timesT(left).data];
      };
      const expected = outcome(K);
      for (const build of builds) expect(outcome(build)).toEqual(expected);
    });
  });
}
