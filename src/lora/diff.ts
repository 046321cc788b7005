// How far two adapters are from one another, layer by layer, without the full product: ΔW_A − ΔW_B has the factors
// [s_AB_A, −s_BB_B] and [A_A; A_B], and its norm is that of the product of their triangles (product.ts). The principal
// angles between the column spaces and between the row spaces of both say where they act (linalg/angles.ts).
// And of two checkpoints: ‖W_A − W_B‖/‖W_A‖ of each tensor, by ranges.
// Cost per layer: 2(m+n)(r_A+r_B)² flops and small SVDs.

import { dataError } from '../errors.js';
import type { Tensor } from '../io/tensor.js';
import type { Kernels } from '../kernels/contract.js';
import { anglesBetween } from '../linalg/angles.js';
import { factoredSvd } from '../linalg/factored.js';
import { dot } from '../linalg/vectors.js';
import { type Matrix, slice } from '../matrix.js';
import type { Adapter, AdapterLayer } from './adapter.js';
import type { Checkpoint } from './checkpoint.js';
import { productNorm, productOf, sumOfProducts } from './product.js';
import { movedBase, requireFinite, wholeTensor } from './work.js';

/** How a layer differs. */
export interface LayerDifference {
  readonly path: string;
  /** ‖ΔW_A‖_F and ‖ΔW_B‖_F. */
  readonly norms: readonly [number, number];
  /** ‖ΔW_A − ΔW_B‖_F / ‖ΔW_A‖_F; of two layers that add nothing 0, and Infinity where A alone adds nothing. */
  readonly relative: number;
  /** ⟨ΔW_A, ΔW_B⟩ / (‖ΔW_A‖·‖ΔW_B‖), 0 where one adds nothing. */
  readonly cosine: number;
  /** Principal angles in radians, ascending, between the column spaces; as many as the lower rank of the two. */
  readonly columnAngles: Float64Array;
  /** Between the row spaces. */
  readonly rowAngles: Float64Array;
}

/** How two adapters differ. */
export interface AdapterDifference {
  /** Layers of both. */
  readonly layers: readonly LayerDifference[];
  readonly onlyInA: readonly string[];
  readonly onlyInB: readonly string[];
  /** Layers of both whose shapes differ. */
  readonly shapes: readonly { readonly path: string; readonly a: string; readonly b: string }[];
  /** Tensors that are no factors, in one of the two or with other bytes. */
  readonly others: readonly string[];
  /** Over all layers of either: √(Σ ‖ΔW_A − ΔW_B‖²) / √(Σ ‖ΔW_A‖²). */
  readonly relative: number;
}

/** Compares two adapters, and calls onLayer after each layer of both. */
export async function diffAdapters(
  K: Kernels,
  a: Adapter,
  b: Adapter,
  { onLayer = () => {} }: { readonly onLayer?: (layer: LayerDifference) => void } = {},
): Promise<AdapterDifference> {
  requireOneBase(a, b);
  const common = a.paths.filter((path) => b.paths.includes(path));
  const outer = (of: Adapter, path: string) => {
    const { kind, outputs, inputs } = of.head(path);
    return `${kind} ${outputs}×${inputs}`;
  };
  const shapes = common.map((path) => ({ path, a: outer(a, path), b: outer(b, path) })).filter((of) => of.a !== of.b);
  const apart = new Set(shapes.map(({ path }) => path));
  const onlyInA = a.paths.filter((path) => !b.paths.includes(path));
  const onlyInB = b.paths.filter((path) => !a.paths.includes(path));
  let difference = 0;
  let size = 0;
  for (const path of onlyInA) {
    const norm = await normOf(K, a, path);
    difference += norm * norm;
    size += norm * norm;
  }
  for (const path of onlyInB) {
    const norm = await normOf(K, b, path);
    difference += norm * norm;
  }
  const layers: LayerDifference[] = [];
  for (const path of common) {
    if (apart.has(path)) continue;
    const { layer, distance } = layerDifference(K, await finite(a, path), await finite(b, path));
    difference += distance * distance;
    size += layer.norms[0] * layer.norms[0];
    layers.push(layer);
    onLayer(layer);
  }
  const relative = ratio(Math.sqrt(difference), Math.sqrt(size));
  return { layers, onlyInA, onlyInB, shapes, others: await otherDifferences(a, b), relative };
}

/** @throws data error where one adapter means a base that was changed and the other does not. */
function requireOneBase(a: Adapter, b: Adapter): void {
  const marks = [movedBase(a), movedBase(b)];
  if ((marks[0] === undefined) === (marks[1] === undefined)) return;
  throw dataError(
    `diffAdapters: one adapter belongs to a base that was changed when it was made (${marks[0] ?? marks[1]}), the other does not`,
    'make a plain adapter of it first: lorank lora convert ADAPTER --init INITIAL_ADAPTER -o PLAIN',
  );
}

const ratio = (distance: number, size: number): number => (distance === 0 ? 0 : distance / size);

async function finite(adapter: Adapter, path: string): Promise<AdapterLayer> {
  const layer = await adapter.layer(path);
  requireFinite('diffAdapters', layer);
  return layer;
}

const normOf = async (K: Kernels, adapter: Adapter, path: string): Promise<number> => {
  const layer = await finite(adapter, path);
  return Math.abs(layer.scaling) * productNorm(K, productOf(layer));
};

