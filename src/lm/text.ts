// Text as a task: a stream of tokens, of which the last part is held out. A batch is sequences from random places of the rest; the
// loss is the mean of −ln p(next token), in nats a token.

import { crossEntropy } from '../autodiff/index.js';
import { dataError, usageError } from '../errors.js';
import { stream, uniforms } from '../random/index.js';
import type { Model } from './model.js';
import type { Task } from './train.js';

export interface TextTaskOptions {
  /** Sequences in a batch; default 8. */
  readonly batch?: number;
  /** Tokens of a sequence. */
  readonly length: number;
  /** Share of the tokens at the end that is held out; default 0.1. Or other tokens to hold out. */
  readonly heldOut?: number | Int32Array;
  /** Most batches that the held-out loss is taken over; default 16. */
  readonly heldOutBatches?: number;
  readonly seed?: number;
}

/** @param tokens of the whole text. */
export function textTask(
  model: Model,
  tokens: Int32Array,
  { batch = 8, length, heldOut = 0.1, heldOutBatches = 16, seed = 1 }: TextTaskOptions,
): Task {
  const { architecture } = model;
  const { vocabulary, context } = architecture;
  if (!(Number.isSafeInteger(length) && length >= 1 && length <= context))
    throw usageError(`textTask: length should be from 1 to ${context}, got ${length}`, 'shorten the sequences');
  const cut = typeof heldOut === 'number' ? Math.floor(tokens.length * (1 - heldOut)) : tokens.length;
  const learned = tokens.subarray(0, cut);
  const held = typeof heldOut === 'number' ? tokens.subarray(cut) : heldOut;
  const wrong = tokens.find((id) => !(id >= 0 && id < vocabulary));
  if (wrong !== undefined)
    throw dataError(
      `textTask: tokens should be from 0 to ${vocabulary - 1}, got ${wrong}`,
      'take the tokenizer of the model',
    );
  if (learned.length < length + 1)
    throw dataError(
      `textTask: the text should have at least ${length + 1} tokens to learn from, got ${learned.length}`,
      'take a longer text, or shorter sequences',
    );
  const places = held.length > length ? Math.floor((held.length - 1) / length) : 0;

  /** Sequences that start at some places of a text, and what follows each token. */
  const at = (text: Int32Array, starts: readonly number[]) => {
    const ids = new Int32Array(starts.length * length);
    const targets = new Int32Array(starts.length * length);
    starts.forEach((start, b) => {
      ids.set(text.subarray(start, start + length), b * length);
      targets.set(text.subarray(start + 1, start + length + 1), b * length);
    });
    return { ids, targets };
  };
  return {
    model,
    loss(net, t) {
      const draws = uniforms(stream(seed, 'batch', t), batch);
      const { ids, targets } = at(
        learned,
        Array.from(draws, (u) => Math.floor(u * (learned.length - length))),
      );
      return crossEntropy(net.tape, architecture.logits(net, ids, length), targets);
    },
    heldOut: Math.min(heldOutBatches, Math.ceil(places / batch)),
    heldOutLoss(net, i) {
      const starts: number[] = [];
      for (let p = i * batch; p < Math.min(places, (i + 1) * batch); p++) starts.push(p * length);
      const { ids, targets } = at(held, starts);
      return { loss: crossEntropy(net.tape, architecture.logits(net, ids, length), targets), weight: starts.length };
    },
  };
}

/** The bytes of a text as tokens: the vocabulary of 256 of a model without a tokenizer. */
export const byteTokens = (text: string): Int32Array => Int32Array.from(new TextEncoder().encode(text));
