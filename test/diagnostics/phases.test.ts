import { describe, expect, it } from 'vitest';
import { predictPhases } from '../../src/diagnostics/phasePrediction.js';
import {
  type OracleLook,
  oracleLook,
  oraclePhasesOf,
  type PhaseLook,
  phaseLook,
  phasesOf,
  spectralReference,
} from '../../src/diagnostics/phases.js';
import { departure, powerShadow } from '../../src/diagnostics/powerShadow.js';
import { signalNoise, sineBetween, splitNorms } from '../../src/diagnostics/signalNoise.js';
import { smallRandom } from '../../src/initialisations/index.js';
import { singleKernels } from '../../src/kernels/index.js';
import { formed } from '../../src/linalg/factored.js';
import { denseOf } from '../../src/linalg/maps.js';
import { frobenius, spectralNorm } from '../../src/linalg/norms.js';
import { multiply } from '../../src/linalg/products.js';
import { type Matrix, matrix, transpose } from '../../src/matrix.js';
import { gaussian } from '../../src/operators/index.js';
import { normals, split, stream } from '../../src/random/index.js';
import { lowRank } from '../../src/truth/index.js';
import { close } from '../close.js';

const K = singleKernels();
const random = stream(7, 'phases');
const gaussianMatrix = (rows: number, cols: number, name: string): Matrix<Float64Array> =>
  matrix(rows, cols, normals(split(random, name), rows * cols));
const minus = (A: Matrix<Float64Array>, B: Matrix<Float64Array>) =>
  matrix(
    A.rows,
    A.cols,
    A.data.map((v, t) => v - B.data[t]),
  );

describe('signal and noise', () => {
  const { U: V } = lowRank(K, { rows: 15, cols: 15, rank: 3, symmetric: true }, split(random, 'truth'));
  it.each([3, 7, 20])('of width %d add up to U, and the noise has no part along V_X, to 1e-13', (k) => {
    const U = gaussianMatrix(15, k, `U${k}`);
    const { W, signal, noise } = signalNoise(K, U, V);
    close(minus(minus(U, multiply(K, signal, transpose(W))), noise).data, new Float64Array(15 * k), { atol: 1e-13 });
    expect(spectralNorm(K, multiply(K, transpose(V), noise))).toBeLessThan(1e-13 * spectralNorm(K, U));
    close(multiply(K, transpose(W), W).data, [1, 0, 0, 0, 1, 0, 0, 0, 1], { atol: 1e-13 });
  });
  it('of width r has no noise', () =>
    expect(splitNorms(K, gaussianMatrix(15, 3, 'square'), V).noise).toBeLessThan(1e-13));
  it('below the rank has as many directions of signal as columns', () =>
    expect(signalNoise(K, gaussianMatrix(15, 2, 'narrow'), V).strengths).toHaveLength(2));
  it('has the angle 0 where U spans X, and 1 where it is orthogonal to a column of it', () => {
    close(splitNorms(K, V, V).angle, 0, { atol: 1e-14 });
    close(sineBetween(K, matrix(2, 1, Float64Array.of(1, 0)), matrix(2, 1, Float64Array.of(0, 1))), 1, {});
  });
});

describe('the power-method shadow', () => {
  const B = gaussianMatrix(9, 9, 'B');
  const M = matrix(
    9,
    9,
    multiply(K, transpose(B), B).data.map((v) => v / 30),
  );
  const U0 = gaussianMatrix(9, 4, 'U0');
  it('is (I + μM)ᵗU_0 to 1e-13', () => {
    let U = U0;
    for (const shadow of powerShadow(K, M, 0.25, U0)) {
      expect(departure(K, U, shadow)).toBeLessThan(1e-13);
      if (shadow.t === 40) break;
      const MU = multiply(K, M, U);
      U = matrix(
        9,
        4,
        U.data.map((v, s) => v + 0.25 * MU.data[s]),
      );
    }
  });
  it('is followed for 20 000 steps, past what a number can hold', () => {
    for (const { t, factor, exponent } of powerShadow(K, M, 0.25, U0))
      if (t === 20_000) {
        expect(frobenius(factor)).toBeGreaterThan(1);
        expect(exponent).toBeGreaterThan(1100);
        break;
      }
  });
});

