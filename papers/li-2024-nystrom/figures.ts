// Rows → figures. Medians are lines, seeds are points, theory is dashed.

import { chart, type Panel, pow } from 'lorank';
import type { Figure, Row, Tables } from '../paper.js';
import { grouped, median, numbers, where } from '../statistics.js';
import { CONDITIONS, RANK } from './presets.js';

const GREY = '#8a8a8a';
const decades = (from: number, to: number, each = 10): number[] =>
  Array.from({ length: each * (to - from) + 1 }, (_, i) => pow(10, from + i / each));
const medians = (rows: readonly Row[], x: string, y: string): Row[] =>
  grouped(rows, x).map((runs) => ({ [x]: runs[0][x], [y]: median(numbers(runs, y)) }));

export const figures = (tables: Tables): Figure[] => [
  starts(tables),
  newton(tables),
  steps(tables),
  conditions(tables),
  pair(tables),
  family(tables),
  adapters(tables),
];

const course = ({ courses }: Tables, panel: string) =>
  chart.line(where(courses, { panel }), { x: 't', y: 'error', by: 'series' });

const error = { title: '‖UUᵀ − A‖ / ‖A‖', log: true, domain: [1e-16, 1e8] } as const;

function starts(tables: Tables): Figure {
  return {
    name: 'starts',
    title: 'The start decides whether convergence is quadratic',
    caption:
      'At κ = 100 and η = ½, the Nyström start brings the error to rounding in a dozen steps; a small random start only halves what lies outside the columns of A, and gradient descent needs thousands of steps.',
    spec: chart.figure(
      [
        {
          title: 'Three ways to start and descend',
          width: 340,
          height: 280,
          x: { title: 'step t + 1', log: true, domain: [1, 6000] },
          y: error,
          marks: [
            chart.line(
              where(tables.courses, { panel: 'starts' }).map((row) => ({ ...row, t: Number(row.t) + 1 })),
              { x: 't', y: 'error', by: 'series' },
            ),
          ],
        },
        {
          title: 'Nyström start plus noise: quadratic no more',
          width: 340,
          height: 280,
          x: { title: 'step t', domain: [0, 58] },
          y: { ...error, domain: [1e-16, 1e4] },
          marks: [course(tables, 'noise')],
        },
      ],
      { columns: 2 },
    ),
  };
}

function newton(tables: Tables): Figure {
  const rows = where(tables.courses, { panel: 'whitened' });
  const law = decades(-7, 4).map((w) => ({ w, next: (w * w) / (4 * (1 + w)) }));
  return {
    name: 'newton',
    title: 'One law for every κ: Newton’s iteration',
    caption:
      'The largest whitened error W of every step against the next one, for κ from 10 to 10⁴: all lie on w²/(4(1+w)), which halves W while it is large and squares it when it is small.',
    spec: chart.figure([
      {
        width: 420,
        height: 300,
        x: { title: 'whitened error Wₜ', log: true, domain: [1e-7, 1e4] },
        y: { title: 'Wₜ₊₁', log: true, domain: [1e-15, 1e4] },
        marks: [
          chart.theory(law, { x: 'w', y: 'next', name: 'w²/(4(1+w))' }),
          chart.points(rows, { x: 't', y: 'error', by: 'series' }),
        ],
      },
    ]),
  };
}

function steps(tables: Tables): Figure {
  const eta = Array.from({ length: 81 }, (_, i) => 0.1 + i / 100);
  return {
    name: 'steps',
    title: 'Half is the step',
    caption:
      'Only η = ½ is quadratic; every other step size converges at the rate |1 − 2η|, from any scale of Ω. The scale itself costs steps in its logarithm only.',
    spec: chart.figure([
      {
        title: 'Step sizes',
        x: { title: 'step t', domain: [0, 40] },
        y: { ...error, domain: [1e-16, 1e2] },
        marks: [course(tables, 'steps')],
      },
      {
        title: 'Rate of the tail',
        x: { title: 'η' },
        y: { title: 'last ratio of errors', domain: [0, 0.9] },
        marks: [
          chart.theory(
            eta.map((x) => ({ x, y: Math.abs(1 - 2 * x) })),
            { x: 'x', y: 'y', name: '|1 − 2η|' },
          ),
          chart.points(tables.rates, { x: 'stepSize', y: 'rate', colour: '#0072B2', label: false }),
        ],
      },
      {
        title: 'Scales of Ω',
        x: { title: 'step t', domain: [0, 26] },
        y: { ...error, domain: [1e-16, 1e14] },
        marks: [course(tables, 'scales')],
      },
    ]),
  };
}

