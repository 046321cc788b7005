// Trajectories of plain descent from small random starts against reference numbers of an independent NumPy implementation
// on other operators. Hit times are compared after scaling by ln(1 + μλ_r), which each operator
// sets for itself; floors, which spread over operators, only to a factor of ten.

import { describe, expect, it } from 'vitest';
import { descend, pull } from '../../src/descend.js';
import { relativeFrobenius } from '../../src/diagnostics/errors.js';
import { smallRandom } from '../../src/initialisations/index.js';
import type { Kernels } from '../../src/kernels/contract.js';
import { singleKernels } from '../../src/kernels/index.js';
import { symmetricEigen } from '../../src/linalg/eigen.js';
import { formed } from '../../src/linalg/factored.js';
import { denseOf } from '../../src/linalg/maps.js';
import { svd } from '../../src/linalg/svd.js';
import { gaussian } from '../../src/operators/index.js';
import { factorPair } from '../../src/parametrisations/factorPair.js';
import { symmetric as symmetricFactor } from '../../src/parametrisations/symmetric.js';
import { sensing } from '../../src/problems/sensing.js';
import { stream } from '../../src/random/index.js';
import { gradient } from '../../src/rules/gradient.js';
import { take } from '../../src/stream.js';
import { lowRank } from '../../src/truth/index.js';
import { close } from '../close.js';

const MU = 0.25;

interface Preset {
  rows: number;
  cols: number;
  rank: number;
  measurements: number;
  symmetric: boolean;
  initNorm: 'unit' | 'perSqrtK';
}
const P60: Preset = { rows: 60, cols: 60, rank: 2, measurements: 1200, symmetric: true, initNorm: 'perSqrtK' };
const A90: Preset = { rows: 50, cols: 40, rank: 2, measurements: 1080, symmetric: false, initNorm: 'unit' };

/** κ = 1, σ₁ = 1. */
function setting(K: Kernels, preset: Preset, seed: number) {
  const truth = lowRank(K, preset, stream(seed, 'truth'));
  const operator = gaussian(K, preset, stream(seed, 'operator'));
  const X = formed(K, truth.X);
  const y = operator.apply(X);
  const M = denseOf(K, operator.adjoint(y));
  const { values } = preset.symmetric ? symmetricEigen(K, M) : svd(K, M);
  /** ‖X_t − X‖_F/‖X‖_F for t = 0 … steps. */
  const errors = (alpha: number, width: number, steps: number) => {
    const { rows, cols, symmetric, initNorm } = preset;
    const phi = symmetric ? symmetricFactor(K, rows, width) : factorPair(K, rows, cols, width);
    const shape = symmetric ? ([rows] as const) : ([rows, cols] as const);
    const start = smallRandom(stream(seed, 'start'), { shape, width, initScale: alpha, initNorm });
    const its = descend(pull(sensing(operator, y), phi), gradient(MU), start);
    return [...take(its, steps + 1)].map(({ theta }) => relativeFrobenius(K, phi.value(theta), X));
  };
  return { lambda: values[preset.rank - 1], errors };
}
const hit = (errors: number[], level: number) => errors.findIndex((error) => error < level);

describe('symmetric, n = 60, r = 2, m = 1200, k = 60', () => {
  const K = singleKernels();
  const { lambda, errors } = setting(K, P60, 11);
  const coarse = errors(1e-3, 60, 600);
  const fine = errors(1e-6, 60, 600);

  it('a decade of α costs ln 10/ln(1 + μλ_r) steps, within 10 %', () => {
    close((hit(fine, 0.1) - hit(coarse, 0.1)) / 3, Math.log(10) / Math.log(1 + MU * lambda), { rtol: 0.1 });
  });

  it('hit times of t₁ are 25 and 53 at λ_r = 1.109, within 15 % of that after scaling by ln(1 + μλ_r)', () => {
    const scale = Math.log(1 + MU * 1.109) / Math.log(1 + MU * lambda);
    // t₁ is σ_r(V_XᵀU)² ≥ σ_r²/10, that is an error of about 0.9.
    close(hit(coarse, 0.9), 25 * scale, { rtol: 0.15 });
    close(hit(fine, 0.9), 53 * scale, { rtol: 0.15 });
  });

  it('floors are 3.6e-4 and 6.2e-8, within a factor of ten', () => {
    expect(Math.abs(Math.log10(coarse[600] / 3.6e-4))).toBeLessThan(1);
    expect(Math.abs(Math.log10(fine[600] / 6.2e-8))).toBeLessThan(1);
  });

  it('at k = r there is no floor: below 1e-12 by step 280 from α = 1e-4', () => {
    expect(errors(1e-4, 2, 280)[280]).toBeLessThan(1e-12);
  });

  it('control: from α = 1 the wide factors fit the measurements and not the matrix: error above 0.3', () => {
    expect(errors(0.5, 60, 300)[300]).toBeGreaterThan(0.3);
  });
});

describe('asymmetric, 50×40, r = 2, m = 1080, k = 90, unit start', () => {
  const K = singleKernels();
  const { lambda, errors } = setting(K, A90, 12);
  const at = new Map([1e-3, 1e-4, 1e-5].map((alpha) => [alpha, errors(alpha, 90, 500)]));

  it('hit times of error 0.1 are 34, 44, 54, within 10 % after scaling by ln(1 + μσ_r)', () => {
    const scale = Math.log(10) / 10.3 / Math.log(1 + MU * lambda);
    for (const [alpha, t] of [
      [1e-3, 34],
      [1e-4, 44],
      [1e-5, 54],
    ])
      close(hit(at.get(alpha)!, 0.1), t * scale, { rtol: 0.1 });
  });

  it('errors at step 500 are 1.2e-2, 1.8e-3, 2.2e-4, within a factor of ten and falling', () => {
    const floors = [1e-3, 1e-4, 1e-5].map((alpha) => at.get(alpha)![500]);
    for (const [i, expected] of [1.2e-2, 1.82e-3, 2.2e-4].entries())
      expect(Math.abs(Math.log10(floors[i] / expected))).toBeLessThan(1);
    expect(floors[0]).toBeGreaterThan(3 * floors[1]);
    expect(floors[1]).toBeGreaterThan(3 * floors[2]);
  });

  it('control: from α = 0.1 the error at step 500 is above 0.5', () => {
    expect(errors(1e-1, 90, 500)[500]).toBeGreaterThan(0.5);
  });
});
