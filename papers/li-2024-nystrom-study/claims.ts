// The claims. Those about what an adapter does to the base are structural, and hold or fail. Those about which start trains better
// are comparisons whose band was fixed before the runs: no difference, which is what a reference run on one layer saw. Where
// intervals separate, the band proved wrong, and the claim says which way.

import { verdict } from '../judge.js';
import type { Claim, Tables, Verdict } from '../paper.js';
import { largest, smallest } from '../statistics.js';
import { PACKAGE } from './book.js';
import {
  allSame,
  type Compared,
  chosen,
  compared,
  domainRatios,
  gain,
  intervalText,
  isShifted,
  lossAt,
  MOVED,
  NARROW,
  nameOf,
  onEdge,
  overlap,
  PLAIN,
  rateCurve,
  relativeGap,
  WIDE,
} from './measures.js';
import { type MethodId, methodIds, PARTS, type Part, RANK, SCALING, SIGMA } from './presets.js';

const TEXT = `a Llama-style decoder, pretrained on one half of the sections of the World Factbook 2015 (public domain, ${PACKAGE}), adapted to the other half; countries held out`;
const SHAPES =
  'a small diffusion model, pretrained on drawn discs, adapted to crosses and bars; fixed pictures, times and noise held out';
const SETTING = `r = ${RANK}, s = ${SCALING}, ξ = ${SIGMA}; adapters on queries, keys, values, up and down; AdamW, warm-up of 5 %, then linear to zero, gradients clipped to 1`;
const EXPERIMENTS: Readonly<Record<Part, string>> = { decoder: TEXT, denoiser: SHAPES };
const RATES =
  'each run at the learning rate that is best, by the final loss, for the other runs of its method (grid by factors of two)';
const none = { assumption: 'none', checkable: true } as const;
const ALL = methodIds;

const words = (found: readonly Compared[], one: MethodId, other: MethodId): string =>
  found
    .map(
      ({ percent, one: a, other: b }) =>
        `${percent} %: ${nameOf(one)} ${intervalText(a)}, ${nameOf(other)} ${intervalText(b)}`,
    )
    .join('; ');

function comparedVerdict(tables: Tables, part: Part, one: MethodId, other: MethodId): Verdict {
  const found = compared(chosen(tables, part, one), chosen(tables, part, other));
  const value = words(found, one, other);
  const paired = found.map(({ percent, difference }) => {
    const away = Math.abs(difference.mean) > difference.half ? ', away from 0' : '';
    return `${intervalText(difference)} at ${percent} %${away}`;
  });
  const note = `run by run the difference is ${paired.join('; ')}`;
  const width = largest(found.map((at) => at.width));
  if (!(width <= WIDE)) return verdict(value, false, note);
  const inRange = (why: string): Verdict => ({ value, status: 'supported-in-range', note: `${why}; ${note}` });
  if (!overlap(found)) {
    const apart = found.filter((at) => at.found !== 'none').map((at) => `${at.found} at ${at.percent} %`);
    return inRange(`the band proved wrong: intervals separate, ${nameOf(one)} is ${apart.join(' and ')}`);
  }
  if (width > NARROW)
    return inRange(`the intervals overlap, but resolve no more than ${(100 * width).toFixed(1)} % of the loss`);
  return verdict(value, true, note);
}

const comparison = (id: string, part: Part, one: MethodId, other: MethodId, what: string): Claim => ({
  id,
  statement: `${what}: it does not change the held-out loss of the ${part}, early or late, by more than the runs scatter`,
  assumption: 'runs are independent given the base: other starts and other batches, one base, one text',
  checkable: true,
  experiment: `as ${part === 'decoder' ? 'S6.33f' : 'S6.33g'}`,
  statistic: `held-out loss after 10 % and after 100 % of the steps, ${nameOf(one)} and ${nameOf(other)}: means with 95 % t-intervals over runs`,
  band: `the intervals overlap, and half widths are at most ${100 * NARROW} % of the loss; up to ${100 * WIDE} % it is in range`,
  why: `fixed before the runs: reference run (independent NumPy implementation) on one layer of a pretrained transformer, which saw no difference. The width was fixed without a pilot of the scatter; the first run did not reach it, and since then a run up to ${100 * WIDE} % says that it is in range, and how much it resolves. ‘Trains better’ may be said only where the intervals separate`,
  judge: (tables) => comparedVerdict(tables, part, one, other),
});

/** Which method ends where, in order. */
const order = (tables: Tables, part: Part, percent: number): string =>
  ALL.map((method) => ({ method, at: lossAt(chosen(tables, part, method), percent) }))
    .sort((a, b) => a.at.mean - b.at.mean)
    .map(({ method, at }) => `${nameOf(method)} ${intervalText(at)}`)
    .join(', ');

/** The methods whose intervals do not overlap with those of LoRA. */
function apartFromLora(tables: Tables, part: Part): string {
  const lora = chosen(tables, part, 'lora');
  const apart = ALL.flatMap((method) =>
    compared(chosen(tables, part, method), lora)
      .filter(({ found }) => found !== 'none')
      .map(({ found, percent }) => `${nameOf(method)} is ${found} at ${percent} %`),
  );
  return `intervals that separate from LoRA’s: ${apart.join(', ') || 'none'}`;
}

