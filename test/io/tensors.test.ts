// Floats, npy, npz and safetensors.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { rangeOf } from '../../src/io/bytes.js';
import { fromBf16, fromF8e4m3, fromF8e5m2, fromF16, toBf16, toF16 } from '../../src/io/floats.js';
import { readNpy, readNpyHeader, readNpyRows, writeNpy } from '../../src/io/npy.js';
import { readNpz, writeNpz } from '../../src/io/npz.js';
import { openSafetensors, writeSafetensors } from '../../src/io/safetensors.js';
import {
  arrayOf,
  DTYPES,
  type Dtype,
  floatTensor,
  matrixTensor,
  sizeOf,
  type Tensor,
  tensorMatrix,
  tensorOf,
  toFloat32,
  toFloat64,
} from '../../src/io/tensor.js';
import { at, matrix, transpose } from '../../src/matrix.js';
import { bytesOf, sentence, utf8 } from './helpers.js';

const all16 = Uint16Array.from({ length: 65536 }, (_, i) => i);
const PYTHON = '/usr/bin/python3';
const numpy = (() => {
  try {
    execFileSync(PYTHON, ['-c', 'import numpy, scipy'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe('floats of 8 and 16 bits', () => {
  it.each([
    ['F16', fromF16, toF16, 0x7c00],
    ['BF16', fromBf16, toBf16, 0x7f80],
  ] as const)(
    '%s: all 65536 values to f32 and back are the same, NaN stays NaN; by way of f64 too',
    (_, from, to, infinity) => {
      const wide = from(all16);
      for (const back of [to(wide), to(Float64Array.from(wide))])
        for (let i = 0; i < 65536; i++) {
          const nan = (i & 0x7fff) > infinity;
          if (nan ? (back[i] & 0x7fff) <= infinity || !Number.isNaN(wide[i]) : back[i] !== i)
            throw new Error(`${i.toString(16)} → ${wide[i]} → ${back[i].toString(16)}`);
        }
    },
  );
  it.each([
    ['F16', fromF16, toF16, 0x7c00],
    ['BF16', fromBf16, toBf16, 0x7f80],
  ] as const)(
    '%s: between neighbours the nearer, at the middle the even one, from f32 and f64',
    (_, from, to, infinity) => {
      const wide = Float64Array.from(from(all16));
      wide[infinity] = 2 * wide[infinity - 1] - wide[infinity - 2]; // where the next value would be
      for (let i = 0; i < infinity; i++) {
        const middle = (wide[i] + wide[i + 1]) / 2; // exact in f64
        const even = i % 2 === 0 ? i : i + 1;
        const tiny = middle * 2 ** -50;
        const got = to(Float64Array.of(middle, middle - tiny, middle + tiny, -middle));
        if (got[0] !== even || got[1] !== i || got[2] !== i + 1 || got[3] !== even + 0x8000)
          throw new Error(`${i}: ${got}`);
        const f32 = to(Float32Array.of(middle));
        if (Math.fround(middle) === middle && f32[0] !== even) throw new Error(`${i} from f32: ${f32}`);
      }
    },
  );
  it('F8 as in the OCP table', () => {
    expect([...fromF8e4m3([0x00, 0x80, 0x01, 0x07, 0x08, 0x38, 0x7e, 0xfe])]).toEqual([
      0,
      -0,
      2 ** -9,
      7 * 2 ** -9,
      2 ** -6,
      1,
      448,
      -448,
    ]);
    expect([...fromF8e4m3([0x7f, 0xff])]).toEqual([Number.NaN, Number.NaN]);
    expect([...fromF8e5m2([0x00, 0x01, 0x03, 0x04, 0x3c, 0x7b, 0x7c, 0xfc, 0x7d])]).toEqual([
      0,
      2 ** -16,
      3 * 2 ** -16,
      2 ** -14,
      1,
      57344,
      Infinity,
      -Infinity,
      Number.NaN,
    ]);
  });
});

const tensors = fc.tuple(fc.constantFrom(...DTYPES), fc.array(fc.nat(4), { maxLength: 3 })).chain(([dtype, shape]) => {
  const length = shape.reduce((a, b) => a * b, 1) * sizeOf(dtype);
  return fc.uint8Array({ minLength: length, maxLength: length }).map((bytes): Tensor => ({ dtype, shape, bytes }));
});
const npyTensors = tensors.filter(({ dtype }) => !/^F8|^BF16/.test(dtype));

describe('tensors', () => {
  it('become matrices of the right entries, from any alignment', () => {
    const M = matrix(2, 3, Float64Array.of(1, 2, 3, 4, 5, 6));
    const tensor = matrixTensor(transpose(M));
    expect(tensor.shape).toEqual([3, 2]);
    const odd = new Uint8Array(tensor.bytes.length + 1);
    odd.set(tensor.bytes, 1);
    const back = tensorMatrix({ ...tensor, bytes: odd.subarray(1) });
    expect([at(back, 0, 1), at(back, 2, 0)]).toEqual([4, 3]);
    expect(at(tensorMatrix({ ...tensor, shape: [3, 2] }, true), 1, 1)).toBe(3);
  });
  it('64-bit integers beyond 2⁵³ are refused', async () => {
    expect(await sentence(() => toFloat64(tensorOf(BigInt64Array.of(1n, 2n ** 53n))))).toBe(
      'toFloat64: entry 1 should be an integer within ±(2⁵³ − 1), got 9007199254740992',
    );
    expect([...toFloat64(tensorOf(BigInt64Array.of(-(2n ** 53n) + 1n)))]).toEqual([-(2 ** 53) + 1]);
  });
  it('tensorOf names the type of every typed array', () => {
    const arrays = [new Int8Array(1), new Uint8Array(1), new Int16Array(1), new Uint16Array(1), new Int32Array(1)];
    expect(arrays.map((array) => tensorOf(array).dtype)).toEqual(['I8', 'U8', 'I16', 'U16', 'I32']);
    const wide = [
      new Uint32Array(1),
      new Float32Array(1),
      new Float64Array(1),
      new BigInt64Array(1),
      new BigUint64Array(1),
    ];
    expect(wide.map((array) => tensorOf(array).dtype)).toEqual(['U32', 'F32', 'F64', 'I64', 'U64']);
  });
  it('casts', () => {
    const data = Float64Array.of(1, -2.5, 1 / 3);
    expect([...toFloat64(floatTensor(data, [3], 'F64'))]).toEqual([...data]);
    expect([...toFloat32(floatTensor(data, [3], 'F32'))]).toEqual([...data].map(Math.fround));
    expect([...toFloat64(floatTensor(data, [3], 'BF16'))]).toEqual([1, -2.5, 0.333984375]);
    expect([...toFloat64(floatTensor(Float32Array.from(data), [3], 'F16'))]).toEqual([1, -2.5, 0.333251953125]);
  });
});

// the header of np.save(f, np.arange(6.).reshape(2, 3)), NumPy 1.24 and 2.4
const HEADER = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }";
const npyWith = (header: string, data = new Uint8Array(48), version = 1) => {
  const text = utf8(header);
  const length = version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return new Uint8Array(
    Buffer.concat([Buffer.from('\x93NUMPY', 'latin1'), Buffer.from([version, 0, ...length]), text, data]),
  );
};

describe('npy', () => {
  it('what is written is read, every type, shape and order', async () => {
    await fc.assert(
      fc.asyncProperty(npyTensors, fc.boolean(), async (tensor, fortran) => {
        const file = bytesOf(writeNpy(tensor, fortran));
        expect(file.length % 64).toBe(tensor.bytes.length % 64);
        expect(await readNpy(file)).toMatchObject({ ...tensor, fortran });
      }),
    );
  });
  it('rows come in blocks, from C and Fortran order alike', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
        fc.constantFrom<Dtype>('F64', 'F32', 'F16', 'I32', 'U8'),
        fc.integer({ min: 1, max: 200 }),
        async (shape, dtype, blockBytes) => {
          const count = shape.reduce((a, b) => a * b, 1);
          const bytes = new Uint8Array(count * sizeOf(dtype)).map((_, i) => (i * 37) % 101);
          const c: Tensor = { dtype, shape, bytes };
          const values = toFloat64(c);
          // the same array first axis fastest
          const f = new Float64Array(count);
          for (let e = 0; e < count; e++) {
            let place = 0;
            let step = 1;
            let rest = e;
            const index = [...shape].reverse().map((n) => {
              const i = rest % n;
              rest = Math.floor(rest / n);
              return i;
            });
            for (const [d, i] of index.reverse().entries()) {
              place += i * step;
              step *= shape[d];
            }
            f[place] = values[e];
          }
          for (const file of [bytesOf(writeNpy(c)), bytesOf(writeNpy(tensorOf(f, shape), true))]) {
            const header = await readNpyHeader(rangeOf(file));
            const rows: number[] = [];
            let next = 0;
            for await (const { start, rows: n, data } of readNpyRows(rangeOf(file), header, blockBytes)) {
              expect(start).toBe(next);
              next += n;
              rows.push(...data);
            }
            expect(rows).toEqual([...values]);
          }
        },
      ),
    );
  });
  it('versions 2 and 3, double quotes, other key orders, long sizes of Python 2', async () => {
    const header = '{"shape": (2L, 3L), "fortran_order": True, "descr": "<f8"}\n';
    for (const version of [1, 2, 3])
      expect(await readNpy(npyWith(header, undefined, version))).toMatchObject({
        shape: [2, 3],
        fortran: true,
        dtype: 'F64',
      });
  });
  it.each([
    [new Uint8Array(0), 'readNpy: the file should have 10 bytes from byte 0, got 0'],
    [utf8('PK not numpy at all'), 'readNpy: the file should start with \\x93NUMPY'],
    [npyWith(HEADER, undefined, 4), 'readNpy: the version should be 1.0, 2.0 or 3.0, got 4.0'],
    [npyWith(HEADER).slice(0, 30), 'readNpy: the file should have 59 bytes from byte 10, got 20'],
    [npyWith(HEADER).slice(0, 100), 'readNpy: shape (2, 3) of F64 should take 48 bytes, the file has 31'],
    [
      npyWith(HEADER.replace('<f8', '>f8')),
      "readNpy: the type should be a little-endian bool, integer or float, got '>f8'",
    ],
    [
      npyWith(HEADER.replace('<f8', '|O')),
      "readNpy: the type should be a little-endian bool, integer or float, got '|O'",
    ],
    [npyWith(HEADER.replace("'<f8'", "[('a', '<f8')]")), /^readNpy: the type should be/],
    [npyWith(HEADER.replace('(2, 3)', '(2, -3)')), /^readNpy: the header should be/],
    [
      npyWith(HEADER.replace('(2, 3)', '(2 3,)')),
      'readNpy: the shape should be a tuple of sizes below 2⁵³, got (2 3,)',
    ],
    [
      npyWith(HEADER.replace('(2, 3)', '(4294967296, 4294967296)')),
      'readNpy: the shape should be a tuple of sizes below 2⁵³, got (4294967296, 4294967296)',
    ],
    [
      npyWith(HEADER.replace('(2, 3)', '(3000000000000000,)')),
      'readNpy: the shape should have below 2⁵³ bytes, got (3000000000000000,)',
    ],
    [
      npyWith(HEADER.replace("'shape'", "'size'")),
      /^readNpy: the header should be \{'descr': …, 'fortran_order': …, 'shape': …\}, got/,
    ],
    [npyWith(`${HEADER}; import os`), /^readNpy: the header should be/],
  ])('damaged file %#', async (file, expected) => {
    const got = await sentence(readNpy(file));
    if (typeof expected === 'string') expect(got).toBe(expected);
    else expect(got).toMatch(expected);
  });
  it('any byte changed or cut: read or refused with a LorankError', async () => {
    const file = bytesOf(writeNpy(tensorOf(Float64Array.of(1, 2, 3, 4), [2, 2])));
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), fc.nat(255), fc.nat(file.length), async (place, byte, end) => {
        const damaged = file.slice(0, end);
        damaged[place] = byte;
        await readNpy(damaged).catch((error) => sentence(Promise.reject(error)));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('npz', () => {
  it('what is written is read', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.stringMatching(/^[a-z]\w{0,5}$/), npyTensors), async (record) => {
        const read = await readNpz(writeNpz(record));
        expect([...read.keys()]).toEqual(Object.keys(record));
        for (const [name, tensor] of read) expect(tensor).toMatchObject({ ...record[name] });
      }),
    );
  });
  it('cut or claiming too much: refused', async () => {
    const file = writeNpz({ a: tensorOf(Float64Array.of(1, 2)) });
    for (let n = 0; n < file.length; n += 7)
      expect(await sentence(readNpz(file.slice(0, n)))).toMatch(/^readNpz: the archive is truncated or damaged/);
    const bomb = zipSync({ 'a.npy': new Uint8Array(100) });
    const view = new DataView(bomb.buffer);
    view.setUint32(bomb.length - 22 - 51 + 24, 0xfffffff0, true); // the size in the central directory
    expect(await sentence(readNpz(bomb))).toMatch(/^readNpz: the archive is truncated or damaged/);
  });
});

const SIX = Uint8Array.from(new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5).buffer));
const safe = (header: string, data = new Uint8Array(0), length = BigInt(utf8(header).length)) => {
  const head = new Uint8Array(8);
  new DataView(head.buffer).setBigUint64(0, length, true);
  return rangeOf(new Uint8Array(Buffer.concat([head, utf8(header), data])));
};