/** A descent that is looked at in every step. */
function watched(alpha: number, sigma: readonly number[], m: number, steps: number) {
  const n = 24;
  const k = 24;
  const seed = split(random, 'descent');
  const truth = lowRank(K, { rows: n, cols: n, rank: 2, singularValues: sigma, symmetric: true }, split(seed, 'truth'));
  const operator = gaussian(K, { rows: n, cols: n, measurements: m, symmetric: true }, split(seed, 'operator'));
  const X = formed(K, truth.X);
  const y = operator.apply(X);
  const M = denseOf(K, operator.adjoint(y));
  const reference = spectralReference(K, M, 2);
  const at = { X, V: truth.U, sigma };
  const start = matrix(n, k, smallRandom(split(seed, 'start'), { shape: [n], width: k, initScale: alpha }));
  let U = start;
  const looks: OracleLook[] = [];
  for (const shadow of powerShadow(K, M, 0.25, U)) {
    const { residual, gradient } = operator.gradient({ left: U, right: U }, y);
    const loss = residual.reduce((sum, v) => sum + v * v, 0);
    const { t } = shadow;
    if (t < 60 || t % 5 === 0) looks.push(oracleLook(K, phaseLook(K, reference, { t, U, loss, shadow }), U, at));
    if (t === steps) break;
    const step = gradient.times(U);
    U = matrix(
      n,
      k,
      U.data.map((v, s) => v - 0.25 * step.data[s]),
    );
  }
  const bias = sineBetween(K, truth.U, reference.L);
  const predicted = predictPhases(K, reference, start, { stepSize: 0.25, measurements: m });
  return { looks, bias, found: phasesOf(looks, reference), oracle: oraclePhasesOf(looks, at, bias), predicted };
}

describe('a descent', () => {
  const one = watched(1e-5, [1, 1], 480, 200);
  it('at κ = 1 has every boundary, in order', () => {
    const { aligned, linear, separated, grown, refined, notes } = one.found;
    expect(notes).toEqual([]);
    const order = [aligned, linear, grown[1], refined] as number[];
    expect(order.every((t, i) => Number.isFinite(t) && (i === 0 || t > order[i - 1]))).toBe(true);
    expect(Number(separated)).toBeLessThan(grown[0] as number);
  });
  it('has the same t₁ for the data and the truth to 3 steps, and foretold to 4', () => {
    const t = one.oracle.grown[1] as number;
    expect(Math.abs((one.found.grown[1] as number) - t)).toBeLessThanOrEqual(3);
    expect(Math.abs(one.predicted.grown[1] - t)).toBeLessThanOrEqual(4);
    expect(Math.abs(one.predicted.aligned - (one.found.aligned as number))).toBeLessThanOrEqual(1);
    expect(Math.abs(one.predicted.linear - (one.found.linear as number))).toBeLessThanOrEqual(3);
  });
  it('leaves its shadow by a share that falls as α², to 2 %', () => {
    const less = watched(1e-6, [1, 1], 480, 12);
    close(one.looks[12].departure / less.looks[12].departure, 100, { rtol: 0.02 });
  });
  it('turns from the eigenvectors of M to X: ang_L rests at the sine between the two, to 1 %', () => {
    const last = one.looks[one.looks.length - 1];
    close(last.alignment, one.bias, { rtol: 0.01 });
    expect(last.angle).toBeLessThan(1e-3);
  });
  it('at κ = 3 rests near a saddle of rank 1, and its phases are not separated', () => {
    const { found } = watched(1e-6, [1, 1 / 9], 300, 420);
    expect(found.plateaus.map(({ rank }) => rank)).toEqual([1]);
    expect(found.aligned).toBe('not separated');
    expect(found.notes[0]).toMatch(/^I and II are not separated/);
    expect(found.grown[0]).toBeLessThan(found.plateaus[0].to);
  });
});

describe('the detector', () => {
  const reference = { rank: 1, values: Float64Array.of(1, 0.1), vectors: matrix(2, 2), L: matrix(2, 1) };
  const look = (t: number, more: Partial<PhaseLook> = {}): PhaseLook => ({
    t,
    loss: 1,
    strengths: Float64Array.of(1e-3, 1e-5),
    leading: matrix(2, 1),
    alignment: 1,
    departure: 0,
    ...more,
  });
  it('answers for no looks at all', () => expect(phasesOf([], reference).grown).toEqual(['not reached']));
  it('says what is not reached', () => {
    const { aligned, linear, refined } = phasesOf([look(0), look(1)], reference);
    expect([aligned, linear, refined]).toEqual(['not reached', 'not reached', 'not reached']);
  });
  it("says 'not separated' where U leaves its shadow before it is aligned, and does not throw", () => {
    const found = phasesOf([look(0), look(1, { departure: 1 }), look(2, { alignment: 0, departure: 1 })], reference);
    expect(found.aligned).toBe('not separated');
    expect(found.linear).toBe(1);
  });
  it('takes the size of U where no shadow is followed', () =>
    expect(
      phasesOf([look(0), look(5, { departure: Number.NaN, strengths: Float64Array.of(0.5, 0) })], reference).linear,
    ).toBe(5));
});
