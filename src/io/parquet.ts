// Parquet tables, both ways, through hyparquet: columns of numbers, booleans and texts, one row group at a time.
// Nested columns are listed and cannot be read. A truncated file is refused; bytes damaged inside a page are noticed where
// they change a size or a count (parquetPages.ts), or where hyparquet notices them: it reads no checksums.

import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
  type RowGroup,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { type BasicType, parquetWriteBuffer } from 'hyparquet-writer';
import { dataError, LorankError, plural } from '../errors.js';
import { type ByteSource, readExactly, toRange } from './bytes.js';
import { checkPages } from './parquetPages.js';

/** What a column of a row group holds: bigint for INT64, null where there is no value. */
export type ColumnData = ArrayLike<number | bigint | string | boolean | null | undefined | object>;

/** An open Parquet file. */
export interface ParquetTable {
  /** Top-level columns and their types, 'nested' for lists, maps and groups. */
  readonly columns: readonly { name: string; type: string }[];
  readonly rows: number;
  /** The named columns, one row group after another. */
  groups(names: readonly string[]): AsyncGenerator<{ count: number; columns: ColumnData[] }>;
}

/** Reads the schema; the columns are read when they are asked for. */
export async function openParquet(source: ByteSource): Promise<ParquetTable> {
  const range = await toRange(source);
  let held: { start: number; bytes: Uint8Array } | undefined; // the column that was looked through last
  const file: AsyncBuffer = {
    byteLength: range.size,
    slice: async (start, end = range.size) => {
      if (!(start >= 0 && end >= start)) throw new Error(`a column claims bytes ${start} to ${end}`);
      if (held && start >= held.start && end <= held.start + held.bytes.length)
        return new Uint8Array(held.bytes.subarray(start - held.start, end - held.start)).buffer;
      const bytes = await readExactly(range, start, end - start, 'openParquet');
      return new Uint8Array(bytes).buffer; // a copy: hyparquet wants an ArrayBuffer of just these bytes
    },
  };
  const { metadata, columns } = await guarded(async () => {
    const metadata = await parquetMetadataAsync(file, { geoparquet: false });
    const columns = parquetSchema(metadata).children.map(({ element, children }) => ({
      name: element.name,
      type: children.length > 0 || element.repetition_type === 'REPEATED' ? 'nested' : typeName(element),
    }));
    if (!columns.every(({ name }) => typeof name === 'string')) throw new Error('a column has no name');
    return { metadata, columns };
  });
  const schema = new Map(parquetSchema(metadata).children.map(({ element }) => [element.name, element]));
  async function checkColumn(group: RowGroup, name: string, rows: number): Promise<void> {
    const meta = group.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === name)?.meta_data;
    if (!meta) throw new Error(`column '${name}' is not in every row group`);
    const values = Number(meta.num_values);
    if (values !== rows) throw new Error(`column '${name}' claims ${values} values for ${rows} rows`);
    const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
    const bytes = new Uint8Array(await file.slice(start, start + Number(meta.total_compressed_size)));
    held = { start, bytes };
    const optional = schema.get(name)?.repetition_type === 'OPTIONAL';
    const uncompressed = Number(meta.total_uncompressed_size);
    const chunk = { codec: meta.codec, boolean: meta.type === 'BOOLEAN', optional, values, uncompressed };
    checkPages(bytes, chunk, compressors[meta.codec]);
  }
  return {
    columns,
    rows: Number(metadata.num_rows),
    async *groups(names) {
      const scan = await guarded(() => parquetScan({ file, metadata, compressors, columns: [...names] }));
      const rowGroups = metadata.row_groups.filter(({ num_rows }) => num_rows > 0n);
      for (const [g, { rowStart, rowEnd }] of scan.ranges.entries()) {
        const data: ColumnData[] = [];
        for (const column of names)
          data.push(
            (await guarded(async () => {
              await checkColumn(rowGroups[g], column, rowEnd - rowStart);
              return scan.readColumn({ column, rowStart, rowEnd });
            })) as ColumnData,
          );
        const short = data.findIndex((values) => values.length !== rowEnd - rowStart);
        if (short >= 0)
          throw broken(
            `column '${names[short]}' has ${data[short].length} ${plural(data[short].length, 'value')} for ${rowEnd - rowStart} ${plural(rowEnd - rowStart, 'row')}`,
          );
        yield { count: rowEnd - rowStart, columns: data };
      }
    },
  };
}

const typeName = ({ type, converted_type, logical_type }: FileMetaData['schema'][number]): string =>
  (logical_type?.type ?? converted_type ?? type ?? 'unknown').replace(/^UTF8$/, 'STRING').toLowerCase();

const broken = (why: string) =>
  dataError(`openParquet: the file is truncated, damaged or of an unknown kind (${why})`, 'copy or write it again');

async function guarded<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (cause) {
    if (cause instanceof LorankError) throw cause;
    throw broken(cause instanceof Error ? cause.message : String(cause));
  }
}

/** A column to write. */
export interface ParquetColumn {
  name: string;
  /** Texts, numbers or 64-bit integers; null where there is no value. */
  data: readonly (string | number | null)[] | Float64Array | Float32Array | Int32Array | BigInt64Array;
}

/** A Parquet file of columns of equal length, Snappy-compressed. */
export function writeParquet(columns: readonly ParquetColumn[]): Uint8Array {
  const lengths = new Set(columns.map(({ data }) => data.length));
  if (lengths.size > 1)
    throw dataError(
      `writeParquet: columns should be of one length, got ${[...lengths].join(', ')}`,
      'check the columns',
    );
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: columns.map(({ name, data }) => ({ name, data: data as number[], type: typeOf(data) })),
      createdBy: 'lorank',
    }),
  );
}

function typeOf(data: ParquetColumn['data']): BasicType {
  if (data instanceof Float32Array) return 'FLOAT';
  if (data instanceof Int32Array) return 'INT32';
  if (data instanceof BigInt64Array) return 'INT64';
  return !(data instanceof Float64Array) && data.some((value) => typeof value === 'string') ? 'STRING' : 'DOUBLE';
}
