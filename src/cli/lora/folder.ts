// A local folder, or one .safetensors file in it, as the room of adapters sees it.

import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileSource } from '#platform';
import { usageError } from '../../errors.js';
import { type Files, noSuchFile } from '../../lora/files.js';

/** Open files, to be closed at the end. */
export interface OpenFolder extends Files {
  /** The folder itself. */
  readonly folder: string;
  close(): Promise<void>;
}

/** @param path a folder, or one file, which is then alone but for a config.json or adapter_config.json beside it. */
export async function openFolder(path: string): Promise<OpenFolder> {
  const there = await stat(path).catch(() => undefined);
  if (!there) throw usageError(`${path}: no such file or folder`, 'check the path');
  const folder = there.isDirectory() ? path : dirname(path);
  const inside = await readdir(folder, { withFileTypes: true });
  const names = inside
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => there.isDirectory() || name === basename(path) || /^(adapter_)?config\.json$/.test(name))
    .sort();
  const open = new Map<string, ReturnType<typeof fileSource>>();
  return {
    folder,
    names,
    open: async (name) => {
      if (!names.includes(name)) throw noSuchFile(name, names);
      const source = open.get(name) ?? fileSource(join(folder, name));
      open.set(name, source);
      return source;
    },
    close: async () => {
      for (const source of await Promise.allSettled(open.values()))
        if (source.status === 'fulfilled') await source.value.close();
    },
  };
}
