// Sweeps of plane rotations over the rows of X. A task takes eight columns: they are packed, so that they stay in the
// cache while all sweeps pass, and the row that a sweep carries along stays in registers.

/** X: m×n, row stride in bytes; sweeps: (first row, rotations, ±1) each; turns: (c, s) each, sweep after sweep. */
export function rotateStrip(
  task: i32,
  thread: i32,
  x: usize,
  xRow: usize,
  m: i32,
  n: i32,
  sweeps: usize,
  turns: usize,
  count: i32,
  scratch: usize,
): void {
  const strip = scratch + <usize>thread * ((<usize>m) << 6);
  const bytes = (<usize>min(8, n - 8 * task)) << 3;
  x += (<usize>task) << 6;
  if (bytes < 64) memory.fill(strip, 0, (<usize>m) << 6); // what lay there might be slow subnormal numbers
  for (let i = 0; i < m; i++) memory.copy(strip + ((<usize>i) << 6), x + <usize>i * xRow, bytes);
  for (let t = 0; t < count; t++, sweeps += 12) {
    const length = load<i32>(sweeps, 4);
    const step = load<i32>(sweeps, 8) << 6;
    sweep(strip + ((<usize>load<i32>(sweeps)) << 6), length, step, turns);
    turns += (<usize>length) << 4;
  }
  for (let i = 0; i < m; i++) memory.copy(x + <usize>i * xRow, strip + ((<usize>i) << 6), bytes);
}

function sweep(row: usize, length: i32, step: i32, turns: usize): void {
  let p0 = v128.load(row);
  let p1 = v128.load(row, 16);
  let p2 = v128.load(row, 32);
  let p3 = v128.load(row, 48);
  for (let r = 0; r < length; r++, turns += 16) {
    const next = row + step;
    const c = v128.load_splat<f64>(turns);
    const s = v128.load_splat<f64>(turns, 8);
    const q0 = v128.load(next);
    const q1 = v128.load(next, 16);
    const q2 = v128.load(next, 32);
    const q3 = v128.load(next, 48);
    v128.store(row, f64x2.add(f64x2.mul(c, p0), f64x2.mul(s, q0)));
    v128.store(row, f64x2.add(f64x2.mul(c, p1), f64x2.mul(s, q1)), 16);
    v128.store(row, f64x2.add(f64x2.mul(c, p2), f64x2.mul(s, q2)), 32);
    v128.store(row, f64x2.add(f64x2.mul(c, p3), f64x2.mul(s, q3)), 48);
    p0 = f64x2.sub(f64x2.mul(c, q0), f64x2.mul(s, p0));
    p1 = f64x2.sub(f64x2.mul(c, q1), f64x2.mul(s, p1));
    p2 = f64x2.sub(f64x2.mul(c, q2), f64x2.mul(s, p2));
    p3 = f64x2.sub(f64x2.mul(c, q3), f64x2.mul(s, p3));
    row = next;
  }
  v128.store(row, p0);
  v128.store(row, p1, 16);
  v128.store(row, p2, 32);
  v128.store(row, p3, 48);
}
