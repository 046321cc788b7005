// Builds dist/: the Node library, command line and reproductions (with shared chunks, packages left outside; 'lorank' in
// a reproduction is the library of the same build), the library for the web, and the types. Types are made when asked for as "node scripts/build.mjs --types" or when nothing says otherwise;
// --no-types leaves them out.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleWorkers } from './bundle-workers.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const dist = resolve(root, 'dist');
const aside = resolve(root, 'node_modules/.cache/lorank'); // no package picks up what a killed build leaves here
const present = (entries) => entries.filter((entry) => existsSync(resolve(root, entry.in)));

const common = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  packages: 'external',
  chunkNames: 'chunks/[name]-[hash]',
  logLevel: 'warning',
};

/** What was there stays until the new one is whole. */
async function bundle(target, entryPoints, options) {
  if (entryPoints.length === 0) return;
  const [fresh, old] = ['', '-old'].map((end) => resolve(aside, `${target}-${process.pid}${end}`));
  try {
    await build({ ...common, ...options, entryPoints, outdir: fresh });
    await mkdir(dist, { recursive: true });
    if (existsSync(resolve(dist, target))) await rename(resolve(dist, target), old);
    await rename(fresh, resolve(dist, target));
  } finally {
    await Promise.all([fresh, old].map((folder) => rm(folder, { recursive: true, force: true })));
  }
}

function types() {
  const tsc = resolve(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [tsc, '-p', 'tsconfig.types.json'], { cwd: root, stdio: 'inherit' });
    child.on('error', fail);
    child.on('exit', (code) => (code === 0 ? done() : fail(new Error(`build: tsc ended with ${code}`))));
  });
}

await bundleWorkers();
const ends = await Promise.allSettled([
  bundle(
    'node',
    present([
      { in: 'src/node.ts', out: 'index' },
      { in: 'src/cli/bin.ts', out: 'cli' },
      { in: 'papers/index.ts', out: 'papers/index' },
      { in: 'papers/worker.ts', out: 'papers/worker' },
    ]),
    { platform: 'node', conditions: ['node'], alias: { lorank: resolve(root, 'src/node.ts') } },
  ),
  bundle('web', present([{ in: 'src/index.ts', out: 'index' }]), { platform: 'browser' }),
  ...(present([{ in: 'src/index.ts' }, { in: 'src/node.ts' }]).length === 2 && !process.argv.includes('--no-types')
    ? [types()]
    : []),
]);
for (const { reason } of ends) if (reason) throw reason;
