// The claims and their controls. Bands come from algebra, or from a reference run (an independent NumPy implementation).

import { verdict } from '../judge.js';
import type { Claim, Control, Row, Tables } from '../paper.js';
import { exponent, grouped, largest, median, numbers, smallest, where } from '../statistics.js';

const REFERENCE = 'reference run (independent NumPy implementation)';
const ALGEBRA = 'exact by algebra; the rest is rounding';
const none = { assumption: 'none', checkable: true } as const;
const gaussian = {
  assumption: 'Gaussian measurements, so that 𝒜 is close to an isometry on matrices of low rank',
  checkable: true,
} as const;
const plane = {
  assumption: 'the isometry constant is δ on all symmetric 2×2 matrices, by construction',
  checkable: true,
} as const;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const two = (value: number): string => (Math.abs(value) < 0.01 ? value.toExponential(1) : value.toFixed(2));
const share = (rows: readonly Row[], key: string): number =>
  rows.length > 0 ? rows.reduce((sum, row) => sum + Number(row[key]), 0) / rows.length : Number.NaN;

/** The last time of each δ. */
const lastOf = (rows: readonly Row[]): Row[] => grouped(rows, 'delta').map((times) => times[times.length - 1]);
const family = (tables: Tables, sign: 1 | -1): Row[] => where(tables.failures, { sign });
const from = (rows: readonly Row[], delta: number) => rows.filter((row) => Number(row.delta) >= delta);
const upTo = (rows: readonly Row[], delta: number) => rows.filter((row) => Number(row.delta) <= delta);

const isTrapped = (rows: readonly Row[]) => smallest(numbers(from(lastOf(rows), 0.6), 'failed')) >= 0.25;
const fall = (rows: readonly Row[]): number => {
  const late = rows.filter((row) => Number(row.steps) >= 1000);
  return exponent(numbers(late, 'steps'), numbers(late, 'failed'));
};
const isHalfPower = (power: number) => Math.abs(power + 0.5) <= 0.1;

const isInstance = (rows: readonly Row[]) =>
  smallest(numbers(rows, 'low')) >= 0.5 - 1e-12 &&
  largest(numbers(rows, 'high')) <= 1.5 + 1e-12 &&
  largest(numbers(rows, 'loss').map((f) => Math.abs(f - 0.75))) < 1e-12 &&
  largest(numbers(rows, 'gradient')) < 1e-12 &&
  smallest(numbers(rows, 'above')) >= -1e-8;

/** Where a column of the certificate is least. */
const least = (rows: readonly Row[], key: string): Row =>
  rows.reduce((low, row) => (Number(row[key]) < Number(low[key]) ? row : low), rows[0]);
const isCertificate = (low: Row, key: string) =>
  Math.abs(Number(low[key]) - 0.5) <= 1e-3 && Math.abs(Number(low.ratio) - Math.SQRT1_2) <= 0.03 && low.sine === 1;

const ends = (tables: Tables, width: number): number[] =>
  grouped(where(tables.cure, { width }), 'seed').map((rows) => Number(rows[rows.length - 1].loss));
const isCured = (losses: readonly number[]) => largest(losses) < 1e-6;

/** Success over trials and ranks, for each m/(nr). */
function successes(tables: Tables, start: string): { ratio: number; success: number }[] {
  return grouped(where(tables.recovery, { start }), 'ratio')
    .map((rows) => ({ ratio: Number(rows[0].ratio), success: share(rows, 'success') }))
    .sort((a, b) => a.ratio - b.ratio);
}
const successAt = (tables: Tables, start: string, ratio: number): number =>
  share(where(tables.recovery, { start, ratio }), 'success');
/** Success with r, at m = 3nr. */
const easiest = (tables: Tables, start: string): number => successAt(tables, start, 3);
const isReached = (success: number) => success >= 0.95;
/** The largest difference of success from that of the spectral start, over m ≥ 2nr. */
function gap(tables: Tables, start: string): number {
  const other = successes(tables, start).filter(({ ratio }) => ratio >= 2);
  return largest(other.map(({ ratio, success }) => Math.abs(success - successAt(tables, 'spectral', ratio))));
}
/** m/(nr) at which success passes one half, by linear interpolation. */
function middle(tables: Tables, start: string): number {
  const curve = successes(tables, start);
  const after = curve.findIndex(({ success }) => success >= 0.5);
  if (after < 1) return Number.NaN;
  const [a, b] = [curve[after - 1], curve[after]];
  return a.ratio + ((0.5 - a.success) / (b.success - a.success)) * (b.ratio - a.ratio);
}
const isBetween = (ratio: number) => ratio > 1 && ratio < 2;

