// NumPy's npy format, versions 1.0, 2.0 and 3.0: booleans, integers and floats, little-endian, C or Fortran order.
// What writeNpy gives is byte for byte what np.save writes.

import { dataError } from '../errors.js';
import type { Float } from '../matrix.js';
import { type ByteRange, type ByteSource, readExactly, toRange } from './bytes.js';
import {
  countOf,
  DTYPES,
  type Dtype,
  fitsF32,
  shapeText,
  sizeOf,
  type Tensor,
  toFloat32,
  toFloat64,
} from './tensor.js';

const DESCRIPTIONS: Partial<Record<Dtype, string>> = {
  BOOL: '|b1',
  U8: '|u1',
  I8: '|i1',
  I16: '<i2',
  U16: '<u2',
  F16: '<f2',
  I32: '<i4',
  U32: '<u4',
  F32: '<f4',
  F64: '<f8',
  I64: '<i8',
  U64: '<u8',
};

/** What an npy file says of itself. */
export interface NpyHeader {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** The entries go first axis fastest. */
  readonly fortran: boolean;
  /** Where the entries start in the file, and how many there are. */
  readonly offset: number;
  readonly count: number;
}

/** bytes in the order of the file: C order unless `fortran`. */
export type NpyArray = NpyHeader & Tensor;

const broken = (what: string, hint = 'write it again with np.save') => dataError(`readNpy: ${what}`, hint);

/** The header of an npy file; the file must be long enough for the entries it promises. */
export async function readNpyHeader(source: ByteRange): Promise<NpyHeader> {
  const head = await readExactly(source, 0, 10, 'readNpy');
  if (String.fromCharCode(...head.subarray(0, 6)) !== '\x93NUMPY')
    throw broken('the file should start with \\x93NUMPY');
  const version = head[6];
  if (version < 1 || version > 3 || head[7] !== 0)
    throw broken(`the version should be 1.0, 2.0 or 3.0, got ${version}.${head[7]}`);
  const at = version === 1 ? 10 : 12;
  const field = await readExactly(source, 8, at - 8, 'readNpy');
  const length = field[0] + field[1] * 256 + (version === 1 ? 0 : field[2] * 65536 + field[3] * 16777216);
  if (length > 1 << 20) throw broken(`the header should have at most 1048576 bytes, got ${length}`);
  const text = new TextDecoder('latin1').decode(await readExactly(source, at, length, 'readNpy'));
  const { dtype, shape, fortran } = parseHeader(text);
  const count = countOf(shape);
  const size = count * sizeOf(dtype);
  if (!Number.isSafeInteger(size)) throw broken(`the shape should have below 2⁵³ bytes, got ${shapeText(shape)}`);
  const offset = at + length;
  if (source.size !== undefined && source.size < offset + size)
    throw broken(
      `shape ${shapeText(shape)} of ${dtype} should take ${size} bytes, the file has ${source.size - offset}`,
      'the file is truncated: copy or download it again',
    );
  return { dtype, shape, fortran, offset, count };
}

