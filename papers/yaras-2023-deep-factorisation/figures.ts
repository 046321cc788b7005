// Rows → figures. Curves are those of one seed, points those of all.

import { chart, type Panel } from 'lorank';
import type { Figure, Row, Size, Tables } from '../paper.js';
import { grouped, median, numbers, where } from '../statistics.js';
import { grids } from './experiment.js';

const first = (rows: readonly Row[]): Row[] => where(rows, { seed: 0 });
const curves = (rows: readonly Row[]): Row[] => first(rows).filter(({ t }) => Number(t) >= 0);
const finite = (rows: readonly Row[], key: string): Row[] => rows.filter((row) => Number(row[key]) > 0);
const ERROR = { title: '‖X − T‖ / ‖T‖', log: true } as const;
const STEP = { title: 'step t' } as const;
const COLOURS = { whole: '#0072B2', compressed: '#D55E00', random: '#8a8a8a', third: '#009E73', fourth: '#CC79A7' };

export const figures = (tables: Tables, size: Size): Figure[] => [
  subspace(tables),
  compression(tables),
  outerSteps(tables),
  overestimated(tables, size),
  depth(tables),
  surrogate(tables),
];

function subspace({ spectra }: Tables): Figure {
  const values = where(spectra, { kind: 'value' });
  const d = Math.max(...numbers(values, 'index'));
  const rank = Number(where(spectra, { kind: 'middle' })[0].index) - 1;
  const moving = values.filter(({ index }) => Number(index) <= rank || Number(index) > d - rank);
  const resting = values.filter(({ index }) => Number(index) > rank && Number(index) <= d - rank);
  const turned = [
    ['top', `first ${rank}`, COLOURS.compressed],
    ['middle', `${d - 2 * rank} between`, COLOURS.whole],
  ] as const;
  return {
    name: 'subspace',
    title: 'Learning stays in a small subspace',
    caption: `Of the ${d} singular values of a factor, ${2 * rank} move on their own; the other ${d - 2 * rank} stay equal, and the space of their vectors does not turn.`,
    spec: chart.figure([
      {
        title: 'Singular values of W₂',
        x: STEP,
        y: { title: 'σᵢ(W₂)' },
        marks: [
          chart.line(moving, { x: 't', y: 'value', by: 'index', colour: COLOURS.compressed, label: false }),
          chart.line(resting, { x: 't', y: 'value', by: 'index', colour: COLOURS.whole, label: false }),
          ...(
            [
              [1, `first ${rank}`, COLOURS.compressed],
              [rank + 1, `${d - 2 * rank} equal`, COLOURS.whole],
              [d, `last ${rank}`, COLOURS.compressed],
            ] as const
          ).map(([index, name, colour]) => chart.line(where(values, { index }), { x: 't', y: 'value', name, colour })),
        ],
      },
      {
        title: 'How far their vectors turn from t = 1 on',
        x: STEP,
        y: { title: 'angle (radians)' },
        marks: [
          ...turned.map(([kind, name, colour]) =>
            chart.line(where(spectra, { kind }), { x: 't', y: 'value', name, colour }),
          ),
          chart.theory(where(spectra, { kind: 'bottom' }), { x: 't', y: 'value', name: `last ${rank}` }),
        ],
      },
    ]),
  };
}

function compression({ known, pointwise }: Tables): Figure {
  const rows = curves(known);
  const close = where(first(pointwise), { kind: 'curve' });
  const run = (name: string) => where(rows, { run: name });
  return {
    name: 'compression',
    title: 'A known matrix: the compressed chain is the whole one',
    caption:
      'With U and V at rest the compressed chain takes the same path at a fraction of the cost; a random chain of its width takes longer, and one in a wrong subspace never arrives. C-DLN is ahead at every step.',
    spec: chart.figure([
      {
        title: 'From the same start',
        x: STEP,
        y: ERROR,
        marks: [
          chart.line(run('whole'), { x: 't', y: 'error', name: 'whole', colour: COLOURS.whole }),
          chart.theory(run('compressed'), { x: 't', y: 'error', name: 'compressed', colour: COLOURS.compressed }),
          chart.line(run('random'), { x: 't', y: 'error', name: 'random, width 2r', colour: COLOURS.random }),
          chart.line(run('wrong'), { x: 't', y: 'error', name: 'wrong subspace', colour: COLOURS.fourth }),
        ],
      },
      {
        title: 'C-DLN, from the singular vectors of T',
        x: STEP,
        y: ERROR,
        marks: [
          chart.line(close, { x: 't', y: 'whole', name: 'whole', colour: COLOURS.whole }),
          chart.line(close, { x: 't', y: 'compressed', name: 'C-DLN', colour: COLOURS.compressed }),
          chart.line(close, { x: 't', y: 'blind', name: 'vectors of another matrix', colour: COLOURS.fourth }),
        ],
      },
    ]),
  };
}

