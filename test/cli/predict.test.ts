// The manifest of predictions: repeated, verified, and what changes do to it.

import { describe, expect, it } from 'vitest';
import { folder, lorank } from './harness.js';
import { ratingsText } from './problems.js';

const files = folder();

describe('lorank predict -o', () => {
  const fit = files.path('fit.safetensors');
  const pairs = files.write('pairs.csv', 'who,what\nu1,m2\nu3,m4\nnobody,m1\n');
  const output = files.path('out.csv');
  const argv = ['predict', fit, pairs, '--user', 'who', '--item', '2'];

  it('writes a manifest with the hashes of what it read and wrote, and not without --force over one that is there', async () => {
    await lorank(['complete', files.write('ratings.csv', ratingsText()), '--rank', '1', '-o', fit]);
    expect((await lorank([...argv, '-o', output])).code).toBe(0);
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(JSON.parse(files.read('out.csv.manifest.json').toString())).toEqual({
      spec: { lorank: 1, task: 'predict', fit: 'fit.safetensors', pairs: 'pairs.csv', user: 'who', item: 2 },
      versions: { lorank: expect.any(String), node: expect.any(String) },
      inputs: [
        { path: 'fit.safetensors', sha256: hash },
        { path: 'pairs.csv', sha256: hash },
      ],
      outputs: [{ path: 'out.csv', sha256: hash }],
    });
    expect((await lorank([...argv, '-o', output])).code).toBe(2);
    expect((await lorank([...argv, '-o', output, '--force'])).code).toBe(0);
  });

  it('is repeated from its manifest, to the same bytes', async () => {
    const again = files.path('again.csv');
    expect((await lorank(['run', `${output}.manifest.json`, '-o', again])).code).toBe(0);
    expect(files.read('again.csv')).toEqual(files.read('out.csv'));
  });

  it('is verified, and not once the output or an input is another', async () => {
    const verify = async () => {
      const { code, stdout } = await lorank(['verify', output, '--json']);
      return { code, ...JSON.parse(stdout).manifests[0] };
    };
    expect(await verify()).toMatchObject({ code: 0, outputs: [{ file: 'same', recomputed: 'same' }] });
    files.write('out.csv', `${files.read('out.csv')}\n`);
    expect(await verify()).toMatchObject({ code: 5, outputs: [{ file: 'different', recomputed: 'same' }] });
    files.write('pairs.csv', 'who,what\nu1,m2\n');
    expect(await verify()).toMatchObject({ code: 5, inputs: [{ file: 'same' }, { file: 'different' }] });
    expect((await lorank(['run', `${output}.manifest.json`])).code).toBe(3);
  });

  it('of pairs from standard input says that they are gone', async () => {
    const piped = files.path('piped.csv');
    await lorank(['predict', fit, '-', '-o', piped], { stdin: 'u1,m2\n' });
    expect(await lorank(['verify', piped])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('which is gone'),
    });
  });
});
