// RunSpec: the one description of a run, as JSON. Library, command line and lab run the same thing from it, its canonical
// form is what is hashed, and threads, paths of outputs and clocks are never in it. The only place where parts have string
// names: a method is added here by one entry.

import * as z from 'zod';
import { usageError } from './errors.js';

const positive = z.number().positive();
const count = z.int().min(1);
const shape = z.tuple([count, count]);

/** A truth and its measurements made from the seed; nothing is read. */
const senseGenerator = z.strictObject({
  shape,
  rank: count,
  /** σ₁/σ_r of the truth, whose σ₁ is 1 and whose spectrum is linear between. Default 1. */
  condition: z.number().min(1).optional(),
  ensemble: z.enum(['gaussian', 'rademacher', 'rademacher-regenerated', 'rank-one', 'hadamard', 'mask']),
  measurements: count,
  /** Standard deviation of the noise on the normalised measurements. Default 0. */
  noise: z.number().min(0).optional(),
  /** A positive semidefinite truth n×n under a symmetric operator. Default false. */
  symmetric: z.boolean().optional(),
});

const senseFiles = z.strictObject({
  /** m×n₁×n₂ or m×(n₁·n₂) .npy, f32 or f64, used as given: y_i = ⟨A_i, X⟩. */
  operator: z.string(),
  /** m numbers, .npy. */
  measurements: z.string(),
  shape,
  symmetric: z.boolean().optional(),
  /** n₁×n₂ .npy; adds errors to the report and is never seen by the method. */
  truth: z.string().optional(),
});

const column = z.union([z.string(), z.int().min(1)]);
const completeFiles = z.strictObject({
  ratings: z.string(),
  user: column.optional(),
  item: column.optional(),
  value: column.optional(),
  test: z.string().optional(),
});

const completeGenerator = z.strictObject({
  shape,
  rank: count,
  condition: z.number().min(1).optional(),
  /** Share of the entries that are seen. */
  share: z.number().gt(0).max(1),
  noise: z.number().min(0).optional(),
});

const descent = {
  /** k of the factors; may exceed the shape. Default: the rank if given, else min(n₁, n₂). */
  width: count.optional(),
  /** Target rank: the width of the factors where no width is given. */
  rank: count.optional(),
  /** α, relative to √σ₁ of the normalised 𝒜*(y). */
  initScale: positive.optional(),
  initNorm: z.enum(['perSqrtK', 'unit']).optional(),
  /** μ (η for scaled rules). Default: from the data. */
  stepSize: positive.optional(),
};
const holdout = z.number().min(0).lt(1).optional();

/** A chain of factors X = W_L ⋯ W_1. */
const chain = {
  /** L. Default 3. */
  depth: count.optional(),
  /** r; r̂ of compressed-deep, whose factors have width 2r̂. */
  rank: count.optional(),
  /** ε, relative to σ₁^{1/L}. Default: one that takes some hundred steps to leave. */
  initScale: positive.optional(),
  /** μ. Default: from the data. */
  stepSize: positive.optional(),
  /** λ, relative to σ₁^{2−2/L}. Default 0. */
  weightDecay: z.number().min(0).optional(),
};
const deep = {
  name: z.literal('deep'),
  ...chain,
  /** Of the hidden factors. Default min(n₁, n₂). */
  width: count.optional(),
  start: z.enum(['orthogonal', 'gaussian', 'identity']).optional(),
};
const compressedDeep = {
  name: z.literal('compressed-deep'),
  ...chain,
  start: z.enum(['invariant', 'surrogate']).optional(),
  /** γ, relative to σ₁^{−2/L}: the outer factors move with γμ. Default 0.1, 0 for a known matrix; of surrogate plain, 2. */
  outerStep: z.number().min(0).optional(),
};

