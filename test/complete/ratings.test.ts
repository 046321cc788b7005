import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FEWEST_TO_SPLIT, holdOut } from '../../src/complete/holdout.js';
import { gather, ratingsFrom, type Triple, transposed } from '../../src/complete/ratings.js';
import { Ids } from '../../src/io/ids.js';
import { stream } from '../../src/random/index.js';

const triples = fc.array(
  fc.tuple(
    fc.integer({ min: 0, max: 8 }).map((i) => `u${i}`),
    fc.integer({ min: 0, max: 6 }),
    fc.integer({ min: 0, max: 5 }),
  ),
  { minLength: 1, maxLength: 80 },
) as fc.Arbitrary<Triple[]>;

/** 'user item' → value. */
function table(list: readonly Triple[]): Map<string, number> {
  const { entries, rowIds, colIds } = ratingsFrom(list);
  const map = new Map<string, number>();
  for (let i = 0; i < entries.rows; i++)
    for (let e = entries.starts[i]; e < entries.starts[i + 1]; e++)
      map.set(`${rowIds.text(i)} ${colIds.text(entries.columns[e])}`, entries.values[e]);
  return map;
}

test('entries are the means of their pairs, in any order of the triples', () => {
  fc.assert(
    fc.property(triples, (list) => {
      const expected = new Map<string, number[]>();
      for (const [user, item, value] of list) {
        const key = `${user} ${item}`;
        expected.set(key, [...(expected.get(key) ?? []), value]);
      }
      const means = new Map([...expected].map(([key, v]) => [key, v.reduce((a, b) => a + b) / v.length]));
      expect(table(list)).toEqual(means);
      expect(table([...list].reverse())).toEqual(means);
      expect(ratingsFrom(list).duplicates).toBe(list.length - means.size);
    }),
  );
});

test('ids are numbered as they are first seen, columns ascend within a row', () => {
  fc.assert(
    fc.property(triples, (list) => {
      const { entries, rowIds } = ratingsFrom(list);
      expect([...rowIds]).toEqual([...new Set(list.map(([user]) => user))]);
      for (let i = 0; i < entries.rows; i++) {
        const row = Array.from(entries.columns.subarray(entries.starts[i], entries.starts[i + 1]));
        expect(row).toEqual([...new Set(row)].sort((a, b) => a - b));
      }
    }),
  );
});

test('transposing twice gives the entries back', () => {
  fc.assert(
    fc.property(triples, (list) => {
      const { entries } = ratingsFrom(list);
      const m = entries.values.length;
      const room = (n: number) => ({
        starts: new Int32Array(n + 1),
        columns: new Int32Array(m),
        values: new Float64Array(m),
      });
      expect(transposed(transposed(entries, room(entries.cols)), room(entries.rows))).toEqual(entries);
    }),
  );
});

test('a block longer than its count is cut; a gatherer without ratings says so', () => {
  const rowIds = new Ids();
  const colIds = new Ids();
  const gatherer = gather(rowIds, colIds);
  expect(() => gatherer.ratings()).toThrow('complete: there should be at least one rating, got none');
  rowIds.add('a');
  colIds.add('b');
  gatherer.add({ rows: new Int32Array(9), cols: new Int32Array(9), values: new Float64Array(9).fill(4), count: 2 });
  expect(gatherer.ratings()).toMatchObject({ duplicates: 1, entries: { values: Float64Array.of(4) } });
});

test('values that are not finite and ids that are no ids are refused with their place', () => {
  expect(() =>
    ratingsFrom([
      ['a', 'b', 1],
      ['a', 'c', Number.NaN],
    ]),
  ).toThrow('complete: the value of triple 1 should be a finite number, got NaN');
  expect(() => ratingsFrom([['a', 0.5, 1]])).toThrow(
    'complete: an id of triple 0 should be a text or a whole number, got 0.5',
  );
});

test('a split keeps every entry once, the share held out, and is the same for the same seed', () => {
  const list = Array.from({ length: 500 }, (_, t): Triple => [`u${t % 37}`, t % 29, t]);
  const { entries } = ratingsFrom(list);
  const { train, heldOut } = holdOut(entries, 0.1, stream(5, 'complete'));
  expect(heldOut.count).toBe(50);
  expect([...train.values, ...heldOut.values].sort((a, b) => a - b)).toEqual([...entries.values].sort((a, b) => a - b));
  expect(holdOut(entries, 0.1, stream(5, 'complete'))).toEqual({ train, heldOut });
  expect(holdOut(entries, 0.1, stream(6, 'complete')).heldOut).not.toEqual(heldOut);
  const few = ratingsFrom(list.slice(0, FEWEST_TO_SPLIT - 1)).entries;
  expect(holdOut(few, 0.1, stream(5, 'complete')).heldOut.count).toBe(0);
});
