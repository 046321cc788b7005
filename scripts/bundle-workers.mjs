// Bundles every worker entry into one self-contained source, exported as a string from a git-ignored *.bundle.ts, so
// that no bundler of a user has to find a file. A later entry may contain an earlier one.

import { readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** An entry that imports #platform says with platform and conditions which twin it takes. */
const entries = [
  { entry: 'src/kernels/worker.ts', out: 'src/kernels/worker.bundle.ts' },
  {
    entry: 'src/engine/worker.ts',
    out: 'src/engine/worker.node.bundle.ts',
    platform: 'node',
    conditions: ['node'],
  },
  { entry: 'src/engine/worker.ts', out: 'src/engine/worker.web.bundle.ts', platform: 'browser' },
];

export async function bundleWorkers() {
  for (const { entry, out, conditions = [], platform = 'neutral' } of entries) {
    const { outputFiles } = await build({
      absWorkingDir: root,
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: 'iife',
      target: 'es2022',
      minify: true,
      platform,
      conditions,
    });
    const text = `// Written by scripts/bundle-workers.mjs from ${entry}.\nexport const source = ${JSON.stringify(outputFiles[0].text)};\n`;
    await replace(resolve(root, out), text);
  }
}

/** Writes the file at once, and only where it differs: another build or test may be reading it. */
async function replace(path, text) {
  if ((await readFile(path, 'utf8').catch(() => '')) === text) return;
  const partial = `${path}.${process.pid}.part`;
  await writeFile(partial, text);
  await rename(partial, path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundleWorkers();
