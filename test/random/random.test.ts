import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  at,
  exp,
  fillNormals,
  fillUniforms,
  fillWords,
  normals,
  permutation,
  type Stream,
  signs,
  split,
  stream,
  subset,
  uniforms,
  words,
} from '../../src/random/index.js';
import { threefry } from '../../src/random/threefry.js';
import { close } from '../close.js';

const hex = (text: string) => Array.from(text.split(' '), (w) => Number.parseInt(w, 16) | 0);

describe('Threefry 4×32-20', () => {
  it.each([
    ['zeros', '0 0 0 0', '0 0 0 0', '9c6ca96a e17eae66 fc10ecd4 5256a7d8'],
    [
      'ones',
      'ffffffff ffffffff ffffffff ffffffff',
      'ffffffff ffffffff ffffffff ffffffff',
      '2a881696 57012287 f6c7446e a16a6732',
    ],
    [
      'digits of π',
      '243f6a88 85a308d3 13198a2e 03707344',
      'a4093822 299f31d0 082efa98 ec4e6c89',
      '59cd1dbb b8879579 86b5d00c ac8b6d84',
    ],
  ])('gives the known answer of Random123 for %s', (_, counter, key, answer) => {
    const out = new Int32Array(4);
    const [c0, c1, c2, c3] = hex(counter);
    const [k0, k1, k2, k3] = hex(key);
    threefry([k0, k1, k2, k3], [c0, c1, c2, c3], 1, out);
    expect(Array.from(out)).toEqual(hex(answer));
  });
});

describe('addresses', () => {
  const first = (s: Stream) => words(s, 4).join();

  it('the same name gives the same numbers, as number or bigint; any other name gives others', () => {
    expect(first(stream(7, 'a', 3))).toBe(first(stream(7n, 'a', 3)));
    const names = [
      stream(7, 'a'),
      stream(8, 'a'),
      stream(7n + (1n << 32n), 'a'),
      stream(7n + (1n << 63n), 'a'),
      stream(7, 'b'),
      stream(7, 'a', 1),
      stream(7, 'a', 2 ** 32),
      stream(7, 'a/a'),
      stream(7, 'aa'),
      stream(7, 'a\0'),
      stream(7, ''),
      stream(7, 'abcdefgh'),
      stream(7, 'abcdefghi'),
      split(stream(7, 'a', 1), 'a'),
    ];
    expect(new Set(names.map(first)).size).toBe(names.length);
  });

  it('a path is a chain of splits, and at() picks another index', () => {
    const chained = split(split(stream(7, 'operator'), 'row'), 'sign', 5);
    expect(first(chained)).toBe(first(stream(7, 'operator/row/sign', 5)));
    expect(first(at(chained, 9))).toBe(first(stream(7, 'operator/row/sign', 9)));
  });

  it('any range of any kind equals the same range of the whole, also beyond 2^32 blocks', () => {
    const s = stream(11, 'blocks');
    const kinds = [
      [fillWords, () => new Uint32Array(3000)],
      [fillUniforms, () => new Float64Array(3000)],
      [fillNormals, () => new Float64Array(3000)],
    ] as const;
    for (const [fill, make] of kinds)
      for (const base of [0, 2 ** 33 - 1501, 2 ** 34 - 1501]) {
        const whole = make();
        fill(s, whole as never, base);
        fc.assert(
          fc.property(fc.nat(2999), fc.nat(3000), (from, n) => {
            const part = make().subarray(0, Math.min(n, 3000 - from));
            fill(s, part as never, base + from);
            expect(part).toEqual(whole.subarray(from, from + part.length));
          }),
          { numRuns: 30 },
        );
      }
  });

  it('f32 output is the f64 output rounded', () => {
    const narrow = new Float32Array(1000);
    fillNormals(stream(1, 'x'), narrow);
    expect(narrow).toEqual(Float32Array.from(normals(stream(1, 'x'), 1000)));
  });

  it('refuses a seed or an index that is not a whole number from 0', () => {
    expect(() => stream(-1, 'a')).toThrow('stream: seed should be an integer from 0 to 2^53 − 1');
    expect(() => stream(1.5, 'a')).toThrow('got 1.5');
    expect(() => stream(1n << 64n, 'a')).toThrow('got 18446744073709551616');
    expect(() => stream(1, 'a', -1)).toThrow('stream: index should be an integer');
  });
});

const N = 1 << 20;
/** Mean of map(x). */
const mean = (xs: Float64Array, map: (x: number, i: number) => number) =>
  xs.reduce((total, x, i) => total + map(x, i), 0) / xs.length;

/** sup |F_n − F|·√n; above 1.95 with probability 10⁻³ if F is the law. */
function kolmogorov(xs: Float64Array, cdf: (x: number) => number): number {
  const sorted = xs.slice().sort();
  let most = 0;
  for (let i = 0; i < sorted.length; i++) {
    const p = cdf(sorted[i]);
    most = Math.max(most, Math.abs(p - i / sorted.length), Math.abs(p - (i + 1) / sorted.length));
  }
  return most * Math.sqrt(sorted.length);
}

/** Φ by the series x·Σ x^2j/(2j+1)!! or, far out, the continued fraction of the tail. */
function normalCdf(x: number): number {
  const f = exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  if (Math.abs(x) < 3) {
    let term = x;
    let total = x;
    for (let j = 1; Math.abs(term) > 1e-17; j++) total += term *= (x * x) / (2 * j + 1);
    return 0.5 + f * total;
  }
  let c = Math.abs(x);
  for (let j = 60; j > 0; j--) c = Math.abs(x) + j / c;
  return x < 0 ? f / c : 1 - f / c;
}

