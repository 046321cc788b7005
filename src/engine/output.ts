// The bytes of a result's file, in pieces. They depend on the description and the data alone.

import type { Factored } from '../descend.js';
import { writeMatrixMarket } from '../io/mtx.js';
import { writeNpy } from '../io/npy.js';
import { writeSafetensors } from '../io/safetensors.js';
import { floatTensor, matrixTensor, type Tensor, tensorOf } from '../io/tensor.js';
import { copy, type Matrix } from '../matrix.js';
import type { FactorResult } from '../methods/factor.js';
import type { Finished } from './jobs.js';

/** The pieces of the file of a matrix: Matrix Market where it is called .mtx, else npy (f64, C order). */
export const matrixPieces = (X: Matrix, path = ''): Iterable<Uint8Array> =>
  /\.mtx$/i.test(path) ? writeMatrixMarket(X) : writeNpy(matrixTensor(X));

/** Factors V: n₁×k and W: n₂×k as the tensors left and right, UUᵀ as left alone; X: n₁×n₂ of sensing; x.npy (N, f64) of sparse recovery; fit.safetensors of completion. path: of the file, where it has one. */
export function outputOf(finished: Finished, path?: string): Iterable<Uint8Array> {
  if (finished.task === 'sense') return matrixPieces(finished.X, path);
  if (finished.task === 'factor') return factorPieces({ ...finished.result, ...finished.result.X });
  if (finished.task === 'sparse') return writeNpy(tensorOf(finished.result.x));
  const { tensors, metadata } = finished.result.fit.toTensors();
  return writeSafetensors(tensors, metadata);
}

/** The pieces of the file of factors; left === right says UUᵀ. */
export function factorPieces({
  left,
  right,
  method,
  precision,
}: Factored & Pick<FactorResult, 'method' | 'precision'>): Iterable<Uint8Array> {
  const tensor = (F: Matrix): Tensor =>
    floatTensor(copy(F).data, [F.rows, F.cols], precision === 'f32' ? 'F32' : 'F64');
  const symmetric = left === right;
  const tensors: Record<string, Tensor> = symmetric
    ? { left: tensor(left) }
    : { left: tensor(left), right: tensor(right) };
  return writeSafetensors(tensors, { format: 'lorank-factors', version: '1', method, symmetric: String(symmetric) });
}
