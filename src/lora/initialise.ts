// A new adapter for a model, started from its weights (starts.ts says how), layer by layer: one weight is read at a time, and
// by the default method in blocks, so that memory does not grow with the model. Nothing is written here, and no base file
// changes. A method that needs another base gives it beside the adapter (residual.ts), or doubles the rank so that
// the base can stay: A' = [A; A], B' = [B, −B], r' = 2r, with the same s, so that s·B'A' = 0 at first.

import { LorankError, usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { largestEntry, largestOf } from '../linalg/vectors.js';
import { type Matrix, matrix } from '../matrix.js';
import { DEFAULT_SEED, type Stream, stream } from '../random/index.js';
import { type Adapter, type AdapterLayer, adapterOf } from './adapter.js';
import type { Checkpoint } from './checkpoint.js';
import { type PeftConfig, peftConfig } from './config.js';
import { type Energy, energyIn, squaresOf } from './energy.js';
import { onePass, readAhead, wholeWeight } from './pass.js';
import { type Factors, fromSketch, type InitMethod, METHODS, movesBase, randomStart, spectralStart } from './starts.js';
import { type Module, modulesOf, selectModules, type Targets, targetNames } from './targets.js';

/** What initAdapter takes. */
export interface InitOptions {
  readonly rank: number; // r
  readonly method?: InitMethod; // default 'nystrom'
  readonly alpha?: number; // α; default r
  readonly rslora?: boolean; // s = α/√r instead of α/r; default false
  readonly targets?: Targets; // default 'all-linear'
  readonly sigma?: number | 'auto'; // ξ of nystrom; default 0.1
  readonly orientation?: 'row' | 'col'; // of nystrom: which factor is the sketch; default 'row', which is A
  readonly base?: 'residual' | 'double'; // of pissa, olora, milora; default 'residual'
  readonly passes?: number; // of pissa's randomised SVD; default 3
  readonly seed?: number; // default 20230
  readonly baseName?: string | null; // base_model_name_or_path of the config; default: what config.json says
}

/** An adapter that is to be made: everything but its numbers. */
export interface InitPlan extends Required<Omit<InitOptions, 'targets' | 'baseName'>> {
  /** The modules that get one, in the order of their bytes. */
  readonly modules: readonly Module[];
  /** s. */
  readonly scaling: number;
  readonly config: PeftConfig;
  /** Provenance, for the safetensors file; provenanceOf() adds what is known of the layers. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Numbers in all factors. */
  readonly parameters: number;
}

/** What is known of a layer that was started. */
export interface LayerReport {
  readonly path: string;
  readonly outputs: number;
  readonly inputs: number;
  /** Share of ‖W₀‖_F² in row(A), in col(B) for the orientation 'col'; null where W₀ = 0. */
  readonly energy: Energy | null;
  /** ξ, of nystrom. */
  readonly sigma?: number;
  /** Root mean squares of the entries of A and of B. */
  readonly rms: { readonly A: number; readonly B: number };
}

/** Lines on which the energy is estimated; up to here it is exact. */
const SAMPLE = 256;

/** Checks the options against the model, and says what will be made. Reads no tensor. */
export function planInit(checkpoint: Checkpoint, options: InitOptions): InitPlan {
  const { method = 'nystrom', rank, alpha = rank, rslora = false, targets = 'all-linear', sigma = 0.1 } = options;
  const { orientation = 'row', base = 'residual', passes = 3, seed = DEFAULT_SEED } = options;
  const wrong = (what: string, hint: string) => usageError(`initAdapter: ${what}`, hint);
  if (!METHODS.includes(method))
    throw wrong(`method should be one of ${METHODS.join(', ')}, got ${method}`, "'nystrom' is the default");
  if (!(Number.isSafeInteger(rank) && rank >= 1))
    throw wrong(`rank should be a whole number ≥ 1, got ${rank}`, 'try 16');
  if (!(alpha > 0 && alpha < Infinity)) throw wrong(`alpha should be a positive number, got ${alpha}`, 'leave it out');
  if (sigma !== 'auto' && !(sigma > 0 && sigma < Infinity))
    throw wrong(`sigma should be 'auto' or a positive number, got ${sigma}`, 'leave it out');
  if (method === 'orthogonal' && rank % 2 !== 0)
    throw wrong(`the rank should be even for orthogonal, got ${rank}`, `take ${rank + 1}, or another method`);
  const all = modulesOf(checkpoint);
  const modules = selectModules(checkpoint, all, targets);
  for (const { path, kind, outputs, inputs } of modules) {
    if (kind === 'embedding')
      throw wrong(
        `${path} is an embedding, and this starts linear layers and convolutions`,
        'leave it out of the targets',
      );
    if (rank > Math.min(outputs, inputs))
      throw wrong(
        `the rank should be at most ${Math.min(outputs, inputs)} for ${path}, a ${outputs}×${inputs} matrix, got ${rank}`,
        'lower the rank, or leave the module out of the targets',
      );
  }
  const double = movesBase(method) && base === 'double';
  const r = double ? 2 * rank : rank;
  const lora_alpha = double ? alpha * (rslora ? Math.SQRT2 : 2) : alpha;
  const { config: model } = checkpoint;
  const architecture = Array.isArray(model.architectures) ? String(model.architectures[0]) : '';
  const named = typeof model._name_or_path === 'string' && model._name_or_path !== '' ? model._name_or_path : null;
  const config = peftConfig({
    r,
    lora_alpha,
    use_rslora: rslora,
    target_modules: targetNames(modules, all),
    fan_in_fan_out: modules.some(({ transposed }) => transposed),
    task_type: /ForCausalLM$|LMHeadModel$/.test(architecture) ? 'CAUSAL_LM' : null,
    base_model_name_or_path: options.baseName ?? named,
  });
  const provenance = {
    ...{ method, seed },
    ...(method === 'nystrom' ? { sigma, orientation } : {}),
    ...(movesBase(method) ? { base } : {}),
  };
  return {
    ...{ method, rank, alpha, rslora, sigma, orientation, base, passes, seed, modules, config },
    scaling: rslora ? alpha / Math.sqrt(rank) : alpha / rank,
    metadata: Object.fromEntries(Object.entries(provenance).map(([key, value]) => [key, String(value)])),
    parameters: modules.reduce((sum, { outputs, inputs }) => sum + r * (outputs + inputs), 0),
  };
}

/** Provenance with ξ of each layer, where it follows from the weight: sigma_of_layers, a JSON object by path. */
export function provenanceOf({ sigma, metadata }: InitPlan, layers: readonly LayerReport[]): Adapter['metadata'] {
  if (metadata.sigma === undefined || sigma !== 'auto') return metadata;
  return {
    ...metadata,
    sigma_of_layers: JSON.stringify(Object.fromEntries(layers.map((one) => [one.path, one.sigma]))),
  };
}

/** Starts the factors of one module of the plan. Reads its weight once. */
export async function initLayer(
  K: Kernels,
  checkpoint: Checkpoint,
  plan: InitPlan,
  module: Module,
): Promise<{ layer: AdapterLayer; report: LayerReport }> {
  const { path, outputs, inputs } = module;
  const { factors, energy, sigma } = await start(K, checkpoint, plan, module, stream(plan.seed, `lora/${path}`));
  const { A, B } = movesBase(plan.method) && plan.base === 'double' ? doubled(factors) : factors;
  const head = {
    path,
    kind: module.kind,
    rank: A.rows,
    outputs,
    inputs,
    ...(module.kernel ? { kernel: module.kernel } : {}),
  };
  return {
    layer: { ...head, alpha: plan.config.lora_alpha, scaling: plan.scaling, dtype: 'F32', A, B },
    report: {
      ...{ path, outputs, inputs, energy: Number.isNaN(energy.share) ? null : energy },
      ...(sigma === undefined ? {} : { sigma }),
      rms: { A: rms(A), B: rms(B) },
    },
  };
}

async function start(
  K: Kernels,
  checkpoint: Checkpoint,
  plan: InitPlan,
  module: Module,
  random: Stream,
): Promise<{ factors: Factors; energy: Energy; sigma?: number }> {
  const { method, rank, scaling } = plan;
  const shape = { outputs: module.outputs, inputs: module.inputs, rank, scaling };
  if (method === 'pissa' || method === 'olora' || method === 'milora') {
    const W = await wholeWeight(K, checkpoint, module);
    const factors = spectralStart(K, method, shape, W, random, plan.passes);
    if (method !== 'olora' && isZero(factors.A)) throw nothingToStartFrom(module, method);
    requireStarted(module, factors, scaling);
    return { factors, energy: energyIn(K, factors.A, W, W.rows) };
  }
  const side = method === 'nystrom' ? plan.orientation : 'row';
  const wanted = method === 'nystrom' ? { width: rank, squares: plan.sigma === 'auto' } : { squares: true };
  const pass = await onePass(K, checkpoint, module, { side, sample: SAMPLE, random, ...wanted });
  const measured = (F: Matrix<Float32Array>) => energyIn(K, F, pass.sample, pass.lines);
  if (method !== 'nystrom') {
    const factors = randomStart(K, method, shape, random);
    return { factors, energy: measured(factors.A) };
  }
  if (isZero(pass.sketch!)) throw nothingToStartFrom(module, method);
  const sigma = plan.sigma === 'auto' ? scaling / Math.sqrt(3 * pass.squares!) : plan.sigma;
  const factors = fromSketch(shape, side, pass.sketch!, sigma / scaling);
  requireStarted(module, factors, scaling, sigma);
  return { factors, energy: measured(pass.sketch!), sigma };
}

const nothingToStartFrom = ({ weight }: Module, method: InitMethod) =>
  usageError(
    `initAdapter: ${weight} is zero, and ${method} starts from the weight: A and B would both be zero, and stay so`,
    'leave the module out of the targets, or take --method kaiming',
  );

function isZero({ data }: Matrix<Float32Array>): boolean {
  for (let t = 0; t < data.length; t++) if (data[t] !== 0) return false;
  return true;
}

/** @throws usage error where rounding to f32 has made a factor infinite, or both of them zero. */
function requireStarted({ path }: Module, { A, B }: Factors, scaling: number, sigma?: number): void {
  const [a, b] = [largestEntry(A), largestEntry(B)];
  if (a < Infinity && b < Infinity && (a > 0 || b > 0)) return;
  throw usageError(
    `initAdapter: ${path}: a factor that starts should hold finite numbers and not zeros alone in f32, got max |A| = ${a}, max |B| = ${b}`,
    `s = α/r (α/√r with rsLoRA) is ${scaling}${sigma === undefined ? '' : `, ξ is ${sigma}`}: take numbers nearer to 1`,
  );
}

const rms = (M: Matrix<Float32Array>): number => Math.sqrt(squaresOf(M) / (M.rows * M.cols));

/** [A; A] and [B, −B]. */
function doubled({ A, B }: Factors): Factors {
  const [r, n, m] = [A.rows, A.cols, B.rows];
  const twice = matrix(2 * r, n, new Float32Array(2 * r * n));
  twice.data.set(A.data);
  twice.data.set(A.data, r * n);
  const signed = matrix(m, 2 * r, new Float32Array(m * 2 * r));
  for (let i = 0; i < m; i++)
    for (let j = 0; j < r; j++) {
      const b = B.data[B.offset + i * B.rowStride + j * B.colStride];
      signed.data[i * 2 * r + j] = b;
      signed.data[i * 2 * r + r + j] = -b;
    }
  return { A: twice, B: signed };
}

/** What initAdapter may tell and be told on the way. */
export interface InitWatch {
  /** After each layer: its report, how many are done, and of how many. */
  onLayer?(report: LayerReport, done: number, of: number): void;
  /** Stops between two layers. */
  readonly signal?: { readonly aborted: boolean };
}

/**
 * A new adapter, in memory. To write it: adapterFiles(adapter). Each layer is computed at once where it is called: in a page,
 * call it in a worker.
 * @throws LorankError of code 'usage' for options that do not fit the model, 'data' for a weight that is not finite.
 */
export async function initAdapter(
  K: Kernels,
  checkpoint: Checkpoint,
  options: InitOptions,
  { onLayer, signal }: InitWatch = {},
): Promise<{ adapter: Adapter; plan: InitPlan; layers: LayerReport[] }> {
  const plan = planInit(checkpoint, options);
  const weights = readAhead(checkpoint, plan.modules);
  const layers: AdapterLayer[] = [];
  const reports: LayerReport[] = [];
  for (const module of plan.modules) {
    if (signal?.aborted)
      throw new LorankError('aborted', `initAdapter: stopped after ${layers.length} of ${plan.modules.length} layers`);
    const { layer, report } = await initLayer(K, weights, plan, module);
    layers.push(layer);
    reports.push(report);
    onLayer?.(report, reports.length, plan.modules.length);
  }
  const metadata = provenanceOf(plan, reports);
  return { adapter: adapterOf(plan.config, layers, { metadata }), plan, layers: reports };
}

/** max |s·BA| of a layer: how far the adapter is from doing nothing. Exactly 0 where a factor is zero and the other finite. In f32, by rows. */
export function largestChange(K: Kernels, { A, B, scaling }: AdapterLayer): number {
  if (isZero(A) || isZero(B)) return 0 * (largestEntry(A) + largestEntry(B));
  const step = Math.max(1, Math.floor(2 ** 20 / A.cols));
  let largest = 0;
  for (let from = 0; from < B.rows; from += step) {
    const rows = { ...B, rows: Math.min(step, B.rows - from), offset: B.offset + from * B.rowStride };
    const product = matrix(rows.rows, A.cols, new Float32Array(rows.rows * A.cols));
    K.gemm(scaling, rows, A, product);
    largest = Math.max(largest, largestOf(product.data));
  }
  return largest;
}
