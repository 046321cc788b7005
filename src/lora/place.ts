// Where an adapter belongs in a model: for each of its layers the weight that it changes, and for each other tensor that it
// carries the tensor that it replaces or scales. An adapter of another base is refused here, with what does not fit.

import { dataError } from '../errors.js';
import type { LazyTensor } from '../io/safetensors.js';
import type { Adapter, LayerHead } from './adapter.js';
import type { Checkpoint } from './checkpoint.js';
import { type Module, modulesOf } from './targets.js';

/** One layer and its weight. */
export interface Placed {
  readonly head: LayerHead;
  /** The tensor of the model. */
  readonly weight: string;
  /** As stored: shape[0] × the product of the others. */
  readonly rows: number;
  readonly cols: number;
  /** The weight is stored inputs×outputs of the layer: it takes (s·B A)ᵀ. */
  readonly transposed: boolean;
  /** m of DoRA: outputs numbers. */
  readonly magnitude?: LazyTensor;
}

/** What an adapter does to the tensors of a model, by their names. */
export interface Placement {
  readonly layers: ReadonlyMap<string, Placed>;
  /** Tensors that the adapter brings whole (modules_to_save, trained biases); a layer may stand on one. */
  readonly replaced: ReadonlyMap<string, LazyTensor>;
  /** Biases to which s·(bias of B) is added. */
  readonly biases: ReadonlyMap<string, { readonly scaling: number; readonly bias: LazyTensor }>;
}

const PREFIX = 'base_model.model.';

/** Finds the weights of all layers and the tensors of everything else, or says what does not fit. */
export function placeAdapter(caller: string, checkpoint: Checkpoint, adapter: Adapter): Placement {
  const modules = modulesOf(checkpoint);
  const find = finder(modules.map(({ path }) => path));
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const magnitudes = new Map<string, LazyTensor>();
  const rest: [string, LazyTensor][] = [];
  for (const [key, tensor] of Object.entries(adapter.others)) {
    const dora = /^(.*)\.lora_magnitude_vector(\.weight)?$/.exec(
      key.startsWith(PREFIX) ? key.slice(PREFIX.length) : key,
    );
    if (dora && adapter.paths.includes(dora[1])) magnitudes.set(dora[1], tensor);
    else rest.push([key, tensor]);
  }
  const layers = new Map<string, Placed>();
  const missing: string[] = [];
  for (const path of adapter.paths) {
    const found = find(path);
    if (!found) {
      missing.push(path);
      continue;
    }
    const placed = placeLayer(caller, checkpoint, adapter, byPath.get(found)!, path, magnitudes.get(path));
    const twin = layers.get(placed.weight);
    if (twin)
      throw dataError(
        `${caller}: the layers ${twin.head.path} and ${path} both belong to ${placed.weight}`,
        'the adapter is damaged: write it again',
      );
    layers.set(placed.weight, placed);
  }
  if (missing.length > 0) throw otherBase(caller, adapter, missing, modules);
  return { layers, ...placeOthers(caller, checkpoint, adapter, rest, find) };
}

function placeLayer(
  caller: string,
  checkpoint: Checkpoint,
  { config, head: headOf }: Adapter,
  module: Module,
  path: string,
  magnitude: LazyTensor | undefined,
): Placed {
  const head = headOf(path);
  const { shape, dtype } = checkpoint.tensors.get(module.weight)!;
  const rows = shape[0];
  const cols = shape.slice(1).reduce((product, n) => product * n, 1);
  const straight = rows === head.outputs && cols === head.inputs;
  const across = rows === head.inputs && cols === head.outputs;
  // PEFT takes fan_in_fan_out back on a layer that stores its weight straight: on a square weight only the model tells
  const said = config.fan_in_fan_out && (!straight || checkpoint.config.model_type === undefined);
  const fansIn = head.kind === 'linear' && (module.transposed || said);
  const transposed = across && (head.kind === 'embedding' || fansIn);
  if (!straight && !transposed)
    throw dataError(
      `${caller}: ${path}: s·B A should have the shape of ${module.weight}, got ${head.outputs}×${head.inputs} for ${rows}×${cols}`,
      across
        ? 'the weight is stored inputs×outputs: set "fan_in_fan_out": true in adapter_config.json'
        : `the adapter is of another base${named(config.base_model_name_or_path)}`,
    );
  if (dtype.startsWith('F8') || !/^B?F\d+$/.test(dtype))
    throw dataError(
      `${caller}: ${module.weight} should be F64, F32, F16 or BF16, it is ${dtype}: quantised weights cannot take the sum`,
      'merge into the model before it was quantised',
    );
  if (head.kind === 'embedding') requireUntied(caller, checkpoint, module.weight);
  if (magnitude && (head.kind === 'embedding' || magnitude.shape.reduce((n, m) => n * m, 1) !== head.outputs))
    throw dataError(
      `${caller}: ${path}: the DoRA magnitudes should be ${head.outputs} numbers of a linear layer or a convolution, got [${magnitude.shape.join(', ')}] for a ${head.kind} layer`,
      'merge this adapter in PEFT',
    );
  return { head, weight: module.weight, rows, cols, transposed, ...(magnitude ? { magnitude } : {}) };
}

