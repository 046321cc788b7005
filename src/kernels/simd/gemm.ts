// K3 on a machine: where the operands lie, which way a product is turned, and how C is cut into tiles. None of it changes
// a bit of the result: the order of additions in a C entry is fixed by reference/gemm.ts.

import { type Float, type Matrix, matrix, transpose } from '../../matrix.js';
import type { Kernels } from '../contract.js';
import type { Machine } from '../machine.js';
import type { Segment } from '../memory.js';
import { DEPTH, widened } from '../reference/gemm.js';

/** A matrix in kernel memory: address and strides in bytes. */
interface Placed {
  readonly at: number;
  readonly row: number;
  readonly col: number;
}

/** Flops below which a product, or a product with one vector, stays in this thread: about 20 µs. */
const SMALL = 3e5;
const SMALL_VECTOR = 1.5e5;
/** A tile of C: its packed operands fit into a second-level cache of 1 MB. */
const TILE_ROWS = 128;
const TILE_COLS = 256;
/** Bytes for the packed operands of a tile, at most. */
const PACKED = 2 ** 20;
/** Tiles wanted, so that threads end together, as long as each has SMALL flops. */
const TILES = 8;

const ceil = (x: number, unit: number) => unit * Math.ceil(x / unit);

/** What gemmTile takes in place of a precision. */
const KIND = { f64: 0, f32: 1, bf16: 2 } as const;

