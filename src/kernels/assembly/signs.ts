// Signs ±1 in bits, by byte tables (four Russians). Words are packed by groups of 64 columns: [group][row][8 bytes]. For
// A x, a group has eight tables, one for each byte: the 256 signed sums of its eight x. For Aᵀ r, a group has eight sets
// of 256 buckets: each row adds its r to the buckets of its bytes, and a bucket is then split by its bits.
// Sums of eight go as ((x₀+x₁)+(x₂+x₃))+((x₄+x₅)+(x₆+x₇)), and so do the eight bytes of a group.

/** The signed sums of x₀ … x₃ into 16 numbers: bit k of the index is the sign of x_k. */
@inline
function nibble(x: usize, table: usize): void {
  const x2 = load<f64>(x, 16), x3 = load<f64>(x, 24);
  const plus = load<f64>(x) + load<f64>(x, 8), minus = -load<f64>(x) + load<f64>(x, 8);
  const low0 = f64x2.replace_lane(f64x2.splat(plus), 1, minus);
  const low1 = f64x2.replace_lane(
    f64x2.splat(load<f64>(x) - load<f64>(x, 8)), 1, -load<f64>(x) - load<f64>(x, 8));
  const h0 = f64x2.splat(x2 + x3), h1 = f64x2.splat(-x2 + x3), h2 = f64x2.splat(x2 - x3), h3 = f64x2.splat(-x2 - x3);
  v128.store(table, f64x2.add(low0, h0));
  v128.store(table, f64x2.add(low1, h0), 16);
  v128.store(table, f64x2.add(low0, h1), 32);
  v128.store(table, f64x2.add(low1, h1), 48);
  v128.store(table, f64x2.add(low0, h2), 64);
  v128.store(table, f64x2.add(low1, h2), 80);
  v128.store(table, f64x2.add(low0, h3), 96);
  v128.store(table, f64x2.add(low1, h3), 112);
}

/** The 256 signed sums of x₀ … x₇. nibbles: room for 16 numbers. */
function buildTable(x: usize, table: usize, nibbles: usize): void {
  nibble(x, nibbles);
  const a0 = v128.load(nibbles), a1 = v128.load(nibbles, 16), a2 = v128.load(nibbles, 32), a3 = v128.load(nibbles, 48);
  const a4 = v128.load(nibbles, 64), a5 = v128.load(nibbles, 80), a6 = v128.load(nibbles, 96), a7 = v128.load(nibbles, 112);
  nibble(x + 32, nibbles);
  for (let end = nibbles + 128; nibbles < end; nibbles += 8, table += 128) {
    const h = v128.load64_splat(nibbles);
    v128.store(table, f64x2.add(a0, h));
    v128.store(table, f64x2.add(a1, h), 16);
    v128.store(table, f64x2.add(a2, h), 32);
    v128.store(table, f64x2.add(a3, h), 48);
    v128.store(table, f64x2.add(a4, h), 64);
    v128.store(table, f64x2.add(a5, h), 80);
    v128.store(table, f64x2.add(a6, h), 96);
    v128.store(table, f64x2.add(a7, h), 112);
  }
}

/** Eight times the byte of w from bit `bit` on: an offset into a table. */
@inline
function byteOf(w: u32, bit: u32): usize {
  return <usize>(bit == 0 ? w << 3 : w >>> (bit - 3)) & 2040;
}

/**
 * out = A x for rows task·share … of m, at most `share`. x: 64·groups. tables: for each thread, 16 KiB and 128 bytes.
 */
