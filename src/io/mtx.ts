// Matrix Market (https://math.nist.gov/MatrixMarket/formats.html): coordinate and array; real, integer and pattern;
// general, symmetric and skew-symmetric. What symmetry leaves out is filled in. Complex matrices are refused.

import { dataError, plural } from '../errors.js';
import { at, type Matrix, matrix } from '../matrix.js';
import { type ByteSource, chunks, wholeLines } from './bytes.js';
import { decimal, numberText, tokenOf } from './numbers.js';

/** The first lines of a Matrix Market file. */
export interface MtxHeader {
  readonly format: 'coordinate' | 'array';
  readonly field: 'real' | 'integer' | 'pattern';
  readonly symmetry: 'general' | 'symmetric' | 'skew-symmetric';
  readonly rows: number;
  readonly cols: number;
  /** Lines of entries the file promises. */
  readonly lines: number;
}

/** Entries of a matrix by place, counted from 0; each comes as often as in the file. */
export interface Coordinates {
  readonly rows: Int32Array;
  readonly cols: Int32Array;
  readonly values: Float64Array;
  readonly count: number;
}

const broken = (what: string, hint = 'see math.nist.gov/MatrixMarket/formats.html') =>
  dataError(`readMatrixMarket: ${what}`, hint);

const LARGEST = 2 ** 31 - 1;

/** The entries block by block, those that symmetry implies among them; the header first. */
export async function* matrixMarketEntries(source: ByteSource): AsyncGenerator<Coordinates & { header: MtxHeader }> {
  let header: MtxHeader | undefined;
  const banner: string[] = [];
  let line = 0;
  let seen = 0; // lines of entries
  const cursor = { r: 0, c: 0 }; // the place of the next entry of an array
  for await (const bytes of wholeLines(chunks(source))) {
    let i = 0;
    let out = room(0);
    let count = 0;
    const put = (r: number, c: number, v: number) => {
      if (count === out.rows.length) out = room(Math.max(1 << 12, 2 * count), out);
      out.rows[count] = r;
      out.cols[count] = c;
      out.values[count++] = v;
    };
    while (i < bytes.length) {
      line++;
      let stop = bytes.indexOf(10, i);
      const next = stop + 1;
      while (stop > i && bytes[stop - 1] <= 32) stop--;
      while (i < stop && bytes[i] <= 32) i++;
      if (!header) {
        const text = new TextDecoder().decode(bytes.subarray(i, stop));
        if (banner.length === 0 || (text !== '' && !text.startsWith('%'))) banner.push(text);
        if (banner.length === 2) {
          header = parseHeader(banner[0], banner[1]);
          cursor.r = firstRow(0, header.symmetry);
        }
      } else if (i < stop && bytes[i] !== 37) {
        if (seen === header.lines)
          throw broken(
            `line ${line}: the file should have ${header.lines} ${plural(header.lines, 'entry', 'entries')}, got more`,
          );
        readEntry(bytes, i, stop, header, cursor, line, put);
        seen++;
      }
      i = next;
    }
    if (header) yield { ...out, count, header };
  }
  if (!header) throw broken(banner.length ? 'the size line is missing' : 'the file is empty');
  if (seen < header.lines)
    throw broken(
      `the file should have ${header.lines} ${plural(header.lines, 'entry', 'entries')}, got ${seen}`,
      'the file is truncated: copy or download it again',
    );
}

function room(length: number, old?: Omit<Coordinates, 'count'>) {
  const out = { rows: new Int32Array(length), cols: new Int32Array(length), values: new Float64Array(length) };
  if (old) {
    out.rows.set(old.rows);
    out.cols.set(old.cols);
    out.values.set(old.values);
  }
  return out;
}

function parseHeader(banner: string, sizes: string): MtxHeader {
  const [mark, object, format, field, symmetry] = banner.toLowerCase().split(/\s+/);
  if (mark !== '%%matrixmarket' || object !== 'matrix')
    throw broken(`the file should start with '%%MatrixMarket matrix', got '${banner.slice(0, 60)}'`);
  if (format !== 'coordinate' && format !== 'array')
    throw broken(`the format should be coordinate or array, got '${format}'`);
  const kind = field === 'double' ? 'real' : field;
  if ((kind !== 'real' && kind !== 'integer' && kind !== 'pattern') || (kind === 'pattern' && format === 'array'))
    throw broken(`the entries should be real, integer or (coordinates) pattern, got '${field}'`);
  if (symmetry !== 'general' && symmetry !== 'symmetric' && symmetry !== 'skew-symmetric')
    throw broken(`the symmetry should be general, symmetric or skew-symmetric, got '${symmetry}'`);
  const numbers = sizes.split(/\s+/).map((text) => (/^\d+$/.test(text) ? Number(text) : Number.NaN));
  const [rows, cols] = numbers;
  const wanted = format === 'array' ? 2 : 3;
  if (numbers.length !== wanted || !numbers.every(Number.isSafeInteger) || rows > LARGEST || cols > LARGEST)
    throw broken(`the size line should be ${wanted} whole numbers, got '${sizes.slice(0, 60)}'`);
  if (symmetry !== 'general' && rows !== cols)
    throw broken(`a ${symmetry} matrix should be square, got ${rows}×${cols}`);
  const lower = symmetry === 'symmetric' ? (rows * (rows + 1)) / 2 : (rows * (rows - 1)) / 2;
  const lines = format === 'coordinate' ? numbers[2] : symmetry === 'general' ? rows * cols : lower;
  return { format, field: kind, symmetry, rows, cols, lines };
}

