// Triples from files whose cells are values already: Parquet, NDJSON, Matrix Market, dense npy.

import { dataError } from '../errors.js';
import { BLOCK, badValue, emptyBlock, type RatingBlock, type RatingSummary } from './blocks.js';
import { type ByteSource, chunks, toRange, wholeLines } from './bytes.js';
import { type ColumnOptions, type Columns, resolveColumns, rolesOf } from './columns.js';
import type { Ids } from './ids.js';
import { matrixMarketEntries } from './mtx.js';
import { readNpyHeader, readNpyRows } from './npy.js';
import { shapeText } from './tensor.js';

type Triples = AsyncGenerator<RatingBlock, RatingSummary>;

/** Gathers cells into blocks. */
class Collector {
  block = emptyBlock();
  records = 0;
  missing = 0;

  constructor(
    private readonly rowIds: Ids,
    private readonly colIds: Ids,
    private readonly names: Columns['names'],
    private readonly pairs: boolean,
  ) {}

  /** Takes one record; `where` names it in an error. */
  add(user: unknown, item: unknown, value: unknown, where: () => string): void {
    this.records++;
    let number = Number.NaN;
    if (!this.pairs) {
      if (value === null || value === undefined) {
        this.block.missing++;
        this.missing++;
        return;
      }
      number = typeof value === 'bigint' ? Number(value) : (value as number);
      if (typeof number !== 'number' || !Number.isFinite(number))
        throw badValue(where(), this.names.value, textOf(value), typeof number === 'number');
    }
    const n = this.block.count++;
    this.block.rows[n] = indexOf(this.rowIds, user, where, this.names.user);
    this.block.cols[n] = indexOf(this.colIds, item, where, this.names.item);
    this.block.values[n] = number;
  }

  get full(): boolean {
    return this.block.count === BLOCK;
  }

  take(): RatingBlock {
    const { block } = this;
    this.block = emptyBlock();
    return block;
  }
}

const textOf = (value: unknown) =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);

/** The index of an id given as a value: a text, or a number by its decimal text. */
function indexOf(ids: Ids, id: unknown, where: () => string, name: string): number {
  if (typeof id === 'number' && Number.isSafeInteger(id)) return ids.addInteger(id);
  if (typeof id === 'string' && id !== '') return ids.add(id);
  if (typeof id === 'bigint') return ids.add(String(id));
  throw dataError(
    `readRatings: ${where()}, column '${name}' should be an id, got ${textOf(id) || 'nothing'}`,
    'ids are texts, or integers within ±(2⁵³ − 1): write longer ones as texts',
  );
}

const none = (records: number, what: string) => {
  if (records === 0) throw dataError(`readRatings: the file has no ${what}`, 'give a file with at least one record');
};

/** Triples of a Parquet table, row group by row group. */
export async function* parquetRatings(source: ByteSource, options: ColumnOptions, rowIds: Ids, colIds: Ids): Triples {
  const { openParquet } = await import('./parquet.js');
  const table = await openParquet(source);
  const columns = resolveColumns(
    table.columns.map(({ name }) => name),
    options,
    true,
  );
  const { names } = columns;
  const used = rolesOf(options).map((role) => names[role]);
  const nested = table.columns.find(({ name, type }) => type === 'nested' && used.includes(name));
  if (nested)
    throw dataError(
      `readRatings: column '${nested.name}' should hold numbers or texts, it is nested`,
      'flatten it first',
    );
  const collector = new Collector(rowIds, colIds, names, options.value === null);
  let start = 0;
  for await (const { count, columns: data } of table.groups(used)) {
    const [users, items, values] = [plainNumbers(data[0]), plainNumbers(data[1]), data[2] && plainNumbers(data[2])];
    for (let i = 0; i < count; i++) {
      collector.add(users[i], items[i], values?.[i], () => `row ${start + i + 1}`);
      if (collector.full) yield collector.take();
    }
    start += count;
  }
  none(collector.records, 'rows');
  if (collector.block.count + collector.block.missing > 0) yield collector.take();
  return { format: 'parquet', columns: names, records: collector.records, missing: collector.missing };
}

/** 64-bit integers as numbers where all of them are exact so. */
function plainNumbers(data: ArrayLike<unknown>): ArrayLike<unknown> {
  if (!(data instanceof BigInt64Array)) return data;
  const words = new Int32Array(data.buffer, data.byteOffset, 2 * data.length);
  const out = new Float64Array(data.length);
  for (let i = 0; i < out.length; i++) {
    const high = words[2 * i + 1];
    if (high >= 1 << 21 || high < -(1 << 21)) return data;
    out[i] = high * 4294967296 + (words[2 * i] >>> 0);
  }
  return out;
}

