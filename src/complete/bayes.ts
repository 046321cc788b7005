// The default method: the posterior of a factor model (posterior.ts) at a rank that held-out ratings choose.
//
//   1. biases   rank 0 on the training part: the baseline, and the start of everything else
//   2. rank     ranks 1, 2, 4, … from a random start, until the held-out error no longer falls
//   3. polish   of the best one, the fewest leading singular directions that predict as well, fitted again (not of ordered
//               sides, whose factors have no sharp rank)
//   4. refit    that rank on all ratings, from where the training part ended
//
// The rank of an exactly low-rank matrix is found nearly always, not always: of 240 made ones (three shapes without noise,
// one with), 234. A sweep that hardly changes the noise ends a rank too early then, and a few directions too many stay.
// Cost: that of posterior.ts for about 20 sweeps at each rank.

import type { Factored } from '../descend.js';
import type { Entries, Kernels } from '../kernels/contract.js';
import { factoredSvd, truncated } from '../linalg/factored.js';
import { at } from '../matrix.js';
import type { Checkpoint, Snapshot } from '../stream.js';
import { type LegEnd, readBook, writeBook } from './book.js';
import type { Completed, CompleteProgress, Task } from './complete.js';
import type { Biases } from './fit.js';
import { meanOf } from './holdout.js';
import { ordersOf } from './neighbours.js';
import {
  biasesOf,
  copyPosterior,
  emptyPosterior,
  factorsOf,
  grown,
  type Observed,
  observatory,
  type Posterior,
  withFactors,
  workshop,
} from './posterior.js';
import type { Ratings, TripleBlock } from './ratings.js';
import { biasPredict, rmseOf, scoresOf } from './scores.js';

/** Largest rank that is tried. */
const LARGEST_RANK = 128;
/** A rank replaces a smaller one when its held-out RMSE is lower by this share; the first one that is not ends the path, */
const WORTH = 1e-3;
/** but not before this rank. */
const EARLIEST_END = 8;
/** Fewer directions predict as well when their held-out RMSE is higher by at most this share. */
const AS_GOOD = 5e-4;
/** A held-out RMSE below this share of the root of the scale is exact: smaller ones are not compared. */
const EXACT = 1e-6;
/** New factors start as if they explained this share of the noise. */
const START = 0.5;
/**
 * Where the noise is below this share of the scale, factors are many and small, and each rank starts afresh, explaining the
 * second share of the scale; the noise counts for the third share in the first sweep, and for more by a factor in each.
 */
const CLEAR = 0.1;
const START_AFRESH = 0.5;
const FIRST_TEMPER = 0.1;
const WARMING = 1.5;
/** Sweeps before the noise may count as settled: small factors need some to be seen. */
const FEWEST_SWEEPS = 8;
/** Sweeps of one fit, after which it is taken as it is. */
const MOST_SWEEPS = 200;
/** Sweeps after which a rank that is not yet better than the smaller ones is given up. */
const PATIENCE = 25;

const sweepsOf = (ends: readonly LegEnd[]): number => ends.reduce((sum, end) => sum + end.sweeps, 0);

interface Leg {
  readonly stage: CompleteProgress['stage'];
  readonly data: Observed;
  readonly start: () => Posterior;
  /** A random start: the noise counts for less at first. */
  readonly warm?: boolean;
}

