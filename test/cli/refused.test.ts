// Bad input: the sentence, the exit code, and nothing overwritten or half written.

import { existsSync, mkdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { folder, lorank } from './harness.js';
import { ratingsText, writeSensing } from './problems.js';

const files = folder();
const good = files.write('good.csv', ratingsText());
const sensing = writeSensing(files);
const fit = files.path('fit.safetensors');
await lorank(['complete', good, '-o', fit]);

const bytes = (text: string) => Buffer.from(text);
const safetensors = (header: string, data = 0) => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return Buffer.concat([length, bytes(header), Buffer.alloc(data)]);
};
const tensor = (name: string, from: number, to: number) =>
  `"${name}":{"dtype":"F64","shape":[${(to - from) / 8}],"data_offsets":[${from},${to}]}`;
const withFlag = (flag: string, value: string) => {
  const argv = sensing.slice();
  if (argv.includes(flag)) argv[argv.indexOf(flag) + 1] = value;
  else argv.push(flag, value);
  return argv;
};

interface Row {
  readonly what: string;
  readonly argv: () => string[];
  readonly code: number;
  readonly says: RegExp;
}

const complete = (name: string, content: string | Uint8Array) => () => ['complete', files.write(name, content)];
const ratings: Row[] = [
  { what: 'an empty file', argv: complete('empty.csv', ''), code: 3, says: /empty\.csv: the file is empty/ },
  { what: 'a header only', argv: complete('h.csv', 'user,item,rating\n'), code: 3, says: /a header and no records/ },
  {
    what: 'a ragged row',
    argv: complete('ragged.csv', 'a,b,1\na,c\n'),
    code: 3,
    says: /ragged\.csv: row 2 should have 3 fields/,
  },
  {
    what: 'text where a number should be',
    argv: complete('text.csv', 'u,i,stars\na,b,1\na,c,good\n'),
    code: 3,
    says: /row 3, column 'stars' should be a number, got 'good'/,
  },
  { what: 'a rating NaN', argv: complete('nan.csv', 'a,b,1\na,c,NaN\n'), code: 3, says: /row 2.*finite.*'NaN'/ },
  { what: 'an infinite rating', argv: complete('inf.csv', 'a,b,1\na,c,inf\n'), code: 3, says: /row 2.*finite.*'inf'/ },
  {
    what: 'a truncated gz',
    argv: complete('cut.csv.gz', gzipSync(ratingsText()).subarray(0, 1500)),
    code: 3,
    says: /cut\.csv\.gz: .*truncated/,
  },
  { what: 'rank 0', argv: () => ['complete', good, '--rank', '0'], code: 2, says: /--rank should be auto or .*got 0/ },
  { what: 'a negative rank', argv: () => ['complete', good, '--rank', '-2'], code: 2, says: /--rank.*got -2/ },
  {
    what: 'a rank above the shape',
    argv: () => ['complete', good, '--rank', '26'],
    code: 2,
    says: /rank should be .* 25, got 26/,
  },
  { what: 'a missing file', argv: () => ['complete', files.path('no.csv')], code: 2, says: /no\.csv: no such file/ },
  {
    what: 'a missing test',
    argv: () => ['complete', good, '--test', files.path('no.csv')],
    code: 2,
    says: /no such file/,
  },
  {
    what: 'a column that is not there',
    argv: () => ['complete', good, '--user', 'uzer'],
    code: 2,
    says: /good\.csv: user should be a column of the file, got 'uzer'\n.*did you mean user, or/,
  },
  {
    what: 'a field that is not there',
    argv: () => ['complete', good, '--value', '4'],
    code: 2,
    says: /at least 4 fields/,
  },
  {
    what: 'a column by name where there is no header',
    argv: () => [...complete('bare.csv', '1,2,3\n4,5,6\n')(), '--user', '1', '--item', 'what'],
    code: 2,
    says: /item should be a column of the file, got 'what'/,
  },
  {
    what: 'values whose squares overflow',
    argv: complete('large.csv', ratingsText().replaceAll(/,(\d)(\.\d+)?(?=\n)/g, ',$1e160')),
    code: 3,
    says: /the values should be of moderate size, .* got \de\+160/,
  },
  {
    what: 'values whose squares vanish',
    argv: complete('tiny.csv', ratingsText().replaceAll(/,(\d)(\.\d+)?(?=\n)/g, ',$1e-160')),
    code: 3,
    says: /the values should be of moderate size, .* got \de-160/,
  },
  {
    what: 'a test whose squares overflow',
    argv: () => ['complete', good, '--test', files.write('huge.csv', 'u0,m0,1e200\n')],
    code: 3,
    says: /the values of the test should be of moderate size/,
  },
  {
    what: 'lines that end with CR alone',
    argv: complete('mac.csv', 'user,item,rating\ra,b,1\rc,d,2\r'),
    code: 3,
    says: /mac\.csv: the lines should end with LF or CRLF, got CR alone/,
  },
  {
    what: 'a flag that the method has no use for',
    argv: () => ['complete', good, '--method', 'auto', '--width', '3'],
    code: 2,
    says: /--method auto takes no --width/,
  },
];

