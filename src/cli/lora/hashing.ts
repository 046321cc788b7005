// A folder whose files are hashed while they are read: what a reader skips is read for the hash alone, and what it reads twice
// is hashed once, so that a file read in order is read once.

import { createHash } from 'node:crypto';
import type { SizedRange } from '../../io/bytes.js';
import type { Files } from '../../lora/files.js';

const CHUNK = 2 ** 22;

export interface FileDigest {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface HashedFiles extends Files {
  /** Reads what is left of each file that was opened, and gives the hashes. */
  digests(): Promise<FileDigest[]>;
}

export function hashedFiles(files: Files): HashedFiles {
  const opened = new Map<string, Promise<ReturnType<typeof hashedRange>>>();
  return {
    names: files.names,
    open: (name) => {
      const range = opened.get(name) ?? files.open(name).then(hashedRange);
      opened.set(name, range);
      return range;
    },
    digests: async () => {
      const all: FileDigest[] = [];
      for (const [path, range] of [...opened].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const { size, digest } = await range;
        all.push({ path, bytes: size, sha256: await digest() });
      }
      return all;
    },
  };
}

function hashedRange(source: SizedRange): SizedRange & { digest(): Promise<string> } {
  const hash = createHash('sha256');
  let done = 0;
  let turn: Promise<unknown> = Promise.resolve();
  let hex: string | undefined;
  const upTo = async (offset: number): Promise<void> => {
    while (done < offset) {
      const piece = await source.read(done, Math.min(CHUNK, offset - done));
      if (piece.length === 0) return;
      hash.update(piece);
      done += piece.length;
    }
  };
  /** One after another, in the order in which they were asked for. */
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const result = turn.then(act);
    turn = result.catch(() => {});
    return result;
  };
  return {
    size: source.size,
    read: (offset, length) =>
      inTurn(async () => {
        await upTo(offset);
        const bytes = await source.read(offset, length);
        const fresh = bytes.subarray(Math.max(0, done - offset));
        if (fresh.length > 0) {
          hash.update(fresh);
          done += fresh.length;
        }
        return bytes;
      }),
    digest: () =>
      inTurn(async () => {
        await upTo(source.size);
        hex ??= hash.digest('hex');
        return hex;
      }),
  };
}
