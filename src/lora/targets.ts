// Which modules of a model get an adapter. A module is known by its weight: `<path>.weight` with 2 axes (a linear layer,
// outputs×inputs; inputs×outputs in GPT-2's Conv1D; an embedding) or 4 (a convolution, outputs×inputs×height×width).

import { dataError, usageError } from '../errors.js';
import type { Dtype } from '../io/tensor.js';
import type { LayerKind } from './adapter.js';
import type { Checkpoint } from './checkpoint.js';

/** A module that could carry an adapter. */
export interface Module {
  /** As PEFT names it, e.g. model.layers.0.self_attn.q_proj. */
  readonly path: string;
  /** The tensor of its weight. */
  readonly weight: string;
  readonly kind: LayerKind;
  readonly outputs: number;
  /** Of a convolution times the size of its kernel. */
  readonly inputs: number;
  readonly kernel?: readonly [number, number];
  /** The weight is stored inputs×outputs. */
  readonly transposed: boolean;
  readonly dtype: Dtype;
  /** Of the weight. */
  readonly bytes: number;
}

/** all-linear: every linear layer but the output layer. A list: modules whose path is one of these or ends in `.` and one of these. */
export type Targets = 'all-linear' | readonly string[] | RegExp;

const EMBEDDINGS = /^(wte|wpe|shared|relative_attention_bias)$|embed|embeddings?$/;
const OUTPUT_LAYERS = /^(lm_head|embed_out|output_layer|score|classifier|qa_outputs)$/;
const CONV1D_MODELS = ['gpt2', 'openai-gpt', 'imagegpt', 'decision_transformer'];
const CONV1D = /^(c_attn|c_proj|c_fc|q_attn)$/;

const lastOf = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

/** The modules of a model, in the order of their bytes. Refuses a quantised model. */
export function modulesOf(checkpoint: Checkpoint): Module[] {
  requireFloats(checkpoint);
  const { config, tensors } = checkpoint;
  const conv1d = CONV1D_MODELS.includes(String(config.model_type));
  const prefix = missingPrefix(checkpoint);
  const modules: Module[] = [];
  for (const [weight, { shape, dtype, start, end }] of tensors) {
    if (!weight.endsWith('.weight') || (shape.length !== 2 && shape.length !== 4) || shape.includes(0)) continue;
    const path = prefix + weight.slice(0, -'.weight'.length);
    const last = lastOf(path);
    const transposed = conv1d && CONV1D.test(last);
    const [first, second, ...kernel] = shape;
    modules.push({
      path,
      weight,
      kind: shape.length === 4 ? 'conv2d' : EMBEDDINGS.test(last) ? 'embedding' : 'linear',
      outputs: transposed ? second : first,
      inputs: (transposed ? first : second) * kernel.reduce((product, n) => product * n, 1),
      ...(shape.length === 4 ? { kernel: [kernel[0], kernel[1]] as const } : {}),
      transposed,
      dtype,
      bytes: end - start,
    });
  }
  return modules;
}

/** Hub checkpoints of a bare model lack the name under which a model with a head holds it, and PEFT's paths have it. */
function missingPrefix({ config, tensors }: Checkpoint): string {
  const architecture = Array.isArray(config.architectures) ? String(config.architectures[0]) : '';
  if (!/LMHeadModel$|For[A-Z]/.test(architecture)) return '';
  const names = [...tensors.keys()];
  if (names.some((name) => /^h\.\d+\./.test(name))) return 'transformer.';
  return names.some((name) => /^(decoder\.)?layers\.\d+\./.test(name)) ? 'model.' : '';
}

const QUANTISED = /\.(qweight|qzeros|scales|SCB|weight_scale(_inv)?|weight\.(absmax|quant_map|quant_state\..*))$/;

/** @throws data error for a quantised model: its stored numbers are codes, and no sketch or SVD of codes means anything. */
export function requireFloats({ config, tensors }: Checkpoint): void {
  const refuse = (reason: string) =>
    dataError(
      `the base is quantised (${reason}): its stored numbers are codes, not weights`,
      'start from the checkpoint it was made of; the adapter then also works on the quantised model',
    );
  const { quantization_config: quantisation } = config as { quantization_config?: { quant_method?: unknown } };
  if (quantisation) throw refuse(`config.json says quant_method ${JSON.stringify(quantisation.quant_method)}`);
  for (const name of tensors.keys()) if (QUANTISED.test(name)) throw refuse(`it has the tensor ${name}`);
}

