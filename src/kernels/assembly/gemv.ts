// Products with one vector, y = (0 or y) + α·A x, in f64, with the order of additions of gemm.ts: nothing is packed, since
// every number of A is used once. Eight rows of A at a time, or eight columns, whichever lie side by side.

import { DEPTH } from './depth';

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
