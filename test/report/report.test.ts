// Figures are pure functions of rows; drawn, their text is there; a page stands alone.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPng } from '../../src/io/png.js';
import { matrix } from '../../src/matrix.js';
import { apart, tickLabel, ticks } from '../../src/report/axes.js';
import { chart, htmlReport } from '../../src/report/index.js';
import { renderPng } from '../../src/report/png.js';
import { ramp } from '../../src/report/style.js';
import { renderSvg } from '../../src/report/svg.js';

const rows = [10, 20].flatMap((k) =>
  Array.from({ length: 20 }, (_, t) => ({ t, k: `k = ${k}`, error: Math.exp(-t / k), low: 0.9, high: 1.1 })),
);
const panel = {
  title: 'Decay',
  x: { title: 'step t' },
  y: { title: 'error', log: true },
  marks: [
    chart.line(rows, { x: 't', y: 'error', by: 'k' }),
    chart.theory(rows.slice(0, 20), { x: 't', y: 'error', name: 'law' }),
    chart.band(rows, { x: 't', low: 'low', high: 'high' }),
    chart.level('x', 5, 'phase'),
  ],
};
const home = dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json'));
const fonts = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) => join(home, 'ttf', name));

describe('axes', () => {
  it('labels keep their order, stand at least a gap apart, and inside the room where there is enough', () => {
    const heights = fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { maxLength: 15 });
    fc.assert(
      fc.property(heights, (wanted) => {
        const placed = apart(wanted, 200, 12);
        const order = [...wanted.keys()].sort((a, b) => wanted[a] - wanted[b] || a - b);
        for (let i = 1; i < order.length; i++)
          expect(placed[order[i]] - placed[order[i - 1]]).toBeGreaterThan(12 - 1e-9);
        for (const at of placed) expect(at >= -1e-9 && at <= 200 + 1e-9).toBe(true);
      }),
    );
  });
  it('labels that have room stay where they are', () => expect(apart([150, 20, 80], 200, 12)).toEqual([150, 20, 80]));
  it('ticks of a logarithmic axis lie in it, at powers of ten, with 2 and 5 within two decades', () => {
    expect(ticks([1e-7, 1e-2], 220)).toEqual([1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2]);
    expect(ticks([3, 250], 300)).toEqual([5, 10, 20, 50, 100, 200]);
    expect(ticks([1e-16, 1], 100).length).toBeLessThan(6);
  });
  it('labels of ticks', () =>
    expect([1, 0.05, 200, 1e-7, 1e4, 2e-5].map(tickLabel)).toEqual(['1', '0.05', '200', '10⁻⁷', '10⁴', '2·10⁻⁵']));
  it('colours of an order grow lighter', () => {
    const weights = [0.2126, 0.7152, 0.0722];
    const light = ramp(7).map((hex) =>
      weights.reduce((sum, w, i) => sum + w * Number.parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16), 0),
    );
    expect([...light].sort((a, b) => a - b)).toEqual(light);
  });
});

describe('a figure', () => {
  it('is the same for the same rows, and holds them', () => {
    const spec = chart.figure([panel]);
    expect(chart.figure([panel])).toEqual(spec);
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
  });

  it('leaves out what a logarithmic axis cannot show', () => {
    const marks = [
      chart.line(
        [
          ...rows,
          { t: 1, k: 'k = 10', error: 0, low: 1, high: 1 },
          { t: 1, k: 'k = 10', error: Number.NaN, low: 1, high: 1 },
        ],
        { x: 't', y: 'error', by: 'k' },
      ),
    ];
    expect(chart.figure([{ ...panel, marks }])).toEqual(
      chart.figure([{ ...panel, marks: [chart.line(rows, { x: 't', y: 'error', by: 'k' })] }]),
    );
  });

  it('is drawn with its axes, names and theory as text, twice the same', async () => {
    const svg = await renderSvg(chart.figure([panel, { ...panel, title: 'Again' }], { ordered: true }));
    for (const text of ['Decay', 'Again', 'step t', 'error', 'k = 10', 'k = 20', 'law', 'phase'])
      expect(svg).toContain(`>${text}</text>`);
    expect(await renderSvg(chart.figure([panel, { ...panel, title: 'Again' }], { ordered: true }))).toBe(svg);
  });

  it('becomes a picture, with its text, at twice its size', async () => {
    const svg = await renderSvg(chart.figure([panel]));
    const [drawn, bare] = await Promise.all([fonts, []].map((files) => renderPng(svg, { fonts: files })));
    const ink = (png: Uint8Array) => readPng(png).colours[0].data.reduce((sum, v) => sum + (v < 128 ? 1 : 0), 0);
    expect(ink(drawn)).toBeGreaterThan(1.2 * ink(bare));
    const [, width] = /width="(\d+)"/.exec(svg)!;
    expect(readPng(drawn).colours[0].cols).toBe(2 * Number(width));
  });

  it('shows a matrix as an image: dark for the smallest entry, light for the largest, zoomed', async () => {
    const url = chart.heatmap(matrix(2, 2, Float64Array.of(0, 1, 1, 0)), { zoom: 3 });
    const { colours } = readPng(Uint8Array.from(Buffer.from(url.split(',')[1], 'base64')));
    expect([colours[0].rows, colours[0].cols]).toEqual([6, 6]);
    expect([...colours[0].data.slice(0, 6)]).toEqual([0x44, 0x44, 0x44, 0xb9, 0xb9, 0xb9]);
    const image = {
      x: { title: 'j', domain: [0, 2] as const },
      y: { title: 'i', domain: [0, 2] as const },
      marks: [chart.image(url)],
    };
    expect(await renderSvg(chart.figure([image]))).toContain('data:image/png;base64,');
  });
});

describe('a page', () => {
  const page = htmlReport('A & B', [
    { heading: 'Claims' },
    { text: 'α < 1' },
    { table: { head: ['id'], rows: [['<b>'], [2]], marks: ['good', 'bad'] } },
    { svg: '<svg/>', title: 'T', caption: 'C' },
  ]);
  it('stands alone: no script, nothing to load', () =>
    expect(page).not.toMatch(/<script|<link|src=|@import|url\((?!#)/));
  it('keeps the clip paths of its figures apart', () => {
    const svg = '<svg><g clip-path="url(#clip1)"/><clipPath id="clip1"/></svg>';
    const ids = htmlReport(
      '',
      [1, 2].map(() => ({ svg, title: '', caption: '' })),
    ).match(/figure\d-clip1/g);
    expect(ids).toEqual(['figure0-clip1', 'figure0-clip1', 'figure1-clip1', 'figure1-clip1']);
  });
  it('shows what it is given, not what it could mean', () => {
    expect(page).toContain('<td>&lt;b&gt;</td>');
    expect(page).toContain('<title>A &amp; B</title>');
    expect(page).toContain('<p>α &lt; 1</p>');
    expect(page).toContain('<svg/>');
  });
});
