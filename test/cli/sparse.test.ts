// lorank sparse: the conventions of its siblings, and what is wrong told in a sentence.

import { describe, expect, it } from 'vitest';
import { rangeOf } from '../../src/io/bytes.js';
import { readNpy } from '../../src/io/npy.js';
import { toFloat64 } from '../../src/io/tensor.js';
import { normals, stream } from '../../src/random/index.js';
import { sparse } from '../../src/truth/index.js';
import { close } from '../close.js';
import { type Folder, folder, lorank } from './harness.js';

/** A.npy, y.npy and truth.npy: M = 40, N = 100, s = 5. */
function written(files: Folder, { m = 40, n = 100, noise = 0, positive = false } = {}) {
  const A = normals(stream(1, 'A'), m * n).map((value) => value / Math.sqrt(m));
  const { x } = sparse(
    { length: n, support: 5, magnitudes: [0.5, 1.5], signs: positive ? 'positive' : 'random' },
    stream(1, 'x'),
  );
  const z = normals(stream(1, 'z'), m);
  const y = Float64Array.from({ length: m }, (_, i) => {
    let sum = noise * z[i];
    for (let j = 0; j < n; j++) sum += A[i * n + j] * x[j];
    return sum;
  });
  const argv = ['sparse', '--design', files.writeNpy('A.npy', A, [m, n])];
  argv.push('--measurements', files.writeNpy('y.npy', y, [m]), '--truth', files.writeNpy('truth.npy', x, [n]));
  return { argv, A, x, y };
}

describe('lorank sparse', () => {
  const files = folder();
  const { argv, x } = written(files);

  it('recovers five of a hundred entries from forty measurements: error below 1e-9, and writes x', async () => {
    const { code, stdout, stderr } = await lorank([...argv, '-o', files.path('x.npy'), '--json', '--quiet']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ outcome: 'converged', method: 'auto', sparsity: 5, depth: 2, seed: 20230 });
    expect(document.error.relative).toBeLessThan(1e-9);
    expect(document.baseline).toMatchObject({ sparsity: 5 });
    const array = await readNpy(rangeOf(files.read('x.npy')));
    expect(array.shape).toEqual([100]);
    close(toFloat64(array), x, { atol: 1e-9 });
  });

  it('repeats and verifies through its manifest', async () => {
    const verified = await lorank(['verify', files.path('x.npy'), '--json']);
    expect(JSON.parse(verified.stdout)).toMatchObject({ verified: true });
    const again = await lorank(['run', files.path('x.npy.manifest.json'), '-o', files.path('again.npy'), '--quiet']);
    expect(again.code).toBe(0);
    expect(files.read('again.npy')).toEqual(files.read('x.npy'));
  });

  it.each([
    ['weight-normalised', ['--ratio', '20'], 1e-3],
    ['weight-normalised', ['--depth', '3', '--iterations', '200000'], 2e-2],
    ['hadamard', ['--iterations', '200000'], 1e-2],
    ['basis-pursuit', [], 1e-12],
    ['lasso', ['--penalty', '0.001'], 1e-2],
    ['omp', ['--sparsity', '5'], 1e-12],
  ])('%s %j errs by at most %d', async (method, more, bound) => {
    const { stdout } = await lorank([...argv, '--method', method, ...more, '--json']);
    expect(JSON.parse(stdout).error.relative).toBeLessThan(bound);
  });

  it('says in words what it did, and what it rests on', async () => {
    const { stdout } = await lorank([...argv, '--quiet']);
    for (const said of ['5 of 100', 'lasso', 'largest entries alone fit', 'assumed, not checked'])
      expect(stdout).toContain(said);
  });

  it('a step that diverges: exit 4, the outcome, and the step that would do', async () => {
    const { code, stdout } = await lorank([...argv, '--method', 'hadamard', '--step', '5']);
    expect(code).toBe(4);
    expect(stdout).toMatch(/outcome +diverged/);
    const would = /A step of 5.00 diverges; (\S+) would do/.exec(stdout)![1];
    const repaired = await lorank([...argv, '--method', 'hadamard', '--step', would, '--iterations', '2000', '--json']);
    expect(JSON.parse(repaired.stdout).outcome).not.toBe('diverged');
  });

  it('interrupted, it keeps a checkpoint, and resumed it writes the same bytes', async () => {
    const out = files.path('long.npy');
    const long = [...argv, '--method', 'hadamard', '--depth', '3', '--iterations', '60000', '--tolerance', '1e-12'];
    const whole = await lorank([...long, '-o', files.path('whole.npy'), '--quiet']);
    expect(whole.code).toBe(4);
    const stop = new AbortController();
    const seen = lorank([...long, '-o', out], { signal: stop.signal, terminal: true, onStderr: () => stop.abort() });
    expect((await seen).code).toBe(130);
    expect(files.list()).toContain('long.npy.checkpoint');
    const resumed = await lorank([...long, '-o', out, '--resume', '--quiet']);
    expect(resumed.code).toBe(4);
    expect(files.read('long.npy')).toEqual(files.read('whole.npy'));
  });
});

describe('lorank sparse refuses', () => {
  const files = folder();
  const { argv, A, y, x } = written(files);
  const zero = A.map((value, e) => (e % 100 === 7 ? 0 : value));
  const nan = x.map((value, j) => (j === 3 ? Number.NaN : value));
  const design = (path: string) => ['sparse', '--design', path, ...argv.slice(3)];

  it.each<[string, string[], number, RegExp]>([
    ['a column of zeros', design(files.writeNpy('zero.npy', zero, [40, 100])), 3, /zeros alone in column 7/],
    ['depth 0', [...argv, '--depth', '0'], 2, /--depth should be a whole number of at least 1/],
    ['κ = 0', [...argv, '--ratio', '0'], 2, /--ratio should be a positive number/],
    ['a start of zeros', [...argv, '--init-scale', '0'], 2, /--init-scale should be a positive number/],
    [
      'NaN in a truth',
      [...argv.slice(0, 5), '--truth', files.writeNpy('nan.npy', nan, [100])],
      3,
      /nan\.npy should hold finite numbers, got NaN at 3/,
    ],
    [
      'A and y that disagree',
      ['sparse', '--design', argv[2], '--measurements', files.writeNpy('short.npy', y.slice(1), [39])],
      3,
      /as many rows as y has numbers, got 40 and 39/,
    ],
    ['an unknown method', [...argv, '--method', 'ompp'], 2, /Allowed choices are|Did you mean/],
    ['an option of another method', [...argv, '--method', 'omp', '--ratio', '5'], 2, /ratio/],
    ['omp for x ≥ 0', [...argv, '--method', 'omp', '--positive'], 2, /omp has no form/],
    ['f32', [...argv, '--precision', 'f32'], 2, /precision should be auto/],
    ['a vector for a design', design(argv[4]), 3, /should have shape \(M, N\)/],
  ])('%s', async (_what, command, code, sentence) => {
    const ended = await lorank(command);
    expect(ended.stderr).toMatch(sentence);
    expect(ended.code).toBe(code);
    expect(ended.stdout).toBe('');
  });

  it('nothing for y = 0: x = 0', async () => {
    const none = files.writeNpy('none.npy', new Float64Array(40), [40]);
    const { code, stdout } = await lorank(['sparse', '--design', argv[2], '--measurements', none, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ sparsity: 0, residual: 0 });
  });
});
