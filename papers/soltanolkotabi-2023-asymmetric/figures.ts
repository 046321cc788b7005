// Rows → figures. Medians are lines, seeds are points, theory is dashed.

import { chart, exp, log, type Panel, pow } from 'lorank';
import type { Figure, Row, Tables } from '../paper.js';
import { grouped, largest, median, numbers, where } from '../statistics.js';
import { STEP } from './presets.js';

const first = (rows: readonly Row[]) => rows.filter(({ seed }) => seed === 0);
/** The median of a column for each value of x, within each group. */
const medians = (rows: readonly Row[], x: string, y: string, by?: string): Row[] =>
  (by ? grouped(rows, by) : [rows]).flatMap((group) =>
    grouped(group, x).map((runs) => ({
      [x]: runs[0][x],
      [y]: median(numbers(runs, y)),
      ...(by && { [by]: runs[0][by] }),
    })),
  );
const named = (rows: readonly Row[], name: (row: Row) => string): Row[] =>
  rows.map((row) => ({ ...row, series: name(row) }));

export const figures = (tables: Tables): Figure[] => [
  imbalance(tables),
  couplings(tables),
  phases(tables),
  times(tables),
  floors(tables),
  widths(tables),
  late(tables),
];

function imbalance({ drift, sweep }: Tables): Figure {
  const curves = named(first(where(drift, { steps: 'equal' })), ({ stepSize }) => `μ = ${stepSize}`);
  const ends = grouped(where(drift, { steps: 'equal' }), 'seed').flatMap((rows) =>
    grouped(rows, 'stepSize').map((runs) => ({ stepSize: runs[0].stepSize, drift: largest(numbers(runs, 'drift')) })),
  );
  const middle = medians(ends, 'stepSize', 'drift');
  const anchor = middle[middle.length - 1];
  const linear = middle.map(({ stepSize }) => ({
    stepSize,
    drift: (Number(anchor.drift) * Number(stepSize)) / Number(anchor.stepSize),
  }));
  const small = sweep.filter(({ alpha }) => Number(alpha) <= 1e-2);
  const panels: Panel[] = [
    {
      title: 'Drift in time',
      x: { title: 'time μt' },
      y: { title: '‖Bₜ − B₀‖', log: true, domain: [1e-7, 1e-2] },
      marks: [chart.line(curves, { x: 'time', y: 'drift', by: 'series' })],
    },
    {
      title: 'Linear in the step size',
      x: { title: 'step size μ', log: true },
      y: { title: 'max ‖Bₜ − B₀‖', log: true },
      marks: [
        chart.points(ends, { x: 'stepSize', y: 'drift', colour: '#8a8a8a', label: false }),
        chart.theory(linear, { x: 'stepSize', y: 'drift', name: '∝ μ' }),
      ],
    },
    {
      title: 'Free of α',
      x: { title: 'α', log: true },
      y: { title: 'norm', log: true },
      marks: [
        chart.line(medians(small, 'alpha', 'drift'), {
          x: 'alpha',
          y: 'drift',
          name: 'max ‖Bₜ − B₀‖',
          colour: '#0072B2',
        }),
        chart.line(medians(small, 'alpha', 'start'), { x: 'alpha', y: 'start', name: '‖B₀‖', colour: '#D55E00' }),
      ],
    },
  ];
  return {
    name: 'imbalance',
    title: 'Implicit balancing',
    caption:
      'The imbalance B = VᵀV − WᵀW moves only while the signal grows, by an amount that is linear in the step size and does not depend on α.',
    spec: chart.figure(panels, { ordered: true }),
  };
}

