// Text as a task. A stream of tokens: a batch is sequences from random places of it. Or examples (a prompt and its completion):
// a batch is random examples, cut or filled to one length, and the prompt does not count; an example whose prompt alone fills that
// length is left out. The last part is held out. The loss is the mean of −ln p(next token), in nats a token.

import { crossEntropy } from '../autodiff/index.js';
import { dataError, usageError } from '../errors.js';
import { permutation, stream, uniforms } from '../random/index.js';
import type { Decoder, Model } from './model.js';
import type { Task } from './train.js';

/** A sequence of tokens of which those before `from` do not count. */
export interface Example {
  readonly tokens: Int32Array;
  readonly from: number;
}

/** What textTask() takes. */
export interface TextTaskOptions {
  /** Sequences in a batch; default 8. */
  readonly batch?: number;
  /** Tokens of a sequence. */
  readonly length: number;
  /** What is held out: a share of the tokens at the end, or of the examples, at least one (default 0.1), 0 for none, or other data. */
  readonly heldOut?: number | Int32Array | readonly Example[];
  /** Most batches that the held-out loss is taken over; default 16. */
  readonly heldOutBatches?: number;
  /** Where batches come from; default 1. */
  readonly seed?: number;
}

/** Text as a task, and what became of it. */
export interface TextTask extends Task {
  /** Of examples: how many there are, how many are cut at `length`, and how many are left out, as nothing before it counts. */
  readonly examples?: { readonly count: number; readonly cut: number; readonly leftOut: number };
}

/** Sequences side by side: position t of sequence b at b·length + t; a target of −1 does not count. */
interface Batch {
  readonly ids: Int32Array;
  readonly targets: Int32Array;
}

/** Where a batch comes from: number `which` of `count` sequences. */
interface Source {
  readonly count: number;
  put(which: number, ids: Int32Array, targets: Int32Array): void;
}

/** @param data the tokens of the whole text, or examples. */
export function textTask(model: Model<Decoder>, data: Data, options: TextTaskOptions): TextTask {
  const { batch = 8, length, heldOut = 0.1, heldOutBatches = 16, seed = 1 } = options;
  const { architecture } = model;
  check(architecture, batch, length, heldOut);
  const used = usable(data, length);
  const apart = typeof heldOut === 'number' ? heldOut : usable(heldOut, length);
  const { learned, held } = used instanceof Int32Array ? parted(used, apart) : partedExamples(used, apart, seed);
  for (const part of [data, held]) checkTokens(part, architecture.vocabulary);
  const training = sourceOf(learned, length, 1);
  const testing = sourceOf(held, length, length);
  checkCounts(data, length, heldOut, { learned, training: training.count, held, testing: testing.count });
  const batchOf = (source: Source, which: readonly number[]): Batch => {
    const ids = new Int32Array(which.length * length);
    const targets = new Int32Array(which.length * length).fill(-1);
    which.forEach((one, b) => {
      const part = (array: Int32Array) => array.subarray(b * length, (b + 1) * length);
      source.put(one, part(ids), part(targets));
    });
    return { ids, targets };
  };
  const tested = Math.min(testing.count, heldOutBatches * batch);
  return {
    model,
    ...(used instanceof Int32Array ? {} : { examples: seen(data.length, used, length) }),
    loss(net, t) {
      const draws = uniforms(stream(seed, 'batch', t), batch);
      const which = Array.from(draws, (u) => Math.floor(u * training.count));
      const { ids, targets } = batchOf(training, which);
      return crossEntropy(net.tape, architecture.logits(net, ids, length), targets);
    },
    heldOut: Math.ceil(tested / batch),
    heldOutLoss(net, i) {
      const which = Array.from({ length: Math.min(batch, tested - i * batch) }, (_, b) => i * batch + b);
      const { ids, targets } = batchOf(testing, which);
      const weight = targets.reduce((count, id) => count + (id < 0 ? 0 : 1), 0);
      return { loss: crossEntropy(net.tape, architecture.logits(net, ids, length), targets), weight };
    },
  };
}

type Data = Int32Array | readonly Example[];

