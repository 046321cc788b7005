// Written by scripts/entries-kernels.mjs; do not edit.
// Rows first ≤ i < last of the K2 gradient, for factors of n vectors a row. Returns Σ r².

function f64by1(
  first: i32, last: i32, starts: usize, columns: usize, values: usize, u: usize, v: usize, gu: usize, gv: usize,
): f64 {
  let loss: f64 = 0;
  for (let i = first; i < last; i++) {
    const ui = u + <usize>i * 16;
    const u0 = v128.load(ui);
    let g0 = f64x2.splat(0);
    const end = load<i32>(starts + (<usize>i << 2), 4);
    for (let e = load<i32>(starts + (<usize>i << 2)); e < end; e++) {
      const j = <usize>load<i32>(columns + (<usize>e << 2)) * 16;
      const vj = v + j;
      const gj = gv + j;
      let s = f64x2.mul(u0, v128.load(vj));
      const r: f64 = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1) - load<f64>(values + (<usize>e << 3));
      const x = f64x2.splat(r);
      g0 = f64x2.add(g0, f64x2.mul(x, v128.load(vj)));
      v128.store(gj, f64x2.add(v128.load(gj), f64x2.mul(x, u0)));
      loss += <f64>r * <f64>r;
    }
    const gi = gu + <usize>i * 16;
    v128.store(gi, g0);
  }
  return loss;
}

function f64by2(
  first: i32, last: i32, starts: usize, columns: usize, values: usize, u: usize, v: usize, gu: usize, gv: usize,
): f64 {
  let loss: f64 = 0;
  for (let i = first; i < last; i++) {
    const ui = u + <usize>i * 32;
    const u0 = v128.load(ui);
    let g0 = f64x2.splat(0);
    const u1 = v128.load(ui, 16);
    let g1 = f64x2.splat(0);
    const end = load<i32>(starts + (<usize>i << 2), 4);
    for (let e = load<i32>(starts + (<usize>i << 2)); e < end; e++) {
      const j = <usize>load<i32>(columns + (<usize>e << 2)) * 32;
      const vj = v + j;
      const gj = gv + j;
      let s = f64x2.mul(u0, v128.load(vj));
      s = f64x2.add(s, f64x2.mul(u1, v128.load(vj, 16)));
      const r: f64 = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1) - load<f64>(values + (<usize>e << 3));
      const x = f64x2.splat(r);
      g0 = f64x2.add(g0, f64x2.mul(x, v128.load(vj)));
      g1 = f64x2.add(g1, f64x2.mul(x, v128.load(vj, 16)));
      v128.store(gj, f64x2.add(v128.load(gj), f64x2.mul(x, u0)));
      v128.store(gj, f64x2.add(v128.load(gj, 16), f64x2.mul(x, u1)), 16);
      loss += <f64>r * <f64>r;
    }
    const gi = gu + <usize>i * 32;
    v128.store(gi, g0);
    v128.store(gi, g1, 16);
  }
  return loss;
}

function f64by3(
  first: i32, last: i32, starts: usize, columns: usize, values: usize, u: usize, v: usize, gu: usize, gv: usize,
): f64 {
  let loss: f64 = 0;
  for (let i = first; i < last; i++) {
    const ui = u + <usize>i * 48;
    const u0 = v128.load(ui);
    let g0 = f64x2.splat(0);
    const u1 = v128.load(ui, 16);
    let g1 = f64x2.splat(0);
    const u2 = v128.load(ui, 32);
    let g2 = f64x2.splat(0);
    const end = load<i32>(starts + (<usize>i << 2), 4);
    for (let e = load<i32>(starts + (<usize>i << 2)); e < end; e++) {
      const j = <usize>load<i32>(columns + (<usize>e << 2)) * 48;
      const vj = v + j;
      const gj = gv + j;
      let s = f64x2.mul(u0, v128.load(vj));
      s = f64x2.add(s, f64x2.mul(u1, v128.load(vj, 16)));
      s = f64x2.add(s, f64x2.mul(u2, v128.load(vj, 32)));
      const r: f64 = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1) - load<f64>(values + (<usize>e << 3));
      const x = f64x2.splat(r);
      g0 = f64x2.add(g0, f64x2.mul(x, v128.load(vj)));
      g1 = f64x2.add(g1, f64x2.mul(x, v128.load(vj, 16)));
      g2 = f64x2.add(g2, f64x2.mul(x, v128.load(vj, 32)));
      v128.store(gj, f64x2.add(v128.load(gj), f64x2.mul(x, u0)));
      v128.store(gj, f64x2.add(v128.load(gj, 16), f64x2.mul(x, u1)), 16);
      v128.store(gj, f64x2.add(v128.load(gj, 32), f64x2.mul(x, u2)), 32);
      loss += <f64>r * <f64>r;
    }
    const gi = gu + <usize>i * 48;
    v128.store(gi, g0);
    v128.store(gi, g1, 16);
    v128.store(gi, g2, 32);
  }
  return loss;
}