/** The path in the model for a path in the adapter: equal, or alike but for what stands before it, or with _ for dots. */
export function finder(paths: readonly string[]): (path: string) => string | undefined {
  const all = new Set(paths);
  const bySuffix = new Map<string, string | undefined>();
  const flat = new Map<string, string>();
  for (const path of paths) {
    flat.set(path.replaceAll('.', '_'), path);
    for (let at = path.indexOf('.'); at >= 0; at = path.indexOf('.', at + 1)) {
      const suffix = path.slice(at + 1);
      bySuffix.set(suffix, bySuffix.has(suffix) ? undefined : path);
    }
  }
  return (path) => {
    if (all.has(path)) return path;
    if (!path.includes('.')) {
      const kohya = flat.get(path.replace(/^lora_(unet|te\d?|transformer)_/, ''));
      if (kohya) return kohya;
    }
    const longer = bySuffix.get(path);
    if (longer) return longer;
    for (let at = path.indexOf('.'); at >= 0; at = path.indexOf('.', at + 1))
      if (path.slice(at + 1).includes('.') && all.has(path.slice(at + 1))) return path.slice(at + 1);
    return undefined;
  };
}

const named = (name: string | null): string => (name ? ` (its config names ${name})` : '');

function otherBase(caller: string, { paths, config }: Adapter, missing: readonly string[], modules: readonly Module[]) {
  const of = (list: readonly string[]) => list.slice(0, 3).join(', ') + (list.length > 3 ? ', …' : '');
  return dataError(
    `${caller}: ${missing.length} of the ${paths.length} layers of the adapter have no weight in the model: ${of(missing)}`,
    `the adapter is of another base${named(config.base_model_name_or_path)}; the model has ${of(modules.map(({ path }) => path))}`,
  );
}

function placeOthers(
  caller: string,
  checkpoint: Checkpoint,
  adapter: Adapter,
  others: readonly (readonly [string, LazyTensor])[],
  findModule: (path: string) => string | undefined,
): Pick<Placement, 'replaced' | 'biases'> {
  const replaced = new Map<string, LazyTensor>();
  const biases = new Map<string, { scaling: number; bias: LazyTensor }>();
  const findTensor = finder([...checkpoint.tensors.keys()]);
  for (const [key, tensor] of others) {
    const plain = key.startsWith(PREFIX) ? key.slice(PREFIX.length) : key;
    const factor = /^(.*)\.lora_B\.bias$/.exec(plain);
    const name = factor
      ? `${findModule(factor[1])}.bias`
      : plain.replace(/\.(modules_to_save(\.default)?|base_layer)(?=\.)/g, '');
    const found = findTensor(name);
    const info = found === undefined ? undefined : checkpoint.tensors.get(found)!;
    if (!info || info.shape.join() !== tensor.shape.join())
      throw dataError(
        `${caller}: the adapter brings ${plain} of shape [${tensor.shape.join(', ')}], ${info ? `in the model it is [${info.shape.join(', ')}]` : 'which the model has not'}`,
        'merge it in PEFT, where the model can be built with this tensor',
      );
    if (factor) biases.set(found!, { scaling: adapter.head(factor[1]).scaling, bias: tensor });
    else {
      requireUntied(caller, checkpoint, found!);
      replaced.set(found!, tensor);
    }
  }
  return { replaced, biases };
}

const OUTPUT = /(^|\.)(lm_head|embed_out|output_layer)\.weight$/;
const EMBEDDING = /(^|\.)(embed_tokens|wte|word_embeddings|embed_in|tok_embeddings|shared)\.weight$/;

/** @throws data error where a weight is both the embedding and the output layer: an adapter of one would change both. */
function requireUntied(caller: string, { config, tensors }: Checkpoint, name: string): void {
  if (!EMBEDDING.test(name) && !OUTPUT.test(name)) return;
  const hasOutput = [...tensors.keys()].some((key) => OUTPUT.test(key));
  const generates = /CausalLM|LMHead|ConditionalGeneration/.test(JSON.stringify(config.architectures ?? ''));
  if (config.tie_word_embeddings === true || (generates && !hasOutput))
    throw dataError(
      `${caller}: ${name} is the embedding and the output layer in one (tied weights): the adapter means one of the two`,
      'untie the model first, or leave this module out of the adapter',
    );
}