function conditions({ exact, scales, perturbed, plain }: Tables): Figure {
  const own = where(scales, { scale: 1e-3 });
  const random = where(perturbed, { kind: 'random', noise: 1e-3 });
  const panels: Panel[] = [
    {
      title: `Rank ${RANK}: steps to 10⁻¹⁰`,
      width: 420,
      height: 300,
      x: { title: 'condition number κ', log: true, domain: [8, 2e4] },
      y: { title: 'steps', log: true, domain: [5, 1e4] },
      marks: [
        chart.points(exact, { x: 'condition', y: 'its', colour: GREY, label: false }),
        chart.line(medians(exact, 'condition', 'its'), { x: 'condition', y: 'its', name: 'Nyström, ξ = 1' }),
        chart.line(medians(own, 'condition', 'its'), { x: 'condition', y: 'its', name: 'Nyström, ξ = 0.001' }),
        chart.line(medians(random, 'condition', 'its'), { x: 'condition', y: 'its', name: 'random, ξ = 0.001' }),
        chart.line(medians(plain, 'condition', 'gd'), { x: 'condition', y: 'gd', name: 'gradient descent' }),
      ],
    },
  ];
  return {
    name: 'conditions',
    title: 'What ill-conditioning costs',
    caption: `Scaled steps pay log₂ κ at most (κ = ${CONDITIONS[0]} to 10⁴, ten seeds), gradient descent pays κ itself.`,
    spec: chart.figure(panels),
  };
}

function pair({ law, oneStep, sweeps, single }: Tables): Figure {
  const p = [1, 2, 3, 4, 5].map((t) => ({ t, error: [0.5, 0.125, 3.4722e-3, 3.0037e-6, 2.2555e-12][t - 1] }));
  const filled = oneStep.filter(({ width }) => width === RANK);
  const late = sweeps.filter(({ seed, t }) => seed === 0 && Number(t) > 0);
  const expected = [10, 100].flatMap((condition) => {
    const rows = where(late, { condition });
    const anchor = rows.find((row) => Number(row.excess) < 1e-4)!;
    return rows.map((row) => ({
      ...row,
      series: `κ = ${condition}`,
      theory: Number(anchor.excess) * pow(Number(row.predicted), Number(row.t) - Number(anchor.t)),
    }));
  });
  return {
    name: 'pair',
    title: 'A that is not symmetric',
    caption:
      'Both factors at once follow one scalar law for every κ. The first step alone is exact, when it goes through R of the factor; through VᵀV it loses κ twice. Below the rank, alternating steps are subspace iteration.',
    spec: chart.figure([
      {
        title: 'Both at once, η = ½',
        x: { title: 'step t', domain: [0.7, 7.3] },
        y: { title: '‖VWᵀ − A‖ / ‖A‖', log: true, domain: [1e-16, 1] },
        marks: [
          chart.theory(p, { x: 't', y: 'error', name: 'law' }),
          chart.points(law, { x: 't', y: 'error', colour: '#0072B2', label: false }),
        ],
      },
      {
        title: 'The first step alone',
        x: { title: 'condition number κ', log: true, domain: [5, 2e6] },
        y: { title: '‖VWᵀ − A‖ / ‖A‖', log: true, domain: [1e-16, 10] },
        marks: [
          chart.line(medians(single, 'condition', 'gram'), { x: 'condition', y: 'gram', name: 'VᵀV, f32' }),
          chart.line(medians(single, 'condition', 'error'), { x: 'condition', y: 'error', name: 'R, f32' }),
          chart.line(medians(filled, 'condition', 'gram'), { x: 'condition', y: 'gram', name: 'VᵀV, f64' }),
          chart.line(medians(filled, 'condition', 'error'), { x: 'condition', y: 'error', name: 'R, f64' }),
        ],
      },
      {
        title: 'Below the rank, η = 1',
        x: { title: 'sweep' },
        y: { title: 'excess over the best', log: true, domain: [1e-14, 1] },
        marks: [
          chart.theory(expected, { x: 't', y: 'theory', by: 'series' }),
          chart.points(
            expected.filter((_, i) => i % 3 === 0),
            { x: 't', y: 'excess', by: 'series' },
          ),
        ],
      },
    ]),
  };
}

