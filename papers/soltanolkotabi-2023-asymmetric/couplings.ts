// How the factors couple: the exact recursions, and signal, anti-signal, angle and noise along a descent.

import {
  at,
  coupling,
  denseOf,
  type Factored,
  factorPair,
  formed,
  frobenius,
  imbalanceMatrix,
  imbalanceStep,
  type Kernels,
  type LinearMap,
  type Matrix,
  matrix,
  multiply,
  pull,
  relativeFrobenius,
  type Stream,
  sensing,
  symmetrised,
  transpose,
} from 'lorank';
import type { Row } from '../paper.js';
import { follow, sensed } from '../trajectory.js';
import { driftFrom, type Preset, plus, SMALL, STEP, settingOf, startOf } from './presets.js';

/** The recursions, as the largest deviation over 200 steps, and one with a sign flipped. */
export function* identities(K: Kernels, random: Stream): Generator<undefined, Row[]> {
  const { operator, y } = sensed(K, settingOf(SMALL), random);
  const phi = factorPair(K, SMALL.rows, SMALL.cols, SMALL.width);
  const worst = { imbalance: 0, plus: 0, minus: 0, product: 0, difference: 0, flipped: 0 };
  const see = (name: keyof typeof worst, off: Matrix<Float64Array>) => {
    worst[name] = Math.max(worst[name], frobenius(off));
  };
  let was: { X: Factored; G: LinearMap } | undefined;
  const start = startOf(SMALL, random, SMALL.width, 1e-3);
  yield* follow(pull(sensing(operator, y), phi), STEP, start, 200, ({ theta }) => {
    const X = phi.value(theta);
    const { Z, conjugate } = symmetrised(X);
    const B = imbalanceMatrix(K, X);
    see('product', plus(multiply(K, transpose(Z), conjugate), -0.5, B));
    const squares = plus(multiply(K, Z, transpose(Z)), -1, multiply(K, conjugate, transpose(conjugate)));
    see('difference', plus(squares, -1, bordered(formed(K, X))));
    if (was) {
      const S = bordered(denseOf(K, was.G));
      const before = symmetrised(was.X);
      see('imbalance', plus(plus(B, -1, imbalanceMatrix(K, was.X)), -1, imbalanceStep(K, was.X, was.G, STEP)));
      see('plus', plus(plus(Z, -1, before.Z), -STEP, multiply(K, S, before.Z)));
      see('minus', plus(plus(conjugate, -1, before.conjugate), STEP, multiply(K, S, before.conjugate)));
      see('flipped', plus(plus(conjugate, -1, before.conjugate), -STEP, multiply(K, S, before.conjugate)));
    }
    const misfit = operator.apply(X).map((value, i) => y[i] - value);
    was = { X, G: operator.adjoint(misfit) };
  });
  return [worst];
}

/** sym(A) = [[0, A], [Aᵀ, 0]]. A: n₁×n₂. */
function bordered(A: Matrix): Matrix<Float64Array> {
  const n = A.rows + A.cols;
  const S = matrix(n, n);
  for (let i = 0; i < A.rows; i++)
    for (let j = 0; j < A.cols; j++) S.data[i * n + A.rows + j] = S.data[(A.rows + j) * n + i] = at(A, i, j);
  return S;
}

/** Signal, anti-signal, angle, noise and imbalance along one descent from α = 10⁻⁴. */
export function* couplingCurves(K: Kernels, random: Stream, preset: Preset): Generator<undefined, Row[]> {
  const { operator, y, X, U, V } = sensed(K, settingOf(preset), random);
  const phi = factorPair(K, preset.rows, preset.cols, preset.width);
  const start = startOf(preset, random, preset.width, 1e-4);
  const drift = driftFrom(K, phi.value(start));
  const turned = { U, V: plus(matrix(V.rows, V.cols), -1, V) };
  const rows: Row[] = [];
  yield* follow(pull(sensing(operator, y), phi), STEP, start, 200, ({ k, theta }) => {
    if (k % (k < 100 ? 2 : 20) !== 0) return;
    const at = phi.value(theta);
    const swapped = coupling(K, at, turned);
    rows.push({
      t: k,
      te: relativeFrobenius(K, at, X),
      ...coupling(K, at, { U, V }),
      drift: drift(at),
      swapped: swapped.antiSignal / swapped.signal,
    });
  });
  return rows;
}
