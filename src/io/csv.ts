// Comma-separated text, written (RFC 4180, with \n): predictions, tables. Numbers are the shortest text that reads back
// as the same number; null and NaN are empty.

import { numberText } from './numbers.js';

/** What a cell may hold. */
export type Cell = string | number | null;

const ROWS = 4096; // a piece

/** A header and rows, in pieces. */
export function* writeCsv(names: readonly string[], rows: Iterable<readonly Cell[]>): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let piece = record(names);
  let held = 1;
  for (const row of rows) {
    piece += record(row);
    if (++held === ROWS) {
      yield encoder.encode(piece);
      piece = '';
      held = 0;
    }
  }
  if (held > 0) yield encoder.encode(piece);
}

// a record of one empty cell is quoted, so that it does not read as an empty line
const record = (cells: readonly Cell[]) =>
  `${cells.length === 1 && cell(cells[0]) === '' ? '""' : cells.map(cell).join(',')}\n`;

function cell(value: Cell): string {
  if (value === null || Number.isNaN(value)) return '';
  const text = typeof value === 'number' ? numberText(value) : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
