import { expect, test } from 'vitest';
import { completeRatings } from '../../src/complete/complete.js';
import { fitFromTensors } from '../../src/complete/fit.js';
import { ratingsFrom, type Triple } from '../../src/complete/ratings.js';
import { judge } from '../../src/complete/scores.js';
import { rangeOf } from '../../src/io/bytes.js';
import { openSafetensors, writeSafetensors } from '../../src/io/safetensors.js';
import type { Tensor } from '../../src/io/tensor.js';
import { tensorOf } from '../../src/io/tensor.js';
import { singleKernels } from '../../src/kernels/index.js';
import { finish } from '../../src/stream.js';
import { close } from '../close.js';
import { lowRankRatings } from './synthetic.js';

const K = singleKernels();
const names = ['ä "quoted", id', '🙂', '-7', '01', ' spaced '];
const triples = lowRankRatings(25, 20, 2, 0.6).seen.map(
  ([u, i, x], t): Triple => [u, t % 50 ? i : names[(t / 50) % 5], 2 + x],
);
const ratings = ratingsFrom(triples);
const { fit, baseline } = finish(completeRatings(K, ratings, { rank: 2, seed: 11 }));

test('every pair has a prediction: factors for known pairs, known biases for half-known ones, else the mean', () => {
  const { globalMean, rowBias, colBias } = fit;
  const i = fit.rowIds.find('r3');
  const j = fit.colIds.find('🙂');
  expect(fit.predict('r3', 'nothing')).toBe(globalMean + rowBias[i]);
  expect(fit.predict('nobody', '🙂')).toBe(globalMean + colBias[j]);
  expect(fit.predict('nobody', 'nothing')).toBe(globalMean);
  const { left, right } = fit.factors;
  const product = [0, 1].reduce((sum, a) => sum + left.data[2 * i + a] * right.data[2 * j + a], 0);
  close(fit.predict('r3', '🙂'), globalMean + rowBias[i] + colBias[j] + product, { rtol: 1e-13 });
});

test('predictBatch is predictAt for every pair, −1 and indices beyond the fit being unseen', () => {
  const rows = Int32Array.of(0, -1, 3, 1e6, -1);
  const cols = Int32Array.of(2, 4, -1, 1, 1e6);
  expect([...fit.predictBatch(rows, cols)]).toEqual([...rows].map((i, t) => fit.predictAt(i, cols[t])));
  expect(fit.predictAt(-1, 1e6)).toBe(fit.globalMean);
});

test('tensors through a safetensors file give the fit back, to the bit', async () => {
  const { tensors, metadata } = fit.toTensors();
  const pieces = [...writeSafetensors(tensors, metadata)];
  const file = await openSafetensors(rangeOf(Buffer.concat(pieces)));
  expect(file.metadata).toMatchObject({ format: 'lorank-fit', version: '1', method: 'posterior', seed: '11' });
  const read: Record<string, Tensor> = {};
  for (const name of file.tensors.keys()) read[name] = await file.read(name);
  expect(read.rowFactors.shape).toEqual([25, 2]);
  expect(read.globalMean.shape).toEqual([]);
  const again = fitFromTensors(read, file.metadata);
  for (const [u, i] of triples) expect(again.predict(u, i)).toBe(fit.predict(u, i));
  expect([...again.rowIds]).toEqual([...fit.rowIds]);
  expect([again.rank, again.seed, again.report()]).toEqual([2, 11, fit.report()]);
});

test('ids that a test adds to the tables later are not part of the file', () => {
  const more = ratingsFrom(triples);
  const other = finish(completeRatings(K, more, { rank: 1 })).fit;
  more.rowIds.add('later');
  const { tensors, metadata } = other.toTensors();
  expect(fitFromTensors(tensors, metadata).rowIds.size).toBe(25);
});

test('a broken file is refused with what is wrong', () => {
  const { tensors, metadata } = fit.toTensors();
  const { rowBias: _, ...without } = tensors;
  expect(() => fitFromTensors(without, metadata)).toThrow("fit: the tensor 'rowBias' is missing");
  expect(() => fitFromTensors(tensors, {})).toThrow("fit: the text 'format' should be 'lorank-fit', got 'nothing'");
  const short = { ...tensors, rowBias: tensorOf(new Float64Array(3)) };
  expect(() => fitFromTensors(short, metadata)).toThrow("fit: 'rowBias' should have shape [25], got [3]");
  const bad = { ...tensors, colBias: tensorOf(new Float64Array(fit.colBias.length).fill(Number.NaN)) };
  expect(() => fitFromTensors(bad, metadata)).toThrow("fit: 'colBias' should hold finite numbers");
});

test('scores are those of the definitions, and count unseen pairs', () => {
  const block = {
    rows: Int32Array.of(0, 1, -1),
    cols: Int32Array.of(1, 0, 2),
    values: Float64Array.of(1, 2, 3),
    count: 3,
  };
  const judged = judge(fit.predictAt, baseline);
  judged.add(block);
  const { count, unseen, rmse, mae, baselines } = judged.scores()!;
  const off = [0, 1, 2].map((t) => fit.predictAt(block.rows[t], block.cols[t]) - block.values[t]);
  expect([count, unseen]).toEqual([3, 1]);
  close(rmse, Math.sqrt(off.reduce((sum, x) => sum + x * x, 0) / 3), { rtol: 1e-13 });
  close(mae, off.reduce((sum, x) => sum + Math.abs(x), 0) / 3, { rtol: 1e-13 });
  const mean = [0, 1, 2].map((t) => baseline.globalMean - block.values[t]);
  close(baselines.globalMean.rmse, Math.sqrt(mean.reduce((sum, x) => sum + x * x, 0) / 3), { rtol: 1e-13 });
});
