// One adapter in the files of each dialect. What differs is names, where α stands, and what can be said at all:
//
//   PEFT       adapter_config.json + adapter_model.safetensors: everything
//   diffusers  pytorch_lora_weights.safetensors: s = 1 always, so s goes into B; linear layers and convolutions
//   kohya      lora.safetensors: α in a tensor per layer, s = α/r; linear layers and convolutions; names without dots
//
// kohya writes _ for the dots of a path, and paths have _ of their own: the way back takes the paths of the model, or splits
// at the words that models of diffusers and CLIP consist of, and refuses what is not made of these.

import { dataError, usageError } from '../errors.js';
import type { LazyTensor } from '../io/safetensors.js';
import { streamSafetensors } from '../io/safetensors.js';
import { tensorOf } from '../io/tensor.js';
import { matrix } from '../matrix.js';
import { type Adapter, type AdapterLayer, adapterFiles, type LayerHead, patternsOf, peftTensors } from './adapter.js';
import { withTargets } from './config.js';
import type { OutputFile } from './files.js';
import type { Dialect } from './names.js';
import { times } from './product.js';

/** The parts of a pipeline, as diffusers begins a path with them, and as kohya does. */
const PARTS: readonly (readonly [diffusers: string, kohya: string])[] = [
  ['text_encoder_2.', 'lora_te2_'],
  ['text_encoder.', 'lora_te1_'],
  ['text_encoder.', 'lora_te_'],
  ['transformer.', 'lora_transformer_'],
  ['unet.', 'lora_unet_'],
];

/** How the paths of each part begin. */
const BEGINS: readonly (readonly [part: string, RegExp])[] = [
  ['text_encoder.', /^text_model\./],
  [
    'transformer.',
    /^((single_)?transformer_blocks|x_embedder|context_embedder|time_text_embed|norm_out|proj_out|patch_embed|pos_embed|caption_projection|adaln_single)(\.|$)/,
  ],
  [
    'unet.',
    /^((down|up|mid|input|output|middle|double|single)_blocks?|conv_in|conv_out|(time|add|class)_embedding|time_embed|label_emb|encoder_hid_proj|out)(\.|$)/,
  ],
];

const hasPart = (path: string): boolean => PARTS.some(([part]) => path.startsWith(part));
const partOf = (path: string): string | undefined => BEGINS.find(([, begins]) => begins.test(path))?.[0];

/** With the part that it belongs to; kohya puts what is of none with the U-Net. */
const withPart = (path: string): string => (hasPart(path) ? path : (partOf(path) ?? 'unet.') + path);

/** The adapter with its layers called as the dialect calls them. known: the paths of the model, where they are at hand. */
export function renamed(adapter: Adapter, to: Dialect, known: readonly string[] = []): Adapter {
  const dotted = adapter.paths.map((path) => (path.includes('.') ? path : pathOfKohya(path, known)));
  const parts = new Set(dotted.map((path) => PARTS.find(([part]) => path.startsWith(part))?.[0] ?? ''));
  if (to === 'peft' && parts.size > 1)
    throw usageError(
      `convertAdapter: an adapter of PEFT belongs to one model, this one has layers of ${[...parts].map((part) => part.slice(0, -1) || 'no part').join(' and ')}`,
      'convert it to diffusers names: a pipeline has all of them',
    );
  const stray = dotted.find((path) => !hasPart(path) && partOf(path) === undefined);
  if (to === 'diffusers' && stray !== undefined)
    throw usageError(
      `convertAdapter: diffusers names the parts of a pipeline of images (${[...new Set(PARTS.map(([part]) => part.slice(0, -1)))].join(', ')}), ${stray} is of none of them`,
      'keep the files of PEFT',
    );
  const two = parts.has('text_encoder_2.');
  const name = (path: string) => {
    if (to === 'peft') return path.slice([...parts][0]?.length ?? 0);
    if (to === 'diffusers') return withPart(path);
    const [part, prefix] = PARTS.find(
      ([start, short]) => withPart(path).startsWith(start) && (two || short !== 'lora_te1_'),
    )!;
    return prefix + withPart(path).slice(part.length).replaceAll('.', '_');
  };
  const own = new Map(dotted.map((path, i) => [name(path), adapter.paths[i]]));
  if (own.size < dotted.length)
    throw dataError('convertAdapter: two layers would have one name', 'leave the names as they are');
  const others = to === 'peft' || Object.keys(adapter.others).length === 0 ? adapter.others : refuseOthers(adapter, to);
  const paths = [...own.keys()].sort();
  const called = <L extends LayerHead>(path: string, layer: L): L => ({ ...layer, path });
  const head = (path: string) => called(path, adapter.head(own.get(path)!));
  const { rank_pattern, alpha_pattern, target_modules } = patternsOf(paths.map(head));
  const moved = paths.some((path) => own.get(path) !== path);
  const { config } = adapter;
  return {
    config: moved ? withTargets({ ...config, rank_pattern, alpha_pattern }, target_modules) : config,
    paths,
    head,
    layer: async (path) => called(path, await adapter.layer(own.get(path)!)),
    others,
    metadata: adapter.metadata,
    dialect: to,
  };
}

