// The decoder of Llama, Mistral and Qwen 2 by the names of Hugging Face: per block
//   x ← x + o_proj(attention(rotated q_proj(h), rotated k_proj(h), v_proj(h))),  h = RMSNorm(x),
//   x ← x + down_proj(silu(gate_proj(h)) ∘ up_proj(h)),                          h = RMSNorm(x),
// and logits = lm_head(RMSNorm(x)). Keys and values may have fewer heads than queries.

import {
  add,
  attention,
  gated,
  gather,
  matmul,
  type Node,
  type Rotations,
  rmsNorm,
  rotate,
  rotations,
} from '../autodiff/index.js';
import { dataError, usageError } from '../errors.js';
import { pow } from '../random/index.js';
import { among, type Config, count, divides, positive } from './config.js';
import type { Decoder, Net, WeightShape } from './model.js';

/** @throws data error for a configuration that this does not compute. */
export function llama(config: Config): Decoder {
  const type = among(config, 'model_type', ['llama', 'mistral', 'qwen2']);
  const width = count(config, 'hidden_size');
  const layers = count(config, 'num_hidden_layers');
  const heads = count(config, 'num_attention_heads');
  const groups = count(config, 'num_key_value_heads', heads);
  const headWidth = count(config, 'head_dim', width / heads);
  const hidden = count(config, 'intermediate_size');
  const vocabulary = count(config, 'vocab_size');
  const longest = count(config, 'max_position_embeddings', 2048);
  const window = type === 'mistral' && config.sliding_window ? count(config, 'sliding_window') : longest;
  const context = Math.min(longest, window);
  const epsilon = positive(config, 'rms_norm_eps', 1e-6);
  const tied = among(config, 'tie_word_embeddings', [false, true]);
  const bias = type === 'qwen2' || among(config, 'attention_bias', [false, true]);
  const outputBias = bias && type !== 'qwen2';
  const mlpBias = among(config, 'mlp_bias', [false, true]);
  among(config, 'hidden_act', ['silu']);
  among(config, 'use_sliding_window', [false]);
  divides(groups, heads, 'num_key_value_heads and num_attention_heads');
  divides(2, headWidth, '2 and the width of a head');

  const shapes: WeightShape[] = [];
  const linears: string[] = [];
  const linear = (path: string, outputs: number, inputs: number, withBias: boolean, start = 0.02) => {
    linears.push(path);
    shapes.push({ name: `${path}.weight`, shape: [outputs, inputs], start });
    if (withBias) shapes.push({ name: `${path}.bias`, shape: [outputs], start: 'zeros' });
  };
  const gain = (name: string) => shapes.push({ name: `${name}.weight`, shape: [width], start: 'ones' });
  const residual = 0.02 / Math.sqrt(2 * layers);
  shapes.push({ name: 'model.embed_tokens.weight', shape: [vocabulary, width], start: 0.02 });
  for (let l = 0; l < layers; l++) {
    const p = `model.layers.${l}`;
    gain(`${p}.input_layernorm`);
    linear(`${p}.self_attn.q_proj`, heads * headWidth, width, bias);
    linear(`${p}.self_attn.k_proj`, groups * headWidth, width, bias);
    linear(`${p}.self_attn.v_proj`, groups * headWidth, width, bias);
    linear(`${p}.self_attn.o_proj`, width, heads * headWidth, outputBias, residual);
    gain(`${p}.post_attention_layernorm`);
    linear(`${p}.mlp.gate_proj`, hidden, width, mlpBias);
    linear(`${p}.mlp.up_proj`, hidden, width, mlpBias);
    linear(`${p}.mlp.down_proj`, width, hidden, mlpBias, residual);
  }
  gain('model.norm');
  if (!tied) linear('lm_head', vocabulary, width, false);

  const frequencies = frequenciesOf(config, headWidth, longest);
  let table: Rotations | undefined;

  function logits(net: Net, ids: Int32Array, length: number): Node {
    const { tape } = net;
    if (length > context)
      throw usageError(
        `the model: sequences should have at most ${context} tokens, got ${length}`,
        'shorten the sequences',
      );
    if (!table || table.positions < length) table = rotations(length, frequencies);
    let x = gather(tape, net.weight('model.embed_tokens.weight'), ids);
    for (let l = 0; l < layers; l++) {
      const p = `model.layers.${l}`;
      const h = rmsNorm(tape, x, net.weight(`${p}.input_layernorm.weight`), epsilon);
      const q = rotate(tape, net.linear(`${p}.self_attn.q_proj`, h), table, length);
      const k = rotate(tape, net.linear(`${p}.self_attn.k_proj`, h), table, length);
      const v = net.linear(`${p}.self_attn.v_proj`, h);
      x = add(tape, x, net.linear(`${p}.self_attn.o_proj`, attention(tape, q, k, v, { length, heads, groups })));
      const m = rmsNorm(tape, x, net.weight(`${p}.post_attention_layernorm.weight`), epsilon);
      const inner = gated(tape, net.linear(`${p}.mlp.gate_proj`, m), net.linear(`${p}.mlp.up_proj`, m));
      x = add(tape, x, net.linear(`${p}.mlp.down_proj`, inner));
    }
    const y = rmsNorm(tape, x, net.weight('model.norm.weight'), epsilon);
    return tied
      ? matmul(tape, y, net.weight('model.embed_tokens.weight'), { transposeB: true })
      : net.linear('lm_head', y);
  }
  return { name: type, config, shapes, prefix: 'model.', linears, transposed: false, vocabulary, context, logits };
}

/** Radians a position: base^(−2i/w), i < w/2, slowed as rope_scaling says. */
function frequenciesOf(config: Config, width: number, longest: number): Float64Array {
  const parameters = (config.rope_parameters ?? {}) as Config;
  const scaling = (config.rope_scaling ?? parameters) as Config;
  const base = positive({ rope_theta: parameters.rope_theta ?? config.rope_theta }, 'rope_theta', 10000);
  const plain = Float64Array.from({ length: width / 2 }, (_, i) => 1 / pow(base, (2 * i) / width));
  const type = scaling.rope_type ?? scaling.type ?? 'default';
  if (type === 'default') return plain;
  const factor = positive(scaling, 'factor');
  if (type === 'linear') return plain.map((f) => f / factor);
  if (type !== 'llama3')
    throw dataError(
      `config.json: rope_type should be default, linear or llama3, got ${JSON.stringify(type)}`,
      'a model with it is not supported',
    );
  // Wavelengths below the high-frequency bound stay, those above the low one are slowed, in between is a blend.
  const original = count(scaling, 'original_max_position_embeddings', longest);
  const low = positive(scaling, 'low_freq_factor', 1);
  const high = positive(scaling, 'high_freq_factor', 4);
  return plain.map((f) => {
    const turns = (original * f) / (2 * Math.PI); // turns within the original context
    if (turns > high) return f;
    if (turns < low) return f / factor;
    const blend = (turns - low) / (high - low);
    return (1 - blend) * (f / factor) + blend * f;
  });
}
