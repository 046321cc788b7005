import fc from 'fast-check';
import { gzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { Ids } from '../../src/io/ids.js';
import { cut, sentence, triplesOf, utf8 } from './helpers.js';

const rows = async (text: string, options = {}) => (await triplesOf(text, options)).triples;

describe('what is a header, and which columns are read', () => {
  it('without a header, fields 1, 2, 3 are user, item, value and further fields are ignored', async () => {
    expect(await rows('1,10,3.5,881250949\n2,10,4,881250950\n')).toEqual([
      ['1', '10', 3.5],
      ['2', '10', 4],
    ]);
  });
  it('the first record is a header exactly when its value is neither a number nor missing', async () => {
    expect(await rows('a,b,c\nu,i,1\n')).toEqual([['u', 'i', 1]]);
    expect(await rows('a,b,\nu,i,1\n')).toEqual([['u', 'i', 1]]);
    expect((await triplesOf('a,b,\nu,i,1\n')).summary).toMatchObject({ header: false, records: 2, missing: 1 });
    expect(await rows('a,b,-7e-1\nu,i,1\n')).toEqual([
      ['a', 'b', -0.7],
      ['u', 'i', 1],
    ]);
    expect((await triplesOf('u,i,NA\nu,i,1\n')).summary).toMatchObject({ header: false, missing: 1 });
  });
  it('with a header, columns named user, item, rating go first, else the first three', async () => {
    expect(await rows('timestamp,movieId,userId,Rating\n9,m,u,4\n')).toEqual([['u', 'm', 4]]);
    expect(await rows('when,movieId,userId,stars\nw,m,5,4\n')).toEqual([['w', 'm', 5]]);
    expect(await rows('user,user_id,item,rating\nu,v,4,3\n')).toEqual([['u', 'v', 4]]);
  });
  it('columns by name, by number, or both', async () => {
    const text = 'a,b,c,d\n1,2,3,4\n';
    expect(await rows(text, { user: 'd', item: 'b', value: 'a' })).toEqual([['4', '2', 1]]);
    expect(await rows(text, { user: 4, item: '2', value: 'a' })).toEqual([['4', '2', 1]]);
    expect(await rows('1,2,3,4\n5,6,7,8\n', { user: 4, item: 3, value: 1 })).toEqual([
      ['4', '3', 1],
      ['8', '7', 5],
    ]);
  });
  it('pairs have no value; a header is known by its names', async () => {
    expect(await rows('u1,i1\nu2,i2\n', { value: null })).toEqual([
      ['u1', 'i1', Number.NaN],
      ['u2', 'i2', Number.NaN],
    ]);
    expect(await rows('item,user\ni,u\n', { value: null })).toEqual([['u', 'i', Number.NaN]]);
    expect(await rows('a,b\nx,y\n', { value: null, user: 'b', item: 'a' })).toEqual([['y', 'x', Number.NaN]]);
  });
});

describe('what is accepted', () => {
  it.each([
    ['comma', 'a,b,3\nc,d,4\n'],
    ['tab', 'a\tb\t3\nc\td\t4\n'],
    ['::', 'a::b::3\nc::d::4\n'],
    [';', 'a;b;3\nc;d;4\n'],
    ['CRLF', 'a,b,3\r\nc,d,4\r\n'],
    ['no newline at the end', 'a,b,3\nc,d,4'],
    ['CR at the end', 'a,b,3\r\nc,d,4\r'],
    ['a byte order mark', '\ufeffa,b,3\nc,d,4\n'],
    ['empty lines', '\n\na,b,3\n\r\n\nc,d,4\n\n\r\n\n'],
    ['quotes', '"a","b","3"\n"c",d,"4"\n'],
    ['spaces around values', 'a,b, 3\nc,d,4 \n'],
  ])('%s', async (_, text) => {
    expect(await rows(text)).toEqual([
      ['a', 'b', 3],
      ['c', 'd', 4],
    ]);
  });
  it('ids with the delimiter, quotes, newlines, emoji', async () => {
    expect(await rows('"a,b","say ""hi""",1\n"two\nlines",🎬 naïve,2\n"q",x,3\n')).toEqual([
      ['a,b', 'say "hi"', 1],
      ['two\nlines', '🎬 naïve', 2],
      ['q', 'x', 3],
    ]);
  });
  it('ids compare by their exact text', async () => {
    expect(await rows('01,1,1\n1,1.0,2\n+1,1 ,3\n"1",00,4\n')).toEqual([
      ['01', '1', 1],
      ['1', '1.0', 2],
      ['+1', '1 ', 3],
      ['1', '00', 4],
    ]);
  });
  it('a delimiter of another kind inside ids', async () => {
    expect(await rows('a::b::c,2,3\nd::e::f,2,4\n')).toEqual([
      ['a::b::c', '2', 3],
      ['d::e::f', '2', 4],
    ]);
    expect(await rows('a,b\tc,d\t5\n')).toEqual([['a,b', 'c,d', 5]]);
    expect(await rows('a:b::c::1::5\n')).toEqual([['a:b', 'c', 1]]);
  });
  it('missing tokens are skipped and counted', async () => {
    const { triples, summary } = await triplesOf(
      'u,i,r\na,b,\na,c,NA\na,d,null\na,e,n/a\na,f,?\na,g,-\na,h,\\N\na,i,None\na,j,5\n',
    );
    expect(triples).toEqual([['a', 'j', 5]]);
    expect(summary).toMatchObject({ records: 9, missing: 8 });
  });
  it('a line of 10⁶ characters', async () => {
    const long = 'x'.repeat(1_000_000);
    expect(await rows(`u,i,r\n${long},b,3\nc,d,4\n`)).toEqual([
      [long, 'b', 3],
      ['c', 'd', 4],
    ]);
    expect((await rows(`${long},b,3\nc,d,4\n`)).length).toBe(2);
  });
  it('every value is the nearest f64 of its text', async () => {
    const numbers = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.tuple(fc.integer(), fc.nat(99999)).map(([a, b]) => `${a}.${b}`),
      fc.constantFrom('+3', '3.', '.5', '1e3', '-0', '9007199254740993', '123456789012345678', '0.1234567890123456789'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(numbers, { minLength: 1, maxLength: 20 }), async (texts) => {
        const read = await rows(`user,item,value\n${texts.map((text, i) => `${i},0,${text}\n`).join('')}`);
        expect(read.map(([, , value]) => value)).toEqual(texts.map(Number));
      }),
    );
  });
});

