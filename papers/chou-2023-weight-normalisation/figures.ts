// Rows → figures. Medians are lines, theory is dashed.

import { chart, type Panel } from 'lorank';
import type { Figure, Row, Tables } from '../paper.js';
import { grouped, median, numbers, where } from '../statistics.js';

const methodName = ({ ratio }: Row): string => (ratio === 0 ? 'plain descent' : `κ = ${ratio}`);
const named = (rows: readonly Row[], name: (row: Row) => string): Row[] =>
  rows.map((row) => ({ ...row, series: name(row) }));

export const figures = (tables: Tables): Figure[] => [
  errors(tables),
  invariants(tables),
  gaps(tables),
  windows(tables),
  coordinates(tables),
];

/** Error over α, for each κ. */
function errors({ grid }: Tables): Figure {
  const medians = (depth: number): Row[] =>
    grouped(where(grid, { depth }), 'ratio').flatMap((rows) =>
      grouped(rows, 'alpha').map((runs) => ({
        alpha: runs[0].alpha,
        ratio: runs[0].ratio,
        error: Math.max(1e-8, median(numbers(runs, 'error'))),
      })),
    );
  const panel = (depth: number): Panel => ({
    title: `x = w${depth === 2 ? '²' : '³'}`,
    x: { title: 'initial scale α', log: true },
    y: { title: 'relative error at the end', log: true, domain: [1e-8, 2] },
    marks: [
      chart.line(named(medians(depth), methodName), { x: 'alpha', y: 'error', by: 'series' }),
      ...(depth === 2
        ? [chart.level('x', Math.sqrt(median(numbers(where(grid, { depth }), 'leastNorm')) / 100), 'r₀² = Q')]
        : []),
    ],
  });
  return {
    name: 'starts',
    title: 'Weight normalisation survives large starts',
    caption:
      'Weight normalisation with κ = 5 or 20 recovers x from starts at which plain descent errs by a tenth, up to r₀² = ‖x‖₁; there the difference ends. With L = 3 and a small start, κ = 20 stalls.',
    spec: chart.figure([panel(2), panel(3)]),
  };
}

/** What moves along the flow, and what does not. */
function invariants({ drift }: Tables): Figure {
  const depths = where(drift, { ratio: 1 }).filter(({ t }) => Number(t) > 0);
  const series = named(depths, ({ depth }) => `L = ${depth}`);
  const panel = (title: string, y: string, domain: readonly [number, number]): Panel => ({
    title,
    x: { title: 'time' },
    y: { title: 'drift', log: true, domain },
    marks: [chart.line(series, { x: 't', y, by: 'series' })],
  });
  return {
    name: 'invariants',
    title: 'What weight normalisation keeps',
    caption:
      'The invariants of depth L move by 1 to 20 as a whole and by rounding alone in the kernel of A; with twice the κ in their formula they move there as well.',
    spec: chart.figure([
      panel('as a whole', 'whole', [1e-16, 100]),
      panel('in ker A', 'kernel', [1e-16, 100]),
      panel('in ker A, with 2κ', 'wrong', [1e-16, 100]),
    ]),
  };
}

/** Gap against bound. */
function gaps({ starts, grid, sparsity }: Tables): Figure {
  const rows = [...starts, ...grid, ...sparsity].filter(
    ({ bound, gap, misfit }) => Number.isFinite(bound) && Number(gap) > 0 && Number(misfit) < 1e-2,
  );
  const drawn = named(rows, ({ depth, ratio }) =>
    ratio === 0 ? `plain, L = ${depth}` : `weight-normalised, L = ${depth}`,
  );
  return {
    name: 'bounds',
    title: 'How far ‖x‖₁ is from the least',
    caption:
      'Every run lies below its bound (dashed); the bounds are loose, by a decade for plain descent and by more for weight normalisation.',
    spec: chart.figure([
      {
        x: { title: 'bound on ‖x‖₁ − Q', log: true, domain: [0.1, 1000] },
        y: { title: '‖x‖₁ − Q', log: true, domain: [1e-10, 1000] },
        width: 380,
        height: 280,
        marks: [
          ...grouped(drawn, 'series').map((group) =>
            chart.points(group, { x: 'bound', y: 'gap', name: String(group[0].series) }),
          ),
          chart.theory(
            [0.1, 1000].map((bound) => ({ bound, gap: bound })),
            { x: 'bound', y: 'gap', name: 'bound' },
          ),
        ],
      },
    ]),
  };
}

/** Median errors of noisy descents over time, and the least error over α. */
function windows({ window, alphas }: Tables): Figure {
  const small = where(window, { start: 1e-5 }).filter(({ t }) => Number(t) > 0);
  const byDepth = named(small, ({ depth }) => `N = ${depth}`);
  const ordered = [2, 3, 4].flatMap((depth) => where(byDepth, { depth }));
  const least = grouped(where(alphas, { depth: 2 }), 'alpha').map((rows) => ({
    alpha: rows[0].alpha,
    least: median(numbers(rows, 'least')),
    last: median(numbers(rows, 'last')),
  }));
  return {
    name: 'stopping',
    title: 'When to stop on noisy data',
    caption:
      'Left: the median error stays near its least for some hundred iterations with N = 2 and for thousands with N = 3 and 4. Right: a smaller start lowers the error, most of all if descent stops in time.',
    spec: chart.figure([
      {
        title: 'u^N − v^N from 10⁻⁵',
        x: { title: 'iteration', log: true },
        y: { title: 'log₂ ‖x_t − x‖², median' },
        marks: [
          chart.band(ordered, { x: 't', low: 'low', high: 'high', by: 'series' }),
          chart.line(ordered, { x: 't', y: 'error', by: 'series' }),
        ],
      },
      {
        title: 'u² − v² from α',
        x: { title: 'initial scale α', log: true },
        y: { title: '‖x_t − x‖², median', log: true },
        marks: [
          chart.line(least, { x: 'alpha', y: 'least', name: 'least', colour: '#0072B2' }),
          chart.line(least, { x: 'alpha', y: 'last', name: 'at the end', colour: '#D55E00' }),
        ],
      },
    ]),
  };
}

/** Coordinates over time. */
function coordinates({ paths }: Tables): Figure {
  const panel = (ratio: number): Panel => {
    const rows = named(where(paths, { ratio }), ({ entry }) => String(entry));
    const marks = (isSignal: boolean, colour: string) =>
      chart.line(
        rows.filter(({ truth }) => (truth !== 0) === isSignal),
        { x: 't', y: 'value', by: 'series', colour, label: false },
      );
    const signals = grouped(
      rows.filter(({ truth }) => truth !== 0),
      'entry',
    );
    return {
      title: methodName({ ratio }),
      x: { title: 'iteration', log: true },
      y: { title: 'entry of x', domain: [0, 1.6] },
      marks: [
        marks(false, '#b8b8b8'),
        marks(true, '#0072B2'),
        ...signals.map(([row]) => chart.level('y', Number(row.truth))),
      ],
    };
  };
  return {
    name: 'paths',
    title: 'Entries of x from α = 0.1',
    caption:
      'Blue: the support, with its true values dotted; grey: the ten largest other entries. Plain descent leaves them where they help to fit; weight normalisation sends them to zero.',
    spec: chart.figure([panel(0), panel(5)]),
  };
}
