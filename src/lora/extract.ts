// The adapter that turns one model into another: of each difference D = W_tuned − W_base the leading singular triples, by
// randomised SVD (Halko, Martinsson and Tropp; linalg/randomised.ts). B = U√Σ, A = √Σ Vᵀ, s = 1.
//
// Guarantee: the error per layer, ‖D − B A‖_F/‖D‖_F, is measured on the factors as they are stored. With a share of energy the
// rank is the least of a subspace that is doubled until it holds that share.
// Cost per layer: one pass over both models, then 2 + 2p products of D with r + 10 columns, p = 3, in f32. Memory: one D.

import type { LinearMap } from '../descend.js';
import { dataError, usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { randomisedSvd } from '../linalg/randomised.js';
import type { Svd } from '../linalg/svd.js';
import { dot, entriesOf } from '../linalg/vectors.js';
import { copy, type Matrix, matrix, slice, transpose } from '../matrix.js';
import { DEFAULT_SEED, normals, type Stream, split, stream } from '../random/index.js';
import { type AdapterLayer, patternsOf } from './adapter.js';
import type { Checkpoint } from './checkpoint.js';
import { peftConfig } from './config.js';
import { rankForEnergy, sumOfSquares } from './product.js';
import { type Module, modulesOf, selectModules, type Targets, targetNames } from './targets.js';
import {
  finished,
  type LayerChange,
  type LayerWork,
  layerFrom,
  type Made,
  requireEnergy,
  requireRank,
} from './work.js';

/** What extractAdapter takes. */
export interface ExtractOptions {
  /** r of every layer, less where a side is smaller. Default 16, unless `energy` is given. */
  readonly rank?: number;
  /** Instead of a rank: the share of ‖D‖_F² to keep, layer by layer. */
  readonly energy?: number;
  /** Layers that may carry an adapter. Default: all linear ones but the output layer, and convolutions. */
  readonly targets?: Targets;
  /** Default DEFAULT_SEED. */
  readonly seed?: number;
  /** Called after each layer. */
  readonly onLayer?: (report: ExtractedLayer) => void;
}

/** A layer that was extracted; norm is ‖D‖_F. */
export interface ExtractedLayer extends LayerChange {
  /** ‖D‖_F / ‖W_base‖_F. */
  readonly change: number;
}

/** A tensor that differs and that the adapter cannot carry. */
export interface NotCarried {
  readonly name: string;
  readonly why: 'no matrix' | 'embedding' | 'not among the targets' | 'only in the base' | 'only in the tuned model';
  /** ‖difference‖_F / ‖base‖_F, where both models have it. */
  readonly change?: number;
}

/** An adapter, and what it does not carry. */
export interface Extracted extends Made<ExtractedLayer> {
  readonly notCarried: readonly NotCarried[];
}

/** The adapter from base to tuned, all in memory. @throws data error where no layer that may carry one differs. */
export async function extractAdapter(
  K: Kernels,
  base: Checkpoint,
  tuned: Checkpoint,
  options: ExtractOptions = {},
): Promise<Extracted> {
  let notCarried: readonly NotCarried[] = [];
  const work = extracting(K, base, tuned, options, (found) => {
    notCarried = found;
  });
  return { ...(await finished(work, options.onLayer)), notCarried };
}

/** The same, layer by layer; at the end left is told what the adapter cannot carry, by a pass over those tensors. */
export function extracting(
  K: Kernels,
  base: Checkpoint,
  tuned: Checkpoint,
  { rank, energy, targets, seed = DEFAULT_SEED }: ExtractOptions,
  left: (notCarried: readonly NotCarried[]) => void,
): LayerWork<ExtractedLayer> {
  const caller = 'extractAdapter';
  if (rank !== undefined) requireRank(caller, rank);
  if (energy !== undefined) requireEnergy(caller, energy);
  if (rank !== undefined && energy !== undefined)
    throw usageError(`${caller}: rank or energy should be given, got both`, 'leave one of the two out');
  requireOneShape(caller, base, tuned);
  modulesOf(tuned); // refuses a quantised model
  const modules = modulesOf(base);
  const chosen = (targets ? selectModules(base, modules, targets) : usualTargets(base, modules)).filter(({ weight }) =>
    tuned.tensors.has(weight),
  );
  const embedding = chosen.find(({ kind }) => kind === 'embedding');
  if (embedding)
    throw usageError(
      `${caller}: ${embedding.path} is an embedding, and this extracts linear layers and convolutions`,
      'leave it out of the targets',
    );
  const byPath = new Map(chosen.map((module) => [module.path, module]));
  const draws = stream(seed, 'lora/extract');
  const carried = new Set(chosen.map(({ weight }) => weight));
  let notCarried: readonly NotCarried[] = [];
  return {
    paths: [...byPath.keys()],
    make: async (path) => {
      const module = byPath.get(path)!;
      const { D, square, baseSquare } = await readDifference(caller, base, tuned, module.weight);
      if (square === 0) return undefined;
      const from = { rank: rank ?? (energy === undefined ? 16 : undefined), energy: energy ?? 1 };
      const { layer, lost } = K.scoped(() => factors(K, module, D, square, from, split(draws, path)));
      const norm = Math.sqrt(square);
      const report = { path, rank: layer.rank, norm, error: lost / norm, change: norm / Math.sqrt(baseSquare || 1) };
      return { layer, report };
    },
    finish: async () => {
      notCarried = await leftBehind(caller, base, tuned, modules, carried);
      left(notCarried);
    },
    around: (heads) => {
      if (heads.length === 0) throw nothingDiffers(caller, notCarried);
      const paths = new Set(heads.map(({ path }) => path));
      const present = modules.filter(({ path }) => paths.has(path));
      const { _name_or_path: name, architectures } = base.config;
      const architecture = Array.isArray(architectures) ? String(architectures[0]) : '';
      return {
        config: peftConfig({
          ...patternsOf(heads),
          target_modules: targetNames(present, modules),
          fan_in_fan_out: present.some(({ transposed }) => transposed),
          task_type: /ForCausalLM$|LMHeadModel$/.test(architecture) ? 'CAUSAL_LM' : null,
          base_model_name_or_path: typeof name === 'string' && name !== '' ? name : null,
        }),
        others: {},
        metadata: { method: 'extract', seed: String(seed) },
      };
    },
  };
}

/** All linear layers but the output layer, and all convolutions. */
function usualTargets(base: Checkpoint, modules: readonly Module[]): Module[] {
  const linear = modules.some(({ kind }) => kind === 'linear') ? selectModules(base, modules, 'all-linear') : [];
  const chosen = new Set([...linear, ...modules.filter(({ kind }) => kind === 'conv2d')]);
  return modules.filter((module) => chosen.has(module));
}

/** @throws data error unless tensors of one name have one shape, and most names are in both. */
function requireOneShape(caller: string, base: Checkpoint, tuned: Checkpoint): void {
  const common = [...base.tensors.keys()].filter((name) => tuned.tensors.has(name));
  const most = Math.min(base.tensors.size, tuned.tensors.size);
  if (2 * common.length < most)
    throw dataError(
      `${caller}: both models should have the same tensors, of ${base.tensors.size} and ${tuned.tensors.size} only ${common.length} have one name`,
      'an adapter leads from one model to another of the same architecture',
    );
  const shape = (of: Checkpoint, name: string) => `[${of.tensors.get(name)!.shape.join(', ')}]`;
  const other = common.filter((name) => shape(base, name) !== shape(tuned, name));
  if (other.length === 0) return;
  const told = other.slice(0, 3).map((name) => `${name} ${shape(base, name)} and ${shape(tuned, name)}`);
  throw dataError(
    `${caller}: both models should have the same shapes, ${other.length} differ: ${told.join('; ')}${other.length > 3 ? '; …' : ''}`,
    'an adapter adds to a weight and cannot change its shape: was the vocabulary resized, or is one of them another model?',
  );
}

function nothingDiffers(caller: string, notCarried: readonly NotCarried[]) {
  if (notCarried.length === 0)
    return dataError(`${caller}: the models should differ, all their tensors are equal`, 'name the tuned model second');
  const names = notCarried.slice(0, 3).map(({ name, why }) => `${name} (${why})`);
  return dataError(
    `${caller}: a layer that may carry an adapter should differ, only others do: ${names.join(', ')}${notCarried.length > 3 ? ', …' : ''}`,
    'name more layers as targets; what is no matrix needs the tuned model itself',
  );
}

const BLOCK = 2 ** 21; // numbers

/** Blocks of rows of a tensor of both models, in f32; the rows of a vector are its numbers. */
async function* eachPair(
  base: Checkpoint,
  tuned: Checkpoint,
  name: string,
): AsyncGenerator<{ before: Float32Array; after: Float32Array; start: number }> {
  const { shape } = base.tensors.get(name)!;
  const rows = shape[0] ?? 1;
  const cols = shape.slice(1).reduce((product, n) => product * n, 1);
  const step = Math.max(1, Math.floor(BLOCK / Math.max(1, cols)));
  for (let from = 0; from < rows; from += step) {
    const to = Math.min(rows, from + step);
    const [before, after] = await Promise.all([base.rows(name, from, to), tuned.rows(name, from, to)]);
    yield { before, after, start: from * cols };
  }
}

/** D = W_tuned − W_base as it is stored, ‖D‖² and ‖W_base‖². */
async function readDifference(caller: string, base: Checkpoint, tuned: Checkpoint, name: string) {
  const { shape } = base.tensors.get(name)!;
  const rows = shape[0];
  const cols = shape.slice(1).reduce((product, n) => product * n, 1);
  const D = matrix(rows, cols, new Float32Array(rows * cols));
  let square = 0;
  let baseSquare = 0;
  for await (const { before, after, start } of eachPair(base, tuned, name)) {
    const part = D.data.subarray(start, start + before.length);
    for (let t = 0; t < part.length; t++) part[t] = after[t] - before[t];
    square += dot(part, part);
    baseSquare += dot(before, before);
  }
  requireFiniteSum(caller, name, square, baseSquare);
  return { D, square, baseSquare };
}

function requireFiniteSum(caller: string, name: string, square: number, baseSquare: number): void {
  if (square < Infinity && baseSquare < Infinity) return;
  throw dataError(
    `${caller}: ${name} should hold finite numbers, ${baseSquare < Infinity ? 'the tuned model' : 'the base'} has others`,
    'the file is damaged, or the training diverged: take another checkpoint',
  );
}

/** The factors of D, seen as outputs×inputs, and ‖D − B A‖_F. */
function factors(
  K: Kernels,
  { path, kind, kernel, transposed }: Module,
  stored: Matrix<Float32Array>,
  square: number,
  { rank, energy }: { rank?: number; energy: number },
  draws: Stream,
): { layer: AdapterLayer; lost: number } {
  const inside = matrix(stored.rows, stored.cols, K.allocate('f32', stored.data.length));
  inside.data.set(stored.data);
  const D = transposed ? transpose(inside) : inside;
  const { U, values, V } = leading(K, D, square, rank, energy, draws);
  const root = (Q: Matrix): Matrix => {
    const F = copy(Q);
    for (let t = 0; t < F.data.length; t++) F.data[t] *= Math.sqrt(values[t % F.cols]);
    return F;
  };
  const head = { path, kind, alpha: values.length, scaling: 1, dtype: 'F32' as const, ...(kernel ? { kernel } : {}) };
  const { layer } = layerFrom(K, head, { left: root(U), right: root(V) });
  K.gemm(-1, layer.B, layer.A, D, true); // D is not needed any more
  return { layer, lost: Math.sqrt(dot(inside.data, inside.data)) };
}

/** As many triples as are asked for, or as the energy takes. */
function leading(
  K: Kernels,
  D: Matrix<Float32Array>,
  square: number,
  rank: number | undefined,
  energy: number,
  draws: Stream,
): Svd {
  const smaller = Math.min(D.rows, D.cols);
  const A = singleMap(K, D);
  for (let r = Math.min(smaller, rank ?? 16); ; r = 4 * r > smaller ? smaller : 2 * r) {
    const testMatrix = (rows: number, cols: number) =>
      matrix(rows, cols, normals(split(draws, String(r)), rows * cols));
    const found = randomisedSvd(K, A, { rank: r, testMatrix, passes: 3 });
    if (rank !== undefined) return found;
    if (r < smaller && sumOfSquares(found.values) < energy * square) continue;
    const kept = rankForEnergy(found.values, energy, square);
    const lead = (Q: Matrix<Float64Array>) => slice(Q, 0, Q.rows, 0, kept);
    return { U: lead(found.U), values: found.values.slice(0, kept), V: lead(found.V) };
  }
}

/** Products of a matrix in f32 with matrices in f64, made in f32. */
function singleMap(K: Kernels, D: Matrix<Float32Array>): LinearMap {
  const times = (A: Matrix<Float32Array>) => (V: Matrix) => {
    const to = matrix(A.rows, V.cols, new Float32Array(A.rows * V.cols));
    K.gemm(1, A, matrix(V.rows, V.cols, Float32Array.from(entriesOf(V))), to);
    return copy(to);
  };
  return { rows: D.rows, cols: D.cols, times: times(D), timesT: times(transpose(D)) };
}

/** Tensors that differ and are not carried, by a pass over all that are no targets. */
async function leftBehind(
  caller: string,
  base: Checkpoint,
  tuned: Checkpoint,
  modules: readonly Module[],
  carried: ReadonlySet<string>,
): Promise<NotCarried[]> {
  const kinds = new Map(modules.map(({ weight, kind }) => [weight, kind]));
  const found: NotCarried[] = [];
  for (const name of base.tensors.keys()) {
    if (!tuned.tensors.has(name)) found.push({ name, why: 'only in the base' });
    else if (!carried.has(name)) {
      let square = 0;
      let baseSquare = 0;
      for await (const { before, after } of eachPair(base, tuned, name)) {
        const off = before.map((value, t) => after[t] - value);
        square += dot(off, off);
        baseSquare += dot(before, before);
      }
      requireFiniteSum(caller, name, square, baseSquare);
      const kind = kinds.get(name);
      const why = kind === 'embedding' ? 'embedding' : kind ? 'not among the targets' : 'no matrix';
      if (square > 0) found.push({ name, why, change: Math.sqrt(square / (baseSquare || 1)) });
    }
  }
  for (const name of tuned.tensors.keys())
    if (!base.tensors.has(name)) found.push({ name, why: 'only in the tuned model' });
  return found;
}
