// What looks odd and is fine, the documents of --json, and predictions.

import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { exitCode } from '../../src/cli/report.js';
import type { Finished } from '../../src/engine/jobs.js';
import { rangeOf } from '../../src/io/bytes.js';
import { readMatrixMarket } from '../../src/io/mtx.js';
import { readNpy } from '../../src/io/npy.js';
import { openSafetensors } from '../../src/io/safetensors.js';
import { toFloat64 } from '../../src/io/tensor.js';
import { close } from '../close.js';
import { folder, lorank } from './harness.js';
import { lowRankMatrix, ratingsText, writeSensing } from './problems.js';

const files = folder();
const ratings = files.write('ratings.csv', ratingsText());
const errors = { rmse: expect.any(Number), mae: expect.any(Number) };
const scores = { count: expect.any(Number), ...errors, baselines: { globalMean: errors, bias: errors } };

describe('complete', () => {
  it('--json has exactly the keys promised, and beats the baselines on a table made for it', async () => {
    const test = files.write('test.csv', 'user,item,rating\nu0,m0,3\nu1,m2,3\nnobody,m1,3\nu3,nothing,3\n');
    const output = files.path('fit.safetensors');
    const ended = await lorank([
      'complete',
      ratings,
      '--test',
      test,
      '--json',
      '--threads',
      '2',
      '--seed',
      '5',
      '-o',
      output,
    ]);
    const document = JSON.parse(ended.stdout);
    expect(document).toEqual({
      outcome: 'converged',
      method: expect.any(String),
      rank: expect.any(Number),
      iterations: expect.any(Number),
      seconds: expect.any(Number),
      seed: 5,
      threads: 2,
      heldOut: scores,
      test: { ...scores, count: 4, unseen: 2 },
    });
    expect(document.heldOut.rmse).toBeLessThan(0.8 * document.heldOut.baselines.bias.rmse);
    expect(ended.code).toBe(0);

    const file = await openSafetensors(rangeOf(files.read('fit.safetensors')));
    expect([...file.tensors.keys()].sort()).toEqual([
      'colBias',
      'colFactors',
      'colIds.bytes',
      'colIds.offsets',
      'globalMean',
      'rowBias',
      'rowFactors',
      'rowIds.bytes',
      'rowIds.offsets',
    ]);
    expect(file.metadata).toMatchObject({ format: 'lorank-fit', version: '1', seed: '5' });
    expect(file.tensors.get('rowFactors')).toMatchObject({ dtype: 'F64', shape: [40, document.rank] });
  });

  it('a file, its gz and standard input give the same fit', async () => {
    const text = ratingsText();
    const gz = files.write('ratings.csv.gz', gzipSync(text));
    const [a, b, c] = ['a', 'b', 'c'].map((name) => files.path(`${name}.safetensors`));
    await lorank(['complete', ratings, '-o', a]);
    await lorank(['complete', gz, '-o', b]);
    await lorank(['complete', '-', '-o', c], { stdin: text });
    expect(readFileSync(b)).toEqual(readFileSync(a));
    expect(readFileSync(c)).toEqual(readFileSync(a));
  });

  it('one is singular: 1 record, 1 rating, 1 pair', async () => {
    const one = files.write('alone.csv', 'ann,tea,4\n');
    const { stdout, stderr } = await lorank(['complete', one, '--test', one, '-o', files.path('alone.safetensors')]);
    const predicted = await lorank(['predict', files.path('alone.safetensors'), '-'], { stdin: 'ann,tea\n' });
    const said = `${stdout}${stderr}${predicted.stderr}`;
    for (const noun of ['1 record', '1 rating of 1 item by 1 user', 'Error on 1 rating of the test', '1 pair'])
      expect(said).toContain(noun);
    expect(said).not.toMatch(/\b1 (\w+ )?(records|ratings|items|users|pairs|iterations|threads|steps)\b/);
  });

  it('a single rating: rank 0, the rating everywhere, exit 0', async () => {
    const one = files.write('one.csv', 'ann,tea,3.5\n');
    const output = files.path('one.safetensors');
    const ended = await lorank(['complete', one, '--json', '-o', output]);
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ outcome: 'converged', rank: 0 });
    const predicted = await lorank(['predict', output, '-'], { stdin: 'ann,tea\nbob,tea\n' });
    expect(predicted.stdout).toBe('user,item,prediction\nann,tea,3.5\nbob,tea,3.5\n');
  });

  it('duplicates are averaged and counted', async () => {
    const twice = files.write('twice.csv', 'a,x,1\na,x,3\na,x,5\nb,y,2\n');
    const output = files.path('twice.safetensors');
    const ended = await lorank(['complete', twice, '-o', output]);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/2 .*(repeat|duplicate)/i);
    const mean = files.write('mean.csv', 'a,x,3\nb,y,2\n');
    await lorank(['complete', mean, '-o', files.path('mean.safetensors')]);
    const pairs = { stdin: 'a,x\nb,y\na,y\n' };
    expect((await lorank(['predict', output, '-'], pairs)).stdout).toBe(
      (await lorank(['predict', files.path('mean.safetensors'), '-'], pairs)).stdout,
    );
  });

  it('a byte order mark, CRLF, quotes, commas, emoji and a line of 10⁶ characters', async () => {
    const long = 'x'.repeat(1_000_000);
    const text = `\ufeffuser,item,rating\r\n"a, ""b""",🎬,4\r\n${long},"new\nline",2\r\n`;
    const odd = files.write('odd.csv', text);
    const output = files.path('odd.safetensors');
    expect((await lorank(['complete', odd, '-o', output])).code).toBe(0);
    const { stdout } = await lorank(['predict', output, odd, '--json']);
    const { predictions, unseen } = JSON.parse(stdout);
    expect(predictions.map(({ user, item }: { user: string; item: string }) => [user, item])).toEqual([
      ['a, "b"', '🎬'],
      [long, 'new\nline'],
    ]);
    expect(unseen).toBe(0);
  });

  it('a matrix with NaN: a row and a column without entries are answered by the biases', async () => {
    const data = lowRankMatrix(30, 20, 1, 2);
    for (let i = 0; i < 30; i++)
      for (let j = 0; j < 20; j++) if (i === 3 || j === 4 || (i + 2 * j) % 3 === 0) data[i * 20 + j] = Number.NaN;
    const npy = files.writeNpy('holes.npy', data, [30, 20]);
    const output = files.path('holes.safetensors');
    expect((await lorank(['complete', npy, '-o', output, '--quiet'])).code).toBe(0);
    const { stdout } = await lorank(['predict', output, '-'], { stdin: '3,0\n3,4\n0,4\n' });
    const values = stdout
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => Number(line.split(',')[2]));
    const file = await openSafetensors(rangeOf(files.read('holes.safetensors')));
    const [mean] = toFloat64(await file.read('globalMean'));
    expect(values.every(Number.isFinite)).toBe(true);
    close(values[1], mean, { atol: 1e-12 });
  });

  it('a run cut short: exit 4, and the fit is written', async () => {
    const output = files.path('short.safetensors');
    const ended = await lorank(['complete', ratings, '--method', 'gd', '--iterations', '1', '-o', output, '--json']);
    expect(JSON.parse(ended.stdout).outcome).toBe('iteration-limit');
    expect(ended.code).toBe(4);
    expect(files.list()).toContain('short.safetensors');
  });

  it('exit 4 exactly when the held-out RMSE is more than 0.5 % above the best baseline, here 1', () => {
    const ends = (rmse: number) => {
      const baselines = { globalMean: { rmse: 1.2, mae: 1 }, bias: { rmse: 1, mae: 1 } };
      const result = { heldOut: { count: 9, unseen: 0, rmse, mae: 1, baselines } };
      return exitCode({ task: 'complete', outcome: 'converged', result } as unknown as Finished);
    };
    expect([0.9, 1, 1.0049, 1.0051, 2].map(ends)).toEqual([0, 0, 0, 4, 4]);
  });
});

