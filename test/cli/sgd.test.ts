// lorank sense --method sgd: the conventions of its siblings, and what is wrong told in a sentence.

import { describe, expect, it } from 'vitest';
import { folder, lorank } from './harness.js';
import { writeSensing } from './problems.js';

const files = folder();
const sensing = [...writeSensing(files), '--method', 'sgd', '--rank', '2'];

describe('lorank sense --method sgd', () => {
  it('recovers X from tenths of the measurements, and verifies through its manifest', async () => {
    const { code, stdout } = await lorank([...sensing, '-o', files.path('x.npy'), '--json', '--quiet']);
    expect(code).toBe(0);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ outcome: 'converged', method: 'sgd', rank: 2 });
    expect(document.error.relativeFrobenius).toBeLessThan(1e-7);
    const { spec } = JSON.parse(files.read('x.npy.manifest.json').toString());
    expect(spec.method).toEqual({ name: 'sgd', rank: 2 });
    const verified = await lorank(['verify', files.path('x.npy'), '--json']);
    expect(JSON.parse(verified.stdout)).toMatchObject({ verified: true });
  });

  it('goes on after Ctrl-C to the same bytes', async () => {
    const [whole, resumed] = ['whole.npy', 'resumed.npy'].map((name) => files.path(name));
    const command = [...sensing, '--batch', '10', '--seed', '5'];
    await lorank([...command, '-o', whole]);
    const controller = new AbortController();
    const onStderr = () => controller.abort();
    const first = await lorank([...command, '-o', resumed], { signal: controller.signal, onStderr, terminal: true });
    expect(first.code).toBe(130);
    expect((await lorank([...command, '-o', resumed, '--resume'])).code).toBe(0);
    expect(files.read('resumed.npy')).toEqual(files.read('whole.npy'));
  });

  it('a step that is too long ends with exit code 4 and names one that would do', async () => {
    const { code, stdout } = await lorank([...sensing, '--step', '9']);
    expect(code).toBe(4);
    expect(stdout).toMatch(/diverged/);
    expect(stdout).toMatch(/A step of 9 diverges; 0\.\d+ would do\./);
  });

  it.each([
    ['a batch above m', ['--batch', '201'], 2, /size should be an integer from 1 to m = 200, got 201/],
    ['a batch of 0', ['--batch', '0'], 2, /--batch should be a whole number of at least 1, got 0/],
    ['a width below the rank', ['--width', '1'], 2, /width should be at least the rank 2, got 1/],
    ['a method that is not there', ['--method', 'sgdd'], 2, /did you mean sgd/],
    ['a batch of another method', ['--method', 'gd', '--batch', '5'], 2, /--method gd takes no --batch/],
    [
      'a truth with NaN',
      ['--truth', files.writeNpy('nan.npy', new Float64Array(120).fill(Number.NaN), [12, 10])],
      3,
      /nan\.npy should hold finite numbers/,
    ],
  ])('refuses %s', async (_, flags, exit, says) => {
    const { code, stderr } = await lorank([...sensing, ...flags]);
    expect(stderr).toMatch(says);
    expect(code).toBe(exit);
  });
});
