// Every reproduction: what is committed of it is what its code says, its controls guard its claims, and it imports the library
// by its public name alone.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromCsv, judge, loadPaper, paperIds, readmeText, type Tables } from '../../papers/index.js';
import { DEFAULT_SEED } from '../../src/random/index.js';
import { files, names, root } from '../house/code.js';

const papers = await Promise.all(paperIds.map(loadPaper));

describe.each(papers.map((paper) => [paper.id, paper] as const))('%s', (id, paper) => {
  const results = `papers/${id}/results`;
  const committed = existsSync(join(root, results)) ? files(results, '.csv') : [];
  const tables: Tables = Object.fromEntries(
    committed.map(({ path, text }) => [path.split('/').pop()!.slice(0, -4), fromCsv(text)]),
  );

  it('has a page that says what its code and its committed rows say', () =>
    expect(readFileSync(join(root, 'papers', id, 'README.md'), 'utf8')).toBe(
      readmeText(paper, judge(paper, tables, 'quick'), DEFAULT_SEED),
    ));
  it('has rows of every table of its grid, and less than 500 kB of them', () => {
    expect(Object.keys(tables).sort()).toEqual([...new Set(paper.cells('quick', 1).map(({ table }) => table))].sort());
    expect(committed.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThan(5e5);
  });
  it('has claims and controls of different names, and a control for every claim that can be tested', () => {
    const ids = [...paper.claims, ...paper.controls].map((one) => one.id);
    expect(new Set(ids).size).toBe(ids.length);
    const { claims } = judge(paper, tables, 'quick');
    const guarded = new Set(paper.controls.flatMap(({ guards }) => guards));
    expect(claims.filter((c) => c.status !== 'not-testable' && !guarded.has(c.id)).map((c) => c.id)).toEqual([]);
    expect([...guarded].filter((guard) => !claims.some((c) => c.id === guard))).toEqual([]);
  });
  it('counts as not testable only what it says cannot be checked', () => {
    const { claims } = judge(paper, tables, 'quick');
    expect(claims.filter((c) => c.status === 'not-testable' && c.checkable).map((c) => c.id)).toEqual([]);
  });
  it('has a full grid with the tables of the quick one', () => {
    const tablesOf = (size: 'quick' | 'full') => [...new Set(paper.cells(size, 1).map(({ table }) => table))].sort();
    expect(tablesOf('full')).toEqual(tablesOf('quick'));
  });
  it('draws its figures from its rows, each with a title and a sentence', () => {
    const figures = paper.figures(tables, 'quick');
    expect(figures.length).toBeGreaterThan(0);
    expect(paper.figures(tables, 'quick')).toEqual(figures);
    for (const { name, title, caption } of figures) {
      expect(name).toMatch(/^[a-z0-9-]+$/);
      expect(title).not.toBe('');
      expect(caption).toMatch(/\.$/);
    }
  });
});

describe('the code of reproductions', () => {
  const sources = files('papers');
  it('imports its siblings, the library by its public name, and Node', () => {
    const foreign = sources.flatMap(({ path, text }) =>
      names(text)
        .imports.filter((name) => name !== 'lorank' && !/^node:|^\.\.?\/(?!.*src\/)/.test(name))
        .map((name) => `${path}: ${name}`),
    );
    expect(foreign).toEqual([]);
  });
  it('uses the functions of the library with stable bits, and no clock', () => {
    const exact = /^(abs|sqrt|floor|ceil|round|trunc|fround|imul|clz32|min|max|sign|PI|SQRT2|SQRT1_2)$/;
    const found = sources.flatMap(({ path, text }) => {
      const { math, free } = names(text);
      const named = [...math].filter((name) => !exact.test(name)).map((name) => `Math.${name}`);
      const clocks = ['Date', 'performance'].filter((name) => free.has(name));
      return [...named, ...clocks].map((name) => `${path}: ${name}`);
    });
    expect(found).toEqual([]);
  });
});