export function simdGemm({ space, team, place }: Machine): Pick<Kernels, 'gemm' | 'gemmBf16'> {
  function gemm(alpha: number, A: Matrix, B: Matrix, C: Matrix, accumulate = false): void {
    const { rows: m, cols: n } = C;
    if (m === 0 || n === 0) return;
    if (A.cols === 0) {
      if (!accumulate) fill(C);
    } else if (m === 1 || (n > 1 && C.colStride !== 1 && C.rowStride === 1))
      product(alpha, transpose(B), transpose(A), transpose(C), accumulate);
    else product(alpha, A, B, C, accumulate);
  }

  function gemmBf16(
    alpha: number,
    A: Matrix<Float32Array>,
    bits: Uint16Array,
    C: Matrix<Float32Array>,
    accumulate = false,
  ): void {
    const { rows: m, cols: n } = C;
    const q = A.cols;
    if (m < 2 || n < 2 || q === 0 || C.colStride !== 1) {
      gemm(alpha, A, matrix(q, n, widened(bits)), C, accumulate);
      return;
    }
    const { onTeam, tiles, rows, cols, each } = tiling(m, n, q, 4);
    const operands = [
      { array: bits, use: 'in' },
      { array: A.data, use: 'in' },
      { array: C.data, use: 'inout' },
    ] as const;
    place(operands, each * team.threads, ({ at: [b, a, c], scratch, run, runHere }) => {
      const [pa, pc] = [inPlace(A, a), inPlace(C, c)];
      const strides = [pa.at, pa.row, pa.col, b, 2 * n, 2, pc.at, pc.row, pc.col];
      const more = [m, n, q, rows, cols, accumulate ? 1 : 0, scratch, each];
      (onTeam ? run : runHere)('gemmTile', tiles, KIND.bf16, alpha, ...strides, ...more);
    });
  }

  /** How C: m×n, with q terms of `size` bytes an entry, is cut. */
  function tiling(m: number, n: number, q: number, size: number) {
    const onTeam = 2 * m * n * q >= (n === 1 ? SMALL_VECTOR : SMALL) && team.threads > 1;
    const width = 32 / size;
    let rows = ceil(m / Math.ceil(m / TILE_ROWS), 4);
    let cols = ceil(n / Math.ceil(n / TILE_COLS), width);
    const tiles = () => Math.ceil(m / rows) * Math.ceil(n / cols);
    while (onTeam && tiles() < TILES && rows * cols * q > SMALL && (rows > 4 || cols > width))
      if (rows > cols || cols === width) rows = ceil(rows / 2, 4);
      else cols = ceil(cols / 2, width);
    const each = ceil(128 + (rows + cols) * Math.min(q, DEPTH) * size, 64);
    return { onTeam, tiles: tiles(), rows, cols, each };
  }

  function product(alpha: number, A: Matrix, B: Matrix, C: Matrix, accumulate: boolean): void {
    const a = space.locate(A.data);
    const b = space.locate(B.data);
    const c = space.locate(C.data);
    if (a && b && c && a.segment === b.segment && a.segment === c.segment) {
      const address = (X: Matrix, place: { address: number }) => inPlace(X, place.address);
      run(a.segment, alpha, A, B, C, address(A, a), address(B, b), address(C, c), accumulate);
    } else
      space.scoped(() => {
        const segment = homeOf(A, B, C);
        const [pa, pb, pc] = [A, B, C].map((X) => bring(X, segment, X !== C || accumulate));
        run(segment, alpha, A, B, C, pa, pb, pc, accumulate);
        if (space.locate(C.data)?.segment !== segment) fetch(C, pc, segment);
      });
  }

  function run(
    segment: Segment,
    alpha: number,
    A: Matrix,
    B: Matrix,
    C: Matrix,
    a: Placed,
    b: Placed,
    c: Placed,
    accumulate: boolean,
  ): void {
    const { rows: m, cols: n } = C;
    const q = A.cols;
    const go = (onTeam: boolean, name: string, tasks: number, args: number[]) =>
      (onTeam ? team.run : team.runHere)([{ segment, name, tasks, args }]);
    const add = accumulate ? 1 : 0;
    const single = C.data instanceof Float32Array;

    if (n === 1 && !single && (a.col === 8 || a.row === 8 || q === 1)) {
      const onTeam = 2 * m * q >= SMALL_VECTOR && team.threads > 1;
      const taskRows = onTeam ? ceil(m / TILES, 8) : m;
      const tasks = Math.ceil(m / taskRows);
      space.scoped(() => {
        const x = b.row === 8 ? b.at : gathered(B, segment);
        const along = a.col === 8 || q === 1;
        const operands = [alpha, a.at, along ? a.row : a.col, x, c.at, c.row, m, q, taskRows, add];
        if (along) go(onTeam, 'gemvRows', tasks, operands);
        else go(onTeam, 'gemvCols', tasks, [...operands, space.scratch(8 * m, segment).address]);
      });
      return;
    }

    const { onTeam, tiles, rows, cols, each } = tiling(m, n, q, single ? 4 : 8);
    space.scoped(() => {
      const scratch = space.scratch(each * team.threads, segment).address;
      const operands = [a.at, a.row, a.col, b.at, b.row, b.col, c.at, c.row, c.col];
      go(onTeam, 'gemmTile', tiles, [
        single ? KIND.f32 : KIND.f64,
        alpha,
        ...operands,
        m,
        n,
        q,
        rows,
        cols,
        add,
        scratch,
        each,
      ]);
    });
  }

  /** The memory that holds the largest operand, if what lies elsewhere fits beside it. */
  function homeOf(...operands: Matrix[]): Segment {
    const bytes = (X: Matrix) => X.rows * X.cols * X.data.BYTES_PER_ELEMENT + 64;
    const abroad = (segment?: Segment) =>
      operands.reduce(
        (sum, X) => sum + (segment && space.locate(X.data)?.segment === segment ? 0 : bytes(X)),
        PACKED * team.threads,
      );
    const homes = [...operands].sort((X, Y) => bytes(Y) - bytes(X)).map((X) => space.locate(X.data)?.segment);
    const home = homes.find((segment) => segment && space.hasRoom(segment, abroad(segment)));
    return home ?? space.scoped(() => space.scratch(abroad()).segment);
  }

  /** X in the segment, copied there if it lies elsewhere: by blocks where it is dense one way or the other. */
  function bring(X: Matrix, segment: Segment, filled: boolean): Placed {
    const place = space.locate(X.data);
    if (place?.segment === segment) return inPlace(X, place.address);
    const size = X.data.BYTES_PER_ELEMENT;
    const { address } = space.scratch(X.rows * X.cols * size, segment);
    const dense = denseOf(X);
    const byColumns = dense === 'columns';
    if (filled) {
      const to = space.view(size === 8 ? 'f64' : 'f32', { segment, address }, X.rows * X.cols);
      if (dense) to.set(X.data.subarray(X.offset, X.offset + X.rows * X.cols));
      else gather(X, to);
    }
    return byColumns ? { at: address, row: size, col: size * X.rows } : { at: address, row: size * X.cols, col: size };
  }

  /** C ← its copy in the segment. */
  function fetch(C: Matrix, { at }: Placed, segment: Segment): void {
    const from = space.view(C.data.BYTES_PER_ELEMENT === 8 ? 'f64' : 'f32', { segment, address: at }, C.rows * C.cols);
    if (denseOf(C)) C.data.set(from, C.offset);
    else scatter(from, C);
  }

  /** The numbers of a column, side by side in scratch. */
  function gathered(x: Matrix, segment: Segment): number {
    const place = space.scratch(8 * x.rows, segment);
    gather(x, space.view('f64', place, x.rows));
    return place.address;
  }

  return { gemm, gemmBf16 };
}

const inPlace = (X: Matrix, address: number): Placed => {
  const size = X.data.BYTES_PER_ELEMENT;
  return { at: address + size * X.offset, row: size * X.rowStride, col: size * X.colStride };
};

const denseOf = (X: Matrix): 'rows' | 'columns' | undefined =>
  X.colStride === 1 && X.rowStride === X.cols
    ? 'rows'
    : X.rowStride === 1 && X.colStride === X.rows
      ? 'columns'
      : undefined;

function gather(X: Matrix, to: Float): void {
  for (let i = 0, t = 0; i < X.rows; i++)
    for (let j = 0, s = X.offset + i * X.rowStride; j < X.cols; j++, s += X.colStride) to[t++] = X.data[s];
}

function scatter(from: Float, X: Matrix): void {
  for (let i = 0, t = 0; i < X.rows; i++)
    for (let j = 0, s = X.offset + i * X.rowStride; j < X.cols; j++, s += X.colStride) X.data[s] = from[t++];
}

function fill(X: Matrix): void {
  for (let i = 0; i < X.rows; i++)
    for (let j = 0, s = X.offset + i * X.rowStride; j < X.cols; j++, s += X.colStride) X.data[s] = 0;
}
