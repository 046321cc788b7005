// LoRA adapters: W + s·B A for some of the modules of a model, in the files of PEFT (adapter_config.json beside
// adapter_model.safetensors), or in one file with the names of kohya or diffusers (names.ts).
//
// An adapter is read layer by layer: `paths` names the modules, `head(path)` says their shapes from the header alone, and
// `layer(path)` reads A and B when asked, so that 200 layers of rank 128 need the memory of one. What is not a pair of
// factors (DoRA's magnitudes, biases, whole modules that were saved) is carried through untouched in `others`.

import { dataError } from '../errors.js';
import { readExactly } from '../io/bytes.js';
import { type LazyTensor, openSafetensors, type Safetensors, streamSafetensors } from '../io/safetensors.js';
import { type FloatDtype, floatTensor, OVERFLOW, type Tensor, tensorOf, toFloat32 } from '../io/tensor.js';
import { largestEntry } from '../linalg/vectors.js';
import { type Matrix, matrix } from '../matrix.js';
import { type PeftConfig, parsePeftConfig } from './config.js';
import { type Files, type OutputFile, readJson } from './files.js';
import { type AdapterNames, type Dialect, namesOf } from './names.js';
import { type Scaling, scalingsIn, withoutScalings } from './scaling.js';

export type { PeftConfig } from './config.js';

/** The kinds of modules that a pair of factors may belong to. */
export type LayerKind = 'linear' | 'conv2d' | 'embedding';

/** What is known of a layer before its factors are read. */
export interface LayerHead {
  /** Module path, e.g. model.layers.0.self_attn.q_proj; in files of kohya the name that stands there. */
  readonly path: string;
  readonly kind: LayerKind;
  /** r. */
  readonly rank: number;
  /** Rows of B. */
  readonly outputs: number;
  /** Columns of A: inputs, of a conv2d times the size of its kernel. */
  readonly inputs: number;
  /** Height and width of a conv2d's kernel. */
  readonly kernel?: readonly [number, number];
  /** α. */
  readonly alpha: number;
  /** s: α/r, or α/√r with rsLoRA, the patterns of the config applied. */
  readonly scaling: number;
  /** How A and B are to be stored: of a file the type that holds both; F32 for F64, as which they are read. */
  readonly dtype: FloatDtype;
}

/** One layer: W + s·B A. An embedding adds s·(B A)ᵀ. */
export interface AdapterLayer extends LayerHead {
  /** r×inputs. */
  readonly A: Matrix<Float32Array>;
  /** outputs×r. */
  readonly B: Matrix<Float32Array>;
}

/** An adapter, open for reading. */
export interface Adapter {
  readonly config: PeftConfig;
  /** Modules with factors, in the order of their names. */
  readonly paths: readonly string[];
  head(path: string): LayerHead;
  /** Reads A and B. */
  layer(path: string): Promise<AdapterLayer>;
  /** Tensors that are no pair of factors, by the names in the file. */
  readonly others: Readonly<Record<string, LazyTensor>>;
  /** Of the safetensors file. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Whose names the file had. Default PEFT's. */
  readonly dialect?: Dialect;
}

/** Layers in memory as an adapter. */
export function adapterOf(
  config: PeftConfig,
  layers: readonly AdapterLayer[],
  { others = {}, metadata = {} }: Partial<Pick<Adapter, 'others' | 'metadata'>> = {},
): Adapter {
  const byPath = new Map(layers.map((layer) => [layer.path, layer]));
  const the = (path: string) => byPath.get(path) ?? fail(path, [...byPath.keys()]);
  return { config, paths: [...byPath.keys()].sort(), head: the, layer: async (path) => the(path), others, metadata };
}

function fail(path: string, all: readonly string[]): never {
  throw dataError(`the adapter has no layer '${path}'`, `it has: ${all.slice(0, 10).join(', ')}`);
}

/**
 * Opens an adapter: a folder with adapter_model.safetensors (and adapter_config.json), or one .safetensors file of any
 * name, with the names of PEFT, kohya or diffusers.
 */