describe('what is refused, and in which words', () => {
  it.each([
    ['', 'readRatings: the file is empty'],
    ['\n\n', 'readRatings: the file is empty'],
    ['user,item,rating\n', 'readRatings: the file has a header and no records'],
    ['a,b,3\nc,d\n', 'readRatings: row 2 should have 3 fields like the first record, got 2'],
    ['a,b,3\n\nc,d,4,5,6\n', 'readRatings: row 3 should have 3 fields like the first record, got 5'],
    ['user,item,stars\na,b,3\nc,d,good\n', "readRatings: row 3, column 'stars' should be a number, got 'good'"],
    ['a,b,3\nc,d,0x10\n', "readRatings: row 2, column 'field 3' should be a number, got '0x10'"],
    ['a,b,3\nc,d,NaN\n', "readRatings: row 2, column 'field 3' should be a finite number, got 'NaN'"],
    ['a,b,-Infinity\n', "readRatings: row 1, column 'field 3' should be a finite number, got '-Infinity'"],
    ['a,b,1e999\n', "readRatings: row 1, column 'field 3' should be a finite number, got '1e999'"],
    ['a,b,3\n,d,4\n', "readRatings: row 2, column 'field 1' should be an id, got nothing"],
    ['a,"b,3\nc,d,4\n', 'readRatings: row 1: a quote is opened and never closed'],
    ['a,"x\ny",3\na,"b"c,3\n', 'readRatings: row 3: a closing quote should be followed by the end of the field'],
    [
      '1 2 3\n4 5 6\n',
      "readRatings: the first record should have at least 3 fields separated by comma, tab, '::' or ';', got '1 2 3'",
    ],
  ])('%j', async (text, expected) => {
    expect(await sentence(triplesOf(text))).toBe(expected);
  });
  it('a line is counted as in the file, newlines in quotes too', async () => {
    expect(await sentence(triplesOf('"a\n\nb",i,1\r\n\r\nu,i,bad\n'))).toMatch(/row 5, column 'field 3'/);
  });
  it('columns that are not there', async () => {
    expect(await sentence(triplesOf('a,b,c\n1,2,3\n', { user: 'who' }))).toBe(
      "readRatings: user should be a column of the file, got 'who'",
    );
    expect(await sentence(triplesOf('1,2,3\n', { value: 4 }))).toMatch(/at least 4 fields/);
    expect(await sentence(triplesOf('a,b,c,a\n1,2,3,4\n', { user: 'a' }))).toBe(
      "readRatings: user: two columns are named 'a'",
    );
    expect(await sentence(triplesOf('a,b,c\n1,2,3\n', { user: 2 }))).toMatch(/different columns, got field 2 twice/);
    expect(await sentence(triplesOf('a,2,3\n1,2,3\n', { user: 'a' }))).toMatch(/the file has no header/);
    expect(await sentence(triplesOf('1,2,3\n', { user: 0 }))).toMatch(/a name or a number from 1, got 0/);
  });
  it('ids and files that are not UTF-8', async () => {
    expect(await sentence(triplesOf(new Uint8Array([0xe9, 44, 98, 44, 49, 10])))).toBe(
      'readRatings: row 1: an id should be UTF-8 text',
    );
    expect(await sentence(triplesOf(new Uint8Array([0xff, 0xfe, 97, 0, 44, 0])))).toMatch(
      /should be UTF-8, got UTF-16/,
    );
  });
});