/** Triples of NDJSON: on each line an object with the columns as keys, or an array [user, item, value, …]. */
export async function* ndjsonRatings(source: ByteSource, options: ColumnOptions, rowIds: Ids, colIds: Ids): Triples {
  const decoder = new TextDecoder('utf-8');
  let columns: Columns | undefined;
  let keys: string[] | undefined; // of the objects; undefined for arrays
  let collector: Collector | undefined;
  let line = 0;
  const where = () => `line ${line}`;
  for await (const bytes of wholeLines(chunks(source))) {
    const text = decoder.decode(bytes);
    for (let from = 0; from < text.length; ) {
      const end = text.indexOf('\n', from);
      const json = text.slice(from, end).trim();
      from = end + 1;
      line++;
      if (json === '') continue;
      const record = parseLine(json, line);
      if (!columns || !collector) {
        keys = Array.isArray(record) ? undefined : Object.keys(record);
        columns = resolveColumns(keys ?? (record as unknown[]).map((cell) => `${cell}`), options, keys !== undefined);
        collector = new Collector(rowIds, colIds, columns.names, options.value === null);
      }
      const { user, item, value } = columns;
      if (Array.isArray(record)) {
        if (keys || record.length <= Math.max(user, item, value))
          throw ragged(line, keys ? 'an object like the first line' : `${Math.max(user, item, value) + 1} cells`);
        collector.add(record[user], record[item], record[value], where);
      } else {
        if (!keys) throw ragged(line, 'an array like the first line');
        const absent = [user, item, value].find((k) => k >= 0 && !Object.hasOwn(record, keys![k]));
        if (absent !== undefined) throw ragged(line, `the key '${keys[absent]}'`);
        collector.add(record[keys[user]], record[keys[item]], record[keys[value]], where);
      }
      if (collector.full) yield collector.take();
    }
  }
  none(collector?.records ?? 0, 'records');
  const { records, missing, block } = collector as Collector;
  if (block.count + block.missing > 0) yield block;
  return { format: 'ndjson', columns: (columns as Columns).names, records, missing };
}

const ragged = (line: number, wanted: string) =>
  dataError(`readRatings: line ${line} should have ${wanted}`, 'write null where a value is missing');

function parseLine(json: string, line: number): Record<string, unknown> | unknown[] {
  let record: unknown;
  try {
    record = JSON.parse(json);
  } catch {
    record = undefined;
  }
  if (typeof record !== 'object' || record === null)
    throw dataError(
      `readRatings: line ${line} should be a JSON object or array, got '${json.slice(0, 40)}'`,
      'NDJSON has one record a line: jq -c .[] makes it of a JSON array',
    );
  return record as Record<string, unknown> | unknown[];
}

/** Triples of a Matrix Market file; ids are its place numbers, from 1. */
export async function* matrixMarketRatings(source: ByteSource, rowIds: Ids, colIds: Ids): Triples {
  const names = { user: 'row', item: 'column', value: 'value' };
  const collector = new Collector(rowIds, colIds, names, false);
  for await (const { rows, cols, values, count } of matrixMarketEntries(source))
    for (let e = 0; e < count; e++) {
      const r = rows[e] + 1;
      const c = cols[e] + 1;
      collector.add(r, c, values[e], () => `entry (${r}, ${c})`);
      if (collector.full) yield collector.take();
    }
  none(collector.records, 'entries');
  if (collector.block.count > 0) yield collector.take();
  return { format: 'matrix-market', columns: names, records: collector.records, missing: 0 };
}

/**
 * Triples of a dense n₁×n₂ npy; NaN is missing. Ids are 0 … n₁−1 and 0 … n₂−1, all of them in order, those of empty rows
 * and columns too: with new Ids, an index is a place in the matrix.
 */
export async function* npyRatings(source: ByteSource, rowIds: Ids, colIds: Ids): Triples {
  const range = await toRange(source);
  const header = await readNpyHeader(range);
  const [n1, n2] = header.shape;
  if (header.shape.length !== 2)
    throw dataError(
      `readRatings: the array should have 2 axes, got shape ${shapeText(header.shape)}`,
      'reshape it before saving',
    );
  none(header.count, 'entries');
  const names = { user: 'row', item: 'column', value: 'value' };
  const rowIndex = Int32Array.from({ length: n1 }, (_, i) => rowIds.addInteger(i));
  const colIndex = Int32Array.from({ length: n2 }, (_, j) => colIds.addInteger(j));
  let block = emptyBlock();
  let missing = 0;
  for await (const { start, rows, data } of readNpyRows(range, header))
    for (let i = 0, e = 0; i < rows; i++)
      for (let j = 0; j < n2; j++, e++) {
        const value = data[e];
        if (Number.isNaN(value)) {
          block.missing++;
          missing++;
          continue;
        }
        if (!Number.isFinite(value))
          throw badValue(`row ${start + i}, column ${j} (from 0)`, names.value, `${value}`, true);
        block.rows[block.count] = rowIndex[start + i];
        block.cols[block.count] = colIndex[j];
        block.values[block.count++] = value;
        if (block.count === BLOCK) {
          yield block;
          block = emptyBlock();
        }
      }
  if (block.count + block.missing > 0) yield block;
  return { format: 'npy', columns: names, records: header.count, missing };
}