describe('safetensors', () => {
  // the byte strings asserted by the official writer's own tests
  it.each([
    [{}, undefined, '{}      '],
    [{}, { framework: 'pt' }, '{"__metadata__":{"framework":"pt"}}     '],
    [{ 'attn.0': [1, 2, 3] }, undefined, '{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}'],
    [{ attn0: [1, 1, 2, 3] }, undefined, '{"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}       '],
  ])('%# is written as by the official writer', (shapes, metadata, header) => {
    const record = Object.fromEntries(
      Object.entries(shapes as Record<string, number[]>).map(([name, shape]): [string, Tensor] => [
        name,
        { dtype: 'F32', shape, bytes: SIX },
      ]),
    );
    const file = bytesOf(writeSafetensors(record, metadata));
    expect(Buffer.from(file.subarray(8, 8 + header.length)).toString()).toBe(header);
    expect([...file.subarray(0, 8)]).toEqual([header.length, 0, 0, 0, 0, 0, 0, 0]);
    expect(file.length).toBe(8 + header.length + (Object.keys(shapes).length ? 24 : 0));
  });
  it('tensors are sorted by type, wide ones first, then by the bytes of their names', async () => {
    const one = (dtype: Dtype): Tensor => ({ dtype, shape: [1], bytes: new Uint8Array(sizeOf(dtype)) });
    const record = {
      b: one('F32'),
      a: one('U8'),
      '\u{10000}': one('F64'),
      '\uffff': one('F64'),
      c: one('BF16'),
      d: one('F32'),
    };
    const file = await openSafetensors(rangeOf(bytesOf(writeSafetensors(record))));
    expect([...file.tensors.keys()]).toEqual(['\uffff', '\u{10000}', 'b', 'd', 'c', 'a']);
  });
  it('what is written is read, every type', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string({ unit: 'grapheme' }), tensors),
        fc.option(fc.dictionary(fc.string(), fc.string()), { nil: undefined }),
        async (record, metadata) => {
          delete record.__metadata__;
          const file = bytesOf(writeSafetensors(record, metadata));
          const read = await openSafetensors(rangeOf(file));
          expect(new Set(read.tensors.keys())).toEqual(new Set(Object.keys(record)));
          expect({ ...read.metadata }).toEqual({ ...metadata });
          for (const name of Object.keys(record)) expect(await read.read(name)).toEqual(record[name]);
        },
      ),
    );
  });
  it('a tensor at any byte is read as it is', async () => {
    const f32 = new Uint8Array(Float32Array.of(1.5, -2).buffer);
    const file = await openSafetensors(
      safe(
        '{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"F32","shape":[2],"data_offsets":[3,11]}}',
        new Uint8Array([1, 2, 3, ...f32]),
      ),
    );
    const b = await file.read('b');
    expect([...arrayOf({ ...b, dtype: 'F32' })]).toEqual([1.5, -2]);
    expect(await sentence(file.read('c'))).toBe("openSafetensors: there is no tensor 'c'");
  });
  const entry = (dtype: string, shape: string, offsets: string) =>
    `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;
  it.each([
    [rangeOf(new Uint8Array(5)), 'the file should have at least 8 bytes, got 5'],
    [safe('{}', undefined, 2n ** 60n), 'the header should have at most 100000000 bytes, it claims 1152921504606846976'],
    [safe('{}', undefined, 100_000_001n), 'the header should have at most 100000000 bytes, it claims 100000001'],
    [safe('{}', undefined, 3n), 'the header claims 3 bytes, the file has 2 after its length'],
    [safe('{"a"'), /^the header should be JSON \(/],
    [safe('[]'), 'the header should be a JSON object'],
    [safe(' {}'), 'the header should be a JSON object'],
    [safe('7'), 'the header should be a JSON object'],
    [safe(''), /^the header should be JSON \(/],
    [safe('{"__metadata__":{"a":1}}'), 'the metadata should map texts to texts'],
    [safe('{"__metadata__":["a"]}'), 'the metadata should map texts to texts'],
    [safe('{"__metadata__":{"a":"1","a":"2"}}'), "the header has the name 'a' twice"],
    [
      safe(`{"a":${entry('U8', '[1]', '[0,1]')},"\\u0061":${entry('U8', '[1]', '[0,1]')}}`, SIX.slice(0, 1)),
      "the header has the name 'a' twice",
    ],
    [safe('{"a":3}'), "tensor 'a' should be an object, got 3"],
    [safe('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}'), "tensor 'a' has an unknown key 'x'"],
    [safe(`{"a":${entry('Q4', '[1]', '[0,1]')}}`), /^tensor 'a': dtype should be one of BOOL, U8, .*, got "Q4"$/],
    [
      safe(`{"a":${entry('F32', '[-1]', '[0,4]')}}`),
      "tensor 'a': shape should be sizes with a product below 2⁵³, got [-1]",
    ],
    [
      safe(`{"a":${entry('F32', '[4294967296,4294967296]', '[0,4]')}}`),
      /^tensor 'a': shape should be sizes with a product below 2⁵³/,
    ],
    [safe(`{"a":${entry('F32', '[1]', '[0]')}}`), "tensor 'a': data_offsets should be [start, end], got [0]"],
    [safe(`{"a":${entry('F32', '[1]', '[0,4.5]')}}`), "tensor 'a': data_offsets should be [start, end], got [0,4.5]"],
    [safe(`{"a":${entry('F32', '[1]', '[4,0]')}}`, SIX), "tensor 'a': F32 of shape [1] should take 4 bytes, got -4"],
    [safe(`{"a":${entry('F32', '[2]', '[0,4]')}}`, SIX), "tensor 'a': F32 of shape [2] should take 8 bytes, got 4"],
    [
      safe(`{"a":${entry('F32', '[7]', '[0,28]')}}`, SIX),
      /^the tensors should end with the file, at byte \d+, they end at byte \d+$/,
    ],
    [safe(`{"a":${entry('F32', '[5]', '[0,20]')}}`, SIX), /^the tensors should end with the file/],
    [
      safe(`{"a":${entry('F32', '[4]', '[0,16]')},"b":${entry('F32', '[4]', '[8,24]')}}`, SIX),
      "tensor 'b' should start at byte 16 of the data, got 8: there is an overlap before it",
    ],
    [
      safe(`{"a":${entry('F32', '[1]', '[0,4]')},"b":${entry('F32', '[4]', '[8,24]')}}`, SIX),
      "tensor 'b' should start at byte 4 of the data, got 8: there is a hole before it",
    ],
  ])('damaged header %#', async (file, expected) => {
    const got = await sentence(openSafetensors(file));
    if (typeof expected === 'string') expect(got).toBe(`openSafetensors: ${expected}`);
    else expect(got.replace('openSafetensors: ', '')).toMatch(expected);
  });
  it('a file that ends early while it is read, and a wrong tensor to write', async () => {
    const range = safe(`{"a":${entry('F32', '[6]', '[0,24]')}}`, SIX);
    const file = await openSafetensors({
      ...range,
      read: async (offset, n) => (await range.read(offset, n)).subarray(0, offset > 60 ? 5 : n),
    });
    expect(await sentence(file.read('a'))).toMatch(
      /^openSafetensors: the file should have 24 bytes from byte \d+, got 5$/,
    );
    expect(await sentence(() => [...writeSafetensors({ a: { dtype: 'F32', shape: [2], bytes: SIX } })])).toBe(
      "writeSafetensors: tensor 'a' of F32 and shape [2] should have 8 bytes, got 24",
    );
  });
  it('any byte of the header changed: read or refused with a LorankError', async () => {
    const file = bytesOf(
      writeSafetensors({ a: tensorOf(Float32Array.of(1, 2)), b: tensorOf(Uint8Array.of(7)) }, { k: 'v' }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.nat(file.length - 1),
        fc.nat(255),
        fc.integer({ min: 0, max: file.length }),
        async (place, byte, end) => {
          const damaged = file.slice(0, end);
          damaged[place] = byte;
          await openSafetensors(rangeOf(damaged)).catch((error) => sentence(Promise.reject(error)));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe.skipIf(!numpy)('NumPy (skipped where python3 has no numpy and scipy)', () => {
  const python = (code: string, folder: string) =>
    execFileSync(PYTHON, ['-c', `import numpy as np\n${code}`], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  const within = async (body: (folder: string) => Promise<void>) => {
    const folder = mkdtempSync(join(tmpdir(), 'lorank-io-'));
    try {
      await body(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const KINDS = { BOOL: '?', U8: 'u1', I32: 'i4', I64: 'i8', F16: 'f2', F32: 'f4', F64: 'f8' } as const;
  it('np.save writes the bytes that writeNpy writes: 7 types, 5 shapes, both orders', () =>
    within(async (folder) => {
      python(
        `
