// The import table, read from ARCHITECTURE.md, and what breaks it.

import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix } from 'node:path';
import { names, root, type Source } from './code.js';

/** What one room may name. */
export interface Room {
  readonly rooms: ReadonlySet<string>;
  readonly packages: ReadonlySet<string>;
}
export type Law = ReadonlyMap<string, Room>;

/** The rows `| room | holds | rooms it imports | packages |` of the page, and the names that `floor` stands for. */
export function readLaw(page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')): Law {
  const quoted = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]);
  const floor = quoted(/^`floor` = (.*)$/m.exec(page)?.[1] ?? '');
  const law = new Map<string, Room>();
  const table = page.split('\n## ').find((section) => section.startsWith('Rooms')) ?? '';
  for (const line of table.split('\n')) {
    const cells = line.split('|').slice(1, -1);
    if (cells.length !== 4) continue;
    const above = cells[2].includes('everything above') ? [...law.keys()] : [];
    const rooms = new Set([...above, ...quoted(cells[2]).flatMap((room) => (room === 'floor' ? floor : room))]);
    if (cells[2].includes('but platform')) rooms.delete('platform');
    for (const room of quoted(cells[0])) law.set(room, { rooms, packages: new Set(quoted(cells[3])) });
  }
  return law;
}

/** The room of a source file: its folder in src, or its own name where it lies there itself. */
export const roomOf = (path: string): string =>
  path === 'src/kernels/contract.ts' ? 'kernels/contract' : path.split('/')[1].replace(/\.ts$/, '');

/** What package.json's imports stand for. */
const inside: Readonly<Record<string, string>> = {
  '#platform': 'src/platform/node.ts',
  '#run-worker': 'src/engine/worker.node.bundle.ts',
};
/** The platform is imported by its condition; a program that is a worker itself may also use what is alike in both twins. */
const fromPlatform = new Set(['#platform', 'src/platform/inside.ts']);

const outside = new Set(['platform', 'cli']);
const machine = [
  'process console window document self globalThis navigator location performance Date setTimeout setInterval',
  'setImmediate clearTimeout clearInterval requestAnimationFrame fetch XMLHttpRequest WebSocket Worker SharedWorker',
  'MessageChannel MessagePort BroadcastChannel postMessage Blob URL require module __dirname __filename Buffer crypto',
  'indexedDB localStorage sessionStorage caches HTMLElement Intl',
].flatMap((line) => line.split(' '));
const exact = new Set(
  [
    'abs sqrt floor ceil round trunc fround imul clz32 min max sign',
    'PI E LN2 LN10 LOG2E LOG10E SQRT2 SQRT1_2',
  ].flatMap((line) => line.split(' ')),
);
const locale = ['localeCompare', 'toLocaleString', 'toLocaleLowerCase', 'toLocaleUpperCase'];

/** Names that a file may use all the same, and why no result depends on the machine by them. */
const exceptions: Readonly<Record<string, readonly string[]>> = {
  'src/io/npz.ts': ['Date'], // one fixed date, which a zip has to have
};

/** Every breach of the law, as a sentence. */
export function breaches(sources: readonly Source[], law: Law): string[] {
  const found: string[] = [];
  for (const { path, text } of sources) {
    const room = roomOf(path);
    const allowed = law.get(room);
    if (!allowed) {
      found.push(`${path}: the room ${room} is not in ARCHITECTURE.md`);
      continue;
    }
    const seen = names(text);
    for (const specifier of seen.imports) {
      if (specifier.startsWith('.') || specifier.startsWith('#')) {
        const target = specifier.startsWith('#')
          ? inside[specifier]
          : posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
        const to = target.startsWith('src/') ? roomOf(target) : target.split('/')[0];
        if (to !== room && !allowed.rooms.has(to)) found.push(`${path}: ${room} may not import ${to}`);
        if (
          to === 'platform' &&
          room !== 'platform' &&
          !fromPlatform.has(specifier.startsWith('#') ? specifier : target)
        )
          found.push(`${path}: platform is imported as #platform`);
      } else if (specifier.startsWith('node:') || builtinModules.includes(specifier)) {
        if (!outside.has(room)) found.push(`${path}: ${room} may not import ${specifier}`);
      } else {
        const name = specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/');
        if (!allowed.packages.has(name)) found.push(`${path}: ${room} may not import the package ${name}`);
      }
    }
    if (!outside.has(room)) {
      for (const name of machine)
        if (seen.free.has(name) && !exceptions[path]?.includes(name))
          found.push(`${path}: ${room} may not name ${name}`);
      for (const name of locale) if (seen.members.has(name)) found.push(`${path}: ${name} depends on the machine`);
      for (const name of seen.math)
        if (!exact.has(name) && !exceptions[path]?.includes(`Math.${name}`))
          found.push(`${path}: Math.${name} differs between engines; see random/elementary.ts`);
    }
  }
  return found;
}
