// Before a run of sensing: whether its shape, rank, ensemble, number of measurements and noise let X be recovered at all.
//
//   d = r(n₁ + n₂ − r), symmetric nr − r(r−1)/2      degrees of freedom: fewer measurements leave X undetermined
//   m/d                                             how far above: the automatic method recovers nearly always from `enough` on
//   ν√(d/(m−d))                                     the error that noise of share ν leaves to the best fit at the right rank
//   bare                                            mask: rows and columns with fewer than r entries, expected; they stay unknown
//   bias                                            ‖𝒜*𝒜X − X‖/σ_r expected for κ = 1: below 1 a small random start turns to X
//                                                   before it grows; above, the first phase does not separate signal and noise
//
// d is exact for generic measurements. `enough` was measured with this library's automatic method: r = 2, 30×20, and 30×30
// symmetric for gaussian and rank-one, six seeds for each ratio, the first at which all succeed. The error is that of least
// squares on the tangent space at X; the bias is the edge of a Gaussian random matrix. Cost: none.

import { usageError } from '../errors.js';
import { exp, log } from '../random/index.js';

/** How measurements are drawn. */
export type Ensemble = 'gaussian' | 'rademacher' | 'rademacher-regenerated' | 'rank-one' | 'hadamard' | 'mask';

/** What preflight() takes. */
export interface PreflightOptions {
  readonly shape: readonly [number, number]; // n₁, n₂
  readonly rank: number; // r
  readonly measurements: number; // m
  readonly ensemble?: Ensemble; // default gaussian
  readonly symmetric?: boolean; // X = UUᵀ under a symmetric operator; default false
  /** ν = ‖noise‖/‖𝒜(X)‖; default 0. */
  readonly noise?: number;
}

/** What to expect, and the numbers that it rests on. */
export interface Preflight {
  readonly verdict: 'likely' | 'borderline' | 'hopeless';
  /** What decided, in sentences; never empty. */
  readonly reasons: readonly string[];
  /** d. */
  readonly degreesOfFreedom: number;
  /** m/d. */
  readonly oversampling: number;
  /** m/d from which on recovery is likely. */
  readonly enough: number;
  /** ‖X̂ − X‖_F/‖X‖_F that the noise leaves; Infinity for m ≤ d. */
  readonly expectedError: number;
  /** Rows and columns with fewer than r entries, expected; 0 unless the ensemble is mask. */
  readonly bare: number;
  /** ‖𝒜*𝒜X − X‖/σ_r, expected for κ = 1. */
  readonly bias: number;
}

const ENOUGH: Readonly<Record<Ensemble, number>> = {
  gaussian: 1.5,
  rademacher: 1.5,
  'rademacher-regenerated': 1.5,
  hadamard: 1.5,
  'rank-one': 2.5,
  mask: 2.5,
};
const COARSE = 0.3; // an expected error that is worth a warning
const SOME = 0.05; // bare rows and columns

/** @throws usage error where there is no such problem. */
export function preflight(options: PreflightOptions): Preflight {
  const { shape, rank: r, measurements: m, ensemble = 'gaussian', symmetric = false, noise = 0 } = options;
  const [n1, n2] = shape;
  const isCount = (v: number) => Number.isSafeInteger(v) && v >= 1;
  if (!(isCount(n1) && isCount(n2) && isCount(m)))
    throw usageError(
      `preflight: shape and measurements should be whole numbers of at least 1, got ${n1}×${n2} and ${m}`,
      'for example shape [40, 30] and 600 measurements',
    );
  if (!(isCount(r) && r <= Math.min(n1, n2)))
    throw usageError(
      `preflight: rank should be from 1 to min(n₁, n₂) = ${Math.min(n1, n2)}, got ${r}`,
      'give a smaller rank',
    );
  if (symmetric && n1 !== n2)
    throw usageError(`preflight: a symmetric X should be square, got ${n1}×${n2}`, 'leave symmetric out');
  if (!(noise >= 0 && noise < Infinity))
    throw usageError(`preflight: noise should be a number ≥ 0, got ${noise}`, 'give ‖noise‖/‖y‖, such as 0.05');
  const d = symmetric ? n1 * r - (r * (r - 1)) / 2 : r * (n1 + n2 - r);
  const p = symmetric ? (n1 * (n1 + 1)) / 2 : n1 * n2;
  const oversampling = m / d;
  const enough = Math.min(ENOUGH[ensemble], Math.max(1, p / d));
  const expectedError = noise === 0 ? (m >= d ? 0 : Infinity) : m > d ? noise * Math.sqrt(d / (m - d)) : Infinity;
  const bare = ensemble === 'mask' ? bareLines(n1, n2, r, m, symmetric) : 0;
  const bias = (symmetric ? Math.sqrt(2 * n1) : Math.sqrt(n1) + Math.sqrt(n2)) * Math.sqrt(r / m);
  const numbers = { degreesOfFreedom: d, oversampling, enough, expectedError, bare, bias };

  const against: string[] = [];
  if (m < d)
    against.push(`${m} measurements are fewer than the ${d} degrees of freedom: many matrices of rank ${r} fit them.`);
  if (bare >= 3)
    against.push(
      `About ${round(bare)} rows and columns are expected to have fewer than ${r} entries: they cannot be known.`,
    );
  if (m >= d && expectedError >= 1) against.push('The noise is expected to leave an error as large as X.');
  if (against.length > 0) return { verdict: 'hopeless', reasons: against, ...numbers };

  const doubts: string[] = [];
  if (oversampling < enough)
    doubts.push(
      `There are ${round(oversampling)} measurements for each degree of freedom; ${round(enough)} are enough as a rule.`,
    );
  if (bare >= SOME) doubts.push(`About ${round(bare)} rows and columns are expected to have fewer than ${r} entries.`);
  if (expectedError >= COARSE) doubts.push(`The noise is expected to leave an error of ${round(expectedError)} of X.`);
  if (doubts.length > 0) return { verdict: 'borderline', reasons: doubts, ...numbers };

  const left = noise > 0 ? ` The noise is expected to leave an error of ${round(expectedError)} of X.` : '';
  return {
    verdict: 'likely',
    reasons: [`There are ${round(oversampling)} measurements for each of the ${d} degrees of freedom.${left}`],
    ...numbers,
  };
}

/** How many rows and columns have fewer than r of the m entries, expected; counts are taken as Poisson. */
function bareLines(n1: number, n2: number, r: number, m: number, symmetric: boolean): number {
  const below = (mean: number): number => {
    let share = 0;
    let logTerm = -mean;
    for (let i = 0; i < r; i++) {
      share += exp(logTerm);
      logTerm += log(mean) - log(i + 1);
    }
    return share;
  };
  // an entry of a symmetric mask off the diagonal counts in two rows
  if (symmetric) return n1 * below((2 * m) / (n1 + 1));
  return n1 * below(m / n1) + n2 * below(m / n2);
}

const round = (value: number): string => String(Number(value.toPrecision(2)));
