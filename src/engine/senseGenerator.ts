// A truth and its measurements made from the seed: the data of a description that reads nothing. What is kept back is
// measured by an operator of its own, drawn apart, so that nothing is copied; entries of a mask are drawn together.

import type { Kernels } from '../kernels/contract.js';
import { formed } from '../linalg/factored.js';
import type { Measured } from '../methods/sensing.js';
import { fast, gaussian, mask, type Operator, rademacher, rademacherRegenerated, rankOne } from '../operators/index.js';
import { DEFAULT_SEED, split, stream } from '../random/index.js';
import type { SenseSpec } from '../spec.js';
import { lowRank, withNoise } from '../truth/index.js';
import type { SenseData } from './senseData.js';
import { keptBack } from './senseRun.js';
import { twoMasks } from './twoMasks.js';

export type SenseGenerator = Extract<SenseSpec['data'], { generator: unknown }>['generator'];

const ensembles = {
  gaussian,
  rademacher,
  'rademacher-regenerated': rademacherRegenerated,
  'rank-one': rankOne,
  hadamard: fast,
};

/** @throws usage error when there are more measurements than the ensemble has. */
export function makeSenseData(K: Kernels, spec: SenseSpec, generator: SenseGenerator): SenseData {
  const { shape, rank, condition, ensemble, measurements, noise = 0, symmetric = false } = generator;
  const [rows, cols] = shape;
  const random = stream(spec.seed ?? DEFAULT_SEED, 'data');
  const { X } = lowRank(K, { rows, cols, rank, condition, symmetric }, split(random, 'truth'));
  const back = keptBack(measurements, spec).length;
  const measured = (operator: Operator, part: string): Measured => ({
    operator,
    y: withNoise(operator.apply(X), noise, split(random, `noise/${part}`)),
  });
  const truth = formed(K, X);
  if (ensemble === 'mask') {
    const [train, heldOut] = twoMasks([rows, cols], [measurements - back, back], split(random, 'mask'), symmetric);
    return {
      train: measured(mask(K, train, { symmetric }), 'train'),
      heldOut: back > 0 ? measured(mask(K, heldOut, { symmetric }), 'heldOut') : undefined,
      truth,
    };
  }
  const make = (count: number, part: string) =>
    ensembles[ensemble](K, { rows, cols, measurements: count, symmetric }, split(random, `operator/${part}`));
  return {
    train: measured(make(measurements - back, 'train'), 'train'),
    heldOut: back > 0 ? measured(make(back, 'heldOut'), 'heldOut') : undefined,
    truth,
  };
}
