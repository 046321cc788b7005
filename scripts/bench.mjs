// node scripts/bench.mjs NAME [arguments]: bundles bench/NAME.ts and runs it.

import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleWorkers } from './bundle-workers.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const [name, ...args] = process.argv.slice(2);
const names = (await readdir(join(root, 'bench')))
  .filter((file) => file.endsWith('.ts') && file !== 'harness.ts')
  .map((file) => file.slice(0, -3));
if (!names.includes(name)) {
  console.error(`usage: node scripts/bench.mjs ${names.join('|')}`);
  process.exit(2);
}

await bundleWorkers();
const folder = await mkdtemp(join(tmpdir(), 'lorank-bench-'));
try {
  const outfile = join(folder, `${name}.mjs`);
  const entryPoints = [join(root, 'bench', `${name}.ts`)];
  await build({
    absWorkingDir: root,
    entryPoints,
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['node'],
    logLevel: 'warning',
  });
  process.exitCode = spawnSync(process.execPath, [outfile, ...args], { stdio: 'inherit', cwd: root }).status ?? 1;
} finally {
  await rm(folder, { recursive: true });
}
