// A run of sensing from measurements in memory and the settings of a description: keeps some measurements back, and calls
// the method. The file's, the library's and the generator's measurements all go through here.

import type { Kernels } from '../kernels/contract.js';
import { type SenseOptions, sense } from '../methods/sense.js';
import type { Measured, SenseProgress, SenseResult } from '../methods/sensing.js';
import { DEFAULT_SEED, stream, subset } from '../random/index.js';
import type { SenseSpec } from '../spec.js';
import type { Checkpoint, Run } from '../stream.js';

export type SenseSettings = Pick<SenseSpec, 'method' | 'stop' | 'precision' | 'seed'>;

/** Share of the measurements that the automatic method keeps back to judge by. */
export const DEFAULT_HOLDOUT = 0.05;

/** A run on measurements that are already in two parts; without heldOut, none are kept back. */
export function senseParts(
  K: Kernels,
  { train, heldOut }: Parts,
  { method = { name: 'auto' }, stop, precision, seed = DEFAULT_SEED }: SenseSettings,
  from?: Checkpoint,
): Run<SenseProgress, SenseResult> {
  const { name, holdout: _, ...rest } = method;
  return sense(K, train, heldOut, { ...rest, ...stop, method: name, precision, seed } as SenseOptions, from);
}

/** @param measured under a normalised operator that can select, where measurements are kept back. */
export function senseRun(
  K: Kernels,
  measured: Measured,
  settings: SenseSettings,
  from?: Checkpoint,
): Run<SenseProgress, SenseResult> {
  return senseParts(K, holdBack(measured, settings), settings, from);
}

export interface Parts {
  readonly train: Measured;
  readonly heldOut?: Measured;
}

/** The ⌊share·m⌋ measurements that the settings keep back, chosen by the seed, ascending. */
export function keptBack(m: number, { method = { name: 'auto' }, seed = DEFAULT_SEED }: SenseSettings): Float64Array {
  const { name, holdout: share = name === 'auto' ? DEFAULT_HOLDOUT : 0 } = method;
  return subset(stream(seed, 'holdout'), m, Math.floor(share * m));
}

/** The measurements in two parts; one where the operator cannot select or none are kept back. */
function holdBack(measured: Measured, settings: SenseSettings): Parts {
  const { operator, y } = measured;
  const m = operator.measurements;
  const back = operator.select ? keptBack(m, settings) : [];
  if (back.length === 0) return { train: measured };
  const isBack = new Uint8Array(m);
  for (const i of back) isBack[i] = 1;
  const kept = Int32Array.from({ length: m }, (_, i) => i).filter((i) => !isBack[i]);
  const part = (indices: ArrayLike<number>): Measured => ({
    operator: operator.select!(indices),
    y: Float64Array.from(indices, (i) => y[i]),
  });
  return { train: part(kept), heldOut: part(back) };
}
