// Rows → figures. Medians are lines, seeds are points, theory is dashed.

import { chart, exp, log, type Mark, type Panel } from 'lorank';
import type { Figure, Row, Size, Tables } from '../paper.js';
import { grouped, median, numbers, where } from '../statistics.js';
import { BEST } from './claims.js';
import { finite, flat } from './measures.js';
import { STEP } from './presets.js';

const BLUE = '#0072B2';
const ORANGE = '#D55E00';
const GREEN = '#009E73';

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
/** Several columns as series of one. */
const stacked = (rows: readonly Row[], columns: Readonly<Record<string, string>>): Row[] =>
  Object.entries(columns).flatMap(([key, series]) => rows.map((row) => ({ t: row.t, value: row[key], series })));
const lines = (rows: readonly Row[], columns: Readonly<Record<string, string>>): Mark =>
  chart.line(stacked(rows, columns), { x: 't', y: 'value', by: 'series' });

export const figures = (tables: Tables, size: Size): Figure[] => [
  phases(tables),
  alignment(tables),
  initScale(tables),
  floors(tables),
  widths(tables),
  boundaries(tables),
  saddles(tables, size),
  noise(tables),
  slow(tables),
];

function phases({ curves }: Tables): Figure {
  const rows = curves.filter(({ t }) => Number(t) <= 220);
  const at = (isReached: (row: Row) => boolean) => Number(rows.find(isReached)?.t);
  const bounds = [
    chart.level(
      'x',
      at(({ alignment }) => Number(alignment) <= 0.05),
      'aligned',
    ),
    chart.level(
      'x',
      at(({ departure }) => Number(departure) >= 0.05),
      '',
    ),
    chart.level(
      'x',
      at(({ signal }) => Number(signal) >= Math.sqrt(0.1)),
      't₁',
    ),
  ];
  const growth = (key: string, lambda: number) => {
    const from = Number(rows[10][key]);
    const last = at(({ signal }) => Number(signal) >= Math.sqrt(0.1));
    return [10, last].map((t) => ({ t, value: from * exp((t - 10) * log(1 + STEP * lambda)) }));
  };
  return {
    name: 'phases',
    title: 'Three phases',
    caption:
      'I: U turns to the leading eigenvectors of M while every error stays at 1. II: the signal grows, faster than the noise. III: the errors fall, the noise rests, and U turns from M to X.',
    spec: chart.figure([
      {
        title: 'Errors, α = 10⁻⁶, one seed',
        width: 400,
        height: 270,
        x: { title: 'step t' },
        y: { title: 'relative to 1', log: true, domain: [1e-8, 2] },
        marks: [
          lines(rows, {
            error: 'error of X',
            loss: 'training loss',
            strengthOff: 'error of σ_r(U)',
            alignment: 'angle to M',
          }),
          ...bounds,
        ],
      },
      {
        title: 'Signal and noise',
        width: 340,
        height: 270,
        x: { title: 'step t' },
        y: { title: 'norm', log: true },
        marks: [
          lines(rows, { signal: 'σ_min(V_XᵀU)', noise: '‖UW_⊥‖' }),
          chart.theory(growth('signal', Number(rows[0].seen)), { x: 't', y: 'value', name: '(1+μλ_r)ᵗ', label: false }),
          chart.theory(growth('noise', Number(rows[0].next)), {
            x: 't',
            y: 'value',
            name: '(1+μλ_{r+1})ᵗ',
            label: false,
          }),
          ...bounds,
        ],
      },
    ]),
  };
}

function alignment({ curves }: Tables): Figure {
  const rows = curves.filter(({ t }) => Number(t) <= 120);
  const shadow = rows.filter(({ shadow }) => Number.isFinite(Number(shadow)));
  return {
    name: 'alignment',
    title: 'A small start is a power method',
    caption:
      'In the first phase the angle of U to the eigenvectors of M is that of the power method (points); its angle to X rests at that of M, and falls when the signal has grown.',
    spec: chart.figure([
      {
        title: 'Sines of largest angles, α = 10⁻⁶',
        width: 440,
        height: 280,
        x: { title: 'step t' },
        y: { title: 'sine', log: true, domain: [1e-4, 1.3] },
        marks: [
          chart.line(rows, { x: 't', y: 'alignment', name: 'U to M', colour: BLUE }),
          chart.points(shadow, { x: 't', y: 'shadow', name: '', colour: BLUE }),
          chart.line(rows, { x: 't', y: 'drift', name: 'U to X', colour: ORANGE }),
          chart.level('y', Number(rows[0].bias), 'M to X'),
        ],
      },
    ]),
  };
}

