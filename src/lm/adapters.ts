// Adapters as the training sees them: a chain of factors added to a linear layer, y = W x + s·F_L ⋯ F_1 x. LoRA is the chain
// (A, B); Deep LoRA has three factors from orthogonal starts of size ε, or their compression U W̃_3 W̃_2 W̃_1 Vᵀ, which moves
// in the subspace that the gradient of the first step names (initialisations/deep.ts), its outer factors γ times as fast.
// Yaras, Wang, Balzano, Qu 2024.

import { backward, type Node, openTape, parameter } from '../autodiff/index.js';
import { usageError } from '../errors.js';
import { deepStart, invariantStart } from '../initialisations/deep.js';
import type { Kernels } from '../kernels/contract.js';
import { mapOf } from '../linalg/maps.js';
import { multiply } from '../linalg/products.js';
import { copy, type Float, type Matrix, matrix, transpose } from '../matrix.js';
import { layersOf } from '../parametrisations/deep.js';
import type { Stream } from '../random/index.js';
import { type Model, openNet, withArena, withWeights } from './model.js';
import type { Task } from './train.js';

/** The two factors of an adapter as its files hold them: s·B A. */
export interface Pair {
  /** Of the linear layer, e.g. model.layers.0.self_attn.q_proj. */
  readonly path: string;
  readonly A: Matrix; // r×inputs
  readonly B: Matrix; // outputs×r
  readonly scaling: number; // s
}

/** A chain of factors: s·F_L ⋯ F_1. */
export interface ChainStart {
  readonly path: string;
  /** F_1: r×inputs, …, F_L: outputs×r. */
  readonly factors: readonly Matrix[];
  readonly scaling: number; // s
  /** Each factor's share of the learning rate; default 1. */
  readonly speeds?: readonly number[];
}

/** An adapter to train: a pair of factors, or a chain. */
export type AdapterStart = Pair | ChainStart;

/** A pair as a chain. */
export const chainOf = (start: AdapterStart): ChainStart =>
  'factors' in start ? start : { path: start.path, factors: [start.A, start.B], scaling: start.scaling };

/** A chain as a pair in f32: B = F_L, A = F_{L−1} ⋯ F_1. */
export function pairOf(K: Kernels, start: AdapterStart): Pair & { A: Matrix<Float32Array>; B: Matrix<Float32Array> } {
  const { path, factors, scaling } = chainOf(start);
  const inner = factors.slice(0, -1);
  const A = inner.slice(1).reduce((product: Matrix, F) => multiply(K, F, product), inner[0]);
  const single = (M: Matrix) => matrix(M.rows, M.cols, Float32Array.from(copy(M).data));
  return { path, A: single(A), B: single(factors[factors.length - 1]), scaling };
}

/** Outputs and inputs of a linear layer. */
export function sizeOfLinear({ architecture, weights }: Model, path: string): { outputs: number; inputs: number } {
  const W = weights.get(`${path}.weight`);
  if (!W || !architecture.linears.includes(path))
    throw usageError(
      `the model has no linear layer '${path}'`,
      `it has: ${architecture.linears.slice(0, 10).join(', ')}`,
    );
  return architecture.transposed ? { outputs: W.cols, inputs: W.rows } : { outputs: W.rows, inputs: W.cols };
}

/** W: outputs×inputs of a linear layer, as a view. */
export function weightOf(model: Model, path: string): Matrix {
  sizeOfLinear(model, path);
  const W = model.weights.get(`${path}.weight`)!;
  return model.architecture.transposed ? transpose(W) : W;
}

/** The model with W − s·B A in the place of W: what PiSSA and OLoRA train on. In f64, rounded once. */
export function residualModel(K: Kernels, model: Model, pairs: readonly Pair[]): Model {
  const others = new Map<string, Matrix>();
  for (const { path, A, B, scaling } of pairs) {
    const W = weightOf(model, path);
    const R = copy(W);
    const BA = multiply(K, B, A);
    for (let i = 0; i < R.data.length; i++) R.data[i] -= scaling * BA.data[i];
    const entries = copy(model.architecture.transposed ? transpose(R) : R).data;
    const stored = model.weights.get(`${path}.weight`)!;
    const rounded = model.precision === 'f64' ? entries : Float32Array.from(entries);
    others.set(`${path}.weight`, matrix<Float>(stored.rows, stored.cols, rounded));
  }
  return withWeights(model, others);
}

/** The gradient of the loss of the task's first batch by W of some linear layers: outputs×inputs, in f64. */
export function weightGradients(K: Kernels, task: Task, paths: readonly string[]): Map<string, Matrix<Float64Array>> {
  const { model } = task;
  for (const path of paths) sizeOfLinear(model, path);
  return withArena(K, model, (arena) => {
    const tape = openTape(K, arena, model.precision);
    const nodes = new Map<string, Node>();
    for (const path of paths) nodes.set(`${path}.weight`, parameter(model.weights.get(`${path}.weight`)!));
    backward(tape, task.loss(openNet(tape, model, nodes), 0));
    return new Map(
      paths.map((path) => {
        const G = nodes.get(`${path}.weight`)!.gradient!;
        return [path, copy(model.architecture.transposed ? transpose(G) : G)];
      }),
    );
  });
}

/** A chain of more than two factors. */
export interface DeepLoraOptions {
  readonly rank: number; // r: width of the chain
  readonly initScale?: number; // ε; default 1e-3
  readonly depth?: number; // L; default 3
  /** γ, the share of the learning rate of the outer factors of a compressed chain; default 1e-2. */
  readonly outerSpeed?: number;
  readonly scaling?: number; // s; default 1
}

/** A narrow chain of random orthogonal factors, each ε times orthonormal rows or columns. */
export function narrowDeepStart(
  K: Kernels,
  path: string,
  { outputs, inputs }: { outputs: number; inputs: number },
  random: Stream,
  { rank, initScale = 1e-3, depth = 3, scaling = 1 }: DeepLoraOptions,
): ChainStart {
  const widths = [inputs, ...Array<number>(depth - 1).fill(rank), outputs];
  const theta = deepStart(K, random, { widths, initScale });
  return { path, factors: layersOf(widths, theta), scaling };
}

/**
 * The compressed chain of a wide one with random orthogonal factors: outer factors of orthonormal columns, inner ones ε·I.
 * @param gradient of the loss by W at the start: outputs×inputs. rank: even.
 */
export function compressedDeepStart(
  K: Kernels,
  path: string,
  gradient: Matrix<Float64Array>,
  random: Stream,
  { rank, initScale = 1e-3, depth = 3, outerSpeed = 1e-2, scaling = 1 }: DeepLoraOptions,
): ChainStart {
  if (rank % 2 !== 0) throw usageError(`compressedDeepStart: rank should be even, got ${rank}`, `take ${rank + 1}`);
  const { widths, theta } = invariantStart(K, mapOf(K, gradient), random, { depth, rank: rank / 2, initScale });
  const speeds = [outerSpeed, ...Array<number>(depth).fill(1), outerSpeed];
  return { path, factors: layersOf(widths, theta), scaling, speeds };
}
