// A checkpoint as a file: one safetensors, its arrays as tensors, its values as texts in the metadata, with the identity of
// the run that it belongs to. Numbers go through their shortest decimal text, which gives the same bits back.

import { dataError } from '../errors.js';
import { rangeOf } from '../io/bytes.js';
import { openSafetensors, writeSafetensors } from '../io/safetensors.js';
import { arrayOf, type Tensor, tensorOf } from '../io/tensor.js';
import type { Checkpoint } from '../stream.js';

const FORMAT = 'lorank-checkpoint';

/** The file, in pieces. */
export function writeCheckpoint({ values, arrays }: Checkpoint, identity: string): Iterable<Uint8Array> {
  const metadata: Record<string, string> = { format: FORMAT, version: '1', identity };
  for (const [name, value] of Object.entries(values))
    metadata[`${typeof value === 'number' ? 'number' : 'text'}:${name}`] = String(value);
  const tensors: Record<string, Tensor> = {};
  for (const [name, array] of Object.entries(arrays)) tensors[name] = tensorOf(array);
  return writeSafetensors(tensors, metadata);
}

/** @throws data error when the file is damaged or no checkpoint. */
export async function readCheckpoint(
  bytes: Uint8Array,
  name: string,
): Promise<{ checkpoint: Checkpoint; identity: string }> {
  const file = await openSafetensors(rangeOf(bytes));
  const { format, version, identity, ...entries } = file.metadata;
  if (format !== FORMAT || version !== '1')
    throw dataError(`${name}: should be a checkpoint of version 1, got ${format} ${version}`, 'run without --resume');
  const values: Record<string, number | string> = {};
  for (const [key, text] of Object.entries(entries)) {
    const [kind, ...rest] = key.split(':');
    values[rest.join(':')] = kind === 'number' ? Number(text) : text;
  }
  const arrays: Record<string, Float64Array | Float32Array | Int32Array> = {};
  for (const key of file.tensors.keys()) arrays[key] = numbers(await file.read(key), name);
  return { checkpoint: { values, arrays }, identity };
}

function numbers(tensor: Tensor, name: string): Float64Array | Float32Array | Int32Array {
  const { dtype } = tensor;
  if (dtype === 'F64' || dtype === 'F32' || dtype === 'I32') return arrayOf({ ...tensor, dtype });
  throw dataError(`${name}: arrays of a checkpoint should be F64, F32 or I32, got ${dtype}`, 'run without --resume');
}