function initScale(tables: Tables): Figure {
  const rows = flat(tables);
  const hits = medians(rows, 'alpha', 'hit');
  const seen = median(numbers(rows, 'seen'));
  const law = hits.map(({ alpha }) => ({
    alpha,
    hit: Number(hits[0].hit) + log(Number(hits[0].alpha) / Number(alpha)) / log(1 + STEP * seen),
  }));
  const { large } = tables;
  const panels: Panel[] = [
    {
      title: 'Error at the end, k = n',
      x: { title: 'α', log: true },
      y: { title: '‖UUᵀ − X‖_F / ‖X‖_F', log: true },
      marks: [
        chart.points(rows, { x: 'alpha', y: 'te', colour: BLUE, label: false }),
        chart.line(medians(rows, 'alpha', 'te'), { x: 'alpha', y: 'te', name: 'n = 60', colour: BLUE }),
        chart.line(large, { x: 'alpha', y: 'te', name: `n = ${large[0].n}`, colour: ORANGE }),
      ],
    },
    {
      title: 'First t with error below 0.1',
      x: { title: 'α', log: true },
      y: { title: 'steps' },
      marks: [
        chart.points(rows, { x: 'alpha', y: 'hit', colour: BLUE, label: false }),
        chart.points(
          large.filter(({ alpha }) => Number(alpha) <= 1e-2),
          { x: 'alpha', y: 'hit', colour: ORANGE, label: false },
        ),
        chart.theory(law, { x: 'alpha', y: 'hit', name: 'ln(1/α)' }),
      ],
    },
  ];
  return {
    name: 'init-scale',
    title: 'The size of the start',
    caption:
      'The error falls nearly as a power of α; each decade of α costs ln 10/ln(1 + μλ_r) more steps (dashed), no more.',
    spec: chart.figure(panels),
  };
}

function floors({ floors: all }: Tables): Figure {
  const series = named(all, ({ factor }) => (Number.isFinite(Number(factor)) ? `m = ${factor}nr` : 'A = I'));
  const law = grouped(series, 'series').flatMap((group) => {
    const expected = median(numbers(group, 'predicted'));
    const anchor = median(numbers(where(group, { alpha: 1e-5 }), 'te'));
    return [1e-3, 1e-7].map((alpha) => ({
      alpha,
      te: anchor * exp(expected * log(alpha / 1e-5)),
      series: group[0].series,
    }));
  });
  const exponents = grouped(finite(all), 'factor').map((rows) => ({
    factor: rows[0].factor,
    predicted: median(numbers(rows, 'predicted')),
    found: median(
      grouped(rows, 'seed').map((runs) => {
        const te = (alpha: number) => Number(where(runs, { alpha })[0].te);
        return log(te(1e-3) / te(1e-7)) / log(1e4);
      }),
    ),
  }));
  return {
    name: 'floors',
    title: 'The floor against α',
    caption:
      'For r = 1 the error ends at a floor ∝ α^{2(1−ρ)} (dashed): m sets the exponent. The bound of the theorem, 21/16, is met from about m = 15nr on.',
    spec: chart.figure(
      [
        {
          title: 'Error at the end, r = 1',
          width: 360,
          height: 270,
          x: { title: 'α', log: true },
          y: { title: '‖UUᵀ − X‖_F / ‖X‖_F', log: true },
          marks: [
            chart.points(series, { x: 'alpha', y: 'te', by: 'series', label: false }),
            chart.line(medians(series, 'alpha', 'te', 'series'), { x: 'alpha', y: 'te', by: 'series' }),
            chart.theory(law, { x: 'alpha', y: 'te', by: 'series' }),
          ],
        },
        {
          title: 'Exponent',
          height: 270,
          x: { title: 'm / (nr)', log: true },
          y: { title: 'exponent of α' },
          marks: [
            chart.points(exponents, { x: 'factor', y: 'found', colour: BLUE, label: false }),
            chart.theory(exponents, { x: 'factor', y: 'predicted', name: '2(1−ρ)' }),
            chart.level('y', 21 / 16, '21/16'),
          ],
        },
      ],
      { ordered: true },
    ),
  };
}

