// Completion by plain descent on F(V, W) = ½ Σ_e (⟨v_i, w_j⟩ − x_e)², x less the biases, or the mean, where these help.
//
//   gd          θ⁺ = θ − μ∇F(θ)           from a small random start: large directions grow first, and the held-out error
//                                         says when to stop
//   scaled-gd   θ⁺ = θ − η B(θ)⁻¹∇F(θ)    ScaledGD from a spectral start at a given rank, where that predicts the held-out
//                                         entries; else ScaledGD(λ) from a small random start, λ the size of what uniform
//                                         sampling adds to X
//
//   deep, compressed-deep         x ≈ (W_L ⋯ W_1)_ij, a chain of factors: its small start finds few directions without a rank
//                                                                                                         methods/deep.ts
//
// There is no guarantee of the kind that sensing has: completion asks for incoherence and uniform sampling. A default step
// that diverges is halved and the descent begun again. The fit is the iterate of the lowest held-out error; it is not fitted
// again to what was kept back.
// Cost per step: O(mk), and O((n₁+n₂)k²) where scaled.

import type { Factored, Theta } from '../descend.js';
import { plural } from '../errors.js';
import { smallRandom, spectral } from '../initialisations/index.js';
import { factoredSvd } from '../linalg/factored.js';
import { norm } from '../linalg/norms.js';
import { randomisedSvd } from '../linalg/randomised.js';
import { entriesOf } from '../linalg/vectors.js';
import { matrix } from '../matrix.js';
import { type DeepOptions, deepPlan } from '../methods/deep.js';
import { deepObjective } from '../methods/deepObjective.js';
import { REST } from '../methods/factorDeep.js';
import { openBook } from '../methods/leg.js';
import { stepNotes, withStep } from '../methods/steps.js';
import { mask } from '../operators/mask.js';
import { factorPair } from '../parametrisations/factorPair.js';
import { entriesObjective } from '../problems/entries.js';
import { normals, split } from '../random/index.js';
import { gradient } from '../rules/gradient.js';
import { scaled } from '../rules/scaled.js';
import { anyOf, divergence, iterationLimit, lossBelow, stationary } from '../stop.js';
import { baselineOf } from './bayes.js';
import type { CompleteProgress, Method } from './complete.js';
import type { Biases } from './fit.js';
import type { Ratings, TripleBlock } from './ratings.js';
import { biasPredict, rmseOf, scoresOf } from './scores.js';

/** k where neither a width nor a rank is given. */
const WIDTH = 50;
const SCALED_WIDTH = 20;
/** Steps without a held-out error lower by one per cent, after which a descent ends. */
const PATIENCE = 300;
const SCALED_PATIENCE = 100;
/** Share by which the loss falls within 100 steps before it counts as settled. */
const SETTLED = 1e-6;
/** Share by which the biases must lower the held-out RMSE, and the mean the mean square, to be taken away. */
const HELPFUL = 0.01;

