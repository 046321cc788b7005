// Broken experiments: each hands its rows to the very check of the claims that it guards.

import type { Control } from '../paper.js';
import { largest, median, numbers, smallest, where } from '../statistics.js';
import {
  decades,
  driftExponents,
  floorMisses,
  floorsAt,
  hitRatios,
  isByRoot,
  isCoupled,
  isFlat,
  isLinear,
  isRecovered,
  isWithin,
  lateOf,
  spreads,
  two,
  widening,
} from './checks.js';

export const controls: readonly Control[] = [
  {
    id: 'S1.c1',
    guards: ['S1.21', 'S1.22'],
    breaks: 'the sign in Z̃⁺ = (I − μS)Z̃',
    fails(tables) {
      const worst = smallest(numbers(tables.identities, 'flipped'));
      return { value: worst, failed: !(worst < 1e-12) };
    },
  },
  {
    id: 'S1.c2',
    guards: ['S1.23a', 'S1.23b'],
    breaks: 'equal steps: W takes half the step of V, so that the imbalance changes in first order',
    fails(tables) {
      const exponents = driftExponents(tables, 'unequal');
      return { value: median(exponents), failed: !isLinear(exponents) };
    },
  },
  {
    id: 'S1.c3',
    guards: ['S1.24'],
    breaks: 'the signs of V_X, so that L₊ and L₋ change places',
    fails(tables) {
      const swapped = numbers(where(tables.coupling, { t: 20 }), 'swapped');
      return { value: median(swapped), failed: !isCoupled(swapped) };
    },
  },
  {
    id: 'S1.c4',
    guards: ['S1.25'],
    breaks: 'the small start: α = 0.1',
    fails(tables) {
      const large = floorsAt(tables, 0.1);
      return { value: median(large), failed: !isRecovered(large) };
    },
  },
  {
    id: 'S1.c5',
    guards: ['S1.26'],
    breaks: 'the law: σ_r² in place of σ_r',
    fails(tables) {
      const found = hitRatios(tables, 2);
      return { value: found.map(two).join(', '), failed: !isWithin(0.22, found) };
    },
  },
  {
    id: 'S1.c6',
    guards: ['S1.28'],
    breaks: 'the imbalance: V = W = U, symmetric factors of the same width',
    fails(tables) {
      const rows = lateOf(tables, 'symmetric', 0.1);
      return { value: median(numbers(rows, 'te')), failed: !(largest(numbers(rows, 'hit')) <= 8000) };
    },
  },
  {
    id: 'S1.c7',
    guards: ['S1.31'],
    breaks: 'k = r: one column more',
    fails(tables) {
      const te = smallest(numbers(where(tables.exact, { width: 3 }), 'te'));
      return { value: te, failed: !(te < 1e-12) };
    },
  },
  {
    id: 'S1.c8',
    guards: ['S1.32'],
    breaks: 'the operator in the prediction: σ_{r+1} of 𝒜*𝒜X in place of σ_r',
    fails(tables) {
      const found = decades(tables, (row) => Number(row.next));
      return { value: median(found), failed: !isWithin(0.1, found) };
    },
  },
  {
    id: 'S1.c9',
    guards: ['S1.33'],
    breaks: 'the law: the exponent 2 of 𝒜 = I for every m',
    fails(tables) {
      const worst = largest(floorMisses(tables, () => 2).map(Math.abs));
      return { value: worst, failed: !(worst <= 0.12) };
    },
  },
  {
    id: 'S1.c10',
    guards: ['S1.34', 'S1.35'],
    breaks: 'the normalisation: each claim on the starts of the other',
    fails(tables) {
      const [law, flat] = [widening(tables, 'perSqrtK'), spreads(tables, 'unit')];
      return { value: `${law.won}; ${flat.hits}`, failed: !isByRoot(law) && !isFlat(flat) };
    },
  },
];
