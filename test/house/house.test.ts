// The house: who may import whom, who may name the machine, and what is published.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { exported, files, root } from './code.js';
import { breaches, readLaw, roomOf } from './law.js';

// What other programs made, or is compiled by another compiler.
const sources = files('src').filter(({ path }) => !/\.(generated|bundle)\.ts$|\/assembly\//.test(path));
const law = readLaw();

describe('the import table', () => {
  it('is kept by every file of src', () => expect(breaches(sources, law)).toEqual([]));

  it('has a row for every room, and no row for a room that is not there', () => {
    const there = new Set(sources.map(({ path }) => roomOf(path)));
    expect([...law.keys()].sort()).toEqual([...there].sort());
  });

  const planted: [what: string, path: string, text: string, breach: RegExp][] = [
    ['a room above', 'src/linalg/x.ts', "import { a } from '../methods/sense.js';", /linalg may not import methods/],
    [
      'a type of a room above',
      'src/io/x.ts',
      "import type { K } from '../kernels/pool.js';",
      /io may not import kernels/,
    ],
    ['a type written in place', 'src/io/x.ts', "type K = import('../cli/main.js').K;", /io may not import cli/],
    ['a re-export', 'src/random/x.ts', "export * from '../linalg/qr.js';", /random may not import linalg/],
    [
      'an import on demand',
      'src/rules/x.ts',
      "const a = await import('../problems/a.js');",
      /rules may not import prob/,
    ],
    ['a built-in module', 'src/io/x.ts', "import { open } from 'node:fs';", /io may not import node:fs/],
    ['a package of another room', 'src/linalg/x.ts', "import * as z from 'zod';", /may not import the package zod/],
    ['the platform by its file', 'src/engine/x.ts', "import { a } from '../platform/node.js';", /as #platform/],
    ['the console', 'src/complete/x.ts', "export const f = () => console.log('a');", /may not name console/],
    ['the clock', 'src/methods/x.ts', 'export const t = Date.now();', /may not name Date/],
    ['the process', 'src/engine/x.ts', 'export const t = process.memoryUsage;', /may not name process/],
    ['chance', 'src/truth/x.ts', 'export const u = Math.random();', /Math.random differs/],
    ['a logarithm of the engine', 'src/random/x.ts', 'export const l = Math.log(2);', /Math.log differs/],
    [
      'a power of the engine',
      'src/linalg/x.ts',
      'export const p = (a: number) => a ** 0.5;',
      /differs between engines/,
    ],
    ['the locale', 'src/complete/x.ts', "export const c = 'a'.localeCompare('b');", /depends on the machine/],
    [
      'the platform, where it is left out',
      'src/methods/x.ts',
      "import { now } from '#platform';",
      /may not import platform/,
    ],
    ['a new room', 'src/attic/x.ts', '', /attic is not in ARCHITECTURE.md/],
  ];
  it.each(planted)('is broken by %s', (_what, path, text, breach) =>
    expect(breaches([{ path, text }], law).join()).toMatch(breach),
  );

  it.each([
    ['a word in a comment or a string', "// console\nexport const a = 'process.exit';"],
    ['a name of its own', 'export const f = (location: number) => location;'],
    ['a property', 'export const f = (a: { window: number }) => a.window;'],
    ['exact functions and powers', 'export const a = Math.sqrt(2) + 2 ** 32;'],
  ])('is not broken by %s', (_what, text) => expect(breaches([{ path: 'src/linalg/x.ts', text }], law)).toEqual([]));
});

describe('the platform', () => {
  const of = (path: string) => [...exported(readFileSync(join(root, path), 'utf8')).keys()].sort();
  it('twins export the same names', () => expect(of('src/platform/web.ts')).toEqual(of('src/platform/node.ts')));
  it('twins export the same types', () => {
    type Node = typeof import('../../src/platform/node.js');
    type Web = typeof import('../../src/platform/web.js');
    expectTypeOf<Web>().toEqualTypeOf<Node>();
  });
});

describe('the public names', () => {
  const undocumented = (path: string): string[] => {
    const missing: string[] = [];
    for (const [name, { from, original, before }] of exported(readFileSync(join(root, path), 'utf8'))) {
      let doc = before;
      for (let at = path, next = from, key = original; next; ) {
        if (!next.startsWith('.')) break;
        at = posix.join(posix.dirname(at), next).replace(/\.js$/, '.ts');
        const found = exported(readFileSync(join(root, at), 'utf8')).get(key);
        if (!found) throw new Error(`${path} exports ${name}, which ${at} does not`);
        doc = found.before;
        next = found.from;
        key = found.original;
      }
      if (!doc.endsWith('*/') || !doc.slice(doc.lastIndexOf('/*')).startsWith('/**')) missing.push(name);
    }
    return missing;
  };
  it.each(['src/index.ts', 'src/node.ts'])('of %s each have a doc comment', (path) =>
    expect(undocumented(path)).toEqual([]),
  );
  it('are listed one by one', () =>
    expect(
      ['src/index.ts', 'src/node.ts'].filter((path) => /export \*/.test(readFileSync(join(root, path), 'utf8'))),
    ).toEqual([
      'src/node.ts', // which is index.ts and what Node adds
    ]));
});

const isClone = existsSync(join(root, '.git'));
describe.skipIf(!isClone)(`tracked files${isClone ? '' : ' (skipped: not a clone)'}`, () => {
  const tracked = isClone
    ? execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean)
    : [];
  const text = tracked.filter((path) => /\.(ts|mjs|js|json|md|yml|sh)$|^\.ci|^\.npmrc|^\.git/.test(path));
  const holding = (pattern: RegExp) =>
    text.filter((path) => existsSync(join(root, path)) && pattern.test(readFileSync(join(root, path), 'utf8')));

  it('name no download address in the lock file', () =>
    expect(holding(/"resolved"/).filter((path) => path === 'package-lock.json')).toEqual([]));
  it('lock every package that package.json and its packages ask for, those of other systems among them', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<
        string,
        { optionalDependencies?: Record<string, string>; dependencies?: Record<string, string> }
      >;
    };
    const missing: string[] = [];
    for (const [place, { dependencies, optionalDependencies }] of Object.entries(lock.packages))
      for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
        // Node looks in the package's own node_modules, then in those above it.
        let folder = place;
        while (folder && !(`${folder}/node_modules/${name}` in lock.packages))
          folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')));
        if (!(`${folder ? `${folder}/` : ''}node_modules/${name}` in lock.packages)) missing.push(`${place} → ${name}`);
      }
    expect(missing).toEqual([]);
  });
  it('name no registry', () => expect(holding(new RegExp(`${'registry'}\\.[a-z]|npmjs${'\\.'}org`))).toEqual([]));
  it('name no folder of one machine', () =>
    expect(holding(/(^|[\s"'`(=])\/(home|root|work|Users|mnt|opt)\/[a-z]/m)).toEqual([]));
});
