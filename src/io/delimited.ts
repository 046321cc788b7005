// Delimited text → triples. Fields are separated by a comma, a tab, '::' or ';' (spaces do not separate), records by \n
// or \r\n. A field that starts with " is quoted: it may hold delimiters, newlines and "" for a quote (RFC 4180). Empty
// lines are skipped. Bytes go straight to typed arrays: an id that is an integer, and a value of up to nine digits, never
// become strings. Nothing depends on how the bytes were cut into chunks.

import { dataError, plural } from '../errors.js';
import { BLOCK, badValue, emptyBlock, type RatingBlock, type RatingSummary } from './blocks.js';
import type { ColumnOptions } from './columns.js';
import type { Ids } from './ids.js';
import {
  decoder,
  type Layout,
  NEWLINE,
  QUOTE,
  RETURN,
  readLayout,
  readQuoted,
  SAMPLE,
  skipRecord,
  type Window,
} from './layout.js';
import { decimal, TENS, tokenOf } from './numbers.js';

/** Triples of delimited text, in blocks of 65,536; ids are added to rowIds and colIds. */
export async function* delimitedRatings(
  source: AsyncIterable<Uint8Array>,
  options: ColumnOptions,
  rowIds: Ids,
  colIds: Ids,
): AsyncGenerator<RatingBlock, RatingSummary> {
  const w: Window = { bytes: new Uint8Array(4 * SAMPLE), at: 0, end: 0, last: false, line: 1 };
  const input = source[Symbol.asyncIterator]();
  let layout: Layout | undefined;
  let block = emptyBlock();
  let records = 0;
  let missing = 0;
  let wanted = SAMPLE; // bytes to hold before the next try (3 for a byte order mark): more when a record does not fit
  try {
    while (!w.last) {
      const next = await input.next();
      if (next.done) w.last = true;
      else append(w, next.value);
      while (!layout && (w.end - w.at >= wanted + 3 || w.last)) {
        layout = readLayout(w, options, wanted);
        if (!layout && w.end - w.at <= wanted && w.last) break;
        if (!layout) wanted *= 2;
      }
      if (!layout || (w.end - w.at < wanted && !w.last)) continue;
      for (let full = true; full; ) {
        full = parseRecords(w, layout, block, rowIds, colIds);
        if (full || w.last) {
          records += block.count + block.missing;
          missing += block.missing;
          if (block.count + block.missing > 0) yield block;
          block = emptyBlock();
        }
      }
      wanted = Math.max(SAMPLE, 2 * (w.end - w.at));
    }
  } finally {
    await input.return?.(undefined);
  }
  if (records === 0)
    throw dataError(
      layout ? 'readRatings: the file has a header and no records' : 'readRatings: the file is empty',
      'give a file with at least one record',
    );
  const { delimiter, header, names } = layout as Layout;
  return { format: 'delimited', delimiter, header, columns: names, records, missing };
}

function append(w: Window, chunk: Uint8Array): void {
  const held = w.end - w.at;
  if (w.end + chunk.length + 1 > w.bytes.length) {
    const length = held + chunk.length + 1;
    if (length > w.bytes.length) {
      const bytes = new Uint8Array(2 * length);
      bytes.set(w.bytes.subarray(w.at, w.end));
      w.bytes = bytes;
    } else w.bytes.copyWithin(0, w.at, w.end);
    w.at = 0;
    w.end = held;
  }
  w.bytes.set(chunk, w.end);
  w.end += chunk.length;
  w.bytes[w.end] = NEWLINE;
}

