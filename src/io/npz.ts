// NumPy's npz: a zip archive of npy files, stored or deflated.

import { unzipSync, zipSync } from 'fflate';
import { dataError } from '../errors.js';
import { type ByteSource, concat, readAll } from './bytes.js';
import { type NpyArray, readNpy, writeNpy } from './npy.js';
import type { Tensor } from './tensor.js';

/** Deflate cannot pack more tightly than this. */
const MOST_DEFLATED = 1032;

/** The arrays of an npz file by name, in the order of the archive. */
export async function readNpz(source: ByteSource): Promise<Map<string, NpyArray>> {
  const archive = await readAll(source);
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(archive, {
      filter: ({ name, size, originalSize }) => {
        if (originalSize > MOST_DEFLATED * (size + 1) || size > archive.length)
          throw new Error(`${name} claims ${originalSize} bytes`);
        return name.endsWith('.npy');
      },
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw dataError(`readNpz: the archive is truncated or damaged (${why})`, 'copy or download it again');
  }
  const arrays = new Map<string, NpyArray>();
  for (const [name, bytes] of Object.entries(files)) arrays.set(name.slice(0, -4), await readNpy(bytes));
  return arrays;
}

/** An npz file, stored as np.savez does; the same tensors always give the same bytes. */
export function writeNpz(tensors: Record<string, Tensor>): Uint8Array {
  const files = Object.entries(tensors).map(
    ([name, tensor]) => [`${name}.npy`, concat([...writeNpy(tensor)])] as const,
  );
  return zipSync(Object.fromEntries(files), { level: 0, mtime: new Date(1980, 0, 1) });
}