const senseMethod = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('auto'),
    rank: count.optional(),
    initScale: positive.optional(),
    initNorm: descent.initNorm,
    stepSize: descent.stepSize,
    holdout,
  }),
  z.strictObject({
    name: z.literal('gd'),
    ...descent,
    start: z.enum(['small-random', 'spectral']).optional(),
    holdout,
  }),
  z.strictObject({
    name: z.literal('scaled-gd'),
    ...descent,
    start: z.enum(['small-random', 'spectral']).optional(),
    damping: z.number().min(0).optional(),
    holdout,
  }),
  z.strictObject({
    name: z.literal('weight-normalised'),
    width: count.optional(),
    rank: count.optional(),
    stepSize: positive.optional(),
    holdout,
  }),
  z.strictObject({
    name: z.literal('prec-gd'),
    ...descent,
    start: z.enum(['small-random', 'spectral']).optional(),
    damping: z.number().min(0).optional(),
    holdout,
  }),
  z.strictObject({
    name: z.literal('heavy-ball'),
    ...descent,
    start: z.enum(['small-random', 'spectral']).optional(),
    momentum: z.number().min(0).lt(1).optional(),
    holdout,
  }),
  z.strictObject({
    name: z.literal('armijo'),
    ...descent,
    start: z.enum(['small-random', 'spectral']).optional(),
    holdout,
  }),
  z.strictObject({
    name: z.literal('sgd'),
    ...descent,
    start: z.enum(['small-random', 'spectral']).optional(),
    /** Measurements of a step, at most all. Default: a tenth of them. */
    batch: count.optional(),
    holdout,
  }),
  z.strictObject({ ...deep, holdout }),
  z.strictObject({ ...compressedDeep, holdout }),
]);

/** Rank 0, the biases alone, is for held-out entries to choose. */
const ratingsRank = z.union([
  z.literal('auto'),
  z.int().min(1, 'rank should be auto or a whole number of at least 1; auto may choose the biases alone (rank 0)'),
]);

const completeMethod = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('auto'), rank: ratingsRank.optional(), holdout }),
  z.strictObject({ name: z.literal('gd'), ...descent, holdout }),
  z.strictObject({ name: z.literal('scaled-gd'), ...descent, damping: z.number().min(0).optional(), holdout }),
  z.strictObject({ ...deep, holdout }),
  z.strictObject({ ...compressedDeep, holdout }),
]);

/** A sparse truth and its measurements made from the seed; nothing is read. */
const sparseGenerator = z.strictObject({
  /** N. */
  length: count,
  /** s: entries of the truth that are not zero, of sizes uniform in [½, 1½]. */
  sparsity: count,
  /** M. */
  measurements: count,
  /** Entries N(0, 1/M), or ±1/√M. Default gaussian. */
  ensemble: z.enum(['gaussian', 'rademacher']).optional(),
  /** Standard deviation of the noise on each measurement. Default 0. */
  noise: z.number().min(0).optional(),
  positive: z.boolean().optional(),
});

const sparseFiles = z.strictObject({
  /** M×N .npy, f32 or f64, used as given: y = A x. */
  design: z.string(),
  /** M numbers, .npy. */
  measurements: z.string(),
  /** x ≥ 0. Default false. */
  positive: z.boolean().optional(),
  /** N numbers, .npy; adds the error to the report and is never seen by the method. */
  truth: z.string().optional(),
});

const diagonal = {
  /** L of x = u^L − v^L. Default 2. */
  depth: count.optional(),
  /** α: the start is α·1. Default: advised. */
  initScale: positive.optional(),
  /** η_u of weight-normalised, μ of hadamard. Default: from the data. */
  stepSize: positive.optional(),
  holdout,
};
const sparseMethod = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('auto'), ...diagonal, ratio: positive.optional() }),
  z.strictObject({ name: z.literal('weight-normalised'), ...diagonal, ratio: positive.optional() }),
  z.strictObject({ name: z.literal('hadamard'), ...diagonal }),
  z.strictObject({ name: z.literal('basis-pursuit') }),
  /** penalty: λ as a share of ‖Aᵀy‖_∞. */
  z.strictObject({ name: z.literal('lasso'), penalty: z.number().min(0).lt(1).optional(), holdout }),
  z.strictObject({ name: z.literal('omp'), sparsity: count.optional(), holdout }),
]);

/** A low-rank matrix made from the seed; nothing is read. */
const factorGenerator = z.strictObject({
  shape,
  rank: count,
  /** σ₁/σ_r, σ₁ = 1. Default 1. */
  condition: z.number().min(1).optional(),
  /** How σ falls from 1 to 1/condition. Default linear. */
  spectrum: z.enum(['linear', 'geometric']).optional(),
  /** Standard deviation of the noise on each entry. Default 0. */
  noise: z.number().min(0).optional(),
  symmetric: z.boolean().optional(),
});