function f64by4(
  first: i32, last: i32, starts: usize, columns: usize, values: usize, u: usize, v: usize, gu: usize, gv: usize,
): f64 {
  let loss: f64 = 0;
  for (let i = first; i < last; i++) {
    const ui = u + <usize>i * 64;
    const u0 = v128.load(ui);
    let g0 = f64x2.splat(0);
    const u1 = v128.load(ui, 16);
    let g1 = f64x2.splat(0);
    const u2 = v128.load(ui, 32);
    let g2 = f64x2.splat(0);
    const u3 = v128.load(ui, 48);
    let g3 = f64x2.splat(0);
    const end = load<i32>(starts + (<usize>i << 2), 4);
    for (let e = load<i32>(starts + (<usize>i << 2)); e < end; e++) {
      const j = <usize>load<i32>(columns + (<usize>e << 2)) * 64;
      const vj = v + j;
      const gj = gv + j;
      let s = f64x2.mul(u0, v128.load(vj));
      s = f64x2.add(s, f64x2.mul(u1, v128.load(vj, 16)));
      s = f64x2.add(s, f64x2.mul(u2, v128.load(vj, 32)));
      s = f64x2.add(s, f64x2.mul(u3, v128.load(vj, 48)));
      const r: f64 = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1) - load<f64>(values + (<usize>e << 3));
      const x = f64x2.splat(r);
      g0 = f64x2.add(g0, f64x2.mul(x, v128.load(vj)));
      g1 = f64x2.add(g1, f64x2.mul(x, v128.load(vj, 16)));
      g2 = f64x2.add(g2, f64x2.mul(x, v128.load(vj, 32)));
      g3 = f64x2.add(g3, f64x2.mul(x, v128.load(vj, 48)));
      v128.store(gj, f64x2.add(v128.load(gj), f64x2.mul(x, u0)));
      v128.store(gj, f64x2.add(v128.load(gj, 16), f64x2.mul(x, u1)), 16);
      v128.store(gj, f64x2.add(v128.load(gj, 32), f64x2.mul(x, u2)), 32);
      v128.store(gj, f64x2.add(v128.load(gj, 48), f64x2.mul(x, u3)), 48);
      loss += <f64>r * <f64>r;
    }
    const gi = gu + <usize>i * 64;
    v128.store(gi, g0);
    v128.store(gi, g1, 16);
    v128.store(gi, g2, 32);
    v128.store(gi, g3, 48);
  }
  return loss;
}

function f64by5(
  first: i32, last: i32, starts: usize, columns: usize, values: usize, u: usize, v: usize, gu: usize, gv: usize,
): f64 {
  let loss: f64 = 0;
  for (let i = first; i < last; i++) {
    const ui = u + <usize>i * 80;
    const u0 = v128.load(ui);
    let g0 = f64x2.splat(0);
    const u1 = v128.load(ui, 16);
    let g1 = f64x2.splat(0);
    const u2 = v128.load(ui, 32);
    let g2 = f64x2.splat(0);
    const u3 = v128.load(ui, 48);
    let g3 = f64x2.splat(0);
    const u4 = v128.load(ui, 64);
    let g4 = f64x2.splat(0);
    const end = load<i32>(starts + (<usize>i << 2), 4);
    for (let e = load<i32>(starts + (<usize>i << 2)); e < end; e++) {
      const j = <usize>load<i32>(columns + (<usize>e << 2)) * 80;
      const vj = v + j;
      const gj = gv + j;
      let s = f64x2.mul(u0, v128.load(vj));
      s = f64x2.add(s, f64x2.mul(u1, v128.load(vj, 16)));
      s = f64x2.add(s, f64x2.mul(u2, v128.load(vj, 32)));
      s = f64x2.add(s, f64x2.mul(u3, v128.load(vj, 48)));
      s = f64x2.add(s, f64x2.mul(u4, v128.load(vj, 64)));
      const r: f64 = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1) - load<f64>(values + (<usize>e << 3));
      const x = f64x2.splat(r);
      g0 = f64x2.add(g0, f64x2.mul(x, v128.load(vj)));
      g1 = f64x2.add(g1, f64x2.mul(x, v128.load(vj, 16)));
      g2 = f64x2.add(g2, f64x2.mul(x, v128.load(vj, 32)));
      g3 = f64x2.add(g3, f64x2.mul(x, v128.load(vj, 48)));
      g4 = f64x2.add(g4, f64x2.mul(x, v128.load(vj, 64)));
      v128.store(gj, f64x2.add(v128.load(gj), f64x2.mul(x, u0)));
      v128.store(gj, f64x2.add(v128.load(gj, 16), f64x2.mul(x, u1)), 16);
      v128.store(gj, f64x2.add(v128.load(gj, 32), f64x2.mul(x, u2)), 32);
      v128.store(gj, f64x2.add(v128.load(gj, 48), f64x2.mul(x, u3)), 48);
      v128.store(gj, f64x2.add(v128.load(gj, 64), f64x2.mul(x, u4)), 64);
      loss += <f64>r * <f64>r;
    }
    const gi = gu + <usize>i * 80;
    v128.store(gi, g0);
    v128.store(gi, g1, 16);
    v128.store(gi, g2, 32);
    v128.store(gi, g3, 48);
    v128.store(gi, g4, 64);
  }
  return loss;
}