function couplings({ coupling }: Tables): Figure {
  const all = coupling.filter(({ t }) => Number(t) <= 100);
  const rows = medians(all, 't', 'signal');
  const anti = medians(all, 't', 'antiSignal');
  const ratio = all.map((row) => ({ ...row, ratio: Number(row.antiSignal) / Number(row.signal) }));
  return {
    name: 'coupling',
    title: 'Two independent starts become coupled',
    caption:
      'Along L₊ the stacked factor grows, along L₋ it dies out: by the end of the first phase V and W carry the same signal.',
    spec: chart.figure([
      {
        title: 'Signal and anti-signal (medians)',
        x: { title: 'step t' },
        y: { title: 'norm', log: true },
        marks: [
          chart.line(rows, { x: 't', y: 'signal', name: 'σₘᵢₙ(L₊ᵀZ)' }),
          chart.line(anti, { x: 't', y: 'antiSignal', name: '‖L₋ᵀZ‖' }),
        ],
      },
      {
        title: 'Their ratio, each seed',
        x: { title: 'step t' },
        y: { title: '‖L₋ᵀZ‖ / σₘᵢₙ(L₊ᵀZ)', log: true },
        marks: [
          chart.line(ratio, { x: 't', y: 'ratio', by: 'seed', colour: '#0072B2', label: false }),
          chart.level('x', 20, 't = 20'),
          chart.level('y', 0.045, '0.045'),
        ],
      },
    ]),
  };
}

function phases({ coupling }: Tables): Figure {
  const rows = first(coupling).filter(({ t }) => Number(t) <= 100);
  const series = (
    [
      ['te', 'error of X'],
      ['angle', 'angle to L₊'],
      ['signal', 'signal'],
      ['noise', 'noise'],
    ] as const
  ).flatMap(([key, name]) => rows.map((row) => ({ t: row.t, value: row[key], name })));
  const aligned = rows.find((row, i) => i > 0 && Number(row.angle) <= 0.35)?.t;
  const grown = rows.find(({ signal }) => Number(signal) >= Math.sqrt(0.1))?.t;
  return {
    name: 'phases',
    title: 'Three phases',
    caption:
      'Alignment: the angle falls to a plateau set by m. Growth: signal grows faster than noise. Refinement: error and angle fall, the noise stays, and sets the floor.',
    spec: chart.figure([
      {
        title: 'α = 10⁻⁴, κ = 1, one seed',
        width: 460,
        height: 280,
        x: { title: 'step t' },
        y: { title: 'relative error, sine, norm', log: true, domain: [3e-4, 3] },
        marks: [
          chart.line(series, { x: 't', y: 'value', by: 'name' }),
          ...(aligned === undefined ? [] : [chart.level('x', Number(aligned), 'aligned')]),
          ...(grown === undefined ? [] : [chart.level('x', Number(grown), 'signal grown')]),
        ],
      },
    ]),
  };
}

function times({ sweep, condition }: Tables): Figure {
  const small = sweep.filter(({ alpha }) => Number(alpha) <= 1e-3);
  const middle = medians(small, 'alpha', 'hit');
  const seen = median(numbers(small, 'seen'));
  const anchor = middle[0];
  const law = middle.map(({ alpha }) => ({
    alpha,
    hit: Number(anchor.hit) + log(Number(anchor.alpha) / Number(alpha)) / log(1 + STEP * seen),
  }));
  const kappas = [1, 1.5, 2, 3, 4];
  const predicted = (exponent: number) =>
    kappas.map((k) => ({ condition: k, hit: log(1e6) / log(1 + STEP / pow(k, exponent)) }));
  return {
    name: 'time',
    title: 'How long it takes',
    caption:
      'Each decade of α costs ln 10/ln(1 + μσ_r) steps; the time is linear in κ, where symmetric factors need κ².',
    spec: chart.figure([
      {
        title: 'First t with error below 0.1',
        x: { title: 'α', log: true },
        y: { title: 'steps' },
        marks: [
          chart.points(small, { x: 'alpha', y: 'hit', colour: '#0072B2', label: false }),
          chart.theory(law, { x: 'alpha', y: 'hit', name: 'predicted' }),
        ],
      },
      {
        title: 'First t with error below 0.02, α = 10⁻⁶',
        x: { title: 'κ', domain: [0.8, 4.2] },
        y: { title: 'steps', log: true },
        marks: [
          chart.points(condition, { x: 'condition', y: 'hit', colour: '#0072B2', label: false }),
          chart.theory(predicted(1), { x: 'condition', y: 'hit', name: 'predicted, by σᵣ' }),
          chart.theory(predicted(2), { x: 'condition', y: 'hit', name: 'by σᵣ² (UUᵀ)', colour: '#D55E00' }),
        ],
      },
    ]),
  };
}

