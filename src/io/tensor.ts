// A tensor: numbers of one type as little-endian bytes, in C order, with a shape. What npy, npz and safetensors hold.

import { dataError } from '../errors.js';
import { copy, type Float, type Matrix, matrix } from '../matrix.js';
import { fromBf16, fromF8e4m3, fromF8e5m2, fromF16, toBf16, toF16 } from './floats.js';

/** In the order in which safetensors sorts them, wide ones last. */
export const DTYPES = [
  'BOOL',
  'U8',
  'I8',
  'F8_E5M2',
  'F8_E4M3',
  'I16',
  'U16',
  'F16',
  'BF16',
  'I32',
  'U32',
  'F32',
  'F64',
  'I64',
  'U64',
] as const;
/** The type of a tensor's entries, by its safetensors name. */
export type Dtype = (typeof DTYPES)[number];

/** Numbers of one type with a shape. */
export interface Tensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Any alignment. */
  readonly bytes: Uint8Array;
}

/** Whether a name from a file is a type we know. */
export const isDtype = (name: unknown): name is Dtype => (DTYPES as readonly unknown[]).includes(name);

/** Bytes of one entry. */
export const sizeOf = (dtype: Dtype): number => (dtype === 'BOOL' ? 1 : Number(/^[A-Z]+(\d+)/.exec(dtype)![1]) / 8);

/** The product of a shape (1 for a scalar); NaN where it is not a product of whole numbers below 2⁵³. */
export function countOf(shape: readonly unknown[]): number {
  if (!shape.every((n): n is number => Number.isSafeInteger(n) && (n as number) >= 0)) return Number.NaN;
  if (shape.includes(0)) return 0;
  let count = 1;
  for (const n of shape) if (!Number.isSafeInteger((count *= n))) return Number.NaN;
  return count;
}

const ARRAYS = {
  BOOL: Uint8Array,
  U8: Uint8Array,
  I8: Int8Array,
  F8_E5M2: Uint8Array,
  F8_E4M3: Uint8Array,
  I16: Int16Array,
  U16: Uint16Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I32: Int32Array,
  U32: Uint32Array,
  F32: Float32Array,
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
} as const;

/** What arrayOf may give. */
export type TensorArray =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** The entries as a typed array: a view where the bytes are aligned, else a copy. F16, BF16 and F8 come as their bits. */
export function arrayOf<D extends Dtype>({ dtype, bytes }: Tensor & { dtype: D }): InstanceType<(typeof ARRAYS)[D]> {
  const aligned = bytes.byteOffset % sizeOf(dtype) === 0 ? bytes : new Uint8Array(bytes);
  const Kind = ARRAYS[dtype] as new (buffer: ArrayBufferLike, offset: number, length: number) => TensorArray;
  return new Kind(aligned.buffer, aligned.byteOffset, aligned.length / sizeOf(dtype)) as InstanceType<
    (typeof ARRAYS)[D]
  >;
}

/** A tensor of what a typed array holds. The shape's product is the array's length; without it, one axis. */
export function tensorOf(data: TensorArray, shape: readonly number[] = [data.length]): Tensor {
  const dtype = DTYPES.find((name) => !/BOOL|F8|F16/.test(name) && data instanceof ARRAYS[name]) as Dtype;
  return { dtype, shape, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

/** M: n₁×n₂ as a tensor, row by row. */
export const matrixTensor = (M: Matrix): Tensor => tensorOf(copy(M).data, [M.rows, M.cols]);

const asF64 = (data: Float) => (data instanceof Float64Array ? data : Float64Array.from(data));
const asF32 = (data: Float) => (data instanceof Float32Array ? data : Float32Array.from(data));

/** Floats in another floating-point type, each rounded to nearest, ties to even. */
export function floatTensor(data: Float, shape: readonly number[], dtype: FloatDtype): Tensor {
  const cast = { F64: asF64, F32: asF32, BF16: toBf16, F16: toF16 }[dtype](data);
  return { dtype, shape, bytes: new Uint8Array(cast.buffer, cast.byteOffset, cast.byteLength) };
}

/** A floating-point type of tensors. */
export type FloatDtype = 'F64' | 'F32' | 'BF16' | 'F16';

/** The least size that rounds to infinity. */
export const OVERFLOW: Readonly<Record<FloatDtype, number>> = {
  F64: Infinity,
  F32: (2 - 2 ** -24) * 2 ** 127,
  BF16: (2 - 2 ** -8) * 2 ** 127,
  F16: 65520,
};

/** Whether every entry of the type is exact in f32. */
export const fitsF32 = (dtype: Dtype): boolean => sizeOf(dtype) < 4 || dtype === 'F32';

/** The entries in f64, exactly; a 64-bit integer beyond ±2⁵³ is refused. */
export function toFloat64(tensor: Tensor): Float64Array {
  if (tensor.dtype === 'F64') return arrayOf({ ...tensor, dtype: 'F64' });
  const { dtype } = tensor;
  if (dtype === 'I64' || dtype === 'U64') {
    const from = arrayOf({ ...tensor, dtype });
    const out = new Float64Array(from.length);
    for (let i = 0; i < out.length; i++) {
      out[i] = Number(from[i]);
      if (!Number.isSafeInteger(out[i]))
        throw dataError(
          `toFloat64: entry ${i} should be an integer within ±(2⁵³ − 1), got ${from[i]}`,
          'store such numbers as float64, or as text if they are ids',
        );
    }
    return out;
  }
  return Float64Array.from(dtype === 'I32' || dtype === 'U32' ? arrayOf({ ...tensor, dtype }) : toFloat32(tensor));
}

/** The entries in f32: exact for F32 and narrower types, rounded for wider ones. out: where they go, if not to a new array or a view. */
export function toFloat32(tensor: Tensor, out?: Float32Array): Float32Array {
  const { dtype } = tensor;
  const copied = (from: ArrayLike<number>) => {
    if (!out) return Float32Array.from(from);
    out.set(from);
    return out;
  };
  switch (dtype) {
    case 'F32': {
      const there = arrayOf({ ...tensor, dtype });
      return out ? copied(there) : there;
    }
    case 'F16':
      return fromF16(arrayOf({ ...tensor, dtype }), out);
    case 'BF16':
      return fromBf16(arrayOf({ ...tensor, dtype }), out);
    case 'F8_E5M2':
      return fromF8e5m2(tensor.bytes, out);
    case 'F8_E4M3':
      return fromF8e4m3(tensor.bytes, out);
    case 'F64':
    case 'I64':
    case 'U64':
      return copied(toFloat64(tensor));
    default:
      return copied(arrayOf({ ...tensor, dtype }));
  }
}

/** A tensor of two axes (or one: a column) as a matrix; entries in f64, or f32 where the file holds f32. fortran: the bytes go column by column. */
export function tensorMatrix(tensor: Tensor, fortran = false): Matrix {
  const { shape, dtype } = tensor;
  if (shape.length === 0 || shape.length > 2)
    throw dataError(
      `tensorMatrix: the array should have 1 or 2 axes, got shape ${shapeText(shape)}`,
      'reshape it before saving',
    );
  const [rows, cols = 1] = shape;
  const data: Float = dtype === 'F32' ? toFloat32(tensor) : toFloat64(tensor);
  return fortran ? { rows, cols, data, offset: 0, rowStride: 1, colStride: rows } : matrix(rows, cols, data);
}

/** As Python writes a tuple: (), (3,), (3, 4). */
export const shapeText = (shape: readonly number[]): string =>
  shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
