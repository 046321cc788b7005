// What adapters can reach: W₀ + ΔW, ΔW of rank 8, fitted by an adapter of rank 8 with Adam. The loss is the mean square of the
// entries of W₀ + s·B A − (W₀ + ΔW), relative to its value with no adapter.

import {
  type Architecture,
  constant,
  formed,
  frobenius,
  heldOutLoss,
  type InitMethod,
  type Kernels,
  lowRank,
  type Matrix,
  type Model,
  matrix,
  meanSquare,
  type Net,
  type Stream,
  singularValues,
  split,
  startAdapters,
  svd,
  type Task,
  train,
  transpose,
} from 'lorank';
import type { Row } from '../paper.js';
import { seedOf } from './weights.js';

const RANK = 8;
const [OUTPUTS, INPUTS] = [60, 48];
const STEPS = 300;
export const RATES = [3e-3, 1e-2, 3e-2, 1e-1, 3e-1] as const;
const STARTS = [
  ['nystrom', RANK],
  ['kaiming', RANK],
  ['orthogonal', RANK],
  ['pissa', RANK],
  ['olora', RANK],
  ['kaiming', RANK / 2],
] as const satisfies readonly (readonly [InitMethod, number])[];

/**
 * The loss of each method and learning rate after 300 steps, for a generic ΔW, and one in the leading row space of W₀; and the
 * floor: what no adapter of this rank on this base can fit.
 */
export async function* reach(K: Kernels, random: Stream): AsyncGenerator<undefined, Row[], undefined> {
  const W = formed(K, lowRank(K, { rows: OUTPUTS, cols: INPUTS, rank: INPUTS, condition: 30 }, split(random, 'W')).X);
  const change = lowRank(K, { rows: OUTPUTS, cols: INPUTS, rank: RANK, condition: 2 }, split(random, 'change'));
  const leading = svd(K, W).V;
  const top = matrix(INPUTS, RANK, new Float64Array(INPUTS * RANK));
  for (let i = 0; i < INPUTS; i++)
    for (let j = 0; j < RANK; j++) top.data[i * RANK + j] = leading.data[i * leading.cols + j];
  const rows: Row[] = [];
  for (const [kind, delta] of [
    ['generic', formed(K, change.X)],
    ['leading', formed(K, { left: change.X.left, right: top })],
  ] as const) {
    const goal = sum(W, (0.3 * frobenius(W)) / frobenius(delta), delta);
    const task = fitTask(K, W, goal);
    const none = heldOutLoss(K, task);
    for (const [method, width] of STARTS) {
      const seed = seedOf(random, `${kind} ${method}`);
      const options = { method, rank: width, alpha: width, targets: ['layer'], seed };
      const { model, chains } = await startAdapters(K, task.model, options);
      const floor = outOfReach(K, model, goal, width) / (none * goal.data.length);
      for (const learningRate of RATES) {
        const run = train(K, { ...task, model }, chains, { steps: STEPS, learningRate, clip: 0, schedule: 'cosine' });
        for (let next = run.next(); ; next = run.next())
          if (next.done) {
            const loss = Number(next.value.rows[next.value.rows.length - 1].heldOut);
            rows.push({ kind, method, width, learningRate, loss: loss / none, floor });
            break;
          }
        yield;
      }
    }
  }
  return rows;
}

/** ‖W₀ + ΔW − base‖_F² beyond its `width` largest singular values: the least that the best adapter leaves (Eckart and Young). */
function outOfReach(K: Kernels, { weights }: Model, goal: Matrix<Float64Array>, width: number): number {
  const base = weights.get('layer.weight')!;
  const rest = matrix(
    goal.rows,
    goal.cols,
    goal.data.map((x, i) => x - base.data[base.offset + i]),
  );
  return singularValues(K, rest).reduce((left, sigma, i) => left + (i < width ? 0 : sigma * sigma), 0);
}

const sum = (X: Matrix<Float64Array>, c: number, Y: Matrix<Float64Array>): Matrix<Float64Array> =>
  matrix(
    X.rows,
    X.cols,
    X.data.map((x, i) => x + c * Y.data[i]),
  );

/** One linear layer, whose outputs for the unit vectors should be those of the target. W, target: outputs×inputs. */
function fitTask(K: Kernels, W: Matrix<Float64Array>, target: Matrix<Float64Array>): Task {
  const architecture: Architecture = {
    name: 'linear',
    config: {},
    shapes: [{ name: 'layer.weight', shape: [W.rows, W.cols], start: 0 }],
    prefix: '',
    linears: ['layer'],
    transposed: false,
  };
  const single = (M: Matrix<Float64Array>) => {
    const kept = K.allocate('f32', M.rows * M.cols);
    for (let i = 0, t = 0; i < M.rows; i++)
      for (let j = 0; j < M.cols; j++) kept[t++] = M.data[M.offset + i * M.rowStride + j * M.colStride];
    return matrix(M.rows, M.cols, kept);
  };
  const unit = matrix(W.cols, W.cols);
  for (let i = 0; i < W.cols; i++) unit.data[i * W.cols + i] = 1;
  const [inputs, outputs] = [constant(single(unit)), constant(single(transpose(target)))];
  const model: Model = { architecture, precision: 'f32', weights: new Map([['layer.weight', single(W)]]), arenas: [] };
  const loss = (net: Net) => meanSquare(net.tape, net.linear('layer', inputs), outputs);
  return { model, loss, heldOut: 1, heldOutLoss: (net) => ({ loss: loss(net), weight: 1 }) };
}