const curvatures = (rows: readonly Row[]): number[] => rows.map((row) => Number(row.curvature) / Number(row.bound));
const isStrict = (rows: readonly Row[]) =>
  smallest(curvatures(rows)) >= 1 && largest(numbers(rows, 'gradientNorm')) < 1e-9;

const noiseMedians = (tables: Tables, key: string): number[] =>
  grouped(tables.noise, 'n')
    .flatMap((rows) => grouped(rows, 'rank'))
    .map((rows) => median(numbers(rows, key)));
const isNoiseLaw = (tables: Tables, key: string): boolean =>
  noiseMedians(tables, key).every((value) => value >= 0.85 && value <= 1.4) &&
  numbers(tables.noise, key).every((value) => value >= 0.5 && value <= 1.8);

const certified = (tables: Tables, level: (row: Row) => boolean): Row[] => tables.below.filter(level);
const rate = (rows: readonly Row[]): number => share(rows, 'succeeded') / share(rows, 'starts');

/** Error of stochastic descent over that of the whole gradient, each seed; and the error over σ√(nr/m). */
const errors = (tables: Tables, method: string, ratio: number): number[] =>
  numbers(where(tables.stochastic, { method, ratio }), 'error');
const isGlobal = (values: readonly number[]) => median(values) <= 1.4 && largest(values) <= 1.8;

const SENSING = 'X with eigenvalues 1, f = ½‖𝒜(UUᵀ) − y‖², η = 0.1, at most 3000 steps';
const TRIALS = 'r = 1, 2, 3; full: n = 30, 10 trials of each, 20 from m = 2nr on; quick: n = 20, 4 … 20 trials';

