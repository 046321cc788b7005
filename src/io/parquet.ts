// Parquet tables, both ways, through hyparquet: columns of numbers, booleans and texts, one row group at a time.
// Nested columns are listed and cannot be read. A truncated file is refused; bytes damaged inside a page are noticed only
// where hyparquet notices them, and some send it into a very long loop (Parquet has checksums; hyparquet reads none).

import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetScan, parquetSchema } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { type BasicType, parquetWriteBuffer } from 'hyparquet-writer';
import { dataError, LorankError, plural } from '../errors.js';
import { type ByteSource, readExactly, toRange } from './bytes.js';

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
  const file: AsyncBuffer = {
    byteLength: range.size,
    slice: async (start, end = range.size) => {
      if (!(start >= 0 && end >= start)) throw new Error(`a column claims bytes ${start} to ${end}`);
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
  return {
    columns,
    rows: Number(metadata.num_rows),
    async *groups(names) {
      const scan = await guarded(() => parquetScan({ file, metadata, compressors, columns: [...names] }));
      for (const { rowStart, rowEnd } of scan.ranges) {
        const data: ColumnData[] = [];
        for (const column of names)
          data.push((await guarded(() => scan.readColumn({ column, rowStart, rowEnd }))) as ColumnData);
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
