// The laws of reproductions, on a toy: rows do not depend on order, threads or interruption; a control that passes is told.

import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { judge, verdict } from '../../papers/judge.js';
import { valueText } from '../../papers/output.js';
import type { Cell, Paper, Row } from '../../papers/paper.js';
import { finish, type Progress, type RunOptions, runPaper } from '../../papers/run.js';
import { exponent, hit, largest, median, slope } from '../../papers/statistics.js';
import { fromCsv, gather, toCsv } from '../../papers/tables.js';
import { rowsOf } from './cells.js';

const toyCell = (i: number, ran: (id: string) => void): Cell => ({
  id: `toy-${i}`,
  table: i % 2 ? 'odd' : 'even',
  *run(K) {
    ran(`toy-${i}`);
    yield;
    const A = { rows: 1, cols: 1, data: Float64Array.of(i), offset: 0, rowStride: 1, colStride: 1 };
    const C = { ...A, data: new Float64Array(1) };
    K.gemm(2, A, A, C);
    return [{ i, value: C.data[0] }];
  },
});

const toy = (ran: (id: string) => void = () => {}): Paper => ({
  id: 'toy',
  title: 'A toy',
  reference: 'none',
  introduction: '',
  cells: () => Array.from({ length: 6 }, (_, i) => toyCell(i, ran)),
  claims: [
    {
      id: 'T.1',
      statement: 'value = 2i²',
      assumption: 'none',
      checkable: true,
      experiment: '',
      statistic: '',
      band: '',
      why: '',
      judge: ({ even }) => verdict(Number(even[1].value), even[1].value === 8),
    },
  ],
  controls: [
    { id: 'T.c1', guards: ['T.1'], breaks: 'i', fails: ({ odd }) => ({ value: 1, failed: odd[0].value !== 8 }) },
  ],
  figures: () => [],
});
const options = { size: 'quick', seed: 1, threads: 1 } as const;

describe('a run', () => {
  it('returns rows by table in the order of the grid', async () => {
    const { even, odd } = await runPaper(toy(), options);
    expect([even, odd].map((rows) => rows.map(({ i }) => i))).toEqual([
      [0, 2, 4],
      [1, 3, 5],
    ]);
    expect(even.map(({ value }) => value)).toEqual([0, 8, 32]);
  });

  it('has the same rows whatever the order of the cells', async () => {
    const cells = toy().cells('quick', 1);
    const whole = (cell: Cell) => finish((K) => cell.run(K, new Map()));
    const order = fc.shuffledSubarray([...cells], { minLength: cells.length });
    const expected = await rowsOf(cells);
    await fc.assert(
      fc.asyncProperty(order, async (shuffled) => {
        const rows = new Map<string, Row[]>();
        for (const cell of shuffled) rows.set(cell.id, await whole(cell));
        expect(gather(cells, ({ id }) => rows.get(id)!)).toEqual(expected);
      }),
      { numRuns: 5 },
    );
  });

  it('gives its cells the bases, each made once or kept, and none where every cell is kept', async () => {
    const made = vi.fn();
    const based: Paper = {
      ...toy(),
      bases: (_size, seed) => [
        {
          id: 'start',
          async *run() {
            made();
            yield;
            return Uint8Array.of(seed, 7);
          },
        },
      ],
      cells: () =>
        [0, 1].map((i) => ({
          id: `c-${i}`,
          table: 'one',
          *run(_K, bases) {
            yield;
            return [{ i, value: bases.get('start')![1] + i }];
          },
        })),
    };
    const expected = { one: [7, 8].map((value, i) => ({ i, value })) };
    const seen: [string, number, number][] = [];
    const onBase = ({ id }: { id: string }, _bytes: Uint8Array, { done, cells }: Progress) =>
      void seen.push([id, done, cells]);
    const onCell = onBase as unknown as RunOptions['onCell'];
    expect(await runPaper(based, { ...options, onBase, onCell })).toEqual(expected);
    expect(seen).toEqual([
      ['start', 1, 3],
      ['c-0', 2, 3],
      ['c-1', 3, 3],
    ]);
    const keptBases = new Map([['start', Uint8Array.of(1, 8)]]);
    expect((await runPaper(based, { ...options, keptBases })).one[0]).toEqual({ i: 0, value: 8 });
    const kept = new Map(expected.one.map((row, i) => [`c-${i}`, [row]]));
    expect(await runPaper(based, { ...options, kept })).toEqual(expected);
    expect(made).toHaveBeenCalledTimes(1);
  });

  it('does not run kept cells again, and ends with the same rows', async () => {
    const ran = vi.fn();
    const kept = new Map([['toy-2', [{ i: 2, value: 8 }]]]);
    const tables = await runPaper(toy(ran), { ...options, kept });
    expect(ran.mock.calls.flat()).toEqual(['toy-0', 'toy-1', 'toy-3', 'toy-4', 'toy-5']);
    expect(tables).toEqual(await runPaper(toy(), options));
  });

  it('that is interrupted has handed on its finished cells, and says how to go on', async () => {
    const stop = new AbortController();
    const finished: string[] = [];
    const run = runPaper(toy(), {
      ...options,
      signal: stop.signal,
      onCell({ id }, _rows, { done, cells }) {
        finished.push(id);
        expect([done, cells]).toEqual([finished.length, 6]);
        if (done === 3) stop.abort();
      },
    });
    await expect(run).rejects.toMatchObject({ code: 'aborted', hint: 'add --resume to go on' });
    expect(finished).toEqual(['toy-0', 'toy-1', 'toy-2']);
  });

  it('refuses a grid with one name twice', () => {
    const twice = { ...toy(), cells: () => [0, 0].map((i) => toyCell(i, () => {})) };
    return expect(runPaper(twice, options)).rejects.toThrow('toy-0 is used twice');
  });
});

