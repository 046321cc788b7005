// Everything that a reproduction writes, as bytes by path: the same for the same rows, so that it can be made again and
// compared. Nothing in it depends on threads, time, host or path.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Block, htmlReport, renderPng, renderSvg } from 'lorank';
import type { Judged, JudgedClaim, JudgedControl } from './judge.js';
import type { Paper, Size, Status, Tables } from './paper.js';
import { toCsv } from './tables.js';

export interface Reproduced {
  readonly paper: Paper;
  readonly size: Size;
  readonly seed: number;
  readonly tables: Tables;
  readonly judged: Judged;
}

/** claims.json, claims.csv, rows/<table>.csv, figures/<name>.svg and .png, report.html. */
export async function outputsOf(made: Reproduced): Promise<ReadonlyMap<string, Uint8Array>> {
  const { paper, size, seed, tables, judged } = made;
  const files = new Map<string, Uint8Array>();
  const text = (path: string, content: string) => files.set(path, new TextEncoder().encode(content));
  text('claims.json', `${JSON.stringify(claimsDocument(made), undefined, 2)}\n`);
  text('claims.csv', claimsCsv(judged));
  for (const [table, rows] of Object.entries(tables)) text(`rows/${table}.csv`, toCsv(rows));
  const drawn: Block[] = [];
  for (const { name, title, caption, spec } of paper.figures(tables, size)) {
    const svg = await renderSvg(spec);
    text(`figures/${name}.svg`, svg);
    files.set(`figures/${name}.png`, await renderPng(svg, { fonts: fonts() }));
    drawn.push({ svg, title, caption });
  }
  text('report.html', report(paper, size, seed, judged, drawn));
  return files;
}

/** What claims.json holds. */
export const claimsDocument = ({ paper, size, seed, judged: { claims, controls, counts } }: Reproduced) => ({
  id: paper.id,
  title: paper.title,
  reference: paper.reference,
  size,
  seed,
  counts,
  claims,
  controls,
});

const fonts = (): string[] => {
  const home = dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json'));
  return ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) => join(home, 'ttf', name));
};

const quoted = (field: string | number): string => {
  const text = String(field);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

function claimsCsv({ claims, controls }: Judged): string {
  const rows = [
    ['id', 'kind', 'statement', 'statistic', 'band', 'value', 'status', 'note'],
    ...claims.map((c) => [c.id, 'claim', c.statement, c.statistic, c.band, c.value, c.status, c.note ?? '']),
    ...controls.map((c) => [
      c.id,
      'control',
      c.breaks,
      '',
      `fails ${c.guards.join(' ')}`,
      c.value,
      c.status,
      c.note ?? '',
    ]),
  ];
  return `${rows.map((row) => row.map(quoted).join(',')).join('\n')}\n`;
}

/** A statistic for a reader. */
export const valueText = (value: number | string): string =>
  typeof value === 'string'
    ? value
    : Math.abs(value) < 1e-3 && value !== 0
      ? value.toExponential(1)
      : String(Number(value.toPrecision(3)));

const MARKS: Readonly<Record<Status, string>> = {
  supported: 'good',
  'supported-in-range': 'part',
  'not-testable': 'none',
  contradicted: 'bad',
};

/** The status of a claim with its note, and of a control in its own words. */
export const statusText = (judged: JudgedClaim | JudgedControl): string => {
  const { status, note } = judged;
  const word = 'breaks' in judged && status === 'supported' ? 'fails, as it must' : status;
  return note ? `${word}: ${note}` : word;
};

function report(paper: Paper, size: Size, seed: number, { claims, controls, counts }: Judged, drawn: Block[]): string {
  const counted = Object.entries(counts).flatMap(([status, n]) => (n > 0 ? [`${n} ${status}`] : []));
  return htmlReport(paper.title, [
    { text: paper.reference },
    { text: `Size ${size}, seed ${seed}: ${counted.join(', ')} (claims and controls).` },
    { heading: 'Claims' },
    {
      table: {
        head: ['', 'statement', 'assumption', 'experiment', 'statistic', 'band', 'why this band', 'measured', 'status'],
        rows: claims.map((c) => [
          c.id,
          c.statement,
          `${c.assumption} (${c.checkable ? 'can be checked' : 'cannot be checked'})`,
          c.experiment,
          c.statistic,
          c.band,
          c.why,
          valueText(c.value),
          statusText(c),
        ]),
        marks: claims.map((c) => MARKS[c.status]),
      },
    },
    { heading: 'Controls: broken experiments on which a check must fail' },
    {
      table: {
        head: ['', 'guards', 'what is broken', 'measured', 'status'],
        rows: controls.map((c) => [c.id, c.guards.join(', '), c.breaks, valueText(c.value), statusText(c)]),
        marks: controls.map((c) => MARKS[c.status]),
      },
    },
    { heading: 'Figures' },
    ...drawn,
    { text: 'Experiments are consistent with a theorem, or not; they do not prove it.' },
  ]);
}