const factorFiles = z.strictObject({
  /** A: n₁×n₂, any file that holds one matrix: npy, npz, safetensors, Matrix Market, CSV, grey PNG. */
  matrix: z.string(),
  /** A ≈ UUᵀ. Default false: A ≈ VWᵀ. */
  symmetric: z.boolean().optional(),
  /** n₁×n₂; adds the error to the report and is never seen by the method. */
  truth: z.string().optional(),
});

const factors = {
  /** r: the width where none is given. */
  rank: count.optional(),
  /** k of the factors: at least the rank; may exceed the shape. */
  width: count.optional(),
  /** Nyström: ξ·√σ₁(A), default 1. Small random: α relative to √σ₁(A), default 1e-3. */
  initScale: positive.optional(),
  /** η; μ of gd. Default: ½, alternating 1, of gd from the data. */
  stepSize: positive.optional(),
};
const anyStart = { ...factors, start: z.enum(['nystrom', 'small-random', 'spectral']).optional() };
const damped = { ...anyStart, damping: z.number().min(0).optional() };
const factorMethod = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('nystrom'), ...factors }),
  z.strictObject({ name: z.literal('scaled-gd'), ...damped }),
  z.strictObject({ name: z.literal('alt-scaled-gd'), ...damped }),
  z.strictObject({ name: z.literal('prec-gd'), ...damped }),
  z.strictObject({ name: z.literal('gd'), ...anyStart }),
  z.strictObject(deep),
  z.strictObject(compressedDeep),
]);

const common = {
  lorank: z.literal(1),
  stop: z
    .strictObject({
      /** Most steps of the run, of all its descents together. */
      iterations: count.optional(),
      /** Converged when ‖𝒜(X)−y‖/‖y‖ (sensing, sparse, factoring) or the relative fall of the loss (completion) is below. */
      tolerance: positive.optional(),
    })
    .optional(),
  precision: z.enum(['auto', 'f32', 'f64']).optional(),
  seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
};

const runSpec = z.discriminatedUnion('task', [
  z.strictObject({
    ...common,
    task: z.literal('sense'),
    data: z.union([senseFiles, z.strictObject({ generator: senseGenerator })]),
    method: senseMethod.optional(),
  }),
  z.strictObject({
    ...common,
    task: z.literal('complete'),
    data: z.union([completeFiles, z.strictObject({ generator: completeGenerator })]),
    method: completeMethod.optional(),
  }),
  z.strictObject({
    ...common,
    task: z.literal('sparse'),
    data: z.union([sparseFiles, z.strictObject({ generator: sparseGenerator })]),
    method: sparseMethod.optional(),
  }),
  z.strictObject({
    ...common,
    task: z.literal('factor'),
    data: z.union([factorFiles, z.strictObject({ generator: factorGenerator })]),
    method: factorMethod,
  }),
]);

/** The description of a run; docs/run-spec.md describes its keys. */
export type RunSpec = z.infer<typeof runSpec>;
export type SenseSpec = Extract<RunSpec, { task: 'sense' }>;
export type CompleteSpec = Extract<RunSpec, { task: 'complete' }>;
export type SparseSpec = Extract<RunSpec, { task: 'sparse' }>;
export type FactorSpec = Extract<RunSpec, { task: 'factor' }>;
export type SenseMethod = z.infer<typeof senseMethod>;

/**
 * Checks a description.
 * @throws usage error that names the key, what it should be, and the keys that exist.
 */
export function parseSpec(json: unknown): RunSpec {
  const parsed = runSpec.safeParse(json);
  if (parsed.success) return parsed.data;
  throw usageError(
    `spec: ${z.prettifyError(parsed.error).replaceAll('\n', ' ').replaceAll('✖ ', '')}`,
    'See the description of RunSpec in docs/run-spec.md.',
  );
}

/** The description with its keys sorted, without white space: what is hashed. */
export const canonical = (spec: RunSpec): string =>
  JSON.stringify(spec, (_key, value) =>
    value && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );

/** JSON Schema of RunSpec, for editors. */
export const runSpecSchema = (): unknown => z.toJSONSchema(runSpec);
