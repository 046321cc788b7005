// The built command as a process: exit codes, signals, streams that close, disks that are full.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { built } from '../house/built.js';
import { folder } from './harness.js';
import { ratingsText, writeSensing } from './problems.js';

const cli = join(import.meta.dirname, '../../dist/node/cli.js');
await built();
const files = folder();
const ratings = files.write('ratings.csv', ratingsText(200, 60));
const lorank = (...argv: string[]) => spawnSync(process.execPath, [cli, ...argv], { encoding: 'utf8' });

describe('help', () => {
  it('lists the verbs on stdout and ends with 0', () => {
    const { status, stdout, stderr } = lorank('--help');
    expect(status).toBe(0);
    expect(stderr).toBe('');
    for (const verb of ['demo', 'complete', 'sense', 'predict', 'run', 'verify', 'inspect', 'doctor'])
      expect(stdout).toMatch(new RegExp(`^  ${verb} `, 'm'));
  });

  it('of every verb has an example that names it', () => {
    for (const [, verb] of lorank('--help').stdout.matchAll(/^ {2}(\w+) .{30}/gm)) {
      const { status, stdout } = lorank(verb, '--help');
      expect(status).toBe(0);
      expect(stdout).toMatch(new RegExp(`Examples:[^]*lorank ${verb}`));
      expect(stdout).toContain('--json');
    }
  });

  it('loads nothing heavy: neither the schema nor the kernels', () => {
    const script = `
      import { register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(
        'export async function resolve(s, c, next) { const r = await next(s, c); process._rawDebug(r.url); return r; }'), import.meta.url);
      process.argv = [process.argv[0], ${JSON.stringify(cli)}, '--help'];
      await import(${JSON.stringify(new URL(`file://${cli}`).href)});`;
    const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(stderr).toContain('commander');
    expect(stderr).not.toMatch(/zod|hyparquet|fflate|fast-png/);
  });
});

it('the version is that of the package', () => {
  expect(lorank('--version').stdout.trim()).toMatch(/^\d+\.\d+\.\d+/);
});

it('a stack is printed with --debug alone', () => {
  const argv = ['complete', files.write('ragged.csv', 'a,b,1\na,c\n')];
  expect(lorank(...argv).stderr).not.toMatch(/\n\s+at /);
  expect(lorank(...argv, '--debug').stderr).toMatch(/\n\s+at /);
});

describe('Ctrl-C', () => {
  const command = [
    ...writeSensing(files, { n1: 40, n2: 40, r: 3, m: 1400 }),
    ...['--method', 'gd', '--init-scale', '1e-300', '--iterations', '100000', '--tolerance', '1e-300'],
  ];

  it('in the middle of a run: 130, the checkpoint alone, and --resume goes on', async () => {
    const output = files.path('X.npy');
    const ended = await interruptedWhenReady([...command, '-o', output, '--json']);
    expect(ended.status).toBe(130);
    expect(JSON.parse(ended.stdout).error).toMatchObject({
      code: 'aborted',
      hint: expect.stringContaining('--resume'),
    });
    expect(files.list()).toContain('X.npy.checkpoint');
    expect(files.list().filter((name) => name.startsWith('X.npy'))).toEqual(['X.npy.checkpoint']);
    const again = await interruptedWhenReady([...command, '-o', output, '--resume']);
    expect(again.status).toBe(130);
  });

  it('without an output: 130, and nothing is left', async () => {
    const before = files.list();
    const ended = await interruptedWhenReady(command);
    expect(ended.status).toBe(130);
    expect(ended.stderr).toContain('nothing is kept');
    expect(files.list()).toEqual(before);
  });

  it('while it waits for standard input: 130', async () => {
    const { status } = await interruptedWhenReady(['complete', '-'], 'a,b,1\n');
    expect(status).toBe(130);
  });
});

/** Sends SIGINT at the first note: the data is in place, or standard input is waited for. */
async function interruptedWhenReady(
  argv: string[],
  stdin = '',
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [cli, ...argv]);
  child.stdin.write(stdin);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    if (stderr === '') child.kill('SIGINT');
    stderr += chunk;
  });
  const status = await new Promise<number | null>((done) => child.on('close', done));
  child.stdin.destroy();
  return { status, stdout, stderr };
}

describe('an output that cannot be written', () => {
  const fit = files.path('fit.safetensors');
  lorank('complete', ratings, '-o', fit);

  it('a pipe that closes: 1, and a sentence', () => {
    const command = `"${process.execPath}" "${cli}" predict "${fit}" "${ratings}" 2>"${files.path('err')}"; echo $? >"${files.path('code')}"`;
    spawnSync('sh', ['-c', `{ ${command}; } | true`]);
    expect(files.read('code').toString().trim()).toBe('1');
    expect(files.read('err').toString()).toMatch(/the reader of standard output went away/);
  });

  it.skipIf(!existsSync('/dev/full'))(
    'a full disk behind standard output: 1 (skipped where there is no /dev/full)',
    () => {
      const full = openSync('/dev/full', 'w');
      const { status, stderr } = spawnSync(process.execPath, [cli, 'predict', fit, ratings], {
        stdio: ['ignore', full, 'pipe'],
        encoding: 'utf8',
      });
      expect(status).toBe(1);
      expect(stderr).toMatch(/the disk is full/);
    },
  );

  const small = files.path('small');
  mkdirSync(small);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', small]).status === 0;
  afterAll(() => {
    if (mounted) spawnSync('umount', [small]);
  });

  it.skipIf(!mounted)('a full disk: 1, and nothing half written (skipped where tmpfs cannot be mounted)', () => {
    for (const command of [
      ['complete', ratings, '-o'],
      ['predict', fit, ratings, '-o'],
    ]) {
      const { status, stderr } = lorank(...command, join(small, 'out'));
      expect(stderr).toMatch(/the disk is full/);
      expect(status).toBe(1);
      expect(readdirSync(small)).toEqual([]);
    }
  });
});
