// Draws docs/demo.svg: the last screen of `lorank demo`, as a terminal of 80 columns shows it.
//   node scripts/picture.mjs

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { bundleWorkers } from './bundle-workers.mjs';

const root = resolve(fileURLToPath(import.meta.url), '..', '..');
const COLUMNS = 80;
const SEQUENCE = new RegExp(`${String.fromCharCode(27)}\\[([\\d;?]*)([A-Za-z])|([\\s\\S])`, 'gu');
const CELL = { width: 8.4, height: 18 };
const MARGIN = 20;
const COLOURS = {
  text: '#d8dee9',
  dim: '#7b8394',
  bold: '#ffffff',
  31: '#e06c75',
  32: '#98c379',
  33: '#e5c07b',
  36: '#56b6c2',
};

/** What the demo writes to a terminal. */
async function capture() {
  const folder = await mkdtemp(join(root, 'node_modules', '.picture-'));
  const outfile = join(folder, 'main.mjs');
  await bundleWorkers();
  await build({
    absWorkingDir: root,
    stdin: {
      contents: `export * from './src/cli/demonstration.ts';\nexport * from './src/cli/context.ts';`,
      resolveDir: root,
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    conditions: ['node'],
    outfile,
  });
  const { demonstrate, makeContext } = await import(pathToFileURL(outfile).href);
  let written = '';
  const stream = {
    isTTY: true,
    columns: COLUMNS,
    rows: 60,
    on: () => stream,
    once: () => stream,
    off: () => stream,
    write(data, done) {
      written += data;
      done?.();
      return true;
    },
  };
  const io = { stdout: stream, stderr: stream, env: { TERM: 'xterm-256color' }, signal: new AbortController().signal };
  await demonstrate(makeContext(io, { json: false, quiet: false, debug: false }), {});
  await rm(folder, { recursive: true });
  return written;
}

/** The cells of the screen after the text: what a terminal makes of returns, cursor-up, clear-to-end-of-line and colours. */
function screen(text) {
  const rows = [[]];
  let [y, x, style] = [0, 0, 'text'];
  for (const [, parameters, command, character] of text.matchAll(SEQUENCE)) {
    if (command === 'A') y = Math.max(0, y - Number(parameters || 1));
    else if (command === 'K') rows[y].length = Math.min(rows[y].length, x);
    else if (command === 'J') rows.length = y + 1;
    else if (command === 'm') style = { 0: 'text', 1: 'bold', 2: 'dim' }[parameters || 0] ?? parameters;
    else if (character === '\n') [y, x] = [y + 1, 0];
    else if (character === '\r') x = 0;
    else if (character !== undefined) rows[y][x++] = { character, style };
    rows[y] ??= [];
  }
  return rows;
}

const escaped = (text) => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
const EIGHTHS = ' ▏▎▍▌▋▊▉█';

/** Runs of one style as texts of a fixed length, blocks as rectangles: the picture does not depend on a font. */
function drawing(rows) {
  const parts = [];
  rows.forEach((row, y) => {
    const top = MARGIN + y * CELL.height;
    const cells = Array.from(row, (cell) => cell ?? { character: ' ', style: 'text' });
    for (let x = 0; x < cells.length; ) {
      const { style } = cells[x];
      const isBlock = ({ character }) => EIGHTHS.indexOf(character) > 0;
      const block = isBlock(cells[x]);
      let end = x;
      while (end < cells.length && cells[end].style === style && isBlock(cells[end]) === block) end++;
      const run = cells.slice(x, end).map(({ character }) => character);
      const left = MARGIN + x * CELL.width;
      const colour = COLOURS[style] ?? COLOURS.text;
      if (block) {
        const eighths = run.reduce((sum, character) => sum + EIGHTHS.indexOf(character), 0);
        const width = (eighths / 8) * CELL.width;
        parts.push(
          `<rect x="${left.toFixed(1)}" y="${top + 3}" width="${width.toFixed(1)}" height="12" fill="${colour}"/>`,
        );
      } else
        for (const { index, 0: word } of run.join('').matchAll(/\S+( \S+)*/g)) {
          const at = (left + index * CELL.width).toFixed(1);
          const length = (word.length * CELL.width).toFixed(1);
          const weight = style === 'bold' ? ' font-weight="bold"' : '';
          parts.push(
            `<text x="${at}" y="${top + 14}" textLength="${length}" fill="${colour}"${weight}>${escaped(word)}</text>`,
          );
        }
      x = end;
    }
  });
  const columns = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const width = (2 * MARGIN + columns * CELL.width).toFixed(0);
  const height = 2 * MARGIN + rows.length * CELL.height;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" xml:space="preserve">`,
    '<title>The last screen of lorank demo</title>',
    `<rect width="100%" height="100%" rx="8" fill="#1d2129"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

const rows = screen(await capture());
while (rows.at(-1).length === 0) rows.pop();
await writeFile(resolve(root, 'docs/demo.svg'), drawing(rows));