describe(`laws of ${N} draws, within four standard errors`, () => {
  const z = normals(stream(2024, 'law'), N);
  const u = uniforms(stream(2024, 'law'), N);
  const allowed = (variance: number) => ({ atol: 4 * Math.sqrt(variance / N) });

  it('normals have moments 0, 1, 0, 3, 0, 15', () => {
    close(
      mean(z, (x) => x),
      0,
      allowed(1),
    );
    close(
      mean(z, (x) => x * x),
      1,
      allowed(2),
    );
    close(
      mean(z, (x) => x ** 3),
      0,
      allowed(15),
    );
    close(
      mean(z, (x) => x ** 4),
      3,
      allowed(96),
    );
    close(
      mean(z, (x) => x ** 6),
      15,
      allowed(10170),
    );
  });
  it('normals follow Φ (Kolmogorov–Smirnov below 1.95), and so do those beyond the ziggurat (|x| > 3.65)', () => {
    expect(kolmogorov(z, normalCdf)).toBeLessThan(1.95);
    const many = normals(stream(5, 'tail'), 4 * N);
    const tail = many.filter((x) => Math.abs(x) > 3.654152885361009).map(Math.abs);
    const mass = 2 * normalCdf(-3.654152885361009);
    close(tail.length, many.length * mass, { atol: 4 * Math.sqrt(many.length * mass) });
    expect(kolmogorov(tail, (x) => 1 - (2 * normalCdf(-x)) / mass)).toBeLessThan(1.95);
  });
  it('uniforms have mean ½, variance 1/12, and follow u', () => {
    close(
      mean(u, (x) => x),
      0.5,
      allowed(1 / 12),
    );
    close(
      mean(u, (x) => (x - 0.5) ** 2),
      1 / 12,
      allowed(1 / 180),
    );
    expect(kolmogorov(u, (x) => x)).toBeLessThan(1.95);
  });
  it('neighbours, kinds, indices and names are uncorrelated', () => {
    const others = [
      normals(stream(2024, 'law', 1), N),
      normals(stream(2025, 'law'), N),
      normals(stream(2024, 'lax'), N),
      u.map((x) => (x - 0.5) * Math.sqrt(12)),
      signs(stream(2024, 'law'), N),
    ];
    for (const lag of [1, 2, 3, 512, 1024])
      close(
        mean(z, (x, i) => x * z[(i + lag) % N]),
        0,
        allowed(1),
      );
    for (const other of others)
      close(
        mean(z, (x, i) => x * other[i]),
        0,
        allowed(1),
      );
  });
  it('each bit of a word is fair and independent of its neighbour', () => {
    const w = words(stream(3, 'bits'), 1 << 16);
    for (let bit = 0; bit < 32; bit++) {
      let ones = 0;
      let equal = 0;
      for (const x of w) {
        ones += (x >>> bit) & 1;
        equal += ((x >>> bit) ^ (x >>> ((bit + 1) % 32))) & 1;
      }
      close([ones, equal], [1 << 15, 1 << 15], { atol: 4.5 * 128 });
    }
  });
  it('signs read the bits of words: bit j mod 32 of word ⌊j/32⌋, 1 means −1', () => {
    const s = stream(4, 'signs');
    const bits = words(s, 2);
    expect(
      Array.from(signs(s, 40), (v, j) => (v < 0 ? 1 : 0) === ((bits[j >> 5] >>> (j & 31)) & 1)).every(Boolean),
    ).toBe(true);
  });
});

describe('choices', () => {
  it('a permutation holds each of 0 … n−1 once, and each order of 4 comes with frequency 1/24', () => {
    expect(permutation(stream(1, 'p'), 1000).slice().sort()).toEqual(Int32Array.from({ length: 1000 }, (_, i) => i));
    const count = new Map<string, number>();
    for (let i = 0; i < 24000; i++) {
      const order = permutation(stream(1, 'p', i), 4).join();
      count.set(order, (count.get(order) ?? 0) + 1);
    }
    expect(count.size).toBe(24);
    for (const c of count.values()) close(c, 1000, { atol: 4.5 * Math.sqrt(1000) });
  });
  it('a subset has k different ascending members below n', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), fc.nat(), (a, b, seed) => {
        const [k, n] = a < b ? [a, b] : [b, a];
        const chosen = subset(stream(seed, 's'), n, k);
        expect(chosen.length).toBe(k);
        chosen.forEach((v, i) => {
          expect(v < n && Number.isInteger(v) && (i === 0 ? v >= 0 : v > chosen[i - 1])).toBe(true);
        });
      }),
    );
    expect(subset(stream(1, 's'), 2 ** 50, 3).length).toBe(3);
    expect(() => subset(stream(1, 's'), 3, 4)).toThrow('subset: k should be an integer from 0 to n = 3, got 4');
  });
  it('each of the 10 (and 15) subsets comes equally often, for k ≤ n/2 and above', () => {
    for (const [n, k, sets] of [
      [5, 2, 10],
      [5, 3, 10],
      [6, 4, 15],
    ]) {
      const count = new Map<string, number>();
      for (let i = 0; i < 1000 * sets; i++) {
        const chosen = subset(stream(n, 'subset', i), n, k).join();
        count.set(chosen, (count.get(chosen) ?? 0) + 1);
      }
      expect(count.size).toBe(sets);
      for (const c of count.values()) close(c, 1000, { atol: 4.5 * Math.sqrt(1000) });
    }
  });
});
