// K1, dense measurements. Rows are packed in blocks of four: [block][2 columns f64 | 4 columns f32][4 rows]. A block is
// read twice while it is in the cache: once for its four row sums, once to be added to the gradient, backwards, so that
// what was read last is used first. Both go in chunks of columns, each used for all c right-hand sides.
//
// A row sum has four lanes, one for each column mod 4, kept as lanes: [row][4] f64 and added as (s₀+s₂)+(s₁+s₃).
// cols is p rounded up to a multiple of 8; the columns beyond p are zero, and so are the rows beyond m.

// Arithmetics.
const F64: i32 = 0;
const F32_TO_F64: i32 = 1; // f32 storage, f64 arithmetic
const F32: i32 = 2;

// What a pass does; the sum of these.
const APPLY: i32 = 1; // r = A x
const RESIDUAL: i32 = 2; // … and r = scale·A x − y
const ADJOINT: i32 = 4; // g = Aᵀ r

/** Columns of a chunk: 16 KiB of f64 or f32 of a block. In f32 arithmetic, lanes go to f64 after each chunk. */
const CHUNK_F64: i32 = 512;
const CHUNK_F32: i32 = 1024;
/** In f32 arithmetic, gradients go to f64 after so many blocks. */
const FLUSH_BLOCKS: i32 = 64;

/**
 * One part of A: blocks·4 rows. x: c×cols (f32 for F32), y, r: c×4·blocks, g: c×cols, running: c×cols f32 (F32 only),
 * lanes: c×16, and for F32_TO_F64 with c > 1 behind them a chunk of a block in f64.
 */
export function rowsPart(
  task: i32, thread: i32, arithmetic: i32, mode: i32, a: usize, blocks: i32, cols: i32, c: i32,
  x: usize, y: usize, r: usize, g: usize, running: usize, lanes: usize, scale: f64,
): void {
  // Several right-hand sides share the conversion of a chunk; a single one converts as it goes.
  const widens = arithmetic == F32_TO_F64 && c > 1;
  const wide = lanes + (<usize>c << 7);
  const chunk = arithmetic == F64 || widens ? CHUNK_F64 : CHUNK_F32;
  const columnShift: usize = arithmetic == F64 ? 5 : 4; // bytes of a column of a block
  const vectorShift: usize = arithmetic == F32 ? 2 : 3; // bytes of a number of x and of the gradient in use
  const rowsBytes = <usize>blocks << 5;
  const sums = arithmetic == F32 ? running : g;
  if (mode & ADJOINT) {
    memory.fill(g, 0, <usize>c * cols << 3);
    if (arithmetic == F32) memory.fill(running, 0, <usize>c * cols << 2);
  }
  for (let b = 0; b < blocks; b++, a += <usize>cols << columnShift) {
    if (mode & APPLY) {
      memory.fill(lanes, 0, <usize>c << 7);
      for (let j = 0; j < cols; j += chunk) {
        const n = min(chunk, cols - j);
        let at = a + (<usize>j << columnShift);
        if (widens) at = widen(at, wide, n);
        for (let k = 0; k < c; k++) {
          const xk = x + ((<usize>k * cols + j) << vectorShift);
          const lk = lanes + (<usize>k << 7);
          if (arithmetic == F64 || widens) dots64(at, xk, n, lk);
          else if (arithmetic == F32_TO_F64) dots32to64(at, xk, n, lk);
          else dots32(at, xk, n, lk);
        }
      }
      for (let k = 0; k < c; k++) {
        const row = <usize>k * rowsBytes + (<usize>b << 5);
        for (let i: usize = 0; i < 4; i++) {
          const lane = lanes + (<usize>k << 7) + (i << 5);
          const pair = f64x2.add(v128.load(lane), v128.load(lane, 16));
          let sum = f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
          if (mode & RESIDUAL) sum = scale * sum - load<f64>(y + row + (i << 3));
          store<f64>(r + row + (i << 3), sum);
        }
      }
    }
    if (mode & ADJOINT) {
      for (let j = (cols - 1) / chunk * chunk; j >= 0; j -= chunk) {
        const n = min(chunk, cols - j);
        let at = a + (<usize>j << columnShift);
        if (widens) at = widen(at, wide, n);
        for (let k = 0; k < c; k++) {
          const gk = sums + ((<usize>k * cols + j) << vectorShift);
          const rk = r + <usize>k * rowsBytes + (<usize>b << 5);
          if (arithmetic == F64 || widens) axpy64(at, rk, gk, n);
          else if (arithmetic == F32_TO_F64) axpy32to64(at, rk, gk, n);
          else axpy32(at, rk, gk, n);
        }
      }
      if (arithmetic == F32 && (b + 1 == blocks || (b + 1) % FLUSH_BLOCKS == 0)) flush(running, g, c * cols);
    }
  }
}

