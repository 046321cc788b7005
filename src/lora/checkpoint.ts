// A model as it lies in files: config.json beside model.safetensors, beside shards with an index, or any one .safetensors.
// Only the headers are read on opening; a tensor is read when it is asked for, whole or by rows, and nothing is kept.

import { dataError, LorankError, usageError } from '../errors.js';
import { readExactly, type SizedRange } from '../io/bytes.js';
import { openSafetensors, type Safetensors, type TensorInfo } from '../io/safetensors.js';
import { sizeOf, type Tensor, toFloat32 } from '../io/tensor.js';
import { type Files, readJson } from './files.js';

/** A tensor of the header of one of the files. */
export interface CheckpointTensor extends TensorInfo {
  /** The file that holds it. */
  readonly file: string;
}

/** An open model. */
export interface Checkpoint {
  /** config.json; {} where there is none. */
  readonly config: Readonly<Record<string, unknown>>;
  /** By name, file after file in the order of their bytes. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  /** The names of the safetensors files. */
  readonly files: readonly string[];
  /** Where the bytes of one of the files come from. */
  source(file: string): SizedRange;
  /** The metadata of one of the files. */
  metadata(file: string): Readonly<Record<string, string>>;
  /** A tensor as it is stored. */
  read(name: string): Promise<Tensor>;
  /**
   * Rows from ≤ i < to of a tensor seen as shape[0] × (the product of the other sizes), widened to f32 (f64 is rounded).
   * @param out where they go, of just that length; a new array without it.
   */
  rows(name: string, from: number, to: number, out?: Float32Array): Promise<Float32Array>;
  /** The same rows as they are stored. into: memory for their bytes that may be used. */
  storedRows(name: string, from: number, to: number, into?: Uint8Array): Promise<Tensor>;
}

/** Opens a model and checks every header against the index. */
export async function openCheckpoint(files: Files): Promise<Checkpoint> {
  const { shards, weightMap } = await findShards(files);
  const opened = new Map<string, { source: SizedRange; parsed: Safetensors }>();
  const tensors = new Map<string, CheckpointTensor>();
  for (const file of shards) {
    const source = await files.open(file);
    const parsed = await naming(file, () => openSafetensors(source));
    opened.set(file, { source, parsed });
    for (const [name, info] of parsed.tensors) {
      const twin = tensors.get(name);
      if (twin)
        throw dataError(
          `openCheckpoint: the tensor '${name}' should be in one file, it is in ${twin.file} and in ${file}`,
          'write the checkpoint again, or name the one file that is meant',
        );
      tensors.set(name, { ...info, file });
    }
  }
  for (const [name, file] of weightMap)
    if (tensors.get(name)?.file !== file)
      throw dataError(
        `openCheckpoint: the index says that '${name}' is in ${file}, which has no such tensor`,
        'the index and the shards are of different versions: download both again',
      );
  const config = files.names.includes('config.json') ? await readJson(files, 'config.json') : {};
  const the = (name: string) => {
    const info = tensors.get(name);
    if (!info) throw usageError(`openCheckpoint: there is no tensor '${name}'`, nearbyNames(name, [...tensors.keys()]));
    return info;
  };
  const storedRows = async (name: string, from: number, to: number, into?: Uint8Array): Promise<Tensor> => {
    const { dtype, shape, start, end, file } = the(name);
    const count = shape[0] ?? 1;
    const width = count === 0 ? 0 : (end - start) / sizeOf(dtype) / count;
    const rowBytes = width * sizeOf(dtype);
    const { source } = opened.get(file)!;
    const bytes = await readExactly(source, start + from * rowBytes, (to - from) * rowBytes, file, into);
    return { dtype, shape: [to - from, width], bytes };
  };
  return {
    config,
    tensors,
    files: shards,
    source: (file) => opened.get(file)!.source,
    metadata: (file) => opened.get(file)!.parsed.metadata,
    read: async (name) => {
      const { file } = the(name);
      return naming(file, () => opened.get(file)!.parsed.read(name));
    },
    rows: async (name, from, to, out) => toFloat32(await storedRows(name, from, to), out),
    storedRows,
  };
}

/** The names that share the last part with a name that is not there. */
function nearbyNames(name: string, all: readonly string[]): string {
  const last = name.split('.').slice(-2).join('.');
  const near = all.filter((other) => other.endsWith(last));
  return `the model has: ${(near.length > 0 ? near : all).slice(0, 10).join(', ')}`;
}

/** Says in which file something is wrong. */
async function naming<T>(file: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof LorankError) || error.message.startsWith(file)) throw error;
    throw new LorankError(error.code, `${file}: ${error.message}`, error.hint, { cause: error });
  }
}

const SHARD = /^(.*)-(\d+)-of-(\d+)\.safetensors$/;

/** Which files make the model, and what the index says of them. */
async function findShards(files: Files): Promise<{ shards: string[]; weightMap: [string, string][] }> {
  const found = files.names.filter((name) => name.endsWith('.safetensors')).sort();
  const indices = files.names.filter((name) => name.endsWith('.safetensors.index.json')).sort();
  const index = indices.find((name) => name === 'model.safetensors.index.json') ?? indices[0];
  if (index) {
    const { weight_map: map } = await readJson(files, index);
    const entries = Object.entries((map ?? {}) as Record<string, unknown>);
    if (entries.length === 0 || !entries.every((entry): entry is [string, string] => typeof entry[1] === 'string'))
      throw dataError(`${index}: weight_map should map names of tensors to files`, 'download the index again');
    const shards = [...new Set(entries.map(([, file]) => file as string))].sort();
    const missing = shards.filter((file) => !files.names.includes(file));
    if (missing.length > 0)
      throw dataError(
        `openCheckpoint: ${index} names ${shards.length} files, of which ${missing.slice(0, 5).join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing`,
        `put ${missing.length === 1 ? 'it' : 'them'} beside the index`,
      );
    return { shards, weightMap: entries as [string, string][] };
  }
  const whole = found.find((name) => name === 'model.safetensors') ?? (found.length === 1 ? found[0] : undefined);
  if (whole && !SHARD.test(whole)) return { shards: [whole], weightMap: [] };
  const parts = found.map((name) => SHARD.exec(name)).filter((part) => part !== null);
  if (parts.length > 0 && parts.length === found.length && new Set(parts.map((part) => part[1] + part[3])).size === 1) {
    const total = Number(parts[0][3]);
    if (parts.length !== total)
      throw dataError(
        `openCheckpoint: ${total} shards should be there, got ${parts.length} (${found.join(', ')})`,
        'put the missing ones beside them',
      );
    return { shards: found, weightMap: [] };
  }
  throw usageError(
    `openCheckpoint: a model should be model.safetensors, shards with an index, or one .safetensors file, got ${found.slice(0, 6).join(', ') || 'none of these'}`,
    found.length > 0 ? 'name one of the files' : 'models in other formats have to be saved as safetensors first',
  );
}
