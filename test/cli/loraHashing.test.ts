// The hashes of what is read: of large files by a thread beside the reading, in whatever order they are read.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openFolder } from '../../src/cli/lora/folder.js';
import { hashedFiles } from '../../src/cli/lora/hashing.js';
import { folder } from './harness.js';

const disk = folder();
const sizes = { a: 3 * 2 ** 22 + 5, b: 2 ** 22, c: 0, never: 10 };
const bytes = Object.fromEntries(
  Object.entries(sizes).map(([name, size]) => [name, new Uint8Array(size).map((_, i) => (i * 31) % 251)]),
);
for (const [name, content] of Object.entries(bytes)) disk.write(name, content);
const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');

describe('hashedFiles', () => {
  it.each([0, 2 ** 23, Infinity])(
    'gives the hashes of the files that were opened (large from %d bytes)',
    async (large) => {
      const there = await openFolder(disk.path(''));
      const files = hashedFiles(there, large);
      const [a, b] = [await files.open('a'), await files.open('b')];
      await files.open('c');
      expect(await a.read(sizes.a - 7, 7)).toEqual(bytes.a.subarray(-7));
      const into = new Uint8Array(100);
      expect(await a.read(100, 50, into)).toEqual(bytes.a.subarray(100, 150));
      expect(into.subarray(0, 50)).toEqual(bytes.a.subarray(100, 150));
      await b.read(0, 10);
      const expected = ['a', 'b', 'c'].map((path) => ({
        path,
        bytes: bytes[path].length,
        sha256: sha256(bytes[path]),
      }));
      expect(await files.digests()).toEqual(expected);
      expect(await files.digests()).toEqual(expected);
      files.close();
      await there.close();
    },
  );
});