function f64by6(
  first: i32, last: i32, starts: usize, columns: usize, values: usize, u: usize, v: usize, gu: usize, gv: usize,
): f64 {
  let loss: f64 = 0;
  for (let i = first; i < last; i++) {
    const ui = u + <usize>i * 96;
    const u0 = v128.load(ui);
    let g0 = f64x2.splat(0);
    const u1 = v128.load(ui, 16);
    let g1 = f64x2.splat(0);
    const u2 = v128.load(ui, 32);
    let g2 = f64x2.splat(0);
    const u3 = v128.load(ui, 48);
    let g3 = f64x2.splat(0);
    const u4 = v128.load(ui, 64);
    let g4 = f64x2.splat(0);
    const u5 = v128.load(ui, 80);
    let g5 = f64x2.splat(0);
    const end = load<i32>(starts + (<usize>i << 2), 4);
    for (let e = load<i32>(starts + (<usize>i << 2)); e < end; e++) {
      const j = <usize>load<i32>(columns + (<usize>e << 2)) * 96;
      const vj = v + j;
      const gj = gv + j;
      let s = f64x2.mul(u0, v128.load(vj));
      s = f64x2.add(s, f64x2.mul(u1, v128.load(vj, 16)));
      s = f64x2.add(s, f64x2.mul(u2, v128.load(vj, 32)));
      s = f64x2.add(s, f64x2.mul(u3, v128.load(vj, 48)));
      s = f64x2.add(s, f64x2.mul(u4, v128.load(vj, 64)));
      s = f64x2.add(s, f64x2.mul(u5, v128.load(vj, 80)));
      const r: f64 = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1) - load<f64>(values + (<usize>e << 3));
      const x = f64x2.splat(r);
      g0 = f64x2.add(g0, f64x2.mul(x, v128.load(vj)));
      g1 = f64x2.add(g1, f64x2.mul(x, v128.load(vj, 16)));
      g2 = f64x2.add(g2, f64x2.mul(x, v128.load(vj, 32)));
      g3 = f64x2.add(g3, f64x2.mul(x, v128.load(vj, 48)));
      g4 = f64x2.add(g4, f64x2.mul(x, v128.load(vj, 64)));
      g5 = f64x2.add(g5, f64x2.mul(x, v128.load(vj, 80)));
      v128.store(gj, f64x2.add(v128.load(gj), f64x2.mul(x, u0)));
      v128.store(gj, f64x2.add(v128.load(gj, 16), f64x2.mul(x, u1)), 16);
      v128.store(gj, f64x2.add(v128.load(gj, 32), f64x2.mul(x, u2)), 32);
      v128.store(gj, f64x2.add(v128.load(gj, 48), f64x2.mul(x, u3)), 48);
      v128.store(gj, f64x2.add(v128.load(gj, 64), f64x2.mul(x, u4)), 64);
      v128.store(gj, f64x2.add(v128.load(gj, 80), f64x2.mul(x, u5)), 80);
      loss += <f64>r * <f64>r;
    }
    const gi = gu + <usize>i * 96;
    v128.store(gi, g0);
    v128.store(gi, g1, 16);
    v128.store(gi, g2, 32);
    v128.store(gi, g3, 48);
    v128.store(gi, g4, 64);
    v128.store(gi, g5, 80);
  }
  return loss;
}

