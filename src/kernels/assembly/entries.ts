// K2, the entries of a mask. Factors have rows of n vectors of 16 bytes, filled up with zeros. A part is a range of rows with
// a gradient of V of its own; parts are added in a fixed tree afterwards.
//
// A dot product has one sum for each lane, over the vectors in order; then (l₀+l₁), or (l₀+l₁)+(l₂+l₃). Gradients see their
// additions in the order of the entries. So one entry at a time or four give the same bits.

import { unrolled_f32, unrolled_f64 } from './entriesUnrolled';

/** Up to so many vectors a row, u_i and its gradient stay in registers. */
const REGISTERS_F64: i32 = 6;
const REGISTERS_F32: i32 = 8;

/** Rows bounds[task] ≤ i < bounds[task+1]; gv: parts×cols×n vectors, one for each part; losses: parts. */
export function entriesPart(
  task: i32, thread: i32, single: i32, n: i32, cols: i32, bounds: usize,
  starts: usize, columns: usize, values: usize, u: usize, v: usize, gu: usize, gv: usize, losses: usize,
): void {
  const first = load<i32>(bounds + (<usize>task << 2));
  const last = load<i32>(bounds + (<usize>task << 2), 4);
  const bytes = <usize>cols * n << 4;
  const g = gv + <usize>task * bytes;
  memory.fill(g, 0, bytes);
  let loss: f64;
  if (single)
    loss = n <= REGISTERS_F32
      ? unrolled_f32(n, first, last, starts, columns, values, u, v, gu, g)
      : long<f32>(n, first, last, starts, columns, values, u, v, gu, g);
  else
    loss = n <= REGISTERS_F64
      ? unrolled_f64(n, first, last, starts, columns, values, u, v, gu, g)
      : long<f64>(n, first, last, starts, columns, values, u, v, gu, g);
  store<f64>(losses + (<usize>task << 3), loss);
}

/** Adds the parts of gv into the first: 2, 4 or 8 of them, `chunk` vectors of each a task. */
export function entriesFold(task: i32, thread: i32, single: i32, parts: i32, vectors: i32, chunk: i32, gv: usize): void {
  const part = <usize>vectors << 4;
  const last = gv + (<usize>min(vectors, (task + 1) * chunk) << 4);
  for (let p = gv + (<usize>task * chunk << 4); p < last; p += 16)
    v128.store(p, single ? tree<f32>(p, parts, part) : tree<f64>(p, parts, part));
}

/** out_e = ⟨u_i, v_j⟩ for `chunk` rows a task. */
export function entriesDots(
  task: i32, thread: i32, single: i32, n: i32, rows: i32, chunk: i32,
  starts: usize, columns: usize, u: usize, v: usize, out: usize,
): void {
  const row = <usize>n << 4;
  const last = min(rows, (task + 1) * chunk);
  for (let i = task * chunk; i < last; i++) {
    const ui = u + <usize>i * row;
    const end = load<i32>(starts + (<usize>i << 2), 4);
    for (let e = load<i32>(starts + (<usize>i << 2)); e < end; e++) {
      const vj = v + <usize>load<i32>(columns + (<usize>e << 2)) * row;
      if (single) store<f32>(out + (<usize>e << 2), <f32>dot<f32>(ui, vj, row));
      else store<f64>(out + (<usize>e << 3), <f64>dot<f64>(ui, vj, row));
    }
  }
}

/** Rows of k numbers of `size` bytes to or from rows of `stride` bytes; what is filled up is zero. */
export function entriesPad(task: i32, thread: i32, rows: i32, bytes: i32, stride: i32, from: usize, to: usize): void {
  for (let i = 0; i < rows; i++, from += bytes, to += stride) {
    v128.store(to + stride - 16, i64x2.splat(0));
    memory.copy(to, from, bytes);
  }
}
export function entriesUnpad(task: i32, thread: i32, rows: i32, bytes: i32, stride: i32, from: usize, to: usize): void {
  for (let i = 0; i < rows; i++, from += stride, to += bytes) memory.copy(to, from, bytes);
}

@inline
function add<T>(a: v128, b: v128): v128 {
  return v128.add<T>(a, b);
}

@inline
function tree<T>(p: usize, parts: i32, part: usize): v128 {
  let sum = add<T>(v128.load(p), v128.load(p + part));
  if (parts == 2) return sum;
  sum = add<T>(sum, add<T>(v128.load(p + 2 * part), v128.load(p + 3 * part)));
  if (parts == 4) return sum;
  const left = add<T>(v128.load(p + 4 * part), v128.load(p + 5 * part));
  const right = add<T>(v128.load(p + 6 * part), v128.load(p + 7 * part));
  return add<T>(sum, add<T>(left, right));
}

