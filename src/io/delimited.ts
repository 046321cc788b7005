// Delimited text → triples. Fields are separated by a comma, a tab, '::' or ';' (spaces do not separate), records by \n
// or \r\n. A field that starts with " is quoted: it may hold delimiters, newlines and "" for a quote (RFC 4180). Empty
// lines are skipped. Bytes go straight to typed arrays: an id that is an integer, and a value of up to nine digits, never
// become strings. Nothing depends on how the bytes were cut into chunks.

import { dataError } from '../errors.js';
import { type ColumnOptions, type Columns, fieldsNeeded, resolveColumns } from './columns.js';
import type { Ids } from './ids.js';
import { decimal, TENS, tokenOf } from './numbers.js';
import type { RatingBlock, RatingSummary } from './ratings.js';

const DELIMITERS = ['\t', '::', ';', ','] as const;
export type Delimiter = (typeof DELIMITERS)[number];

const NEWLINE = 10;
const RETURN = 13;
const QUOTE = 34;

const SAMPLE = 1 << 16;
const SAMPLED_RECORDS = 20;
export const BLOCK = 1 << 16;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

interface Layout extends Columns {
  delimiter: Delimiter;
  /** Fields in every record. */
  fields: number;
}

/** The bytes not yet parsed, bytes[at … end), and bytes[end] = \n so that no loop runs past the end. */
interface Window {
  bytes: Uint8Array;
  at: number;
  end: number;
  /** No more bytes come. */
  last: boolean;
  /** The line of the file, counted from 1, that `at` is on. */
  line: number;
}

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
  let wanted = SAMPLE; // bytes to hold before the next try: more when a record does not fit
  try {
    while (!w.last) {
      const next = await input.next();
      if (next.done) w.last = true;
      else append(w, next.value);
      while (!layout && (w.end - w.at >= wanted || w.last)) {
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

const emptyBlock = (): RatingBlock => ({
  rows: new Int32Array(BLOCK),
  cols: new Int32Array(BLOCK),
  values: new Float64Array(BLOCK),
  count: 0,
  missing: 0,
});

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

/**
 * Delimiter and columns from the first `length` bytes: the first of tab, '::', ';', ',' that cuts the first 20 records
 * into equally many fields, enough of them, with a value in each; else the one that cuts the first record finest (its
 * first bad record is then named). Undefined where no record is complete yet. Skips a byte order mark and the header.
 */
function readLayout(w: Window, options: ColumnOptions, length: number): Layout | undefined {
  if (w.at === 0 && w.bytes[0] === 0xef && w.bytes[1] === 0xbb && w.bytes[2] === 0xbf) w.at = Math.min(3, w.end);
  if (
    w.end - w.at >= 2 &&
    (w.bytes[w.at] === 0xff || w.bytes[w.at] === 0xfe) &&
    w.bytes[w.at] + w.bytes[w.at + 1] === 509
  )
    throw dataError('readRatings: the file should be UTF-8, got UTF-16', 'convert it first: iconv -f utf-16 -t utf-8');
  const end = Math.min(w.end, w.at + length);
  const atEnd = w.last && end === w.end;
  const samples = DELIMITERS.map((delimiter) => ({ delimiter, records: sampleOf(w, end, atEnd, delimiter) }));
  if (samples.every(({ records }) => records.length === 0)) return undefined;

  const needed = fieldsNeeded(options);
  const layoutOf = ({ delimiter, records }: (typeof samples)[number]): Layout => ({
    delimiter,
    fields: records[0].length,
    ...resolveColumns(records[0], options),
  });
  const fine = samples.filter(({ records }) => records.length > 0 && records[0].length >= needed);
  const even = fine.filter(({ records }) => records.every((record) => record.length === records[0].length));
  let chosen: Layout | undefined;
  for (const sample of even.length > 1 ? even : []) {
    try {
      const layout = layoutOf(sample);
      const values = sample.records
        .slice(layout.header ? 1 : 0)
        .map((record) => tokenOf(record[layout.value] ?? '').token);
      if (!values.includes('text')) {
        chosen = layout;
        break;
      }
    } catch {
      // a column that this delimiter does not give: the next one may
    }
  }
  if (!chosen) {
    const sample = even[0] ?? fine.sort((a, b) => b.records[0].length - a.records[0].length)[0];
    if (!sample) {
      if (!atEnd && samples.some(({ records }) => records.length === 0)) return undefined;
      const record = samples.find(({ records }) => records.length > 0)!.records[0].join(',');
      throw dataError(
        `readRatings: the first record should have at least ${needed} fields separated by comma, tab, '::' or ';', ` +
          `got '${record.length > 60 ? `${record.slice(0, 60)}…` : record}'`,
        /^\S+( +\S+)+$/.test(record) ? "spaces do not separate fields: tr -s ' ' ',' makes commas of them" : undefined,
      );
    }
    chosen = layoutOf(sample);
  }
  if (chosen.header) for (let seen = 0; seen === 0; ) seen = skipRecord(w, chosen.delimiter);
  return chosen;
}

/** The complete records of bytes[w.at … end), 20 at most, as texts. */
function sampleOf(w: Window, end: number, atEnd: boolean, delimiter: Delimiter): string[][] {
  const records: string[][] = [];
  const bytes = new Uint8Array(w.bytes.subarray(w.at, end + 1));
  bytes[end - w.at] = NEWLINE;
  const part: Window = { bytes, at: 0, end: end - w.at, last: atEnd, line: w.line };
  try {
    while (records.length < SAMPLED_RECORDS) {
      const record: string[] = [];
      const fields = skipRecord(part, delimiter, record);
      if (fields < 0) break;
      if (fields > 0) records.push(record);
    }
  } catch {
    // a quote that this delimiter does not close well: the records before it count
  }
  return records;
}

/** Moves past one record: its number of fields, 0 for an empty line, −1 where it is not complete. */
function skipRecord(w: Window, delimiter: Delimiter, into?: string[]): number {
  const { bytes, end } = w;
  let i = w.at;
  if (i >= end) return -1;
  let line = w.line;
  const first = delimiter.charCodeAt(0);
  const wide = delimiter.length === 2;
  for (let fields = 1; ; fields++) {
    let start = i;
    let stop: number;
    let text: Uint8Array = bytes;
    const inQuotes = bytes[i] === QUOTE;
    if (inQuotes) {
      const quoted = readQuoted(w, i, delimiter);
      if (!quoted) return -1;
      ({ bytes: text, start, stop, after: i } = quoted);
      line += quoted.newlines;
    } else {
      while (bytes[i] !== NEWLINE && !(bytes[i] === first && (!wide || bytes[i + 1] === first))) i++;
      stop = bytes[i] === NEWLINE && i > start && bytes[i - 1] === RETURN ? i - 1 : i;
    }
    if (bytes[i] === NEWLINE) {
      if (i === end && !w.last) return -1;
      w.at = i + 1;
      w.line = line + 1;
      if (fields === 1 && stop === start && !inQuotes) return 0;
      into?.push(decoder.decode(text.subarray(start, stop)));
      return fields;
    }
    into?.push(decoder.decode(text.subarray(start, stop)));
    i += delimiter.length;
  }
}

/** The quoted field that opens at `open`: its bytes without the quotes, and what comes after. Undefined: not complete. */
function readQuoted(w: Window, open: number, delimiter: Delimiter) {
  const { bytes, end, line } = w;
  let newlines = 0;
  let escaped = 0;
  let i = open + 1;
  for (; ; i++) {
    if (i >= end) {
      if (!w.last) return undefined;
      throw dataError(
        `readRatings: row ${line}: a quote is opened and never closed`,
        'quotes in a quoted field are doubled',
      );
    }
    if (bytes[i] === NEWLINE) newlines++;
    else if (bytes[i] === QUOTE) {
      if (bytes[i + 1] !== QUOTE || i + 1 >= end) break;
      escaped++;
      i++;
    }
  }
  let after = i + 1;
  const closes =
    bytes[after] === NEWLINE ||
    (bytes[after] === RETURN && bytes[after + 1] === NEWLINE) ||
    (bytes[after] === delimiter.charCodeAt(0) && (delimiter.length === 1 || bytes[after + 1] === bytes[after]));
  if (!closes) {
    if (after + delimiter.length >= end && !w.last) return undefined;
    throw dataError(
      `readRatings: row ${line + newlines}: a closing quote should be followed by the end of the field`,
      'quotes in a quoted field are doubled',
    );
  }
  if (bytes[after] === RETURN) after++;
  if (escaped === 0) return { bytes, start: open + 1, stop: i, after, newlines };
  const text = new Uint8Array(i - open - 1 - escaped);
  for (let from = open + 1, to = 0; from < i; from++) {
    text[to++] = bytes[from];
    if (bytes[from] === QUOTE) from++;
  }
  return { bytes: text, start: 0, stop: text.length, after, newlines };
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
    if (badStart >= 0) number = valueOf(badBytes, badStart, badStop, w.line, layout.names.value);
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
function valueOf(bytes: Uint8Array, start: number, stop: number, line: number, name: string): number {
  const quick = decimal(bytes, start, stop);
  if (Number.isFinite(quick)) return quick;
  const text = decoder.decode(bytes.subarray(start, stop));
  const { token, value } = tokenOf(text);
  if (token === 'number' || token === 'missing') return value;
  throw badValue(`row ${line}`, name, text, token === 'not finite');
}

export const badValue = (where: string, name: string, text: string, notFinite: boolean) =>
  dataError(
    `readRatings: ${where}, column '${name}' should be ${notFinite ? 'a finite number' : 'a number'}, ` +
      `got '${text.length > 40 ? `${text.slice(0, 40)}…` : text}'`,
    'correct the file, or leave the value empty where it is missing',
  );

const ragged = (line: number, fields: number, expected: number) =>
  dataError(
    `readRatings: row ${line} should have ${expected} fields like the first record, got ${fields}`,
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
