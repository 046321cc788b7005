// dist/ as it should be for the sources as they are, and the package as npm would install it.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from './code.js';

const newest = (folder: string, ending = ''): number =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending) && !entry.name.includes('.bundle.ts'))
    .reduce((time, entry) => Math.max(time, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0);

const stamp = join(root, 'dist', 'types', 'node.d.ts');
const fresh = () =>
  existsSync(stamp) &&
  existsSync(join(root, 'dist', 'node')) &&
  Math.min(statSync(stamp).mtimeMs, newest('dist/node')) >=
    Math.max(newest('src'), newest('scripts'), newest('papers', '.ts'));

/** Runs make, unless it is done already; one test file at a time. */
async function once(name: string, done: () => boolean, make: () => void | Promise<void>): Promise<void> {
  const lock = join(tmpdir(), `lorank-${name}-${createHash('sha256').update(root).digest('hex').slice(0, 8)}.lock`);
  for (let waited = 0; ; waited++) {
    if (done()) return;
    try {
      mkdirSync(lock);
      break;
    } catch {
      if (waited > 1800) throw new Error(`another test seems to hang; remove ${lock}`);
      await sleep(100);
    }
  }
  try {
    if (!done()) await make();
  } finally {
    rmSync(lock, { recursive: true });
  }
}

/** Builds dist/ where it is older than src/. */
export const built = (): Promise<void> =>
  once('build', fresh, () => void execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'pipe' }));

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

/** The project into which the packed package is installed: one for all tests of a run of the suite. */
const home = (): string => join(tmpdir(), `lorank-installed-${process.env.LORANK_TEST_RUN ?? process.pid}`);

/** An empty folder of a project in which the packed package is installed, and the path of the tarball. */
export async function installed(): Promise<{ folder: string; tarball: string }> {
  await built();
  const there = home();
  const tarball = join(there, 'lorank.tgz');
  const ready = join(there, 'ready');
  await once(
    'install',
    () => existsSync(ready),
    () => {
      mkdirSync(there, { recursive: true });
      const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', there];
      const [{ filename }] = JSON.parse(npm(root, ...pack)) as { filename: string }[];
      renameSync(join(there, filename), tarball);
      writeFileSync(join(there, 'package.json'), '{ "name": "user", "private": true, "type": "module" }\n');
      npm(there, 'install', '--prefer-offline', '--ignore-scripts', tarball);
      writeFileSync(ready, '');
    },
  );
  return { folder: mkdtempSync(join(there, 'work-')), tarball };
}

/** What is left when all tests have ended. */
export const removeInstalled = (): void => remove(home());
