// Dense products. A C entry is the sum over blocks of DEPTH terms, each block summed from zero in ascending order, then
// multiplied by α and added. Whatever is cut into tiles and tasks, an entry sees the same operations in the same order.
//
// A task computes one tile of C. Block by block, the rows of A and the columns of B that it needs are packed into strips
// (4 rows of A; 32 bytes of columns of B), and a 4×4 (f64) or 4×8 (f32) piece of C is held in eight registers.

import { DEPTH } from './depth';

/** kind: 0 f64, 1 f32, 2 f32 with B in bf16. Strides are in bytes. The scratch of a thread holds the packed rows, the packed columns, and one piece of C. */
export function gemmTile(
  task: i32,
  thread: i32,
  kind: i32,
  alpha: f64,
  a: usize,
  aRow: usize,
  aCol: usize,
  b: usize,
  bRow: usize,
  bCol: usize,
  c: usize,
  cRow: usize,
  cCol: usize,
  m: i32,
  n: i32,
  q: i32,
  tileRows: i32,
  tileCols: i32,
  accumulate: i32,
  scratch: usize,
  scratchBytes: usize,
): void {
  const across = (n + tileCols - 1) / tileCols;
  const i = (task / across) * tileRows;
  const j = (task % across) * tileCols;
  const rows = min(tileRows, m - i);
  const cols = min(tileCols, n - j);
  const room = scratch + <usize>thread * scratchBytes;
  a += <usize>i * aRow;
  b += <usize>j * bCol;
  c += <usize>i * cRow + <usize>j * cCol;
  if (kind == 0) tile<f64>(alpha, a, aRow, aCol, b, bRow, bCol, c, cRow, cCol, rows, cols, q, accumulate, room, false);
  else tile<f32>(<f32>alpha, a, aRow, aCol, b, bRow, bCol, c, cRow, cCol, rows, cols, q, accumulate, room, kind == 2);
}

@inline
function tile<T>(
  alpha: T,
  a: usize,
  aRow: usize,
  aCol: usize,
  b: usize,
  bRow: usize,
  bCol: usize,
  c: usize,
  cRow: usize,
  cCol: usize,
  rows: i32,
  cols: i32,
  q: i32,
  accumulate: i32,
  room: usize,
  halves: bool,
): void {
  const width = 32 / <i32>sizeof<T>();
  const packedRows = room + 128;
  const packedCols = packedRows + <usize>(((rows + 3) & ~3) * min(q, DEPTH)) * sizeof<T>();
  for (let start = 0; start < q; start += DEPTH) {
    const depth = min(DEPTH, q - start);
    const fresh = start == 0 && !accumulate;
    pack<T>(4, a + <usize>start * aCol, aRow, aCol, rows, depth, packedRows);
    if (halves) widen(b + <usize>start * bRow, bRow, cols, depth, packedCols);
    else pack<T>(width, b + <usize>start * bRow, bCol, bRow, cols, depth, packedCols);
    for (let j = 0; j < cols; j += width) {
      const strip = packedCols + <usize>(j * depth) * sizeof<T>();
      for (let i = 0; i < rows; i += 4) {
        const from = packedRows + <usize>(i * depth) * sizeof<T>();
        const to = c + <usize>i * cRow + <usize>j * cCol;
        const whole = i + 4 <= rows && j + width <= cols && cCol == sizeof<T>();
        piece<T>(depth, from, strip, whole ? to : room, whole ? cRow : 32, whole ? alpha : <T>1, whole ? fresh : true);
        if (!whole) edge<T>(alpha, room, to, cRow, cCol, min(4, rows - i), min(width, cols - j), fresh);
      }
    }
  }
}

/** Lanes 0 … count−1 into strips of `width` lanes, term after term; missing lanes of the last strip are zeros. */
@inline
function pack<T>(width: i32, from: usize, lane: usize, term: usize, count: i32, depth: i32, to: usize): void {
  for (let l = 0; l < count; l += width) {
    let source = from + <usize>l * lane;
    if (l + width > count) {
      for (let p = 0; p < depth; p++, source += term, to += <usize>width * sizeof<T>())
        for (let k = 0; k < width; k++)
          store<T>(to + <usize>k * sizeof<T>(), l + k < count ? load<T>(source + <usize>k * lane) : <T>0);
    } else if (lane == sizeof<T>()) {
      for (let p = 0; p < depth; p++, source += term, to += <usize>width * sizeof<T>()) {
        v128.store(to, v128.load(source));
        if (width * <i32>sizeof<T>() == 32) v128.store(to, v128.load(source, 16), 16);
      }
    } else {
      let p = 0;
      if (width == 4 && term == sizeof<T>()) {
        p = turn<T>(source, lane, depth, to);
        source += <usize>p * sizeof<T>();
        to += <usize>(4 * p) * sizeof<T>();
      }
      for (; p < depth; p++, source += term, to += <usize>width * sizeof<T>())
        for (let k = 0; k < width; k++) store<T>(to + <usize>k * sizeof<T>(), load<T>(source + <usize>k * lane));
    }
  }
}

