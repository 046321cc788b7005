// The measurements that a description of sensing names, in place for a run: read from npy files block by block straight
// into the memory of the kernels (so that the peak is the operator and little more), or made from the seed.

import { dataError, usageError } from '../errors.js';
import { type ByteSource, toRange } from '../io/bytes.js';
import { readNpy, readNpyHeader, readNpyRows } from '../io/npy.js';
import { fitsF32, shapeText, tensorMatrix, toFloat64 } from '../io/tensor.js';
import type { Kernels } from '../kernels/contract.js';
import type { Matrix } from '../matrix.js';
import type { Measured } from '../methods/sensing.js';
import { type DenseBuilder, denseRows } from '../operators/dense.js';
import type { SenseSpec } from '../spec.js';
import { naming } from './naming.js';
import { keptBack, type Parts } from './senseRun.js';

export interface SenseData extends Parts {
  /** n₁×n₂; for the judge alone. */
  readonly truth?: Matrix;
  /** Every A_i is symmetric, and X is not said to be: (X + Xᵀ)/2 is all that the measurements see. */
  readonly halfSeen?: boolean;
}

export type SenseFiles = Extract<SenseSpec['data'], { operator: string }>;

/** @throws usage error when the shape does not fit the operator, data error when the files do not fit each other. */
export async function readSenseData(
  K: Kernels,
  spec: SenseSpec,
  data: SenseFiles,
  open: (path: string) => Promise<ByteSource>,
): Promise<SenseData> {
  const { shape, symmetric = false } = data;
  const [rows, cols] = shape;
  if (symmetric && rows !== cols)
    throw usageError(`sense: a symmetric X should be square, got ${rows}×${cols}`, 'leave symmetric out, or give n,n');
  const source = await toRange(await open(data.operator));
  const header = await naming(data.operator, () => readNpyHeader(source));
  const [m = 0, ...rest] = header.shape;
  const found = shapeText(header.shape);
  const fits = rest.length === 2 ? rest[0] === rows && rest[1] === cols : rest.length === 1 && rest[0] === rows * cols;
  if (!fits)
    throw usageError(
      `sense: the operator should have shape (m, ${rows}, ${cols}) or (m, ${rows * cols}) for X of ${rows}×${cols}, got ${found}`,
      'check the shape of X against the operator',
    );
  const y = await readVector(await open(data.measurements), data.measurements);
  if (y.length !== m)
    throw dataError(
      `sense: the operator should have as many measurements as y, got ${m} and ${y.length}`,
      `check that ${data.operator} and ${data.measurements} belong together`,
    );
  if (m === 0) throw dataError('sense: there should be at least one measurement, got none', 'check the files');
  const truth = data.truth === undefined ? undefined : await readTruth(await open(data.truth), data);

  const back = keptBack(m, spec);
  // The half-vectorisation of a symmetric operator would round in f32; in f64 it takes what the whole takes in f32.
  const storage = spec.precision === 'f32' || (fitsF32(header.dtype) && !symmetric) ? 'f32' : 'f64';
  const builder = (measurements: number) => denseRows(K, { rows, cols, measurements, symmetric, storage });
  const train = builder(m - back.length);
  const heldOut = back.length > 0 ? builder(back.length) : undefined;
  let halfSeen = !symmetric && rows === cols && rows > 1;
  await naming(data.operator, async () => {
    for await (const block of readNpyRows(source, header)) {
      deal(block, rows * cols, back, train, heldOut);
      halfSeen &&= areSymmetric(block.data, rows);
    }
  });
  const isBack = new Uint8Array(m);
  for (const i of back) isBack[i] = 1;
  const meanSquare = ((m - back.length) * train.meanSquare() + (heldOut ? back.length * heldOut.meanSquare() : 0)) / m;
  const part = (made: DenseBuilder, kept: number): Measured => {
    const { operator, scale } = made.finish(meanSquare);
    const some = y.filter((_, i) => isBack[i] === kept);
    return { operator, y: some.map((value) => scale * value) };
  };
  requireModerate(y, data.measurements, Math.sqrt((rows * cols) / meanSquare / m));
  return { train: part(train, 0), heldOut: heldOut && part(heldOut, 1), truth, halfSeen };
}

/** Gives each measurement of a block to the part that it belongs to, in runs of neighbours. back: ascending. */
function deal(
  { start, rows, data }: { start: number; rows: number; data: Float32Array | Float64Array },
  size: number,
  back: Float64Array,
  train: DenseBuilder,
  heldOut: DenseBuilder | undefined,
): void {
  let before = lowerBound(back, start); // how many of those kept back come earlier
  for (let i = 0; i < rows; ) {
    if (start + i === back[before]) {
      heldOut!.write(before, data.subarray(i * size, (i + 1) * size));
      before++;
      i++;
      continue;
    }
    const end = Math.min(rows, before < back.length ? back[before] - start : rows);
    train.write(start + i - before, data.subarray(i * size, end * size));
    i = end;
  }
}

/** Whether n×n matrices, one after another, equal their transposes. */
function areSymmetric(data: Float32Array | Float64Array, n: number): boolean {
  for (let from = 0; from < data.length; from += n * n)
    for (let i = 1; i < n; i++)
      for (let j = 0; j < i; j++) if (data[from + i * n + j] !== data[from + j * n + i]) return false;
  return true;
}

function lowerBound(sorted: Float64Array, x: number): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle] < x) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Squares of squares of X must neither overflow nor vanish. scale: what makes the operator an isometry. */
function requireModerate(y: Float64Array, name: string, scale: number): void {
  const largest = scale * y.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  if (largest < 1e-60 || largest > 1e60)
    throw dataError(
      `sense: ${name} should hold numbers of moderate size beside the operator's, got an X of size ${largest.toExponential(0)}`,
      'multiply the measurements by a power of ten, and divide X by it',
    );
}

async function readVector(source: ByteSource, name: string): Promise<Float64Array> {
  const array = await naming(name, () => readNpy(source));
  if (Math.max(1, ...array.shape) !== array.count && array.count > 0)
    throw dataError(
      `sense: ${name} should hold one number a measurement, got shape ${shapeText(array.shape)}`,
      'save y alone',
    );
  const y = toFloat64(array);
  const bad = y.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw dataError(
      `sense: ${name} should hold finite numbers, got ${y[bad]} at measurement ${bad}`,
      'leave that measurement out',
    );
  if (y.every((value) => value === 0))
    throw dataError(
      `sense: ${name} should hold a number that is not zero, got only zeros`,
      'X = 0 fits them: there is nothing to recover',
    );
  return y;
}

async function readTruth(source: ByteSource, { shape: [rows, cols], truth }: SenseFiles): Promise<Matrix> {
  const array = await naming(truth!, () => readNpy(source));
  const { shape } = array;
  if (shape.length !== 2 || shape[0] !== rows || shape[1] !== cols)
    throw dataError(
      `sense: ${truth} should have shape (${rows}, ${cols}), got ${shapeText(shape)}`,
      'give the truth of this X',
    );
  const bad = toFloat64(array).findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw dataError(`sense: ${truth} should hold finite numbers, got one at ${bad} that is not`, 'repair it');
  return tensorMatrix(array, array.fortran);
}
