// The oracle computes in fixed point with 240 bits after the point, so it is exact for our purpose.

import { describe, expect, it } from 'vitest';
import { exp, log, pow, sincosTurns } from '../../src/random/elementary.js';
import { stream, uniforms } from '../../src/random/index.js';

const BITS = 240n;
const ONE = 1n << BITS;

/** A double as a fixed-point number; exact for |x| ≥ 2^-180. */
function fixed(x: number): bigint {
  let e = 0n;
  while (!Number.isInteger(x)) {
    x *= 2;
    e++;
  }
  return (BigInt(x) << BITS) >> e;
}
const times = (a: bigint, b: bigint) => (a * b) >> BITS;

function series(first: bigint, next: (term: bigint, i: bigint) => bigint): bigint {
  let total = 0n;
  for (let term = first, i = 1n; term !== 0n && term !== -1n; i++) {
    total += term;
    term = next(term, i);
  }
  return total;
}
const artanhInverse = (q: bigint) => {
  let total = 0n;
  for (let power = ONE / q, i = 1n; power > 0n; i += 2n, power /= q * q) total += power / i;
  return total;
};
const LN2 = 2n * artanhInverse(3n);
const arctanInverse = (q: bigint) => {
  let total = 0n;
  for (let power = ONE / q, i = 1n; power > 0n; i += 2n, power /= q * q)
    total += i % 4n === 1n ? power / i : -(power / i);
  return total;
};
const TWO_PI = 8n * (4n * arctanInverse(5n) - arctanInverse(239n));

/** e^x as { mantissa: fixed point in [½, 2), exponent }. */
function exactExp(x: bigint): { mantissa: bigint; exponent: number } {
  const k = (x + LN2 / 2n) / LN2;
  const r = x - k * LN2;
  return { mantissa: series(ONE, (t, i) => times(t, r) / i), exponent: Number(k) };
}
function exactLog(x: number): bigint {
  let k = 0n;
  while (x >= 2) {
    x /= 2;
    k++;
  }
  while (x < 1) {
    x *= 2;
    k--;
  }
  const m = fixed(x);
  const s = ((m - ONE) << BITS) / (m + ONE);
  const z = times(s, s);
  let total = 0n;
  for (let power = s, i = 1n; power > 0n; i += 2n, power = times(power, z)) total += power / i;
  return 2n * total + k * LN2;
}

/** |got − want| in units of the spacing of doubles at want = mantissa·2^exponent. */
function ulps(got: number, mantissa: bigint, exponent = 0): number {
  for (; exponent > 0; exponent--) got /= 2;
  for (; exponent < 0; exponent++) got *= 2;
  const size = mantissa < 0n ? -mantissa : mantissa;
  const top = BigInt(size.toString(2).length); // 2^(top−1) ≤ size
  const off = fixed(got) - mantissa;
  return Number(((off < 0n ? -off : off) * 1000n) >> (top - 53n)) / 1000;
}
const worst = (xs: number[], error: (x: number) => number) => Math.max(...xs.map(error));
const samples = (name: string, n: number, map: (u: number) => number) => Array.from(uniforms(stream(7, name), n), map);

describe('elementary functions against 240-bit arithmetic', () => {
  it('log is within 1 ulp on 2^-400 … 2^400 and near 1', () => {
    const near = samples('near', 3000, (u) => 0.5 + u * 1.5);
    const edge = samples('edge', 1000, (u) => 1 + (u - 0.5) * 1e-6);
    const wide = samples('wide', 3000, (u) => (1 + u) * 2 ** Math.floor((u * 1e5) % 800) * 2 ** -400);
    expect(worst([...near, ...edge, ...wide], (x) => ulps(log(x), exactLog(x)))).toBeLessThan(1);
  });
  it('exp is within 1 ulp on −700 … 709', () => {
    const xs = [...samples('wide', 3000, (u) => -700 + 1409 * u), ...samples('near', 2000, (u) => u - 0.5)];
    const error = (x: number) => {
      const { mantissa, exponent } = exactExp(fixed(x));
      return ulps(exp(x), mantissa, exponent);
    };
    expect(worst(xs, error)).toBeLessThan(1);
  });
  it('pow is within 2 ulp while |y ln x| ≤ 20, and within 32 up to 700', () => {
    for (const [reach, bound] of [
      [20, 2],
      [700, 32],
    ]) {
      const us = uniforms(stream(7, 'pow', reach), 6000);
      let most = 0;
      for (let i = 0; i < us.length; i += 2) {
        const x = i % 4 === 0 ? 0.5 + us[i] * 1.5 : us[i] * 1e6;
        const y = ((2 * us[i + 1] - 1) * reach) / Math.abs(Math.log(x));
        if (Math.abs(y) > 1e12) continue;
        const { mantissa, exponent } = exactExp(times(fixed(y), exactLog(x)));
        most = Math.max(most, ulps(pow(x, y), mantissa, exponent));
      }
      expect(most).toBeLessThan(bound);
    }
  });
  it('sine and cosine of turns are within 1 ulp on −4 … 4', () => {
    const out = new Float64Array(2);
    const us = [...samples('turn', 4000, (u) => 8 * u - 4), ...samples('small', 500, (u) => u * 1e-8)];
    let most = 0;
    for (const u of us) {
      const x = times(TWO_PI, fixed(u - Math.round(u)));
      const z = times(x, x);
      const sin = series(x, (t, i) => -times(t, z) / (2n * i * (2n * i + 1n)));
      const cos = series(ONE, (t, i) => -times(t, z) / (2n * i * (2n * i - 1n)));
      sincosTurns(u, out);
      most = Math.max(most, ulps(out[0], sin), ulps(out[1], cos));
    }
    expect(most).toBeLessThan(1);
  });
});

describe('exact values and the ends of the range', () => {
  it('log', () => {
    expect([0, 1, Infinity, -1, NaN].map(log)).toEqual([-Infinity, 0, Infinity, NaN, NaN]);
    expect(log(5e-324)).toBe(-744.4400719213812);
  });
  it('exp', () => {
    expect([-Infinity, -746, 0, 709.9, Infinity, NaN].map(exp)).toEqual([0, 0, 1, Infinity, Infinity, NaN]);
    expect(exp(-745.1)).toBe(5e-324);
    expect(exp(709.78)).toBeLessThan(Infinity);
  });
  it('pow', () => {
    expect(pow(2, 10)).toBe(1024);
    expect(pow(10, -3)).toBe(0.001);
    expect([pow(0, 2), pow(0, -1), pow(0, 0), pow(1, 1e300), pow(2, 2000), pow(0.5, 2000)]).toEqual([
      0,
      Infinity,
      1,
      1,
      Infinity,
      0,
    ]);
    expect([pow(-2, 0.5), pow(2, NaN), pow(NaN, 1)]).toEqual([NaN, NaN, NaN]);
  });
  it('quarter turns are exact', () => {
    const out = new Float64Array(2);
    const turns = [0, 0.25, 0.5, 0.75, 1, -0.25].map((u) => {
      sincosTurns(u, out);
      return Array.from(out, (v) => v + 0);
    });
    expect(turns).toEqual([
      [0, 1],
      [1, 0],
      [0, -1],
      [-1, 0],
      [0, 1],
      [-1, 0],
    ]);
  });
});
