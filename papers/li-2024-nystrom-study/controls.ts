// Broken experiments on which the checks of the claims must fail.

import type { Control } from '../paper.js';
import { largest } from '../statistics.js';
import {
  allSame,
  chosen,
  compared,
  domainRatios,
  gain,
  isShifted,
  MOVED,
  onEdge,
  overlap,
  relativeGap,
  slowest,
} from './measures.js';
import { methodIds, PARTS, type Part } from './presets.js';

const failed = (value: number | string, passed: boolean) => ({ value, failed: !passed });

/** A learning rate that is too low must separate from the best one. */
const slow = (id: string, part: Part, guards: readonly string[]): Control => ({
  id,
  guards,
  breaks: `an effect of known direction: LoRA at the lowest learning rate of its grid against LoRA at its best, ${part}`,
  fails(tables) {
    const found = compared(slowest(tables, part, 'lora'), chosen(tables, part, 'lora'));
    return failed(found.map((at) => `${at.found} at ${at.percent} %`).join(', '), overlap(found));
  },
});

export const controls: readonly Control[] = [
  {
    id: 'S6.C33a',
    guards: ['S6.33a'],
    breaks: 'random weights in place of the bases',
    fails(tables) {
      const found = domainRatios(tables, 'untrained');
      return failed(found.learned, isShifted(found));
    },
  },
  {
    id: 'S6.C33b',
    guards: ['S6.33b'],
    breaks: 'the weights that PiSSA and OLoRA train on, without their adapters',
    fails(tables) {
      const gap = relativeGap(tables, MOVED, 'alone', 'before');
      return failed(gap, gap <= 1e-4);
    },
  },
  {
    id: 'S6.C33c',
    guards: ['S6.33c'],
    breaks: 'PiSSA and OLoRA in place of the starts that leave the base alone',
    fails(tables) {
      const same = allSame(tables, MOVED);
      return failed(same ? 'the same' : 'changed', same);
    },
  },
  {
    id: 'S6.C33d',
    guards: ['S6.33d'],
    breaks: 'the factors of PiSSA and OLoRA as they were trained, on the untouched base',
    fails(tables) {
      const gap = relativeGap(tables, MOVED, 'bare', 'end');
      return failed(gap, gap <= 1e-4);
    },
  },
  {
    id: 'S6.C33e',
    guards: ['S6.33e'],
    breaks: 'grids that are cut below the best rate',
    fails(tables) {
      const edges = PARTS.flatMap((part) => onEdge(tables, part, methodIds, 'best'));
      return failed(edges.length, edges.length === 0);
    },
  },
  {
    id: 'S6.C33f',
    guards: ['S6.33f', 'S6.33g'],
    breaks: 'no training: the losses at the start in the place of those at the end',
    fails(tables) {
      const most = largest(PARTS.flatMap((part) => methodIds.map((method) => gain(chosen(tables, part, method), 0))));
      return failed(most, most >= 0.1);
    },
  },
  slow('S6.C33h', 'decoder', ['S6.33h', 'S6.33j', 'S6.33l']),
  slow('S6.C33i', 'denoiser', ['S6.33i', 'S6.33k', 'S6.33m']),
];
