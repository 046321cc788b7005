// The design and the measurements that a description of sparse recovery names, or that are made from the seed.

import { dataError, usageError } from '../errors.js';
import type { ByteSource } from '../io/bytes.js';
import { readNpy } from '../io/npy.js';
import { shapeText, tensorMatrix, toFloat64 } from '../io/tensor.js';
import { type Matrix, matrix } from '../matrix.js';
import { DEFAULT_SEED, normals, signs, split, stream, subset } from '../random/index.js';
import type { SparseSpec } from '../spec.js';
import { sparse, withNoise } from '../truth/index.js';
import { naming } from './naming.js';

export interface SparseData {
  /** M×N. */
  readonly A: Matrix;
  readonly y: Float64Array; // M
  readonly positive: boolean;
  /** N; for the judge alone. */
  readonly truth?: Float64Array;
}

export type SparseFiles = Extract<SparseSpec['data'], { design: string }>;
export type SparseGenerator = Extract<SparseSpec['data'], { generator: unknown }>['generator'];

/** Share of the measurements kept back where a method has something to choose, if there are at least FEW. */
export const SPARSE_HOLDOUT = 0.1;
const FEW = 20;

/** The measurements that are kept back to judge by, chosen by the seed, ascending. */
export function keptBackSparse(
  m: number,
  { method = { name: 'auto' }, seed = DEFAULT_SEED }: SparseSpec,
): Float64Array {
  const chooses =
    method.name === 'auto' ||
    (method.name === 'lasso' && method.penalty === undefined) ||
    (method.name === 'omp' && method.sparsity === undefined);
  const given = 'holdout' in method ? method.holdout : undefined;
  const share = given ?? (chooses && m >= FEW ? SPARSE_HOLDOUT : 0);
  return subset(stream(seed, 'holdout'), m, Math.floor(share * m));
}

/** @throws data error when the files do not fit each other, or hold numbers that are not finite. */
export async function readSparseData(
  data: SparseFiles,
  open: (path: string) => Promise<ByteSource>,
): Promise<SparseData> {
  const { design, measurements, truth, positive = false } = data;
  const read = async (path: string) => naming(path, async () => readNpy(await open(path)));
  const array = await read(design);
  if (array.shape.length !== 2)
    throw dataError(`sparse: ${design} should have shape (M, N), got ${shapeText(array.shape)}`, 'save A as it is');
  const A = tensorMatrix(array, array.fortran);
  const y = numbers(measurements, await read(measurements));
  if (y.length !== A.rows)
    throw dataError(
      `sparse: A should have as many rows as y has numbers, got ${A.rows} and ${y.length}`,
      `check that ${design} and ${measurements} belong together`,
    );
  if (truth === undefined) return { A, y, positive };
  const x = numbers(truth, await read(truth));
  if (x.length !== A.cols)
    throw dataError(`sparse: ${truth} should hold N = ${A.cols} numbers, got ${x.length}`, 'give the truth of this x');
  return { A, y, positive, truth: x };
}

function numbers(name: string, array: Awaited<ReturnType<typeof readNpy>>): Float64Array {
  if (Math.max(1, ...array.shape) !== array.count && array.count > 0)
    throw dataError(`sparse: ${name} should hold a vector, got shape ${shapeText(array.shape)}`, 'save it alone');
  const values = toFloat64(array);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw dataError(`sparse: ${name} should hold finite numbers, got ${values[bad]} at ${bad}`, 'repair the file');
  return values;
}

/** @throws usage error when the truth has more entries than the vector. */
export function makeSparseData({ seed = DEFAULT_SEED }: SparseSpec, generator: SparseGenerator): SparseData {
  const { length, sparsity, measurements, ensemble = 'gaussian', noise = 0, positive = false } = generator;
  if (sparsity > length)
    throw usageError(`sparse: sparsity should be at most the length ${length}, got ${sparsity}`, 'ask for fewer');
  const random = stream(seed, 'data');
  const count = measurements * length;
  const entries = (ensemble === 'gaussian' ? normals : signs)(split(random, 'design'), count);
  const scale = 1 / Math.sqrt(measurements);
  const A = matrix(
    measurements,
    length,
    entries.map((value) => scale * value),
  );
  const { x, support } = sparse(
    { length, support: sparsity, magnitudes: [0.5, 1.5], signs: positive ? 'positive' : 'random' },
    split(random, 'truth'),
  );
  const y = new Float64Array(measurements);
  for (let i = 0; i < measurements; i++) for (const j of support) y[i] += A.data[i * length + j] * x[j];
  return { A, y: withNoise(y, noise, split(random, 'noise')), positive, truth: x };
}