/** The same from bf16 numbers side by side, 8 lanes wide, as f32: an f32 is a bf16 above 16 zero bits. */
function widen(from: usize, term: usize, count: i32, depth: i32, to: usize): void {
  const zero = i32x4.splat(0);
  for (let l = 0; l < count; l += 8) {
    let source = from + ((<usize>l) << 1);
    if (l + 8 <= count)
      for (let p = 0; p < depth; p++, source += term, to += 32) {
        const x = v128.load(source);
        v128.store(to, v128.shuffle<u16>(zero, x, 0, 8, 1, 9, 2, 10, 3, 11));
        v128.store(to, v128.shuffle<u16>(zero, x, 4, 12, 5, 13, 6, 14, 7, 15), 16);
      }
    else
      for (let p = 0; p < depth; p++, source += term, to += 32)
        for (let k = 0; k < 8; k++)
          store<u32>(to + ((<usize>k) << 2), l + k < count ? <u32>load<u16>(source + ((<usize>k) << 1)) << 16 : 0);
  }
}

/** Packs four lanes that lie along their terms, 2 (f64) or 4 (f32) terms at a time; returns the terms it took. */
function turn<T>(from: usize, lane: usize, depth: i32, to: usize): i32 {
  const each = 16 / <i32>sizeof<T>();
  const taken = depth - (depth % each);
  const end = from + <usize>taken * sizeof<T>();
  for (; from < end; from += 16, to += 64) {
    const r0 = v128.load(from);
    const r1 = v128.load(from + lane);
    const r2 = v128.load(from + 2 * lane);
    const r3 = v128.load(from + 3 * lane);
    if (sizeof<T>() == 8) {
      v128.store(to, v128.shuffle<f64>(r0, r1, 0, 2));
      v128.store(to, v128.shuffle<f64>(r2, r3, 0, 2), 16);
      v128.store(to, v128.shuffle<f64>(r0, r1, 1, 3), 32);
      v128.store(to, v128.shuffle<f64>(r2, r3, 1, 3), 48);
    } else {
      const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
      const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
      const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      v128.store(to, v128.shuffle<f64>(low01, low23, 0, 2));
      v128.store(to, v128.shuffle<f64>(low01, low23, 1, 3), 16);
      v128.store(to, v128.shuffle<f64>(high01, high23, 0, 2), 32);
      v128.store(to, v128.shuffle<f64>(high01, high23, 1, 3), 48);
    }
  }
  return taken;
}

/** 4 rows × 32 bytes of C, row stride cRow: (0 or C) + α·Σ_p a_p b_pᵀ. */
function piece<T>(depth: i32, a: usize, b: usize, c: usize, cRow: usize, alpha: T, fresh: bool): void {
  let c00 = v128.splat<T>(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  const end = b + ((<usize>depth) << 5);
  while (b < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load_splat<T>(a);
    c00 = v128.add<T>(c00, v128.mul<T>(x, b0));
    c01 = v128.add<T>(c01, v128.mul<T>(x, b1));
    x = v128.load_splat<T>(a, sizeof<T>());
    c10 = v128.add<T>(c10, v128.mul<T>(x, b0));
    c11 = v128.add<T>(c11, v128.mul<T>(x, b1));
    x = v128.load_splat<T>(a, 2 * sizeof<T>());
    c20 = v128.add<T>(c20, v128.mul<T>(x, b0));
    c21 = v128.add<T>(c21, v128.mul<T>(x, b1));
    x = v128.load_splat<T>(a, 3 * sizeof<T>());
    c30 = v128.add<T>(c30, v128.mul<T>(x, b0));
    c31 = v128.add<T>(c31, v128.mul<T>(x, b1));
    a += 4 * sizeof<T>();
    b += 32;
  }
  const factor = v128.splat<T>(alpha);
  add<T>(c, fresh, factor, c00, c01);
  add<T>(c + cRow, fresh, factor, c10, c11);
  add<T>(c + 2 * cRow, fresh, factor, c20, c21);
  add<T>(c + 3 * cRow, fresh, factor, c30, c31);
}

@inline
function add<T>(c: usize, fresh: bool, factor: v128, s0: v128, s1: v128): void {
  const zero = v128.splat<T>(0);
  v128.store(c, v128.add<T>(fresh ? zero : v128.load(c), v128.mul<T>(factor, s0)));
  v128.store(c, v128.add<T>(fresh ? zero : v128.load(c, 16), v128.mul<T>(factor, s1)), 16);
}

/** The part of a piece that C has, from its sums in `room`. */
function edge<T>(alpha: T, room: usize, c: usize, cRow: usize, cCol: usize, rows: i32, cols: i32, fresh: bool): void {
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < cols; j++) {
      const to = c + <usize>i * cRow + <usize>j * cCol;
      const sum = load<T>(room + ((<usize>i) << 5) + <usize>j * sizeof<T>());
      store<T>(to, (fresh ? <T>0 : load<T>(to)) + alpha * sum);
    }
}