function layerDifference(K: Kernels, a: AdapterLayer, b: AdapterLayer): { layer: LayerDifference; distance: number } {
  const distance = productNorm(
    K,
    sumOfProducts([
      [a.scaling, productOf(a)],
      [-b.scaling, productOf(b)],
    ]),
  );
  const [x, y] = [a, b].map((layer) => ({ ...spaces(K, layer), s: Math.abs(layer.scaling) }));
  const norms = [x.s * x.norm, y.s * y.norm] as const;
  const product = norms[0] * norms[1];
  const inner = (norms[0] * norms[0] + norms[1] * norms[1] - distance * distance) / 2;
  return {
    distance,
    layer: {
      path: a.path,
      norms,
      relative: ratio(distance, norms[0]),
      cosine: product > 0 ? Math.max(-1, Math.min(1, inner / product)) : 0,
      columnAngles: anglesBetween(K, x.columns, y.columns),
      rowAngles: anglesBetween(K, x.rows, y.rows),
    },
  };
}

/** Singular values below this share of the first are rounding of f32. */
const FLAT = 2 ** -20;

/** Orthonormal bases of the column and row spaces of B A, up to rounding of f32, and its norm. */
function spaces(K: Kernels, layer: AdapterLayer): { columns: Matrix; rows: Matrix; norm: number } {
  const { U, values, V } = factoredSvd(K, productOf(layer));
  const rank = values.filter((value) => value > FLAT * values[0]).length;
  const lead = (Q: Matrix) => slice(Q, 0, Q.rows, 0, rank);
  return { columns: lead(U), rows: lead(V), norm: Math.sqrt(dot(values, values)) };
}

async function otherDifferences(a: Adapter, b: Adapter): Promise<string[]> {
  const names = [...new Set([...Object.keys(a.others), ...Object.keys(b.others)])].sort();
  const differing: string[] = [];
  for (const name of names) {
    const [x, y] = [a.others[name], b.others[name]];
    if (!x || !y || !equalTensors(await wholeTensor(x), await wholeTensor(y))) differing.push(name);
  }
  return differing;
}

const equalTensors = (x: Tensor, y: Tensor): boolean =>
  x.dtype === y.dtype && x.shape.join() === y.shape.join() && x.bytes.every((byte, i) => byte === y.bytes[i]);

/** How a tensor differs. */
export interface TensorDifference {
  readonly name: string;
  /** ‖W_A − W_B‖_F / ‖W_A‖_F. */
  readonly relative: number;
  /** max |W_A − W_B|. */
  readonly largest: number;
}

/** How two checkpoints differ. */
export interface CheckpointDifference {
  /** Tensors of both, in the order of A. */
  readonly tensors: readonly TensorDifference[];
  readonly onlyInA: readonly string[];
  readonly onlyInB: readonly string[];
  readonly shapes: readonly { readonly path: string; readonly a: string; readonly b: string }[];
  readonly relative: number;
}

const BLOCK = 2 ** 21; // numbers

/** Compares two checkpoints by ranges, and calls onTensor after each tensor of both. */
export async function diffCheckpoints(
  a: Checkpoint,
  b: Checkpoint,
  { onTensor = () => {} }: { readonly onTensor?: (tensor: TensorDifference) => void } = {},
): Promise<CheckpointDifference> {
  const shape = (of: Checkpoint, name: string) => `[${of.tensors.get(name)!.shape.join(', ')}]`;
  const common = [...a.tensors.keys()].filter((name) => b.tensors.has(name));
  const shapes = common
    .map((path) => ({ path, a: shape(a, path), b: shape(b, path) }))
    .filter((pair) => pair.a !== pair.b);
  const apart = new Set(shapes.map(({ path }) => path));
  const tensors: TensorDifference[] = [];
  let difference = 0;
  let size = 0;
  for (const name of common) {
    if (apart.has(name)) continue;
    const [rows = 1, ...rest] = a.tensors.get(name)!.shape;
    const step = Math.max(
      1,
      Math.floor(
        BLOCK /
          Math.max(
            1,
            rest.reduce((product, n) => product * n, 1),
          ),
      ),
    );
    let [off, own, largest] = [0, 0, 0];
    for (let from = 0; from < rows; from += step) {
      const to = Math.min(rows, from + step);
      const [x, y] = await Promise.all([a.rows(name, from, to), b.rows(name, from, to)]);
      for (let t = 0; t < x.length; t++) {
        const d = Object.is(x[t], y[t]) ? 0 : Math.abs(x[t] - y[t]); // what is NaN in both is equal
        off += d * d;
        own += x[t] * x[t];
        largest = Math.max(largest, d);
      }
    }
    difference += off;
    size += own;
    const tensor = { name, relative: ratio(Math.sqrt(off), Math.sqrt(own)), largest };
    tensors.push(tensor);
    onTensor(tensor);
  }
  return {
    tensors,
    onlyInA: [...a.tensors.keys()].filter((name) => !b.tensors.has(name)),
    onlyInB: [...b.tensors.keys()].filter((name) => !a.tensors.has(name)),
    shapes,
    relative: ratio(Math.sqrt(difference), Math.sqrt(size)),
  };
}
