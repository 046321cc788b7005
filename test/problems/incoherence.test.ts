import { describe, expect, it } from 'vitest';
import { singleKernels } from '../../src/kernels/index.js';
import { denseOf } from '../../src/linalg/maps.js';
import { incoherence } from '../../src/problems/incoherence.js';
import { normals, stream } from '../../src/random/index.js';
import { close } from '../close.js';
import { taylorSlope } from '../taylor.js';

const K = singleKernels();
const options = { width: 3, bound: 0.8, strength: 1.7 };

/** Rows of lengths 0, α/2, α, 1.2α, 3α. */
const theta = Float64Array.from(
  [0, 0.5, 1, 1.2, 3].flatMap((length, i) => {
    const row = normals(stream(1, 'row', i), 3);
    const size = Math.sqrt(row.reduce((s, v) => s + v * v, 0));
    return [...row].map((v) => (length * 0.8 * v) / size);
  }),
);

describe('incoherence', () => {
  const R = incoherence(options);

  it('is λ(t − α)⁴ of each row longer than α', () => {
    close(R.evaluate(theta, 0).loss, 1.7 * (0.16 ** 4 + 1.6 ** 4), { rtol: 1e-12 });
    expect(R.evaluate(new Float64Array(6), 0).loss).toBe(0);
  });

  it('has its gradient: the Taylor remainder falls as h²', () =>
    close(taylorSlope(R, theta, normals(stream(2, 'd'), theta.length)), 2, { atol: 0.1 }));

  it('has its Hessian: differences of the gradient to 1e-7, rows of length 0 and α included', () => {
    const H = denseOf(K, R.hessian(theta));
    const n = theta.length;
    const h = 1e-6;
    for (let j = 0; j < n; j++) {
      const moved = (s: number) =>
        R.evaluate(
          theta.map((v, i) => (i === j ? v + s : v)),
          0,
        ).grad;
      const [up, down] = [moved(h), moved(-h)];
      for (let i = 0; i < n; i++) close((up[i] - down[i]) / (2 * h), H.data[i * n + j], { rtol: 1e-7, atol: 1e-7 });
    }
  });

  it('refuses a width, bound or strength that is none, and rows that do not fit', () => {
    expect(() => incoherence({ ...options, width: 0 })).toThrow('incoherence: width should be an integer');
    expect(() => incoherence({ ...options, bound: 0 })).toThrow(
      'incoherence: bound should be a positive number, got 0',
    );
    expect(() => incoherence({ ...options, strength: Number.NaN })).toThrow('strength should be a number ≥ 0, got NaN');
    expect(() => R.evaluate(new Float64Array(4), 0)).toThrow('incoherence: θ should hold rows of 3, got 4 numbers');
  });
});
