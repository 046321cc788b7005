// One half step of the posterior of a factor model with biases: for every row a w×w system, summed over the entries of the
// row four at a time, factorised and solved. Every number of P sees its additions in the order of the entries, whatever
// the blocking, so that the reference gives the same bits.
//
// P is the upper triangle by rows, its rows `stride` = w rounded up to even; the room of a thread is
// P: stride×stride, z: 4×stride, y: 4, g, m, s (1/diag P), q (m² + s): stride each. What lies beyond w is zero.

/** Pivots below this share of their diagonal entry are raised to it. */
const PIVOT: f64 = 1e-14;

/** Bytes of the room of a thread. */
@inline
function roomOf(stride: usize): usize {
  return (stride * (stride + 8) + 4) << 3;
}

export function posteriorRows(
  task: i32, thread: i32, count: i32, chunk: i32, w: i32, precision: f64,
  starts: usize, columns: usize, values: usize, mean: usize, variance: usize, prior: usize, pull: usize,
  which: usize, newMean: usize, newVariance: usize, misfit: usize, rooms: usize,
): void {
  const stride = (w + 1) & ~1;
  const room = rooms + <usize>thread * roomOf(stride);
  const bytes = <usize>w << 3;
  const last = min(count, (task + 1) * chunk);
  for (let t = task * chunk; t < last; t++) {
    const i = load<i32>(which + (<usize>t << 2));
    const at = <usize>i * bytes;
    const from = load<i32>(starts + (<usize>i << 2));
    const to = load<i32>(starts + (<usize>i << 2), 4);
    const spread = newVariance + at; // of the fixed side, summed; then the new variance
    gather(room, stride, w, from, to, columns, values, mean, variance, spread);
    complete(room, stride, w, precision, prior + at, pull + at, spread);
    factorise(room, stride, w);
    solve(room, stride, w);
    const m = room + (<usize>stride * (stride + 5) + 4 << 3);
    memory.copy(newMean + at, m, bytes);
    if (misfit) store<f64>(misfit + (<usize>i << 3), misfitOf(m, w, from, to, columns, values, mean, variance));
  }
}

/** P = Σ z zᵀ, g = Σ y z and the sum of variances. */
@inline
function gather(
  room: usize, stride: i32, w: i32, from: i32, to: i32,
  columns: usize, values: usize, mean: usize, variance: usize, spread: usize,
): void {
  const row = <usize>stride << 3;
  const bytes = <usize>w << 3;
  const z = room + row * stride;
  const y = z + 4 * row;
  const g = y + 32;
  memory.fill(room, 0, row * (stride + 8) + 32);
  memory.fill(spread, 0, bytes);
  for (let e = from; e < to; e += 4) {
    const n = min(4, to - e);
    for (let c = 0; c < 4; c++) {
      const zc = z + <usize>c * row;
      if (c >= n) {
        memory.fill(zc, 0, row);
        store<f64>(y + (<usize>c << 3), 0);
        continue;
      }
      const at = <usize>load<i32>(columns + (<usize>(e + c) << 2)) * bytes;
      const v = mean + at;
      store<f64>(y + (<usize>c << 3), load<f64>(values + (<usize>(e + c) << 3)) - load<f64>(v));
      store<f64>(zc, 1);
      for (let a: usize = 8; a < bytes; a += 8) {
        store<f64>(zc + a, load<f64>(v + a));
        store<f64>(spread + a, load<f64>(spread + a) + load<f64>(variance + at + a));
      }
    }
    addProducts(room, stride, z);
    addMultiples(g, row, y, z);
  }
}