for k in '? u1 i4 i8 f2 f4 f8'.split():
  for s in [(), (0,), (5,), (3, 4), (2, 3, 4)]:
    a = (np.arange(int(np.prod(s))).reshape(s) * 1.5 - 2).astype(k)
    for o in 'CF':
      np.save(f"{k.replace('?', 'b')}-{'x'.join(map(str, s))}-{o}.npy", np.asarray(a, order=o))`,
        folder,
      );
      let compared = 0;
      for (const [dtype, kind] of Object.entries(KINDS))
        for (const shape of ['', '0', '5', '3x4', '2x3x4'])
          for (const order of 'CF') {
            const path = join(folder, `${kind.replace('?', 'b')}-${shape}-${order}.npy`);
            const file = new Uint8Array(readFileSync(path));
            const array = await readNpy(file);
            expect(array.dtype).toBe(dtype);
            expect(array.shape).toEqual(shape === '' ? [] : shape.split('x').map(Number));
            expect(bytesOf(writeNpy(array, array.fortran))).toEqual(file);
            compared++;
          }
      expect(compared).toBe(70);
    }));
  it('np.load reads our npz; readNpz reads savez and savez_compressed', () =>
    within(async (folder) => {
      writeFileSync(
        join(folder, 'ours.npz'),
        writeNpz({ a: tensorOf(Float64Array.of(1, 2.5)), b: tensorOf(BigInt64Array.of(-7n)) }),
      );
      expect(
        python("z = np.load('ours.npz'); print(z['a'].tolist(), z['b'].tolist(), z['b'].dtype)", folder).trim(),
      ).toBe('[1.0, 2.5] [-7] int64');
      python(
        "np.savez('s.npz', a=np.arange(1000.), b=np.eye(3, dtype='f4')); np.savez_compressed('c.npz', a=np.arange(1000.), b=np.eye(3, dtype='f4'))",
        folder,
      );
      for (const name of ['s.npz', 'c.npz']) {
        const read = await readNpz(new Uint8Array(readFileSync(join(folder, name))));
        expect([...toFloat64(read.get('a')!)].at(-1)).toBe(999);
        expect(read.get('b')).toMatchObject({ dtype: 'F32', shape: [3, 3] });
      }
    }));
  it('f64 → f16 is what NumPy gives, 20,000 values', () =>
    within(async (folder) => {
      python(
        "r = np.random.default_rng(0); x = r.standard_normal(20000) * 10.0 ** r.integers(-9, 6, 20000); np.savez('x.npz', x=x, h=x.astype('f2'))",
        folder,
      );
      const read = await readNpz(new Uint8Array(readFileSync(join(folder, 'x.npz'))));
      expect(toF16(toFloat64(read.get('x')!))).toEqual(arrayOf({ ...read.get('h')!, dtype: 'F16' }));
    }));
});

it('the python used as an oracle is there, or said to be absent', () => {
  if (!numpy) console.warn(`NumPy comparisons skipped: ${existsSync(PYTHON) ? 'no numpy or scipy' : `no ${PYTHON}`}`);
});
