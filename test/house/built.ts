// dist/ as it should be for the sources as they are, and the package as npm would install it.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from './code.js';

const newest = (folder: string): number =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.includes('.bundle.ts'))
    .reduce((time, entry) => Math.max(time, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0);

const stamp = join(root, 'dist', 'types', 'node.d.ts');
const fresh = () =>
  existsSync(stamp) &&
  Math.min(statSync(stamp).mtimeMs, newest('dist/node')) >= Math.max(newest('src'), newest('scripts'));

/** Builds dist/ where it is older than src/; one test file at a time. */
export async function built(): Promise<void> {
  const lock = join(root, 'node_modules', '.lorank-build');
  for (let waited = 0; ; waited++) {
    if (fresh()) return;
    try {
      mkdirSync(lock);
      break;
    } catch {
      if (waited > 600) throw new Error(`another build seems to hang; remove ${lock}`);
      await sleep(100);
    }
  }
  try {
    if (!fresh()) execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'pipe' });
  } finally {
    rmSync(lock, { recursive: true });
  }
}

export const temporary = (): string => mkdtempSync(join(tmpdir(), 'lorank-'));
export const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });

/** npm, as it is started on this system. */
export const npm = (cwd: string, ...args: string[]): string =>
  execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, npm_config_audit: 'false', npm_config_fund: 'false' },
  });

/** Packs the project into folder; the path of the tarball. */
export async function packed(folder: string): Promise<string> {
  await built();
  const [{ filename }] = JSON.parse(npm(root, 'pack', '--ignore-scripts', '--json', '--pack-destination', folder)) as {
    filename: string;
  }[];
  return join(folder, filename);
}

/** An empty project with the packed package installed; the path of its folder. */
export async function installed(): Promise<string> {
  const folder = temporary();
  const tarball = await packed(folder);
  writeFileSync(join(folder, 'package.json'), '{ "name": "user", "private": true, "type": "module" }\n');
  npm(folder, 'install', '--prefer-offline', '--ignore-scripts', tarball);
  return folder;
}