function readEntry(
  bytes: Uint8Array,
  start: number,
  stop: number,
  header: MtxHeader,
  cursor: { r: number; c: number },
  line: number,
  put: (r: number, c: number, v: number) => void,
): void {
  const { rows, cols, symmetry } = header;
  let i = start;
  const token = (): [number, number] => {
    while (i < stop && bytes[i] <= 32) i++;
    const from = i;
    while (i < stop && bytes[i] > 32) i++;
    return [from, i];
  };
  let r: number;
  let c: number;
  if (header.format === 'coordinate') {
    r = decimal(bytes, ...token()) - 1;
    c = decimal(bytes, ...token()) - 1;
    if (!(Number.isInteger(r) && Number.isInteger(c) && r >= 0 && c >= 0 && r < rows && c < cols))
      throw broken(`line ${line} should start with a place within ${rows}×${cols}, got '${text(bytes, start, stop)}'`);
  } else {
    ({ r, c } = cursor);
    advance(cursor, header);
  }
  const v = header.field === 'pattern' ? 1 : numberAt(bytes, token(), line);
  const [from] = token();
  if (from < stop) throw broken(`line ${line} has more than an entry: '${text(bytes, start, stop)}'`);
  put(r, c, v);
  if (symmetry === 'general' || (r === c && symmetry === 'symmetric')) return;
  if (r === c || r < c) throw broken(`line ${line}: a ${symmetry} matrix lists entries below the diagonal only`);
  put(c, r, symmetry === 'symmetric' ? v : -v);
}

/** The place after (r, c) in an array: down the column, then the next one from its top, or from the diagonal or below it. */
function advance(cursor: { r: number; c: number }, { rows, symmetry }: MtxHeader): void {
  if (++cursor.r < rows) return;
  cursor.c++;
  cursor.r = firstRow(cursor.c, symmetry);
}

const firstRow = (c: number, symmetry: MtxHeader['symmetry']) =>
  symmetry === 'general' ? 0 : symmetry === 'symmetric' ? c : c + 1;

function numberAt(bytes: Uint8Array, [start, stop]: [number, number], line: number): number {
  const value = decimal(bytes, start, stop);
  if (!Number.isNaN(value)) return value;
  const written = text(bytes, start, stop);
  if (/^nan$/i.test(written)) return Number.NaN;
  if (tokenOf(written).token === 'not finite') return written.startsWith('-') ? -Infinity : Infinity;
  throw broken(`line ${line}: the value should be a number, got '${written}'`);
}

const text = (bytes: Uint8Array, start: number, stop: number) =>
  new TextDecoder().decode(bytes.subarray(start, Math.min(stop, start + 60)));

/** The whole file: coordinates as they stand (duplicates kept, no order), or a dense matrix. */
export async function readMatrixMarket(
  source: ByteSource,
): Promise<{ header: MtxHeader; coordinates?: Coordinates; dense?: Matrix<Float64Array> }> {
  let all = room(0);
  let count = 0;
  let header: MtxHeader | undefined;
  for await (const block of matrixMarketEntries(source)) {
    header = block.header;
    if (count + block.count > all.rows.length) all = room(Math.max(2 * all.rows.length, count + block.count), all);
    all.rows.set(block.rows.subarray(0, block.count), count);
    all.cols.set(block.cols.subarray(0, block.count), count);
    all.values.set(block.values.subarray(0, block.count), count);
    count += block.count;
  }
  if (!header) throw broken('the file is empty');
  if (header.format === 'coordinate') {
    const { rows, cols, values } = all;
    return {
      header,
      coordinates: { rows: rows.slice(0, count), cols: cols.slice(0, count), values: values.slice(0, count), count },
    };
  }
  const dense = matrix(header.rows, header.cols);
  for (let e = 0; e < count; e++) dense.data[all.rows[e] * header.cols + all.cols[e]] = all.values[e];
  return { header, dense };
}

const WRITTEN = 1 << 14; // entries a piece

/** A general real matrix by its entries (rows×cols, places counted from 0), in pieces. */
export function* writeMatrixMarketEntries(rows: number, cols: number, entries: Coordinates): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode(`%%MatrixMarket matrix coordinate real general\n${rows} ${cols} ${entries.count}\n`);
  for (let from = 0; from < entries.count; from += WRITTEN) {
    let piece = '';
    for (let e = from; e < Math.min(from + WRITTEN, entries.count); e++)
      piece += `${entries.rows[e] + 1} ${entries.cols[e] + 1} ${numberText(entries.values[e])}\n`;
    yield encoder.encode(piece);
  }
}

/** A dense matrix, column by column, in pieces. */
export function* writeMatrixMarket(A: Matrix): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode(`%%MatrixMarket matrix array real general\n${A.rows} ${A.cols}\n`);
  for (let j = 0; j < A.cols; j++) {
    let piece = '';
    for (let i = 0; i < A.rows; i++) piece += `${numberText(at(A, i, j))}\n`;
    yield encoder.encode(piece);
  }
}
