import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Kernels, PosteriorStep } from '../../src/kernels/contract.js';
import { referenceKernels, singleKernels, startKernels } from '../../src/kernels/index.js';
import { matrix } from '../../src/matrix.js';
import { normals, stream, uniforms } from '../../src/random/index.js';
import { close } from '../close.js';

let teams: Kernels[];
beforeAll(async () => {
  teams = [singleKernels(), ...(await Promise.all([2, 4].map((threads) => startKernels({ threads }))))];
});
afterAll(() => {
  for (const K of teams) K.close();
});

/** A half step on a random mask: some rows empty, some full. */
function randomStep(rows: number, cols: number, width: number, seed: number): PosteriorStep {
  const random = stream(seed, 'posterior-test');
  const u = uniforms(random, rows * cols);
  const starts = new Int32Array(rows + 1);
  const columns: number[] = [];
  for (let i = 0; i < rows; i++) {
    const share = i % 5 === 0 ? 0 : i % 5 === 1 ? 1 : 0.4;
    for (let j = 0; j < cols; j++) if (u[i * cols + j] < share) columns.push(j);
    starts[i + 1] = columns.length;
  }
  const draw = (n: number, index: number) => normals({ ...random, index }, n);
  const positive = (n: number, index: number) => draw(n, index).map((x) => 0.1 + x * x);
  const entries = { rows, cols, starts, columns: Int32Array.from(columns), values: draw(columns.length, 1) };
  return {
    entries,
    width,
    mean: draw(cols * width, 2),
    variance: positive(cols * width, 3),
    precision: 1.7,
    prior: positive(rows * width, 4),
    pull: draw(rows * width, 5),
    which: Int32Array.from({ length: rows }, (_, i) => i).filter((i) => i !== 3),
    newMean: draw(rows * width, 6),
    newVariance: positive(rows * width, 7),
    misfit: new Float64Array(rows),
  };
}

const results = (K: Kernels, step: PosteriorStep) => {
  const fresh = { newMean: step.newMean.slice(), newVariance: step.newVariance.slice(), misfit: step.misfit.slice() };
  K.entriesPosterior({ ...step, ...fresh });
  return fresh;
};

test('every build gives the bits of the reference, for 1, 2 and 4 threads and widths 1 to 9, 16, 17, 33', () => {
  for (const width of [1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 33])
    for (const misfit of [true, false]) {
      const step = randomStep(41, 23, width, width);
      const asked = misfit ? step : { ...step, misfit: new Float64Array(0) };
      const expected = results(referenceKernels(), asked);
      for (const K of teams) expect(results(K, asked)).toEqual(expected);
    }
});

test('operands in kernel memory give the same bits', () => {
  const step = randomStep(300, 120, 12, 5);
  const expected = results(referenceKernels(), step);
  const K = teams[1];
  const there = <T extends Float64Array>(x: T): Float64Array => {
    const y = K.allocate('f64', x.length);
    y.set(x);
    return y;
  };
  const { newMean, newVariance, misfit, mean, variance } = step;
  const moved = { ...step, mean: there(mean), variance: there(variance) };
  const out = { newMean: there(newMean), newVariance: there(newVariance), misfit: there(misfit) };
  K.entriesPosterior({ ...moved, ...out });
  expect({ ...out }).toEqual(expected);
});

test('a row solves its normal equations to 1e-10, and the misfit is the expected square of its residuals', () => {
  const step = randomStep(9, 14, 4, 11);
  const { entries, width: w, mean, variance, precision, prior, pull } = step;
  const { newMean, newVariance, misfit } = results(teams[0], step);
  for (const i of step.which) {
    const P = matrix(w, w);
    const g = Float64Array.from({ length: w }, (_, a) => pull[i * w + a]);
    for (let a = 0; a < w; a++) P.data[a * w + a] = prior[i * w + a];
    let expectedMisfit = 0;
    const m = newMean.subarray(i * w, (i + 1) * w);
    const s = newVariance.subarray(i * w, (i + 1) * w);
    for (let e = entries.starts[i]; e < entries.starts[i + 1]; e++) {
      const j = entries.columns[e];
      const z = [1, ...mean.subarray(j * w + 1, (j + 1) * w)];
      const d = variance.subarray(j * w, (j + 1) * w);
      const y = entries.values[e] - mean[j * w];
      let r = y;
      for (let a = 0; a < w; a++) {
        r -= m[a] * z[a];
        g[a] += precision * y * z[a];
        if (a > 0) P.data[a * w + a] += precision * d[a];
        for (let b = 0; b < w; b++) P.data[a * w + b] += precision * z[a] * z[b];
        expectedMisfit += a === 0 ? s[0] + d[0] : s[a] * z[a] * z[a] + d[a] * m[a] * m[a] + d[a] * s[a];
      }
      expectedMisfit += r * r;
    }
    const product = Float64Array.from({ length: w }, (_, a) => m.reduce((sum, x, b) => sum + P.data[a * w + b] * x, 0));
    close(product, g, { rtol: 1e-10, atol: 1e-10 });
    close(
      s,
      Float64Array.from({ length: w }, (_, a) => 1 / P.data[a * w + a]),
      { rtol: 1e-12 },
    );
    close(misfit[i], expectedMisfit, { rtol: 1e-12, atol: 1e-12 });
  }
});

test('rows that are not asked for keep their values', () => {
  const step = randomStep(10, 8, 3, 2);
  for (const K of teams) {
    const out = results(K, step);
    expect(out.newMean.slice(9, 12)).toEqual(step.newMean.slice(9, 12));
    expect(out.newVariance.slice(9, 12)).toEqual(step.newVariance.slice(9, 12));
  }
});
