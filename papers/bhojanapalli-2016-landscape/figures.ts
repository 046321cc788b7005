// Rows → figures. Medians are lines, seeds are points, theory is dashed.

import { chart } from 'lorank';
import type { Figure, Row, Tables } from '../paper.js';
import { grouped, median, numbers, where } from '../statistics.js';

const BLUE = '#0072B2';
const named = (rows: readonly Row[], name: (row: Row) => string): Row[] =>
  rows.map((row) => ({ ...row, series: name(row) }));
const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

export const figures = (tables: Tables): Figure[] => [
  threshold(tables),
  trap(tables),
  recovery(tables),
  noise(tables),
  saddles(tables),
  certificate(tables),
];

function threshold({ failures, traps }: Tables): Figure {
  const rows = where(failures, { sign: 1 });
  const percent = (row: Row): Row => ({ ...row, failed: 100 * Number(row.failed) });
  const at = (steps: number) => where(rows, { steps }).map(percent);
  const law = Array.from({ length: 96 }, (_, i) => {
    const delta = i / 100;
    return { delta, across: 4 * (2 * delta - 1) * (delta + 1) };
  });
  const half = where(rows, { delta: 0.5 }).map(percent);
  const last = half[half.length - 1];
  const power = [500, Number(last.steps)].map((steps) => ({
    steps,
    failed: Number(last.failed) * Math.sqrt(Number(last.steps) / steps),
  }));
  return {
    name: 'threshold',
    title: 'The threshold δ = ½',
    caption:
      'Below ½ the critical point (0, √δ) of f_δ is a saddle and every start succeeds; above, it is a minimum that holds a third to a half of them; at ½ they leave it as t^(−1/2).',
    spec: chart.figure([
      {
        title: 'Curvature of f_δ across, at (0, √δ)',
        x: { title: 'isometry constant δ' },
        y: { title: '∂²f/∂x₁²' },
        marks: [
          chart.points(traps, { x: 'delta', y: 'across', colour: BLUE, label: false }),
          chart.theory(law, { x: 'delta', y: 'across', name: '' }),
          chart.level('y', 0),
          chart.level('x', 0.5, 'δ = ½'),
        ],
      },
      {
        title: 'Starts that fail',
        x: { title: 'isometry constant δ' },
        y: { title: 'per cent of 20 000' },
        marks: [
          chart.line(at(1000), { x: 'delta', y: 'failed', name: '', colour: '#E69F00' }),
          chart.points(at(1000), { x: 'delta', y: 'failed', name: '10³ steps', colour: '#E69F00' }),
          chart.points(at(10_000), { x: 'delta', y: 'failed', name: '10⁴ steps', colour: BLUE }),
          chart.level('x', 0.5, 'δ = ½'),
        ],
      },
      {
        title: 'At δ = ½ they leave slowly',
        x: { title: 'step t', log: true },
        y: { title: 'per cent that fail', log: true },
        marks: [
          chart.points(half, { x: 'steps', y: 'failed', colour: BLUE, label: false }),
          chart.theory(power, { x: 'steps', y: 'failed', name: 't^(−1/2)' }),
        ],
      },
    ]),
  };
}

function trap({ cure, below }: Tables): Figure {
  const rows = named(where(cure, { seed: 0 }), ({ width }) => `width ${width}`);
  const shares = below.map((row) => ({
    delta: row.delta,
    share: (100 * Number(row.succeeded)) / Number(row.starts),
    series: row.level === 0.5 ? 'f(x₀) < ½' : 'certified',
  }));
  return {
    name: 'trap',
    title: 'Two ways out of the trap',
    caption:
      'From beside the trap of f_0.8, descent of width 1 stays at f = 0.36 and descent of width 2 leaves it; starts below the certified level never meet it.',
    spec: chart.figure([
      {
        title: 'From the trap of f_0.8 and 10⁻³ of noise',
        x: { title: 'step', log: true },
        y: { title: 'loss f', log: true },
        marks: [chart.line(rows, { x: 'step', y: 'loss', by: 'series' }), chart.level('y', 1e-6, '10⁻⁶')],
      },
      {
        title: 'Starts that succeed',
        x: { title: 'isometry constant δ', domain: [0.55, 0.95] },
        y: { title: 'per cent', domain: [0, 105] },
        marks: [
          chart.line(shares, { x: 'delta', y: 'share', by: 'series' }),
          chart.points(shares, { x: 'delta', y: 'share', by: 'series', label: false }),
        ],
      },
    ]),
  };
}

