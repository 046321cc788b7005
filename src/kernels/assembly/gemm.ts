// Dense products. A C entry is the sum over blocks of DEPTH terms, each block summed from zero in ascending order, then
// multiplied by α and added. Whatever is cut into tiles and tasks, an entry sees the same operations in the same order.
//
// A task computes one tile of C. Block by block, the rows of A and the columns of B that it needs are packed into strips
// (4 rows of A; 32 bytes of columns of B), and a 4×4 (f64) or 4×8 (f32) piece of C is held in eight registers.

const DEPTH: i32 = 256;

/** Strides are in bytes. The scratch of a thread holds the packed rows, the packed columns, and one piece of C. */
export function gemmTile(
  task: i32,
  thread: i32,
  single: i32,
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
  if (single) tile<f32>(<f32>alpha, a, aRow, aCol, b, bRow, bCol, c, cRow, cCol, rows, cols, q, accumulate, room);
  else tile<f64>(alpha, a, aRow, aCol, b, bRow, bCol, c, cRow, cCol, rows, cols, q, accumulate, room);
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
): void {
  const width = 32 / <i32>sizeof<T>();
  const packedRows = room + 128;
  const packedCols = packedRows + <usize>(((rows + 3) & ~3) * min(q, DEPTH)) * sizeof<T>();
  for (let start = 0; start < q; start += DEPTH) {
    const depth = min(DEPTH, q - start);
    const fresh = start == 0 && !accumulate;
    pack<T>(4, a + <usize>start * aCol, aRow, aCol, rows, depth, packedRows);
    pack<T>(width, b + <usize>start * bRow, bCol, bRow, cols, depth, packedCols);
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

/** y = (0 or y) + α·A x for a task's rows of A, which lie along their rows. x: contiguous. f64. */
export function gemvRows(
  task: i32,
  thread: i32,
  alpha: f64,
  a: usize,
  aRow: usize,
  x: usize,
  y: usize,
  yRow: usize,
  m: i32,
  q: i32,
  taskRows: i32,
  accumulate: i32,
): void {
  const first = task * taskRows;
  const last = min(m, first + taskRows);
  let i = first;
  for (; i + 8 <= last; i += 8)
    for (let start = 0; start < q; start += DEPTH) {
      const depth = min(DEPTH, q - start);
      const from = (<usize>start) << 3;
      const fresh = start == 0 && !accumulate;
      rows8(depth, a + <usize>i * aRow + from, aRow, x + from, y + <usize>i * yRow, yRow, alpha, fresh);
    }
  for (; i < last; i++)
    for (let start = 0; start < q; start += DEPTH) {
      const depth = min(DEPTH, q - start);
      let sum: f64 = 0;
      for (let p = start; p < start + depth; p++)
        sum += load<f64>(a + <usize>i * aRow + ((<usize>p) << 3)) * load<f64>(x + ((<usize>p) << 3));
      const to = y + <usize>i * yRow;
      store<f64>(to, (start == 0 && !accumulate ? 0 : load<f64>(to)) + alpha * sum);
    }
}

/** Eight rows in four registers: two terms of two rows are loaded along the rows and turned. */
function rows8(depth: i32, a: usize, aRow: usize, x: usize, y: usize, yRow: usize, alpha: f64, fresh: bool): void {
  let s0 = v128.splat<f64>(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  const a4 = a + 4 * aRow;
  const pairs = depth & ~1;
  const end = x + ((<usize>pairs) << 3);
  let at: usize = a;
  let at4: usize = a4;
  for (; x < end; x += 16, at += 16, at4 += 16) {
    const x0 = v128.load_splat<f64>(x);
    const x1 = v128.load_splat<f64>(x, 8);
    let u = v128.load(at);
    let v = v128.load(at + aRow);
    s0 = v128.add<f64>(s0, v128.mul<f64>(x0, v128.shuffle<f64>(u, v, 0, 2)));
    s0 = v128.add<f64>(s0, v128.mul<f64>(x1, v128.shuffle<f64>(u, v, 1, 3)));
    u = v128.load(at + 2 * aRow);
    v = v128.load(at + 3 * aRow);
    s1 = v128.add<f64>(s1, v128.mul<f64>(x0, v128.shuffle<f64>(u, v, 0, 2)));
    s1 = v128.add<f64>(s1, v128.mul<f64>(x1, v128.shuffle<f64>(u, v, 1, 3)));
    u = v128.load(at4);
    v = v128.load(at4 + aRow);
    s2 = v128.add<f64>(s2, v128.mul<f64>(x0, v128.shuffle<f64>(u, v, 0, 2)));
    s2 = v128.add<f64>(s2, v128.mul<f64>(x1, v128.shuffle<f64>(u, v, 1, 3)));
    u = v128.load(at4 + 2 * aRow);
    v = v128.load(at4 + 3 * aRow);
    s3 = v128.add<f64>(s3, v128.mul<f64>(x0, v128.shuffle<f64>(u, v, 0, 2)));
    s3 = v128.add<f64>(s3, v128.mul<f64>(x1, v128.shuffle<f64>(u, v, 1, 3)));
  }
  if (pairs < depth) {
    const x0 = v128.load_splat<f64>(x);
    s0 = v128.add<f64>(s0, v128.mul<f64>(x0, two(at, aRow)));
    s1 = v128.add<f64>(s1, v128.mul<f64>(x0, two(at + 2 * aRow, aRow)));
    s2 = v128.add<f64>(s2, v128.mul<f64>(x0, two(at4, aRow)));
    s3 = v128.add<f64>(s3, v128.mul<f64>(x0, two(at4 + 2 * aRow, aRow)));
  }
  addTwo(y, yRow, alpha, fresh, s0);
  addTwo(y + 2 * yRow, yRow, alpha, fresh, s1);
  addTwo(y + 4 * yRow, yRow, alpha, fresh, s2);
  addTwo(y + 6 * yRow, yRow, alpha, fresh, s3);
}

@inline
function two(at: usize, stride: usize): v128 {
  return v128.replace_lane<f64>(v128.load_splat<f64>(at), 1, load<f64>(at + stride));
}

@inline
function addTwo(y: usize, yRow: usize, alpha: f64, fresh: bool, s: v128): void {
  store<f64>(y, (fresh ? 0 : load<f64>(y)) + alpha * v128.extract_lane<f64>(s, 0));
  store<f64>(y + yRow, (fresh ? 0 : load<f64>(y + yRow)) + alpha * v128.extract_lane<f64>(s, 1));
}

/** y = (0 or y) + α·A x for a task's rows of A, which lie along its columns (stride aCol). x: contiguous. f64. */
export function gemvCols(
  task: i32,
  thread: i32,
  alpha: f64,
  a: usize,
  aCol: usize,
  x: usize,
  y: usize,
  yRow: usize,
  m: i32,
  q: i32,
  taskRows: i32,
  accumulate: i32,
  sums: usize,
): void {
  const first = task * taskRows;
  const rows = min(taskRows, m - first);
  a += (<usize>first) << 3;
  y += <usize>first * yRow;
  sums += (<usize>first) << 3;
  for (let start = 0; start < q; start += DEPTH) {
    const depth = min(DEPTH, q - start);
    memory.fill(sums, 0, (<usize>rows) << 3);
    let p = start;
    for (; p + 8 <= start + depth; p += 8) cols8(a + <usize>p * aCol, aCol, x + ((<usize>p) << 3), sums, rows);
    for (; p < start + depth; p++) {
      const from = a + <usize>p * aCol;
      const factor = load<f64>(x + ((<usize>p) << 3));
      for (let i: usize = 0; i < (<usize>rows) << 3; i += 8)
        store<f64>(sums + i, load<f64>(sums + i) + factor * load<f64>(from + i));
    }
    for (let i = 0; i < rows; i++) {
      const to = y + <usize>i * yRow;
      store<f64>(to, (start == 0 && !accumulate ? 0 : load<f64>(to)) + alpha * load<f64>(sums + ((<usize>i) << 3)));
    }
  }
}

/** sums += eight columns times eight numbers, in order. */
function cols8(a: usize, aCol: usize, x: usize, sums: usize, rows: i32): void {
  const a4 = a + 4 * aCol;
  const x0 = v128.load_splat<f64>(x);
  const x1 = v128.load_splat<f64>(x, 8);
  const x2 = v128.load_splat<f64>(x, 16);
  const x3 = v128.load_splat<f64>(x, 24);
  const x4 = v128.load_splat<f64>(x, 32);
  const x5 = v128.load_splat<f64>(x, 40);
  const x6 = v128.load_splat<f64>(x, 48);
  const x7 = v128.load_splat<f64>(x, 56);
  const pairs = (<usize>(rows & ~1)) << 3;
  for (let i: usize = 0; i < pairs; i += 16) {
    let s = v128.load(sums + i);
    s = v128.add<f64>(s, v128.mul<f64>(x0, v128.load(a + i)));
    s = v128.add<f64>(s, v128.mul<f64>(x1, v128.load(a + aCol + i)));
    s = v128.add<f64>(s, v128.mul<f64>(x2, v128.load(a + 2 * aCol + i)));
    s = v128.add<f64>(s, v128.mul<f64>(x3, v128.load(a + 3 * aCol + i)));
    s = v128.add<f64>(s, v128.mul<f64>(x4, v128.load(a4 + i)));
    s = v128.add<f64>(s, v128.mul<f64>(x5, v128.load(a4 + aCol + i)));
    s = v128.add<f64>(s, v128.mul<f64>(x6, v128.load(a4 + 2 * aCol + i)));
    s = v128.add<f64>(s, v128.mul<f64>(x7, v128.load(a4 + 3 * aCol + i)));
    v128.store(sums + i, s);
  }
  if (rows & 1)
    for (let p = 0; p < 8; p++)
      store<f64>(
        sums + pairs,
        load<f64>(sums + pairs) + load<f64>(x + ((<usize>p) << 3)) * load<f64>(a + <usize>p * aCol + pairs),
      );
}