function refuseOthers({ others }: Adapter, to: Dialect): never {
  throw dataError(
    `convertAdapter: files of ${to} hold factors alone, the adapter has also ${Object.keys(others).slice(0, 3).join(', ')}`,
    'keep it in the files of PEFT, or merge it',
  );
}

/** The words of the module paths of U-Nets, denoising transformers, CLIP, T5 and Llama that have _ inside. */
const WORDS = [
  'down_blocks up_blocks mid_block transformer_blocks single_transformer_blocks proj_in proj_out proj_mlp time_embedding',
  'time_emb_proj conv_shortcut conv_in conv_out conv_norm_out to_q to_k to_v to_out to_add_out add_q_proj add_k_proj',
  'add_v_proj ff_context norm1_context linear_1 linear_2 time_text_embed timestep_embedder text_embedder guidance_embedder',
  'x_embedder context_embedder norm_out text_model text_projection self_attn q_proj k_proj v_proj out_proj o_proj',
  'gate_proj up_proj down_proj token_embedding position_embedding input_blocks output_blocks middle_block emb_layers',
  'in_layers out_layers skip_connection double_blocks single_blocks img_attn txt_attn img_mlp txt_mlp img_mod txt_mod',
  'final_layer time_embed label_emb add_embedding pos_embed patch_embed caption_projection adaln_single',
].flatMap((line) => line.split(' '));
const PLAIN =
  'attentions resnets attn attn1 attn2 ff net proj conv conv1 conv2 conv3 downsamplers upsamplers encoder layers mlp fc1 fc2 norm norm1 norm2 linear op h linear1 linear2 qkv lin model layer block embeddings encoder_hid_proj'.split(
    ' ',
  );

/** The path that kohya's name stands for. */
export function pathOfKohya(name: string, known: readonly string[] = []): string {
  const [part, prefix] = PARTS.find(([, short]) => name.startsWith(short)) ?? ['', ''];
  const flat = name.slice(prefix.length);
  const exact = known.find((path) => path.replaceAll('.', '_') === flat);
  if (exact) return part + exact;
  const pieces: string[] = [];
  for (let at = 0; at < flat.length; ) {
    const rest = flat.slice(at);
    const word =
      [...WORDS, ...PLAIN]
        .filter((candidate) => rest === candidate || rest.startsWith(`${candidate}_`))
        .sort((a, b) => b.length - a.length)[0] ?? /^\d+(?=_|$)/.exec(rest)?.[0];
    if (!word)
      throw dataError(
        `convertAdapter: the dots of ${name} cannot be told from its underscores at '${rest}'`,
        'name the model, whose paths tell: --model MODEL',
      );
    pieces.push(word);
    at += word.length + 1;
  }
  return part + pieces.join('.');
}

/** The files of an adapter whose layers are called as in the dialect. */
export function dialectFiles(adapter: Adapter, dialect: Dialect): OutputFile[] {
  if (dialect === 'peft') return adapterFiles(adapter);
  const tensors: Record<string, LazyTensor> = {};
  const [down, up] = dialect === 'kohya' ? ['lora_down', 'lora_up'] : ['lora_A', 'lora_B'];
  for (const path of adapter.paths) {
    const head = adapter.head(path);
    if (head.kind === 'embedding')
      throw dataError(
        `convertAdapter: files of ${dialect} have no embeddings, got ${path}`,
        'keep it in the files of PEFT',
      );
    const [h, w] = head.kernel ?? [1, 1];
    const ones = head.kind === 'conv2d' ? [1, 1] : [];
    const shapes = [
      head.kind === 'conv2d' ? [head.rank, head.inputs / (h * w), h, w] : [head.rank, head.inputs],
      [head.outputs, head.rank, ...ones],
    ];
    let held: Uint8Array | undefined; // B comes after A
    const both = async () => Object.values(peftTensors(scaled(await adapter.layer(path), dialect)));
    tensors[`${path}.${down}.weight`] = {
      dtype: head.dtype,
      shape: shapes[0],
      bytes: async () => {
        const [A, B] = await both();
        held = B.bytes;
        return A.bytes;
      },
    };
    tensors[`${path}.${up}.weight`] = {
      dtype: head.dtype,
      shape: shapes[1],
      bytes: async () => {
        const bytes = held ?? (await both())[1].bytes;
        held = undefined;
        return bytes;
      },
    };
    if (dialect === 'kohya') {
      const alpha = tensorOf(Float32Array.of(head.scaling * head.rank), []);
      tensors[`${path}.alpha`] = { ...alpha, bytes: async () => alpha.bytes };
    }
  }
  const name = dialect === 'kohya' ? 'lora.safetensors' : 'pytorch_lora_weights.safetensors';
  return [{ name, pieces: streamSafetensors(tensors, { format: 'pt', ...adapter.metadata }) }];
}

/** With s in B, where the dialect has no place for it. */
const scaled = (layer: AdapterLayer, dialect: Dialect): AdapterLayer =>
  dialect === 'diffusers' && layer.scaling !== 1
    ? { ...layer, B: matrix(layer.outputs, layer.rank, Float32Array.from(times(layer.scaling, layer.B).data)) }
    : layer;
