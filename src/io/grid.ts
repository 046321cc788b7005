// A matrix as text: one row a line, its numbers separated by commas, tabs, semicolons or blanks; a first line without any
// number is a header.

import { dataError } from '../errors.js';
import { type Matrix, matrix } from '../matrix.js';
import { type ByteSource, readAll } from './bytes.js';

const broken = (what: string, hint = 'write one row of numbers a line, separated by commas') =>
  dataError(`readGrid: ${what}`, hint);

/** The matrix. Every row has as many numbers as the first; what is no number is refused, by line and column. */
export async function readGrid(source: ByteSource): Promise<Matrix<Float64Array>> {
  const text = new TextDecoder().decode(await readAll(source));
  const lines = text.split(/\r?\n/);
  const rows: Float64Array[] = [];
  let separator: string | RegExp | undefined;
  lines.forEach((line, i) => {
    if (line.trim() === '') return;
    separator ??= [',', '\t', ';'].find((sign) => line.includes(sign)) ?? /\s+/;
    const cells = line.trim().split(separator);
    const values = cells.map((cell) => (cell.trim() === '' ? Number.NaN : Number(cell)));
    if (rows.length === 0 && values.every(Number.isNaN) && !/nan/i.test(line)) return;
    const bad = values.findIndex((value, j) => Number.isNaN(value) && !/^\s*[+-]?nan\s*$/i.test(cells[j]));
    if (bad >= 0) throw broken(`line ${i + 1}, column ${bad + 1} should be a number, got '${cells[bad].slice(0, 40)}'`);
    if (rows.length > 0 && values.length !== rows[0].length)
      throw broken(`line ${i + 1} should have ${rows[0].length} numbers like the first row, got ${values.length}`);
    rows.push(Float64Array.from(values));
  });
  if (rows.length === 0) throw broken('the file should hold numbers, got none');
  const A = matrix(rows.length, rows[0].length);
  rows.forEach((row, i) => {
    A.data.set(row, i * A.cols);
  });
  return A;
}