@inline
function lanes<T>(s: v128): T {
  if (sizeof<T>() == 8) return <T>(f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1));
  return <T>((f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1)) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3)));
}

@inline
function dot<T>(ui: usize, vj: usize, row: usize): T {
  let s = v128.mul<T>(v128.load(ui), v128.load(vj));
  for (let t: usize = 16; t < row; t += 16) s = add<T>(s, v128.mul<T>(v128.load(ui + t), v128.load(vj + t)));
  return lanes<T>(s);
}

/** The gradient for long rows: four entries share every read of u_i and of its gradient. */
function long<T>(
  n: i32, first: i32, last: i32, starts: usize, columns: usize, values: usize, u: usize, v: usize, gu: usize, gv: usize,
): f64 {
  const row = <usize>n << 4;
  const size = sizeof<T>();
  let loss: f64 = 0;
  for (let i = first; i < last; i++) {
    const ui = u + <usize>i * row;
    const gi = gu + <usize>i * row;
    memory.fill(gi, 0, row);
    const end = load<i32>(starts + (<usize>i << 2), 4);
    let e = load<i32>(starts + (<usize>i << 2));
    for (; e + 4 <= end; e += 4) {
      const at = columns + (<usize>e << 2);
      const j0 = <usize>load<i32>(at) * row;
      const j1 = <usize>load<i32>(at, 4) * row;
      const j2 = <usize>load<i32>(at, 8) * row;
      const j3 = <usize>load<i32>(at, 12) * row;
      const x0 = v128.load(ui);
      let s0 = v128.mul<T>(x0, v128.load(v + j0));
      let s1 = v128.mul<T>(x0, v128.load(v + j1));
      let s2 = v128.mul<T>(x0, v128.load(v + j2));
      let s3 = v128.mul<T>(x0, v128.load(v + j3));
      for (let t: usize = 16; t < row; t += 16) {
        const x = v128.load(ui + t);
        s0 = add<T>(s0, v128.mul<T>(x, v128.load(v + j0 + t)));
        s1 = add<T>(s1, v128.mul<T>(x, v128.load(v + j1 + t)));
        s2 = add<T>(s2, v128.mul<T>(x, v128.load(v + j2 + t)));
        s3 = add<T>(s3, v128.mul<T>(x, v128.load(v + j3 + t)));
      }
      const value = values + <usize>e * size;
      const r0 = lanes<T>(s0) - load<T>(value);
      const r1 = lanes<T>(s1) - load<T>(value + size);
      const r2 = lanes<T>(s2) - load<T>(value + 2 * size);
      const r3 = lanes<T>(s3) - load<T>(value + 3 * size);
      const f0 = v128.splat<T>(r0);
      const f1 = v128.splat<T>(r1);
      const f2 = v128.splat<T>(r2);
      const f3 = v128.splat<T>(r3);
      for (let t: usize = 0; t < row; t += 16) {
        const x = v128.load(ui + t);
        let g = add<T>(v128.load(gi + t), v128.mul<T>(f0, v128.load(v + j0 + t)));
        g = add<T>(g, v128.mul<T>(f1, v128.load(v + j1 + t)));
        g = add<T>(g, v128.mul<T>(f2, v128.load(v + j2 + t)));
        v128.store(gi + t, add<T>(g, v128.mul<T>(f3, v128.load(v + j3 + t))));
        v128.store(gv + j0 + t, add<T>(v128.load(gv + j0 + t), v128.mul<T>(f0, x)));
        v128.store(gv + j1 + t, add<T>(v128.load(gv + j1 + t), v128.mul<T>(f1, x)));
        v128.store(gv + j2 + t, add<T>(v128.load(gv + j2 + t), v128.mul<T>(f2, x)));
        v128.store(gv + j3 + t, add<T>(v128.load(gv + j3 + t), v128.mul<T>(f3, x)));
      }
      loss += <f64>r0 * <f64>r0;
      loss += <f64>r1 * <f64>r1;
      loss += <f64>r2 * <f64>r2;
      loss += <f64>r3 * <f64>r3;
    }
    for (; e < end; e++) {
      const j = <usize>load<i32>(columns + (<usize>e << 2)) * row;
      const r = dot<T>(ui, v + j, row) - load<T>(values + <usize>e * size);
      const x = v128.splat<T>(r);
      for (let t: usize = 0; t < row; t += 16) {
        v128.store(gi + t, add<T>(v128.load(gi + t), v128.mul<T>(x, v128.load(v + j + t))));
        v128.store(gv + j + t, add<T>(v128.load(gv + j + t), v128.mul<T>(x, v128.load(ui + t))));
      }
      loss += <f64>r * <f64>r;
    }
  }
  return loss;
}
