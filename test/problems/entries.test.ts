import { expect, test } from 'vitest';
import { pull } from '../../src/descend.js';
import { singleKernels } from '../../src/kernels/index.js';
import { factorPair } from '../../src/parametrisations/factorPair.js';
import { entriesLoss, entriesObjective } from '../../src/problems/entries.js';
import { normals, stream, uniforms } from '../../src/random/index.js';
import { close } from '../close.js';
import { taylorSlope } from '../taylor.js';

const K = singleKernels();

function known(rows: number, cols: number, share: number) {
  const random = stream(3, 'entries-test');
  const u = uniforms(random, rows * cols);
  const starts = new Int32Array(rows + 1);
  const columns: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) if (u[i * cols + j] < share) columns.push(j);
    starts[i + 1] = columns.length;
  }
  return { rows, cols, starts, columns: Int32Array.from(columns), values: normals(random, columns.length) };
}

test('the fused objective is the loss pulled back to the factors, to 1e-12', () => {
  for (const k of [1, 4, 9]) {
    const E = known(14, 11, 0.5);
    const theta = normals(stream(1, 'theta', k), 25 * k);
    const fused = entriesObjective(K, E, k).evaluate(theta, 0);
    const pulled = pull(entriesLoss(K, E), factorPair(K, E.rows, E.cols, k)).evaluate(theta, 0);
    close(fused.loss, pulled.loss, { rtol: 1e-12 });
    close(fused.grad, pulled.grad, { rtol: 1e-12, atol: 1e-12 });
  }
});

test('Taylor slope 2 ± 0.05', () => {
  const k = 3;
  const F = entriesObjective(K, known(12, 9, 0.6), k);
  const slope = taylorSlope(F, normals(stream(1, 'theta'), 21 * k), normals(stream(2, 'direction'), 21 * k));
  expect(Math.abs(slope - 2)).toBeLessThan(0.05);
});
