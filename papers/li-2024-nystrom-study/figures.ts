// Rows → figures: courses at the best learning rates, the grids, and the intervals that comparisons rest on.

import { chart, type Panel } from 'lorank';
import type { Figure, Row, Tables } from '../paper.js';
import { interval, numbers } from '../statistics.js';
import { chosen, lossAt, nameOf, rateCurve } from './measures.js';
import { LOOKS, type MethodId, methodIds, PARTS, type Part } from './presets.js';
import { at } from './runs.js';

const COLOURS: Readonly<Record<MethodId, string>> = {
  lora: '#555555',
  'lora-p': '#a5a5a5',
  nystrom: '#0072B2',
  'nystrom-p': '#56B4E9',
  'nystrom-r': '#009E73',
  pissa: '#D55E00',
  olora: '#E69F00',
  orthogonal: '#CC79A7',
};
const TITLES: Readonly<Record<Part, string>> = {
  decoder: 'Decoder, another half of a book',
  denoiser: 'Denoiser, other shapes',
};
const LOSSES: Readonly<Record<Part, string>> = {
  decoder: 'held-out loss, nats a token',
  denoiser: 'held-out loss, mean square',
};

export const figures = (tables: Tables): Figure[] => [courses(tables), rates(tables), intervals(tables)];

function courses(tables: Tables): Figure {
  const panels = PARTS.map((part): Panel => {
    const marks = methodIds.flatMap((method) => {
      const rows = chosen(tables, part, method);
      const course = Array.from({ length: LOOKS + 1 }, (_, look): Row => {
        const percent = (100 / LOOKS) * look;
        const { mean, half } = interval(numbers(rows, at(percent)));
        return { percent, mean, low: mean - half, high: mean + half };
      });
      const compared = method === 'lora' || method === 'nystrom';
      const colour = COLOURS[method];
      return [
        ...(compared ? [chart.band(course, { x: 'percent', low: 'low', high: 'high', colour })] : []),
        chart.line(course, { x: 'percent', y: 'mean', name: nameOf(method), colour }),
      ];
    });
    return {
      title: TITLES[part],
      width: 360,
      height: 300,
      x: { title: 'percent of the steps', domain: [0, 100] },
      y: { title: LOSSES[part] },
      marks,
    };
  });
  return {
    name: 'courses',
    title: 'Adapters from eight starts, each at its best learning rate',
    caption:
      'Mean held-out loss over runs; the bands are 95 % intervals of LoRA and of the Nyström start, which the study compares.',
    spec: chart.figure(panels, { columns: 2 }),
  };
}

function rates(tables: Tables): Figure {
  const panels = PARTS.map((part): Panel => {
    const curves = methodIds.map((method) => ({ method, ...rateCurve(tables, part, method) }));
    const least = Math.min(...curves.flatMap(({ losses }) => losses.filter((loss) => !Number.isNaN(loss))));
    const most = Math.max(...curves.map(({ losses, best }) => losses[best]));
    const marks = curves.flatMap(({ method, rates: grid, losses, best }) => {
      const rows = grid.map((rate, i): Row => ({ rate, loss: losses[i] }));
      const colour = COLOURS[method];
      return [
        chart.line(rows, { x: 'rate', y: 'loss', name: nameOf(method), colour }),
        chart.points([rows[best]], { x: 'rate', y: 'loss', name: nameOf(method), colour, label: false }),
      ];
    });
    return {
      title: TITLES[part],
      width: 360,
      height: 300,
      x: { title: 'learning rate', log: true },
      y: { title: `final ${LOSSES[part]}`, domain: [least - 0.2 * (most - least), most + 3 * (most - least)] },
      marks,
    };
  });
  return {
    name: 'rates',
    title: 'Every method has its own learning rate',
    caption: 'Mean final held-out loss by learning rate; points mark the best, which is at no edge of its grid.',
    spec: chart.figure(panels, { columns: 2 }),
  };
}

function intervals(tables: Tables): Figure {
  const panels = PARTS.flatMap((part) =>
    [10, 100].map((percent): Panel => {
      const placed = methodIds
        .map((method) => ({ method, ...lossAt(chosen(tables, part, method), percent) }))
        .sort((a, b) => b.mean - a.mean);
      const marks = placed.flatMap(({ method, mean, half }, i) => {
        const place = methodIds.length - i;
        const ends = [mean - half, mean + half].map((loss): Row => ({ loss, place }));
        const colour = COLOURS[method];
        return [
          chart.line(ends, { x: 'loss', y: 'place', name: nameOf(method), colour }),
          chart.points([{ loss: mean, place }], { x: 'loss', y: 'place', name: nameOf(method), colour, label: false }),
        ];
      });
      return {
        title: `${part === 'decoder' ? 'Decoder' : 'Denoiser'}, after ${percent} % of the steps`,
        width: 330,
        height: 210,
        x: { title: LOSSES[part] },
        y: { title: 'place', domain: [0.5, methodIds.length + 0.5] },
        marks,
      };
    }),
  );
  return {
    name: 'intervals',
    title: 'Where intervals separate, and where they do not',
    caption:
      'Means and 95 % t-intervals of the held-out loss over runs, lowest loss in place 1; one start trains better than another only where their intervals do not overlap.',
    spec: chart.figure(panels, { columns: 2 }),
  };
}