function outerSteps({ entries }: Tables): Figure {
  const rows = curves(entries);
  const panel: Panel = {
    title: 'Some entries known, one seed',
    width: 460,
    height: 280,
    x: STEP,
    y: ERROR,
    marks: [chart.line(rows, { x: 't', y: 'error', by: 'run' })],
  };
  return {
    name: 'outer-steps',
    title: 'From entries, the outer factors have to move',
    caption:
      'At rest (γ = 0) the compressed chain stays far from T. A small γ is enough, and a larger one arrives as early as the whole chain; a random chain of the same width comes last.',
    spec: chart.figure([panel]),
  };
}

function overestimated({ over }: Tables, size: Size): Figure {
  const middle = (run: string) =>
    grouped(where(over, { run }), 'half').map((runs) => ({ half: runs[0].half, hit: median(numbers(runs, 'hit')) }));
  const drawn = (run: string, name: string, colour: string) => [
    chart.points(finite(where(over, { run }), 'hit'), { x: 'half', y: 'hit', colour, label: false }),
    chart.line(finite(middle(run), 'hit'), { x: 'half', y: 'hit', name, colour }),
  ];
  return {
    name: 'overestimated-rank',
    title: 'More rank than needed costs nothing',
    caption:
      'A compressed chain takes as many iterations for any r̂ ≥ r; a random one of the same width 2r̂ takes more the narrower it is.',
    spec: chart.figure([
      {
        title: `r = ${grids[size].entries.rank}`,
        width: 400,
        x: { title: 'r̂' },
        y: { title: 'iterations', domain: [0, Math.max(...numbers(finite(over, 'hit'), 'hit')) * 1.05] },
        marks: [
          ...drawn('compressed', 'compressed', COLOURS.compressed),
          ...drawn('random', 'random, width 2r̂', COLOURS.random),
        ],
      },
    ]),
  };
}

function depth({ depth: rows }: Tables): Figure {
  const widest = Math.max(...numbers(rows, 'width'));
  const ends = finite(where(where(rows, { t: -1 }), { depth: 3 }), 'hit');
  const path = (values: Row) => where(curves(rows), values);
  const narrow = [...new Set(numbers(rows, 'width'))].sort((a, b) => a - b);
  return {
    name: 'depth-and-width',
    title: 'Depth recovers, width speeds up',
    caption:
      'Both depths fit the known entries; three factors recover the rest, two do not. Wider hidden factors need fewer iterations.',
    spec: chart.figure([
      {
        title: 'Error of one seed',
        x: STEP,
        y: ERROR,
        marks: [
          chart.line(path({ depth: 2, width: widest }), {
            x: 't',
            y: 'error',
            name: `L = 2, width ${widest}`,
            colour: COLOURS.fourth,
          }),
          ...narrow.map((width, i) =>
            chart.line(path({ depth: 3, width }), {
              x: 't',
              y: 'error',
              name: `L = 3, width ${width}`,
              colour: [COLOURS.third, COLOURS.compressed, COLOURS.whole][i],
            }),
          ),
        ],
      },
      {
        title: 'L = 3',
        x: { title: 'width of the hidden factors' },
        y: { title: 'iterations', domain: [0, Math.max(...numbers(ends, 'hit')) * 1.05] },
        marks: [
          chart.points(ends, { x: 'width', y: 'hit', colour: COLOURS.whole, label: false }),
          chart.line(
            grouped(ends, 'width').map((runs) => ({ width: runs[0].width, hit: median(numbers(runs, 'hit')) })),
            { x: 'width', y: 'hit', colour: COLOURS.whole, label: false },
          ),
        ],
      },
    ]),
  };
}

function surrogate({ faster }: Tables): Figure {
  return {
    name: 'surrogate',
    title: 'C-DLN: the faster its outer factors, the fewer iterations',
    caption: 'Started at the singular vectors of what is known, a chain of width 2r overtakes the whole one.',
    spec: chart.figure([
      {
        title: 'Some entries known, one seed',
        width: 460,
        height: 260,
        x: STEP,
        y: ERROR,
        marks: [chart.line(curves(faster), { x: 't', y: 'error', by: 'run' })],
      },
    ]),
  };
}