export function* completeByPosterior(
  { K, ratings, train, heldOut, options, random }: Task,
  from?: Checkpoint,
): Generator<Snapshot<CompleteProgress>, Completed, undefined> {
  const { rows: n1, cols: n2 } = train;
  const { iterations = Number.POSITIVE_INFINITY, tolerance = 2e-3 } = options;
  const mean = meanOf(train);
  const observe = observatory(K, n1, n2, ratings.entries.values.length);
  const plain = observe(train, mean);
  const baseline = fitBiases(K, plain);
  const ordered = ordersOf(ratings, plain, baseline);
  const data: Observed = { ...plain, ...ordered };
  const biases = asBiases(baseline, mean);
  const score = (P: Posterior) => rmseOf(heldOut, predictor(P, mean));

  const ends: LegEnd[] = [];
  const exact = EXACT * Math.sqrt(data.scale);
  const path = [{ rank: 0, rmse: score(baseline) }];
  let bestScore = path[0].rmse;
  let resumed = from && readBook(K, n1, n2, from);
  let best = resumed?.best ?? baseline;

  /** Sweeps until the noise settles. The posterior at the end, undefined where a checkpoint already has the leg behind it. */
  function* travel(leg: Leg): Generator<Snapshot<CompleteProgress>, { end: LegEnd; P?: Posterior }, undefined> {
    const stored = resumed?.ends[ends.length];
    if (stored) {
      ends.push(stored);
      return { end: stored };
    }
    const P = resumed?.current ?? leg.start();
    let sweeps = resumed?.current ? resumed.sweeps : 0;
    let converged = resumed?.current ? resumed.converged : leg.data.scale === 0;
    resumed = undefined;
    const { sweep } = workshop(K, leg.data, P.width);
    const before = sweepsOf(ends);
    const most = Math.min(MOST_SWEEPS, iterations - before);
    while (!converged && sweeps < most) {
      const temper = leg.warm ? temperAt(sweeps) : 1;
      const noise = P.noise;
      sweep(P, temper);
      sweeps++;
      const heldOutNow = leg.stage === 'refit' ? undefined : score(P);
      const hopeless = leg.stage === 'rank' && P.width > EARLIEST_END && sweeps >= PATIENCE && heldOutNow! > bestScore;
      converged =
        hopeless ||
        (temper === 1 &&
          sweeps >= (leg.stage === 'rank' ? FEWEST_SWEEPS : 2) &&
          Math.abs(P.noise - noise) <= tolerance * P.noise);
      yield {
        progress: show(K, leg.stage, before + sweeps, P, heldOutNow),
        checkpoint: () => writeBook({ ends, best, current: P, sweeps, converged }),
      };
    }
    const end = { stage: leg.stage, rank: P.width - 1, sweeps, score: score(P), converged };
    ends.push(end);
    return { end, P };
  }

  for (const rank of ranksToTry(options.rank, train, heldOut)) {
    if (sweepsOf(ends) >= iterations) break;
    const clear = best.noise < CLEAR * data.scale;
    const start = () =>
      clear
        ? grown(K, { ...baseline, noise: data.scale }, rank, START_AFRESH * data.scale, random)
        : grown(K, best, rank, START * best.noise, random);
    const { end, P } = yield* travel({ stage: 'rank', data, start, warm: clear });
    path.push({ rank, rmse: end.score });
    if (typeof options.rank === 'number' || end.score < (1 - WORTH) * bestScore) {
      bestScore = end.score;
      if (P) best = P;
    } else if (rank >= EARLIEST_END) break;
    if (typeof options.rank !== 'number' && bestScore <= exact) break;
  }

  if (
    typeof options.rank !== 'number' &&
    best.width > 2 &&
    sweepsOf(ends) < iterations &&
    !ordered.rowOrder &&
    !ordered.colOrder
  ) {
    const behind = resumed?.ends[ends.length]?.stage === 'polish'; // then best may be its result already
    const rank = fewestDirections(K, best, mean, heldOut, exact);
    if (behind || rank < best.width - 1) {
      const start = () => withFactors(K, best, truncated(K, productOf(best), rank));
      const { end, P } = yield* travel({ stage: 'polish', data, start });
      path.push({ rank: end.rank, rmse: end.score });
      if (P && end.score <= Math.max((1 + AS_GOOD) * bestScore, exact)) best = P;
    }
  }
  const scores = scoresOf(heldOut, predictor(best, mean), biases);

  const fullMean = meanOf(ratings.entries);
  const full = { ...observe(ratings.entries, fullMean), ...ordered };
  const start = () => (data.scale > 0 ? copyPosterior(K, best) : emptyPosterior(K, full));
  const { end, P } = yield* travel({ stage: 'refit', data: full, start });
  const last = P ?? best;
  const lastMean = end.sweeps === 0 ? mean : fullMean;
  return {
    outcome: end.converged ? 'converged' : 'iteration-limit',
    iterations: sweepsOf(ends),
    heldOut: scores,
    path,
    factors: productOf(last),
    biases: asBiases(last, lastMean),
    baseline: asBiases(fitBiases(K, full), fullMean),
    notes: [...notesOf(ordered, heldOut, options.rank), ...cutNotes(best, options.rank)],
  };
}

/** μ + b + c alone. */
const asBiases = (P: Posterior, globalMean: number): Biases => ({
  globalMean,
  rowBias: biasesOf(P.rows, P.width),
  colBias: biasesOf(P.cols, P.width),
});

const productOf = (P: Posterior): Factored => ({ left: factorsOf(P.rows, P.width), right: factorsOf(P.cols, P.width) });

