import { describe, expect, it } from 'vitest';
import { rangeOf } from '../../src/io/bytes.js';
import { writeMatrixMarket } from '../../src/io/mtx.js';
import { writeNpz } from '../../src/io/npz.js';
import { writePng } from '../../src/io/png.js';
import { openSafetensors, writeSafetensors } from '../../src/io/safetensors.js';
import { tensorMatrix, tensorOf } from '../../src/io/tensor.js';
import { singleKernels } from '../../src/kernels/index.js';
import { distance } from '../../src/linalg/distance.js';
import { matrix } from '../../src/matrix.js';
import { close } from '../close.js';
import { folder, lorank } from './harness.js';
import { lowRankMatrix } from './problems.js';

const [n1, n2, r] = [14, 11, 3];
const A = lowRankMatrix(n1, n2, r, 4);
const M = matrix(n1, n2, A);
const csv = (separator: string, header = '') =>
  header + Array.from({ length: n1 }, (_, i) => A.slice(i * n2, (i + 1) * n2).join(separator)).join('\n');

describe('lorank factor', () => {
  const files = folder();

  it.each([
    ['npy', () => files.writeNpy('A.npy', A, [n1, n2])],
    ['npz', () => files.write('A.npz', writeNpz({ A: tensorOf(A, [n1, n2]) }))],
    [
      'safetensors',
      () => files.write('A.safetensors', Buffer.concat([...writeSafetensors({ A: tensorOf(A, [n1, n2]) })])),
    ],
    ['mtx', () => files.write('A.mtx', Buffer.concat([...writeMatrixMarket(M)]))],
    ['csv', () => files.write('A.csv', csv(','))],
    ['csv with a header', () => files.write('B.csv', csv(';', `${'c;'.repeat(n2 - 1)}c\n`))],
    ['text with blanks', () => files.write('A.txt', csv(' '))],
  ])('reads %s, and its factors meet the matrix to 1e-10', async (_kind, make) => {
    const output = files.path('factors.safetensors');
    const { code, stdout } = await lorank(['factor', make(), '-r', '3', '-o', output, '--force', '--json']);
    expect(code).toBe(0);
    const { residual, iterations, seconds, threads, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({ outcome: 'converged', method: 'nystrom', width: 3, rank: 3, seed: 20230 });
    expect(residual).toBeLessThanOrEqual(1e-10);
    expect([iterations, seconds > 0, threads > 0]).toEqual([1, true, true]);
    const file = await openSafetensors(rangeOf(files.read('factors.safetensors')));
    expect(file.metadata).toMatchObject({ format: 'lorank-factors', method: 'nystrom', symmetric: 'false' });
    const [left, right] = await Promise.all(['left', 'right'].map(async (name) => tensorMatrix(await file.read(name))));
    expect([left.rows, left.cols, right.rows, right.cols]).toEqual([n1, 3, n2, 3]);
    close(distance(singleKernels(), { left, right }, M), 0, { atol: 1e-9 });
  });
  it('reads a grey image, and refuses one of three colours', async () => {
    const grey = matrix(
      9,
      8,
      Float64Array.from({ length: 72 }, (_, t) => (t * 37) % 256),
    );
    const path = files.write('grey.png', writePng([grey]));
    expect(JSON.parse((await lorank(['factor', path, '-r', '8', '--json'])).stdout).residual).toBeLessThanOrEqual(
      1e-10,
    );
    const { code, stderr } = await lorank(['factor', files.write('rgb.png', writePng([grey, grey, grey])), '-r', '2']);
    expect([code, stderr]).toEqual([3, expect.stringMatching(/rgb.png: the image should be grey/)]);
  });
  it('writes UUᵀ as one tensor, and verify finds the same bits', async () => {
    const S = Float64Array.from({ length: n1 * n1 }, (_, t) => {
      let sum = 0;
      for (let a = 0; a < n2; a++) sum += A[Math.floor(t / n1) * n2 + a] * A[(t % n1) * n2 + a];
      return sum;
    });
    const output = files.path('U.safetensors');
    const input = files.writeNpy('S.npy', S, [n1, n1]);
    const truth = files.writeNpy('T.npy', S, [n1, n1]);
    const made = await lorank(['factor', input, '--symmetric', '-r', '3', '--truth', truth, '-o', output, '--json']);
    expect(made.code).toBe(0);
    expect(JSON.parse(made.stdout).error.relativeFrobenius).toBeLessThanOrEqual(1e-10);
    const file = await openSafetensors(rangeOf(files.read('U.safetensors')));
    expect([...file.tensors.keys()]).toEqual(['left']);
    expect((await lorank(['verify', output])).code).toBe(0);
  });
  it('ends with exit code 4 and a step that would do where one diverges', async () => {
    const path = files.writeNpy('A.npy', A, [n1, n2]);
    const { code, stdout } = await lorank(['factor', path, '-r', '3', '--method', 'gd', '--step', '9']);
    expect(code).toBe(4);
    expect(stdout).toMatch(/diverged[\s\S]*A step of 9 does not converge; 0\.\d+ would do/);
  });
  it.each([
    ['an unknown method', ['A.npy', '--method', 'nystrm', '-r', '2'], 2, /got nystrm\n {2}did you mean nystrom/],
    ['an option of another method', ['A.npy', '-r', '2', '--damping', '1'], 2, /nystrom takes no --damping/],
    ['no rank', ['A.npy'], 2, /a rank is needed/],
    ['a rank beyond the shape', ['A.npy', '-r', '12'], 2, /between 1 and min\(n₁, n₂\) = 11, got 12/],
    ['a width below the rank', ['A.npy', '-r', '3', '--width', '2'], 2, /width should be at least the rank 3, got 2/],
    ['a file that is not there', ['none.npy', '-r', '2'], 2, /none.npy: no such file/],
    ['NaN', ['nan.csv', '-r', '1'], 3, /got NaN at row 2, column 1/],
    ['a word in the text', ['word.csv', '-r', '1'], 3, /word.csv: line 2, column 2 should be a number, got 'x'/],
    ['a short line', ['short.csv', '-r', '1'], 3, /short.csv: line 2 should have 2 numbers like the first row, got 1/],
    ['one axis', ['line.npy', '-r', '1'], 3, /two axes and entries, got shape \(4,\)/],
    [
      'a truth of another shape',
      ['A.npy', '-r', '1', '--truth', 'nan.csv'],
      3,
      /should have shape \(14, 11\), got \(2, 2\)/,
    ],
  ] as const)('%s is refused', async (_what, argv, exit, message) => {
    files.writeNpy('A.npy', A, [n1, n2]);
    files.writeNpy('line.npy', A.slice(0, 4), [4]);
    files.write('nan.csv', '1,2\nNaN,4\n');
    files.write('word.csv', '1,2\n3,x\n');
    files.write('short.csv', '1,2\n3\n');
    const there = argv.map((word) => (/\.(npy|csv)$/.test(word) ? files.path(word) : word));
    const { code, stderr } = await lorank(['factor', ...there]);
    expect([code, stderr]).toEqual([exit, expect.stringMatching(message)]);
  });
});
