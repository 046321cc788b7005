// The decoder of GPT-2 by the names of Hugging Face: learned positions, and per block
//   x ← x + c_proj(attention of the three parts of c_attn(LayerNorm(x))),   x ← x + c_proj(gelu(c_fc(LayerNorm(x)))),
// and logits = LayerNorm(x)·wteᵀ. Its linear weights (Conv1D) lie inputs×outputs.

import { add, attention, columns, gather, gelu, layerNorm, matmul, type Node } from '../autodiff/index.js';
import { usageError } from '../errors.js';
import { among, type Config, count, divides, positive } from './config.js';
import type { Decoder, Net, WeightShape } from './model.js';

/** @throws data error for a configuration that this does not compute. */
export function gpt2(config: Config): Decoder {
  among(config, 'model_type', ['gpt2']);
  const width = count(config, 'n_embd', 768);
  const layers = count(config, 'n_layer', 12);
  const heads = count(config, 'n_head', 12);
  const hidden = count(config, 'n_inner', 4 * width);
  const vocabulary = count(config, 'vocab_size', 50257);
  const context = count(config, 'n_positions', 1024);
  const epsilon = positive(config, 'layer_norm_epsilon', 1e-5);
  among(config, 'activation_function', ['gelu_new', 'gelu_pytorch_tanh']);
  among(config, 'scale_attn_weights', [true]);
  among(config, 'scale_attn_by_inverse_layer_idx', [false]);
  among(config, 'tie_word_embeddings', [true]);
  divides(heads, width, 'n_head and n_embd');

  const shapes: WeightShape[] = [];
  const linears: string[] = [];
  const linear = (path: string, inputs: number, outputs: number, start = 0.02) => {
    linears.push(path);
    shapes.push({ name: `${path}.weight`, shape: [inputs, outputs], start });
    shapes.push({ name: `${path}.bias`, shape: [outputs], start: 'zeros' });
  };
  const norm = (name: string) => {
    shapes.push({ name: `${name}.weight`, shape: [width], start: 'ones' });
    shapes.push({ name: `${name}.bias`, shape: [width], start: 'zeros' });
  };
  const residual = 0.02 / Math.sqrt(2 * layers);
  shapes.push({ name: 'transformer.wte.weight', shape: [vocabulary, width], start: 0.02 });
  shapes.push({ name: 'transformer.wpe.weight', shape: [context, width], start: 0.02 });
  for (let l = 0; l < layers; l++) {
    const p = `transformer.h.${l}`;
    norm(`${p}.ln_1`);
    linear(`${p}.attn.c_attn`, width, 3 * width);
    linear(`${p}.attn.c_proj`, width, width, residual);
    norm(`${p}.ln_2`);
    linear(`${p}.mlp.c_fc`, width, hidden);
    linear(`${p}.mlp.c_proj`, hidden, width, residual);
  }
  norm('transformer.ln_f');

  function logits(net: Net, ids: Int32Array, length: number): Node {
    const { tape } = net;
    if (length > context)
      throw usageError(
        `the model: sequences should have at most ${context} tokens, got ${length}`,
        'shorten the sequences',
      );
    const normed = (name: string, X: Node) =>
      layerNorm(tape, X, net.weight(`${name}.weight`), net.weight(`${name}.bias`), epsilon);
    const positions = Int32Array.from(ids, (_, i) => i % length);
    let x = add(
      tape,
      gather(tape, net.weight('transformer.wte.weight'), ids),
      gather(tape, net.weight('transformer.wpe.weight'), positions),
    );
    for (let l = 0; l < layers; l++) {
      const p = `transformer.h.${l}`;
      const qkv = net.linear(`${p}.attn.c_attn`, normed(`${p}.ln_1`, x));
      const [q, k, v] = [0, 1, 2].map((i) => columns(qkv, i * width, (i + 1) * width));
      x = add(tape, x, net.linear(`${p}.attn.c_proj`, attention(tape, q, k, v, { length, heads })));
      const inner = gelu(tape, net.linear(`${p}.mlp.c_fc`, normed(`${p}.ln_2`, x)));
      x = add(tape, x, net.linear(`${p}.mlp.c_proj`, inner));
    }
    const y = normed('transformer.ln_f', x);
    return matmul(tape, y, net.weight('transformer.wte.weight'), { transposeB: true });
  }
  return {
    name: 'gpt2',
    config,
    shapes,
    prefix: 'transformer.',
    linears,
    transposed: true,
    vocabulary,
    context,
    logits,
  };
}