/** Parses records into the block until it is full (true) or the complete records of the window are used up (false). */
function parseRecords(w: Window, layout: Layout, block: RatingBlock, rowIds: Ids, colIds: Ids): boolean {
  const { bytes, end } = w;
  const { fields, user, item, value, delimiter } = layout;
  const { rows, cols, values } = block;
  const first = delimiter.charCodeAt(0);
  const wide = delimiter.length === 2;
  const width = delimiter.length;
  let n = block.count;
  while (n < BLOCK) {
    let i = w.at;
    if (i >= end) break;
    if (bytes[i] === NEWLINE || (bytes[i] === RETURN && bytes[i + 1] === NEWLINE)) {
      if (bytes[i] === RETURN) i++;
      if (i === end && !w.last) break;
      w.at = i + 1;
      w.line++;
      continue;
    }
    let line = w.line;
    let rowId = -1; // ≥ 0: the id is this integer
    let rowBytes = bytes;
    let rowStart = 0;
    let rowStop = 0;
    let colId = -1;
    let colBytes = bytes;
    let colStart = 0;
    let colStop = 0;
    let number = Number.NaN;
    let badStart = -1; // ≥ 0: the value's text, where it is not a short decimal
    let badStop = 0;
    let badBytes = bytes;
    let complete = true;
    for (let field = 0; ; field++) {
      let start = i;
      let stop = 0;
      let text: Uint8Array = bytes;
      let integer = -1;
      let c = bytes[i];
      if (c === QUOTE) {
        const quoted = readQuoted(w, i, delimiter);
        if (!quoted) {
          complete = false;
          break;
        }
        ({ bytes: text, start, stop, after: i } = quoted);
        line += quoted.newlines;
        c = bytes[i];
        if (field === value) {
          badBytes = text;
          badStart = start;
          badStop = stop;
        }
      } else {
        // digits first: most ids and values end with them
        let digits = 0;
        let digit = c - 48;
        if (field === value && c === 45) digit = bytes[++i] - 48;
        const from = i;
        while (digit >= 0 && digit <= 9) {
          digits = (digits * 10 + digit) | 0;
          digit = bytes[++i] - 48;
        }
        c = digit + 48;
        let count = i - from;
        if (field === value) {
          let places = 0;
          if (c === 46) {
            const point = i;
            digit = bytes[++i] - 48;
            while (digit >= 0 && digit <= 9) {
              digits = (digits * 10 + digit) | 0;
              digit = bytes[++i] - 48;
            }
            c = digit + 48;
            places = i - point - 1;
            count += places;
          }
          if (count > 0 && count <= 9) number = (bytes[start] === 45 ? -digits : digits) / TENS[places];
          else badStart = start;
        } else if (count > 0 && count <= 9 && (count === 1 || bytes[from] !== 48)) integer = digits;
        // anything that is not the end of the field makes a text of it
        stop = i;
        if (c === RETURN && bytes[i + 1] === NEWLINE) c = bytes[++i];
        else if (c !== NEWLINE && !(c === first && (!wide || bytes[i + 1] === first))) {
          integer = -1;
          if (field === value) badStart = start;
          while (c !== NEWLINE && !(c === first && (!wide || bytes[i + 1] === first))) c = bytes[++i];
          stop = c === NEWLINE && bytes[i - 1] === RETURN ? i - 1 : i;
        }
        badStop = field === value ? stop : badStop;
      }
      if (field === user) {
        rowId = integer;
        rowBytes = text;
        rowStart = start;
        rowStop = stop;
      } else if (field === item) {
        colId = integer;
        colBytes = text;
        colStart = start;
        colStop = stop;
      }
      if (c === NEWLINE) {
        if (i === end && !w.last) complete = false;
        else if (field + 1 !== fields) throw ragged(w.line, field + 1, fields);
        break;
      }
      if (field + 1 === fields) {
        const all = skipRecord({ ...w }, delimiter);
        if (all >= 0) throw ragged(w.line, all, fields);
        complete = false;
        break;
      }
      i += width;
    }
    if (!complete) break;
    if (badStart >= 0) number = numberOf(badBytes, badStart, badStop, w.line, layout.names.value);
    if (value < 0 || !Number.isNaN(number)) {
      if (rowStart === rowStop) throw emptyId(w.line, layout.names.user);
      if (colStart === colStop) throw emptyId(w.line, layout.names.item);
      rows[n] = rowId >= 0 ? rowIds.addInteger(rowId) : addText(rowIds, rowBytes, rowStart, rowStop, w.line);
      cols[n] = colId >= 0 ? colIds.addInteger(colId) : addText(colIds, colBytes, colStart, colStop, w.line);
      values[n] = number;
      n++;
    } else block.missing++;
    w.at = i + 1;
    w.line = line + 1;
  }
  block.count = n;
  return n === BLOCK;
}

/** The value that the text says, NaN where it says that there is none. */
function numberOf(bytes: Uint8Array, start: number, stop: number, line: number, name: string): number {
  const quick = decimal(bytes, start, stop);
  if (Number.isFinite(quick)) return quick;
  const text = decoder.decode(bytes.subarray(start, stop));
  const { token, value } = tokenOf(text);
  if (token === 'number' || token === 'missing') return value;
  throw badValue(`row ${line}`, name, text, token === 'not finite');
}

const ragged = (line: number, fields: number, expected: number) =>
  dataError(
    `readRatings: row ${line} should have ${expected} ${plural(expected, 'field')} like the first record, got ${fields}`,
    'quote fields that hold the delimiter',
  );

const emptyId = (line: number, name: string) =>
  dataError(`readRatings: row ${line}, column '${name}' should be an id, got nothing`, 'remove the row or name the id');

function addText(ids: Ids, bytes: Uint8Array, start: number, stop: number, line: number): number {
  try {
    return ids.addBytes(bytes, start, stop);
  } catch {
    throw dataError(
      `readRatings: row ${line}: an id should be UTF-8 text`,
      'convert the file first: iconv -f latin1 -t utf-8',
    );
  }
}
