// A folder whose files are hashed while they are worked on: small ones at the end, large ones by a thread that reads them
// beside us, as far as we have read, so that the second reading finds them in memory.

import { join } from 'node:path';
import { spawn, type Thread } from '#platform';
import type { Files } from '../../lora/files.js';
import { sha256OfFile } from '../files.js';
import type { OpenFolder } from './folder.js';

export interface FileDigest {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface HashedFiles extends Files {
  /** The hashes of the files that were opened, whole. */
  digests(): Promise<FileDigest[]>;
  close(): void;
}

/** Bytes from which on a file is large. */
const LARGE = 2 ** 26;
/** The thread is told of so many bytes at once. */
const STEP = 2 ** 25;

/** large: bytes from which on a file is hashed by the thread. */
export function hashedFiles(folder: OpenFolder, large = LARGE): HashedFiles {
  const opened = new Map<string, number>();
  let hasher: Hasher | undefined;
  return {
    names: folder.names,
    open: async (name) => {
      const source = await folder.open(name);
      const { size } = source;
      opened.set(name, size);
      if (size < large) return source;
      hasher ??= startHasher();
      return {
        size,
        read: (offset, length, into) => {
          hasher!.hash(join(folder.folder, name), offset + length);
          return source.read(offset, length, into);
        },
      };
    },
    digests: async () => {
      const paths = [...opened].sort(([a], [b]) => (a < b ? -1 : 1));
      const digest = async ([path, bytes]: [string, number]): Promise<FileDigest> => {
        const whole = join(folder.folder, path);
        return { path, bytes, sha256: await (bytes < large ? sha256OfFile(whole) : hasher!.digest(whole, bytes)) };
      };
      return Promise.all(paths.map(digest));
    },
    close: () => hasher?.end(),
  };
}

interface Hasher {
  /** Hashes a file to about there, if it has not come so far. */
  hash(path: string, read: number): void;
  digest(path: string, size: number): Promise<string>;
  end(): void;
}

const PROGRAM = `
const { createHash } = require('node:crypto');
const { openSync, readSync, closeSync } = require('node:fs');
const block = Buffer.allocUnsafeSlow(2 ** 22);
const files = new Map();
globalThis.onmessage = ({ data: { path, to, end } }) => {
  if (!files.has(path)) files.set(path, { opened: openSync(path), at: 0, hash: createHash('sha256') });
  const file = files.get(path);
  while (file.at < to) {
    const read = readSync(file.opened, block, 0, Math.min(block.length, to - file.at), file.at);
    if (read === 0) break;
    file.hash.update(block.subarray(0, read));
    file.at += read;
  }
  if (!end) return;
  closeSync(file.opened);
  files.delete(path);
  globalThis.postMessage({ path, sha256: file.hash.digest('hex') });
};`;

function startHasher(): Hasher {
  const done = new Map<string, Promise<string>>();
  const waiting = new Map<string, (sha256: string) => void>();
  const asked = new Map<string, number>();
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {}); // told by digest()
  const thread: Thread = spawn(PROGRAM, {
    message: (value) => {
      const { path, sha256 } = value as { path: string; sha256: string };
      waiting.get(path)!(sha256);
    },
    error: (error) => fail(error),
  });
  thread.hold(false);
  return {
    hash: (path, read) => {
      const to = STEP * Math.floor(read / STEP);
      if (to <= (asked.get(path) ?? 0)) return;
      asked.set(path, to);
      thread.post({ path, to, end: false });
    },
    digest: (path, size) => {
      const hex =
        done.get(path) ??
        new Promise<string>((resolve) => {
          waiting.set(path, resolve);
          thread.hold(true);
          thread.post({ path, to: size, end: true });
        });
      done.set(path, hex);
      return Promise.race([hex, failed]);
    },
    end: () => thread.end(),
  };
}
