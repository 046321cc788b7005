// The package as its users get it: packed by npm, installed in an empty folder, imported, typed and run from there.

import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installed, npm, remove } from './built.js';
import { root } from './code.js';

const description = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;

describe('the package', () => {
  let folder: string;
  let tarball: string;
  let there: string;
  beforeAll(async () => {
    ({ folder, tarball } = await installed());
    there = join(folder, '..', 'node_modules', 'lorank');
  }, 300_000);
  afterAll(() => remove(folder));

  const node = (...args: string[]) => execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });

  it('holds what it says, and nothing that only its makers need', () => {
    expect(readdirSync(there).sort()).toEqual(
      ['ARCHITECTURE.md', 'CHANGELOG.md', 'LICENSE', 'NOTATION.md', 'README.md', 'dist', 'docs', 'package.json'].sort(),
    );
    const inside = readdirSync(join(there, 'dist'), { recursive: true }) as string[];
    expect(inside.filter((name) => /\.(ts|map)$/.test(name) && !name.endsWith('.d.ts'))).toEqual([]);
  });

  it('satisfies publint, suggestions included', async () => {
    const { messages } = await publint({ pkgDir: there, strict: true });
    expect(messages.map((message) => formatMessage(message, description))).toEqual([]);
  });

  it('satisfies arethetypeswrong, in the profile of packages that are ESM only', () => {
    const attw = join(root, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js');
    // It ends with an error where there is a problem.
    expect(node(attw, tarball, '--profile', 'esm-only', '--no-color', '--no-emoji')).toMatch(/bundler +│ OK/);
  });

  it('is imported, and completes a matrix', () => {
    writeFileSync(
      join(folder, 'use.mjs'),
      `import { complete } from 'lorank';
       const ratings = [];
       for (let u = 0; u < 30; u++) for (let i = 0; i < 20; i++)
         if ((u * 7 + i * 3) % 5) ratings.push(['u' + u, 'i' + i, ((u % 3) + 1) * ((i % 4) + 1)]);
       const fit = await complete(ratings, { rank: 1, seed: 7 });
       console.log(Number.isFinite(fit.predict('u0', 'i0')));`,
    );
    expect(node('use.mjs').trim()).toBe('true');
  });

  it('has a command', () => {
    const version = npm(folder, 'exec', '--', 'lorank', '--version').trim();
    expect(version).toBe(description.version);
    expect(npm(folder, 'exec', '--', 'lorank', '--help')).toContain('complete');
  });

  it.each([
    ['nodenext', 'nodenext', []],
    ['bundler', 'esnext', ['browser']],
  ])('has types that are whole, for resolution %s', (moduleResolution, module, customConditions) => {
    writeFileSync(
      join(folder, 'use.ts'),
      `import { complete, LorankError } from 'lorank';
       const fit = await complete([['a', 'b', 3]], { rank: 1 });
       const value: number = fit.predict('a', 'b');
       // @ts-expect-error a rank is no word but 'auto'
       complete([['a', 'b', 3]], { rank: 'two' });
       // @ts-expect-error they come when they work
       fit.interval; fit.recommend; fit.foldIn;
       export { value, LorankError };`,
    );
    const compilerOptions = {
      module,
      moduleResolution,
      customConditions,
      target: 'es2022',
      lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable', 'esnext.disposable'],
      types: [],
      strict: true,
      skipLibCheck: false,
      noEmit: true,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['use.ts'] }));
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.json'], { cwd: folder, encoding: 'utf8' });
    expect(stdout).toBe('');
  });
});