/** into += from, n numbers, n a multiple of 4. */
export function rowsAdd(task: i32, thread: i32, into: usize, from: usize, n: i32): void {
  const end = into + (<usize>n << 3);
  for (; into < end; into += 16, from += 16) v128.store(into, f64x2.add(v128.load(into), v128.load(from)));
}

/** x ← scale·x, n numbers, n a multiple of 4. */
export function rowsScale(task: i32, thread: i32, x: usize, n: i32, scale: f64): void {
  const s = f64x2.splat(scale);
  const end = x + (<usize>n << 3);
  for (; x < end; x += 16) v128.store(x, f64x2.mul(v128.load(x), s));
}

/** Task t packs rows 4t … 4t+3 of source (row-major, p numbers of `size` bytes a row) into block t of a. */
export function rowsPack(task: i32, thread: i32, source: usize, p: i32, cols: i32, size: i32, a: usize): void {
  const row = <usize>p * size;
  source += <usize>task * row << 2;
  a += <usize>task * cols * size << 2;
  const whole = row & ~15;
  let from = source;
  for (const end = source + whole; from < end; from += 16, a += 64) {
    v128.store(a, v128.load(from));
    v128.store(a, v128.load(from + row), 16);
    v128.store(a, v128.load(from + 2 * row), 32);
    v128.store(a, v128.load(from + 3 * row), 48);
  }
  for (let i: usize = 0; i < 4; i++) memory.copy(a + (i << 4), from + i * row, row - whole);
}

/** Task t packs row t of source into row t + first of the one block a, 0 ≤ t + first < 4. */
export function rowsPackOne(task: i32, thread: i32, source: usize, p: i32, size: i32, a: usize, first: i32): void {
  const row = <usize>p * size;
  source += <usize>task * row;
  a += <usize>(task + first) << 4;
  const whole = source + (row & ~15);
  for (; source < whole; source += 16, a += 64) v128.store(a, v128.load(source));
  memory.copy(a, source, row & 15);
}

// The inner loops. Exported, so that they stay functions of their own; the branch in the middle of a loop keeps the
// registers of a half (README.md, "To add a kernel"). f64 storage and arithmetic:

export function dots64(a: usize, x: usize, cols: i32, lanes: usize): void {
  let a0 = v128.load(lanes), b0 = v128.load(lanes, 16), a1 = v128.load(lanes, 32), b1 = v128.load(lanes, 48);
  let a2 = v128.load(lanes, 64), b2 = v128.load(lanes, 80), a3 = v128.load(lanes, 96), b3 = v128.load(lanes, 112);
  for (const end = x + (<usize>cols << 3); x < end; a += 64) {
    const v = v128.load(x);
    a0 = f64x2.add(a0, f64x2.mul(v128.load(a), v));
    a1 = f64x2.add(a1, f64x2.mul(v128.load(a, 16), v));
    a2 = f64x2.add(a2, f64x2.mul(v128.load(a, 32), v));
    a3 = f64x2.add(a3, f64x2.mul(v128.load(a, 48), v));
    x += 16;
    a += 64;
    if (x == end) break;
    const w = v128.load(x);
    b0 = f64x2.add(b0, f64x2.mul(v128.load(a), w));
    b1 = f64x2.add(b1, f64x2.mul(v128.load(a, 16), w));
    b2 = f64x2.add(b2, f64x2.mul(v128.load(a, 32), w));
    b3 = f64x2.add(b3, f64x2.mul(v128.load(a, 48), w));
    x += 16;
  }
  v128.store(lanes, a0);
  v128.store(lanes, b0, 16);
  v128.store(lanes, a1, 32);
  v128.store(lanes, b1, 48);
  v128.store(lanes, a2, 64);
  v128.store(lanes, b2, 80);
  v128.store(lanes, a3, 96);
  v128.store(lanes, b3, 112);
}