const sensings: Row[] = [
  {
    what: 'rank 0',
    argv: () => withFlag('--rank', '0'),
    code: 2,
    says: /--rank should be a whole number of at least 1/,
  },
  { what: 'a rank above the shape', argv: () => withFlag('--rank', '11'), code: 2, says: /min\(n₁, n₂\) = 10, got 11/ },
  {
    what: 'a shape that does not divide A',
    argv: () => withFlag('--shape', '11,10'),
    code: 2,
    says: /should have shape \(m, 11, 10\) or \(m, 110\).*got \(200, 12, 10\)/,
  },
  {
    what: 'a shape that is none',
    argv: () => withFlag('--shape', '12'),
    code: 2,
    says: /two whole numbers n1,n2, got 12/,
  },
  {
    what: 'A with fewer measurements than y',
    argv: () => withFlag('--measurements', files.writeNpy('y201.npy', new Float64Array(201).fill(1), [201])),
    code: 3,
    says: /as many measurements as y, got 200 and 201/,
  },
  {
    what: 'a truncated npy',
    argv: () => withFlag('--operator', files.write('cut.npy', files.read('A.npy').subarray(0, 5000))),
    code: 3,
    says: /cut\.npy: shape \(200, 12, 10\) of F64 should take 192000 bytes, the file has 4872/,
  },
  {
    what: 'NaN among the measurements',
    argv: () => withFlag('--measurements', files.writeNpy('nan.npy', new Float64Array(200).fill(Number.NaN), [200])),
    code: 3,
    says: /nan\.npy should hold finite numbers, got NaN at measurement 0/,
  },
  {
    what: 'measurements that are all zero',
    argv: () => withFlag('--measurements', files.writeNpy('zero.npy', new Float64Array(200), [200])),
    code: 3,
    says: /zero\.npy should hold a number that is not zero/,
  },
  {
    what: 'NaN in the operator',
    argv: () =>
      withFlag('--operator', files.writeNpy('nanA.npy', new Float64Array(200 * 120).fill(Number.NaN), [200, 120])),
    code: 3,
    says: /nanA\.npy: measurement 0 should hold finite numbers/,
  },
  {
    what: 'a truth of another shape',
    argv: () => withFlag('--truth', files.path('y.npy')),
    code: 3,
    says: /y\.npy should have shape \(12, 10\)/,
  },
  {
    what: '--symmetric for a shape that is not square',
    argv: () => [...sensing, '--symmetric'],
    code: 2,
    says: /square, got 12×10/,
  },
  { what: 'an operator that is no npy', argv: () => withFlag('--operator', good), code: 3, says: /good\.csv: .*NUMPY/ },
];

const predict = (name: string, content: Uint8Array) => () => ['predict', files.write(name, content), good];
const others: Row[] = [
  {
    what: 'a truncated safetensors',
    argv: () => ['predict', files.write('cut.safetensors', files.read('fit.safetensors').subarray(0, 900)), good],
    code: 3,
    says: /cut\.safetensors: the header claims|cut\.safetensors: the tensors should end with the file/,
  },
  {
    what: 'a safetensors header claiming 2⁶⁰ bytes',
    argv: predict('huge.safetensors', Buffer.from([0, 0, 0, 0, 0, 0, 0, 0x10, 0x7b, 0x7d])),
    code: 3,
    says: /it claims 1152921504606846976/,
  },
  {
    what: 'a safetensors with overlaps',
    argv: predict('overlap.safetensors', safetensors(`{${tensor('a', 0, 16)},${tensor('b', 8, 24)}}`, 24)),
    code: 3,
    says: /an overlap before it/,
  },
  {
    what: 'a safetensors with holes',
    argv: predict('hole.safetensors', safetensors(`{${tensor('a', 0, 8)},${tensor('b', 16, 24)}}`, 24)),
    code: 3,
    says: /a hole before it/,
  },
  {
    what: 'a safetensors that is no fit',
    argv: predict('other.safetensors', safetensors(`{${tensor('a', 0, 8)}}`, 8)),
    code: 3,
    says: /'format' should be 'lorank-fit'/,
  },
  {
    what: 'an unknown option',
    argv: () => ['complete', good, '--rnk', '3'],
    code: 2,
    says: /unknown option '--rnk'\n {2}did you mean --rank\?/,
  },
  {
    what: 'an unknown verb',
    argv: () => ['complet', good],
    code: 2,
    says: /unknown command 'complet'\n {2}did you mean complete\?/,
  },
  { what: 'no verb', argv: () => [], code: 2, says: /no verb is named/ },
  { what: 'too many arguments', argv: () => ['verify', good, good], code: 2, says: /too many arguments/ },
  {
    what: 'a missing option',
    argv: () => ['sense'],
    code: 2,
    says: /required option '--operator <file>' not specified/,
  },
  {
    what: 'a choice that is none',
    argv: () => [...sensing, '--method', 'magic'],
    code: 2,
    says: /--method should be one of auto, .*got magic/s,
  },
  {
    what: 'threads that are none',
    argv: () => ['doctor', '--threads', '0'],
    code: 2,
    says: /--threads should be a whole number/,
  },
  { what: 'a description that is no JSON', argv: () => ['run', good], code: 3, says: /good\.csv: should be JSON/ },
  {
    what: 'a description with an unknown key',
    argv: () => ['run', files.write('spec.json', '{"lorank":1,"task":"sense","date":{}}')],
    code: 2,
    says: /"date"/,
  },
  { what: 'an output without a manifest', argv: () => ['verify', good], code: 2, says: /no manifest beside it/ },
];

