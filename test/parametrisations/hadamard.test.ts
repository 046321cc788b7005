import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { descend, pull } from '../../src/descend.js';
import { singleKernels } from '../../src/kernels/index.js';
import { matrix } from '../../src/matrix.js';
import { hadamard } from '../../src/parametrisations/hadamard.js';
import { design, linear } from '../../src/problems/linear.js';
import { normals, stream } from '../../src/random/index.js';
import { gradient } from '../../src/rules/gradient.js';
import { take } from '../../src/stream.js';
import { close } from '../close.js';
import { taylorSlope } from '../taylor.js';

const K = singleKernels();
const [m, n] = [7, 12];
const entries = normals(stream(1, 'A'), m * n);
const A = design(K, matrix(m, n, entries));
const y = normals(stream(1, 'y'), m);

describe('x = u^L − v^L and w^L', () => {
  it.each([
    [1, false],
    [2, false],
    [3, false],
    [5, false],
    [2, true],
    [4, true],
  ])('the pullback is the gradient: Taylor slope 2 ± 0.05 for L = %d, positive %s', (depth, positive) => {
    const phi = hadamard(n, { depth, positive });
    const theta = normals(stream(2, 'theta'), phi.size);
    const slope = taylorSlope(pull(linear(K, A, y), phi), theta, normals(stream(3, 'd'), phi.size));
    // a quadratic function of θ at depth 1 has no remainder above its second order either
    close(slope, 2, { atol: 0.05 });
  });

  it('⟨φ′(θ)d, g⟩ = ⟨d, pullback(θ, g)⟩ to 1e-5, by central differences', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.boolean(), fc.nat(1000), (depth, positive, seed) => {
        const phi = hadamard(n, { depth, positive });
        const [theta, d] = ['theta', 'd'].map((name) => normals(stream(seed, name), phi.size));
        const g = normals(stream(seed, 'g'), n);
        const h = 1e-5;
        const at = (sign: number) => phi.value(theta.map((t, i) => t + sign * h * d[i]));
        const [up, down] = [at(1), at(-1)];
        const left = g.reduce((s, value, j) => s + (value * (up[j] - down[j])) / (2 * h), 0);
        const back = phi.pullback(theta, g);
        const right = d.reduce((s, value, i) => s + value * back[i], 0);
        close(left, right, { rtol: 1e-5, atol: 1e-5 });
      }),
      { numRuns: 50 },
    );
  });

  it('u² − v² on A is w² on [A, −A], step for step to 1e-12', () => {
    const wide = new Float64Array(m * 2 * n);
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        wide[i * 2 * n + j] = entries[i * n + j];
        wide[i * 2 * n + n + j] = -entries[i * n + j];
      }
    const start = normals(stream(4, 'start'), 2 * n).map((value) => 0.3 + 0.1 * value);
    const signed = descend(pull(linear(K, A, y), hadamard(n)), gradient(0.01), start);
    const both = design(K, matrix(m, 2 * n, wide));
    const positive = descend(pull(linear(K, both, y), hadamard(2 * n, { positive: true })), gradient(0.01), start);
    const [a, b] = [signed, positive].map((its) => [...take(its, 200)][199].theta);
    close(a, b, { rtol: 1e-12, atol: 1e-12 });
  });

  it('depth 1 is the identity', () => {
    const w = normals(stream(5, 'w'), n);
    expect(hadamard(n, { depth: 1, positive: true }).value(w)).toEqual(w);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses depth %d', (depth) => {
    expect(() => hadamard(n, { depth })).toThrow(`depth should be a whole number of at least 1, got ${depth}`);
  });
});

describe('a design', () => {
  it('refuses a column of zeros and what is not finite', () => {
    const zero = entries.map((value, e) => (e % n === 4 ? 0 : value));
    expect(() => design(K, matrix(m, n, zero))).toThrow(/zeros alone in column 4/);
    const nan = entries.map((value, e) => (e === 2 * n + 3 ? Number.NaN : value));
    expect(() => design(K, matrix(m, n, nan))).toThrow(/got NaN in row 2, column 3/);
  });

  it('refuses measurements that do not fit', () => {
    expect(() => linear(K, A, y.slice(1))).toThrow('as many numbers as A has rows, got 6 and 7');
  });
});
