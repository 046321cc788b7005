import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import * as node from '../../src/platform/node.js';
import type { Platform } from '../../src/platform/types.js';
import * as web from '../../src/platform/web.js';

it('the twins have the same names and types', () => {
  const twins: Platform[] = [node, web];
  const [inNode, inPages] = twins.map((twin) => Object.keys(twin).sort());
  expect(inPages).toEqual(inNode);
});

it('a source reads ranges, and a sink appears only when closed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lorank-'));
  try {
    const path = join(folder, 'a.bin');
    const kept = await node.fileSink(path);
    await kept.write(Uint8Array.of(1, 2, 3));
    await kept.write(Uint8Array.of(4, 5));
    expect(await readdir(folder)).not.toContain('a.bin');
    await kept.close();
    expect(Array.from(await readFile(path))).toEqual([1, 2, 3, 4, 5]);

    const dropped = await node.fileSink(path);
    await dropped.write(Uint8Array.of(9));
    await dropped.abort();
    expect(await readdir(folder)).toEqual(['a.bin']);

    await writeFile(path, Uint8Array.of(1, 2, 3, 4, 5));
    for (const source of [await node.fileSource(path), await web.fileSource(new Blob([await readFile(path)]))]) {
      expect(source.size).toBe(5);
      expect(Array.from(await source.read(1, 3))).toEqual([2, 3, 4]);
      expect(Array.from(await source.read(3, 10))).toEqual([4, 5]);
      expect((await source.read(5, 1)).length).toBe(0);
      await source.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
