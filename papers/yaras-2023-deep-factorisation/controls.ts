// Broken experiments: each hands its rows to the check of the claims that it guards, which must fail.

import type { Control } from '../paper.js';
import { largest, smallest } from '../statistics.js';
import {
  BANDS,
  depthGains,
  distances,
  errorsOf,
  gain,
  hitsByWidth,
  inside,
  isBroken,
  isDeeper,
  isExact,
  isFaster,
  isFlat,
  isInvariant,
  isRecovered,
  iterations,
  lag,
  OTHERS,
  overRandom,
  settingsOf,
  shares,
  spreads,
  TWO,
} from './checks.js';

export const controls: readonly Control[] = [
  {
    id: 'S5.c1',
    guards: ['S5.1', 'S5.2'],
    breaks: 'the sign of the step in the recursion of ρ',
    fails(tables) {
      const worst = [TWO, OTHERS].map((names) => settingsOf(tables, names, 'broken'));
      return { value: smallest(worst.flat()), failed: worst.every((deviations) => !isInvariant(deviations)) };
    },
  },
  {
    id: 'S5.c2',
    guards: ['S5.3'],
    breaks: 'the Gaussian start: orthogonal factors',
    fails(tables) {
      const deviations = settingsOf(tables, ['L = 3'], 'deviation');
      return { value: largest(deviations), failed: !isBroken(deviations, settingsOf(tables, ['L = 3'], 'equal')) };
    },
  },
  {
    id: 'S5.c3',
    guards: ['S5.4'],
    breaks: 'V: a random frame of the same width',
    fails(tables) {
      const distance = distances(tables, 'wrong');
      return { value: smallest(distance), failed: !isExact(distance, lag(tables, 'wrong')) };
    },
  },
  {
    id: 'S5.c4',
    guards: ['S5.5'],
    breaks: 'γ = 0.01: γ = 0',
    fails(tables) {
      const errors = errorsOf(tables, 'γ = 0');
      return { value: largest(errors), failed: !isRecovered(errors) };
    },
  },
  {
    id: 'S5.c5',
    guards: ['S5.6'],
    breaks: 'the subspace: a random frame for a known matrix; γ = 0 for entries',
    fails(tables) {
      const [known, entries] = [overRandom(tables, 'known', 'wrong'), overRandom(tables, 'entries', 'γ = 0')];
      return { value: `${largest(known)}; ${largest(entries)}`, failed: !isFaster(known) && !isFaster(entries) };
    },
  },
  {
    id: 'S5.c6',
    guards: ['S5.7'],
    breaks: 'the compression: random chains of width 2r̂',
    fails(tables) {
      const spread = spreads(tables, 'random');
      return { value: largest(spread), failed: !isFlat(spread) };
    },
  },
  {
    id: 'S5.c7',
    guards: ['S5.8'],
    breaks: 'the depth: L = 3 against L = 3, narrow',
    fails(tables) {
      const gains = depthGains(tables, { depth: 3, narrow: true });
      return { value: largest(gains), failed: !isDeeper(gains) };
    },
  },
  {
    id: 'S5.c8',
    guards: ['S5.9'],
    breaks: 'the random chains: compressed ones, of width 2r̂',
    fails(tables) {
      const found = gain(hitsByWidth(tables, 'compressed'));
      return { value: found, failed: !(found >= 1.5) };
    },
  },
  {
    id: 'S5.c9',
    guards: ['S5.10'],
    breaks: 'the faster outer factors: α = 1 in place of 2 and of 5',
    fails(tables, size) {
      const slow = iterations(tables, size, 'α = 1');
      const [, , two, five] = BANDS[size];
      return { value: smallest(slow), failed: !inside(slow, two) && !inside(slow, five) };
    },
  },
  {
    id: 'S5.c10',
    guards: ['S5.11'],
    breaks: 'the surrogate: the singular vectors of another matrix',
    fails(tables) {
      const found = shares(tables, 'blind');
      return { value: largest(found), failed: smallest(found) < 1 };
    },
  },
];
