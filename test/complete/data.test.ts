// Real data, where it is present: never the only proof of anything.

import { existsSync, readFileSync } from 'node:fs';
import { decode } from 'fast-png';
import { expect, test } from 'vitest';
import { type CompleteOptions, completeRatings } from '../../src/complete/complete.js';
import { ratingsFrom, type Triple } from '../../src/complete/ratings.js';
import { judge } from '../../src/complete/scores.js';
import { type Kernels, startKernels } from '../../src/kernels/index.js';
import { stream, uniforms } from '../../src/random/index.js';
import { finish } from '../../src/stream.js';

const MOVIES = '../shared/data/ml-100k';
const CAMERA = '../shared/data/images/skimage_camera.png';

const read = (path: string): Triple[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
    .map(([user, item, value]): Triple => [user, item, Number(value)]);

/** The errors on split u of a fit by its base. */
function movies(K: Kernels, u: number, options: CompleteOptions = {}) {
  const ratings = ratingsFrom(read(`${MOVIES}/u${u}.base`));
  const { fit, baseline } = finish(completeRatings(K, ratings, options));
  const test = read(`${MOVIES}/u${u}.test`);
  const judged = judge(fit.predictAt, baseline);
  judged.add({
    rows: Int32Array.from(test, ([user]) => ratings.rowIds.find(String(user))),
    cols: Int32Array.from(test, ([, item]) => ratings.colIds.find(String(item))),
    values: Float64Array.from(test, ([, , value]) => value),
    count: test.length,
  });
  return judged.scores()!;
}

test.skipIf(!existsSync(MOVIES))(
  'MovieLens 100K, u1: scaled-gd predicts better than the biases by one per cent (skipped without the data)',
  async () => {
    const K = await startKernels({ threads: 2 });
    const { rmse, baselines } = movies(K, 1, { method: 'scaled-gd' });
    K.close();
    expect(rmse).toBeLessThan(0.99 * baselines.bias.rmse);
  },
);

test.skipIf(!existsSync(MOVIES))(
  'MovieLens 100K, the official splits u1 … u5: mean test RMSE of the default at most 0.915 (skipped without the data)',
  async () => {
    const K = await startKernels({ threads: 2 });
    let sum = 0;
    for (let u = 1; u <= 5; u++) sum += movies(K, u).rmse;
    K.close();
    expect(sum / 5).toBeLessThan(0.915);
  },
  60_000,
);

// Minutes on a busy machine: asked for by name.
test.skipIf(!existsSync(CAMERA) || !process.env.LORANK_SLOW)(
  'camera with half of its pixels missing: PSNR of the missing ones at least 27 dB (needs the data and LORANK_SLOW=1)',
  async () => {
    const { data, width, height } = decode(readFileSync(CAMERA));
    const u = uniforms(stream(1, 'pixels'), width * height);
    const known: Triple[] = [];
    for (let t = 0; t < u.length; t++) if (u[t] < 0.5) known.push([Math.floor(t / width), t % width, data[t]]);
    const K = await startKernels({ threads: 2 });
    const { fit } = finish(completeRatings(K, ratingsFrom(known)));
    K.close();
    let square = 0;
    let count = 0;
    for (let t = 0; t < u.length; t++)
      if (u[t] >= 0.5) {
        square += (fit.predict(Math.floor(t / width), t % width) - data[t]) ** 2;
        count++;
      }
    expect(10 * Math.log10((255 * 255 * count) / square)).toBeGreaterThan(27);
  },
  600_000,
);
