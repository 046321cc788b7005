// lorank reproduce: what it refuses, what it lists, and a run that is interrupted, resumed, judged and verified. The cells of
// these runs come from the committed rows, so that nothing is computed twice.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromCsv, loadPaper, paperIds, toCsv } from '../../papers/index.js';
import type { Row } from '../../papers/paper.js';
import { DEFAULT_SEED } from '../../src/random/index.js';
import { files as sources } from '../house/code.js';
import { folder, lorank } from './harness.js';

const files = folder();
const id = 'soltanolkotabi-2023-asymmetric';
const paper = await loadPaper(id);

const committed = new Map(
  sources(`papers/${id}/results`, '.csv').map(({ path, text }) => [path.split('/').pop()!.slice(0, -4), fromCsv(text)]),
);
/** Leaves a folder as a run does that was interrupted when all of its cells were finished. */
async function interrupted(name: string, change: (table: string, row: Row) => Row = (_, row) => row): Promise<string> {
  const out = files.path(name);
  const stop = AbortSignal.abort();
  expect((await lorank(['reproduce', id, '--out', out, '--threads', '1'], { signal: stop })).code).toBe(130);
  for (const cell of paper.cells('quick', DEFAULT_SEED)) {
    const rows = committed.get(cell.table)!;
    const own = rows.filter(({ seed }) => seed === undefined || cell.id === `${cell.table}-${seed}`);
    writeFileSync(join(out, 'unfinished', `${cell.id}.csv`), toCsv(own.map((row) => change(cell.table, row))));
  }
  return out;
}

describe('refuses', () => {
  const full = files.path('full');
  mkdirSync(full);
  writeFileSync(join(full, 'notes.txt'), 'mine');
  const empty = files.path('empty');
  mkdirSync(empty);

  it.each([
    [[], /no paper is named/, /--list names them/],
    [['soltanolkotabi-2023-asymetric'], /there is no paper/, /did you mean soltanolkotabi-2023-asymmetric/],
    [['asymmetric'], /there is no paper/, /did you mean soltanolkotabi-2023-asymmetric/],
    [[id, '--quick', '--full'], /cannot be used with option/, /--help/],
    [[id, '--resume'], /--resume needs --out/, /add --out/],
    [[id, '--out', full], /holds other files \(notes.txt\)/, /name another folder/],
    [[id, '--out', join(full, 'notes.txt')], /is a file, a folder is needed/, /name another/],
    [[id, '--out', files.path('none/deep')], /does not exist/, /mkdir -p/],
    [[id, '--out', empty, '--resume'], /holds no interrupted run/, /without --resume/],
    [[id, '--seed', '-1'], /--seed should be/, /--seed 7/],
  ])('%j', async (argv, message, hint) => {
    const { code, stdout, stderr } = await lorank(['reproduce', ...argv, '--json']);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'usage',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    expect(readdirSync(full)).toEqual(['notes.txt']);
    expect(readdirSync(empty)).toEqual([]);
  });
});

it('--list names every paper with its claims', async () => {
  const { code, stdout } = await lorank(['reproduce', '--list', '--json']);
  const listed = JSON.parse(stdout);
  expect(code).toBe(0);
  expect(listed.map((one: { id: string }) => one.id)).toEqual(paperIds);
  for (const one of listed) {
    expect(Object.keys(one)).toEqual(['id', 'title', 'claims']);
    expect(one.claims[0]).toEqual({ id: expect.any(String), statement: expect.any(String) });
  }
  expect((await lorank(['reproduce', '--list'])).stdout).toContain(`${id}\n  ${paper.title}\n`);
});

describe('a run that is interrupted', () => {
  it('keeps its folder, and says how to go on', async () => {
    const out = await interrupted('kept');
    expect(readdirSync(out)).toEqual(['unfinished']);
    const again = await lorank(['reproduce', id, '--out', out]);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain(`lorank reproduce ${id} --out ${out} --resume goes on`);
    const other = await lorank(['reproduce', id, '--out', out, '--resume', '--seed', '8']);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('holds an interrupted run of something else');
  });

  it('is resumed to a whole folder, which verify knows from one that was changed', async () => {
    const out = await interrupted('whole');
    const { code, stdout } = await lorank(['reproduce', id, '--out', out, '--resume', '--json', '--threads', '1']);
    const document = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(document).toMatchObject({ id, title: paper.title, size: 'quick', seed: DEFAULT_SEED, threads: 1, out });
    for (const claim of document.claims)
      expect(claim).toMatchObject({
        id: expect.any(String),
        statement: expect.any(String),
        statistic: expect.any(String),
        band: expect.any(String),
        status: expect.stringMatching(/^(supported|supported-in-range|not-testable)$/),
      });
    expect(readdirSync(out).sort()).toEqual([
      'claims.csv',
      'claims.json',
      'figures',
      'manifest.json',
      'report.html',
      'rows',
    ]);
    expect(readdirSync(join(out, 'rows')).sort()).toEqual([...committed.keys()].map((table) => `${table}.csv`).sort());
    const figures = paper
      .figures(Object.fromEntries(committed), 'quick')
      .flatMap(({ name }) => [`${name}.png`, `${name}.svg`]);
    expect(readdirSync(join(out, 'figures')).sort()).toEqual(figures.sort());
    const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({
      spec: { lorank: 1, task: 'reproduce', paper: id, size: 'quick', seed: DEFAULT_SEED },
      inputs: [],
      outcome: 'supported',
    });
    expect(manifest.outputs.map(({ path }: { path: string }) => path)).toContain('report.html');
    expect(JSON.parse(readFileSync(join(out, 'claims.json'), 'utf8')).claims).toEqual(document.claims);

    const again = await lorank(['reproduce', id, '--out', out]);
    expect(again.stderr).toContain(`lorank verify ${out} checks them`);
    writeFileSync(join(out, 'rows', 'exact.csv'), 'seed,width,te,hit\n');
    const verified = await lorank(['verify', out, '--json']);
    expect(verified.code).toBe(5);
    const [{ outputs }] = JSON.parse(verified.stdout).manifests;
    expect(outputs.filter(({ file }: { file: string }) => file === 'different')).toEqual([
      { path: join(out, 'rows', 'exact.csv'), file: 'different' },
    ]);
  });

  it('ends with exit code 5 and a table when a claim is contradicted, the folder written all the same', async () => {
    const out = await interrupted('contradicted', (table, row) => (table === 'exact' ? { ...row, te: 1e-3 } : row));
    const { code, stdout } = await lorank(['reproduce', id, '--out', out, '--resume', '--threads', '1']);
    expect(code).toBe(5);
    expect(stdout).toMatch(/S1\.31 +contradicted +0\.001/);
    expect(stdout).toMatch(/S1\.25 +supported/);
    expect(JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')).outcome).toBe('contradicted');
  });
});
