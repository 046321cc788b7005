// The bytes of a result's file, in pieces. They depend on the description and the data alone.

import { writeNpy } from '../io/npy.js';
import { writeSafetensors } from '../io/safetensors.js';
import { matrixTensor, tensorOf } from '../io/tensor.js';
import type { Finished } from './jobs.js';

/** X.npy (n₁×n₂, f64, C order) of sensing; x.npy (N, f64) of sparse recovery; fit.safetensors of completion. */
export function outputOf(finished: Finished): Iterable<Uint8Array> {
  if (finished.task === 'sense') return writeNpy(matrixTensor(finished.X));
  if (finished.task === 'sparse') return writeNpy(tensorOf(finished.result.x));
  const { tensors, metadata } = finished.result.fit.toTensors();
  return writeSafetensors(tensors, metadata);
}