function f32by1(
  first: i32, last: i32, starts: usize, columns: usize, values: usize, u: usize, v: usize, gu: usize, gv: usize,
): f64 {
  let loss: f64 = 0;
  for (let i = first; i < last; i++) {
    const ui = u + <usize>i * 16;
    const u0 = v128.load(ui);
    let g0 = f32x4.splat(0);
    const end = load<i32>(starts + (<usize>i << 2), 4);
    for (let e = load<i32>(starts + (<usize>i << 2)); e < end; e++) {
      const j = <usize>load<i32>(columns + (<usize>e << 2)) * 16;
      const vj = v + j;
      const gj = gv + j;
      let s = f32x4.mul(u0, v128.load(vj));
      const r: f32 = (f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1)) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3)) - load<f32>(values + (<usize>e << 2));
      const x = f32x4.splat(r);
      g0 = f32x4.add(g0, f32x4.mul(x, v128.load(vj)));
      v128.store(gj, f32x4.add(v128.load(gj), f32x4.mul(x, u0)));
      loss += <f64>r * <f64>r;
    }
    const gi = gu + <usize>i * 16;
    v128.store(gi, g0);
  }
  return loss;
}

function f32by2(
  first: i32, last: i32, starts: usize, columns: usize, values: usize, u: usize, v: usize, gu: usize, gv: usize,
): f64 {
  let loss: f64 = 0;
  for (let i = first; i < last; i++) {
    const ui = u + <usize>i * 32;
    const u0 = v128.load(ui);
    let g0 = f32x4.splat(0);
    const u1 = v128.load(ui, 16);
    let g1 = f32x4.splat(0);
    const end = load<i32>(starts + (<usize>i << 2), 4);
    for (let e = load<i32>(starts + (<usize>i << 2)); e < end; e++) {
      const j = <usize>load<i32>(columns + (<usize>e << 2)) * 32;
      const vj = v + j;
      const gj = gv + j;
      let s = f32x4.mul(u0, v128.load(vj));
      s = f32x4.add(s, f32x4.mul(u1, v128.load(vj, 16)));
      const r: f32 = (f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1)) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3)) - load<f32>(values + (<usize>e << 2));
      const x = f32x4.splat(r);
      g0 = f32x4.add(g0, f32x4.mul(x, v128.load(vj)));
      g1 = f32x4.add(g1, f32x4.mul(x, v128.load(vj, 16)));
      v128.store(gj, f32x4.add(v128.load(gj), f32x4.mul(x, u0)));
      v128.store(gj, f32x4.add(v128.load(gj, 16), f32x4.mul(x, u1)), 16);
      loss += <f64>r * <f64>r;
    }
    const gi = gu + <usize>i * 32;
    v128.store(gi, g0);
    v128.store(gi, g1, 16);
  }
  return loss;
}

function f32by3(
  first: i32, last: i32, starts: usize, columns: usize, values: usize, u: usize, v: usize, gu: usize, gv: usize,
): f64 {
  let loss: f64 = 0;
  for (let i = first; i < last; i++) {
    const ui = u + <usize>i * 48;
    const u0 = v128.load(ui);
    let g0 = f32x4.splat(0);
    const u1 = v128.load(ui, 16);
    let g1 = f32x4.splat(0);
    const u2 = v128.load(ui, 32);
    let g2 = f32x4.splat(0);
    const end = load<i32>(starts + (<usize>i << 2), 4);
    for (let e = load<i32>(starts + (<usize>i << 2)); e < end; e++) {
      const j = <usize>load<i32>(columns + (<usize>e << 2)) * 48;
      const vj = v + j;
      const gj = gv + j;
      let s = f32x4.mul(u0, v128.load(vj));
      s = f32x4.add(s, f32x4.mul(u1, v128.load(vj, 16)));
      s = f32x4.add(s, f32x4.mul(u2, v128.load(vj, 32)));
      const r: f32 = (f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1)) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3)) - load<f32>(values + (<usize>e << 2));
      const x = f32x4.splat(r);
      g0 = f32x4.add(g0, f32x4.mul(x, v128.load(vj)));
      g1 = f32x4.add(g1, f32x4.mul(x, v128.load(vj, 16)));
      g2 = f32x4.add(g2, f32x4.mul(x, v128.load(vj, 32)));
      v128.store(gj, f32x4.add(v128.load(gj), f32x4.mul(x, u0)));
      v128.store(gj, f32x4.add(v128.load(gj, 16), f32x4.mul(x, u1)), 16);
      v128.store(gj, f32x4.add(v128.load(gj, 32), f32x4.mul(x, u2)), 32);
      loss += <f64>r * <f64>r;
    }
    const gi = gu + <usize>i * 48;
    v128.store(gi, g0);
    v128.store(gi, g1, 16);
    v128.store(gi, g2, 32);
  }
  return loss;
}

