// A run of sensing from measurements in memory and the settings of a description: which measurements are kept back, and the
// call of the method. The file's, the library's and the generator's measurements all go through here.

import type { Kernels } from '../kernels/contract.js';
import { norm } from '../linalg/norms.js';
import { type SenseOptions, sense } from '../methods/sense.js';
import type { Measured, SenseProgress, SenseResult } from '../methods/sensing.js';
import { stacked } from '../operators/stacked.js';
import { DEFAULT_SEED, stream, subset } from '../random/index.js';
import type { SenseSpec } from '../spec.js';
import type { Checkpoint, Run } from '../stream.js';

export type SenseSettings = Pick<SenseSpec, 'method' | 'stop' | 'precision' | 'seed'>;

/** Share of the measurements that the automatic method keeps back to judge by. */
export const DEFAULT_HOLDOUT = 0.05;

/** Measurements to descend on and some kept back, each under an operator with E‖𝒜(X)‖² = ‖X‖_F². */
export interface Parts {
  readonly train: Measured;
  readonly heldOut?: Measured;
}

/**
 * A run on measurements that are already in two parts under one scale; without heldOut, none are kept back. The residual of
 * the result is that of all measurements.
 */
export function* senseParts(
  K: Kernels,
  { train, heldOut }: Parts,
  { method = { name: 'auto' }, stop, precision, seed = DEFAULT_SEED }: SenseSettings,
  from?: Checkpoint,
): Run<SenseProgress, SenseResult> {
  const { name, holdout: _, ...rest } = method;
  const options = { ...rest, ...stop, method: name, precision, seed } as SenseOptions;
  const result = yield* sense(K, train, heldOut, options, from);
  if (!heldOut || result.outcome === 'diverged') return result;
  const { operator, y } = stacked(train, heldOut);
  const residual = norm(operator.apply(result.X).map((value, i) => value - y[i])) / norm(y);
  return { ...result, residual };
}

/** The ⌊share·m⌋ measurements that the settings keep back, chosen by the seed, ascending. */
export function keptBack(m: number, { method = { name: 'auto' }, seed = DEFAULT_SEED }: SenseSettings): Float64Array {
  const { name, holdout: share = name === 'auto' ? DEFAULT_HOLDOUT : 0 } = method;
  return subset(stream(seed, 'holdout'), m, Math.floor(share * m));
}