export async function readAdapter(files: Files): Promise<Adapter> {
  const found = files.names.filter((name) => name.endsWith('.safetensors'));
  const file =
    found.find((name) => name === 'adapter_model.safetensors') ?? (found.length === 1 ? found[0] : undefined);
  if (!file)
    throw dataError(
      `readAdapter: an adapter should be adapter_model.safetensors or one .safetensors file, got ${files.names.slice(0, 8).join(', ') || 'an empty folder'}`,
      files.names.includes('adapter_model.bin')
        ? 'adapter_model.bin is a pickle: load it in Python and save it with safetensors'
        : 'name the folder or the file of the adapter',
    );
  const source = await files.open(file);
  const parsed = await openSafetensors(source);
  const config = files.names.includes('adapter_config.json')
    ? parsePeftConfig(await readJson(files, 'adapter_config.json'))
    : undefined;
  const names = namesOf([...parsed.tensors.keys()]);
  if (names.pairs.size === 0)
    throw dataError(
      `readAdapter: an adapter should hold pairs of factors (lora_A and lora_B), ${file} has none: ${names.others.slice(0, 3).join(', ') || 'no tensors'}`,
      /lora/.test(names.others.join())
        ? 'lorank lora check names every fault of an adapter'
        : 'this is a model, or an adapter of another kind: name a LoRA adapter',
    );
  const alphas = new Map<string, number>();
  for (const [path, key] of names.alphas) {
    const alpha = alphaIn(await parsed.read(key));
    if (!(alpha > 0 && alpha < Infinity))
      throw dataError(
        `readAdapter: ${key} should be a positive number, got ${alpha}`,
        'without its scaling the layer is unknown: take another copy of the file, or correct α',
      );
    alphas.set(path, alpha);
  }
  const heads = headsOf(parsed, names, scalingsIn(config, parsed.metadata), alphas);
  const paths = [...heads.keys()].sort();
  return {
    config: config ?? parsePeftConfig({ peft_type: 'LORA', ...patternsOf([...heads.values()]) }),
    paths,
    head: (path) => heads.get(path) ?? fail(path, paths),
    layer: async (path) => {
      const head = heads.get(path) ?? fail(path, paths);
      const { A, B } = names.pairs.get(path)!;
      const [a, b] = [toFloat32(await parsed.read(A)), toFloat32(await parsed.read(B))];
      return { ...head, A: matrix(head.rank, head.inputs, a), B: matrix(head.outputs, head.rank, b) };
    },
    others: Object.fromEntries(
      names.others.map((key) => {
        const { dtype, shape, start, end } = parsed.tensors.get(key)!;
        return [key, { dtype, shape, bytes: () => readExactly(source, start, end - start, file) }];
      }),
    ),
    metadata: config ? parsed.metadata : withoutScalings(parsed.metadata),
    dialect: names.dialect,
  };
}

/** The number in a tensor of α; NaN where it holds none, or several. */
export function alphaIn(tensor: Tensor): number {
  const numbers = toFloat32(tensor);
  return numbers.length === 1 ? numbers[0] : Number.NaN;
}

function headsOf(
  { tensors }: Safetensors,
  names: AdapterNames,
  scaling: Scaling,
  alphas: ReadonlyMap<string, number>,
): Map<string, LayerHead> {
  const heads = new Map<string, LayerHead>();
  for (const [path, { A, B, embedding }] of names.pairs) {
    const [a, b] = [tensors.get(A)!, tensors.get(B)!];
    const dims = a.shape.length;
    const wrong = (what: string) =>
      dataError(
        `readAdapter: ${path}: ${what}, got A [${a.shape.join(', ')}] and B [${b.shape.join(', ')}]`,
        'lorank lora check names every fault of an adapter',
      );
    if (dims !== b.shape.length || (dims !== 2 && dims !== 4))
      throw wrong('A and B should have 2 axes, or 4 for a convolution');
    const [rank, ...rest] = a.shape;
    const [outputs, width, ...ones] = b.shape;
    if (rank !== width || rank === 0 || ones.some((n) => n !== 1))
      throw wrong('A should be r×inputs and B outputs×r with the same r ≥ 1');
    const odd = [a, b].find(({ dtype }) => !/^(F64|F32|F16|BF16)$/.test(dtype));
    if (odd) throw wrong(`the factors should be F32, F16, BF16 or F64, they are ${odd.dtype}`);
    const dtype = widest([a, b].map((factor) => factor.dtype as FloatDtype));
    heads.set(path, {
      path,
      kind: embedding ? 'embedding' : dims === 4 ? 'conv2d' : 'linear',
      rank,
      outputs,
      inputs: rest.reduce((product, n) => product * n, 1),
      ...(dims === 4 ? { kernel: [rest[1], rest[2]] as const } : {}),
      ...scaling(path, rank, alphas.get(path)),
      dtype,
    });
  }
  return heads;
}

/** The narrowest type of factors that holds the numbers of all, F64 rounded to F32. */
export const widest = (dtypes: readonly FloatDtype[]): FloatDtype =>
  new Set(dtypes).size === 1 && dtypes[0] !== 'F64' ? dtypes[0] : 'F32';

