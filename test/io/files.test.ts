// Matrix Market, Parquet, NDJSON, PNG, CSV writing, and telling them apart.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { gzipSync, zlibSync } from 'fflate';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { peek, rangeOf, readAll } from '../../src/io/bytes.js';
import { writeCsv } from '../../src/io/csv.js';
import { crc32 } from '../../src/io/gzip.js';
import { Ids } from '../../src/io/ids.js';
import { readMatrixMarket, writeMatrixMarket, writeMatrixMarketEntries } from '../../src/io/mtx.js';
import { writeNpy } from '../../src/io/npy.js';
import { openParquet, writeParquet } from '../../src/io/parquet.js';
import { checkPages } from '../../src/io/parquetPages.js';
import { readPng, writePng } from '../../src/io/png.js';
import { readRatings } from '../../src/io/ratings.js';
import { writeSafetensors } from '../../src/io/safetensors.js';
import { sniff } from '../../src/io/sniff.js';
import { tensorOf } from '../../src/io/tensor.js';
import { at, matrix, transpose } from '../../src/matrix.js';
import { bytesOf, cut, sentence, triplesOf, utf8 } from './helpers.js';

const DATA = '../shared/data';
const PYTHON = '/usr/bin/python3';
const scipy = (() => {
  try {
    execFileSync(PYTHON, ['-c', 'import scipy.io'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe('Matrix Market', () => {
  const dense = async (text: string) => {
    const { header, coordinates, dense } = await readMatrixMarket(utf8(text));
    const A = dense ?? matrix(header.rows, header.cols);
    if (coordinates)
      for (let e = 0; e < coordinates.count; e++)
        A.data[coordinates.rows[e] * A.cols + coordinates.cols[e]] += coordinates.values[e];
    return Array.from({ length: A.rows }, (_, i) => Array.from({ length: A.cols }, (_, j) => at(A, i, j)));
  };
  it.each([
    [
      'coordinate real general',
      '2 3 3\n1 1 1.5\n2 3 -2e1\n1 2 3',
      [
        [1.5, 3, 0],
        [0, 0, -20],
      ],
    ],
    [
      'coordinate integer symmetric',
      '2 2 2\n1 1 4\n2 1 5',
      [
        [4, 5],
        [5, 0],
      ],
    ],
    [
      'coordinate real skew-symmetric',
      '2 2 1\n2 1 5',
      [
        [0, -5],
        [5, 0],
      ],
    ],
    [
      'coordinate pattern general',
      '2 2 2\n1 2\n2 1',
      [
        [0, 1],
        [1, 0],
      ],
    ],
    [
      'array real general',
      '2 3\n1\n2\n3\n4\n5\n6',
      [
        [1, 3, 5],
        [2, 4, 6],
      ],
    ],
    [
      'array real symmetric',
      '3 3\n1\n2\n3\n4\n5\n6',
      [
        [1, 2, 3],
        [2, 4, 5],
        [3, 5, 6],
      ],
    ],
    [
      'array real skew-symmetric',
      '3 3\n1\n2\n3',
      [
        [0, -1, -2],
        [1, 0, -3],
        [2, 3, 0],
      ],
    ],
    ['array integer general', '0 0', []],
  ] as [string, string, number[][]][])('%s', async (kind, body, expected) => {
    expect(await dense(`%%MatrixMarket matrix ${kind}\n% a comment\n\n%\n${body}\n`)).toEqual(expected);
    expect(await dense(`%%matrixmarket MATRIX ${kind.toUpperCase()}\r\n  ${body.replaceAll('\n', ' \r\n\t')}`)).toEqual(
      expected,
    );
  });
  it('what is written is read, cut anywhere', async () => {
    const value = fc.double({ noNaN: true, noDefaultInfinity: true });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(6), fc.nat(4), value), { maxLength: 30 }),
        fc.array(fc.nat(300)),
        async (entries, places) => {
          const [rows, cols] = [0, 1].map((k) => Int32Array.from(entries.map((entry) => entry[k])));
          const coordinates = {
            rows,
            cols,
            values: Float64Array.from(entries.map(([, , v]) => v)),
            count: entries.length,
          };
          const file = bytesOf(writeMatrixMarketEntries(7, 5, coordinates));
          const read = await readMatrixMarket(
            cut(
              file,
              places.map((p) => p % file.length),
            ),
          );
          expect(read.coordinates).toEqual(coordinates);
          const A = matrix(entries.length, 1, coordinates.values);
          expect((await readMatrixMarket(bytesOf(writeMatrixMarket(transpose(A))))).dense?.data).toEqual(A.data);
        },
      ),
    );
  });
  it.each([
    ['', 'the file is empty'],
    [
      '%%MatrixMarket vector coordinate real general\n1 1 0\n',
      "the file should start with '%%MatrixMarket matrix', got '%%MatrixMarket vector coordinate real general'",
    ],
    [
      '%%MatrixMarket matrix coordinate complex general\n1 1 0\n',
      "the entries should be real, integer or (coordinates) pattern, got 'complex'",
    ],
    [
      '%%MatrixMarket matrix coordinate real hermitian\n1 1 0\n',
      "the symmetry should be general, symmetric or skew-symmetric, got 'hermitian'",
    ],
    ['%%MatrixMarket matrix list real general\n1 1 0\n', "the format should be coordinate or array, got 'list'"],
    ['%%MatrixMarket matrix coordinate real general\n', 'the size line is missing'],
    ['%%MatrixMarket matrix coordinate real general\n2 2\n', "the size line should be 3 whole numbers, got '2 2'"],
    ['%%MatrixMarket matrix coordinate real symmetric\n2 3 0\n', 'a symmetric matrix should be square, got 2×3'],
    ['%%MatrixMarket matrix coordinate real general\n2 2 2\n1 1 1\n', 'the file should have 2 entries, got 1'],
    [
      '%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 1\n1 2 1\n',
      'line 4: the file should have 1 entry, got more',
    ],
    [
      '%%MatrixMarket matrix coordinate real general\n2 2 1\n0 1 1\n',
      "line 3 should start with a place within 2×2, got '0 1 1'",
    ],
    [
      '%%MatrixMarket matrix coordinate real general\n2 2 1\n1 3 1\n',
      "line 3 should start with a place within 2×2, got '1 3 1'",
    ],
    ['%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 x\n', "line 3: the value should be a number, got 'x'"],
    ['%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 1 1\n', "line 3 has more than an entry: '1 1 1 1'"],
    [
      '%%MatrixMarket matrix coordinate real symmetric\n2 2 1\n1 2 1\n',
      'line 3: a symmetric matrix lists entries below the diagonal only',
    ],
  ])('%j is refused', async (text, expected) => {
    expect(await sentence(readMatrixMarket(utf8(text)))).toBe(`readMatrixMarket: ${expected}`);
  });
  it.skipIf(!scipy)('SciPy reads ours and we read SciPy (skipped where python3 has no scipy)', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lorank-io-'));
    try {
      const coordinates = {
        rows: Int32Array.of(0, 2),
        cols: Int32Array.of(1, 0),
        values: Float64Array.of(0.1, -3),
        count: 2,
      };
      writeFileSync(join(folder, 'c.mtx'), bytesOf(writeMatrixMarketEntries(3, 2, coordinates)));
      writeFileSync(join(folder, 'd.mtx'), bytesOf(writeMatrixMarket(matrix(2, 2, Float64Array.of(1, 2, 3, 4)))));
      const code = `
from scipy.io import mmread, mmwrite
import scipy.sparse as sp, numpy as np
print(mmread('c.mtx').toarray().tolist(), mmread('d.mtx').tolist())
r = np.random.default_rng(1); S = sp.random(9, 9, 0.3, random_state=1); S = S + S.T
mmwrite('s.mtx', S); mmwrite('g.mtx', sp.random(8, 5, 0.4, random_state=2)); mmwrite('a.mtx', r.standard_normal((3, 4)))
np.savetxt('s.txt', mmread('s.mtx').toarray()); np.savetxt('g.txt', mmread('g.mtx').toarray()); np.savetxt('a.txt', mmread('a.mtx'))`;
      const printed = execFileSync(PYTHON, ['-c', code], {
        cwd: folder,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      expect(printed.trim()).toBe('[[0.0, 0.1], [0.0, 0.0], [-3.0, 0.0]] [[1.0, 2.0], [3.0, 4.0]]');
      for (const name of ['s', 'g', 'a'])
        expect(await dense(readFileSync(join(folder, `${name}.mtx`), 'utf8'))).toEqual(
          readFileSync(join(folder, `${name}.txt`), 'utf8')
            .trim()
            .split('\n')
            .map((line) => line.split(' ').map(Number)),
        );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  it('as ratings, ids are its 1-based numbers', async () => {
    const text = '%%MatrixMarket matrix coordinate real general\n3 2 2\n3 1 4.5\n1 2 2\n';
    expect((await triplesOf(text)).triples).toEqual([
      ['3', '1', 4.5],
      ['1', '2', 2],
    ]);
    expect(await sentence(triplesOf(text.replace('4.5', 'nan')))).toBe(
      "readRatings: entry (3, 1), column 'value' should be a finite number, got 'NaN'",
    );
  });
});

describe('Parquet', () => {
  it('what is written is read: texts, doubles, 64-bit integers, nulls', async () => {
    const file = writeParquet([
      { name: 'id', data: ['é', '01', null] },
      { name: 'big', data: BigInt64Array.of(-(2n ** 63n), 2n ** 60n, 3n) },
      { name: 'x', data: Float64Array.of(0.1, -0, 5e-324) },
      { name: 'y', data: [1, null, 3] },
    ]);
    const table = await openParquet(file);
    expect(table.rows).toBe(3);
    expect(table.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'id string',
      'big int64',
      'x double',
      'y double',
    ]);
    for await (const { count, columns } of table.groups(['y', 'id', 'big', 'x'])) {
      expect(count).toBe(3);
      expect(columns.map((column) => Array.from(column, (v) => v ?? null))).toEqual([
        [1, null, 3],
        ['é', '01', null],
        [-(2n ** 63n), 2n ** 60n, 3n],
        [0.1, -0, 5e-324],
      ]);
    }
    expect(
      await sentence(() =>
        writeParquet([
          { name: 'a', data: [1] },
          { name: 'b', data: [] },
        ]),
      ),
    ).toBe('writeParquet: columns should be of one length, got 1, 0');
  });
  it('as ratings: columns by name or number, integer and text ids, nulls missing, several row groups', async () => {
    const n = 5000;
    const file = new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          { name: 'when', data: Array.from({ length: n }, (_, i) => i), type: 'INT32' },
          { name: 'userId', data: Array.from({ length: n }, (_, i) => BigInt(i % 7) * 2n ** 40n), type: 'INT64' },
          { name: 'movie_id', data: Array.from({ length: n }, (_, i) => `m${i % 5}`), type: 'STRING' },
          { name: 'rating', data: Array.from({ length: n }, (_, i) => (i % 10 === 3 ? null : i / 2)), type: 'DOUBLE' },
        ],
        rowGroupSize: 700,
      }),
    );
    const expected = Array.from({ length: n }, (_, i) => [String((i % 7) * 2 ** 40), `m${i % 5}`, i / 2]).filter(
      (_, i) => i % 10 !== 3,
    );
    const { triples, summary } = await triplesOf(file);
    expect(triples).toEqual(expected);
    expect(summary).toMatchObject({ format: 'parquet', records: n, missing: n / 10 });
    expect((await triplesOf(cut(file, [1, 100, 5000]), { user: 2, item: 'movie_id', value: '4' })).triples).toEqual(
      expected,
    );
    expect(await sentence(triplesOf(file, { user: 'who' }))).toBe(
      "readRatings: user should be a column of the file, got 'who'",
    );
    expect(await sentence(triplesOf(file, { value: 'movie_id', item: 'when' }))).toBe(
      "readRatings: row 1, column 'movie_id' should be a number, got 'm0'",
    );
  });
  it('integers beyond 2⁵³ keep their digits as ids; NaN and null ids are refused', async () => {
    const table = (id: (string | number | null)[] | BigInt64Array, value: number[]) =>
      writeParquet([
        { name: 'user', data: id },
        { name: 'item', data: value.map(() => 'i') },
        { name: 'rating', data: Float64Array.from(value) },
      ]);
    expect((await triplesOf(table(BigInt64Array.of(2n ** 62n + 1n, -5n), [1, 2]))).triples).toEqual([
      ['4611686018427387905', 'i', 1],
      ['-5', 'i', 2],
    ]);
    const exact = [2n ** 31n + 1n, -5n, 2n ** 53n - 1n, -(2n ** 53n) + 1n, -(2n ** 40n), 0n];
    expect(
      (await triplesOf(table(BigInt64Array.from(exact), exact.map(Number)))).triples.map(([user]) => user),
    ).toEqual(exact.map(String));
    expect(await sentence(triplesOf(table(['a', null], [1, 2])))).toMatch(
      /^readRatings: row 2, column 'user' should be an id, got/,
    );
    expect(await sentence(triplesOf(table(['a', 'b'], [1, Number.NaN])))).toMatch(
      /^readRatings: row 2, column 'rating' should be a finite number/,
    );
    expect(await sentence(triplesOf(table([1.5, 2], [1, 2])))).toMatch(/column 'user' should be an id, got 1.5/);
  });
  it.each([
    ['2³³ doubles', [0x19, 0xf7, 0x80, 0x80, 0x80, 0x80, 0x20, ...new Array(64).fill(0)], /page that is cut off/],
    ['2³³ texts', [0x19, 0xf8, 0x80, 0x80, 0x80, 0x80, 0x20, 0x7f], /page that is cut off/],
    ['a text of 2³⁰ bytes', [0x18, 0x80, 0x80, 0x80, 0x80, 0x04, 0, 0], /page that is cut off/],
    ['lists in lists in lists …', [0x19, ...new Array(1e5).fill(0x19)], /many levels/],
  ])('a page header that claims %s: refused at once', (_, bytes, message) => {
    const column = { codec: 'UNCOMPRESSED', boolean: false, optional: false, values: 1, uncompressed: 9 };
    const since = performance.now();
    expect(() => checkPages(Uint8Array.from(bytes), column, undefined)).toThrow(message);
    expect(performance.now() - since).toBeLessThan(1000);
  });

  it('any byte of a page changed: read, or refused with a LorankError, and never without end', async () => {
    const n = 40;
    const columnData = [
      { name: 'user', data: Array.from({ length: n }, (_, i) => (i % 7 === 3 ? null : `u${i % 3}`)) },
      { name: 'seen', data: Array.from({ length: n }, (_, i) => i % 2 === 0) },
      { name: 'rating', data: Array.from({ length: n }, (_, i) => i / 2) },
    ];
    let refused = 0;
    for (const codec of ['SNAPPY', 'UNCOMPRESSED'] as const) {
      const file = new Uint8Array(parquetWriteBuffer({ columnData, codec }));
      const end = file.length - new DataView(file.buffer).getUint32(file.length - 8, true) - 8; // where the footer begins
      for (let at = 4; at < end; at++)
        for (const value of [0, 0x7f, 0x80, 0xff, file[at] ^ 1]) {
          const damaged = file.slice();
          damaged[at] = value;
          try {
            const table = await openParquet(damaged);
            for await (const { columns } of table.groups(['user', 'seen', 'rating'])) expect(columns.length).toBe(3);
          } catch (error) {
            expect(error).toMatchObject({ name: 'LorankError', code: 'data' });
            refused++;
          }
        }
    }
    expect(refused).toBeGreaterThan(300);
  });
  it('cut at any byte: refused', async () => {
    const file = writeParquet([
      { name: 'user', data: ['a', 'b', 'a'] },
      { name: 'item', data: [1, 2, 3] },
    ]);
    for (let n = 0; n < file.length; n++)
      expect(await sentence(openParquet(file.slice(0, n)))).toMatch(
        /^openParquet: the file is truncated, damaged or of an unknown kind/,
      );
  });
});