export const claims: readonly Claim[] = [
  {
    id: 'S4.1',
    statement:
      'In the family f_δ the point (0, √δ) is a strict saddle for δ < ½ and a strict minimum for δ > ½, which then holds a share of all starts',
    ...plane,
    experiment:
      'Hessian from the operator; gradient descent, η = 0.02, from 20 000 starts N(0, I), 20 000 steps (10 000 where δ > ½ in quick)',
    statistic:
      'largest |∂²f/∂x₁² − 4(2δ − 1)(δ + 1)| and whether its sign is that of δ − ½; failures (f > 10⁻³) at δ ≤ 0.45; least share at δ ≥ 0.6; largest share of starts that leave the finite numbers',
    band: '< 10⁻¹², all; 0; ≥ 25 %; ≤ 0.1 %',
    why: `the Hessian: ${ALGEBRA}; shares: ${REFERENCE}: 0, 30.8 %, 43.5 %, 48.8 % at δ = 0.4, 0.6, 0.8, 0.95`,
    judge(tables) {
      const off = largest(tables.traps.map((row) => Math.abs(Number(row.across) - Number(row.acrossLaw))));
      const signs = tables.traps
        .filter((row) => row.delta !== 0.5)
        .every((row) => Number(row.across) > 0 === Number(row.delta) > 0.5);
      const rows = family(tables, 1);
      const early = largest(numbers(upTo(lastOf(rows), 0.45), 'failed'));
      const late = smallest(numbers(from(lastOf(rows), 0.6), 'failed'));
      const lost = largest(numbers(rows, 'notFinite'));
      return verdict(
        `${two(off)}, ${signs ? 'all' : 'not all'}; ${early}; ${percent(late)}; ${percent(lost)}`,
        off < 1e-12 && signs && early === 0 && isTrapped(rows) && lost <= 1e-3,
      );
    },
  },
  {
    id: 'S4.1a',
    statement: 'More weight on δ traps more starts: the shares of the reference run',
    ...plane,
    experiment: 'that of S4.1, after 10 000 steps',
    statistic: 'shares of failures at δ = 0.6, 0.8, 0.95',
    band: '30.8 %, 43.5 %, 48.8 %, each ± 1.5 points',
    why: `${REFERENCE}; 1.5 points are four standard deviations of 20 000 starts`,
    judge(tables) {
      const shares = [0.6, 0.8, 0.95].map((delta) =>
        share(where(tables.failures, { sign: 1, delta, steps: 10_000 }), 'failed'),
      );
      const inBand = [0.308, 0.435, 0.488].every((seen, i) => Math.abs(shares[i] - seen) <= 0.015);
      return verdict(shares.map(percent).join(', '), inBand);
    },
  },
  {
    id: 'S4.1b',
    statement:
      'At δ = ½ the point is degenerate, no minimum: starts leave it algebraically, and failures fall as t^(−1/2)',
    ...plane,
    experiment: 'that of S4.1 at δ = ½, t = 1000 … 20 000',
    statistic: 'exponent of the share of failures in t',
    band: '−½ ± 0.1',
    why: `along x₂² = ½ − 2x₁², f = ¾ − 3x₁⁴, so that x₁⁻² falls by 24η a step; ${REFERENCE}: 8.3 % at 1000 steps, 2.6 … 3.3 % at 10 000`,
    judge(tables) {
      const power = fall(where(tables.failures, { sign: 1, delta: 0.5 }));
      return verdict(power, isHalfPower(power));
    },
  },
  {
    id: 'S4.2',
    statement:
      'A restricted isometry with δ = ½ allows a second-order point that is not X: x = (‖z‖/√2)u₂ has f = ¾‖z‖⁴, ∇f = 0 and ∇²f ⪰ 8xxᵀ',
    ...none,
    experiment:
      'the instance in 2×2 form with z = (1, 0), and in n×n form with random z of length 1, n = 6 (full: and 12)',
    statistic: 'spectrum of 𝒜*𝒜; largest |f − ¾|; largest ‖∇f‖; least eigenvalue of ∇²f − 8xxᵀ',
    band: 'in [0.5, 1.5]; < 10⁻¹²; < 10⁻¹²; ≥ −10⁻⁸',
    why: 'Zhang, Sojoudi and Lavaei 2019; the rest is rounding',
    judge(tables) {
      const rows = where(tables.instance, { operator: 'instance' });
      const off = largest(numbers(rows, 'loss').map((f) => Math.abs(f - 0.75)));
      return verdict(
        `${smallest(numbers(rows, 'low')).toFixed(3)} … ${largest(numbers(rows, 'high')).toFixed(3)}; ${two(off)}; ${two(largest(numbers(rows, 'gradient')))}; ${two(smallest(numbers(rows, 'above')))}`,
        isInstance(rows),
      );
    },
  },
  {
    id: 'S4.3',
    statement:
      'r = 1: no x is a second-order point where δ is below δ_lb(‖x‖/‖z‖, angle), whose least value is ½, at ‖x‖ = ‖z‖/√2 and 90°',
    ...none,
    experiment:
      'the closed form over ρ in (0, 1.5] and the sine of the angle in (0, 1]: full 150×20, quick 60×20 points',
    statistic: 'least δ_lb, and where',
    band: '0.5 ± 10⁻³ at (0.707 ± 0.03, 1)',
    why: `Zhang, Sojoudi and Lavaei 2019; ${REFERENCE}: 0.50002`,
    judge(tables) {
      const low = least(tables.certificate, 'bound');
      return verdict(
        `${Number(low.bound).toFixed(5)} at (${Number(low.ratio).toFixed(3)}, ${low.sine})`,
        isCertificate(low, 'bound'),
      );
    },
  },
  {
    id: 'S4.4',
    statement: 'Over-parametrisation is a cure: searched with width 2 the trap of f_0.8 is none',
    ...plane,
    experiment: 'gradient descent from the trap and 10⁻³ of noise, η = 0.02, 20 000 steps, 3 seeds',
    statistic: 'largest loss at the end',
    band: '< 10⁻⁶',
    why: `UUᵀ is then every 2×2 matrix ⪰ 0, and f is convex in it; sublinear, as the width exceeds the rank; ${REFERENCE}: 2.8·10⁻⁷`,
    judge(tables) {
      const losses = ends(tables, 2);
      return verdict(largest(losses), isCured(losses));
    },
  },
  {
    id: 'S4.5',
    statement:
      'Descent from a random start recovers X from a few measurements for each degree of freedom: no local minimum stops it',
    ...gaussian,
    experiment: `${SENSING}; entries of the start N(0, 1/n), m = 3nr; ${TRIALS}`,
    statistic: 'share of runs with ‖UUᵀ − X‖_F ≤ 10⁻²‖X‖_F',
    band: '≥ 95 %',
    why: `${REFERENCE}: all of 30 runs; quick: 118 of 120 pilot runs`,
    judge(tables) {
      const success = easiest(tables, 'random');
      return verdict(percent(success), isReached(success));
    },
  },
  {
    id: 'S4.6',
    statement: 'A random start does as well as the spectral one',
    ...gaussian,
    experiment: `${SENSING}; m ≥ 2nr; ${TRIALS}`,
    statistic: 'largest difference of the shares of success over m ≥ 2nr',
    band: '≤ 15 points',
    why: `${REFERENCE}: 0.9 … 1.0 and 1.0 at m = 2nr; quick: pilots of 60 runs each gave 5 and 3 points`,
    judge(tables) {
      const points = gap(tables, 'random');
      return verdict(`${(100 * points).toFixed(1)} points`, points <= 0.15);
    },
  },
  {
    id: 'S4.7',
    statement: 'Recovery sets in between one and two measurements for each entry of U',
    ...gaussian,
    experiment: `${SENSING}; m/(nr) from 1 to 3; ${TRIALS}`,
    statistic: 'm/(nr) at which success passes ½, from random and from spectral starts',
    band: 'between 1 and 2',
    why: `nr − r(r−1)/2 numbers are unknown; ${REFERENCE}: none at 1, 0.7 … 1.0 at 1.5; quick: 1 of 48 pilot runs at 1, 85 of 96 at 1.5`,
    judge(tables) {
      const found = ['random', 'spectral'].map((start) => middle(tables, start));
      return verdict(found.map(two).join(', '), found.every(isBetween));
    },
  },
  {
    id: 'S4.8',
    statement:
      'Every critical point of f = ½‖𝒜(UUᵀ) − y‖² that is not X has λ_min(∇²f) ≤ −2(√2 − 1)(1 − 5δ)σ_r: a strict saddle for δ < 1/5',
    assumption: '𝒜*𝒜 has eigenvalues from 1 − δ to 1 + δ, by construction',
    checkable: true,
    experiment:
      'n = 8, r = 3, σ = 1, 5/6, 2/3, δ = 0 … 0.19, a random eigenbasis: U = 0, and minima of width 1 and 2 with columns of zeros beside them',
    statistic: 'least λ_min over the bound (so that ≥ 1 is at or below it); largest ‖∇f‖',
    band: '≥ 1; < 10⁻⁹',
    why: 'follows from S4.9 and the isometry; for twice f and δ = 0.1 it gives the 4/5·σ_r of the paper',
    judge(tables) {
      const rows = where(tables.saddles, { where: 'saddle' });
      return verdict(
        `${two(smallest(curvatures(rows)))}; ${two(largest(numbers(rows, 'gradientNorm')))}`,
        isStrict(rows),
      );
    },
  },
  {
    id: 'S4.9',
    statement:
      '⟨D, ∇²f D⟩ = ‖𝒜(DDᵀ)‖² − 3‖𝒜(UUᵀ − X)‖² + 4⟨∇f, D⟩ for D = U − U⋆R; ‖DDᵀ‖² ≤ 2‖UUᵀ − X‖², σ_r‖D‖² ≤ ‖UUᵀ − X‖²/(2(√2 − 1))',
    ...none,
    experiment: 'Gaussian U⋆, U and 𝒜, n = 12, r = 3, m = 72, 12 points for each seed, near X and far from it',
    statistic: 'largest |difference| over the sum of the terms; largest left side over right side of the inequalities',
    band: '< 10⁻¹⁰; ≤ 1',
    why: ALGEBRA,
    judge(tables) {
      const off = largest(numbers(tables.identities, 'off'));
      const sides = largest([...numbers(tables.identities, 'square'), ...numbers(tables.identities, 'nearness')]);
      return verdict(`${two(off)}; ${two(sides)}`, off < 1e-10 && sides <= 1);
    },
  },
  {
    id: 'S4.10',
    statement:
      'Noise of standard deviation σ moves the minimum by about σ√(nr/m), as it would any estimate of nr numbers',
    ...gaussian,
    experiment:
      'm = 6nr, σ = 0.1, X with eigenvalues 1, spectral start, 8 seeds; (n, r) = (20, 1), (40, 1), (80, 1), and full: (40, 4), quick: (30, 3)',
    statistic: '‖UUᵀ − X‖_F/(σ√(nr/m)): median of each (n, r); all',
    band: '0.85 … 1.4; 0.5 … 1.8',
    why: `${REFERENCE}: 1.16, 1.15, 1.09, 1.07; least squares on the tangent space: 1/√(1 − 1/6) = 1.10; 600 pilot draws at (20, 1): 1.09 ± 0.20, one above 1.8`,
    judge(tables) {
      return verdict(
        `${noiseMedians(tables, 'scaled').map(two).join(', ')}; ${two(smallest(numbers(tables.noise, 'scaled')))} … ${two(largest(numbers(tables.noise, 'scaled')))}`,
        isNoiseLaw(tables, 'scaled'),
      );
    },
  },
  {
    id: 'S4.11',
    statement:
      'Where δ > ½, descent still succeeds from a start with f(x₀) < (1 − δ)ε²f(0), ε = min(√(1 − δ²), (√5 − 1)/2)',
    ...plane,
    experiment:
      'f_0.6, f_0.8, f_0.9: those of 100 000 (full: 450 000) starts N(0, I) that are below, η = 0.02, at most 20 000 steps',
    statistic: 'share of these starts that succeed, and how many there are',
    band: '100 %',
    why: `corollary of Zhang, Sojoudi and Lavaei 2019; ${REFERENCE}: 5476 of 5476 at δ = 0.8`,
    judge(tables) {
      const rows = certified(tables, ({ level }) => Number(level) < 0.5);
      return verdict(`${percent(rate(rows))} of ${rows.map(({ starts }) => starts).join(' + ')}`, rate(rows) === 1);
    },
  },
  {
    id: 'S4.12',
    statement:
      'The regulariser R = λΣ(‖X_i‖ − α)₊⁴ has the derivatives 4λ(t − α)₊³u and h″uuᵀ + (h′/t)(I − uuᵀ), h″ = 12λ(t − α)₊²',
    ...none,
    experiment: 'rows of lengths 0, α/2, α, 1.2α, 3α; k = 4, α = 0.8, λ = 1.7; central differences with h = 2⁻¹⁵',
    statistic: 'largest |difference| of the gradient and of the Hessian product',
    band: '< 10⁻⁶ each',
    why: 'differences of second order',
    judge(tables) {
      const found = ['gradient', 'hessian'].map((key) => largest(numbers(tables.regulariser, key)));
      return verdict(
        found.map(two).join('; '),
        found.every((value) => value < 1e-6),
      );
    },
  },
  {
    id: 'S4.13',
    statement:
      'Stochastic gradient descent from a random start ends at the global minimum too, as near to X as noise allows',
    ...gaussian,
    experiment:
      'm = 6nr, r = 2, σ = 0.1, a tenth of the measurements a step, the step halved where an epoch brings no more; full: n = 30, 8 seeds; quick: n = 20, 5 seeds',
    statistic:
      '‖UUᵀ − X‖_F/(σ√(nr/m)): median and largest; largest ratio to the error of the whole gradient from another start',
    band: '≤ 1.4 and ≤ 1.8; ≤ 1.25',
    why: 'the band of S4.10 for the first two; the ratio: ten pilot seeds of quick gave 0.98 … 1.07',
    judge(tables) {
      const [whole, drawn] = [errors(tables, 'gd', 6), errors(tables, 'sgd', 6)];
      const ratio = largest(drawn.map((value, i) => value / whole[i]));
      return verdict(`${two(median(drawn))}, ${two(largest(drawn))}; ${two(ratio)}`, isGlobal(drawn) && ratio <= 1.25);
    },
  },
  {
    id: 'S4.14',
    statement: 'Under noise every local minimum satisfies ‖UUᵀ − X‖_F ≤ 20σ√(log n/m) where δ_4r < 1/10',
    assumption: 'a restricted isometry of order 4r with constant 1/10, which cannot be certified for a given 𝒜',
    checkable: false,
    experiment: 'none of its own: the runs of S4.10',
    statistic: 'median ‖UUᵀ − X‖_F/(σ√(log n/m)) of each (n, r)',
    band: 'none',
    why: 'the error grows as √(nr/m) (S4.10), so that 20 can cover nr ≲ 400·log n only',
    judge: (tables) => ({
      value: noiseMedians(tables, 'logScaled').map(two).join(', '),
      status: 'not-testable',
      note: 'the assumption cannot be certified; in this unit the error grows with nr',
    }),
  },
];

