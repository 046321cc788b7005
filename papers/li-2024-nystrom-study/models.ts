// The two models of the study and their domains: a decoder of text, and a denoiser of drawn shapes. A base is trained once, on its
// own domain; every adapter starts from the same one, and learns the shifted domain.

import {
  architectureOf,
  bytesOf,
  denoiser,
  denoiseTask,
  filesOf,
  type Kernels,
  loadWeights,
  type Model,
  modelFiles,
  openCheckpoint,
  randomModel,
  stream,
  type Task,
  textTask,
  train,
  withWeights,
} from 'lorank';
import type { Base, Bases, Size } from '../paper.js';
import { readBook } from './book.js';
import { encoded, learnMerges } from './bpe.js';
import { type Part, sizes } from './presets.js';

/** A part of the study at a size: its base, and the losses of its domains on any model of the same shape. */
export interface Setting {
  /** With random weights. */
  untrained(K: Kernels): Model;
  /** A task: batches from the seed; what is held out is the same for all. */
  task(model: Model, domain: 'own' | 'shifted', batchSeed: number): Task;
  readonly targets: readonly string[];
  readonly pretraining: { readonly steps: number; readonly learningRate: number };
  readonly steps: number;
}

const kept = new Map<string, Setting>();

/** Texts and vocabularies are read once a thread. */
export function settingOf(part: Part, size: Size, seed: number): Setting {
  const key = `${part} ${size} ${seed}`;
  if (!kept.has(key)) kept.set(key, part === 'decoder' ? decoderSetting(size, seed) : denoiserSetting(size, seed));
  return kept.get(key)!;
}

function decoderSetting(size: Size, seed: number): Setting {
  const { width, layers, vocabulary, length, batch, pretraining, steps, heldOutBatches } = sizes[size].decoder;
  const book = readBook();
  const merges = learnMerges(new TextEncoder().encode(book.own.learned.slice(0, 300_000)), vocabulary);
  const tokens = (text: string) => encoded(merges, text);
  const domains = {
    own: { learned: tokens(book.own.learned.slice(0, 1_500_000)), held: tokens(book.own.held) },
    shifted: { learned: tokens(book.shifted.learned), held: tokens(book.shifted.held) },
  };
  const architecture = architectureOf({
    model_type: 'llama',
    vocab_size: vocabulary,
    hidden_size: width,
    num_hidden_layers: layers,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    intermediate_size: 2 * width,
    max_position_embeddings: length,
    tie_word_embeddings: true,
  });
  return {
    untrained: (K) => randomModel(K, architecture, stream(seed, 'S6/base/decoder')),
    task(model, domain, batchSeed) {
      const { learned, held } = domains[domain];
      return textTask({ ...model, architecture }, learned, {
        batch,
        length,
        heldOut: held,
        heldOutBatches,
        seed: batchSeed,
      });
    },
    targets: ['q_proj', 'k_proj', 'v_proj', 'up_proj', 'down_proj'],
    pretraining: { steps: pretraining, learningRate: 6e-3 },
    steps,
  };
}

const SHAPES = { own: ['disc'], shifted: ['cross', 'bar'] } as const;

function denoiserSetting(size: Size, seed: number): Setting {
  const { width, layers, pixels, batch, pretraining, steps, heldOutBatches } = sizes[size].denoiser;
  const architecture = denoiser({
    image_size: pixels,
    patch_size: 4,
    hidden_size: width,
    num_hidden_layers: layers,
    num_attention_heads: 4,
  });
  return {
    untrained: (K) => randomModel(K, architecture, stream(seed, 'S6/base/denoiser')),
    task(model, domain, batchSeed) {
      const options = { kinds: SHAPES[domain], batch, heldOutBatches };
      const on = { ...model, architecture };
      const { heldOut, heldOutLoss } = denoiseTask(on, { ...options, seed: seed + 1 });
      return { ...denoiseTask(on, { ...options, seed: batchSeed }), heldOut, heldOutLoss };
    },
    targets: ['q', 'k', 'v', 'up', 'down'],
    pretraining: { steps: pretraining, learningRate: 3e-3 },
    steps,
  };
}

/** The base of a part, trained on its own domain. */
export const baseOf = (part: Part, size: Size, seed: number): Base => ({
  id: `base-${part}`,
  async *run(K) {
    const { untrained, task, pretraining } = settingOf(part, size, seed);
    const model = untrained(K);
    const { steps, learningRate } = pretraining;
    const options = {
      steps,
      learningRate,
      warmup: Math.ceil(steps / 40),
      betas: [0.9, 0.98],
      weightDecay: 0.01,
    } as const;
    const run = train(K, task(model, 'own', seed), 'all', options);
    for (;;) {
      const next = run.next();
      if (next.done) return weightsOf(withWeights(model, next.value.weights));
      if (next.value.progress.step % 10 === 0) yield;
    }
  },
});

/** The safetensors of a model. */
export const weightsOf = (model: Model): Promise<Uint8Array> =>
  bytesOf(modelFiles(model).find(({ name }) => name === 'model.safetensors')!);

/** The base of a part, read from what was kept. */
export async function readBase(K: Kernels, setting: Setting, part: Part, bases: Bases): Promise<Model> {
  const checkpoint = await openCheckpoint(filesOf({ 'model.safetensors': bases.get(`base-${part}`)! }));
  return loadWeights(K, setting.untrained(K).architecture, checkpoint);
}