function parted(tokens: Int32Array, heldOut: number | Data): { learned: Data; held: Data } {
  if (typeof heldOut !== 'number') return { learned: tokens, held: heldOut };
  const cut = Math.floor(tokens.length * (1 - heldOut));
  return { learned: tokens.subarray(0, cut), held: tokens.subarray(cut) };
}

/** The text, or the examples of which something counts in a sequence of `length` tokens. */
const usable = (data: Data, length: number): Data =>
  data instanceof Int32Array
    ? data
    : data.filter(({ tokens, from }) => Math.max(0, from - 1) < Math.min(length, tokens.length - 1));

/** used: those that are not left out. */
const seen = (count: number, used: readonly Example[], length: number) => ({
  count,
  cut: used.filter(({ tokens }) => tokens.length > length + 1).length,
  leftOut: count - used.length,
});

/** Held-out examples are random ones, at least one of them. */
function partedExamples(examples: readonly Example[], heldOut: number | Data, seed: number) {
  if (typeof heldOut !== 'number') return { learned: examples, held: heldOut };
  const share = Math.ceil(examples.length * (1 - heldOut));
  const cut = heldOut > 0 ? Math.max(1, Math.min(share, examples.length - 1)) : share;
  const order = Array.from(permutation(stream(seed, 'held out'), examples.length), (i) => examples[i]);
  return { learned: order.slice(0, cut), held: order.slice(cut) };
}

/** stride: between the places of a text where sequences may start. */
function sourceOf(data: Data, length: number, stride: number): Source {
  if (data instanceof Int32Array)
    return {
      count: Math.max(0, Math.floor((data.length - 1 - length) / stride) + 1),
      put(which, ids, targets) {
        const at = which * stride;
        ids.set(data.subarray(at, at + length));
        targets.set(data.subarray(at + 1, at + length + 1));
      },
    };
  return {
    count: data.length,
    put(which, ids, targets) {
      const { tokens, from } = data[which];
      ids.set(tokens.subarray(0, length));
      for (let t = Math.max(0, from - 1); t < Math.min(length, tokens.length - 1); t++) targets[t] = tokens[t + 1];
    },
  };
}

function check({ context }: Decoder, batch: number, length: number, heldOut: TextTaskOptions['heldOut']): void {
  if (!(Number.isSafeInteger(length) && length >= 1 && length <= context))
    throw usageError(`textTask: length should be from 1 to ${context}, got ${length}`, 'shorten the sequences');
  if (!(Number.isSafeInteger(batch) && batch >= 1))
    throw usageError(`textTask: batch should be a whole number of at least 1, got ${batch}`, 'try 8');
  if (typeof heldOut === 'number' && !(heldOut >= 0 && heldOut < 1))
    throw usageError(`textTask: heldOut should be a share from 0 to below 1, got ${heldOut}`, 'try 0.1');
}

/** @throws data error where there is nothing to learn from, or nothing to compare by. */
function checkCounts(
  data: Data,
  length: number,
  heldOut: number | Data,
  { learned, training, held, testing }: { learned: Data; training: number; held: Data; testing: number },
): void {
  const text = data instanceof Int32Array;
  if (!text && training < 1 && data.length > 0)
    throw dataError(
      `textTask: at least 1 example should have tokens that count among its first ${length + 1}, got none of ${data.length}`,
      'their prompts are too long: take longer sequences, or shorter prompts',
    );
  if (training < 1)
    throw dataError(
      `textTask: there should be at least ${text ? `${length + 1} tokens` : '1 example'} to learn from, got ${learned.length}`,
      'take a longer text, or shorter sequences',
    );
  if (heldOut !== 0 && testing < 1)
    throw dataError(
      `textTask: what is held out should be at least ${held instanceof Int32Array ? `${length + 1} tokens` : '1 example'}, got ${held.length} of ${data.length}`,
      'take a longer text, a larger share, or shorter sequences; with a share of 0 nothing is held out, and nothing compared',
    );
}

function checkTokens(data: Data, vocabulary: number): void {
  for (const tokens of data instanceof Int32Array ? [data] : data.map((one) => one.tokens)) {
    const wrong = tokens.find((id) => !(id >= 0 && id < vocabulary));
    if (wrong !== undefined)
      throw dataError(
        `textTask: tokens should be from 0 to ${vocabulary - 1}, got ${wrong}`,
        'take the tokenizer of the model',
      );
  }
}