export function axpy64(a: usize, r: usize, g: usize, cols: i32): void {
  const r0 = v128.load64_splat(r), r1 = v128.load64_splat(r, 8), r2 = v128.load64_splat(r, 16), r3 = v128.load64_splat(r, 24);
  a += <usize>cols << 5;
  for (let p = g + (<usize>cols << 3); p > g; ) {
    p -= 16;
    a -= 64;
    const sum = f64x2.add(
      f64x2.add(f64x2.mul(v128.load(a), r0), f64x2.mul(v128.load(a, 16), r1)),
      f64x2.add(f64x2.mul(v128.load(a, 32), r2), f64x2.mul(v128.load(a, 48), r3)),
    );
    v128.store(p, f64x2.add(v128.load(p), sum));
  }
}

// f32 storage, f64 arithmetic:

@inline
function high(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 1));
}

export function dots32to64(a: usize, x: usize, cols: i32, lanes: usize): void {
  let a0 = v128.load(lanes), b0 = v128.load(lanes, 16), a1 = v128.load(lanes, 32), b1 = v128.load(lanes, 48);
  let a2 = v128.load(lanes, 64), b2 = v128.load(lanes, 80), a3 = v128.load(lanes, 96), b3 = v128.load(lanes, 112);
  for (const end = x + (<usize>cols << 3); x < end; a += 64) {
    const v = v128.load(x);
    a0 = f64x2.add(a0, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(a)), v));
    a1 = f64x2.add(a1, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(a, 16)), v));
    a2 = f64x2.add(a2, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(a, 32)), v));
    a3 = f64x2.add(a3, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(a, 48)), v));
    x += 16;
    if (x == end) break;
    const w = v128.load(x);
    b0 = f64x2.add(b0, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(a, 8)), w));
    b1 = f64x2.add(b1, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(a, 24)), w));
    b2 = f64x2.add(b2, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(a, 40)), w));
    b3 = f64x2.add(b3, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(a, 56)), w));
    x += 16;
  }
  v128.store(lanes, a0);
  v128.store(lanes, b0, 16);
  v128.store(lanes, a1, 32);
  v128.store(lanes, b1, 48);
  v128.store(lanes, a2, 64);
  v128.store(lanes, b2, 80);
  v128.store(lanes, a3, 96);
  v128.store(lanes, b3, 112);
}

export function axpy32to64(a: usize, r: usize, g: usize, cols: i32): void {
  const r0 = v128.load64_splat(r), r1 = v128.load64_splat(r, 8), r2 = v128.load64_splat(r, 16), r3 = v128.load64_splat(r, 24);
  a += <usize>cols << 4;
  for (let p = g + (<usize>cols << 3); p > g; ) {
    p -= 32;
    a -= 64;
    const a0 = f64x2.promote_low_f32x4(v128.load64_zero(a)), a1 = f64x2.promote_low_f32x4(v128.load64_zero(a, 16));
    const a2 = f64x2.promote_low_f32x4(v128.load64_zero(a, 32)), a3 = f64x2.promote_low_f32x4(v128.load64_zero(a, 48));
    const left = f64x2.add(
      f64x2.add(f64x2.mul(a0, r0), f64x2.mul(a1, r1)),
      f64x2.add(f64x2.mul(a2, r2), f64x2.mul(a3, r3)),
    );
    v128.store(p, f64x2.add(v128.load(p), left));
    const b0 = f64x2.promote_low_f32x4(v128.load64_zero(a, 8)), b1 = f64x2.promote_low_f32x4(v128.load64_zero(a, 24));
    const b2 = f64x2.promote_low_f32x4(v128.load64_zero(a, 40)), b3 = f64x2.promote_low_f32x4(v128.load64_zero(a, 56));
    const right = f64x2.add(
      f64x2.add(f64x2.mul(b0, r0), f64x2.mul(b1, r1)),
      f64x2.add(f64x2.mul(b2, r2), f64x2.mul(b3, r3)),
    );
    v128.store(p, f64x2.add(v128.load(p, 16), right), 16);
  }
}

