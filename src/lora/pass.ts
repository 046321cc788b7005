// One pass over a weight W₀: outputs×inputs, in blocks of stored rows: what a start needs to know of it, in memory that does
// not grow with the matrix. A line is a row of W₀ (side 'row') or a column (side 'col'), whichever way it is stored.
//
//   sketch   Gᵀ·(lines): r×length, the Nyström sketch: each line times the r numbers drawn for it
//   sample   some lines, all of them where they are few: what share of ‖W₀‖_F² a factor captures is estimated on them
//   squares  ‖W₀‖_F²
//
// Cost: 2·r flops a number of W₀. Memory: r·length, the sample, and two blocks. The bits do not depend on how W₀ is stored
// within f32 rounding, and not at all on shards or threads. A sketch by rows of BF16 takes its bits as they are.

import { dataError } from '../errors.js';
import { fromBf16 } from '../io/floats.js';
import { arrayOf, type Tensor, toFloat32 } from '../io/tensor.js';
import type { Kernels } from '../kernels/contract.js';
import { dot } from '../linalg/vectors.js';
import { type Matrix, matrix, transpose } from '../matrix.js';
import { fillNormals, type Stream, split, subset } from '../random/index.js';
import type { Checkpoint } from './checkpoint.js';
import type { Module } from './targets.js';

/** Numbers in a block, about. */
const BLOCK = 2 ** 21;
/** Rows of a block are a multiple of this, where they can be: then sums are added as one product would (kernels' DEPTH). */
const DEPTH = 256;

/** What a pass is to bring. */
interface PassOptions {
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
interface Pass {
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
function blockRows(cols: number): number {
  const rows = Math.max(1, Math.floor(BLOCK / cols));
  return rows >= DEPTH
    ? DEPTH * Math.floor(rows / DEPTH)
    : Math.max(rows, Math.min(DEPTH, Math.floor((8 * BLOCK) / cols)) || 1);
}

/**
 * The same model, of which the blocks of these weights are read in order, each while the one before it is worked on.
 * @param allocate memory that they are read into, two blocks by turns: a block is to be done with when the next is asked for
 */
export function readAhead(
  checkpoint: Checkpoint,
  modules: readonly Module[],
  allocate?: (bytes: number) => Uint8Array,
): Checkpoint {
  const index = new Map(modules.map(({ weight }, i) => [weight, i]));
  const block = (module: Module | undefined, from: number) => {
    if (!module) return undefined;
    const { rows, cols } = storedShape(module);
    return { name: module.weight, from, to: Math.min(rows, from + blockRows(cols)) };
  };
  const after = (name: string, to: number) => {
    const i = index.get(name);
    if (i === undefined) return undefined;
    return to < storedShape(modules[i]).rows ? block(modules[i], to) : block(modules[i + 1], 0);
  };
  const largest = modules.reduce((most, { bytes, ...module }) => {
    const { rows, cols } = storedShape({ bytes, ...module });
    return Math.max(most, (bytes / rows) * Math.min(rows, blockRows(cols)));
  }, 0);
  const rooms = allocate && [allocate(largest), allocate(largest)];
  let turn = 0;
  let held: { name: string; from: number; to: number; tensor: Promise<Tensor> } | undefined;
  return {
    ...checkpoint,
    storedRows: (name, from, to) => {
      const there = held?.name === name && held.from === from && held.to === to;
      const before = held?.tensor.catch(() => {}); // told where it is asked for
      const asked = there ? held!.tensor : Promise.resolve(before).then(() => checkpoint.storedRows(name, from, to));
      const next = after(name, to);
      const tensor =
        next && asked.then(() => checkpoint.storedRows(next.name, next.from, next.to, rooms?.[turn++ % 2]));
      tensor?.catch(() => {});
      held = next && tensor && { ...next, tensor };
      return asked;
    },
  };
}

/** Visits a stored weight block after block, as it is stored. */
async function eachStored(
  checkpoint: Checkpoint,
  module: Module,
  visit: (rows: Tensor, from: number) => void,
): Promise<void> {
  const { rows, cols } = storedShape(module);
  const step = blockRows(cols);
  for (let from = 0; from < rows; from += step)
    visit(await checkpoint.storedRows(module.weight, from, Math.min(rows, from + step)), from);
}

/** Visits a stored weight block after block, widened to f32 in kernel memory. */
export const eachBlock = (
  K: Kernels,
  checkpoint: Checkpoint,
  module: Module,
  visit: (block: Matrix<Float32Array>, from: number) => void,
): Promise<void> =>
  eachStored(checkpoint, module, (tensor, from) =>
    K.scoped(() => {
      const [rows, cols] = tensor.shape;
      const block = matrix(rows, cols, K.allocate('f32', rows * cols));
      toFloat32(tensor, block.data);
      visit(block, from);
    }),
  );

/** Reads a weight once. */
export async function onePass(K: Kernels, checkpoint: Checkpoint, module: Module, options: PassOptions): Promise<Pass> {
  const { side, width, random } = options;
  const { rows, cols } = storedShape(module);
  const alongRows = (side === 'row') !== module.transposed; // a line is a stored row
  const [lines, length] = alongRows ? [rows, cols] : [cols, rows];
  const chosen = Int32Array.from(subset(split(random, 'sample'), lines, Math.min(lines, options.sample)));
  const sample = matrix(chosen.length, length, new Float32Array(chosen.length * length));
  const sketch = width === undefined ? undefined : matrix(width, length, new Float32Array(width * length));
  const draw = split(random, 'sketch');
  const whole = sketch && !alongRows ? drawn(draw, 0, cols, sketch.rows) : undefined;
  let squares = 0;
  if (sketch && alongRows && !options.squares && module.dtype === 'BF16')
    await eachStored(checkpoint, module, (tensor, from) => {
      const bits = arrayOf({ ...tensor, dtype: 'BF16' }); // widened by the kernel, and where the sample is
      const count = tensor.shape[0];
      K.gemmBf16(1, transpose(drawn(draw, from, count, sketch.rows)), bits, sketch, from > 0);
      takeRows(sample, chosen, from, count, (i, out) => void fromBf16(bits.subarray(i * cols, (i + 1) * cols), out));
    });
  else
    await eachBlock(K, checkpoint, module, (block, from) => {
      if (alongRows) takeRows(sample, chosen, from, block.rows, (i, out) => out.set(rowOf(block, i)));
      else takeColumns(sample, chosen, block, from);
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

/** Fills the lines of the sample that are among the rows from … from+count−1. fill: from a row of the block. */
function takeRows(
  { data, cols }: Matrix<Float32Array>,
  chosen: Int32Array,
  from: number,
  count: number,
  fill: (row: number, out: Float32Array) => void,
): void {
  for (const [k, row] of chosen.entries())
    if (row >= from && row < from + count) fill(row - from, data.subarray(k * cols, (k + 1) * cols));
}

const rowOf = ({ cols, data, offset }: Matrix<Float32Array>, i: number): Float32Array =>
  data.subarray(offset + i * cols, offset + (i + 1) * cols);

/** Copies the part of the chosen columns that lies in a block. */
function takeColumns(
  sample: Matrix<Float32Array>,
  chosen: Int32Array,
  { rows, cols, data, offset }: Matrix<Float32Array>,
  from: number,
): void {
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < chosen.length; k++)
      sample.data[k * sample.cols + from + i] = data[offset + i * cols + chosen[k]];
}

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
