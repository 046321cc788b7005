// Bundles every worker entry into one self-contained source, exported as a string from a git-ignored *.bundle.ts, so
// that no bundler of a user has to find a file. A later entry may contain an earlier one.

import { writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** An entry that imports #platform says with platform and conditions which twin it takes. */
const entries = [{ entry: 'src/kernels/worker.ts', out: 'src/kernels/worker.bundle.ts' }];

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
    await writeFile(resolve(root, out), text);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundleWorkers();