describe('chunks do not matter', () => {
  const field = fc.oneof(
    fc.constantFrom(
      '1',
      '22',
      '01',
      'é',
      '🎬',
      'a,b',
      'x::y',
      'q"q',
      'two\nlines',
      'cr\r\nlf',
      ' ',
      '12345678901234567890',
    ),
    fc.string({ minLength: 1, maxLength: 4 }).filter((s) => s !== '\r' && !s.includes('\r')),
  );
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  it('any split of the bytes gives the same triples or the same error, for every delimiter', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(field, field, fc.constantFrom('3', '3.5', '-1e2', 'NA', '', '"4"', '1234567890.25')), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.constantFrom(',', '\t', '::', ';'),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        fc.array(fc.nat(400), { maxLength: 40 }),
        fc.constantFrom('', 'broken"', 'a'),
        async (records, delimiter, newline, end, places, tail) => {
          const lines = records.map(([u, i, v]) => [quoted(u), /^[\w ]+$/.test(i) ? i : quoted(i), v].join(delimiter));
          const bytes = utf8(lines.join(newline) + (end ? newline : '') + tail);
          const outcome = (work: ReturnType<typeof triplesOf>) => work.catch((error) => (error as Error).message);
          const whole = await outcome(triplesOf(bytes));
          expect(
            await outcome(
              triplesOf(
                cut(
                  bytes,
                  places.map((p) => p % bytes.length),
                ),
              ),
            ),
          ).toEqual(whole);
          if (tail === '' && typeof whole !== 'string') {
            const full = records.filter(([, , v]) => v !== 'NA' && v !== '');
            expect(whole.triples).toEqual(full.map(([u, i, v]) => [u, i, Number(v.replaceAll('"', ''))]));
          }
        },
      ),
      { numRuns: 300 },
    );
  });
  it('records longer than the window, one byte at a time or whole', async () => {
    const text = `user,item,rating\n${Array.from({ length: 9 }, (_, i) => `"${'long "" '.repeat(20_000)}${i}",${i},${i}`).join('\r\n')}`;
    const bytes = utf8(text);
    const whole = await triplesOf(bytes);
    expect(whole.triples.length).toBe(9);
    expect(
      await triplesOf(
        cut(
          bytes,
          Array.from({ length: 20_000 }, (_, i) => (i * 7919) % bytes.length),
        ),
      ),
    ).toEqual(whole);
  });
  it('streams of the web and ranges of unknown size', async () => {
    const bytes = utf8('a,b,1\nc,d,2\n');
    const whole = await triplesOf(bytes);
    const web = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.slice(0, 5));
        controller.enqueue(bytes.slice(5));
        controller.close();
      },
    });
    expect(await triplesOf(web)).toEqual(whole);
    expect(await triplesOf({ read: async (at, n) => bytes.subarray(at, at + n) })).toEqual(whole);
  });
});

