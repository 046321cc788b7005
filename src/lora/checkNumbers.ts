// The numbers of an adapter: finite, alive, of full rank, and none out of proportion to the others.

import { numericalRank } from '../diagnostics/spectrum.js';
import type { Safetensors } from '../io/safetensors.js';
import { toFloat32 } from '../io/tensor.js';
import type { Kernels } from '../kernels/contract.js';
import { type Matrix, matrix, transpose } from '../matrix.js';
import { alphaIn } from './adapter.js';
import type { Found } from './check.js';
import type { AdapterNames } from './names.js';
import { productValues, sumOfSquares } from './product.js';
import type { Scaling } from './scaling.js';

/** What a layer comes to. */
export interface LayerSize {
  readonly path: string;
  readonly embedding: boolean;
  readonly outputs: number;
  readonly inputs: number;
  /** σ₁ of s·B A, and its Frobenius norm. */
  readonly largest: number;
  readonly norm: number;
}

/** A singular value below this share of the largest counts as zero. */
const DEFICIENT = 1e-6;
/** A layer this many times as large as the middle one is out of proportion. */
const EXPLODING = 100;

/** Checks the layers in `whole`, and gives the sizes of those that are finite. */
export async function checkNumbers(
  K: Kernels,
  found: Found,
  parsed: Safetensors,
  names: AdapterNames,
  scalingFor: Scaling,
  whole: ReadonlySet<string>,
  onLayer: (done: number, of: number) => void = () => {},
): Promise<LayerSize[]> {
  const sizes: LayerSize[] = [];
  const idle: string[] = [];
  let done = 0;
  for (const [path, { A: nameA, B: nameB, embedding }] of names.pairs) {
    onLayer(++done, names.pairs.size);
    if (!whole.has(path)) continue;
    const alphaKey = names.alphas.get(path);
    const own = alphaKey === undefined ? undefined : alphaIn(await parsed.read(alphaKey));
    if (own !== undefined && !(own > 0 && own < Infinity)) {
      found({
        ...{ severity: 'fault', check: 'scaling', path },
        message: `${alphaKey} should be a positive number, got ${own}: the scaling of the layer is α/r`,
        repair: 'take another copy of the file, or correct α',
      });
      continue;
    }
    const { shape } = parsed.tensors.get(nameA)!;
    const rank = shape[0];
    const [a, b] = [toFloat32(await parsed.read(nameA)), toFloat32(await parsed.read(nameB))];
    const A = matrix(rank, a.length / rank, a);
    const B = matrix(b.length / rank, rank, b);
    const bad = firstBad('A', A) ?? firstBad('B', B);
    if (bad) {
      found({
        ...{ severity: 'fault', check: 'numbers', path },
        message: `${bad}: the training diverged, or the file is damaged`,
        repair: 'go back to an earlier checkpoint',
      });
      continue;
    }
    const zero = (M: Matrix<Float32Array>) => M.data.every((x) => x === 0);
    const { scaling } = scalingFor(path, rank, own);
    if (zero(A) && zero(B))
      found({
        ...{ severity: 'fault', check: 'numbers', path },
        message: 'A and B are both zero: the layer does nothing, and no gradient reaches it',
        repair: 'start it again: lorank lora init',
      });
    else if (zero(A) || zero(B)) idle.push(path);
    const values = productValues(K, { left: B, right: transpose(A) });
    const rankFound = numericalRank(values, DEFICIENT);
    if (values[0] > 0 && rankFound < values.length)
      found({
        ...{ severity: 'warning', check: 'numbers', path },
        message: `B A has rank ${rankFound} of ${rank}: ${rank - rankFound} of its directions are empty`,
        repair: 'lorank lora resize -r auto',
      });
    const norm = Math.abs(scaling) * Math.sqrt(sumOfSquares(values));
    const head = { path, embedding, outputs: B.rows, inputs: A.cols };
    sizes.push({ ...head, largest: Math.abs(scaling) * (values[0] ?? 0), norm });
  }
  tellIdle(found, idle, names.pairs.size);
  tellExploding(found, sizes);
  return sizes;
}

function firstBad(name: string, { rows, cols, data }: Matrix<Float32Array>): string | undefined {
  for (let t = 0; t < rows * cols; t++)
    if (data[t] - data[t] !== 0) return `${name} holds ${data[t]} in row ${Math.floor(t / cols)}, column ${t % cols}`;
  return undefined;
}

function tellIdle(found: Found, idle: readonly string[], of: number): void {
  if (idle.length === 0) return;
  if (idle.length === of)
    found({
      ...{ severity: 'warning', check: 'numbers' },
      message: 'one factor of every layer is zero: the adapter is fresh, and does nothing yet',
      repair: 'train it; nothing is wrong if it has just been made',
    });
  else
    for (const path of idle)
      found({
        ...{ severity: 'warning', check: 'numbers', path },
        message: 'one factor is zero, and those of other layers are not: this layer was not trained',
        repair: 'leave it out of target_modules, or see why no gradient reaches it',
      });
}

function tellExploding(found: Found, sizes: readonly LayerSize[]): void {
  const alive = sizes.filter(({ largest }) => largest > 0).map(({ largest }) => largest);
  if (alive.length < 3) return;
  const middle = alive.sort((x, y) => x - y)[alive.length >> 1];
  for (const { path, largest } of sizes)
    if (largest > EXPLODING * middle)
      found({
        ...{ severity: 'warning', check: 'numbers', path },
        message: `‖sBA‖₂ is ${largest.toPrecision(3)}, ${Math.round(largest / middle)} times that of the middle layer`,
        repair: 'the training may have diverged there: a lower learning rate, or gradient clipping',
      });
}