/** P += Σ_c z_c z_cᵀ, two rows at a time. */
@inline
function addProducts(p: usize, stride: i32, z: usize): void {
  const row = <usize>stride << 3;
  const z1 = z + row;
  const z2 = z1 + row;
  const z3 = z2 + row;
  for (let a: usize = 0; a < row; a += 16, p += 2 * row) {
    const f0 = v128.load64_splat(z + a);
    const f1 = v128.load64_splat(z1 + a);
    const f2 = v128.load64_splat(z2 + a);
    const f3 = v128.load64_splat(z3 + a);
    const h0 = v128.load64_splat(z + a, 8);
    const h1 = v128.load64_splat(z1 + a, 8);
    const h2 = v128.load64_splat(z2 + a, 8);
    const h3 = v128.load64_splat(z3 + a, 8);
    for (let b = a; b < row; b += 16) {
      const x0 = v128.load(z + b);
      const x1 = v128.load(z1 + b);
      const x2 = v128.load(z2 + b);
      const x3 = v128.load(z3 + b);
      let upper = f64x2.add(v128.load(p + b), f64x2.mul(f0, x0));
      let lower = f64x2.add(v128.load(p + row + b), f64x2.mul(h0, x0));
      upper = f64x2.add(upper, f64x2.mul(f1, x1));
      lower = f64x2.add(lower, f64x2.mul(h1, x1));
      upper = f64x2.add(upper, f64x2.mul(f2, x2));
      lower = f64x2.add(lower, f64x2.mul(h2, x2));
      upper = f64x2.add(upper, f64x2.mul(f3, x3));
      lower = f64x2.add(lower, f64x2.mul(h3, x3));
      v128.store(p + b, upper);
      v128.store(p + row + b, lower);
    }
  }
}

/** g += Σ_c y_c z_c. */
@inline
function addMultiples(g: usize, row: usize, y: usize, z: usize): void {
  for (let b: usize = 0; b < row; b += 16) {
    let sum = v128.load(g + b);
    for (let c: usize = 0; c < 4; c++)
      sum = f64x2.add(sum, f64x2.mul(v128.load(z + c * row + b), v128.load64_splat(y + (c << 3))));
    v128.store(g + b, sum);
  }
}

/** P ← β(P + diag(spread)) + diag(prior), g ← βg + pull, spread ← 1/diag(P), which s keeps too. */
@inline
function complete(room: usize, stride: i32, w: i32, precision: f64, prior: usize, pull: usize, spread: usize): void {
  const row = <usize>stride << 3;
  const g = room + row * (stride + 4) + 32;
  const s = g + 2 * row;
  const factor = f64x2.splat(precision);
  for (let a: usize = 0; a < <usize>w << 3; a += 8) {
    const p = room + (a >> 3) * row;
    store<f64>(p + a, load<f64>(p + a) + load<f64>(spread + a));
    for (let b = a & ~15; b < row; b += 16) v128.store(p + b, f64x2.mul(v128.load(p + b), factor));
    store<f64>(p + a, load<f64>(p + a) + load<f64>(prior + a));
    const inverse = 1 / load<f64>(p + a);
    store<f64>(spread + a, inverse);
    store<f64>(s + a, inverse);
    store<f64>(g + a, load<f64>(g + a) * precision + load<f64>(pull + a));
  }
}

/** P ← R with P = RᵀR, row by row; the diagonal holds 1/R_qq. Four rows are finished before the rest takes them all. */
@inline
function factorise(room: usize, stride: i32, w: i32): void {
  const row = <usize>stride << 3;
  const s = room + row * (stride + 6) + 32;
  const end = <usize>w << 3;
  for (let q: usize = 0; q < end; q += 32) {
    const panel = min(q + 32, end);
    for (let a = q; a < panel; a += 8) {
      const p = room + (a >> 3) * row;
      for (let c = q; c < a; c += 8) subtractMultiple(p, room + (c >> 3) * row, a, row);
      const root = 1 / Math.sqrt(Math.max(load<f64>(p + a), PIVOT / load<f64>(s + a)));
      store<f64>(p + a, root);
      for (let b = a + 8; b < row; b += 8) store<f64>(p + b, load<f64>(p + b) * root);
    }
    if (panel < q + 32) return;
    const r0 = room + (q >> 3) * row;
    const r1 = r0 + row;
    const r2 = r1 + row;
    const r3 = r2 + row;
    for (let a = panel; a < end; a += 8) {
      const p = room + (a >> 3) * row;
      const f0 = v128.load64_splat(r0 + a);
      const f1 = v128.load64_splat(r1 + a);
      const f2 = v128.load64_splat(r2 + a);
      const f3 = v128.load64_splat(r3 + a);
      for (let b = a & ~15; b < row; b += 16) {
        let x = f64x2.sub(v128.load(p + b), f64x2.mul(f0, v128.load(r0 + b)));
        x = f64x2.sub(x, f64x2.mul(f1, v128.load(r1 + b)));
        x = f64x2.sub(x, f64x2.mul(f2, v128.load(r2 + b)));
        v128.store(p + b, f64x2.sub(x, f64x2.mul(f3, v128.load(r3 + b))));
      }
    }
  }
}