describe('sense', () => {
  const sensing = writeSensing(files);

  it('--json has exactly the keys promised; noiseless default: relative error ≤ 1e-6', async () => {
    const ended = await lorank([...sensing, '--json', '--threads', '1', '-o', files.path('X.npy')]);
    const document = JSON.parse(ended.stdout);
    expect(document).toEqual({
      outcome: 'converged',
      method: 'auto',
      width: expect.any(Number),
      rank: 2,
      iterations: expect.any(Number),
      seconds: expect.any(Number),
      seed: expect.any(Number),
      threads: 1,
      residual: expect.any(Number),
      error: { relativeFrobenius: expect.any(Number) },
    });
    expect(document.error.relativeFrobenius).toBeLessThan(1e-6);
    expect(ended.code).toBe(0);
    const X = await readNpy(files.read('X.npy'));
    expect(X).toMatchObject({ dtype: 'F64', shape: [12, 10], fortran: false });
    close(toFloat64(X), lowRankMatrix(12, 10, 2, 1), { atol: 1e-5 });
  });

  it('m×(n1·n2) in f32 is the same problem to 1e-6, with and without --precision', async () => {
    const other = folder();
    const flat = writeSensing(other, { f32: true, flat: true });
    for (const precision of [[], ['--precision', 'f64']]) {
      const { stdout } = await lorank([...flat, ...precision, '--json']);
      expect(JSON.parse(stdout).error.relativeFrobenius).toBeLessThan(1e-6);
    }
  });

  it('an operator of more bytes than one block of the reader', async () => {
    const other = folder();
    const command = writeSensing(other, { n1: 24, n2: 20, r: 1, m: 4500 });
    const npy = other.read('A.npy');
    expect(npy.length).toBeGreaterThan(1 << 24);
    const { stdout } = await lorank([...command, '--json']);
    expect(JSON.parse(stdout).error.relativeFrobenius).toBeLessThan(1e-6);
  });

  it('--symmetric with full matrices in f32: the rank is found, the error ≤ 1e-6', async () => {
    const other = folder();
    const command = writeSensing(other, { n1: 14, n2: 14, m: 260, f32: true, symmetric: true });
    const { stdout } = await lorank([...command, '--symmetric', '--json']);
    const { rank, error } = JSON.parse(stdout);
    expect(rank).toBe(2);
    expect(error.relativeFrobenius).toBeLessThan(1e-6);
  });

  it('-o X.mtx writes the same numbers as Matrix Market, to the bit, and verify finds them', async () => {
    const [npy, mtx] = [files.path('same.npy'), files.path('same.mtx')];
    for (const output of [npy, mtx]) await lorank([...sensing, '-o', output]);
    const { dense } = await readMatrixMarket(files.read('same.mtx'));
    expect(dense!.data).toEqual(toFloat64(await readNpy(files.read('same.npy'))));
    expect((await lorank(['verify', mtx])).code).toBe(0);
  });

  it('does not know the truth: without it, the same bytes', async () => {
    const at = sensing.indexOf('--truth');
    await lorank([...sensing.toSpliced(at, 2), '-o', files.path('X2.npy')]);
    expect(files.read('X2.npy')).toEqual(files.read('X.npy'));
  });

  it('--width may exceed the shape; a run cut short ends with 4 and is written', async () => {
    const ended = await lorank([
      ...sensing,
      '--width',
      '15',
      '--iterations',
      '20',
      '--json',
      '-o',
      files.path('wide.npy'),
    ]);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      outcome: 'iteration-limit',
      method: 'gd',
      width: 15,
      iterations: 20,
    });
    expect(ended.code).toBe(4);
    expect(files.list()).toContain('wide.npy');
  });

  it('tells people what it rests on, and nothing with --quiet but the report', async () => {
    const ended = await lorank([...sensing, '--quiet']);
    expect(ended.stdout).toContain('assumed, not checked');
    expect(ended.stderr).toBe('');
  });
});