describe('gzip', () => {
  const text = Array.from({ length: 5000 }, (_, i) => `${i % 97},${i % 89},${i % 5}\n`).join('');
  const packed = gzipSync(utf8(text), { filename: 'ratings.csv' });
  it('one member or many, cut anywhere', async () => {
    const whole = await triplesOf(text);
    expect(await triplesOf(packed)).toEqual(whole);
    const half = text.indexOf('\n', text.length / 2) + 1;
    const two = new Uint8Array(
      Buffer.concat([
        gzipSync(utf8(text.slice(0, half))),
        gzipSync(new Uint8Array(0)),
        gzipSync(utf8(text.slice(half))),
      ]),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(two.length), { maxLength: 30 }), async (places) => {
        expect(await triplesOf(cut(two, places))).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });
  it('cut short at any byte, or with any byte of its data or trailer changed: refused', async () => {
    for (let n = 11; n < packed.length; n += n < 40 || n > packed.length - 20 ? 1 : 97)
      expect(await sentence(triplesOf(packed.slice(0, n)))).toMatch(/^gunzip: the file is truncated or damaged/);
    for (let n = 22; n < packed.length; n += n > packed.length - 20 ? 1 : 301) {
      const damaged = packed.slice();
      damaged[n] ^= 0x10;
      expect(await sentence(triplesOf(damaged))).toMatch(/^(gunzip|readRatings): /);
    }
  });
});

describe('bytes of any kind', () => {
  it('are read or refused with a LorankError', async () => {
    const soup = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.constantFrom(...'01.,;:\t\n\r"-aé{}[]%'), { maxLength: 120 }).map((c) => utf8(c.join(''))),
    );
    await fc.assert(
      fc.asyncProperty(
        soup,
        fc.constantFrom('', 'a.csv', 'a.mtx', 'a.ndjson', 'a.npy', 'a.parquet'),
        async (bytes, name) => {
          await triplesOf(bytes, { name }).catch(async (error) => sentence(Promise.reject(error)));
        },
      ),
      { numRuns: 1500 },
    );
  });
});

describe('Ids', () => {
  it('number texts in the order they are first seen, and find them again; through bytes and back', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(fc.nat(50).map(String), fc.string({ maxLength: 3, unit: 'grapheme' }), fc.bigInt().map(String)),
        ),
        (texts) => {
          const ids = new Ids();
          const expected = [...new Set(texts)];
          expect(texts.map((text) => ids.add(text))).toEqual(texts.map((text) => expected.indexOf(text)));
          expect([...ids]).toEqual(expected);
          expect(texts.every((text) => ids.text(ids.find(text)) === text)).toBe(true);
          expect(ids.find('not there')).toBe(-1);
          const { bytes, offsets } = ids.toBytes();
          expect([...Ids.fromBytes(bytes, offsets)]).toEqual(expected);
        },
      ),
    );
  });
  it('an integer and its text are one id', () => {
    const ids = new Ids();
    for (const n of [0, 7, -7, 2 ** 31, 999_999_999_999_999, 1e15, 2 ** 53 - 1, -(2 ** 53) + 1])
      expect(ids.addInteger(n)).toBe(ids.add(String(n)));
    expect(ids.size).toBe(8);
    expect([...ids].map(Number)).toEqual([0, 7, -7, 2 ** 31, 999_999_999_999_999, 1e15, 2 ** 53 - 1, -(2 ** 53) + 1]);
  });
  it('10⁵ ids of each kind', () => {
    const ids = new Ids();
    for (let i = 0; i < 100_000; i++) {
      if (ids.addInteger(i * 977) !== 2 * i || ids.add(`id ${i}`) !== 2 * i + 1) throw new Error(`${i}`);
    }
    for (let i = 0; i < 100_000; i += 37) expect(ids.text(ids.find(`id ${i}`))).toBe(`id ${i}`);
  });
  it('damaged bytes are refused', async () => {
    const bytes = utf8('abab');
    expect(await sentence(() => Ids.fromBytes(bytes, [0, 2, 4]))).toBe("Ids.fromBytes: id 1 ('ab') should be new");
    expect(await sentence(() => Ids.fromBytes(bytes, [0, 3, 2]))).toMatch(/offset 2 should be between 3 and 4, got 2/);
    expect(await sentence(() => Ids.fromBytes(bytes, [0, 3]))).toMatch(/should end at 4, got 3/);
    expect(await sentence(() => Ids.fromBytes(bytes, []))).toMatch(/should start with 0/);
  });
});