/** {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), } */
function parseHeader(text: string): { dtype: Dtype; shape: number[]; fortran: boolean } {
  const entries = new Map<string, string>();
  const inner = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1];
  const entry = /\s*(['"])(\w+)\1\s*:\s*('[^']*'|"[^"]*"|True|False|\([\d,\sL]*\)|\[.*\])\s*(?:,|$)/sy;
  let matched = 0;
  for (let m = entry.exec(inner ?? ''); m; m = entry.exec(inner ?? '')) {
    matched = entry.lastIndex;
    entries.set(m[2], m[3]);
  }
  const descr = entries.get('descr');
  const order = entries.get('fortran_order');
  const tuple = entries.get('shape');
  const whole = inner !== undefined && inner.slice(matched).trim() === '' && entries.size === 3;
  if (!whole || !descr || !/^(True|False)$/.test(order ?? '') || !/^\(/.test(tuple ?? ''))
    throw broken(`the header should be {'descr': …, 'fortran_order': …, 'shape': …}, got ${text.trim().slice(0, 80)}`);
  const name = descr.slice(1, -1);
  const dtype = DTYPES.find((key) => DESCRIPTIONS[key] === name || DESCRIPTIONS[key]?.replace('|', '<') === name);
  if (!dtype)
    throw broken(
      `the type should be a little-endian bool, integer or float, got ${descr.slice(0, 40)}`,
      "convert it first: np.save(path, A.astype('<f8'))",
    );
  const parts = (tuple as string).slice(1, -1).split(',');
  if (parts.at(-1)!.trim() === '') parts.pop(); // () and (3,)
  const shape = parts.map((part) => (/^\s*\d+L?\s*$/.test(part) ? Number.parseInt(part, 10) : Number.NaN));
  if (Number.isNaN(countOf(shape))) throw broken(`the shape should be a tuple of sizes below 2⁵³, got ${tuple}`);
  return { dtype, shape, fortran: order === 'True' };
}

/** The whole array in memory. */
export async function readNpy(source: ByteSource): Promise<NpyArray> {
  const range = await toRange(source);
  const header = await readNpyHeader(range);
  const bytes = await readExactly(range, header.offset, header.count * sizeOf(header.dtype), 'readNpy');
  return { ...header, bytes };
}

/**
 * The array as rows of its first axis (shape (m, …) is m rows of p numbers, each in C order), a block of at most
 * `blockBytes` at a time, so that the file may exceed the memory. data: rows×p, f32 where that is exact, else f64.
 */
export async function* readNpyRows(
  source: ByteRange,
  header: NpyHeader,
  blockBytes = 1 << 24,
): AsyncGenerator<{ start: number; rows: number; data: Float }> {
  const { dtype, shape, fortran, offset, count } = header;
  const m = shape[0] ?? 1;
  const p = count / Math.max(m, 1);
  const size = sizeOf(dtype);
  const step = Math.max(1, Math.floor(blockBytes / Math.max(1, p * size)));
  const floats = (bytes: Uint8Array) => {
    const tensor = { dtype, shape: [bytes.length / size], bytes };
    return fitsF32(dtype) ? toFloat32(tensor) : toFloat64(tensor);
  };
  const places = fortran ? cOrder(shape.slice(1)) : undefined;
  for (let start = 0; start < m && p > 0; start += step) {
    const rows = Math.min(step, m - start);
    if (!places) {
      yield {
        start,
        rows,
        data: floats(await readExactly(source, offset + start * p * size, rows * p * size, 'readNpy')),
      };
      continue;
    }
    const data = fitsF32(dtype) ? new Float32Array(rows * p) : new Float64Array(rows * p);
    for (let c = 0; c < p; c++) {
      const column = floats(await readExactly(source, offset + (c * m + start) * size, rows * size, 'readNpy'));
      for (let i = 0; i < rows; i++) data[i * p + places[c]] = column[i];
    }
    yield { start, rows, data };
  }
}

/** For each entry of a shape in Fortran order, its place in C order. */
function cOrder(shape: readonly number[]): Int32Array {
  const places = new Int32Array(countOf(shape));
  const index = shape.map(() => 0);
  for (let c = 0; c < places.length; c++) {
    let place = 0;
    for (let d = 0; d < shape.length; d++) place = place * shape[d] + index[d];
    places[c] = place;
    for (let d = 0; d < shape.length && ++index[d] === shape[d]; d++) index[d] = 0;
  }
  return places;
}

/** NumPy leaves room for the growing axis to reach this many digits. */
const GROWTH_DIGITS = 21;

/** An npy file, in pieces. fortran: the tensor's bytes go first axis fastest. */
export function* writeNpy({ dtype, shape, bytes }: Tensor, fortran = false): Generator<Uint8Array> {
  const descr = DESCRIPTIONS[dtype];
  if (!descr) throw dataError(`writeNpy: npy has no type ${dtype}`, 'convert it to F32 first');
  const order = fortran ? 'True' : 'False';
  const dict = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shapeText(shape)}, }`;
  const growing = shape.length === 0 ? 0 : GROWTH_DIGITS - String(shape[fortran ? shape.length - 1 : 0]).length;
  const text = dict + ' '.repeat(growing);
  const padding = 64 - ((10 + text.length + 1) % 64);
  const length = text.length + padding + 1;
  const head = `\x93NUMPY\x01\x00${String.fromCharCode(length & 255, length >> 8)}${text}${' '.repeat(padding)}\n`;
  yield Uint8Array.from(head, (c) => c.charCodeAt(0));
  yield bytes;
}
