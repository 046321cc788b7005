// Small tasks that tests train on.

import { constant, meanSquare } from '../../src/autodiff/index.js';
import type { Kernels, Precision } from '../../src/kernels/contract.js';
import { llama } from '../../src/lm/llama.js';
import { type Architecture, type Model, randomModel } from '../../src/lm/model.js';
import { textTask } from '../../src/lm/text.js';
import { byteTokens } from '../../src/lm/tokenizer.js';
import type { Task } from '../../src/lm/train.js';
import { type Float, type Matrix, matrix } from '../../src/matrix.js';
import { stream } from '../../src/random/index.js';

export const smallLlama = {
  model_type: 'llama',
  vocab_size: 256,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 24,
};

const TEXT = 'the quick brown fox jumps over the lazy dog, and the dog sleeps. '.repeat(12);

/** A small decoder on a small text. */
export function smallTask(K: Kernels, precision: Precision = 'f32'): Task {
  const model = randomModel(K, llama(smallLlama), stream(1, 'model'), precision);
  return textTask(model, byteTokens.encode(TEXT), { batch: 2, length: 8, heldOutBatches: 2 });
}

/** One linear layer 'layer' with weight W, to be fitted to a target: the loss is the mean square of W + adapter − target. */
export function fitTask(K: Kernels, W: Matrix<Float64Array>, target: Matrix<Float64Array>): Task {
  const architecture: Architecture = {
    name: 'linear',
    config: {},
    shapes: [{ name: 'layer.weight', shape: [W.rows, W.cols], start: 0 }],
    prefix: '',
    linears: ['layer'],
    transposed: false,
  };
  const single = (M: Matrix<Float64Array>, kept: Float): Matrix => {
    for (let i = 0; i < M.rows; i++) for (let j = 0; j < M.cols; j++) kept[i * M.cols + j] = M.data[i * M.cols + j];
    return matrix(M.rows, M.cols, kept);
  };
  const model: Model = {
    architecture,
    precision: 'f32',
    weights: new Map([['layer.weight', single(W, K.allocate('f32', W.data.length))]]),
    arenas: [],
  };
  const identity = matrix(W.cols, W.cols, K.allocate('f32', W.cols * W.cols));
  for (let i = 0; i < W.cols; i++) identity.data[i * W.cols + i] = 1;
  const wanted = K.allocate('f32', target.data.length);
  for (let i = 0; i < W.rows; i++)
    for (let j = 0; j < W.cols; j++) wanted[j * W.rows + i] = target.data[i * W.cols + j];
  const goal = constant(matrix(W.cols, W.rows, wanted));
  return taskOn(model, (net) => meanSquare(net.tape, net.linear('layer', constant(identity)), goal));
}

/** The same task on another model. */
export const onModel = (task: Task, model: Model): Task => ({ ...task, model });

const taskOn = (model: Model, loss: Task['loss']): Task => ({
  model,
  loss,
  heldOut: 1,
  heldOutLoss: (net) => ({ loss: loss(net, 0), weight: 1 }),
});
