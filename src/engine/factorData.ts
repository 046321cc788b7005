// The matrix that a description of factoring names, or that is made from the seed.

import { dataError, usageError } from '../errors.js';
import { type ByteSource, readAll, toRange } from '../io/bytes.js';
import { readGrid } from '../io/grid.js';
import { readMatrixMarket } from '../io/mtx.js';
import { readNpy } from '../io/npy.js';
import { readNpz } from '../io/npz.js';
import { readPng } from '../io/png.js';
import { openSafetensors } from '../io/safetensors.js';
import { sniff, wrongFormat } from '../io/sniff.js';
import { shapeText, type Tensor, tensorMatrix } from '../io/tensor.js';
import type { Kernels } from '../kernels/contract.js';
import { formed } from '../linalg/factored.js';
import { type Matrix, matrix } from '../matrix.js';
import { DEFAULT_SEED, split, stream } from '../random/index.js';
import type { FactorSpec } from '../spec.js';
import { lowRank, withNoise } from '../truth/index.js';
import { naming } from './naming.js';

export interface FactorData {
  /** n₁×n₂. */
  readonly A: Matrix;
  readonly symmetric: boolean;
  /** n₁×n₂; for the judge alone. */
  readonly truth?: Matrix;
}

export type FactorFiles = Extract<FactorSpec['data'], { matrix: string }>;
export type FactorGenerator = Extract<FactorSpec['data'], { generator: unknown }>['generator'];

type Open = (path: string) => Promise<ByteSource>;

/** @throws data error when a file holds no matrix, or the truth is of another shape. */
export async function readFactorData(data: FactorFiles, open: Open): Promise<FactorData> {
  const { matrix: path, symmetric = false } = data;
  const A = await readMatrix(path, open);
  if (data.truth === undefined) return { A, symmetric };
  const truth = await readMatrix(data.truth, open);
  if (truth.rows !== A.rows || truth.cols !== A.cols)
    throw dataError(
      `factor: ${data.truth} should have shape (${A.rows}, ${A.cols}), got (${truth.rows}, ${truth.cols})`,
      'give the truth of this matrix',
    );
  return { A, symmetric, truth };
}

/** A matrix from a file of any kind that holds one. Entries in f64, or in f32 where the file holds f32. */
export const readMatrix = (path: string, open: Open): Promise<Matrix> =>
  naming(path, async () => {
    const { format, source } = await sniff(await open(path), path);
    switch (format) {
      case 'npy': {
        const array = await readNpy(source);
        return twoAxes(array, array.fortran);
      }
      case 'npz': {
        const array = alone('array', await readNpz(source));
        return twoAxes(array, array.fortran);
      }
      case 'safetensors': {
        const file = await openSafetensors(await toRange(source));
        return twoAxes(await file.read(alone('tensor', new Map([...file.tensors.keys()].map((key) => [key, key])))));
      }
      case 'matrix-market': {
        const { header, coordinates, dense } = await readMatrixMarket(source);
        if (dense) return dense;
        const A = matrix(header.rows, header.cols);
        const { rows, cols, values, count } = coordinates!;
        for (let e = 0; e < count; e++) A.data[rows[e] * header.cols + cols[e]] += values[e];
        return A;
      }
      case 'png': {
        const { colours } = readPng(await readAll(source));
        if (colours.length === 1) return colours[0];
        throw dataError('factor: the image should be grey, got one of three colours', 'factor one colour at a time');
      }
      case 'delimited':
        return readGrid(source);
      default:
        throw wrongFormat('factor', 'a matrix (npy, npz, safetensors, Matrix Market, CSV or a grey PNG)', format);
    }
  });

function twoAxes(tensor: Tensor, fortran = false): Matrix {
  if (tensor.shape.length !== 2 || tensor.shape.includes(0))
    throw dataError(
      `factor: the array should have two axes and entries, got shape ${shapeText(tensor.shape)}`,
      'reshape it before saving',
    );
  return tensorMatrix(tensor, fortran);
}

function alone<T>(what: string, found: ReadonlyMap<string, T>): T {
  if (found.size === 1) return [...found.values()][0];
  throw dataError(
    `factor: the file should hold one ${what}, got ${found.size}: ${[...found.keys()].slice(0, 5).join(', ')}`,
    'save the matrix alone',
  );
}

/** A low-rank matrix, with noise on its entries. @throws usage error when a symmetric one is not square. */
export function makeFactorData(
  K: Kernels,
  { seed = DEFAULT_SEED }: FactorSpec,
  generator: FactorGenerator,
): FactorData {
  const { shape, rank, condition, spectrum = 'linear', noise = 0, symmetric = false } = generator;
  const [rows, cols] = shape;
  if (symmetric && rows !== cols)
    throw usageError(`factor: a symmetric matrix should be square, got ${rows}×${cols}`, 'leave symmetric out');
  const random = stream(seed, 'data');
  const { X } = lowRank(K, { rows, cols, rank, condition, spectrum, symmetric }, split(random, 'truth'));
  const truth = formed(K, X);
  const A = matrix(rows, cols, withNoise(truth.data, noise, split(random, 'noise')));
  if (symmetric) for (let i = 0; i < rows; i++) for (let j = 0; j < i; j++) A.data[j * rows + i] = A.data[i * rows + j];
  return { A, symmetric, truth };
}
