// Small models in files, made up: shapes and names of Llama and GPT-2, weights of any spectrum.

import { concat } from '../../src/io/bytes.js';
import { writeSafetensors } from '../../src/io/safetensors.js';
import { floatTensor, type Tensor } from '../../src/io/tensor.js';
import { fillNormals, stream } from '../../src/random/index.js';

export type Stored = 'F64' | 'F32' | 'F16' | 'BF16';

/** rows×cols normal numbers of size 0.02, the same for the same name; of rank `rank` where it is given. */
export function weights(name: string, shape: readonly number[], rank?: number): Float32Array {
  const n = shape.reduce((product, size) => product * size, 1);
  const out = new Float32Array(n);
  if (rank === undefined) {
    fillNormals(stream(11, name), out);
    return out.map((x) => 0.02 * x);
  }
  const [rows, cols] = [shape[0], n / shape[0]];
  const [L, R] = [new Float32Array(rows * rank), new Float32Array(rank * cols)];
  fillNormals(stream(11, `${name}/left`), L);
  fillNormals(stream(11, `${name}/right`), R);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < cols; j++) {
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += L[i * rank + k] * R[k * cols + j];
      out[i * cols + j] = 0.02 * sum;
    }
  return out;
}

export const stored = (data: Float32Array, shape: readonly number[], dtype: Stored): Tensor =>
  floatTensor(data, shape, dtype);

export const safetensors = (tensors: Record<string, Tensor>, metadata: Record<string, string> = { format: 'pt' }) =>
  concat([...writeSafetensors(tensors, metadata)]);

export interface LlamaOptions {
  readonly d?: number; // width
  readonly kv?: number; // width of keys and values
  readonly mlp?: number;
  readonly layers?: number;
  readonly vocabulary?: number;
  readonly dtype?: Stored;
  readonly shards?: number;
  /** Change tensors before they are written. */
  readonly edit?: (tensors: Record<string, Tensor>) => void;
}

/** The files of a Llama-shaped folder. */
export function llama(options: LlamaOptions = {}): Record<string, Uint8Array> {
  const { d = 64, kv = 32, mlp = 96, layers = 2, vocabulary = 128, dtype = 'BF16', shards = 3, edit } = options;
  const tensors: Record<string, Tensor> = {};
  const add = (name: string, shape: readonly number[]) => {
    tensors[name] = stored(
      shape.length === 1 ? new Float32Array(shape[0]).fill(1) : weights(name, shape),
      shape,
      dtype,
    );
  };
  add('model.embed_tokens.weight', [vocabulary, d]);
  for (let l = 0; l < layers; l++) {
    const at = `model.layers.${l}`;
    add(`${at}.input_layernorm.weight`, [d]);
    add(`${at}.self_attn.q_proj.weight`, [d, d]);
    add(`${at}.self_attn.k_proj.weight`, [kv, d]);
    add(`${at}.self_attn.v_proj.weight`, [kv, d]);
    add(`${at}.self_attn.o_proj.weight`, [d, d]);
    add(`${at}.post_attention_layernorm.weight`, [d]);
    add(`${at}.mlp.gate_proj.weight`, [mlp, d]);
    add(`${at}.mlp.up_proj.weight`, [mlp, d]);
    add(`${at}.mlp.down_proj.weight`, [d, mlp]);
  }
  add('model.norm.weight', [d]);
  add('lm_head.weight', [vocabulary, d]);
  edit?.(tensors);
  const config = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: d,
    intermediate_size: mlp,
    num_hidden_layers: layers,
    num_attention_heads: 4,
    num_key_value_heads: (4 * kv) / d,
    vocab_size: vocabulary,
    max_position_embeddings: 64,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    hidden_act: 'silu',
    tie_word_embeddings: false,
    torch_dtype: { F64: 'float64', F32: 'float32', F16: 'float16', BF16: 'bfloat16' }[dtype],
  };
  const files: Record<string, Uint8Array> = { 'config.json': json(config) };
  if (shards === 1) {
    files['model.safetensors'] = safetensors(tensors);
    return files;
  }
  const names = Object.keys(tensors);
  const weightMap: Record<string, string> = {};
  const share = Math.ceil(names.length / shards);
  for (let s = 0; s < shards; s++) {
    const file = `model-${String(s + 1).padStart(5, '0')}-of-${String(shards).padStart(5, '0')}.safetensors`;
    const part = names.slice(s * share, (s + 1) * share);
    for (const name of part) weightMap[name] = file;
    files[file] = safetensors(Object.fromEntries(part.map((name) => [name, tensors[name]])));
  }
  files['model.safetensors.index.json'] = json({ metadata: {}, weight_map: weightMap });
  return files;
}

export const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
