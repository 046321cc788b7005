// Runs side by side on one operator: each is, bit for bit, the run alone.

import { describe, expect, it } from 'vitest';
import { descend, pull } from '../../src/descend.js';
import { referenceKernels, singleKernels } from '../../src/kernels/index.js';
import { formed } from '../../src/linalg/factored.js';
import { gaussian, mask, type Operator } from '../../src/operators/index.js';
import { factorPair } from '../../src/parametrisations/factorPair.js';
import { sideBySide } from '../../src/parametrisations/sideBySide.js';
import { symmetric } from '../../src/parametrisations/symmetric.js';
import { sensing, sensingBatch } from '../../src/problems/sensing.js';
import { normals, stream } from '../../src/random/index.js';
import { gradient } from '../../src/rules/gradient.js';
import { take } from '../../src/stream.js';
import { lowRank, uniformMask } from '../../src/truth/index.js';

const STEPS = 12;

describe.each([
  ['simd', singleKernels()],
  ['reference', referenceKernels()],
] as const)('sensingBatch on %s kernels', (_, K) => {
  const shape = { rows: 13, cols: 11, rank: 2, measurements: 90 };
  const square = { ...shape, cols: 13, symmetric: true };
  const cases: [string, Operator, boolean][] = [
    ['gaussian', gaussian(K, shape, stream(1, 'operator')), false],
    ['gaussian in f64', gaussian(K, { ...shape, storage: 'f64' }, stream(2, 'operator')), false],
    ['symmetric gaussian', gaussian(K, square, stream(3, 'operator')), true],
    ['mask, one by one', mask(K, uniformMask(13, 11, 90, stream(4, 'mask'))), false],
  ];

  it.each(cases)('%s: five runs of other widths and data end as they do alone', (_name, operator, isSymmetric) => {
    const { rows, cols } = operator;
    const runs = [1, 2, 3, 7, 20].map((width, j) => {
      const phi = isSymmetric ? symmetric(K, rows, width) : factorPair(K, rows, cols, width);
      const truth = lowRank(K, { rows, cols, rank: 2, symmetric: isSymmetric }, stream(j, 'truth'));
      const start = normals(stream(j, 'start'), phi.size).map((v) => 0.1 * v);
      return { phi, start, y: operator.apply(formed(K, truth.X)) };
    });
    const phi = sideBySide(runs.map((run) => run.phi));
    const start = Float64Array.from(runs.flatMap((run) => [...run.start]));
    const F = pull(
      sensingBatch(
        operator,
        runs.map(({ y }) => y),
      ),
      phi,
    );
    const together = [...take(descend(F, gradient(0.2), start), STEPS + 1)];
    let from = 0;
    let losses = 0;
    for (const run of runs) {
      const alone = [...take(descend(pull(sensing(operator, run.y), run.phi), gradient(0.2), run.start), STEPS + 1)];
      expect(together[STEPS].theta.slice(from, from + run.phi.size)).toEqual(alone[STEPS].theta);
      losses += alone[STEPS].loss;
      from += run.phi.size;
    }
    expect(together[STEPS].loss).toBe(losses);
  });
});

it('refuses data of another length than the operator measures', () => {
  const K = referenceKernels();
  const operator = gaussian(K, { rows: 3, cols: 3, measurements: 5 }, stream(1, 'operator'));
  expect(() => sensingBatch(operator, [new Float64Array(5), new Float64Array(4)])).toThrow(
    'operator: y should hold 5 numbers, got 4',
  );
});
