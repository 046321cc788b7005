// The form of a delimited text, found from its first records: delimiter, number of fields, header and columns; and the
// slow, general steps over one record or one quoted field that the fast loop of delimited.ts falls back to.

import { dataError, usageError } from '../errors.js';
import { asksBeyond, type ColumnOptions, type Columns, fieldsNeeded, resolveColumns } from './columns.js';
import { tokenOf } from './numbers.js';

const DELIMITERS = ['\t', '::', ';', ','] as const;
export type Delimiter = (typeof DELIMITERS)[number];

export const NEWLINE = 10;
export const RETURN = 13;
export const QUOTE = 34;

export const SAMPLE = 1 << 16;
const SAMPLED_RECORDS = 20;

export const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export interface Layout extends Columns {
  delimiter: Delimiter;
  /** Fields in every record. */
  fields: number;
}

/** The bytes not yet parsed, bytes[at … end), and bytes[end] = \n so that no loop runs past the end. */
export interface Window {
  bytes: Uint8Array;
  at: number;
  end: number;
  /** No more bytes come. */
  last: boolean;
  /** The line of the file, counted from 1, that `at` is on. */
  line: number;
}

/**
 * Delimiter and columns from the first `length` bytes: the first of tab, '::', ';', ',' that cuts the first 20 records
 * into equally many fields, enough of them, with a value in each; else the one that cuts the first record finest (its
 * first bad record is then named). Undefined where no record is complete yet. Skips a byte order mark and the header.
 */
export function readLayout(w: Window, options: ColumnOptions, length: number): Layout | undefined {
  if (w.at === 0 && w.bytes[0] === 0xef && w.bytes[1] === 0xbb && w.bytes[2] === 0xbf) w.at = Math.min(3, w.end);
  if (
    w.end - w.at >= 2 &&
    (w.bytes[w.at] === 0xff || w.bytes[w.at] === 0xfe) &&
    w.bytes[w.at] + w.bytes[w.at + 1] === 509
  )
    throw dataError('readRatings: the file should be UTF-8, got UTF-16', 'convert it first: iconv -f utf-16 -t utf-8');
  const end = Math.min(w.end, w.at + length);
  const atEnd = w.last && end === w.end;
  const samples = DELIMITERS.map((delimiter) => ({ delimiter, ...sampleOf(w, end, atEnd, delimiter) }));
  if (samples.every(({ records, error }) => records.length === 0 && !error)) return undefined;

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
      if (!atEnd && samples.some(({ records, error }) => records.length === 0 && !error)) return undefined;
      const failed = samples.find(({ records, error }) => records.length === 0 && error);
      if (failed) throw failed.error;
      const record = samples.find(({ records }) => records.length > 0)!.records[0].join(',');
      const most = Math.max(...samples.map(({ records }) => records[0]?.length ?? 0));
      throw (asksBeyond(options, most) ? usageError : dataError)(
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

/** The complete records of bytes[w.at … end), 20 at most, as texts; where a quote breaks one off, the error. */
function sampleOf(w: Window, end: number, atEnd: boolean, delimiter: Delimiter) {
  const records: string[][] = [];
  let error: unknown;
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
  } catch (cause) {
    error = cause;
  }
  return { records, error };
}

/** Moves past one record: its number of fields, 0 for an empty line, −1 where it is not complete. */
export function skipRecord(w: Window, delimiter: Delimiter, into?: string[]): number {
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
export function readQuoted(w: Window, open: number, delimiter: Delimiter) {
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