export const claims: readonly Claim[] = [
  {
    id: 'S6.33a',
    statement:
      'There is something to adapt: the bases have learned their own domain, and the shifted one costs them more',
    ...none,
    experiment: `${TEXT}; ${SHAPES}`,
    statistic:
      'largest held-out loss of a base over that of random weights; smallest loss of the shifted domain over the own one',
    band: '≤ 0.6; ≥ 1.1',
    why: 'a base that has not learned, or a domain that is not shifted, would make the comparison void (pilot on other seeds)',
    judge(tables) {
      const found = domainRatios(tables, 'base');
      return verdict(`${found.learned.toFixed(2)}; ${found.shift.toFixed(2)}`, isShifted(found));
    },
  },
  {
    id: 'S6.33b',
    statement: 'Training starts at the base: B = 0 to the bit, PiSSA, OLoRA and orthogonal within f32 rounding',
    ...none,
    experiment: `held-out loss before and with the adapters as they start; ${SETTING}`,
    statistic: 'largest relative difference: where B = 0; where it is not',
    band: 'exactly 0; ≤ 10⁻⁴',
    why: 'B A = 0, or W_res + s·B A = W; rounding in f32',
    judge(tables) {
      const plain = relativeGap(tables, PLAIN, 'start', 'before');
      const others = relativeGap(tables, [...MOVED, 'orthogonal'], 'start', 'before');
      return verdict(`${plain}; ${others.toExponential(1)}`, plain === 0 && others <= 1e-4);
    },
  },
  {
    id: 'S6.33c',
    statement: 'Nyström, LoRA and orthogonal leave the base as it is, for other adapters to share',
    ...none,
    experiment: 'the weights that were trained on, without the adapter, after training',
    statistic: 'whether their bytes, and their held-out loss, are those of the base',
    band: 'the same',
    why: 'nothing else trains',
    judge(tables) {
      const same = allSame(tables, [...PLAIN, 'orthogonal']);
      return verdict(same ? 'the same' : 'changed', same);
    },
  },
  {
    id: 'S6.33d',
    statement:
      'Every adapter works on the untouched base from PEFT’s files; those of PiSSA and OLoRA at twice the rank',
    ...none,
    experiment: 'adapters after training, written, read again, and put on the base',
    statistic:
      'largest relative difference of the held-out loss from that in training; ranks over r of moved bases, of others',
    band: '≤ 10⁻⁴; 2; 1',
    why: '[A; A₀] and [B, −B₀]; rounding in f32',
    judge(tables) {
      const gap = relativeGap(tables, ALL, 'served', 'end');
      const ranks = (moved: boolean) =>
        tables.effects.filter(({ method }) => MOVED.includes(method as 'pissa') === moved).map(({ rank }) => rank);
      const right = ranks(true).every((r) => r === 2) && ranks(false).every((r) => r === 1);
      return verdict(`${gap.toExponential(1)}; ${right ? '2; 1' : 'other'}`, gap <= 1e-4 && right);
    },
  },
  {
    id: 'S6.33e',
    statement: 'Every method had its learning rate: the best is inside its grid',
    ...none,
    experiment: `${SETTING}; mean final held-out loss of all runs by learning rate`,
    statistic: 'methods whose best rate is the first or last of the grid',
    band: 'none',
    why: 'a comparison at rates that suit one method only says nothing; grids are around the best of a pilot on other seeds',
    judge(tables) {
      const edges = PARTS.flatMap((part) => onEdge(tables, part, ALL).map((method) => `${nameOf(method)} (${part})`));
      const best = PARTS.map((part) =>
        ALL.map((method) => {
          const { rates, best: i } = rateCurve(tables, part, method);
          return `${nameOf(method)} ${rates[i]}`;
        }).join(', '),
      );
      return verdict(
        edges.join(', ') || 'none',
        edges.length === 0,
        PARTS.map((part, i) => `best rates, ${part}: ${best[i]}`).join('; '),
      );
    },
  },
  ...PARTS.map(
    (part, i): Claim => ({
      id: `S6.33${'fg'[i]}`,
      statement: `Every method adapts the ${part}`,
      ...none,
      experiment: `${EXPERIMENTS[part]}; ${SETTING}; ${RATES}`,
      statistic:
        'least part of the loss at the start that is gained at the end, upper ends of 95 % t-intervals; all losses in the note',
      band: '≥ 10 %',
      why: 'less than half of what a pilot on another seed gained: 26 % and 37 %',
      judge(tables) {
        const least = smallest(ALL.map((method) => gain(chosen(tables, part, method), 100)));
        const found = [10, 100].map((percent) => `after ${percent} %: ${order(tables, part, percent)}`);
        return verdict(least, least >= 0.1, [...found, apartFromLora(tables, part)].join('; '));
      },
    }),
  ),
  comparison('S6.33h', 'decoder', 'nystrom', 'lora', 'The Nyström start in the place of LoRA’s own'),
  comparison('S6.33i', 'denoiser', 'nystrom', 'lora', 'The Nyström start in the place of LoRA’s own'),
  comparison(
    'S6.33j',
    'decoder',
    'nystrom-p',
    'lora-p',
    'The same with the preconditioner, as its authors released it',
  ),
  comparison(
    'S6.33k',
    'denoiser',
    'nystrom-p',
    'lora-p',
    'The same with the preconditioner, as its authors released it',
  ),
  comparison('S6.33l', 'decoder', 'nystrom-p', 'nystrom', 'The preconditioner, from the Nyström start'),
  comparison('S6.33m', 'denoiser', 'nystrom-p', 'nystrom', 'The preconditioner, from the Nyström start'),
];
