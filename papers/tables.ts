// Rows as CSV, one file a table, so that a claim can be judged again, or a figure drawn again, from the files alone. What is
// read equals what was written: numbers in their shortest exact form, words that could be taken for numbers refused.

import type { Cell, Row, Tables } from './paper.js';

const isNumber = (text: string): boolean => text === 'NaN' || (text.trim() !== '' && !Number.isNaN(Number(text)));

const text = (value: Row[string]): string => {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'boolean') return String(value);
  if (isNumber(value) || value === 'true' || value === 'false' || /[",\r\n]/.test(value))
    throw new Error(`rows: a word should be no number and hold no comma, quote or line break, got ${value}`);
  return value;
};

const value = (cell: string): Row[string] => {
  if (cell === 'true' || cell === 'false') return cell === 'true';
  return isNumber(cell) ? Number(cell) : cell;
};

/** The rows as a CSV file. @throws unless all rows have the keys of the first, in its order. */
export function toCsv(rows: readonly Row[]): string {
  if (rows.length === 0) return '';
  const keys = Object.keys(rows[0]);
  const lines = rows.map((row, i) => {
    if (Object.keys(row).join() !== keys.join())
      throw new Error(`rows: row ${i} should have the keys ${keys.join(', ')}, got ${Object.keys(row).join(', ')}`);
    return keys.map((key) => text(row[key])).join(',');
  });
  return `${[keys.join(','), ...lines].join('\n')}\n`;
}

/** What toCsv wrote. */
export function fromCsv(csv: string): Row[] {
  const [head, ...lines] = csv.split('\n').filter((line) => line !== '');
  if (head === undefined) return [];
  const keys = head.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, j) => [keys[j], value(cell)])));
}

/** The rows of all cells by table, in the order of the grid, however the cells were run. */
export function gather(cells: readonly Cell[], rowsOf: (cell: Cell) => readonly Row[]): Tables {
  const tables: Record<string, Row[]> = {};
  for (const cell of cells) (tables[cell.table] ??= []).push(...rowsOf(cell));
  return tables;
}
