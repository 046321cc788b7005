// The ratings that a description of completion names: read from a file in one stream of blocks, or made from the seed.

import { gather, type Ratings, type TripleBlock } from '../complete/ratings.js';
import { plural } from '../errors.js';
import type { RatingSummary } from '../io/blocks.js';
import type { ByteSource } from '../io/bytes.js';
import { Ids } from '../io/ids.js';
import { readRatings } from '../io/ratings.js';
import type { Entries, Kernels } from '../kernels/contract.js';
import { DEFAULT_SEED, split, stream } from '../random/index.js';
import type { CompleteSpec } from '../spec.js';
import { lowRank, withNoise } from '../truth/index.js';
import { naming } from './naming.js';
import { twoMasks } from './twoMasks.js';

export interface CompleteData {
  readonly ratings: Ratings;
  /** Indices from the fit's sizes on are ids that the ratings do not have. */
  readonly test?: readonly TripleBlock[];
  /** What there is to say of the files, in sentences. */
  readonly notes: readonly string[];
}

type Files = Extract<CompleteSpec['data'], { ratings: string }>;
type Generator = Extract<CompleteSpec['data'], { generator: unknown }>['generator'];

export async function readCompleteData(
  data: Files,
  open: (path: string) => Promise<ByteSource>,
): Promise<CompleteData> {
  const { user, item, value } = data;
  const rowIds = new Ids();
  const colIds = new Ids();
  const read = (path: string, take: (block: TripleBlock) => void): Promise<RatingSummary> =>
    naming(path, async () => {
      const blocks = readRatings(await open(path), { name: path, user, item, value }, rowIds, colIds);
      for (;;) {
        const next = await blocks.next();
        if (next.done) return next.value;
        take(next.value);
      }
    });
  const gatherer = gather(rowIds, colIds);
  const summary = await read(data.ratings, gatherer.add);
  const ratings = gatherer.ratings();
  const notes = [`${data.ratings}: ${said(summary)}`];
  if (data.test === undefined) return { ratings, notes };
  const test: TripleBlock[] = [];
  notes.push(`${data.test}: ${said(await read(data.test, (block) => test.push(block)))}`);
  return { ratings, test, notes };
}

const said = ({ format, columns, records, missing }: RatingSummary): string =>
  `${format}; ${columns.user}, ${columns.item}, ${columns.value}; ${records} ${plural(records, 'record')}` +
  `${missing > 0 ? `, ${missing} without a value` : ''}`;

/** A share of the entries of a matrix of low rank; as many others, or as many as there are, are the test. */
export function makeCompleteData(K: Kernels, spec: CompleteSpec, generator: Generator): CompleteData {
  const { shape, rank, condition, share, noise = 0 } = generator;
  const [rows, cols] = shape;
  const random = stream(spec.seed ?? DEFAULT_SEED, 'data');
  const { X } = lowRank(K, { rows, cols, rank, condition }, split(random, 'truth'));
  const cells = rows * cols;
  const count = Math.round(share * cells);
  const [seen, unseen] = twoMasks([rows, cols], [count, Math.min(count, cells - count)], split(random, 'mask'));
  const blockOf = (entries: Omit<Entries, 'values'>, part: string): TripleBlock => {
    const values = new Float64Array(entries.columns.length);
    K.entriesApply({ ...entries, values }, rank, X.left.data, X.right.data, values);
    const rowOf = new Int32Array(values.length);
    for (let i = 0; i < rows; i++) rowOf.fill(i, entries.starts[i], entries.starts[i + 1]);
    const noisy = withNoise(values, noise, split(random, `noise/${part}`));
    return { rows: rowOf, cols: entries.columns, values: noisy, count: noisy.length };
  };
  const ids = (n: number) => {
    const table = new Ids();
    for (let i = 0; i < n; i++) table.addInteger(i);
    return table;
  };
  const gatherer = gather(ids(rows), ids(cols));
  gatherer.add(blockOf(seen, 'seen'));
  return { ratings: gatherer.ratings(), test: [blockOf(unseen, 'unseen')], notes: [] };
}