function f32by4(
  first: i32, last: i32, starts: usize, columns: usize, values: usize, u: usize, v: usize, gu: usize, gv: usize,
): f64 {
  let loss: f64 = 0;
  for (let i = first; i < last; i++) {
    const ui = u + <usize>i * 64;
    const u0 = v128.load(ui);
    let g0 = f32x4.splat(0);
    const u1 = v128.load(ui, 16);
    let g1 = f32x4.splat(0);
    const u2 = v128.load(ui, 32);
    let g2 = f32x4.splat(0);
    const u3 = v128.load(ui, 48);
    let g3 = f32x4.splat(0);
    const end = load<i32>(starts + (<usize>i << 2), 4);
    for (let e = load<i32>(starts + (<usize>i << 2)); e < end; e++) {
      const j = <usize>load<i32>(columns + (<usize>e << 2)) * 64;
      const vj = v + j;
      const gj = gv + j;
      let s = f32x4.mul(u0, v128.load(vj));
      s = f32x4.add(s, f32x4.mul(u1, v128.load(vj, 16)));
      s = f32x4.add(s, f32x4.mul(u2, v128.load(vj, 32)));
      s = f32x4.add(s, f32x4.mul(u3, v128.load(vj, 48)));
      const r: f32 = (f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1)) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3)) - load<f32>(values + (<usize>e << 2));
      const x = f32x4.splat(r);
      g0 = f32x4.add(g0, f32x4.mul(x, v128.load(vj)));
      g1 = f32x4.add(g1, f32x4.mul(x, v128.load(vj, 16)));
      g2 = f32x4.add(g2, f32x4.mul(x, v128.load(vj, 32)));
      g3 = f32x4.add(g3, f32x4.mul(x, v128.load(vj, 48)));
      v128.store(gj, f32x4.add(v128.load(gj), f32x4.mul(x, u0)));
      v128.store(gj, f32x4.add(v128.load(gj, 16), f32x4.mul(x, u1)), 16);
      v128.store(gj, f32x4.add(v128.load(gj, 32), f32x4.mul(x, u2)), 32);
      v128.store(gj, f32x4.add(v128.load(gj, 48), f32x4.mul(x, u3)), 48);
      loss += <f64>r * <f64>r;
    }
    const gi = gu + <usize>i * 64;
    v128.store(gi, g0);
    v128.store(gi, g1, 16);
    v128.store(gi, g2, 32);
    v128.store(gi, g3, 48);
  }
  return loss;
}

function f32by5(
  first: i32, last: i32, starts: usize, columns: usize, values: usize, u: usize, v: usize, gu: usize, gv: usize,
): f64 {
  let loss: f64 = 0;
  for (let i = first; i < last; i++) {
    const ui = u + <usize>i * 80;
    const u0 = v128.load(ui);
    let g0 = f32x4.splat(0);
    const u1 = v128.load(ui, 16);
    let g1 = f32x4.splat(0);
    const u2 = v128.load(ui, 32);
    let g2 = f32x4.splat(0);
    const u3 = v128.load(ui, 48);
    let g3 = f32x4.splat(0);
    const u4 = v128.load(ui, 64);
    let g4 = f32x4.splat(0);
    const end = load<i32>(starts + (<usize>i << 2), 4);
    for (let e = load<i32>(starts + (<usize>i << 2)); e < end; e++) {
      const j = <usize>load<i32>(columns + (<usize>e << 2)) * 80;
      const vj = v + j;
      const gj = gv + j;
      let s = f32x4.mul(u0, v128.load(vj));
      s = f32x4.add(s, f32x4.mul(u1, v128.load(vj, 16)));
      s = f32x4.add(s, f32x4.mul(u2, v128.load(vj, 32)));
      s = f32x4.add(s, f32x4.mul(u3, v128.load(vj, 48)));
      s = f32x4.add(s, f32x4.mul(u4, v128.load(vj, 64)));
      const r: f32 = (f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1)) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3)) - load<f32>(values + (<usize>e << 2));
      const x = f32x4.splat(r);
      g0 = f32x4.add(g0, f32x4.mul(x, v128.load(vj)));
      g1 = f32x4.add(g1, f32x4.mul(x, v128.load(vj, 16)));
      g2 = f32x4.add(g2, f32x4.mul(x, v128.load(vj, 32)));
      g3 = f32x4.add(g3, f32x4.mul(x, v128.load(vj, 48)));
      g4 = f32x4.add(g4, f32x4.mul(x, v128.load(vj, 64)));
      v128.store(gj, f32x4.add(v128.load(gj), f32x4.mul(x, u0)));
      v128.store(gj, f32x4.add(v128.load(gj, 16), f32x4.mul(x, u1)), 16);
      v128.store(gj, f32x4.add(v128.load(gj, 32), f32x4.mul(x, u2)), 32);
      v128.store(gj, f32x4.add(v128.load(gj, 48), f32x4.mul(x, u3)), 48);
      v128.store(gj, f32x4.add(v128.load(gj, 64), f32x4.mul(x, u4)), 64);
      loss += <f64>r * <f64>r;
    }
    const gi = gu + <usize>i * 80;
    v128.store(gi, g0);
    v128.store(gi, g1, 16);
    v128.store(gi, g2, 32);
    v128.store(gi, g3, 48);
    v128.store(gi, g4, 64);
  }
  return loss;
}

