// Looks through the pages of a column of a Parquet file before hyparquet decodes them. It trusts the sizes and counts that a
// damaged page claims: a size that is missing or negative, or a run of 2³¹ values, keeps it busy without end. Here each
// page header (Thrift's compact protocol), and the length of each run of levels and dictionary indices, has to stay within
// what the footer promises. Values themselves are not looked at.
// https://github.com/apache/parquet-format: README.md, Encodings.md, src/main/thrift/parquet.thrift

/** A column of one row group, as the footer describes it. */
export interface ColumnChunk {
  readonly codec: string;
  readonly boolean: boolean;
  /** It may have nulls: one level of definition. */
  readonly optional: boolean;
  readonly values: number;
  readonly uncompressed: number;
}

export type Inflate = (input: Uint8Array, length: number) => Uint8Array;

const [DATA, DICTIONARY, DATA_V2] = [0, 2, 3];
const [BY_INDEX, RUNS, BY_INDEX_V2] = [2, 3, 8];
const SLACK = 1024; // values that a last run may be longer than what is left

/** @throws Error where hyparquet might not come to an end. */
export function checkPages(bytes: Uint8Array, column: ColumnChunk, inflate: Inflate | undefined): void {
  const { codec, values, uncompressed, optional } = column;
  const cursor = { bytes, at: 0 };
  for (let seen = 0; seen < values && cursor.at < bytes.length - 1; ) {
    const header = readStruct(cursor, 0);
    const [kind, size, stored] = [1, 2, 3].map((field) => header.get(field));
    need(isCount(size, uncompressed), `a page of ${size} bytes`);
    need(isCount(stored, bytes.length - cursor.at), `a page of ${stored} bytes in the file`);
    const body = bytes.subarray(cursor.at, cursor.at + stored);
    cursor.at += stored;
    const unpacked = (packed: Uint8Array, length: number) =>
      codec === 'UNCOMPRESSED' ? packed : inflate?.(packed, length);
    if (kind === DICTIONARY) {
      const count = structOf(header, 7).get(1);
      need(isCount(count, 8 * size), `a dictionary of ${count} values in ${size} bytes`);
      continue;
    }
    if (kind === DATA) {
      const about = structOf(header, 5);
      const [count, encoding] = [about.get(1), about.get(2)];
      need(isCount(count, values - seen), `a page of ${count} values`);
      seen += count;
      const page = optional || hasRuns(encoding) ? unpacked(body, size) : undefined;
      if (!page) continue;
      let from = 0;
      if (optional) {
        const length = lengthAt(page, 0);
        checkRuns(page, 4, 4 + length, 1, count);
        from = 4 + length;
      }
      checkIndices(page, from, encoding, column, count);
    } else if (kind === DATA_V2) {
      const about = structOf(header, 8);
      const [count, nulls, rows, encoding, levels, repeats] = [1, 2, 3, 4, 5, 6].map((field) => about.get(field));
      need(isCount(count, values - seen) && isCount(nulls, count) && isCount(rows, count), `a page of ${count} values`);
      need(isCount(levels, stored) && isCount(repeats, stored - levels), `levels of ${levels} and ${repeats} bytes`);
      seen += count;
      if (optional) checkRuns(body, repeats, repeats + levels, 1, count);
      const rest = body.subarray(repeats + levels);
      const page = about.get(7) === 0 ? rest : hasRuns(encoding) && unpacked(rest, size - levels - repeats);
      if (page) checkIndices(page, 0, encoding, column, count);
    } else throw new Error(`a page of kind ${kind}`);
  }
}

const hasRuns = (encoding: unknown): boolean => encoding === RUNS || encoding === BY_INDEX || encoding === BY_INDEX_V2;

function checkIndices(page: Uint8Array, from: number, encoding: unknown, column: ColumnChunk, count: number): void {
  if (encoding === RUNS && column.boolean) checkRuns(page, from + 4, from + 4 + lengthAt(page, from), 1, count);
  else if (hasRuns(encoding)) {
    const width = page[from] ?? 0;
    need(width <= 32, `indices of ${width} bits`);
    if (width > 0) checkRuns(page, from + 1, page.length, width, count);
  }
}

/** Runs of the hybrid of run lengths and packed bits, until they hold as many values as there are. */
function checkRuns(bytes: Uint8Array, from: number, end: number, width: number, count: number): void {
  need(end <= bytes.length, `levels of ${end - from} bytes`);
  const cursor = { bytes, at: from };
  for (let seen = 0; seen < count && cursor.at < end; ) {
    const run = readVarint(cursor);
    const packed = run % 2 === 1;
    const length = (run - (run % 2)) / 2;
    const values = packed ? 8 * length : length;
    need(values <= count - seen + SLACK, `a run of ${values} values`);
    cursor.at += packed ? length * width : (width + 7) >> 3;
    seen += values;
  }
}

const lengthAt = (page: Uint8Array, at: number): number =>
  at + 4 <= page.length ? new DataView(page.buffer, page.byteOffset + at).getUint32(0, true) : Number.POSITIVE_INFINITY;

const isCount = (value: unknown, most: number): value is number =>
  typeof value === 'number' && value >= 0 && value <= most;

function need(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

/** Numbers and structs by their field numbers; true is 1 and false 0. */
type Struct = Map<number, number | Struct>;

const structOf = (struct: Struct, field: number): Map<number, number> => {
  const found = struct.get(field);
  need(found instanceof Map, 'a page without a header of its kind');
  return found as Map<number, number>;
};

const DEEPEST = 8;

function readStruct(cursor: Cursor, depth: number): Map<number, number> & Struct {
  need(depth < DEEPEST, 'a page header of many levels');
  const struct: Struct = new Map();
  for (let field = 0; ; ) {
    const byte = readByte(cursor);
    if (byte % 16 === 0) return struct as Map<number, number> & Struct;
    field = byte >> 4 ? field + (byte >> 4) : readZigZag(cursor);
    const value = readElement(cursor, byte % 16, depth);
    if (value !== undefined) struct.set(field, value);
  }
}

/** Of a type of the compact protocol: a number or a struct; undefined for what a page header has no use for here. */
function readElement(cursor: Cursor, type: number, depth: number): number | Struct | undefined {
  if (type === 1 || type === 2) return 2 - type;
  if (type === 3) return readByte(cursor);
  if (type <= 6) return readZigZag(cursor);
  if (type === 7) skip(cursor, 8);
  else if (type === 8) skip(cursor, readVarint(cursor));
  else if (type === 9) {
    need(depth < DEEPEST, 'a page header of many levels');
    const byte = readByte(cursor);
    const length = byte >> 4 === 15 ? readVarint(cursor) : byte >> 4;
    for (let i = 0; i < length; i++) readElement(cursor, byte % 16 < 3 ? 3 : byte % 16, depth + 1);
  } else if (type === 12) return readStruct(cursor, depth + 1);
  else throw new Error(`a page header with a field of type ${type}`);
  return undefined;
}

function skip(cursor: Cursor, length: number): void {
  need(length <= cursor.bytes.length - cursor.at, 'a page that is cut off');
  cursor.at += length;
}

function readByte(cursor: Cursor): number {
  need(cursor.at < cursor.bytes.length, 'a page that is cut off');
  return cursor.bytes[cursor.at++];
}

function readVarint(cursor: Cursor): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    need(scale <= 128 ** 9, 'a number of many bytes');
    const byte = readByte(cursor);
    value += (byte % 128) * scale;
    if (byte < 128) return value;
  }
}

function readZigZag(cursor: Cursor): number {
  const value = readVarint(cursor);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