describe('inspect', () => {
  it('says shape, type, range and spectrum of a matrix', async () => {
    const { stdout } = await lorank(['inspect', files.path('truth.npy'), '--json']);
    const { format, parts } = JSON.parse(stdout);
    expect(format).toBe('npy');
    expect(parts[0]).toMatchObject({ shape: [12, 10], type: 'F64', range: { count: 120, missing: 0 } });
    expect(parts[0].singularValues.filter((value: number) => value > 1e-10)).toHaveLength(2);
  });

  it('counts missing entries, users and items', async () => {
    const holes = JSON.parse((await lorank(['inspect', files.path('holes.npy'), '--json'])).stdout);
    expect(holes.parts[0].range.missing + holes.parts[0].range.count).toBe(600);
    const table = JSON.parse((await lorank(['inspect', ratings, '--json'])).stdout);
    expect(table.ratings).toMatchObject({ users: 40, items: 25, records: 750, header: true });
  });

  it('reads every file that lorank writes', async () => {
    for (const name of ['fit.safetensors', 'X.npy', 'fit.safetensors.manifest.json'])
      expect((await lorank(['inspect', files.path(name)])).code).toBe(0);
  });
});

it('doctor: every known answer is right, on one thread and on two', async () => {
  for (const threads of ['1', '2']) {
    const ended = await lorank(['doctor', '--json', '--threads', threads]);
    const { healthy, checks } = JSON.parse(ended.stdout);
    expect(checks.filter(({ passed }: { passed: boolean }) => !passed)).toEqual([]);
    expect(healthy).toBe(true);
    expect(ended.code).toBe(0);
  }
});
