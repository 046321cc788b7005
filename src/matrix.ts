// Matrix views: a block of numbers seen as rows × cols with two strides. A transpose or a slice is another view of the
// same numbers. Entry (i, j) is data[offset + i·rowStride + j·colStride].

/** Numbers in f64 or f32. */
export type Float = Float64Array | Float32Array;

/** A block of numbers seen as rows × cols. */
export interface Matrix<T extends Float = Float> {
  readonly rows: number;
  readonly cols: number;
  readonly data: T;
  readonly offset: number;
  readonly rowStride: number;
  readonly colStride: number;
}

/** data seen as a dense row-major rows×cols matrix; without data, zeros in f64. */
export function matrix(rows: number, cols: number): Matrix<Float64Array>;
export function matrix<T extends Float>(rows: number, cols: number, data: T, offset?: number): Matrix<T>;
export function matrix(rows: number, cols: number, data: Float = new Float64Array(rows * cols), offset = 0): Matrix {
  return { rows, cols, data, offset, rowStride: cols, colStride: 1 };
}

/** Aᵀ, as a view. */
export const transpose = <T extends Float>(A: Matrix<T>): Matrix<T> => ({
  rows: A.cols,
  cols: A.rows,
  data: A.data,
  offset: A.offset,
  rowStride: A.colStride,
  colStride: A.rowStride,
});

/** Rows r0 ≤ i < r1 and columns c0 ≤ j < c1 of A, as a view. */
export const slice = <T extends Float>(A: Matrix<T>, r0: number, r1: number, c0 = 0, c1 = A.cols): Matrix<T> => ({
  ...A,
  rows: r1 - r0,
  cols: c1 - c0,
  offset: A.offset + r0 * A.rowStride + c0 * A.colStride,
});

/** A_ij. */
export const at = (A: Matrix, i: number, j: number): number => A.data[A.offset + i * A.rowStride + j * A.colStride];

/** A dense row-major copy of A in f64. */
export function copy(A: Matrix): Matrix<Float64Array> {
  const C = matrix(A.rows, A.cols);
  for (let i = 0, t = 0; i < A.rows; i++)
    for (let j = 0, s = A.offset + i * A.rowStride; j < A.cols; j++, s += A.colStride) C.data[t++] = A.data[s];
  return C;
}