function family({ completion, damped, courses }: Tables): Figure {
  const finite = numbers(completion, 'gd').filter(Number.isFinite);
  const cut = finite.every((t) => t <= 500) ? 500 : 1000;
  const gd = completion
    .filter(({ gd: steps }) => !Number.isNaN(Number(steps)))
    .map((row) => ({ ...row, gd: Math.min(Number(row.gd), cut) }));
  return {
    name: 'family',
    title: 'The family: entries that are missing, a rank that is unknown, factors that lock',
    caption: `ScaledGD completes at a pace free of κ (gradient descent is cut at ${cut} steps), ScaledGD(λ) finds an unknown rank in a dozen steps. From inside the columns of A with det ΦᵀΨ < 0, steps of both factors at once never converge.`,
    spec: chart.figure([
      {
        title: 'Completion',
        x: { title: 'condition number κ', log: true, domain: [0.9, 22] },
        y: { title: 'steps to 10⁻¹⁰', domain: [0, 1.2 * cut] },
        marks: [
          chart.line(medians(completion, 'condition', 'scaled'), { x: 'condition', y: 'scaled', name: 'ScaledGD' }),
          chart.line(medians(gd, 'condition', 'gd'), { x: 'condition', y: 'gd', name: 'gradient descent' }),
          chart.level('y', cut, 'cut'),
        ],
      },
      {
        title: 'ScaledGD(λ), width 10 for rank 5',
        x: { title: 'condition number κ', log: true, domain: [0.8, 2e3] },
        y: { title: 'steps to 10⁻⁶', domain: [0, 22] },
        marks: [
          chart.points(damped, { x: 'condition', y: 'its', colour: GREY, label: false }),
          chart.line(medians(damped, 'condition', 'its'), { x: 'condition', y: 'its', name: 'median' }),
          chart.level('y', 20, 'band'),
        ],
      },
      {
        title: 'A start inside, det ΦᵀΨ < 0',
        x: { title: 'step t', domain: [0, 60] },
        y: { title: '‖VWᵀ − A‖ / ‖A‖', log: true, domain: [1e-11, 1e5] },
        marks: [chart.line(where(courses, { panel: 'locked' }), { x: 't', y: 'error', by: 'series' })],
      },
    ]),
  };
}

function adapters({ weights, reach }: Tables): Figure {
  const started = [
    ['pissa', 'PiSSA'],
    ['nystrom', 'Nyström'],
    ['gaussian', 'Gaussian'],
  ] as const;
  const generic = where(reach, { kind: 'generic', width: 8 });
  const trained = [
    ['olora', 'OLoRA'],
    ['pissa', 'PiSSA'],
    ['orthogonal', 'orthogonal'],
    ['kaiming', 'kaiming'],
    ['nystrom', 'Nyström'],
  ] as const;
  return {
    name: 'adapters',
    title: 'Adapters: what a start captures, and what it can reach',
    caption:
      'On every layer of a pretrained transformer the sketch captures about half of what PiSSA does, and more than a blind Gaussian A. A generic change of rank 8 is learned by every adapter of rank 8 on a base left alone; on a base from which PiSSA or OLoRA took their start most of it is out of reach, whatever the learning rate.',
    spec: chart.figure([
      {
        title: 'Real weights, r = 8',
        x: { title: 'layer', domain: [76.6, 85.4] },
        y: { title: 'share of ‖W₀‖² in row(A)', domain: [0, 0.45] },
        marks: started.flatMap(([y, name]) => [
          chart.line(weights ?? [], { x: 'layer', y, name }),
          chart.points(weights ?? [], { x: 'layer', y, name, label: false }),
        ]),
      },
      {
        title: 'W₀ + ΔW, 300 steps of Adam',
        x: { title: 'learning rate', log: true, domain: [2e-3, 0.5] },
        y: { title: 'loss / loss without adapter', log: true, domain: [1e-14, 100] },
        marks: [
          ...trained.map(([method, name]) =>
            chart.line(medians(where(generic, { method }), 'learningRate', 'loss'), {
              x: 'learningRate',
              y: 'loss',
              name,
            }),
          ),
        ],
      },
    ]),
  };
}
