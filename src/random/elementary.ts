// log, exp, pow and sine–cosine with the same bits in every engine: they use only + − × ÷ of IEEE doubles, which all
// engines round alike, and the bits of a double. Math.log and its kin differ between engines, so nothing on the way to a
// result uses them.
//
// Each reduces its argument to a short interval and sums a Taylor series there; what the reduction rounds off is carried
// along in a second number.
// Error against the exact value: log, exp, sine and cosine ≤ 1 ulp; pow ≤ 2 ulp while |y·ln x| ≤ 20, 32 ulp to the ends.

const DOUBLE = new Float64Array(1);
const WORDS = new Int32Array(DOUBLE.buffer);
DOUBLE[0] = 1;
const HIGH = WORDS[0] === 0 ? 1 : 0; // which of the two words holds sign and exponent

/** POWER[1023 + k] = 2^k. */
const POWER = new Float64Array(2047);
for (let k = 0, p = 1; k <= 1023; k++, p *= 2) POWER[1023 + k] = p;
for (let k = 1, p = 0.5; k <= 1023; k++, p /= 2) POWER[1023 - k] = p;

// ln 2 = LN2 + LN2_REST, and 2π = TURN + TURN_REST. LN2 and TURN end in zero bits, so that their products here are exact.
const LN2 = 0.6931471803691238;
const LN2_REST = 1.9082149292705877e-10;
const TURN = 6.283185243606567;
const TURN_REST = 6.357301909411278e-8;

/** ln x. */
export function log(x: number): number {
  if (!(x > 0 && x < Infinity)) return x === 0 ? -Infinity : x > 0 ? x : NaN;
  const k = exponent(x);
  const f = timesPower2(x, -k) - 1;
  const s = f / (2 + f);
  const half = 0.5 * f * f;
  // 2·artanh(s) = f − f²/2 + s·(f²/2 + …): its large part, f, is exact.
  return k * LN2 - (half - (s * (half + artanhTail(s * s)) + k * LN2_REST) - f);
}

/** k with √½ ≤ 2^−k·x ≤ √2. */
function exponent(x: number): number {
  if (x < 2.2250738585072014e-308) return exponent(x * 18014398509481984) - 54;
  DOUBLE[0] = x;
  return ((WORDS[HIGH] + 0x95f64) >> 20) - 1023;
}

/** 2·artanh(s) = s·(2 + artanhTail(s²)). */
const artanhTail = (z: number): number =>
  // biome-ignore format: one polynomial
  z * (2 / 3 + z * (2 / 5 + z * (2 / 7 + z * (2 / 9 + z * (2 / 11 + z * (2 / 13 + z * (2 / 15 + z * (2 / 17 + z * (2 / 19 +
  z * (2 / 21))))))))));

/** e^x. */
export const exp = (x: number): number => expSum(x, 0);

/** e^(x + rest), |rest| ≪ 1. */
function expSum(x: number, rest: number): number {
  if (!(x < 709.79)) return x >= 709.79 ? Infinity : NaN;
  if (x < -745.2) return 0;
  // x = k·ln 2 + r, |r| ≤ ln(2)/2.
  const k = Math.floor(x * Math.LOG2E + 0.5);
  const high = x - k * LN2;
  const low = k * LN2_REST - rest;
  const r = high - low;
  const tail =
    // biome-ignore format: one polynomial
    r * r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r * (1 / 5040 + r * (1 / 40320 +
    r * (1 / 362880 + r * (1 / 3628800 + r * (1 / 39916800 + r * (1 / 479001600 + r * (1 / 6227020800))))))))))));
  return timesPower2(1 + (high - (low - tail)), k);
}

/** x·2^k, |k| ≤ 2046, rounded once where 2^k·x has a normal exponent. */
const timesPower2 = (x: number, k: number): number =>
  k >= -1022 && k <= 1023 ? x * POWER[1023 + k] : x * POWER[1023 + (k >> 1)] * POWER[1023 + k - (k >> 1)];

/** x^y for x ≥ 0. */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (!(x > 0 && x < Infinity)) return x === 0 || x > 0 ? ((x === 0) === y > 0 ? 0 : Infinity) : NaN;
  if (x === 1 || y === 1) return x;
  const k = exponent(x);
  const f = timesPower2(x, -k) - 1;
  // ln x = high + low: s = f/(2+f) with what its division rounds off, and the largest terms added without loss.
  const d = 2 + f;
  const s = f / d;
  const sTop = topHalf(s);
  const dTop = topHalf(d);
  const sRest = (f - sTop * dTop - sTop * (d - dTop + (f - (d - 2))) - (s - sTop) * d) / d;
  const large = k * LN2 + 2 * s;
  const small = 2 * s - (large - k * LN2) + (s * artanhTail(s * s) + (2 * sRest + k * LN2_REST));
  const high = large + small;
  const low = small - (high - large);
  const product = y * high;
  if (!(Math.abs(product) < 1000)) return expSum(product, 0);
  const yTop = topHalf(y);
  const highTop = topHalf(high);
  const error =
    yTop * highTop - product + (yTop * (high - highTop) + (y - yTop) * highTop) + (y - yTop) * (high - highTop);
  return expSum(product, error + y * low);
}

/** The leading 26 bits of x, so that products of such halves are exact. */
function topHalf(x: number): number {
  const c = 134217729 * x;
  return c - (c - x);
}

/** sin(2πu) and cos(2πu) of u turns, into out[0] and out[1]; |u| ≤ 2^50. */
export function sincosTurns(u: number, out: Float64Array): void {
  const quarter = Math.floor(4 * u + 0.5);
  const v = u - quarter / 4; // exact, |v| ≤ 1/8
  const t = topHalf(v);
  // 2πv = a + e with the rounding error e carried along.
  const a = TURN * t;
  const e = TURN * (v - t) + TURN_REST * v;
  const x = a + e;
  const rest = e - (x - a);
  const z = x * x;
  const sinTail =
    // biome-ignore format: one polynomial
    z * (-1 / 6 + z * (1 / 120 + z * (-1 / 5040 + z * (1 / 362880 + z * (-1 / 39916800 + z * (1 / 6227020800 +
    z * (-1 / 1307674368000 + z * (1 / 355687428096000))))))));
  const cosTail =
    // biome-ignore format: one polynomial
    z * z * (1 / 24 + z * (-1 / 720 + z * (1 / 40320 + z * (-1 / 3628800 + z * (1 / 479001600 + z * (-1 / 87178291200 +
    z * (1 / 20922789888000)))))));
  const s = x + (x * sinTail + rest * (1 - 0.5 * z));
  const half = 0.5 * z;
  const w = 1 - half;
  const c = w + (1 - w - half + (cosTail - x * rest));
  const swap = quarter & 1;
  const q = quarter & 3;
  out[0] = q === 2 || q === 3 ? -(swap ? c : s) : swap ? c : s;
  out[1] = q === 1 || q === 2 ? -(swap ? s : c) : swap ? s : c;
}
