// Every reproduction in its quick size, by the built command: nothing is contradicted, and its rows are, bit for bit, those that
// are committed. It takes minutes: LORANK_REPRODUCE=1 npm test runs it.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPaper, paperIds } from '../../papers/index.js';
import { built, remove, temporary } from '../house/built.js';
import { files, root } from '../house/code.js';

/** A guard against a run that hangs; the aim is a minute on two free cores, minutes for those that are long. */
const PATIENCE = 1_800_000;

const papers = await Promise.all(paperIds.map(loadPaper));
const asked = papers.filter(({ long }) => !long || process.env.LORANK_REPRODUCE === 'long').map(({ id }) => id);

const home = temporary();
beforeAll(() => (process.env.LORANK_REPRODUCE ? built() : undefined), 300_000);
afterAll(() => remove(home));

const lorank = (...argv: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> =>
  new Promise((done, fail) => {
    const child = spawn(process.execPath, [join(root, 'dist/node/cli.js'), ...argv]);
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (text) => (said.stdout += text));
    child.stderr.on('data', (text) => (said.stderr += text));
    child.on('error', fail);
    child.on('close', (code) => done({ code, ...said }));
  });

describe.runIf(process.env.LORANK_REPRODUCE).each(asked)('%s', (id) => {
  it('supports its claims, its controls fail, and its rows are those that are committed', {
    timeout: PATIENCE,
  }, async () => {
    const out = join(home, id);
    const { code, stdout, stderr } = await lorank('reproduce', id, '--quick', '--json', '--threads', '2', '--out', out);
    expect(stderr).toBe('');
    const { claims, controls, seconds } = JSON.parse(stdout);
    const contradicted = [...claims, ...controls].filter(({ status }) => status === 'contradicted');
    expect(contradicted).toEqual([]);
    expect(code).toBe(0);
    for (const { path, text } of files(`papers/${id}/results`, '.csv'))
      expect(readFileSync(join(out, 'rows', path.split('/').pop()!), 'utf8'), path).toBe(text);
    console.info(`${id}: ${seconds.toFixed(1)} s`);
  });
});