describe('NDJSON', () => {
  it('objects by their keys, arrays by their places', async () => {
    const expected = [
      ['u', '7', 3.5],
      ['é🎬', 'x', -2],
    ];
    expect(
      (await triplesOf('{"item":7,"user":"u","rating":3.5,"t":[1]}\n\n{"user":"é🎬","item":"x","rating":-2}\r\n'))
        .triples,
    ).toEqual(expected);
    expect((await triplesOf('["u",7,3.5]\n["é🎬","x",-2,9]')).triples).toEqual(expected);
    expect(
      (await triplesOf('{"a":3.5,"b":"u","c":7}\n{"a":-2,"b":"é🎬","c":"x"}\n', { user: 'b', item: 'c', value: 'a' }))
        .triples,
    ).toEqual(expected);
    expect(
      (await triplesOf('{"user":1,"item":2,"rating":null}\n{"user":1,"item":2,"rating":3}\n')).summary,
    ).toMatchObject({ format: 'ndjson', missing: 1, records: 2 });
  });
  it('chunks do not matter', async () => {
    const bytes = utf8('{"user":"é🎬","item":1,"rating":2}\n{"user":"ü","item":1,"rating":3}\n');
    const whole = await triplesOf(bytes);
    for (let n = 1; n < bytes.length; n++) expect(await triplesOf(cut(bytes, [n, n + 3]))).toEqual(whole);
  });
  it.each([
    ['{"user":1,"item":2,"rating":3}\n{"user":1', 'line 2 should be a JSON object or array, got \'{"user":1\''],
    ['{"user":1,"item":2,"rating":3}\n7\n', "line 2 should be a JSON object or array, got '7'"],
    ['{"user":1,"item":2,"rating":3}\n{"user":1,"rating":3}\n', "line 2 should have the key 'item'"],
    ['{"user":1,"item":2,"rating":3}\n[1,2,3]\n', 'line 2 should have an object like the first line'],
    ['[1,2,3]\n[1,2]\n', 'line 2 should have 3 cells'],
    ['{"user":1,"item":2,"rating":"3"}\n', "line 1, column 'rating' should be a number, got '3'"],
    [
      '{"user":12345678901234567890,"item":2,"rating":3}\n',
      "line 1, column 'user' should be an id, got 12345678901234567000",
    ],
    ['{"user":{"a":1},"item":2,"rating":3}\n', 'line 1, column \'user\' should be an id, got {"a":1}'],
    ['{"user":"","item":2,"rating":3}\n', "line 1, column 'user' should be an id, got nothing"],
    ['[1,2,1e999]\n', "line 1, column 'field 3' should be a finite number, got 'Infinity'"],
  ])('%j is refused', async (text, expected) => {
    expect(await sentence(triplesOf(text))).toBe(`readRatings: ${expected}`);
  });
});