/** How a list, 'all-linear', or '/regex/' is written. */
export function parseTargets(text: string): Targets {
  if (text === 'all-linear') return text;
  const regex = /^\/(.*)\/([iu]*)$/.exec(text);
  if (!regex) {
    const list = text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean);
    if (list.length > 0) return list;
    throw usageError(
      `targets should be all-linear, a comma list or /regex/, got '${text}'`,
      'for example q_proj,v_proj',
    );
  }
  try {
    return new RegExp(regex[1], regex[2]);
  } catch (error) {
    throw usageError(`targets: ${text} is no regular expression (${(error as Error).message})`, 'correct it');
  }
}

/** The modules that the targets name, in the order given. Refuses targets that name none, and says what there is. */
export function selectModules(checkpoint: Checkpoint, modules: readonly Module[], targets: Targets): Module[] {
  if (targets === 'all-linear') {
    const linear = modules.filter(({ kind, path }) => kind === 'linear' && !OUTPUT_LAYERS.test(lastOf(path)));
    if (linear.length === 0) throw noneMatched('all-linear', modules);
    return linear;
  }
  const chosen = new Set<Module>();
  const tests =
    targets instanceof RegExp
      ? [{ name: String(targets), matches: (path: string) => targets.test(path) }]
      : targets.map((name) => ({ name, matches: (path: string) => path === name || path.endsWith(`.${name}`) }));
  for (const { name, matches } of tests) {
    const matched = modules.filter(({ path }) => matches(path));
    if (matched.length === 0) throw tiedOutput(checkpoint, name) ?? noneMatched(name, modules);
    for (const module of matched) chosen.add(module);
  }
  return modules.filter((module) => chosen.has(module));
}

/** Where the output layer is asked for, and its weight is that of the embedding. */
function tiedOutput({ config, tensors }: Checkpoint, name: string) {
  if (name !== 'lm_head' || !(config.tie_word_embeddings ?? config.model_type === 'gpt2')) return undefined;
  const embedding = [...tensors.keys()].find((key) => EMBEDDINGS.test(lastOf(key.replace(/\.weight$/, ''))));
  return dataError(
    `selectModules: lm_head has no weight of its own: it is tied to ${embedding ?? 'the embedding'}`,
    'leave lm_head out: an adapter on one of two tied modules would part them when merged',
  );
}

function noneMatched(name: string, modules: readonly Module[]) {
  const counts = new Map<string, number>();
  for (const { path } of modules) counts.set(lastOf(path), (counts.get(lastOf(path)) ?? 0) + 1);
  const kinds = [...counts].sort(([a], [b]) => likeness(b, name) - likeness(a, name));
  return usageError(
    `selectModules: no module matches ${name}`,
    `nearest in the model: ${
      kinds
        .slice(0, 12)
        .map(([kind, count]) => `${kind} ×${count}`)
        .join(', ') || 'it has no weights with 2 or 4 axes'
    }`,
  );
}

/** Share of pairs of neighbouring letters that two words have in common (Dice). */
function likeness(a: string, b: string): number {
  const pairs = (word: string) => {
    const letters = ` ${word.toLowerCase().replace(/[^a-z0-9]/g, '')}`;
    return new Set(Array.from({ length: letters.length - 1 }, (_, i) => letters.slice(i, i + 2)));
  };
  const [x, y] = [pairs(a), pairs(b)];
  return x.size + y.size === 0 ? 0 : (2 * [...x].filter((pair) => y.has(pair)).length) / (x.size + y.size);
}

/** target_modules for a config: last names where they mean just the chosen modules, whole paths otherwise. */
export function targetNames(chosen: readonly Module[], modules: readonly Module[]): string[] {
  const paths = new Set(chosen.map(({ path }) => path));
  const names = new Set<string>();
  for (const { path } of chosen) {
    const last = lastOf(path);
    const alike = modules.filter((module) => lastOf(module.path) === last);
    names.add(alike.every((module) => paths.has(module.path)) ? last : path);
  }
  return [...names].sort();
}
