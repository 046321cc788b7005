// Spectra for a reader: the row of a layer, the sentence on ranks, and a page with a figure for each kind of layer.

import { basename } from 'node:path';
import type { LayerSpectrum } from '../../lora/spectrum.js';
import { exp, log } from '../../random/index.js';
import { chart, htmlReport } from '../../report/index.js';
import { renderSvg } from '../../report/svg.js';
import { figure, grouped } from '../table.js';

const percent = (share: number): string => `${figure(100 * share)} %`;

/** The columns of the table. */
export const HEAD = (energy: number) => [
  'layer',
  'shape',
  'r',
  'σ₁',
  '‖·‖_F',
  'stable',
  'effective',
  `r for ${percent(energy)}`,
];

export const row = ({
  path,
  outputs,
  inputs,
  rank,
  values,
  norm,
  stableRank,
  effectiveRank,
  suggestedRank,
}: LayerSpectrum) => [
  path,
  `${outputs}×${inputs}`,
  rank === undefined ? '–' : String(rank),
  figure(values[0]),
  figure(norm),
  figure(stableRank),
  effectiveRank === null ? '–' : figure(effectiveRank),
  suggestedRank === null ? `> ${values.length}` : String(suggestedRank),
];

/** One sentence: which rank would do. */
export function advice(layers: readonly LayerSpectrum[], energy: number): string {
  const known = layers.map(({ suggestedRank }) => suggestedRank).filter((r) => r !== null);
  const most = Math.max(0, ...known);
  if (layers.every(({ norm }) => norm === 0)) return 'every layer is zero: the adapter has not been trained';
  if (known.length < layers.length)
    return `${grouped(layers.length - known.length)} of ${grouped(layers.length)} layers need a rank beyond the values computed (--leading)`;
  const middle = [...known].sort((a, b) => a - b)[(known.length - 1) >> 1];
  return `rank ${most} holds ${percent(energy)} of ‖·‖_F² in every layer; rank ${middle} does in half of them`;
}

/** Points of a line, at most. */
const POINTS = 80;
/** Lines of a panel that are named, at most. */
const NAMED = 6;

const NUMBER = /(?<=\.)\d+(?=\.)/g;
/** The same for a layer in every block: model.layers.#.self_attn.q_proj. */
const kindOf = (path: string): string => path.replace(NUMBER, '#');
/** The block of a layer: 0 of model.layers.0.self_attn.q_proj. */
const blockOf = (path: string): string => path.match(NUMBER)?.join('.') ?? '';
const lastOf = (kind: string): string => kind.slice(kind.lastIndexOf('.') + 1);

/** σ_j by j, at most POINTS of them, as far apart on a logarithmic axis. */
function points(values: readonly number[]): { j: number; value: number }[] {
  const count = values.filter((value) => value > 0).length;
  const places = Array.from({ length: POINTS }, (_, i) => Math.round(exp((log(count) * i) / (POINTS - 1))));
  return [...new Set(places)].map((j) => ({ j, value: values[j - 1] }));
}

async function panels(layers: readonly LayerSpectrum[]): Promise<string> {
  const kinds = [...new Set(layers.map(({ path }) => kindOf(path)))];
  const lines = layers.filter(({ norm }) => norm > 0);
  const made = kinds.map((kind) => {
    const own = lines.filter(({ path }) => kindOf(path) === kind);
    const rows = own.flatMap(({ path, values }) => points(values).map((point) => ({ ...point, block: blockOf(path) })));
    const ranks = own.map(({ suggestedRank }) => suggestedRank ?? 0);
    const most = Math.max(0, ...ranks);
    const marks = [chart.line(rows, { x: 'j', y: 'value', by: 'block', label: own.length <= NAMED })];
    if (most > 0 && !ranks.includes(0)) marks.push(chart.level('x', most, `r = ${most}`));
    const alone = kinds.filter((other) => lastOf(other) === lastOf(kind)).length === 1;
    return { title: alone ? lastOf(kind) : kind, x: { title: 'j', log: true }, y: { title: 'σ_j', log: true }, marks };
  });
  return renderSvg(chart.figure(made, { ordered: true }));
}

/** The text of a page. */
export async function page(path: string, layers: readonly LayerSpectrum[], energy: number): Promise<string> {
  const there = layers.some(({ norm }) => norm > 0);
  const caption = `A line for each block, from dark to light. Dotted: the least rank that holds ${percent(energy)} of ‖·‖_F² in every layer of the panel.`;
  return htmlReport(`Spectrum of ${basename(path)}`, [
    { text: `${advice(layers, energy)}.` },
    ...(there ? [{ svg: await panels(layers), title: 'Singular values', caption }] : []),
    { table: { head: HEAD(energy), rows: layers.map(row) } },
    {
      text: 'Stable rank is ‖·‖_F²/σ₁². Effective rank is the exponential of the entropy of σ/Σσ. The last column is the suggested rank: the least one that holds that share of ‖·‖_F².',
    },
  ]);
}
