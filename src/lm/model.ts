// A language model: its configuration, its weights by the names of Hugging Face, and the computation that uses them. A
// computation asks for weights and linear layers by name (`Net`), so that one text serves the frozen model, the model with
// adapters, and the model that trains whole.

import { type Arena, addRow, constant, createArena, matmul, type Node, type Tape } from '../autodiff/index.js';
import { dataError, usageError } from '../errors.js';
import { writeSafetensors } from '../io/safetensors.js';
import { tensorOf, toFloat64 } from '../io/tensor.js';
import type { Kernels, Precision } from '../kernels/contract.js';
import type { Checkpoint } from '../lora/checkpoint.js';
import type { OutputFile } from '../lora/files.js';
import { requireFloats } from '../lora/targets.js';
import { type Float, type Matrix, matrix } from '../matrix.js';
import { fillNormals, type Stream, split } from '../random/index.js';

/** One weight that a model has. */
export interface WeightShape {
  readonly name: string;
  /** As in the file: [outputs, inputs], of Conv1D [inputs, outputs], or [n]. */
  readonly shape: readonly number[];
  /** Standard deviation of a random start; of a gain 'ones', of a bias 'zeros'. */
  readonly start: number | 'ones' | 'zeros';
}

/** What a model is made of. */
export interface Architecture {
  readonly name: string;
  /** config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly shapes: readonly WeightShape[];
  /** A checkpoint of the bare model leaves this off its names. */
  readonly prefix: string;
  /** Paths of the linear layers in their order; their weights are `path.weight`. */
  readonly linears: readonly string[];
  /** Whether linear weights lie inputs×outputs (Conv1D of GPT-2). */
  readonly transposed: boolean;
}

/** A language model. */
export interface Decoder extends Architecture {
  readonly vocabulary: number;
  /** Most positions of a sequence. */
  readonly context: number;
  /** Logits: ids.length×vocabulary, of sequences of `length` tokens one after another. */
  logits(net: Net, ids: Int32Array, length: number): Node;
}

/** An architecture with weights in kernel memory. */
export interface Model<A extends Architecture = Architecture> {
  readonly architecture: A;
  readonly precision: Precision;
  /** By name; a vector is 1×n. */
  readonly weights: ReadonlyMap<string, Matrix>;
  /** Arenas that runs have used and given back; those of the same model with other weights are the same ones. */
  readonly arenas: Arena[];
}

/** Runs body with an arena for its arrays, which the next run gets again. */
export function withArena<T>(K: Kernels, model: Model, body: (arena: Arena) => T): T {
  const arena = model.arenas.pop() ?? createArena(K);
  const start = arena.mark();
  try {
    return body(arena);
  } finally {
    arena.release(start);
    model.arenas.push(arena);
  }
}

/** A chain of factors added to a linear layer: y = W x + s·F_L ⋯ F_1 x. */
export interface Chain {
  readonly factors: readonly Node[];
  readonly scaling: number;
}

/** What a computation is given: weights and linear layers by name, on a tape. */
export interface Net {
  readonly tape: Tape;
  weight(name: string): Node;
  has(name: string): boolean;
  /** X·Wᵀ, with the bias where there is one and the chain where there is one. X: N×inputs → N×outputs. */
  linear(path: string, X: Node): Node;
}

/**
 * @param nodes weights that train, by name; the others are constants.
 * @param chains by the path of the linear layer.
 */
export function openNet(
  tape: Tape,
  { weights, architecture: { transposed } }: Pick<Model, 'weights'> & { architecture: { transposed: boolean } },
  nodes: ReadonlyMap<string, Node> = new Map(),
  chains: ReadonlyMap<string, Chain> = new Map(),
): Net {
  const used = new Map(nodes);
  const net: Net = {
    tape,
    has: (name) => weights.has(name),
    weight(name) {
      let node = used.get(name);
      if (!node) {
        const value = weights.get(name);
        if (!value) throw usageError(`the model has no weight '${name}'`, 'check the configuration');
        used.set(name, (node = constant(value)));
      }
      return node;
    },
    linear(path, X) {
      const Y = matmul(tape, X, net.weight(`${path}.weight`), { transposeB: !transposed });
      const chain = chains.get(path);
      if (chain) {
        const last = chain.factors.length - 1;
        const inner = chain.factors.slice(0, last).reduce((H, F) => matmul(tape, H, F, { transposeB: true }), X);
        matmul(tape, inner, chain.factors[last], { transposeB: true, alpha: chain.scaling, onto: Y });
      }
      return weights.has(`${path}.bias`) ? addRow(tape, Y, net.weight(`${path}.bias`)) : Y;
    },
  };
  return net;
}

