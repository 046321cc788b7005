// The public names in Node: those of index.ts, and files.

import { fileSink, fileSource } from '#platform';
import type { CompleteProgress } from './complete/complete.js';
import type { Fit } from './complete/fit.js';
import type { LiveRun } from './engine/live.js';
import {
  type CompletedRatings,
  type CompleteRunOptions,
  completeLive,
  fitPieces,
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
import { factorPieces, matrixPieces } from './engine/output.js';
import { fitFromBytes } from './index.js';
import type { FactorProgress } from './methods/factor.js';
import type { SenseProgress } from './methods/sensing.js';

export * from './index.js';
export { type PngOptions, renderPng } from './report/png.js';
export { renderSvg } from './report/svg.js';

/** What has a file. */
export interface Saved {
  /** Writes what toBytes() gives to a file. It appears under its name only when it is whole, and replaces one that is there. */
  save(path: string): Promise<void>;
}

/** complete() of index.ts; its fit can be saved. */
export const complete = (
  ratings: RatingsInput,
  options: CompleteRunOptions = {},
): LiveRun<CompleteProgress, CompletedRatings & Saved> =>
  completeLive(ratings, options, (fit) => ({ ...fit, save: (path) => write(path, fitPieces(fit)) }));

/** sense() of index.ts; its matrix can be saved. */
export const sense = (
  data: Measurements | GeneratedMeasurements,
  options: SenseRunOptions = {},
): LiveRun<SenseProgress, SensedMatrix & Saved> =>
  senseLive(data, options, (sensed) => ({ ...sensed, save: (path) => write(path, matrixPieces(sensed.matrix, path)) }));

/** factor() of index.ts; its factors can be saved. */
export const factor = (
  data: KnownMatrix | GeneratedMatrix,
  options: FactorRunOptions = {},
): LiveRun<FactorProgress, FactoredMatrix & Saved> =>
  factorLive(data, options, (factored) => ({ ...factored, save: (path) => write(path, factorPieces(factored)) }));

/** The fit in a fit.safetensors file. */
export async function loadFit(path: string): Promise<Fit> {
  const file = await fileSource(path);
  try {
    return await fitFromBytes(await file.read(0, file.size));
  } finally {
    await file.close();
  }
}

async function write(path: string, pieces: Iterable<Uint8Array>): Promise<void> {
  const sink = await fileSink(path);
  try {
    for (const piece of pieces) await sink.write(piece);
    await sink.close();
  } catch (error) {
    await sink.abort();
    throw error;
  }
}