/** @throws data error where a factor overflows the type in which it is to be stored. */
function requireFits(path: string, name: 'A' | 'B', M: Matrix, dtype: FloatDtype): void {
  const largest = largestEntry(M);
  if (largest >= OVERFLOW[dtype])
    throw dataError(
      `${path}: ${name} should be finite in ${dtype}, its largest number is ${largest}`,
      `the layer does not fit the type that the adapter is stored in${dtype === 'F32' ? '' : ': save the adapter in float32 first'}`,
    );
}

/**
 * The fields of a config that follow from the layers: r and lora_alpha are the most frequent ones, rank_pattern and
 * alpha_pattern name the layers that differ, target_modules are their paths.
 */
export function patternsOf(
  layers: readonly Pick<LayerHead, 'path' | 'rank' | 'alpha'>[],
): Pick<PeftConfig, 'r' | 'lora_alpha' | 'rank_pattern' | 'alpha_pattern' | 'target_modules'> {
  const r = mostFrequent(layers.map(({ rank }) => rank)) ?? 8;
  const lora_alpha = mostFrequent(layers.map(({ alpha }) => alpha)) ?? 8;
  // PEFT looks for a key at the end of a path: ^ keeps one that is the end of another path to itself
  const keyOf = (path: string) => (layers.some((other) => other.path.endsWith(`.${path}`)) ? `^${path}` : path);
  const differing = (of: (layer: (typeof layers)[number]) => number, usual: number) =>
    Object.fromEntries(layers.filter((layer) => of(layer) !== usual).map((layer) => [keyOf(layer.path), of(layer)]));
  return {
    r,
    lora_alpha,
    rank_pattern: differing(({ rank }) => rank, r),
    alpha_pattern: differing(({ alpha }) => alpha, lora_alpha),
    target_modules: layers.map(({ path }) => path),
  };
}

function mostFrequent(values: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || a - b)[0]?.[0];
}

/** The two tensors of a layer, by their PEFT names. Refuses factors that overflow their type. */
export function peftTensors(layer: AdapterLayer): Record<string, Tensor> {
  const shapes = peftShapes(layer);
  for (const name of ['A', 'B'] as const) requireFits(layer.path, name, layer[name], layer.dtype);
  const tensor = (M: Matrix<Float32Array>, shape: readonly number[]) =>
    layer.dtype === 'F32' ? tensorOf(dense(M), shape) : floatTensor(dense(M), shape, layer.dtype);
  return { [shapes.A.name]: tensor(layer.A, shapes.A.shape), [shapes.B.name]: tensor(layer.B, shapes.B.shape) };
}

function peftShapes({ path, kind, rank, outputs, inputs, kernel }: LayerHead) {
  const name = (part: 'A' | 'B') =>
    `base_model.model.${path}.${kind === 'embedding' ? `lora_embedding_${part}` : `lora_${part}.weight`}`;
  const [h, w] = kernel ?? [1, 1];
  return {
    A: { name: name('A'), shape: kind === 'conv2d' ? [rank, inputs / (h * w), h, w] : [rank, inputs] },
    B: { name: name('B'), shape: kind === 'conv2d' ? [outputs, rank, 1, 1] : [outputs, rank] },
  };
}

const dense = ({ rows, cols, data, offset, rowStride, colStride }: Matrix<Float32Array>): Float32Array => {
  if (colStride === 1 && rowStride === cols) return data.slice(offset, offset + rows * cols);
  const out = new Float32Array(rows * cols);
  for (let i = 0, t = 0; i < rows; i++)
    for (let j = 0; j < cols; j++) out[t++] = data[offset + i * rowStride + j * colStride];
  return out;
};

/** An adapter as PEFT writes it: adapter_config.json and adapter_model.safetensors, which is made layer by layer. */
export function adapterFiles(adapter: Adapter): OutputFile[] {
  const tensors: Record<string, LazyTensor> = { ...adapter.others };
  for (const path of adapter.paths) {
    const head = adapter.head(path);
    let held: Record<string, Tensor> | undefined; // A and B follow one another in the file
    for (const { name, shape } of Object.values(peftShapes(head)))
      tensors[name] = {
        dtype: head.dtype,
        shape,
        bytes: async () => {
          const { [name]: tensor, ...rest } = held ?? peftTensors(await adapter.layer(path));
          held = Object.keys(rest).length > 0 ? rest : undefined;
          return tensor.bytes;
        },
      };
  }
  const json = `${JSON.stringify(adapter.config, undefined, 2)}\n`;
  return [
    { name: 'adapter_config.json', pieces: [new TextEncoder().encode(json)] },
    { name: 'adapter_model.safetensors', pieces: streamSafetensors(tensors, { format: 'pt', ...adapter.metadata }) },
  ];
}
