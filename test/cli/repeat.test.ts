// The same bits again: with other threads, from a manifest, after an interruption; and what verify makes of changes.

import { mkdirSync, renameSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SEED } from '../../src/random/index.js';
import { folder, lorank } from './harness.js';
import { ratingsText, writeSensing } from './problems.js';

const files = folder();
const ratings = files.write('ratings.csv', ratingsText());
const sensing = writeSensing(files);
const made = (name: string) => files.read(name);

describe.each([
  ['sense', sensing, 'npy'],
  ['sense --method gd', [...sensing, '--method', 'gd', '--width', '14', '--iterations', '60'], 'npy'],
  ['complete', ['complete', ratings], 'safetensors'],
  [
    'complete --method gd',
    ['complete', ratings, '--method', 'gd', '--width', '3', '--iterations', '60'],
    'safetensors',
  ],
])('%s', (title, command, extension) => {
  const name = (what: string) => `${title.replaceAll(' ', '')}-${what}.${extension}`;

  it('gives the same bytes with 1, 2 and 4 threads, and others with another seed', async () => {
    for (const threads of ['1', '2', '4'])
      await lorank([...command, '--threads', threads, '-o', files.path(name(threads))]);
    expect(made(name('2'))).toEqual(made(name('1')));
    expect(made(name('4'))).toEqual(made(name('1')));
    await lorank([...command, '--seed', '99', '-o', files.path(name('seed'))]);
    expect(made(name('seed'))).not.toEqual(made(name('1')));
  });

  it('is repeated from its manifest, and verified', async () => {
    const manifest = JSON.parse(made(`${name('2')}.manifest.json`).toString());
    expect(Object.keys(manifest).sort()).toEqual([
      'inputs',
      'kernels',
      'outcome',
      'outputs',
      'spec',
      'threads',
      'versions',
    ]);
    expect(manifest.outputs).toEqual([{ path: name('2'), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    expect(manifest.threads).toBe(2);
    expect(manifest.spec.seed).toBe(DEFAULT_SEED);
    const path = files.path(`${name('2')}.manifest.json`);
    await lorank(['run', path, '-o', files.path(name('again'))]);
    expect(made(name('again'))).toEqual(made(name('1')));
    const verified = await lorank(['verify', files.path(name('1')), '--json']);
    expect(JSON.parse(verified.stdout)).toMatchObject({ verified: true, manifests: [{ verified: true }] });
    expect(verified.code).toBe(0);
  });

  it('goes on after Ctrl-C to the same bytes', async () => {
    const output = files.path(name('resumed'));
    const checkpoint = `${name('resumed')}.checkpoint`;
    let code = 130;
    let interruptions = 0;
    for (let attempt = 0; code === 130; attempt++) {
      const ended = await interrupted(
        [...command, '-o', output, ...(attempt > 0 ? ['--resume'] : [])],
        25 + 15 * attempt,
      );
      code = ended.code;
      if (code !== 130) break;
      interruptions++;
      expect(ended.stderr).toMatch(/interrupted; .*checkpoint keeps what was done\n {2}lorank .*--resume/);
      expect(files.list()).toContain(checkpoint);
      expect(files.list()).not.toContain(name('resumed'));
    }
    expect(interruptions).toBeGreaterThan(0);
    expect(made(name('resumed'))).toEqual(made(name('1')));
    expect(files.list()).not.toContain(checkpoint);
  });
});

/** Ctrl-C as the command looks for it for the n-th time, which is once a read and once a step. */
function interrupted(argv: string[], looks: number) {
  let left = looks;
  const signal = {
    get aborted() {
      return left-- <= 0;
    },
    addEventListener() {},
    removeEventListener() {},
  };
  return lorank(argv, { signal: signal as unknown as AbortSignal });
}

describe('a checkpoint', () => {
  const command = [...sensing, '--method', 'gd', '--iterations', '5000', '--init-scale', '1e-9'];

  it('of another description, or of another input, is refused', async () => {
    const output = files.path('other.npy');
    expect((await interrupted([...command, '-o', output], 30)).code).toBe(130);
    const seed = await lorank([...command, '--seed', '8', '-o', output, '--resume']);
    expect(seed).toMatchObject({ code: 2, stderr: expect.stringMatching(/another run: seed is 8 here/) });
    const moved = files.path('kept.npy');
    renameSync(files.path('y.npy'), moved);
    files.writeNpy('y.npy', new Float64Array(200).fill(1), [200]);
    const changed = await lorank([...command, '-o', output, '--resume']);
    expect(changed).toMatchObject({ code: 2, stderr: expect.stringMatching(/another run: data\.measurements/) });
    renameSync(moved, files.path('y.npy'));
  });

  it('is neither overwritten nor forgotten: without --resume or --force the command is refused', async () => {
    const ended = await lorank([...command, '-o', files.path('other.npy')]);
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('--resume goes on from it') });
  });

  it('that is damaged is refused', async () => {
    files.write('other.npy.checkpoint', made('other.npy.checkpoint').subarray(0, 500));
    expect((await lorank([...command, '-o', files.path('other.npy'), '--resume'])).code).toBe(3);
  });

  it('that is not there is refused', async () => {
    const ended = await lorank([...command, '-o', files.path('fresh.npy'), '--resume']);
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('no such checkpoint') });
  });
});