describe('judging', () => {
  it('counts claims and controls; a control that fails is as it should be', async () => {
    const { claims, controls, counts } = judge(toy(), await runPaper(toy(), options), 'quick');
    expect([claims[0].status, controls[0].status]).toEqual(['supported', 'supported']);
    expect(counts).toEqual({ supported: 2, 'supported-in-range': 0, 'not-testable': 0, contradicted: 0 });
  });

  it('contradicts a control that does not fail', async () => {
    const rows = { even: [{ value: 0 }, { value: 8 }], odd: [{ value: 8 }] };
    const { controls, counts } = judge(toy(), rows, 'quick');
    expect(controls[0].status).toBe('contradicted');
    expect(controls[0].note).toContain('proves nothing');
    expect(counts.contradicted).toBe(1);
  });

  it('writes a statistic that is no number in words, as JSON has none for it', () => {
    const rows = { even: [{ value: 0 }, { value: Number.NaN }], odd: [{ value: 1 }] };
    expect(judge(toy(), rows, 'quick').claims[0]).toMatchObject({ value: 'NaN', status: 'contradicted' });
  });
});

describe('rows as CSV', () => {
  const word = fc
    .string({ maxLength: 5, unit: fc.constantFrom('a', 'µ', ' ', '-', '=') })
    .filter((w) => w.trim() !== '');
  const rowsOf = fc.array(fc.record({ x: fc.double(), seed: fc.nat(), name: word, flag: fc.boolean() }), {
    maxLength: 8,
  });
  it('come back as they were, to the bit', () =>
    fc.assert(
      fc.property(rowsOf, (rows) => {
        expect(fromCsv(toCsv(rows))).toEqual(rows);
      }),
    ));
  it.each(['12', 'NaN', 'true', 'a,b', 'a\nb', '"'])('refuse the word %j', (name) =>
    expect(() => toCsv([{ name }])).toThrow('a word should be'),
  );
  it('refuse rows of other keys', () =>
    expect(() => toCsv([{ a: 1 }, { b: 1 }])).toThrow('row 1 should have the keys a'));
});

describe('statistics', () => {
  it('median, of one run that failed, is NaN', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([1, Number.NaN, 2]), median([])]).toEqual([
      2,
      2.5,
      Number.NaN,
      Number.NaN,
    ]);
    expect(largest([1, Number.NaN])).toBeNaN();
  });
  it('slope and exponent of exact lines and powers', () => {
    expect(slope([1, 2, 4], [3, 5, 9])).toBe(2);
    expect(exponent([1, 10, 100], [5, 500, 50_000])).toBeCloseTo(2, 12);
  });
  it('hit is the first time below a level', () => {
    expect([hit([3, 2, 0.5, 0.1], 1), hit([3, 2], 1)]).toEqual([2, Number.NaN]);
  });
  it('a value for a reader', () =>
    expect([0.12345, 1e-5, 0, 12345, '3; 4'].map(valueText)).toEqual(['0.123', '1.0e-5', '0', '12300', '3; 4']));
});