export function signsApply(
  task: i32, thread: i32, a: usize, m: i32, groups: i32, share: i32, x: usize, out: usize, tables: usize,
): void {
  const first = task * share;
  const last = min(m, first + share);
  if (first >= last) return;
  tables += <usize>thread * 16512;
  memory.fill(out + (<usize>first << 3), 0, <usize>(last - first) << 3);
  for (let group = 0; group < groups; group++, x += 512) {
    for (let b: usize = 0; b < 8; b++) buildTable(x + (b << 6), tables + (b << 11), tables + 16384);
    let word = a + (<usize>(group * m + first) << 3);
    let o = out + (<usize>first << 3);
    for (const end = out + (<usize>last << 3); o < end; o += 8, word += 8) {
      const w = load<u32>(word), v = load<u32>(word, 4);
      const left = load<f64>(tables + byteOf(w, 0)) + load<f64>(tables + byteOf(w, 8), 2048)
        + (load<f64>(tables + byteOf(w, 16), 4096) + load<f64>(tables + byteOf(w, 24), 6144));
      const right = load<f64>(tables + byteOf(v, 0), 8192) + load<f64>(tables + byteOf(v, 8), 10240)
        + (load<f64>(tables + byteOf(v, 16), 12288) + load<f64>(tables + byteOf(v, 24), 14336));
      store<f64>(o, load<f64>(o) + (left + right));
    }
  }
}

/** Task t: the 64 columns of group t of g = scale·Aᵀ r. buckets: for each thread, 16 KiB and 128 bytes. */
export function signsAdjoint(
  task: i32, thread: i32, a: usize, m: i32, scale: f64, r: usize, g: usize, buckets: usize,
): void {
  buckets += <usize>thread * 16512;
  memory.fill(buckets, 0, 16384);
  let word = a + (<usize>task * m << 3);
  for (const end = r + (<usize>m << 3); r < end; r += 8, word += 8) {
    const w = load<u32>(word), v = load<u32>(word, 4);
    const ri = load<f64>(r);
    let at = buckets + byteOf(w, 0);
    store<f64>(at, load<f64>(at) + ri);
    at = buckets + byteOf(w, 8);
    store<f64>(at, load<f64>(at, 2048) + ri, 2048);
    at = buckets + byteOf(w, 16);
    store<f64>(at, load<f64>(at, 4096) + ri, 4096);
    at = buckets + byteOf(w, 24);
    store<f64>(at, load<f64>(at, 6144) + ri, 6144);
    at = buckets + byteOf(v, 0);
    store<f64>(at, load<f64>(at, 8192) + ri, 8192);
    at = buckets + byteOf(v, 8);
    store<f64>(at, load<f64>(at, 10240) + ri, 10240);
    at = buckets + byteOf(v, 16);
    store<f64>(at, load<f64>(at, 12288) + ri, 12288);
    at = buckets + byteOf(v, 24);
    store<f64>(at, load<f64>(at, 14336) + ri, 14336);
  }
  g += <usize>task << 9;
  for (let b: usize = 0; b < 8; b++) split(buckets + (b << 11), scale, g + (b << 6));
}

/** The eight columns of a byte: bucket sums with the sign of each bit, from the highest bit down. */
function split(buckets: usize, scale: f64, g: usize): void {
  for (let bit: usize = 7; bit >= 2; bit--) {
    const half: usize = 8 << bit;
    let low = f64x2.splat(0), high = f64x2.splat(0);
    for (let p = buckets, end = buckets + half; p < end; p += 32) {
      const a = v128.load(p), b = v128.load(p + half);
      const c = v128.load(p, 16), d = v128.load(p + half, 16);
      low = f64x2.add(low, f64x2.sub(a, b));
      high = f64x2.add(high, f64x2.sub(c, d));
      v128.store(p, f64x2.add(a, b));
      v128.store(p, f64x2.add(c, d), 16);
    }
    const pair = f64x2.add(low, high);
    store<f64>(g + (bit << 3), scale * (f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1)));
  }
  const a = load<f64>(buckets), b = load<f64>(buckets, 8), c = load<f64>(buckets, 16), d = load<f64>(buckets, 24);
  store<f64>(g, scale * (a - c + (b - d)), 8);
  store<f64>(g, scale * (a + c - (b + d)));
}
