// What a run says of a setting that does not suit its data.

import { describe, expect, it } from 'vitest';
import { normals, stream } from '../../src/random/index.js';
import { folder, lorank } from './harness.js';
import { lowRankMatrix } from './problems.js';

const files = folder();

describe('symmetric measurements', () => {
  const [n, m] = [10, 90];
  const X = lowRankMatrix(n, n, 2, 1, true);
  const write = (name: string, symmetric: boolean): string[] => {
    const B = normals(stream(1, 'A'), m * n * n);
    const mirrored = (t: number) => t - (t % (n * n)) + (t % n) * n + (Math.floor(t / n) % n);
    const A = symmetric ? B.map((b, t) => (b + B[mirrored(t)]) / 2) : B;
    const y = Float64Array.from({ length: m }, (_, i) => X.reduce((sum, x, t) => sum + x * A[i * n * n + t], 0));
    return [
      'sense',
      '--operator',
      files.writeNpy(`${name}.npy`, A, [m, n, n]),
      '--measurements',
      files.writeNpy(`${name}-y.npy`, y, [m]),
      '--shape',
      `${n},${n}`,
      '--method',
      'gd',
      '--rank',
      '2',
      '--iterations',
      '30',
      '--json',
    ];
  };

  it('not said to be of a symmetric X: a note names --symmetric', async () => {
    const argv = write('mirrored', true);
    expect((await lorank(argv)).stderr).toMatch(/Every A_i is symmetric, .*--symmetric/);
    expect((await lorank([...argv, '--symmetric'])).stderr).not.toContain('Every A_i');
    expect((await lorank([...argv, '--quiet'])).stderr).toBe('');
  });
  it('and others are not warned of', async () => {
    expect((await lorank(write('plain', false))).stderr).not.toContain('Every A_i');
  });
});
