// Small floating-point formats as bits. To f32 is exact; from f32 and f64 rounds once, to nearest, ties to even, and a
// NaN stays a NaN. F16: IEEE binary16. BF16: the upper half of f32. F8: OCP 8-bit, E5M2 as IEEE, E4M3 without infinities.

const f32 = new Float32Array(1);
const bits = new Uint32Array(f32.buffer);

/** f32 bits of an f16. */
function f16ToF32Bits(h: number): number {
  const sign = (h & 0x8000) << 16;
  let e = (h >>> 10) & 31;
  let m = h & 0x3ff;
  if (e === 31) return sign | 0x7f800000 | (m << 13);
  if (e === 0) {
    if (m === 0) return sign;
    for (e = 1; !(m & 0x400); e--) m <<= 1;
    m &= 0x3ff;
  }
  return sign | ((e + 112) << 23) | (m << 13);
}

/** f16 nearest to the f32 with bits b. */
function f32BitsToF16(b: number): number {
  const sign = (b >>> 16) & 0x8000;
  const abs = b & 0x7fffffff;
  if (abs > 0x7f800000) return sign | 0x7c00 | ((abs >>> 13) & 0x3ff) | (((abs >>> 13) & 0x3ff) === 0 ? 1 : 0);
  if (abs >= 0x47800000) return sign | 0x7c00; // 2¹⁶ and above
  if (abs >= 0x38800000) {
    const r = abs - 0x38000000;
    return sign | ((r + 0xfff + ((r >>> 13) & 1)) >>> 13);
  }
  const e = abs >>> 23;
  if (e < 102) return sign; // below 2⁻²⁵, half the smallest
  const m = (abs & 0x7fffff) | 0x800000;
  const shift = 126 - e;
  const down = m >>> shift;
  const rest = m - (down << shift);
  const half = 1 << (shift - 1);
  return sign | (down + (rest > half || (rest === half && (down & 1) === 1) ? 1 : 0));
}

function f32BitsToBf16(b: number): number {
  if ((b & 0x7fffffff) > 0x7f800000) return (b >>> 16) | ((b >>> 16) & 0x7f ? 0 : 1);
  return ((b + 0x7fff + ((b >>> 16) & 1)) >>> 16) & 0xffff;
}

/** f32 bits of x rounded to odd: what is lost is kept in the last bit, so that a second rounding acts as one. */
function oddBits(x: number): number {
  f32[0] = x;
  const near = f32[0];
  if (near === x || Number.isNaN(x)) return bits[0];
  return (Math.abs(near) > Math.abs(x) ? bits[0] - 1 : bits[0]) | 1;
}

const narrow =
  (round: (b: number) => number) =>
  (values: Float64Array | Float32Array): Uint16Array => {
    const out = new Uint16Array(values.length);
    if (values instanceof Float32Array) {
      const from = new Uint32Array(values.buffer, values.byteOffset, values.length);
      for (let i = 0; i < out.length; i++) out[i] = round(from[i]);
    } else for (let i = 0; i < out.length; i++) out[i] = round(oddBits(values[i]));
    return out;
  };

const widen =
  (bitsOf: (h: number) => number) =>
  (values: ArrayLike<number>, out: Float32Array = new Float32Array(values.length)): Float32Array => {
    const to = new Uint32Array(out.buffer, out.byteOffset, out.length);
    for (let i = 0; i < to.length; i++) to[i] = bitsOf(values[i]);
    return out;
  };

/** f16 bits nearest to each value. */
export const toF16 = narrow(f32BitsToF16);
/** bf16 bits nearest to each value. */
export const toBf16 = narrow(f32BitsToBf16);
// What models are stored in is widened by the gigabyte: a loop of its own, and a table.
let f16Table: Uint32Array | undefined;

/** Exact values of f16 bits. */
export function fromF16(values: ArrayLike<number>, out: Float32Array = new Float32Array(values.length)): Float32Array {
  f16Table ??= Uint32Array.from({ length: 65536 }, (_, h) => f16ToF32Bits(h));
  const to = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < to.length; i++) to[i] = f16Table[values[i]];
  return out;
}

/** Exact values of bf16 bits. */
export function fromBf16(values: ArrayLike<number>, out: Float32Array = new Float32Array(values.length)): Float32Array {
  const to = new Int32Array(out.buffer, out.byteOffset, out.length);
  let t = 0;
  if (values instanceof Uint16Array && values.byteOffset % 4 === 0) {
    // eight at a time, from words that hold two: less than half the time
    const pairs = new Int32Array(values.buffer, values.byteOffset, values.length >> 1);
    for (let i = 0; i + 4 <= pairs.length; i += 4, t += 8) {
      const a = pairs[i];
      const b = pairs[i + 1];
      const c = pairs[i + 2];
      const d = pairs[i + 3];
      to[t] = a << 16;
      to[t + 1] = a & -65536;
      to[t + 2] = b << 16;
      to[t + 3] = b & -65536;
      to[t + 4] = c << 16;
      to[t + 5] = c & -65536;
      to[t + 6] = d << 16;
      to[t + 7] = d & -65536;
    }
  }
  for (; t < to.length; t++) to[t] = values[t] << 16;
  return out;
}
/** Exact values of E5M2 bytes. */
export const fromF8e5m2 = widen((b) => f16ToF32Bits(b << 8));
/** Exact values of E4M3 bytes. */
export const fromF8e4m3 = widen((b) => {
  const sign = (b & 0x80) << 24;
  let e = (b >>> 3) & 15;
  let m = b & 7;
  if (e === 15 && m === 7) return sign | 0x7fc00000;
  if (e === 0) {
    if (m === 0) return sign;
    for (e = 1; !(m & 8); e--) m <<= 1;
    m &= 7;
  }
  return sign | ((e + 120) << 23) | (m << 20);
});