function f32by6(
  first: i32, last: i32, starts: usize, columns: usize, values: usize, u: usize, v: usize, gu: usize, gv: usize,
): f64 {
  let loss: f64 = 0;
  for (let i = first; i < last; i++) {
    const ui = u + <usize>i * 96;
    const u0 = v128.load(ui);
    let g0 = f32x4.splat(0);
    const u1 = v128.load(ui, 16);
    let g1 = f32x4.splat(0);
    const u2 = v128.load(ui, 32);
    let g2 = f32x4.splat(0);
    const u3 = v128.load(ui, 48);
    let g3 = f32x4.splat(0);
    const u4 = v128.load(ui, 64);
    let g4 = f32x4.splat(0);
    const u5 = v128.load(ui, 80);
    let g5 = f32x4.splat(0);
    const end = load<i32>(starts + (<usize>i << 2), 4);
    for (let e = load<i32>(starts + (<usize>i << 2)); e < end; e++) {
      const j = <usize>load<i32>(columns + (<usize>e << 2)) * 96;
      const vj = v + j;
      const gj = gv + j;
      let s = f32x4.mul(u0, v128.load(vj));
      s = f32x4.add(s, f32x4.mul(u1, v128.load(vj, 16)));
      s = f32x4.add(s, f32x4.mul(u2, v128.load(vj, 32)));
      s = f32x4.add(s, f32x4.mul(u3, v128.load(vj, 48)));
      s = f32x4.add(s, f32x4.mul(u4, v128.load(vj, 64)));
      s = f32x4.add(s, f32x4.mul(u5, v128.load(vj, 80)));
      const r: f32 = (f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1)) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3)) - load<f32>(values + (<usize>e << 2));
      const x = f32x4.splat(r);
      g0 = f32x4.add(g0, f32x4.mul(x, v128.load(vj)));
      g1 = f32x4.add(g1, f32x4.mul(x, v128.load(vj, 16)));
      g2 = f32x4.add(g2, f32x4.mul(x, v128.load(vj, 32)));
      g3 = f32x4.add(g3, f32x4.mul(x, v128.load(vj, 48)));
      g4 = f32x4.add(g4, f32x4.mul(x, v128.load(vj, 64)));
      g5 = f32x4.add(g5, f32x4.mul(x, v128.load(vj, 80)));
      v128.store(gj, f32x4.add(v128.load(gj), f32x4.mul(x, u0)));
      v128.store(gj, f32x4.add(v128.load(gj, 16), f32x4.mul(x, u1)), 16);
      v128.store(gj, f32x4.add(v128.load(gj, 32), f32x4.mul(x, u2)), 32);
      v128.store(gj, f32x4.add(v128.load(gj, 48), f32x4.mul(x, u3)), 48);
      v128.store(gj, f32x4.add(v128.load(gj, 64), f32x4.mul(x, u4)), 64);
      v128.store(gj, f32x4.add(v128.load(gj, 80), f32x4.mul(x, u5)), 80);
      loss += <f64>r * <f64>r;
    }
    const gi = gu + <usize>i * 96;
    v128.store(gi, g0);
    v128.store(gi, g1, 16);
    v128.store(gi, g2, 32);
    v128.store(gi, g3, 48);
    v128.store(gi, g4, 64);
    v128.store(gi, g5, 80);
  }
  return loss;
}