/** The plain bias model of ratings. */
export function baselineOf(K: Kernels, E: Ratings['entries']): Biases {
  const mean = meanOf(E);
  return asBiases(fitBiases(K, observatory(K, E.rows, E.cols, E.values.length)(E, mean)), mean);
}

function fitBiases(K: Kernels, data: Observed): Posterior {
  const P = emptyPosterior(K, data);
  if (data.scale === 0) return P;
  const { sweep } = workshop(K, data, 1);
  for (let sweeps = 0, before = Number.NaN; sweeps < 50 && !(Math.abs(P.noise - before) <= 1e-6 * P.noise); sweeps++) {
    before = P.noise;
    sweep(P, 1);
  }
  return P;
}

/** 1, 2, 4, … up to r where it is given, else while there are half as many ratings as unknowns, and at most half the shape. */
function ranksToTry(rank: number | 'auto' | undefined, train: Entries, heldOut: TripleBlock): number[] {
  const { rows, cols, values } = train;
  const supported = Math.min(LARGEST_RANK, Math.min(rows, cols) / 2, (2 * values.length) / (rows + cols));
  const most = typeof rank === 'number' ? rank : heldOut.count > 0 ? supported : 0;
  const ranks: number[] = [];
  for (let r = 1; r <= most; r *= 2) ranks.push(r);
  if (typeof rank === 'number' && rank > 0 && ranks.at(-1) !== rank) ranks.push(rank);
  return ranks;
}

function temperAt(sweep: number): number {
  let temper = FIRST_TEMPER;
  for (let s = 0; s < sweep && temper < 1; s++) temper *= WARMING;
  return Math.min(1, temper);
}

const predictor =
  ({ width: w, rows, cols }: Posterior, mean: number) =>
  (i: number, j: number): number => {
    const u = rows.mean;
    const v = cols.mean;
    let x = mean + u[i * w] + v[j * w];
    for (let a = 1, p = i * w + 1, q = j * w + 1; a < w; a++, p++, q++) x += u[p] * v[q];
    return x;
  };

/** The fewest leading singular directions of the product whose held-out error is as low as that of any number of them. */
function fewestDirections(K: Kernels, P: Posterior, mean: number, heldOut: TripleBlock, exact: number): number {
  const { U, values: sigma, V } = factoredSvd(K, productOf(P));
  const predict = biasPredict(asBiases(P, mean));
  const sums = new Float64Array(sigma.length + 1);
  for (let t = 0; t < heldOut.count; t++) {
    const i = heldOut.rows[t];
    const j = heldOut.cols[t];
    let off = predict(i, j) - heldOut.values[t];
    sums[0] += off * off;
    for (let a = 0; a < sigma.length; a++) {
      off += at(U, i, a) * sigma[a] * at(V, j, a);
      sums[a + 1] += off * off;
    }
  }
  const least = sums.reduce((x, y) => Math.min(x, y));
  const good = Math.max((1 + AS_GOOD) * (1 + AS_GOOD) * least, exact * exact * heldOut.count);
  return Math.max(
    1,
    sums.findIndex((sum) => sum <= good),
  );
}

function notesOf(
  { rowOrder, colOrder }: Pick<Observed, 'rowOrder' | 'colOrder'>,
  heldOut: TripleBlock,
  rank: number | 'auto' | undefined,
): string[] {
  const sides = [rowOrder && 'rows', colOrder && 'columns'].filter(Boolean).join(' and ');
  const notes: string[] = [];
  if (sides)
    notes.push(`Neighbouring ${sides} resemble each other in the order of their numbers: their factors are tied.`);
  if (heldOut.count === 0 && typeof rank !== 'number')
    notes.push('There are too few ratings to keep some back: rank 0, the biases alone.');
  return notes;
}

const cutNotes = (best: Posterior, rank: number | 'auto' | undefined): string[] =>
  typeof rank === 'number' && best.width - 1 < rank ? [`Cut short at rank ${best.width - 1} of ${rank}.`] : [];

function show(
  K: Kernels,
  stage: CompleteProgress['stage'],
  step: number,
  P: Posterior,
  heldOut: number | undefined,
): CompleteProgress {
  return {
    stage,
    step,
    rank: P.width - 1,
    heldOut,
    get singularValues() {
      return P.width === 1 ? new Float64Array(0) : factoredSvd(K, productOf(P)).values.slice(0, 16);
    },
  };
}