function recovery({ recovery: rows }: Tables): Figure {
  const curve = (start: string, name: string) =>
    grouped(where(rows, { start }), 'ratio')
      .map((runs) => ({ ratio: Number(runs[0].ratio), success: 100 * mean(numbers(runs, 'success')), series: name }))
      .sort((a, b) => a.ratio - b.ratio);
  const pooled = [...curve('random', 'random start'), ...curve('spectral', 'spectral start')];
  const byRank = grouped(where(rows, { start: 'random' }), 'rank').flatMap((runs) =>
    grouped(runs, 'ratio')
      .map((some) => ({
        ratio: Number(some[0].ratio),
        success: 100 * mean(numbers(some, 'success')),
        series: `r = ${some[0].rank}`,
      }))
      .sort((a, b) => a.ratio - b.ratio),
  );
  const reached = rows.filter(({ start, success }) => start !== 'huge' && success === 1);
  const steps = named(reached, ({ start }) => `${start} start`);
  const middle = grouped(steps, 'series').flatMap((runs) =>
    grouped(runs, 'ratio')
      .map((some) => ({ ratio: Number(some[0].ratio), steps: median(numbers(some, 'steps')), series: some[0].series }))
      .sort((a, b) => a.ratio - b.ratio),
  );
  const panel = {
    x: { title: 'measurements m/(nr)' },
    y: { title: 'per cent that succeed', domain: [0, 105] as const },
  };
  return {
    name: 'recovery',
    title: 'Random starts recover as spectral ones do',
    caption:
      'Recovery sets in between one and two measurements for each entry of U; from two on the start makes no difference but in steps.',
    spec: chart.figure([
      {
        ...panel,
        title: 'Success, r = 1, 2, 3 together',
        marks: [
          chart.line(pooled, { x: 'ratio', y: 'success', by: 'series' }),
          chart.points(pooled, { x: 'ratio', y: 'success', by: 'series', label: false }),
          chart.level('y', 50, '50 %'),
        ],
      },
      {
        ...panel,
        title: 'Success from random starts',
        marks: [
          chart.line(byRank, { x: 'ratio', y: 'success', by: 'series' }),
          chart.points(byRank, { x: 'ratio', y: 'success', by: 'series', label: false }),
        ],
      },
      {
        title: 'Steps to a relative error of 10⁻²',
        x: { title: 'measurements m/(nr)' },
        y: { title: 'steps', log: true },
        marks: [
          chart.points(steps, { x: 'ratio', y: 'steps', by: 'series', label: false }),
          chart.line(middle, { x: 'ratio', y: 'steps', by: 'series' }),
        ],
      },
    ]),
  };
}