describe('dense npy as ratings', () => {
  it('NaN is missing; ids are 0-based and in order, those of empty rows too', async () => {
    const file = bytesOf(writeNpy(tensorOf(Float64Array.of(Number.NaN, Number.NaN, 5, Number.NaN, 6, 7), [3, 2])));
    const rowIds = new Ids();
    const colIds = new Ids();
    for await (const { rows, cols, values, count, missing } of readRatings(file, {}, rowIds, colIds)) {
      expect([count, missing]).toEqual([3, 3]);
      expect([...rows.subarray(0, 3), ...cols.subarray(0, 3), ...values.subarray(0, 3)]).toEqual([
        1, 2, 2, 0, 0, 1, 5, 6, 7,
      ]);
    }
    expect([[...rowIds], [...colIds]]).toEqual([
      ['0', '1', '2'],
      ['0', '1'],
    ]);
    expect(await sentence(triplesOf(bytesOf(writeNpy(tensorOf(Float64Array.of(1, Infinity), [1, 2])))))).toBe(
      "readRatings: row 0, column 1 (from 0), column 'value' should be a finite number, got 'Infinity'",
    );
    expect(await sentence(triplesOf(bytesOf(writeNpy(tensorOf(Float64Array.of(1))))))).toBe(
      'readRatings: the array should have 2 axes, got shape (1,)',
    );
  });
});

