// The public names. Four functions do a whole job in a worker: complete(), sense(), factor() and recoverSparse(). The rest are the parts that they are
// made of, for people who compose their own; docs/library.md shows how.

import { httpSource } from '#platform';
import type { CompleteProgress } from './complete/complete.js';
import { type Fit, fitFromTensors } from './complete/fit.js';
import type { LiveRun } from './engine/live.js';
import {
  type CompletedRatings,
  type CompleteRunOptions,
  completeLive,
  type RatingsInput,
} from './engine/liveComplete.js';
import {
  type FactoredMatrix,
  type FactorRunOptions,
  factorLive,
  type GeneratedMatrix,
  type KnownMatrix,
} from './engine/liveFactor.js';
import {
  type GeneratedMeasurements,
  type Measurements,
  type SensedMatrix,
  type SenseRunOptions,
  senseLive,
} from './engine/liveSense.js';
import {
  type GeneratedSparse,
  type LinearMeasurements,
  type SparseRunOptions,
  type SparseVector,
  sparseLive,
} from './engine/liveSparse.js';
import { LorankError } from './errors.js';
import { rangeOf } from './io/bytes.js';
import { openSafetensors } from './io/safetensors.js';
import type { Tensor } from './io/tensor.js';
import { type Files, filesOf, unlistedFiles } from './lora/files.js';
import type { FactorProgress } from './methods/factor.js';
import type { SenseProgress } from './methods/sensing.js';
import type { SparseProgress } from './methods/sparsePath.js';

/**
 * Completes a matrix of which some entries are known, and measures how well it predicts the ones kept back. It runs in a
 * worker: await it for the fit, iterate it to watch, abort it by a signal.
 *
 * @param ratings rows [user, item, value], columns { users, items, values }, or an iterator of rows.
 * @throws LorankError, through the promise: of code 'usage' for wrong options, 'data' for a rating that is no number,
 * 'aborted' after the signal.
 */
export const complete = (
  ratings: RatingsInput,
  options: CompleteRunOptions = {},
): LiveRun<CompleteProgress, CompletedRatings> => completeLive(ratings, options, (fit) => fit);

/**
 * Recovers a matrix of low rank from linear measurements y_i = ⟨A_i, X⟩. It runs in a worker: await it for the matrix,
 * iterate it to watch, abort it by a signal.
 *
 * @param data the operator, the measurements and the shape; or { generator } for data made from the seed.
 * @throws LorankError, through the promise: of code 'usage' for wrong options or shapes, 'data' for a measurement that is
 * not finite, 'aborted' after the signal.
 */
export const sense = (
  data: Measurements | GeneratedMeasurements,
  options: SenseRunOptions = {},
): LiveRun<SenseProgress, SensedMatrix> => senseLive(data, options, (sensed) => sensed);

/**
 * Factors a matrix that is known: A ≈ VWᵀ, or UUᵀ where it is symmetric. It runs in a worker: await it for the factors,
 * iterate it to watch, abort it by a signal.
 *
 * @param data the matrix and its shape; or { generator } for one made from the seed.
 * @throws LorankError, through the promise: of code 'usage' for wrong options or shapes, 'data' for a number that is not
 * finite or a matrix that is not symmetric and should be, 'aborted' after the signal.
 */
export const factor = (
  data: KnownMatrix | GeneratedMatrix,
  options: FactorRunOptions = {},
): LiveRun<FactorProgress, FactoredMatrix> => factorLive(data, options, (factored) => factored);

/**
 * Recovers a sparse vector x from y = A x, where A has fewer rows than columns. It runs in a worker: await it for the vector,
 * iterate it to watch, abort it by a signal.
 *
 * @param data the design, the measurements; or { generator } for data made from the seed.
 * @throws LorankError, through the promise: of code 'usage' for wrong options or sizes, 'data' for a number that is not
 * finite or a column of zeros, 'aborted' after the signal.
 */
export const recoverSparse = (
  data: LinearMeasurements | GeneratedSparse,
  options: SparseRunOptions = {},
): LiveRun<SparseProgress, SparseVector> => sparseLive(data, options);

/**
 * A model or an adapter behind a URL, read by HTTP ranges: of its folder, or of one .safetensors file. A query is kept. A
 * folder cannot be listed: the usual names are tried, or those in `names` are taken as they are.
 * @throws LorankError of code 'io' where the server knows no ranges or fails, 'usage' where there is nothing.
 */