function noise({ noise: rows, stochastic }: Tables): Figure {
  const size = (row: Row): Row => ({ ...row, size: Number(row.n) * Number(row.rank) });
  const middle = (key: string) =>
    grouped(rows.map(size), 'size')
      .map((runs) => ({ size: Number(runs[0].size), value: median(numbers(runs, key)) }))
      .sort((a, b) => a.size - b.size);
  const least = [18, 180].map((size) => ({ size, value: Math.sqrt(6 / 5) }));
  const pairs = grouped(where(stochastic, { ratio: 6 }), 'seed').map((runs) => ({
    whole: Number(where(runs, { method: 'gd' })[0].error),
    drawn: Number(where(runs, { method: 'sgd' })[0].error),
  }));
  return {
    name: 'noise',
    title: 'What noise does to the minimum',
    caption:
      'The error is σ√(nr/m) whatever the size; against σ√(log n/m) it grows. Stochastic descent from a random start ends as near as the whole gradient from another.',
    spec: chart.figure([
      {
        title: 'Error over σ√(nr/m)',
        x: { title: 'unknowns nr', log: true },
        y: { title: 'ratio', domain: [0, 2] },
        marks: [
          chart.points(rows.map(size), { x: 'size', y: 'scaled', colour: '#8a8a8a', label: false }),
          chart.line(middle('scaled'), { x: 'size', y: 'value', name: 'median', colour: BLUE }),
          chart.theory(least, { x: 'size', y: 'value', name: 'least squares' }),
        ],
      },
      {
        title: 'Error over σ√(log n/m)',
        x: { title: 'unknowns nr', log: true },
        y: { title: 'ratio', domain: [0, 8] },
        marks: [
          chart.points(rows.map(size), { x: 'size', y: 'logScaled', colour: '#8a8a8a', label: false }),
          chart.line(middle('logScaled'), { x: 'size', y: 'value', name: 'median', colour: BLUE }),
        ],
      },
      {
        title: 'Stochastic and whole gradient',
        x: { title: 'error/σ√(nr/m), whole gradient', domain: [0.6, 1.6] },
        y: { title: 'the same, stochastic', domain: [0.6, 1.6] },
        marks: [
          chart.points(pairs, { x: 'whole', y: 'drawn', colour: BLUE, label: false }),
          chart.theory(
            [0.6, 1.6].map((value) => ({ value })),
            { x: 'value', y: 'value', name: 'equal' },
          ),
        ],
      },
    ]),
  };
}

function saddles({ saddles: rows }: Tables): Figure {
  const found = named(where(rows, { where: 'saddle' }), ({ width }) => `${width} of 3 directions`).map((row) => ({
    ...row,
    curvature: Number(row.curvature) / Number((row as Row).smallest),
  }));
  const law = [0, 0.2].map((delta) => ({ delta, curvature: -2 * (Math.SQRT2 - 1) * (1 - 5 * delta) }));
  return {
    name: 'saddles',
    title: 'Critical points short of X are strict saddles',
    caption:
      'Critical points that carry no, one or two of the three directions of X, under operators whose isometry constant δ is known: all curve down by more than the theorem asks for.',
    spec: chart.figure([
      {
        title: 'Curvature of critical points, n = 8, r = 3',
        width: 420,
        height: 280,
        x: { title: 'isometry constant δ', domain: [-0.01, 0.21] },
        y: { title: 'λ_min(∇²f)/σ_r', domain: [-3.6, 0.3] },
        marks: [
          chart.points(found, { x: 'delta', y: 'curvature', by: 'series' }),
          chart.theory(law, { x: 'delta', y: 'curvature', name: 'bound' }),
        ],
      },
    ]),
  };
}

function certificate({ certificate: rows }: Tables): Figure {
  const shown = named(
    rows.filter(({ sine }) => [0.25, 0.5, 0.75, 1].includes(Number(sine))),
    ({ sine }) => `sine ${sine}`,
  ).sort((a, b) => Number((a as Row).sine) - Number((b as Row).sine));
  return {
    name: 'certificate',
    title: 'How good an isometry keeps a point from being a trap',
    caption:
      'δ_lb over the length of x, for the sine of its angle to z: the easiest place for a trap is at a right angle and ‖x‖ = ‖z‖/√2, and takes δ = ½.',
    spec: chart.figure(
      [
        {
          title: 'The least δ that allows a trap at x',
          width: 420,
          height: 280,
          x: { title: '‖x‖/‖z‖' },
          y: { title: 'δ_lb', domain: [0.4, 1.02] },
          marks: [
            chart.line(shown, { x: 'ratio', y: 'bound', by: 'series' }),
            chart.level('y', 0.5, '½'),
            chart.level('x', Math.SQRT1_2, '1/√2'),
          ],
        },
      ],
      { ordered: true },
    ),
  };
}