/** p_b −= r_a r_b for b ≥ a, and for one b before an odd a that nobody reads. */
@inline
function subtractMultiple(p: usize, r: usize, a: usize, row: usize): void {
  const f = v128.load64_splat(r + a);
  for (let b = a & ~15; b < row; b += 16)
    v128.store(p + b, f64x2.sub(v128.load(p + b), f64x2.mul(f, v128.load(r + b))));
}

/** m = R⁻¹R⁻ᵀg, and q = m² + s, which is 1 for the bias. */
@inline
function solve(room: usize, stride: i32, w: i32): void {
  const row = <usize>stride << 3;
  const end = <usize>w << 3;
  const g = room + row * (stride + 4) + 32;
  const m = g + row;
  const s = m + row;
  const square = s + row;
  for (let q: usize = 0; q < end; q += 8) {
    const p = room + (q >> 3) * row;
    const x = load<f64>(g + q) * load<f64>(p + q);
    store<f64>(g + q, x);
    for (let b = q + 8; b < end; b += 8) store<f64>(g + b, load<f64>(g + b) - load<f64>(p + b) * x);
  }
  for (let q = end; q > 0; ) {
    q -= 8;
    const p = room + (q >> 3) * row;
    let x = load<f64>(g + q);
    for (let b = q + 8; b < end; b += 8) x -= load<f64>(p + b) * load<f64>(m + b);
    x *= load<f64>(p + q);
    store<f64>(m + q, x);
    store<f64>(square + q, q == 0 ? 1 : x * x + load<f64>(s + q));
  }
}

/** E Σ r² over the entries of a row; m, s and q follow each other. */
@inline
function misfitOf(
  m: usize, w: i32, from: i32, to: i32, columns: usize, values: usize, mean: usize, variance: usize,
): f64 {
  const bytes = <usize>w << 3;
  const row = (bytes + 15) & ~15;
  const s = m + row;
  const square = s + row;
  let total: f64 = 0;
  for (let e = from; e < to; e++) {
    const at = <usize>load<i32>(columns + (<usize>e << 2)) * bytes;
    const z = mean + at;
    const v = variance + at;
    let fit = f64x2.splat(0);
    let spread = f64x2.splat(0);
    for (let a: usize = 0; a < bytes; a += 16) {
      const whole = a + 16 <= bytes;
      let x = whole ? v128.load(z + a) : v128.load64_zero(z + a);
      const d = whole ? v128.load(v + a) : v128.load64_zero(v + a);
      if (a == 0) x = f64x2.replace_lane(x, 0, 1);
      fit = f64x2.add(fit, f64x2.mul(v128.load(m + a), x));
      const own = f64x2.mul(v128.load(s + a), f64x2.mul(x, x));
      spread = f64x2.add(spread, f64x2.add(own, f64x2.mul(d, v128.load(square + a))));
    }
    const off =
      load<f64>(values + (<usize>e << 3)) - load<f64>(z) - (f64x2.extract_lane(fit, 0) + f64x2.extract_lane(fit, 1));
    total += off * off + (f64x2.extract_lane(spread, 0) + f64x2.extract_lane(spread, 1));
  }
  return total;
}