export async function httpFiles(url: string, names?: readonly string[]): Promise<Files> {
  const [path, query = ''] = url.split(/(?=\?)/);
  const open = async (at: string) => {
    const source = await httpSource(at + query);
    if (source) return source;
    throw new LorankError(
      'io',
      `${at}: the server answers a request for a range with the whole file`,
      'take a server that knows Range requests, or download the file and open it',
    );
  };
  if (!names) return unlistedFiles(path, open);
  const opened = names.map(async (name) => [name, await open(`${path.replace(/\/*$/, '/')}${name}`)] as const);
  return filesOf(Object.fromEntries(await Promise.all(opened)));
}

/**
 * The fit in the bytes of a fit.safetensors file, as fit.toBytes() and `lorank complete -o` write it.
 * @throws LorankError of code 'data' where they are not such a file.
 */
export async function fitFromBytes(bytes: Uint8Array): Promise<Fit> {
  const file = await openSafetensors(rangeOf(bytes));
  const tensors: Record<string, Tensor> = {};
  for (const name of file.tensors.keys()) tensors[name] = await file.read(name);
  return fitFromTensors(tensors, file.metadata);
}

export { constant, meanSquare, type Node } from './autodiff/index.js';
export type { CompleteProgress } from './complete/complete.js';
export { completeRatings as completeStream } from './complete/complete.js';
export type { Fit } from './complete/fit.js';
export { type Ratings, ratingsFrom } from './complete/ratings.js';
export type { Scores } from './complete/scores.js';
export {
  descend,
  type Factored,
  type Iterate,
  type LinearMap,
  type Objective,
  type Parametrisation,
  type Problem,
  pull,
  type Rule,
  sum,
  type Theta,
} from './descend.js';
export {
  type Coupling,
  coupling,
  imbalanceMatrix,
  imbalanceStep,
  type SingularSpaces,
  symmetrised,
} from './diagnostics/coupling.js';
export {
  equalCount,
  invariantDeviation,
  layerSpectra,
  restBases,
  restStep,
  turnedBy,
} from './diagnostics/deep.js';
export { relativeFrobenius } from './diagnostics/errors.js';
export {
  curvedSensing,
  type Landscape,
  type LandscapeOptions,
  landscape,
  type PointKind,
  procrustes,
  saddleBound,
} from './diagnostics/landscape.js';
export { type PredictedPhases, predictPhases } from './diagnostics/phasePrediction.js';
export {
  type Boundary,
  type OracleLook,
  oracleLook,
  oraclePhasesOf,
  type PhaseLook,
  type Phases,
  type Plateau,
  type PositiveTruth,
  phaseLook,
  phasesOf,
  type SpectralReference,
  spectralReference,
} from './diagnostics/phases.js';
export { departure, powerShadow, type Shadow } from './diagnostics/powerShadow.js';
export { type SignalNoise, type SplitNorms, signalNoise, sineBetween, splitNorms } from './diagnostics/signalNoise.js';
export { effectiveRank, imbalance, numericalRank } from './diagnostics/spectrum.js';
export { leastTrappingDelta, type Trap, trapProblem } from './diagnostics/traps.js';
export { drive } from './engine/drive.js';
export type { LiveOptions, LiveRun } from './engine/live.js';
export type {
  CompletedRatings,
  CompleteRunOptions,
  Id,
  Rating,
  RatingColumns,
  RatingsInput,
} from './engine/liveComplete.js';
export type { FactoredMatrix, FactorRunOptions, GeneratedMatrix, KnownMatrix } from './engine/liveFactor.js';
export type { GeneratedMeasurements, Measurements, SensedMatrix, SenseRunOptions } from './engine/liveSense.js';
export type { GeneratedSparse, LinearMeasurements, SparseRunOptions, SparseVector } from './engine/liveSparse.js';
export { prepare, type Resources } from './engine/prepare.js';
export { dataError, type ErrorCode, LorankError, usageError } from './errors.js';
export {
  type CompressedStart,
  compressedStart,
  type DeepStartOptions,
  deepStart,
  type InvariantBases,
  type InvariantStartOptions,
  invariantBases,
  invariantStart,
  surrogateStart,
} from './initialisations/deep.js';
export { large, type NystromOptions, nystrom, smallRandom, spectral } from './initialisations/index.js';
export { concat, rangeOf, type SizedRange } from './io/bytes.js';
export { Ids } from './io/ids.js';
export { type Coordinates, readMatrixMarket, writeMatrixMarket, writeMatrixMarketEntries } from './io/mtx.js';
export { readNpy, readNpyHeader, readNpyRows, writeNpy } from './io/npy.js';
export { readNpz, writeNpz } from './io/npz.js';
export { openParquet, writeParquet } from './io/parquet.js';
export { readPng, writePng } from './io/png.js';
export { readRatings } from './io/ratings.js';
export { openSafetensors, writeSafetensors } from './io/safetensors.js';
export { floatTensor, type Tensor, tensorMatrix, tensorOf, toFloat32 } from './io/tensor.js';
export { type Kernels, referenceKernels, singleKernels, startKernels } from './kernels/index.js';
export { principalAngles } from './linalg/angles.js';
export { cholesky, solveCholesky } from './linalg/cholesky.js';
export { distance } from './linalg/distance.js';
export { type Dual, dual } from './linalg/dual.js';
export { symmetricEigen } from './linalg/eigen.js';
export { factoredSvd, formed, truncated } from './linalg/factored.js';
export { type Eigenpair, type KrylovOptions, smallestEigenvalue } from './linalg/lanczos.js';
export { denseOf, mapOf, mapOfFactored } from './linalg/maps.js';
export { frobenius, spectralNorm } from './linalg/norms.js';
export { multiply, multiplyInto } from './linalg/products.js';
export { leastSquares, qr } from './linalg/qr.js';
export { randomisedSvd } from './linalg/randomised.js';
export { singularValues, svd } from './linalg/svd.js';
export {
  type AdapterStart,
  type ChainStart,
  chainOf,
  compressedDeepStart,
  type DeepLoraOptions,
  narrowDeepStart,
  type Pair,
  pairOf,
  residualModel,
  weightGradients,
  weightOf,
} from './lm/adapters.js';
export { architectureOf, loadModel } from './lm/architecture.js';
export { type Denoiser, type DenoiseTaskOptions, denoiser, denoiseTask, samplePictures } from './lm/denoiser.js';
export { drawShape, SHAPES, type Shape } from './lm/drawings.js';
export {
  type Architecture,
  type Decoder,
  loadWeights,
  type Model,
  modelFiles,
  type Net,
  openNet,
  randomModel,
  type WeightShape,
  withWeights,
} from './lm/model.js';
export type { TrainRow } from './lm/rows.js';
export { type ScheduleKind, schedule } from './lm/schedule.js';
export {
  checkpointOf,
  type DeepStartOptions as DeepAdapterOptions,
  learnedAdapter,
  type Started,
  startAdapters,
  startDeep,
  startFrom,
} from './lm/starts.js';
export { type Example, type TextTask, type TextTaskOptions, textTask } from './lm/text.js';
export { byteTokens, openTokenizer, type TextTokens } from './lm/tokenizer.js';
export { heldOutLoss, type Task, type TrainOptions, type TrainResult, train } from './lm/train.js';
export {
  type Adapter as LoraAdapter,
  type AdapterLayer,
  adapterFiles,
  adapterOf,
  type LayerHead,
  type LayerKind,
  readAdapter,
} from './lora/adapter.js';
export { type AveragedLayer, type AverageOptions, averageAdapters } from './lora/average.js';
export { type CheckReport, checkAdapter, type Finding } from './lora/check.js';
export { type Checkpoint as ModelCheckpoint, type CheckpointTensor, openCheckpoint } from './lora/checkpoint.js';
export { type PeftConfig, peftConfig } from './lora/config.js';
export { type ConvertedLayer, type ConvertOptions, convertAdapter } from './lora/convert.js';
export { dialectFiles } from './lora/dialects.js';
export {
  type AdapterDifference,
  type CheckpointDifference,
  diffAdapters,
  diffCheckpoints,
  type LayerDifference,
  type TensorDifference,
} from './lora/diff.js';
export type { Energy } from './lora/energy.js';
export {
  type Extracted,
  type ExtractedLayer,
  type ExtractOptions,
  extractAdapter,
  type NotCarried,
} from './lora/extract.js';
export { type BlobLike, bytesOf, type Files, filesOf, type OutputFile } from './lora/files.js';
export {
  type InitOptions,
  type InitPlan,
  type InitWatch,
  initAdapter,
  type LayerReport,
  largestChange,
  planInit,
} from './lora/initialise.js';
export { type Merged, type MergedLayer, type MergeOptions, mergeAdapter } from './lora/merge.js';
export type { Dialect } from './lora/names.js';
export { RESIDUAL_FILE, residualTensors } from './lora/residual.js';
export { type ResizedLayer, type ResizeOptions, resizeAdapter } from './lora/resize.js';
export { type LayerSpectrum, type SpectrumOptions, spectrum } from './lora/spectrum.js';
export type { InitMethod } from './lora/starts.js';
export { type Module, modulesOf, parseTargets, type Targets } from './lora/targets.js';
export type { Made } from './lora/work.js';
export { at, copy, type Float, type Matrix, matrix, slice, transpose } from './matrix.js';
export { type DeepOptions, type DeepPlan, deepPlan, type Seen } from './methods/deep.js';
export { deepObjective } from './methods/deepObjective.js';
export { type DiagonalOptions, diagonal } from './methods/diagonal.js';
export {
  type FactorOptions,
  type FactorProgress,
  type FactorResult,
  factor as factorStream,
} from './methods/factor.js';
export { lassoPath, onSegment, type Segment } from './methods/homotopy.js';
export { matchingPursuit, type Pursuit } from './methods/matchingPursuit.js';
export { type Ensemble, type Preflight, type PreflightOptions, preflight } from './methods/preflight.js';
export { type ScaledStepsOptions, scaledSteps } from './methods/scaledSteps.js';
export { sense as senseStream } from './methods/sense.js';
export type { Measured, SenseProgress } from './methods/sensing.js';
export { type SparseOptions, type SparseResult, sparse as sparseStream } from './methods/sparse.js';
export type { SparseProgress } from './methods/sparsePath.js';
export {
  type Advice,
  adviseWeightNorm,
  equivalentStart,
  gradientGap,
  normEstimate,
  weightNormGap,
  weightNormInvariant,
  weightNormPotential,
} from './methods/weightNorm.js';
export {
  denseRows,
  fast,
  gaussian,
  type Mask,
  mask,
  type Operator,
  rademacher,
  rademacherRegenerated,
  rankOne,
} from './operators/index.js';
export { deep, layersOf, type Widths } from './parametrisations/deep.js';
export { factorPair } from './parametrisations/factorPair.js';
export { type HadamardOptions, hadamard } from './parametrisations/hadamard.js';
export { type OnManifold, polarSymmetric } from './parametrisations/polarSymmetric.js';
export { sideBySide } from './parametrisations/sideBySide.js';
export { symmetric } from './parametrisations/symmetric.js';
export { approximation } from './problems/approximation.js';
export { type Curved, hessianMap, sumCurved } from './problems/curved.js';
export { entriesLoss, type KnownEntries } from './problems/entries.js';
export { type IncoherenceOptions, incoherence } from './problems/incoherence.js';
export { type Design, design, linear } from './problems/linear.js';
export { sensing, sensingBatch, sensingMinibatch } from './problems/sensing.js';
export {
  DEFAULT_SEED,
  exp,
  log,
  normals,
  permutation,
  pow,
  type Stream,
  signs,
  split,
  stream,
  subset,
  uniforms,
} from './random/index.js';
export {
  type Axis,
  type Block,
  chart,
  type Datum,
  type FigureOptions,
  htmlReport,
  type Mark,
  type MarkOptions,
  type Panel,
  type Spec,
  type TableBlock,
} from './report/index.js';
export { type AdamwOptions, adamw, clipNorm } from './rules/adamw.js';
export { armijo } from './rules/armijo.js';
export { gradient } from './rules/gradient.js';
export { heavyBall } from './rules/heavyBall.js';
export { type FactorPair, noraPlus, riemannian } from './rules/noraPlus.js';
export { retracted } from './rules/retracted.js';
export { scaled } from './rules/scaled.js';
export { weightDecay } from './rules/weightDecay.js';
export { type PolarSteps, weightNormalised } from './rules/weightNormalised.js';
export { canonical, parseSpec, type RunSpec, runSpecSchema } from './spec.js';
export {
  anyOf,
  divergence,
  gradientBelow,
  iterationLimit,
  lossBelow,
  type Outcome,
  type Stop,
  settled,
  stall,
  stationary,
} from './stop.js';
export { type Checkpoint, finish, type Run, type Snapshot, sample, take, tap } from './stream.js';
export { lowRank, orthonormal, sparse, uniformMask, withNoise, withOutliers } from './truth/index.js';