describe.each([
  ['complete', ratings],
  ['sense', sensings],
  ['the others', others],
])('%s refuses', (_, rows) => {
  it.each(rows)('$what', async ({ argv, code, says }) => {
    const command = argv();
    const output = files.path('refused.out');
    const before = files.list();
    const takesOutput = ['complete', 'sense', 'predict', 'run'].includes(command[0]);
    const ended = await lorank(takesOutput ? [...command, '-o', output] : command);
    expect(ended.stderr).toMatch(says);
    expect(ended.stderr).not.toMatch(/\n\s+at /);
    expect(ended.code).toBe(code);
    expect(ended.stdout).toBe('');
    expect(existsSync(output)).toBe(false);
    expect(files.list()).toEqual(before);
  });

  it('the same with --json as one document on stdout', async () => {
    for (const { argv, code, says } of rows) {
      const ended = await lorank([...argv(), '--json']);
      const { error } = JSON.parse(ended.stdout);
      expect(Object.keys(error)).toEqual(expect.arrayContaining(['code', 'message']));
      expect(error.code).toBe(code === 2 ? 'usage' : 'data');
      expect(`${error.message}\n  ${error.hint}`).toMatch(says);
      expect(ended.stderr).toContain(error.message);
    }
  });
});

describe('an output', () => {
  it('is never an input, by its own name or by another', async () => {
    const before = files.read('good.csv');
    for (const name of [good, `${files.path('.')}/./good.csv`]) {
      const ended = await lorank(['complete', good, '-o', name, '--force']);
      expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('is the input') });
    }
    const ended = await lorank([...sensing, '-o', files.path('truth.npy'), '--force']);
    expect(ended.code).toBe(2);
    expect(files.read('good.csv')).toEqual(before);
  });

  it('that exists is kept without --force, and replaced with it', async () => {
    const output = files.write('there.safetensors', 'precious');
    const kept = await lorank(['complete', good, '-o', output]);
    expect(kept).toMatchObject({ code: 2, stderr: expect.stringContaining('--force') });
    expect(files.read('there.safetensors').toString()).toBe('precious');
    expect((await lorank(['complete', good, '-o', output, '--force'])).code).toBe(0);
    expect(files.read('there.safetensors').toString()).toContain('lorank-fit');
  });

  it('of a run that fails with --force is kept', async () => {
    const output = files.write('kept.safetensors', 'precious');
    const ragged = files.write('ragged2.csv', 'a,b,1\na,c\n');
    expect((await lorank(['complete', ragged, '-o', output, '--force'])).code).toBe(3);
    expect(files.read('kept.safetensors').toString()).toBe('precious');
  });

  it('needs its folder', async () => {
    const ended = await lorank(['complete', good, '-o', files.path('nowhere/fit.safetensors')]);
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringMatching(/nowhere does not exist\n {2}mkdir -p/) });
  });

  it('is no folder', async () => {
    mkdirSync(files.path('folder'));
    const ended = await lorank(['complete', good, '-o', files.path('folder')]);
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('is a folder') });
  });

  it('on standard output excludes --json', async () => {
    expect((await lorank(['complete', good, '-o', '-', '--json'])).code).toBe(2);
  });
});