function f32by7(
  first: i32, last: i32, starts: usize, columns: usize, values: usize, u: usize, v: usize, gu: usize, gv: usize,
): f64 {
  let loss: f64 = 0;
  for (let i = first; i < last; i++) {
    const ui = u + <usize>i * 112;
    const u0 = v128.load(ui);
    let g0 = f32x4.splat(0);
    const u1 = v128.load(ui, 16);
    let g1 = f32x4.splat(0);
    const u2 = v128.load(ui, 32);
    let g2 = f32x4.splat(0);
    const u3 = v128.load(ui, 48);
    let g3 = f32x4.splat(0);
    const u4 = v128.load(ui, 64);
    let g4 = f32x4.splat(0);
    const u5 = v128.load(ui, 80);
    let g5 = f32x4.splat(0);
    const u6 = v128.load(ui, 96);
    let g6 = f32x4.splat(0);
    const end = load<i32>(starts + (<usize>i << 2), 4);
    for (let e = load<i32>(starts + (<usize>i << 2)); e < end; e++) {
      const j = <usize>load<i32>(columns + (<usize>e << 2)) * 112;
      const vj = v + j;
      const gj = gv + j;
      let s = f32x4.mul(u0, v128.load(vj));
      s = f32x4.add(s, f32x4.mul(u1, v128.load(vj, 16)));
      s = f32x4.add(s, f32x4.mul(u2, v128.load(vj, 32)));
      s = f32x4.add(s, f32x4.mul(u3, v128.load(vj, 48)));
      s = f32x4.add(s, f32x4.mul(u4, v128.load(vj, 64)));
      s = f32x4.add(s, f32x4.mul(u5, v128.load(vj, 80)));
      s = f32x4.add(s, f32x4.mul(u6, v128.load(vj, 96)));
      const r: f32 = (f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1)) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3)) - load<f32>(values + (<usize>e << 2));
      const x = f32x4.splat(r);
      g0 = f32x4.add(g0, f32x4.mul(x, v128.load(vj)));
      g1 = f32x4.add(g1, f32x4.mul(x, v128.load(vj, 16)));
      g2 = f32x4.add(g2, f32x4.mul(x, v128.load(vj, 32)));
      g3 = f32x4.add(g3, f32x4.mul(x, v128.load(vj, 48)));
      g4 = f32x4.add(g4, f32x4.mul(x, v128.load(vj, 64)));
      g5 = f32x4.add(g5, f32x4.mul(x, v128.load(vj, 80)));
      g6 = f32x4.add(g6, f32x4.mul(x, v128.load(vj, 96)));
      v128.store(gj, f32x4.add(v128.load(gj), f32x4.mul(x, u0)));
      v128.store(gj, f32x4.add(v128.load(gj, 16), f32x4.mul(x, u1)), 16);
      v128.store(gj, f32x4.add(v128.load(gj, 32), f32x4.mul(x, u2)), 32);
      v128.store(gj, f32x4.add(v128.load(gj, 48), f32x4.mul(x, u3)), 48);
      v128.store(gj, f32x4.add(v128.load(gj, 64), f32x4.mul(x, u4)), 64);
      v128.store(gj, f32x4.add(v128.load(gj, 80), f32x4.mul(x, u5)), 80);
      v128.store(gj, f32x4.add(v128.load(gj, 96), f32x4.mul(x, u6)), 96);
      loss += <f64>r * <f64>r;
    }
    const gi = gu + <usize>i * 112;
    v128.store(gi, g0);
    v128.store(gi, g1, 16);
    v128.store(gi, g2, 32);
    v128.store(gi, g3, 48);
    v128.store(gi, g4, 64);
    v128.store(gi, g5, 80);
    v128.store(gi, g6, 96);
  }
  return loss;
}

