import { describe, expect, it } from 'vitest';
import { type Factored, type LinearMap, pull } from '../../src/descend.js';
import { referenceKernels } from '../../src/kernels/index.js';
import { multiply } from '../../src/linalg/products.js';
import { at, type Matrix, matrix, transpose } from '../../src/matrix.js';
import { factorPair } from '../../src/parametrisations/factorPair.js';
import { divideByGram } from '../../src/parametrisations/metric.js';
import { symmetric } from '../../src/parametrisations/symmetric.js';
import { normals, stream } from '../../src/random/index.js';
import { close } from '../close.js';
import { taylorSlope } from '../taylor.js';

const K = referenceKernels();
const draw = (path: string, n: number) => normals(stream(5, path), n);
const random = (path: string, rows: number, cols: number) => matrix(rows, cols, draw(path, rows * cols));

/** f(X) = ½‖X − M‖_F², with its gradient X − M known by products. */
const distance = (M: Matrix) => ({
  evaluate(X: Factored): { loss: number; grad: LinearMap } {
    const G = multiply(K, X.left, transpose(X.right));
    let loss = 0;
    for (let i = 0; i < M.rows; i++)
      for (let j = 0; j < M.cols; j++) {
        G.data[i * M.cols + j] -= at(M, i, j);
        loss += G.data[i * M.cols + j] ** 2 / 2;
      }
    return {
      loss,
      grad: {
        rows: M.rows,
        cols: M.cols,
        times: (V) => multiply(K, G, V),
        timesT: (U) => multiply(K, transpose(G), U),
      },
    };
  },
});

describe('factor pair and symmetric factors', () => {
  const M = random('M', 7, 5);
  const S = random('S', 6, 6);

  it('have a right gradient: Taylor slope 2 within 0.02, narrow and wide', () => {
    for (const k of [1, 3, 9]) {
      const pair = pull(distance(M), factorPair(K, 7, 5, k));
      close(taylorSlope(pair, draw(`pair${k}`, 12 * k), draw(`to${k}`, 12 * k)), 2, { atol: 0.02 });
      const square = pull(distance(S), symmetric(K, 6, k));
      close(taylorSlope(square, draw(`sym${k}`, 6 * k), draw(`sto${k}`, 6 * k)), 2, { atol: 0.02 });
    }
  });

  it('a pair with W = V pulls a symmetric gradient back to half of what the symmetric factors do', () => {
    const U = draw('U', 12);
    const A = random('A', 6, 6);
    const G = multiply(K, A, transpose(A));
    const map: LinearMap = {
      rows: 6,
      cols: 6,
      times: (V) => multiply(K, G, V),
      timesT: (V) => multiply(K, transpose(G), V),
    };
    const both = factorPair(K, 6, 6, 2).pullback(Float64Array.of(...U, ...U), map);
    close(
      symmetric(K, 6, 2).pullback(U, map),
      both.slice(0, 12).map((g) => 2 * g),
      { rtol: 1e-13, atol: 1e-13 },
    );
  });
});

describe('the metric', () => {
  it('times its Gram matrix gives the direction back, to 1e-12, also when damped and wider than tall', () => {
    for (const [n, p, k, damping] of [
      [4, 9, 3, 0],
      [4, 9, 3, 0.7],
      [4, 2, 5, 0.3],
    ]) {
      const D = random(`D${k}`, n, k);
      const F = random(`F${k}`, p, k);
      const gram = multiply(K, transpose(F), F);
      for (let j = 0; j < k; j++) gram.data[j * k + j] += damping;
      close(multiply(K, divideByGram(K, D, F, damping), gram).data, D.data, { atol: 1e-12 });
    }
  });

  it('keeps its accuracy where FᵀF has lost all: columns 1 and 1e-9 apart, answer right to 1e-6', () => {
    const F = matrix(3, 2, Float64Array.of(1, 1, 0, 1e-9, 0, 0));
    const D = matrix(1, 2, Float64Array.of(1, 1));
    // FᵀF = [1 1; 1 1 + 1e-18], so D (FᵀF)⁻¹ = (1, 0); in f64 FᵀF itself is singular.
    close(divideByGram(K, D, F, 0).data, [1, 0], { atol: 1e-6 });
  });

  it('refuses a factor without full column rank unless it is damped', () => {
    const F = matrix(3, 2);
    const D = matrix(1, 2, Float64Array.of(1, 1));
    expect(() => divideByGram(K, D, F, 0)).toThrow(/zero|singular|rank/i);
    close(divideByGram(K, D, F, 0.5).data, [2, 2], { rtol: 1e-12 });
  });
});