/** A control is given the check of its claim, on rows of a broken experiment. */
export const controls: readonly Control[] = [
  {
    id: 'S4.c1',
    guards: ['S4.1', 'S4.1a'],
    breaks: 'the sign of the coupling: −2δM₁₁M₂₂ has the same isometry constant and no trap',
    fails(tables) {
      const rows = family(tables, -1);
      return { value: percent(largest(numbers(rows, 'failed'))), failed: !isTrapped(rows) };
    },
  },
  {
    id: 'S4.c2',
    guards: ['S4.1b'],
    breaks: 'δ = ½: at δ = 0.6 the minimum is strict and keeps its starts',
    fails(tables) {
      const power = fall(where(tables.failures, { sign: 1, delta: 0.6 }));
      return { value: power, failed: !isHalfPower(power) };
    },
  },
  {
    id: 'S4.c3',
    guards: ['S4.2'],
    breaks: 'the sign in A₁ = u₁u₁ᵀ + ½u₂u₂ᵀ: the spectrum stays, the trap goes',
    fails(tables) {
      const rows = where(tables.instance, { operator: 'flipped' });
      return { value: smallest(numbers(rows, 'gradient')), failed: !isInstance(rows) };
    },
  },
  {
    id: 'S4.c4',
    guards: ['S4.3'],
    breaks: 'the closed form: √(1 − a²) alone, without its second case',
    fails(tables) {
      const low = least(tables.certificate, 'oneCase');
      return { value: Number(low.oneCase), failed: !isCertificate(low, 'oneCase') };
    },
  },
  {
    id: 'S4.c5',
    guards: ['S4.4'],
    breaks: 'the width: 1 from the same place',
    fails(tables) {
      const losses = ends(tables, 1);
      return { value: smallest(losses), failed: !isCured(losses) };
    },
  },
  {
    id: 'S4.c6',
    guards: ['S4.5', 'S4.6', 'S4.7'],
    breaks: 'the size of the start: ten times as large, so that the step is too long for it',
    fails(tables) {
      const success = easiest(tables, 'huge');
      const failed = !isReached(success) && !(gap(tables, 'huge') <= 0.15) && !isBetween(middle(tables, 'huge'));
      return { value: percent(success), failed };
    },
  },
  {
    id: 'S4.c7',
    guards: ['S4.8'],
    breaks: 'the isometry: the trap of f_0.8, taken for a critical point under δ = 0.1',
    fails(tables) {
      const rows = where(tables.saddles, { where: 'trap' });
      return { value: largest(numbers(rows, 'curvature')), failed: !isStrict(rows) };
    },
  },
  {
    id: 'S4.c8',
    guards: ['S4.9'],
    breaks: 'the direction: any other than U − U⋆R',
    fails(tables) {
      const off = smallest(numbers(tables.identities, 'offElsewhere'));
      return { value: off, failed: !(off < 1e-10) };
    },
  },
  {
    id: 'S4.c9',
    guards: ['S4.10'],
    breaks: 'the law: σ√(log n/m) in place of σ√(nr/m)',
    fails(tables) {
      return { value: noiseMedians(tables, 'logScaled').map(two).join(', '), failed: !isNoiseLaw(tables, 'logScaled') };
    },
  },
  {
    id: 'S4.c10',
    guards: ['S4.11'],
    breaks: 'the level: starts with f(x₀) < f(0)/2',
    fails(tables) {
      const success = rate(certified(tables, ({ level }) => level === 0.5));
      return { value: percent(success), failed: !(success === 1) };
    },
  },
  {
    id: 'S4.c11',
    guards: ['S4.12'],
    breaks: 'the exponent: 4λ(t − α)₊⁴, as one print of the paper has it',
    fails(tables) {
      const off = largest(numbers(tables.regulariser, 'misprinted'));
      return { value: off, failed: !(off < 1e-6) };
    },
  },
  {
    id: 'S4.c12',
    guards: ['S4.13'],
    breaks: 'the isometry: m = nr measurements, hardly more than unknowns',
    fails(tables) {
      const values = errors(tables, 'sgd', 1);
      return { value: median(values), failed: !isGlobal(values) };
    },
  },
];