function f32by8(
  first: i32, last: i32, starts: usize, columns: usize, values: usize, u: usize, v: usize, gu: usize, gv: usize,
): f64 {
  let loss: f64 = 0;
  for (let i = first; i < last; i++) {
    const ui = u + <usize>i * 128;
    const u0 = v128.load(ui);
    let g0 = f32x4.splat(0);
    const u1 = v128.load(ui, 16);
    let g1 = f32x4.splat(0);
    const u2 = v128.load(ui, 32);
    let g2 = f32x4.splat(0);
    const u3 = v128.load(ui, 48);
    let g3 = f32x4.splat(0);
    const u4 = v128.load(ui, 64);
    let g4 = f32x4.splat(0);
    const u5 = v128.load(ui, 80);
    let g5 = f32x4.splat(0);
    const u6 = v128.load(ui, 96);
    let g6 = f32x4.splat(0);
    const u7 = v128.load(ui, 112);
    let g7 = f32x4.splat(0);
    const end = load<i32>(starts + (<usize>i << 2), 4);
    for (let e = load<i32>(starts + (<usize>i << 2)); e < end; e++) {
      const j = <usize>load<i32>(columns + (<usize>e << 2)) * 128;
      const vj = v + j;
      const gj = gv + j;
      let s = f32x4.mul(u0, v128.load(vj));
      s = f32x4.add(s, f32x4.mul(u1, v128.load(vj, 16)));
      s = f32x4.add(s, f32x4.mul(u2, v128.load(vj, 32)));
      s = f32x4.add(s, f32x4.mul(u3, v128.load(vj, 48)));
      s = f32x4.add(s, f32x4.mul(u4, v128.load(vj, 64)));
      s = f32x4.add(s, f32x4.mul(u5, v128.load(vj, 80)));
      s = f32x4.add(s, f32x4.mul(u6, v128.load(vj, 96)));
      s = f32x4.add(s, f32x4.mul(u7, v128.load(vj, 112)));
      const r: f32 = (f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1)) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3)) - load<f32>(values + (<usize>e << 2));
      const x = f32x4.splat(r);
      g0 = f32x4.add(g0, f32x4.mul(x, v128.load(vj)));
      g1 = f32x4.add(g1, f32x4.mul(x, v128.load(vj, 16)));
      g2 = f32x4.add(g2, f32x4.mul(x, v128.load(vj, 32)));
      g3 = f32x4.add(g3, f32x4.mul(x, v128.load(vj, 48)));
      g4 = f32x4.add(g4, f32x4.mul(x, v128.load(vj, 64)));
      g5 = f32x4.add(g5, f32x4.mul(x, v128.load(vj, 80)));
      g6 = f32x4.add(g6, f32x4.mul(x, v128.load(vj, 96)));
      g7 = f32x4.add(g7, f32x4.mul(x, v128.load(vj, 112)));
      v128.store(gj, f32x4.add(v128.load(gj), f32x4.mul(x, u0)));
      v128.store(gj, f32x4.add(v128.load(gj, 16), f32x4.mul(x, u1)), 16);
      v128.store(gj, f32x4.add(v128.load(gj, 32), f32x4.mul(x, u2)), 32);
      v128.store(gj, f32x4.add(v128.load(gj, 48), f32x4.mul(x, u3)), 48);
      v128.store(gj, f32x4.add(v128.load(gj, 64), f32x4.mul(x, u4)), 64);
      v128.store(gj, f32x4.add(v128.load(gj, 80), f32x4.mul(x, u5)), 80);
      v128.store(gj, f32x4.add(v128.load(gj, 96), f32x4.mul(x, u6)), 96);
      v128.store(gj, f32x4.add(v128.load(gj, 112), f32x4.mul(x, u7)), 112);
      loss += <f64>r * <f64>r;
    }
    const gi = gu + <usize>i * 128;
    v128.store(gi, g0);
    v128.store(gi, g1, 16);
    v128.store(gi, g2, 32);
    v128.store(gi, g3, 48);
    v128.store(gi, g4, 64);
    v128.store(gi, g5, 80);
    v128.store(gi, g6, 96);
    v128.store(gi, g7, 112);
  }
  return loss;
}


/** For n ≤ 6 vectors a row. */
export function unrolled_f64(
  n: i32, first: i32, last: i32, starts: usize, columns: usize, values: usize, u: usize, v: usize, gu: usize, gv: usize,
): f64 {
  switch (n) {
    case 1: return f64by1(first, last, starts, columns, values, u, v, gu, gv);
    case 2: return f64by2(first, last, starts, columns, values, u, v, gu, gv);
    case 3: return f64by3(first, last, starts, columns, values, u, v, gu, gv);
    case 4: return f64by4(first, last, starts, columns, values, u, v, gu, gv);
    case 5: return f64by5(first, last, starts, columns, values, u, v, gu, gv);
    case 6: return f64by6(first, last, starts, columns, values, u, v, gu, gv);
  }
  return NaN;
}

/** For n ≤ 8 vectors a row. */
export function unrolled_f32(
  n: i32, first: i32, last: i32, starts: usize, columns: usize, values: usize, u: usize, v: usize, gu: usize, gv: usize,
): f64 {
  switch (n) {
    case 1: return f32by1(first, last, starts, columns, values, u, v, gu, gv);
    case 2: return f32by2(first, last, starts, columns, values, u, v, gu, gv);
    case 3: return f32by3(first, last, starts, columns, values, u, v, gu, gv);
    case 4: return f32by4(first, last, starts, columns, values, u, v, gu, gv);
    case 5: return f32by5(first, last, starts, columns, values, u, v, gu, gv);
    case 6: return f32by6(first, last, starts, columns, values, u, v, gu, gv);
    case 7: return f32by7(first, last, starts, columns, values, u, v, gu, gv);
    case 8: return f32by8(first, last, starts, columns, values, u, v, gu, gv);
  }
  return NaN;
}
