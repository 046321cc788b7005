// A known matrix: the whole chain, the compressed one of the same start, and a random chain of the same width.

import {
  compressedStart,
  deepStart,
  frobenius,
  invariantBases,
  type Kernels,
  layersOf,
  mapOf,
  matrix,
  multiply,
  normals,
  qr,
  type Stream,
  split,
  surrogateStart,
} from 'lorank';
import type { Row } from '../paper.js';
import { type Chain, curve, outer, productOf, sizeOf, topOfGaussian, travel, widthsOf } from './chains.js';

export interface KnownPreset {
  readonly d: number;
  readonly rank: number;
  readonly initScale: number; // ε
  readonly stepSize: number; // η
}

const DEPTH = 3;
const STEPS = 60_000;
const RESIDUAL = 1e-6;
/** Steps between two comparisons of products. */
const EVERY = 10;

/** Rows of hits, distances over √(d − 2r)·ε³, and curves of one seed. */
export function* compression(K: Kernels, random: Stream, preset: KnownPreset): Generator<undefined, Row[]> {
  const { d, rank, initScale, stepSize } = preset;
  const T = topOfGaussian(K, d, rank, random);
  const widths = widthsOf(d, DEPTH);
  const whole: Chain = { widths, theta: deepStart(K, split(random, 'start'), { widths, initScale }) };
  const bases = invariantBases(K, layersOf(widths, whole.theta), mapOf(K, T), rank, random);
  const compressed = still(compressedStart(bases));
  // The control: a frame of the same width that knows nothing of T.
  const { Q } = qr(K, matrix(d, 2 * rank, normals(split(random, 'wrong'), 2 * d * rank)));
  const moved = multiply(K, productOf(K, whole, whole.theta), Q);
  const back = initScale * initScale * initScale;
  const left = matrix(
    d,
    2 * rank,
    moved.data.map((v) => v / back),
  );
  const wrong = still(compressedStart({ ...bases, right: Q, left }));
  const narrow = widthsOf(d, DEPTH, 2 * rank);
  const plain: Chain = {
    widths: narrow,
    theta: deepStart(K, split(random, 'narrow'), { widths: narrow, initScale }),
  };

  const journey = { stepSize, steps: STEPS, below: RESIDUAL * sizeOf(T) };
  const path: Float64Array[] = [];
  const bound = Math.sqrt(d - 2 * rank) * back;
  let arrived = STEPS;
  const rows: Row[] = [];
  const runs: [string, Chain][] = [
    ['whole', whole],
    ['compressed', compressed],
    ['random', plain],
    ['wrong', wrong],
  ];
  for (const [run, chain] of runs) {
    let distance = 0;
    const seen = curve(K, chain, T, 50);
    const end = yield* travel(K, T, chain, {
      ...journey,
      steps: run === 'wrong' ? arrived : STEPS,
      see(it) {
        seen.see(it);
        if (it.k % EVERY !== 0 || run === 'random') return;
        const X = productOf(K, chain, it.theta).data;
        if (run === 'whole') path.push(X);
        else if (it.k / EVERY < path.length) distance = Math.max(distance, apart(X, path[it.k / EVERY]));
      },
    });
    arrived = end.steps;
    const { error, points } = seen.close(end);
    rows.push({ run, t: -1, hit: end.hit, distance: distance / bound, error });
    rows.push(
      ...points.map((point) => ({ run, t: point.t, hit: Number.NaN, distance: Number.NaN, error: point.error })),
    );
  }
  return rows;
}

/** The errors of C-DLN and of the whole chain at the same steps. */
export function* surrogate(K: Kernels, random: Stream, preset: KnownPreset): Generator<undefined, Row[]> {
  const { d, rank, initScale, stepSize } = preset;
  const T = topOfGaussian(K, d, rank, random);
  const size = sizeOf(T);
  const widths = widthsOf(d, DEPTH);
  const whole: Chain = { widths, theta: deepStart(K, split(random, 'start'), { widths, initScale }) };
  const shape = { depth: DEPTH, rank: 2 * rank, initScale };
  const runs: [string, Chain][] = [
    ['whole', whole],
    ['C-DLN', surrogateStart(K, mapOf(K, T), random, shape)],
    ['blind', surrogateStart(K, mapOf(K, topOfGaussian(K, d, rank, split(random, 'blind'))), random, shape)],
  ];
  const errors: Record<string, number[]> = {};
  for (const [run, chain] of runs) {
    errors[run] = [];
    yield* travel(K, T, chain, {
      stepSize,
      steps: STEPS,
      below: RESIDUAL * size,
      see: ({ loss }) => void errors[run].push(Math.sqrt(2 * loss) / size),
    });
  }
  const at = (run: string, t: number) => errors[run][Math.min(t, errors[run].length - 1)];
  const { whole: full } = errors;
  const share = (run: string) => full.filter((error, t) => at(run, t) <= error).length / full.length;
  const rows: Row[] = [{ kind: 'share', t: full.length, whole: 1, compressed: share('C-DLN'), blind: share('blind') }];
  for (let t = 0; t < full.length; t += 20)
    rows.push({ kind: 'curve', t, whole: full[t], compressed: at('C-DLN', t), blind: at('blind', t) });
  return rows;
}

const still = (chain: Chain): Chain => ({ ...chain, speeds: outer(chain, 0) });

const apart = (X: Float64Array, Y: Float64Array): number =>
  frobenius(
    matrix(
      1,
      X.length,
      X.map((x, t) => x - Y[t]),
    ),
  );