/** A chunk of a block from f32 to f64, each in its own packing. Returns where it is. */
export function widen(a: usize, wide: usize, cols: i32): usize {
  let out = wide;
  for (const end = wide + (<usize>cols << 5); out < end; out += 128, a += 64) {
    v128.store(out, f64x2.promote_low_f32x4(v128.load64_zero(a)));
    v128.store(out, f64x2.promote_low_f32x4(v128.load64_zero(a, 16)), 16);
    v128.store(out, f64x2.promote_low_f32x4(v128.load64_zero(a, 32)), 32);
    v128.store(out, f64x2.promote_low_f32x4(v128.load64_zero(a, 48)), 48);
    v128.store(out, f64x2.promote_low_f32x4(v128.load64_zero(a, 8)), 64);
    v128.store(out, f64x2.promote_low_f32x4(v128.load64_zero(a, 24)), 80);
    v128.store(out, f64x2.promote_low_f32x4(v128.load64_zero(a, 40)), 96);
    v128.store(out, f64x2.promote_low_f32x4(v128.load64_zero(a, 56)), 112);
  }
  return wide;
}

// f32 storage and arithmetic, x and the running gradient in f32:

export function dots32(a: usize, x: usize, cols: i32, lanes: usize): void {
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  for (const end = x + (<usize>cols << 2); x < end; a += 64) {
    const v = v128.load(x);
    a0 = f32x4.add(a0, f32x4.mul(v128.load(a), v));
    a1 = f32x4.add(a1, f32x4.mul(v128.load(a, 16), v));
    a2 = f32x4.add(a2, f32x4.mul(v128.load(a, 32), v));
    a3 = f32x4.add(a3, f32x4.mul(v128.load(a, 48), v));
    x += 16;
    a += 64;
    if (x == end) break;
    const w = v128.load(x);
    b0 = f32x4.add(b0, f32x4.mul(v128.load(a), w));
    b1 = f32x4.add(b1, f32x4.mul(v128.load(a, 16), w));
    b2 = f32x4.add(b2, f32x4.mul(v128.load(a, 32), w));
    b3 = f32x4.add(b3, f32x4.mul(v128.load(a, 48), w));
    x += 16;
  }
  addTo(lanes, f32x4.add(a0, b0));
  addTo(lanes + 32, f32x4.add(a1, b1));
  addTo(lanes + 64, f32x4.add(a2, b2));
  addTo(lanes + 96, f32x4.add(a3, b3));
}

export function axpy32(a: usize, r: usize, g: usize, cols: i32): void {
  const r0 = f32x4.splat(<f32>load<f64>(r)), r1 = f32x4.splat(<f32>load<f64>(r, 8));
  const r2 = f32x4.splat(<f32>load<f64>(r, 16)), r3 = f32x4.splat(<f32>load<f64>(r, 24));
  a += <usize>cols << 4;
  for (let p = g + (<usize>cols << 2); p > g; ) {
    p -= 16;
    a -= 64;
    const sum = f32x4.add(
      f32x4.add(f32x4.mul(v128.load(a), r0), f32x4.mul(v128.load(a, 16), r1)),
      f32x4.add(f32x4.mul(v128.load(a, 32), r2), f32x4.mul(v128.load(a, 48), r3)),
    );
    v128.store(p, f32x4.add(v128.load(p), sum));
  }
}

/** Four numbers in f64 += four in f32. */
@inline
function addTo(g: usize, v: v128): void {
  v128.store(g, f64x2.add(v128.load(g), f64x2.promote_low_f32x4(v)));
  v128.store(g, f64x2.add(v128.load(g, 16), high(v)), 16);
}

/** g += running, running = 0. */
function flush(running: usize, g: usize, cols: i32): void {
  const zero = f64x2.splat(0);
  const end = running + (<usize>cols << 2);
  for (; running < end; running += 16, g += 32) {
    addTo(g, v128.load(running));
    v128.store(running, zero);
  }
}