const rowsOf = ({ shape }: WeightShape) => (shape.length === 1 ? 1 : shape[0]);
const colsOf = ({ shape }: WeightShape) => shape[shape.length - 1];

/** A model whose weights are filled in by name. */
async function assemble<A extends Architecture>(
  K: Kernels,
  architecture: A,
  precision: Precision,
  fill: (weight: WeightShape, to: Float) => void | Promise<void>,
): Promise<Model<A>> {
  const model = emptyModel(K, architecture, precision);
  for (const weight of architecture.shapes) await fill(weight, model.weights.get(weight.name)!.data);
  return model;
}

function emptyModel<A extends Architecture>(K: Kernels, architecture: A, precision: Precision): Model<A> {
  const numbers = architecture.shapes.reduce((sum, { shape }) => sum + 16 + shape.reduce((n, m) => n * m, 1), 0);
  const arena = createArena(K, numbers * (precision === 'f64' ? 8 : 4));
  const weights = new Map<string, Matrix>();
  for (const weight of architecture.shapes) {
    const [rows, cols] = [rowsOf(weight), colsOf(weight)];
    weights.set(weight.name, matrix<Float>(rows, cols, arena.take(precision, rows * cols)));
  }
  return { architecture, precision, weights, arenas: [] };
}

/** The weights of a checkpoint, widened or rounded to the precision (default f32). Refuses a quantised one. */
export async function loadWeights<A extends Architecture>(
  K: Kernels,
  architecture: A,
  checkpoint: Checkpoint,
  precision: Precision = 'f32',
): Promise<Model<A>> {
  requireFloats(checkpoint);
  return assemble(K, architecture, precision, async (weight, to) => {
    const name = [weight.name, weight.name.replace(architecture.prefix, '')].find((one) => checkpoint.tensors.has(one));
    const info = checkpoint.tensors.get(name ?? weight.name);
    if (!info)
      throw dataError(
        `the checkpoint should have the tensor '${weight.name}' for its configuration, it has none`,
        `it has: ${[...checkpoint.tensors.keys()].slice(0, 8).join(', ')}`,
      );
    if (info.shape.join() !== weight.shape.join())
      throw dataError(
        `'${weight.name}' should be of shape [${weight.shape.join(', ')}] for this configuration, got [${info.shape.join(', ')}]`,
        'config.json and the weights are of different models',
      );
    if (!/^(F64|F32|F16|BF16)$/.test(info.dtype))
      throw dataError(
        `'${weight.name}' should be of type F64, F32, F16 or BF16 to train on, got ${info.dtype}`,
        'take the checkpoint that is not quantised',
      );
    if (to instanceof Float32Array) await checkpoint.rows(name!, 0, info.shape[0], to);
    else to.set(toFloat64(await checkpoint.read(name!)));
  });
}

/** A model with a random start: normal weights, gains 1 and biases 0. Weight w comes from the stream of its name. */
export function randomModel<A extends Architecture>(
  K: Kernels,
  architecture: A,
  random: Stream,
  precision: Precision = 'f32',
): Model<A> {
  const model = emptyModel(K, architecture, precision);
  for (const { name, start } of architecture.shapes) {
    const to = model.weights.get(name)!.data;
    if (typeof start !== 'number') to.fill(start === 'ones' ? 1 : 0);
    else {
      fillNormals(split(random, name), to);
      for (let i = 0; i < to.length; i++) to[i] *= start;
    }
  }
  return model;
}

/** The same model with other weights under some names, shared otherwise. */
export const withWeights = <A extends Architecture>(
  model: Model<A>,
  others: ReadonlyMap<string, Matrix>,
): Model<A> => ({
  ...model,
  weights: new Map([...model.weights].map(([name, value]) => [name, others.get(name) ?? value])),
});

/** model.safetensors, in pieces; the numbers are views of the weights. */
export function modelBytes({ architecture, weights }: Pick<Model, 'architecture' | 'weights'>): Iterable<Uint8Array> {
  const tensors = Object.fromEntries(
    architecture.shapes.map(({ name, shape }) => {
      const { data, offset, rows, cols } = weights.get(name)!;
      return [name, tensorOf(data.subarray(offset, offset + rows * cols), shape)];
    }),
  );
  return writeSafetensors(tensors, { format: 'pt' });
}

/** A Hugging Face folder: config.json and model.safetensors. */
export function modelFiles(model: Model): OutputFile[] {
  const json = `${JSON.stringify(model.architecture.config, undefined, 2)}\n`;
  return [
    { name: 'config.json', pieces: [new TextEncoder().encode(json)] },
    { name: 'model.safetensors', pieces: copies(modelBytes(model)) },
  ];
}

function* copies(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const piece of pieces) yield piece.slice();
}