export const completeByDescent: Method = function* ({ K, train, heldOut, options, random }, from) {
  const { rows: n1, cols: n2 } = train;
  const { method, rank, tolerance = 1e-3, initNorm } = options;
  const scaling = method === 'scaled-gd';
  const most = Math.min(n1, n2);
  const isChain = method === 'deep' || method === 'compressed-deep';
  const given = typeof rank === 'number' && !isChain ? rank : undefined;
  const width = options.width ?? given ?? Math.min(most, scaling ? SCALED_WIDTH : WIDTH);

  const baseline = baselineOf(K, train);
  const offset = offsetOf(baseline, train, heldOut);
  const known = less(train, offset);
  const inverseShare = (n1 * n2) / known.values.length;
  const M = mask(K, known, { scale: 'none' }).adjoint(known.values.map((x) => x * inverseShare));
  const testMatrix = (rows: number, cols: number) =>
    matrix(rows, cols, normals(split(random, 'descent/sketch'), rows * cols));
  const scale = randomisedSvd(K, M, { rank: 1, testMatrix }).values[0];

  if (scale === 0) {
    const nothing = { left: matrix(n1, width), right: matrix(n2, width) };
    const heldOutNow = scoresOf(heldOut, biasPredict(offset), baseline);
    const notes = ['Nothing is left to fit beyond the biases.'];
    return {
      outcome: 'converged',
      iterations: 0,
      heldOut: heldOutNow,
      path: [],
      factors: nothing,
      biases: offset,
      baseline,
      notes,
    };
  }

  const initScale = (options.initScale ?? 1e-3) * Math.sqrt(scale);
  const sketch =
    scaling && width === rank && options.initScale === undefined
      ? spectral(K, M, width, split(random, 'descent'))
      : undefined;
  const misses = (X: Factored) => rmseOf(heldOut, withFactors(offset, X)) > rmseOf(heldOut, biasPredict(offset));
  const isSpectral = sketch !== undefined && !misses(factorPair(K, n1, n2, width).value(sketch));
  const damping = options.damping === undefined ? (isSpectral ? 0 : noiseLevel(known)) : options.damping * scale;
  const chain =
    isChain &&
    deepPlan(K, { map: M, scale, known: false, share: 1 / inverseShare }, split(random, 'descent'), {
      ...options,
      method,
      width: method === 'deep' ? width : options.width,
    } as DeepOptions);
  const phi = chain ? chain.phi : factorPair(K, n1, n2, width, damping);
  const objective = chain ? deepObjective(K, known, chain.widths) : entriesObjective(K, known, width);
  const pairStart = (): Theta =>
    isSpectral ? sketch : smallRandom(split(random, 'descent'), { shape: [n1, n2], width, initScale, initNorm });
  const predict = (theta: Theta) => withFactors(offset, phi.value(theta));
  const score = (theta: Theta) => rmseOf(heldOut, predict(theta));
  const { loss: lossOfZero } = objective.evaluate(new Float64Array(phi.size), 0);
  const { iterations = chain ? 50_000 : 10_000 } = options;
  const judge =
    heldOut.count > 0 ? { score, patience: chain ? chain.plateau : scaling ? SCALED_PATIENCE : PATIENCE } : undefined;
  const book = openBook<CompleteProgress>(
    ({ step, it, score: heldOutNow }) => ({
      stage: 'descent',
      step,
      rank: chain ? chain.widths[1] : width,
      heldOut: heldOutNow,
      get singularValues() {
        return factoredSvd(K, phi.value(it.theta)).values.slice(0, 16);
      },
    }),
    from,
  );

  const suggested = chain ? chain.safe : scaling ? inverseShare / (isSpectral ? 2 : 8) : inverseShare / (4 * scale);
  const { end, step } = yield* withStep({ suggested, given: options.stepSize }, (stepSize) =>
    book.travel({
      objective,
      rule: chain ? chain.rule(stepSize) : scaling ? scaled(stepSize, phi.metric!) : gradient(stepSize),
      start: chain ? chain.start : pairStart,
      stop: anyOf(
        divergence(100),
        iterationLimit(iterations - book.steps()),
        lossBelow(tolerance * tolerance * lossOfZero),
        chain ? stationary(chain.plateau, REST, 0.1) : stationary(100, SETTLED, 0.1),
      ),
      judge,
    }),
  );

  const { left, right } = phi.value(end.theta);
  const notes = [
    `The fit is that of the ratings that were not kept back. Step size ${Number(step.stepSize.toPrecision(4))}.`,
    ...stepNotes(end.outcome, step),
  ];
  if (sketch && !isSpectral)
    notes.push('A spectral start predicts what was kept back worse than the biases do: a small random one instead.');
  if (offset === baseline) notes.push('Biases are taken away before the descent.');
  if (chain)
    notes.push(
      `A chain of ${chain.widths.length - 1} ${plural(chain.widths.length - 1, 'factor')} of widths ${chain.widths.join(', ')}.`,
    );
  const path = judge ? [{ rank: left.cols, rmse: score(end.theta) }] : [];
  return {
    outcome: end.outcome,
    iterations: book.steps(),
    heldOut: scoresOf(heldOut, predict(end.theta), baseline),
    path,
    factors: { left, right },
    biases: offset,
    baseline,
    notes,
  };
};

/** The biases where they predict what was kept back better than the mean alone; else the mean where it is not small. */
function offsetOf(baseline: Biases, train: Ratings['entries'], heldOut: TripleBlock): Biases {
  const scores = scoresOf(heldOut, biasPredict(baseline), baseline)?.baselines;
  if (!scores || scores.bias.rmse < (1 - HELPFUL) * scores.globalMean.rmse) return baseline;
  const mean = baseline.globalMean;
  const square = train.values.reduce((sum, x) => sum + x * x, 0) / train.values.length;
  return {
    globalMean: mean * mean < HELPFUL * square ? 0 : mean,
    rowBias: new Float64Array(train.rows),
    colBias: new Float64Array(train.cols),
  };
}

/** The entries less μ + b_i + c_j. */
function less(E: Ratings['entries'], offset: Biases): Ratings['entries'] {
  const of = biasPredict(offset);
  const values = new Float64Array(E.values.length);
  for (let i = 0; i < E.rows; i++)
    for (let e = E.starts[i]; e < E.starts[i + 1]; e++) values[e] = E.values[e] - of(i, E.columns[e]);
  return { ...E, values };
}

/** rms(x)(√n₁ + √n₂)/√(share of entries seen): about σ₁ of E/share − X, E the entries seen, uniformly sampled. */
const noiseLevel = ({ rows, cols, values }: Ratings['entries']): number =>
  (norm(values) * (Math.sqrt(rows) + Math.sqrt(cols)) * Math.sqrt(rows * cols)) / values.length;

function withFactors(offset: Biases, { left, right }: Factored) {
  const base = biasPredict(offset);
  const [V, W] = [entriesOf(left), entriesOf(right)];
  const k = left.cols;
  return (i: number, j: number): number => {
    let x = base(i, j);
    for (let a = 0, p = i * k, q = j * k; a < k; a++, p++, q++) x += V[p] * W[q];
    return x;
  };
}
