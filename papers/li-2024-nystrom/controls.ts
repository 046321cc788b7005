// Broken experiments on which the checks of the claims must fail.

import type { Control } from '../paper.js';
import { grouped, largest, median, numbers, smallest, where } from '../statistics.js';
import { adapterControls } from './adapterClaims.js';
import {
  angleMiss,
  atCondition,
  conditionGap,
  followsLaw,
  gdRatios,
  isFarSlower,
  isFast,
  isOneStep,
  isSlowed,
  lawMiss,
  medians,
  oneStepErrors,
  perturbedIts,
  rateMiss,
  short,
  speedUps,
  spreadOf,
  sweepMiss,
  text,
  tinyAgainst,
  upTo,
} from './measures.js';
import { RANK } from './presets.js';

const failed = (value: number | string, passed: boolean) => ({ value, failed: !passed });

export const controls: readonly Control[] = [
  {
    id: 'S6.C1',
    guards: ['S6.1'],
    breaks: 'steps through (UᵀU)⁻¹ instead of R: rounding leaves the columns of A',
    fails(tables) {
      const off = largest(numbers(tables.exact, 'driftGram'));
      return failed(off, off <= 1e-12);
    },
  },
  {
    id: 'S6.C2',
    guards: ['S6.2'],
    breaks: 'a sign in the recursion: s⁺ = |s − 1/s|/2',
    fails(tables) {
      const off = largest(atCondition(tables.exact, 100, 'newtonFlipped'));
      return failed(off, off <= 1e-8);
    },
  },
  {
    id: 'S6.C3',
    guards: ['S6.3', 'S6.4'],
    breaks: 'η = 0.3 in place of ½',
    fails(tables) {
      const ratio = largest(numbers(tables.exact, 'ratioSlower'));
      const its = medians(tables.exact, 'itsSlower');
      return failed(`${ratio.toFixed(0)}; ${text(its)}`, ratio <= 0.26 || isFast(its));
    },
  },
  {
    id: 'S6.C4',
    guards: ['S6.5', 'S6.7'],
    breaks: 'the part outside the columns of A: AΩ + N takes the place of AΩ, and AΩ that of AΩ + N',
    fails(tables) {
      const most = largest(perturbedIts(tables, 'perturbed'));
      const clean = median(numbers(where(tables.perturbed, { kind: 'nystrom', condition: 100 }), 'its'));
      return failed(text([most, clean]), most <= 25 || isSlowed([clean, clean, clean]));
    },
  },
  {
    id: 'S6.C5',
    guards: ['S6.6'],
    breaks: 'another rate: |1 − η|',
    fails(tables) {
      const miss = rateMiss(tables, (eta) => Math.abs(1 - eta));
      return failed(miss, miss <= 0.01);
    },
  },
  {
    id: 'S6.C6',
    guards: ['S6.8'],
    breaks: 'η = 0.3 from the Nyström start',
    fails(tables) {
      const most = largest(speedUps(tables, 'itsSlower'));
      return failed(most, most <= 0.6);
    },
  },
  {
    id: 'S6.C7',
    guards: ['S6.8b'],
    breaks: 'scales that are not equal: Ω with ξ = 1 against random starts with 10⁻³ and 10⁻⁶',
    fails(tables) {
      const [small, tiny] = [largest(tinyAgainst(tables, 1, 1e-3)), smallest(tinyAgainst(tables, 1, 1e-6))];
      return failed(text([small, tiny]), small < 0 && tiny > 0);
    },
  },
  {
    id: 'S6.C8',
    guards: ['S6.9'],
    breaks: 'gradient descent against itself',
    fails(tables) {
      const ratios = gdRatios(tables, 'gd');
      return failed(text(ratios), isFarSlower(ratios));
    },
  },
  {
    id: 'S6.C9',
    guards: ['S6.10', 'S6.10b'],
    breaks:
      'a cutoff of 0.3, which throws directions of A away; and PrecGD from the random start in place of the Nyström one',
    fails(tables) {
      const coarse = largest(atCondition(tables.wide, 100, 'coarse'));
      const random = median(atCondition(tables.wide, 100, 'precRandom'));
      return failed(text([coarse, random]), coarse <= 9 || random <= 11);
    },
  },
  {
    id: 'S6.C10',
    guards: ['S6.11'],
    breaks: 'gradient descent in place of scaled steps, from a small random start',
    fails(tables) {
      const off = largest(atCondition(tables.narrow, 100, 'weakPlain'));
      return failed(off, off <= 1e-10);
    },
  },
  {
    id: 'S6.C11',
    guards: ['S6.12'],
    breaks: 'the rate of a power method, σ_{k+1}/σ_k',
    fails(tables) {
      const miss = angleMiss(tables, 'power');
      return failed(miss, miss <= 1e-3);
    },
  },
  {
    id: 'S6.C12',
    guards: ['S6.13'],
    breaks: 'the one step through (VᵀV)⁻¹',
    fails(tables) {
      const errors = oneStepErrors(tables, 'gram');
      return failed(text([errors.exact, errors.wide].map(short)), isOneStep(errors));
    },
  },
  {
    id: 'S6.C13',
    guards: ['S6.14'],
    breaks: 'alternating steps, which follow another law (¼ a step)',
    fails(tables) {
      const off = lawMiss(tables, 'alternating');
      return failed(off.miss, followsLaw(off));
    },
  },
  {
    id: 'S6.C14',
    guards: ['S6.15'],
    breaks: 'W a thousandth shorter',
    fails(tables) {
      const off = largest(numbers(where(tables.oneStep, { width: RANK / 2 }), 'other'));
      return failed(off, off <= 1e-10);
    },
  },
  {
    id: 'S6.C15',
    guards: ['S6.16'],
    breaks: 'another power: (σ_{k+1}/σ_k)²',
    fails(tables) {
      const miss = sweepMiss(tables, ({ predicted }) => Math.sqrt(Number(predicted)));
      return failed(miss, miss <= 0.01);
    },
  },
  {
    id: 'S6.C16',
    guards: ['S6.17'],
    breaks: 'AΩ(ΩᵀAΩ)^(+1/2)',
    fails(tables) {
      const off = smallest(numbers(upTo(tables.exact, 100), 'closedFlipped'));
      return failed(off, off <= 1e-8);
    },
  },
  {
    id: 'S6.C17',
    guards: ['S6.18'],
    breaks: 'gradient descent, whose steps spread over κ',
    fails(tables) {
      const spread = spreadOf(tables, 'gd');
      return failed(spread, spread <= 0.15 && spread > 0);
    },
  },
  {
    id: 'S6.C18',
    guards: ['S6.19'],
    breaks: 'gradient descent from the same starts, cut at 60 steps',
    fails(tables) {
      const off = conditionGap(grouped(tables.random, 'seed'), 'gd');
      return failed(off, off <= 2);
    },
  },
  {
    id: 'S6.C19',
    guards: ['S6.20'],
    breaks: 'λ = 10, ten times σ₁ (cut at 40 steps)',
    fails(tables) {
      const most = largest(numbers(tables.damped, 'large'));
      return failed(most, most <= 20);
    },
  },
  {
    id: 'S6.C20',
    guards: ['S6.21'],
    breaks: 'the one step through VᵀV in f32, held to the floor of 10⁻⁶',
    fails(tables) {
      const most = largest(numbers(tables.single, 'gram'));
      return failed(most, most <= 1e-6);
    },
  },
  {
    id: 'S6.C21',
    guards: ['S6.22'],
    breaks: 'alternating steps in place of those of both at once',
    fails(tables) {
      const freed = numbers(where(tables.locked, { positive: false }), 'alternating').filter((t) => t > 0).length;
      return failed(freed, freed === 0);
    },
  },
  ...adapterControls,
];
