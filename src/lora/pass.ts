// One pass over a weight W₀: outputs×inputs, in blocks of stored rows: what a start needs to know of it, in memory that does
// not grow with the matrix. A line is a row of W₀ (side 'row') or a column (side 'col'), whichever way it is stored.
//
//   sketch   Gᵀ·(lines): r×length, the Nyström sketch: each line times the r numbers drawn for it
//   sample   some lines, all of them where they are few: what share of ‖W₀‖_F² a factor captures is estimated on them
//   squares  ‖W₀‖_F²
//
// Cost: 2·r flops a number of W₀. Memory: r·length, the sample, and two blocks. The bits do not depend on how W₀ is stored
// within f32 rounding, and not at all on shards or threads.

import { dataError } from '../errors.js';
import { toFloat32 } from '../io/tensor.js';
import type { Kernels } from '../kernels/contract.js';
import { dot } from '../linalg/vectors.js';
import { type Matrix, matrix, slice, transpose } from '../matrix.js';
import { fillNormals, type Stream, split, subset } from '../random/index.js';
import type { Checkpoint } from './checkpoint.js';
import type { Module } from './targets.js';

/** Numbers in a block, about. */
const BLOCK = 2 ** 21;
/** Rows of a block are a multiple of this, where they can be: then sums are added as one product would (kernels' DEPTH). */
const DEPTH = 256;

/** What a pass is to bring. */
export interface PassOptions {
  /** 'row': the lines are rows of W₀, of length inputs; 'col': columns, of length outputs. */
  readonly side: 'row' | 'col';
  /** r: the width of the sketch; none without it. */
  readonly width?: number;
  /** Lines in the sample, at most. */
  readonly sample: number;
  /** Where G and the choice of the sample come from. */
  readonly random: Stream;
  /** Whether ‖W₀‖_F² is wanted. */
  readonly squares?: boolean;
}

/** What a pass brings. */
export interface Pass {
  /** r×length. */
  readonly sketch?: Matrix<Float32Array>;
  /** Lines × length. */
  readonly sample: Matrix<Float32Array>;
  /** How many lines W₀ has. */
  readonly lines: number;
  /** ‖W₀‖_F², where it was wanted. */
  readonly squares?: number;
}

/** The shape of a weight as it is stored, seen as rows × columns. */
export const storedShape = ({ outputs, inputs, transposed }: Module): { rows: number; cols: number } =>
  transposed ? { rows: inputs, cols: outputs } : { rows: outputs, cols: inputs };

/** Rows of a block of a stored matrix: a function of its shape alone. */
export function blockRows(cols: number): number {
  const rows = Math.max(1, Math.floor(BLOCK / cols));
  return rows >= DEPTH
    ? DEPTH * Math.floor(rows / DEPTH)
    : Math.max(rows, Math.min(DEPTH, Math.floor((8 * BLOCK) / cols)) || 1);
}

/** Visits a stored weight block after block, widened to f32 in kernel memory; the next block is read meanwhile. */
export async function eachBlock(
  K: Kernels,
  checkpoint: Checkpoint,
  module: Module,
  visit: (block: Matrix<Float32Array>, from: number) => void,
): Promise<void> {
  const { rows, cols } = storedShape(module);
  const step = blockRows(cols);
  const fetch = (from: number) => checkpoint.storedRows(module.weight, from, Math.min(rows, from + step));
  let next = fetch(0);
  for (let from = 0; from < rows; from += step) {
    const tensor = await next;
    if (from + step < rows) {
      next = fetch(from + step);
      next.catch(() => {}); // it is awaited in the next round, unless this one throws
    }
    K.scoped(() => {
      const count = Math.min(rows, from + step) - from;
      const block = matrix(count, cols, K.allocate('f32', count * cols));
      toFloat32(tensor, block.data);
      visit(block, from);
    });
  }
}