const chunk = (type: string, data: Uint8Array) => {
  const body = new Uint8Array([...utf8(type), ...data]);
  const number = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
  return [...number(data.length), ...body, ...number(crc32(0, body))];
};
/** A PNG by its parts: rows are packed pixels, without a filter. */
const png = (width: number, height: number, depth: number, colour: number, rows: number[][], extra: number[] = []) =>
  new Uint8Array([
    0x89,
    0x50,
    0x4e,
    0x47,
    13,
    10,
    26,
    10,
    ...chunk(
      'IHDR',
      new Uint8Array([0, 0, width >> 8, width & 255, 0, 0, height >> 8, height & 255, depth, colour, 0, 0, 0]),
    ),
    ...extra,
    ...chunk('IDAT', zlibSync(new Uint8Array(rows.flatMap((row) => [0, ...row])))),
    ...chunk('IEND', new Uint8Array(0)),
  ]);

describe('PNG', () => {
  it('what is written is read: grey and colour, 8 and 16 bits', () => {
    const plane = (k: number) =>
      matrix(
        3,
        5,
        Float64Array.from({ length: 15 }, (_, i) => (i * 17 + 40 * k) % 256),
      );
    for (const depth of [8, 16] as const)
      for (const colours of [[plane(0)], [plane(0), plane(1), plane(2)]]) {
        const image = readPng(writePng(colours, depth));
        expect(image.depth).toBe(depth);
        expect(image.colours.map(({ rows, cols, data }) => [rows, cols, [...data]])).toEqual(
          colours.map(({ rows, cols, data }) => [rows, cols, [...data]]),
        );
      }
    const fraction = readPng(writePng([matrix(1, 3, Float64Array.of(100 + 1 / 257, -5, 300))], 16));
    expect([...fraction.colours[0].data]).toEqual([(100 * 257 + 1) * (255 / 65535), 0, 255]);
  });
  it('1, 2 and 4 bits, palettes and transparency', () => {
    expect([...readPng(png(3, 2, 1, 0, [[0b10100000], [0b01000000]])).colours[0].data]).toEqual([
      255, 0, 255, 0, 255, 0,
    ]);
    expect([...readPng(png(3, 1, 2, 0, [[0b00011011]])).colours[0].data]).toEqual([0, 85, 170]);
    expect([...readPng(png(2, 1, 4, 0, [[0x3f]])).colours[0].data]).toEqual([51, 255]);
    const palette = readPng(png(2, 1, 8, 3, [[1, 0]], chunk('PLTE', new Uint8Array([1, 2, 3, 4, 5, 6]))));
    expect(palette.colours.map(({ data }) => [...data])).toEqual([
      [4, 1],
      [5, 2],
      [6, 3],
    ]);
    const alpha = readPng(png(1, 1, 8, 4, [[9, 128]]));
    expect([[...alpha.colours[0].data], [...alpha.alpha!.data]]).toEqual([[9], [128]]);
  });
  it('cut, damaged or claiming too much: refused', async () => {
    const file = png(3, 2, 8, 0, [
      [1, 2, 3],
      [4, 5, 6],
    ]);
    for (let n = 0; n < file.length; n++) expect(await sentence(() => readPng(file.slice(0, n)))).toMatch(/^readPng: /);
    const huge = png(60_000, 60_000, 8, 0, [[1]]);
    expect(await sentence(() => readPng(huge))).toMatch(/^readPng: the file of \d+ bytes claims 3600000000 pixels$/);
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), fc.nat(255), async (place, byte) => {
        const damaged = file.slice();
        damaged[place] = byte;
        if (damaged.some((b, i) => b !== file[i])) await sentence(() => readPng(damaged));
      }),
      { numRuns: 300 },
    );
  });
  it.skipIf(!existsSync(`${DATA}/images/skimage_camera.png`))('the camera image (skipped where it is absent)', () => {
    const { colours, depth } = readPng(new Uint8Array(readFileSync(`${DATA}/images/skimage_camera.png`)));
    expect([colours.length, colours[0].rows, colours[0].cols, depth]).toEqual([1, 512, 512, 8]);
    expect(colours[0].data.reduce((a, b) => a + b)).toBe(33_832_495);
  });
});

