// x ← H x: butterflies (a, b) → (a+b, a−b) at distances 1, 2, 4, …, two stages in one pass. Stages with distances below
// BLOCK run inside blocks that stay in the cache; the later ones go over the whole vector, strip by strip.

/** Stages at distances 1, 2, …, block/2 on the blocks of `block` numbers, 4 ≤ block. */
export function hadamardBlocks(task: i32, thread: i32, x: usize, block: i32): void {
  const start = x + (<usize>task * block << 3);
  const end = start + (<usize>block << 3);
  for (let i = start; i < end; i += 32) {
    const a = v128.load(i);
    const b = v128.load(i, 16);
    const even = v128.shuffle<f64>(a, b, 0, 2);
    const odd = v128.shuffle<f64>(a, b, 1, 3);
    const s = f64x2.add(even, odd);
    const d = f64x2.sub(even, odd);
    const left = v128.shuffle<f64>(s, d, 0, 2);
    const right = v128.shuffle<f64>(s, d, 1, 3);
    v128.store(i, f64x2.add(left, right));
    v128.store(i, f64x2.sub(left, right), 16);
  }
  let half = 4;
  for (; half * 2 < block; half *= 4)
    for (let i = start; i < end; i += <usize>half << 5) fourPoints(i, half, half);
  if (half < block)
    for (let i = start; i < end; i += <usize>half << 4) twoPoints(i, half, half);
}

/** The stages at distances half and 2·half of the whole vector, for one strip of `strip` numbers of a quarter. */
export function hadamardStrips(task: i32, thread: i32, x: usize, half: i32, strip: i32): void {
  const strips = half / strip;
  const group = task / strips;
  fourPoints(x + (<usize>group * half << 5) + (<usize>(task % strips) * strip << 3), half, strip);
}

/** The stage at distance half alone, for one strip of `strip` numbers of a half. */
export function hadamardLast(task: i32, thread: i32, x: usize, half: i32, strip: i32): void {
  const strips = half / strip;
  const group = task / strips;
  twoPoints(x + (<usize>group * half << 4) + (<usize>(task % strips) * strip << 3), half, strip);
}

@inline
function fourPoints(x: usize, half: i32, count: i32): void {
  const h = <usize>half << 3;
  const end = x + (<usize>count << 3);
  for (let p = x, q = x + 2 * h; p < end; p += 16, q += 16) {
    const a = v128.load(p);
    const b = v128.load(p + h);
    const c = v128.load(q);
    const d = v128.load(q + h);
    const ab = f64x2.add(a, b);
    const cd = f64x2.add(c, d);
    const abMinus = f64x2.sub(a, b);
    const cdMinus = f64x2.sub(c, d);
    v128.store(p, f64x2.add(ab, cd));
    v128.store(p + h, f64x2.add(abMinus, cdMinus));
    v128.store(q, f64x2.sub(ab, cd));
    v128.store(q + h, f64x2.sub(abMinus, cdMinus));
  }
}

@inline
function twoPoints(x: usize, half: i32, count: i32): void {
  const h = <usize>half << 3;
  const end = x + (<usize>count << 3);
  for (let p = x; p < end; p += 16) {
    const a = v128.load(p);
    const b = v128.load(p + h);
    v128.store(p, f64x2.add(a, b));
    v128.store(p + h, f64x2.sub(a, b));
  }
}
