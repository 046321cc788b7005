// Training: AdamW on adapters, or on all weights, of a task (a model with data). A run is a stream of rows, which can be shown,
// saved at any step, and gone on from with the same bits; it returns all rows and what was learned.
//
// Step t = 1 … steps: the loss of batch t and its gradient at the parameters so far; the preconditioner of NoRA+ where
// wanted; the gradient clipped to a norm; AdamW with the rate of the step. Held-out loss: at the start, every so many steps, and at
// the end. Batches are a function of the seed and t alone.

import { backward, createArena, type Node, openTape, parameter } from '../autodiff/index.js';
import { usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { assign } from '../linalg/products.js';
import { copy, type Float, type Matrix, matrix } from '../matrix.js';
import { adamw, clipNorm } from '../rules/adamw.js';
import { noraPlus, riemannian } from '../rules/noraPlus.js';
import { type Checkpoint, finish, type Run } from '../stream.js';
import { type AdapterStart, type ChainStart, chainOf, sizeOfLinear } from './adapters.js';
import { type Chain, type Model, type Net, openNet } from './model.js';
import { rowsOfTable, type TrainRow, tableOf } from './rows.js';
import { type ScheduleKind, schedule } from './schedule.js';

/** A model with data to learn. */
export interface Task {
  readonly model: Model;
  /** The loss of the batch of step t = 1, 2, …: 1×1. */
  loss(net: Net, t: number): Node;
  /** Batches that are held out, and their loss with its weight in the mean. */
  readonly heldOut: number;
  heldOutLoss(net: Net, i: number): { loss: Node; weight: number };
}

/** How a run goes. */
export interface TrainOptions {
  readonly steps: number;
  readonly learningRate: number;
  /** Steps of linear warm-up; default 0. */
  readonly warmup?: number;
  /** After the warm-up; default linear. */
  readonly schedule?: ScheduleKind;
  readonly betas?: readonly [number, number]; // default 0.9, 0.999
  /** Of matrices, not of gains and biases; default 0. */
  readonly weightDecay?: number;
  /** The norm that the gradient is clipped to; default 1, 0 for none. */
  readonly clip?: number;
  /** The preconditioner of NoRA+ for adapters of two factors; default none. */
  readonly preconditioner?: 'authors' | 'riemannian';
  /** Steps between held-out losses; default at the start and the end alone. */
  readonly evaluateEvery?: number;
}

/** What a run ends with. */
export interface TrainResult {
  readonly rows: readonly TrainRow[];
  readonly outcome: 'converged' | 'diverged';
  /** As they were given, with what they learned; copies. */
  readonly adapters: readonly ChainStart[];
  /** By name, where all weights train; copies. */
  readonly weights: ReadonlyMap<string, Matrix>;
}

/** A block of numbers that trains. */
interface Piece {
  readonly name: string;
  readonly start: Matrix;
  readonly from: number;
  readonly decays: boolean;
  readonly speed: number;
}

/**
 * Trains adapters, or all weights of the model, from their start. The model is not changed.
 * @param what adapters to linear layers, or 'all'.
 * @param from a checkpoint of a run of the same arguments.
 */
export function* train(
  K: Kernels,
  task: Task,
  what: readonly AdapterStart[] | 'all',
  options: TrainOptions,
  from?: Checkpoint,
): Run<TrainRow, TrainResult> {
  const { model } = task;
  const { precision } = model;
  const { steps, learningRate, warmup = 0, schedule: kind = 'linear', clip = 1, weightDecay = 0 } = options;
  const { betas, evaluateEvery = steps } = options;
  checkOptions(options);
  const chains = what === 'all' ? [] : what.map(chainOf);
  checkChains(model, chains, options);
  const pieces = piecesOf(model, what === 'all' ? 'all' : chains);
  const size = pieces.reduce((sum, { start }) => sum + start.rows * start.cols, 0);

  const arena = model.arenas.pop() ?? createArena(K);
  const ground = arena.mark();
  try {
    const block = () => arena.take(precision, size).fill(0) as Float;
    const [theta, gradient, m, v] = [block(), block(), block(), block()];
    const view = ({ start, from }: Piece, data: Float) => matrix<Float>(start.rows, start.cols, data, from);
    for (const piece of pieces) assign(view(piece, theta), piece.start);
    const rows: TrainRow[] = [];
    let step = 0;
    if (from) {
      step = restore(from, { theta, m, v }, rows);
    }

    const open = (trains: boolean) => {
      const tape = openTape(K, arena, precision);
      const nodes = pieces.map((piece) => {
        const value = view(piece, theta);
        return trains ? parameter(value, view(piece, gradient)) : { value, needs: false, written: false };
      });
      return { tape, nodes, net: netOf(tape, model, what === 'all', chains, pieces, nodes) };
    };
    const learn = (t: number): number => {
      const mark = arena.mark();
      const { tape, nodes, net } = open(true);
      const loss = task.loss(net, t);
      backward(tape, loss);
      pieces.forEach((piece, i) => {
        if (!nodes[i].written) gradient.fill(0, piece.from, piece.from + piece.start.rows * piece.start.cols);
      });
      arena.release(mark);
      return loss.value.data[0];
    };
    const evaluate = (): number => {
      let [sum, weights] = [0, 0];
      for (let i = 0; i < task.heldOut; i++) {
        const mark = arena.mark();
        const { loss, weight } = task.heldOutLoss(open(false).net, i);
        arena.release(mark);
        sum += weight * loss.value.data[0];
        weights += weight;
      }
      return sum / weights;
    };
    const copies = (data: Float) => data.slice() as Float;
    const snapshot = (progress: TrainRow) => ({
      progress,
      checkpoint: (): Checkpoint => ({
        values: { step },
        arrays: { theta: copies(theta), m: copies(m), v: copies(v), ...tableOf(rows) },
      }),
    });

    if (step === 0 && rows.length === 0) {
      rows.push({ step: 0, learningRate: 0, ...(task.heldOut > 0 ? { heldOut: evaluate() } : {}) });
      yield snapshot(rows[0]);
    }
    while (step < steps) {
      const t = step + 1;
      const loss = learn(t);
      if (!Number.isFinite(loss)) {
        rows.push({ step: t, loss, learningRate: 0 });
        step = t;
        yield snapshot(rows[rows.length - 1]);
        return resultOf('diverged');
      }
      if (options.preconditioner) precondition(K, chains, pieces, { theta, gradient }, step, options);
      const gradientNorm = clipNorm(gradient, clip > 0 ? clip : Number.POSITIVE_INFINITY);
      const rate = learningRate * schedule(kind, t, steps, warmup);
      for (const { from, start, decays, speed } of pieces)
        adamw(
          { theta, gradient, m, v },
          t,
          { learningRate: rate * speed, betas, weightDecay: decays ? weightDecay : 0 },
          from,
          from + start.rows * start.cols,
        );
      step = t;
      const look = task.heldOut > 0 && (t % evaluateEvery === 0 || t === steps);
      rows.push({ step: t, loss, learningRate: rate, gradientNorm, ...(look ? { heldOut: evaluate() } : {}) });
      yield snapshot(rows[rows.length - 1]);
    }
    return resultOf('converged');

    function resultOf(outcome: TrainResult['outcome']): TrainResult {
      const learned = (piece: Piece) => {
        const M = view(piece, theta);
        return matrix<Float>(M.rows, M.cols, M.data.slice(M.offset, M.offset + M.rows * M.cols) as Float);
      };
      let i = 0;
      return {
        rows,
        outcome,
        adapters: chains.map((chain) => ({ ...chain, factors: chain.factors.map(() => learned(pieces[i++])) })),
        weights: new Map(what === 'all' ? pieces.map((piece) => [piece.name, learned(piece)]) : []),
      };
    }
  } finally {
    arena.release(ground);
    model.arenas.push(arena);
  }
}

/** The mean held-out loss of a task as its model is; NaN where nothing is held out. */
export function heldOutLoss(K: Kernels, task: Task): number {
  return finish(train(K, task, [], { steps: 0, learningRate: 1 })).rows[0].heldOut ?? Number.NaN;
}

/** Factors in the order of the adapters, or weights in the order of the model. */
function piecesOf(model: Model, what: readonly ChainStart[] | 'all'): Piece[] {
  let from = 0;
  const piece = (name: string, start: Matrix, decays: boolean, speed: number): Piece => {
    const made = { name, start, from, decays, speed };
    from += start.rows * start.cols;
    return made;
  };
  if (what === 'all')
    return model.architecture.shapes.map(({ name, shape }) =>
      piece(name, model.weights.get(name)!, shape.length > 1, 1),
    );
  return what.flatMap(({ path, factors, speeds }) =>
    factors.map((F, l) => piece(`${path}.${l}`, F, true, speeds?.[l] ?? 1)),
  );
}

function netOf(
  tape: Net['tape'],
  model: Model,
  all: boolean,
  starts: readonly ChainStart[],
  pieces: readonly Piece[],
  nodes: readonly Node[],
): Net {
  if (all) return openNet(tape, model, new Map(pieces.map(({ name }, i) => [name, nodes[i]])));
  const chains = new Map<string, Chain>();
  let i = 0;
  for (const { path, factors, scaling } of starts) {
    chains.set(path, { factors: nodes.slice(i, i + factors.length), scaling });
    i += factors.length;
  }
  return openNet(tape, model, new Map(), chains);
}

/** Gradients of pairs become the directions of NoRA+. step: updates so far. */
function precondition(
  K: Kernels,
  chains: readonly ChainStart[],
  pieces: readonly Piece[],
  { theta, gradient }: { theta: Float; gradient: Float },
  step: number,
  { preconditioner }: TrainOptions,
): void {
  const view = ({ start, from }: Piece, data: Float) => matrix<Float>(start.rows, start.cols, data, from);
  for (let c = 0; c < chains.length; c++) {
    const [a, b] = [pieces[2 * c], pieces[2 * c + 1]];
    const pair = { A: view(a, theta), B: view(b, theta) };
    const slope = { A: copy(view(a, gradient)), B: copy(view(b, gradient)) };
    const direction = preconditioner === 'authors' ? noraPlus(K, pair, slope, step) : riemannian(K, pair, slope);
    assign(view(a, gradient), direction.A);
    assign(view(b, gradient), direction.B);
  }
}

function restore({ values, arrays }: Checkpoint, into: { theta: Float; m: Float; v: Float }, rows: TrainRow[]): number {
  for (const [name, to] of Object.entries(into)) {
    const saved = arrays[name];
    if (saved?.constructor !== to.constructor || saved.length !== to.length)
      throw usageError(
        `train: the checkpoint should hold ${to.length} numbers of '${name}', got ${saved?.length ?? 'none'}`,
        'go on with the same model, adapters and precision',
      );
    to.set(saved);
  }
  rows.push(...rowsOfTable(arrays));
  return values.step as number;
}

function checkOptions({ steps, learningRate, warmup = 0, evaluateEvery = 1 }: TrainOptions): void {
  const whole = (name: string, x: number, least: number) => {
    if (!(Number.isSafeInteger(x) && x >= least))
      throw usageError(`train: ${name} should be a whole number of at least ${least}, got ${x}`, 'correct it');
  };
  whole('steps', steps, 0);
  whole('warmup', warmup, 0);
  whole('evaluateEvery', steps === 0 ? 1 : evaluateEvery, 1);
  if (!(learningRate > 0 && learningRate < Infinity))
    throw usageError(`train: learningRate should be a positive number, got ${learningRate}`, 'try 1e-3');
}

function checkChains(model: Model, chains: readonly ChainStart[], { preconditioner }: TrainOptions): void {
  const seen = new Set<string>();
  for (const { path, factors } of chains) {
    const { outputs, inputs } = sizeOfLinear(model, path);
    if (seen.has(path)) throw usageError(`train: one adapter a layer, '${path}' has two`, 'leave one out');
    seen.add(path);
    const fits = factors.every((F, l) => F.cols === (l === 0 ? inputs : factors[l - 1].rows));
    if (factors.length < 2 || !fits || factors[factors.length - 1].rows !== outputs)
      throw usageError(
        `train: the factors of '${path}' should lead from ${inputs} to ${outputs}, got ` +
          factors.map((F) => `${F.rows}×${F.cols}`).join(', '),
        'A is r×inputs, B is outputs×r',
      );
    if (preconditioner && factors.length !== 2)
      throw usageError(
        `train: the preconditioner takes adapters of two factors, got ${factors.length}`,
        'leave it out',
      );
  }
}