describe('verify', () => {
  it('a changed byte in the output, a changed input, a missing output: exit 5', async () => {
    mkdirSync(files.path('v'));
    const output = files.path('v/X.npy');
    await lorank([...sensing, '-o', output]);
    expect((await lorank(['verify', files.path('v')])).code).toBe(0);
    expect((await lorank(['verify', `${output}.manifest.json`])).code).toBe(0);

    const whole = made('v/X.npy');
    whole[whole.length - 1] ^= 1;
    files.write('v/X.npy', whole);
    const changed = await lorank(['verify', output, '--json']);
    expect(changed.code).toBe(5);
    expect(JSON.parse(changed.stdout).manifests[0].outputs).toMatchObject([{ file: 'different', recomputed: 'same' }]);

    renameSync(output, files.path('v/elsewhere.npy'));
    expect((await lorank(['verify', `${output}.manifest.json`])).code).toBe(5);

    const y = made('y.npy');
    const other = Buffer.from(y);
    other[other.length - 3] ^= 1;
    files.write('y.npy', other);
    const input = await lorank(['verify', `${output}.manifest.json`, '--json']);
    expect(input.code).toBe(5);
    expect(JSON.parse(input.stdout).manifests[0].inputs).toContainEqual({
      path: files.path('y.npy'),
      file: 'different',
    });
    const again = await lorank(['run', `${output}.manifest.json`]);
    expect(again).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('has changed since the manifest was written'),
    });
    files.write('y.npy', y);
  });

  it('a run on standard input cannot be verified, and says so', async () => {
    await lorank(['complete', '-', '-o', files.path('piped.safetensors')], { stdin: ratingsText() });
    const ended = await lorank(['verify', files.path('piped.safetensors')]);
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('standard input') });
  });
});

describe('run', () => {
  it.each(['gaussian', 'rademacher', 'rademacher-regenerated', 'rank-one', 'hadamard', 'mask'])(
    'makes a truth and %s measurements from the seed',
    async (ensemble) => {
      const generator = { shape: [16, 12], rank: 1, ensemble, measurements: 120 };
      const spec = { lorank: 1, task: 'sense', data: { generator }, seed: 3 };
      const ended = await lorank(['run', files.write('spec.json', JSON.stringify(spec)), '--json']);
      const { outcome, rank, error } = JSON.parse(ended.stdout);
      expect({ outcome, rank }).toEqual({ outcome: 'converged', rank: 1 });
      expect(error.relativeFrobenius).toBeLessThan(1e-6);
    },
  );

  it('takes a description from standard input', async () => {
    const generator = { shape: [40, 30], rank: 2, share: 0.5, noise: 0.01 };
    const spec = { lorank: 1, task: 'complete', data: { generator } };
    const ended = await lorank(['run', '-', '--json'], { stdin: JSON.stringify(spec) });
    const { test } = JSON.parse(ended.stdout);
    expect(test.count).toBe(600);
    expect(test.rmse).toBeLessThan(0.7 * test.baselines.bias.rmse);
  });
});