describe('CSV', () => {
  it('quotes what needs quotes, and reads back as the same triples', async () => {
    expect(
      Buffer.concat([
        ...writeCsv(
          ['user', 'a,b'],
          [
            ['say "hi"', 1.5],
            ['two\nlines', null],
            ['é', Number.NaN],
            [' x', -0],
          ],
        ),
      ]).toString(),
    ).toBe('user,"a,b"\n"say ""hi""",1.5\n"two\nlines",\né,\n x,-0\n');
    expect(Buffer.concat([...writeCsv(['a'], [['']])]).toString()).toBe('a\n""\n');
    const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(id, id, fc.double({ noNaN: true, noDefaultInfinity: true })), { minLength: 1 }),
        async (rows) => {
          expect((await triplesOf(bytesOf(writeCsv(['user', 'item', 'rating'], rows)))).triples).toEqual(rows);
        },
      ),
    );
  });
});

describe('sniff', () => {
  const kinds: [string, Uint8Array, string][] = [
    ['npy', bytesOf(writeNpy(tensorOf(Float64Array.of(1)))), ''],
    ['npz', utf8('PK\x03\x04'), ''],
    ['parquet', writeParquet([{ name: 'a', data: [1] }]), ''],
    ['png', png(1, 1, 8, 0, [[1]]), ''],
    ['safetensors', bytesOf(writeSafetensors({})), ''],
    ['matrix-market', utf8('%%MatrixMarket matrix\n'), ''],
    ['ndjson', utf8('{"a":1}\n{"a":2}\n'), ''],
    ['ndjson', utf8('[1,2,3]\n'), ''],
    ['json', utf8('[\n{"a":1}\n]'), ''],
    ['delimited', utf8('a,b,c\n'), ''],
    ['delimited', utf8('\ufeffa,b,c\n'), 'x.npz.txt'],
    ['empty', new Uint8Array(0), 'x.npy'],
    ['unknown', new Uint8Array([1, 0, 2, 0]), ''],
    ['safetensors', new Uint8Array(3), 'cut.safetensors'],
    ['npy', utf8('\x93NU'), 'cut.npy'],
    ['parquet', new Uint8Array([1, 0]), 'cut.PARQUET'],
  ];
  it.each(kinds)('%s %#', async (format, bytes, name) => {
    expect(await sniff(bytes, name)).toMatchObject({ format, gzip: false });
    const zipped = await sniff(gzipSync(bytes), name && `${name}.gz`);
    expect(zipped).toMatchObject({ format, gzip: true });
    expect(await readAll(zipped.source)).toEqual(bytes);
    expect(
      await sniff(
        cut(
          bytes,
          [1, 2, 9].filter((n) => n < bytes.length),
        ),
        name,
      ),
    ).toMatchObject({ format });
  });
  it('what is no table of ratings is refused by its name', async () => {
    expect(await sentence(triplesOf(png(1, 1, 8, 0, [[1]])))).toBe(
      'readRatings: the file should be a table of ratings, got png',
    );
    expect(await sentence(triplesOf(new Uint8Array([1, 0, 2])))).toMatch(/got an unknown kind of file$/);
  });
  it('peek gives the head and keeps it', async () => {
    const bytes = utf8('0123456789');
    for (const source of [bytes, rangeOf(bytes), cut(bytes, [2, 3])]) {
      const { head, source: same } = await peek(source, 4);
      expect(Buffer.from(head).toString()).toBe('0123');
      expect(Buffer.from(await readAll(same)).toString()).toBe('0123456789');
    }
  });
});