function floors({ floors: rows }: Tables): Figure {
  const series = named(rows, ({ factor }) => `m = ${factor}r(n₁+n₂)`);
  const middle = medians(series, 'alpha', 'te', 'series');
  const law = grouped(series, 'series').flatMap((group) => {
    const expected = median(numbers(group, 'predicted'));
    const anchor = median(numbers(where(group, { alpha: 1e-5 }), 'te'));
    return [1e-3, 1e-7].map((alpha) => ({
      alpha,
      te: anchor * exp(expected * log(alpha / 1e-5)),
      series: group[0].series,
    }));
  });
  return {
    name: 'floors',
    title: 'The floor against α',
    caption:
      'For r = 1 the error ends at a floor ∝ α^{2(1−ρ)} (dashed, through the middle point): more measurements, a steeper law.',
    spec: chart.figure(
      [
        {
          title: 'Error at t = 500',
          width: 380,
          height: 280,
          x: { title: 'α', log: true },
          y: { title: 'relative error', log: true },
          marks: [
            chart.points(series, { x: 'alpha', y: 'te', by: 'series', label: false }),
            chart.line(middle, { x: 'alpha', y: 'te', by: 'series' }),
            chart.theory(law, { x: 'alpha', y: 'te', by: 'series' }),
          ],
        },
      ],
      { ordered: true },
    ),
  };
}

function widths({ widths: rows }: Tables): Figure {
  const words = { unit: 'entries N(0, α²)', perSqrtK: 'entries N(0, α²/k)' };
  const series = named(rows, ({ norm }) => words[norm as keyof typeof words]);
  const wide = series.filter(({ width }) => Number(width) > 2);
  const scaled = medians(where(wide, { norm: 'perSqrtK' }), 'width', 'hit');
  const growth = log(1 + STEP * median(numbers(rows, 'seen')));
  const law = scaled.map(({ width, hit }) => ({ width, hit: Number(hit) - log(Number(width)) / 2 / growth }));
  return {
    name: 'widths',
    title: 'Width and normalisation of the start',
    caption:
      'With entries N(0, α²) a wider pair starts larger: it hits sooner (dashed: by ln√k/ln(1 + μσ_r)) and ends higher. With N(0, α²/k) neither depends on the width.',
    spec: chart.figure([
      {
        title: 'First t with error below 0.1',
        x: { title: 'width k', log: true },
        y: { title: 'steps' },
        marks: [
          chart.points(series, { x: 'width', y: 'hit', by: 'series', label: false }),
          chart.line(medians(series, 'width', 'hit', 'series'), { x: 'width', y: 'hit', by: 'series' }),
          chart.theory(law, { x: 'width', y: 'hit', name: 'predicted' }),
        ],
      },
      {
        title: 'Error at t = 500, k > r',
        x: { title: 'width k', log: true },
        y: { title: 'relative error', log: true },
        marks: [
          chart.points(wide, { x: 'width', y: 'te', by: 'series', label: false }),
          chart.line(medians(wide, 'width', 'te', 'series'), { x: 'width', y: 'te', by: 'series' }),
        ],
      },
    ]),
  };
}

function late({ decay }: Tables): Figure {
  const series = named(decay, ({ kind, alpha }) => (kind === 'symmetric' ? 'UUᵀ' : `α = ${alpha}`));
  const law = [30, 10_000].map((t) => ({ t, te: 5 / t }));
  return {
    name: 'late',
    title: 'The late rate above the rank',
    caption:
      'With 𝒜 = I and k = 2r, symmetric factors slow down to 1/(2μt); an imbalanced pair goes on at a linear rate that its imbalance sets.',
    spec: chart.figure([
      {
        title: 'VWᵀ from two α, and UUᵀ; n = 20, r = 2, k = 4',
        width: 420,
        height: 280,
        x: { title: 'step t', log: true },
        y: { title: 'relative error', log: true, domain: [1e-14, 10] },
        marks: [
          chart.line(series, { x: 't', y: 'te', by: 'series' }),
          chart.theory(law, { x: 't', y: 'te', name: 'predicted, 1/(2μt)' }),
        ],
      },
    ]),
  };
}