function widths({ widthCurves, widths: all, largeWidths }: Tables): Figure {
  const curves = named(
    widthCurves.filter(({ t, width }) => Number(t) <= 120 && Number(t) >= 40 && ![8, 20].includes(Number(width))),
    ({ width }) => `k = ${width}`,
  );
  const last = Math.max(...numbers(widthCurves, 't'));
  const ends = where(widthCurves, { t: last });
  const rank = Math.min(...numbers(all, 'width'));
  const sizeOf = (rows: readonly Row[]) => `n = ${rows[0].n}, r = ${Math.min(...numbers(rows, 'width'))}`;
  return {
    name: 'widths',
    title: 'Width: sooner, and a floor',
    caption:
      'Wider factors start their fall a few steps sooner, until k ≈ 2r, and vary less. With k = r the error falls without a floor; for every k > r the floor is about the same.',
    spec: chart.figure(
      [
        {
          title: 'Error, α = 10⁻⁶, r = 2',
          x: { title: 'step t' },
          y: { title: '‖UUᵀ − X‖_F / ‖X‖_F', log: true, domain: [1e-3, 1.5] },
          marks: [chart.line(curves, { x: 't', y: 'te', by: 'series' })],
        },
        {
          title: 'First t with error below 0.5',
          x: { title: 'width k', log: true },
          y: { title: 'steps' },
          marks: [
            chart.points(all, { x: 'width', y: 'hit', colour: '#8a8a8a', label: false }),
            chart.line(medians(all, 'width', 'hit'), {
              x: 'width',
              y: 'hit',
              name: `median, r = ${rank}`,
              colour: BLUE,
            }),
            chart.line(largeWidths, { x: 'width', y: 'hit', name: sizeOf(largeWidths), colour: ORANGE }),
          ],
        },
        {
          title: `Error at t = ${last}`,
          x: { title: 'width k', log: true },
          y: { title: 'relative error', log: true },
          marks: [
            chart.line(ends, { x: 'width', y: 'te', name: 'n = 60', colour: BLUE }),
            chart.points(ends, { x: 'width', y: 'te', colour: BLUE, label: false }),
            chart.line(largeWidths, { x: 'width', y: 'te', name: sizeOf(largeWidths), colour: ORANGE }),
          ],
        },
      ],
      { ordered: true },
    ),
  };
}

function boundaries(tables: Tables): Figure {
  const rows = flat(tables);
  const pairs = [
    ['predictedAligned', 'aligned', 't_align', GREEN],
    ['predictedLinear', 'linear', 't_lin', ORANGE],
    ['predictedGrown', 'grown', 't₁', BLUE],
    ['predictedRefined', 'refined', 't₃', '#CC79A7'],
  ] as const;
  const marks = pairs.flatMap(([predicted, found, name, colour]) => [
    chart.points(rows, { x: predicted, y: found, name, colour }),
  ]);
  const most = Math.max(...numbers(rows, 'predictedRefined'));
  return {
    name: 'boundaries',
    title: 'Phases foretold',
    caption:
      'From M, the start and the step alone, before the first step: where the phases end, against where they end. t₃, from a rough rate for Gaussian measurements, comes out late.',
    spec: chart.figure([
      {
        title: 'α = 10⁻³ … 10⁻⁶, all seeds',
        width: 360,
        height: 300,
        x: { title: 'foretold step' },
        y: { title: 'step found' },
        marks: [
          ...marks,
          chart.theory(
            [0, most].map((t) => ({ t, same: t })),
            { x: 't', y: 'same', name: '' },
          ),
        ],
      },
    ]),
  };
}

function saddles({ curvesCurved, incremental }: Tables, size: Size): Figure {
  const wide = incremental.filter(({ width, seed }) => seed === 0 && Number(width) > 2);
  const narrow = incremental.filter(({ width, seed }) => seed === 0 && width === 2);
  return {
    name: 'saddles',
    title: 'Rests near saddles',
    caption:
      'With κ > 1 directions are learnt one after another. The error rests at that of the best approximation of the rank learnt so far, while the next direction grows by orders of magnitude; k = 2 < r stays there.',
    spec: chart.figure([
      {
        title: 'κ = 2, r = 2',
        x: { title: 'step t' },
        y: { title: 'relative error, norm', log: true, domain: [1e-6, 2] },
        marks: [
          lines(curvesCurved, { error: 'error of X', strong: 'σ₁(V_XᵀU)', signal: 'σ₂(V_XᵀU)', noise: 'noise' }),
          chart.level('y', 0.25, ''),
        ],
      },
      {
        title: `σ(X) = 1, 1/4, 1/16${size === 'quick' ? ', n = 40' : ''}`,
        x: { title: 'step t' },
        y: { title: '‖UUᵀ − X‖_F / ‖X‖_F', log: true },
        marks: [
          chart.line(wide, { x: 't', y: 'te', name: 'k = n', colour: BLUE }),
          chart.line(narrow, { x: 't', y: 'te', name: 'k = 2', colour: ORANGE }),
          chart.level('y', BEST[0], 'best of rank 1'),
          chart.level('y', BEST[1], 'best of rank 2'),
        ],
      },
    ]),
  };
}