/** Reads a weight once. */
export async function onePass(K: Kernels, checkpoint: Checkpoint, module: Module, options: PassOptions): Promise<Pass> {
  const { side, width, random } = options;
  const { rows, cols } = storedShape(module);
  const alongRows = (side === 'row') !== module.transposed; // a line is a stored row
  const [lines, length] = alongRows ? [rows, cols] : [cols, rows];
  const chosen = Int32Array.from(subset(split(random, 'sample'), lines, Math.min(lines, options.sample)));
  const sample = matrix(chosen.length, length, new Float32Array(chosen.length * length));
  const take = alongRows ? rowTaker(sample, chosen) : columnTaker(sample, chosen);
  const sketch = width === undefined ? undefined : matrix(width, length, new Float32Array(width * length));
  const draw = split(random, 'sketch');
  const whole = sketch && !alongRows ? drawn(draw, 0, cols, sketch.rows) : undefined;
  let squares = 0;
  await eachBlock(K, checkpoint, module, (block, from) => {
    take(block, from);
    if (options.squares) squares += dot(block.data, block.data);
    if (!sketch) return;
    if (alongRows) K.gemm(1, transpose(drawn(draw, from, block.rows, sketch.rows)), block, sketch, from > 0);
    else {
      const to = matrix(block.rows, sketch.rows, new Float32Array(block.rows * sketch.rows));
      K.gemm(1, block, whole!, to);
      for (let k = 0, t = 0; k < block.rows; k++)
        for (let i = 0; i < sketch.rows; i++) sketch.data[i * length + from + k] = to.data[t++];
    }
  });
  // a number that is not finite shows in the squares, and in its column of the sketch
  if (!(squares < Infinity) || (sketch && !(dot(sketch.data, sketch.data) < Infinity)))
    throw await notFinite(checkpoint, module);
  return { sketch, sample, lines, ...(options.squares ? { squares } : {}) };
}

/** Lines from … from+count−1 of G: count×r, drawn for them whatever block they come in. */
function drawn(stream: Stream, from: number, count: number, r: number): Matrix<Float32Array> {
  const G = new Float32Array(count * r);
  fillNormals(stream, G, from * r);
  return matrix(count, r, G);
}

/** Copies the chosen rows as their blocks come. chosen: ascending. */
function rowTaker(sample: Matrix<Float32Array>, chosen: Int32Array) {
  let k = 0;
  return ({ rows, cols, data, offset }: Matrix<Float32Array>, from: number): void => {
    for (; k < chosen.length && chosen[k] < from + rows; k++) {
      const start = offset + (chosen[k] - from) * cols;
      sample.data.set(data.subarray(start, start + cols), k * cols);
    }
  };
}

/** Copies the part of the chosen columns that lies in a block. */
const columnTaker =
  (sample: Matrix<Float32Array>, chosen: Int32Array) =>
  ({ rows, cols, data, offset }: Matrix<Float32Array>, from: number): void => {
    for (let i = 0; i < rows; i++)
      for (let k = 0; k < chosen.length; k++)
        sample.data[k * sample.cols + from + i] = data[offset + i * cols + chosen[k]];
  };

/** Names the first number that is not finite. */
async function notFinite(checkpoint: Checkpoint, { weight, ...module }: Module) {
  const { rows, cols } = storedShape({ weight, ...module });
  for (let i = 0; i < rows; i++) {
    const row = await checkpoint.rows(weight, i, i + 1);
    const j = row.findIndex((x) => x - x !== 0);
    if (j >= 0)
      return dataError(
        `${weight}: the weight should hold finite numbers, got ${row[j]} in row ${i}, column ${j}`,
        'the checkpoint is damaged, or its training diverged: take another one, or leave the module out of the targets',
      );
  }
  return dataError(
    `${weight}: sums over the weight should be finite in f32; its largest numbers overflow (${rows}×${cols})`,
    'leave the module out of the targets',
  );
}

/** The whole of a weight as W₀: outputs×inputs, in f32. */
export async function wholeWeight(K: Kernels, checkpoint: Checkpoint, module: Module): Promise<Matrix<Float32Array>> {
  const { rows, cols } = storedShape(module);
  const stored = matrix(rows, cols, new Float32Array(rows * cols));
  let squares = 0;
  await eachBlock(K, checkpoint, module, (block, from) => {
    stored.data.set(block.data, from * cols);
    squares += dot(block.data, block.data);
  });
  if (!(squares < Infinity)) throw await notFinite(checkpoint, module);
  return module.transposed ? transpose(stored) : stored;
}

/** The rows of W₀ that a block of stored rows holds, or its columns. */
export const placeOf = (W: Matrix<Float32Array>, module: Module, from: number, count: number): Matrix<Float32Array> =>
  module.transposed ? slice(W, 0, W.rows, from, from + count) : slice(W, from, from + count);
