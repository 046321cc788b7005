// What kind of file this is: by its first bytes, then by its text; the name decides only where the content does not.

import { dataError } from '../errors.js';
import { type ByteSource, chunks, peek } from './bytes.js';
import { gunzip, isGzip } from './gzip.js';

/** The kinds of files told apart; npz is any zip archive. */
export type Format =
  | 'npy'
  | 'npz'
  | 'parquet'
  | 'png'
  | 'safetensors'
  | 'matrix-market'
  | 'ndjson'
  | 'delimited'
  | 'json'
  | 'empty'
  | 'unknown';

/** A source and its kind. */
export interface Sniffed {
  format: Format;
  /** The bytes were gzipped; `source` gives them unpacked. */
  gzip: boolean;
  source: ByteSource;
}

const HEAD = 4096;

/** The format of a source, and a source that still gives all its bytes (unpacked where they were gzipped). */
export async function sniff(source: ByteSource, name = ''): Promise<Sniffed> {
  let at = await peek(source, HEAD);
  const gzip = isGzip(at.head);
  if (gzip) at = await peek(gunzip(chunks(at.source)), HEAD);
  const format = formatOf(at.head, name.replace(/\.gz$/i, ''));
  if (TEXTS.includes(format) && endsInReturns(at.head))
    throw dataError(
      'sniff: the lines should end with LF or CRLF, got CR alone',
      "tr '\\r' '\\n' < old > new makes LF of them",
    );
  return { format, gzip, source: at.source };
}

const TEXTS: readonly Format[] = ['delimited', 'ndjson', 'json', 'matrix-market'];

/** Whether a text has carriage returns outside quotes, and no line feed there. */
function endsInReturns(head: Uint8Array): boolean {
  let quoted = false;
  let returns = false;
  for (let i = 0; i < head.length; i++) {
    if (head[i] === 34) quoted = !quoted;
    else if (quoted) continue;
    else if (head[i] === 10) return false;
    else if (head[i] === 13 && i + 1 < HEAD) returns = true; // one at the end may have its LF behind it
  }
  return returns;
}

const starts = (head: Uint8Array, ...bytes: number[]) => bytes.every((byte, i) => head[i] === byte);

function formatOf(head: Uint8Array, name: string): Format {
  if (head.length === 0) return 'empty';
  if (starts(head, 0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59)) return 'npy';
  if (starts(head, 0x50, 0x4b, 3, 4) || starts(head, 0x50, 0x4b, 5, 6)) return 'npz';
  if (starts(head, 0x50, 0x41, 0x52, 0x31)) return 'parquet';
  if (starts(head, 0x89, 0x50, 0x4e, 0x47)) return 'png';
  const binary = head.includes(0);
  // a header length below 2⁶³ has a zero byte among its eight, unless it is absurd
  if (head[8] === 0x7b && head.subarray(0, 8).includes(0)) return 'safetensors';
  const extension = /\.(\w+)$/.exec(name)?.[1].toLowerCase() ?? '';
  if (extension === 'safetensors' || extension === 'npy' || extension === 'npz' || extension === 'parquet')
    return extension;
  if (extension === 'png') return 'png';
  const text = new TextDecoder('latin1').decode(head).replace(/^\xef\xbb\xbf/, '');
  if (/^%%MatrixMarket/i.test(text)) return 'matrix-market';
  if (starts(head, 0xff, 0xfe) || starts(head, 0xfe, 0xff)) return 'delimited'; // UTF-16, refused with its name
  if (binary) return 'unknown';
  if (extension === 'mtx') return 'matrix-market';
  if (/^\s*[{[]/.test(text)) {
    const line = text.trimStart().split('\n', 1)[0].trim();
    const whole = /^\{.*\}$|^\[.*\]$/.test(line) || line.length > HEAD - 100;
    return whole || extension === 'ndjson' || extension === 'jsonl' ? 'ndjson' : 'json';
  }
  return 'delimited';
}

/** The error for a file that is none of what is wanted. */
export const wrongFormat = (who: string, wanted: string, format: Format) =>
  dataError(
    `${who}: the file should be ${wanted}, got ${format === 'unknown' ? 'an unknown kind of file' : format === 'empty' ? 'an empty file' : format}`,
    'lorank inspect FILE says what is in a file',
  );
