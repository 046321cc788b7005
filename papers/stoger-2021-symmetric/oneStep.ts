// The one-step inequalities of the theory, at every step of a trajectory. Each is written left ≤ right, and a row holds the
// largest of (left − right)/right over the steps: negative where it holds with room.

import {
  copy,
  frobenius,
  type Kernels,
  type Matrix,
  matrix,
  multiply,
  type Stream,
  signalNoise,
  singularValues,
  spectralNorm,
  splitNorms,
  symmetric,
  transpose,
} from 'lorank';
import type { Row } from '../paper.js';
import { sideBySideRuns } from '../trajectory.js';
import { type Preset, type Scene, STEP, scene, startOf } from './presets.js';

interface Measured {
  readonly signal: number; // σ_min(V_XᵀU)
  readonly signalOnOldW: number; // σ_min(V_XᵀU_{t+1}W_t)
  readonly reach: number;
  readonly noise: number;
  readonly angle: number;
  readonly length: number;
  readonly off: number; // ‖X − UUᵀ‖
  readonly offF: number; // ‖X − UUᵀ‖_F
  readonly alongF: number; // ‖V_Xᵀ(X − UUᵀ)‖_F
  readonly remainderF: number; // ‖UW_⊥W_⊥ᵀUᵀ‖_F
  readonly disturbance: number; // D = ‖(𝒜*𝒜 − I)(X − UUᵀ)‖
  readonly W: Matrix;
}

/** The worst of each inequality: 1, 2, 3, 5a, 5b; and of L1 and L2 with a sign flipped. */
export function* oneStep(
  K: Kernels,
  random: Stream,
  preset: Preset,
  { condition, steps, alpha }: { readonly condition: number; readonly steps: number; readonly alpha: number },
): Generator<undefined, Row[]> {
  const made = scene(K, preset, random, condition);
  const runs = [{ phi: symmetric(K, preset.n, preset.n), start: startOf(preset.n, random, preset.n, alpha) }];
  const least = Math.sqrt(made.sigma[preset.rank - 1]); // σ_min of the factor
  const square = least * least;
  const worst = { l1: -Infinity, l2: -Infinity, l3: -Infinity, l5a: -Infinity, l5b: -Infinity };
  const broken = { growth: -Infinity, decay: -Infinity };
  let longest = 0;
  let before: Measured | undefined;
  const see = <T extends Record<string, number>>(kept: T, key: keyof T & string, left: number, right: number) => {
    const over = (left - right) / Math.abs(right);
    if (!(over <= kept[key])) kept[key] = over as T[typeof key];
  };
  yield* sideBySideRuns(
    K,
    made,
    runs,
    { stepSize: STEP, steps, level: Infinity },
    (_j, _t, { left: U }, { gradient }) => {
      if (!(frobenius(U) < 1e6)) {
        for (const key of Object.keys(worst) as (keyof typeof worst)[]) worst[key] = Infinity; // the run has blown up
        return;
      }
      const now = measured(K, made, U, gradient.times(identity(preset.n)), before?.W);
      longest = Math.max(longest, now.length);
      if (before) {
        const grow = STEP * (square / 4 - before.signal * before.signal);
        see(worst, 'l1', before.signal * (1 + grow), now.signalOnOldW);
        see(worst, 'l1', now.signalOnOldW, now.signal * (1 + 1e-12));
        see(broken, 'growth', before.signal * (1 + 4 * STEP * square), now.signal);
        const drift = STEP * (9 * before.angle + 2 * before.disturbance);
        see(worst, 'l2', now.noise, (1 - (STEP / 2) * before.noise * before.noise + drift) * before.noise);
        see(broken, 'decay', now.noise, (1 - (STEP / 2) * before.noise * before.noise - drift) * before.noise);
        const turn = 150 * STEP * before.disturbance + 500 * STEP * STEP * before.off * before.off;
        see(worst, 'l3', now.angle, (1 - (STEP * square) / 4) * before.angle + turn);
        if (before.reach >= least / Math.sqrt(10)) {
          const shrunk = (1 - (STEP * square) / 200) * before.alongF;
          see(worst, 'l5a', now.alongF, shrunk + ((STEP * square) / 100) * before.remainderF);
          see(worst, 'l5b', before.offF, 4 * before.alongF + before.remainderF);
        }
      }
      before = now;
    },
  );
  return [{ condition, ...worst, ...broken, longest }];
}

function measured(K: Kernels, { X, U: V }: Scene, U: Matrix, gradient: Matrix<Float64Array>, oldW?: Matrix): Measured {
  const off = copy(X);
  const product = multiply(K, U, transpose(U));
  const disturbance = matrix(off.rows, off.cols);
  for (let s = 0; s < off.data.length; s++) {
    off.data[s] -= product.data[s];
    disturbance.data[s] = -gradient.data[s] - off.data[s];
  }
  const { noise: N, W } = signalNoise(K, U, V);
  const { strengths, reach, noise, angle } = splitNorms(K, U, V);
  const inX = multiply(K, transpose(V), U);
  return {
    signal: strengths[strengths.length - 1],
    signalOnOldW: oldW ? weakest(K, multiply(K, inX, oldW)) : Number.NaN,
    reach,
    noise,
    angle,
    length: frobenius(U),
    off: spectralNorm(K, off),
    offF: frobenius(off),
    alongF: frobenius(multiply(K, transpose(V), off)),
    remainderF: frobenius(multiply(K, transpose(N), N)),
    disturbance: spectralNorm(K, disturbance),
    W,
  };
}

/** σ_min. */
const weakest = (K: Kernels, A: Matrix): number => singularValues(K, A)[Math.min(A.rows, A.cols) - 1];

function identity(n: number): Matrix<Float64Array> {
  const I = matrix(n, n);
  for (let i = 0; i < n; i++) I.data[i * n + i] = 1;
  return I;
}