function noise({ noiseCurves }: Tables): Figure {
  const ranks = numbers(noiseCurves, 'width');
  const [rank, wide] = [Math.min(...ranks), Math.max(...ranks)];
  const rows = noiseCurves.filter(({ t }) => Number(t) > 0);
  const curve = rows.filter(({ width }) => width === wide);
  const best = curve.reduce((a, b) => (Number(b.heldOut) < Number(a.heldOut) ? b : a));
  const series = named(rows, ({ width }) => (width === rank ? 'k = r' : `k = n = ${width}`));
  return {
    name: 'noise',
    title: 'Noise, and when to stop',
    caption:
      'Wide factors fit the noise in the end: the error falls and rises. The error on 60 measurements kept back has its minimum where the error of X has it.',
    spec: chart.figure([
      {
        title: 'Error of X',
        x: { title: 'step t', log: true },
        y: { title: '‖UUᵀ − X‖_F / ‖X‖_F', log: true },
        marks: [chart.line(series, { x: 't', y: 'te', by: 'series' }), chart.level('x', Number(best.t), 'stop')],
      },
      {
        title: 'Held-out misfit',
        x: { title: 'step t', log: true },
        y: { title: 'squared misfit', log: true },
        marks: [chart.line(series, { x: 't', y: 'heldOut', by: 'series' }), chart.level('x', Number(best.t), 'stop')],
      },
    ]),
  };
}

function slow({ condition, race, late }: Tables): Figure {
  const kappas = [1, 1.5, 2, 3, 4];
  const law = kappas.map((k) => ({ condition: k, hit: log(1e6) / log(1 + STEP / (k * k)) }));
  const scaledSteps = medians(where(race, { method: 'scaled' }), 'condition', 'hit');
  const gradientSteps = medians(where(race, { method: 'gradient' }), 'condition', 'hit');
  return {
    name: 'speed',
    title: 'What κ and width cost, and what damped scaled steps save',
    caption:
      'Gradient descent needs κ² steps, and with k > r and 𝒜 = I ends at the pace 1/t; ScaledGD(λ) needs as many for every κ, until σ_r is no larger than what 𝒜 adds to it (κ = 8).',
    spec: chart.figure([
      {
        title: 'First t with error below 0.02',
        x: { title: 'κ' },
        y: { title: 'steps', log: true },
        marks: [
          chart.points(condition, { x: 'condition', y: 'hit', colour: BLUE, label: false }),
          chart.theory(law, { x: 'condition', y: 'hit', name: '∝ κ²' }),
        ],
      },
      {
        title: 'Steps to 10⁻⁵, α = 10⁻¹⁰',
        x: { title: 'κ' },
        y: { title: 'steps', log: true },
        marks: [
          chart.line(scaledSteps, { x: 'condition', y: 'hit', name: 'ScaledGD(λ)', colour: GREEN }),
          chart.points(scaledSteps, { x: 'condition', y: 'hit', colour: GREEN, label: false }),
          chart.line(gradientSteps, { x: 'condition', y: 'hit', name: 'gradient', colour: BLUE }),
          chart.points(gradientSteps, { x: 'condition', y: 'hit', colour: BLUE, label: false }),
        ],
      },
      {
        title: 'A = I, k = 2r, μ = 0.1',
        x: { title: 'step t', log: true },
        y: { title: 'relative error', log: true },
        marks: [
          chart.line(
            named(late, ({ seed }) => `seed ${seed}`),
            { x: 't', y: 'te', by: 'series', label: false },
          ),
          chart.theory(
            [100, 10_000].map((t) => ({ t, te: 5 / t })),
            { x: 't', y: 'te', name: '1/(2μt)' },
          ),
        ],
      },
    ]),
  };
}
