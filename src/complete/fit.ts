// A fit: what completion leaves behind. It predicts every pair, seen or not: an unknown user or item has bias 0 and no
// factors, so a prediction falls back to the biases that are known, and at last to the global mean.
//
// As a file (fit.safetensors): rowFactors n₁×k, colFactors n₂×k, rowBias, colBias, globalMean (shape []), all f64; ids as
// rowIds.bytes (U8, UTF-8) and rowIds.offsets (I64, n₁+1), and the same for columns; texts format=lorank-fit, version=1,
// method, seed, and report.

import type { Factored } from '../descend.js';
import { dataError } from '../errors.js';
import { Ids } from '../io/ids.js';
import { arrayOf, matrixTensor, type Tensor, tensorOf, toFloat64 } from '../io/tensor.js';
import { copy, matrix } from '../matrix.js';

export interface Biases {
  readonly globalMean: number;
  readonly rowBias: Float64Array; // n₁
  readonly colBias: Float64Array; // n₂
}

export interface FitParts extends Biases {
  readonly factors: Factored; // left: n₁×k, right: n₂×k
  readonly rowIds: Ids;
  readonly colIds: Ids;
  readonly method: string;
  readonly seed: number;
  /** What the user should know: baselines, why this rank, warnings. */
  readonly report: string;
}

/** What completion leaves behind: predictions for every pair, and the parts that they are made of. */
export interface Fit extends Omit<FitParts, 'report'> {
  /** k of the factors. */
  readonly rank: number;
  /** The prediction for a user and an item, by their ids. Defined for every pair. */
  predict(user: string | number, item: string | number): number;
  /** The same by indices; −1 and indices from n₁ (n₂) on are unseen. */
  predictAt(row: number, col: number): number;
  /** The same for many pairs. */
  predictBatch(rows: Int32Array, cols: Int32Array): Float64Array;
  /** What the user should know: baselines, why this rank, warnings. */
  report(): string;
  toTensors(): { tensors: Record<string, Tensor>; metadata: Record<string, string> };
}

export function createFit(parts: FitParts): Fit {
  const { factors, globalMean, rowBias, colBias, rowIds, colIds, method, seed, report } = parts;
  const left = copy(factors.left);
  const right = copy(factors.right);
  const k = left.cols;
  const n1 = rowBias.length;
  const n2 = colBias.length;
  const U = left.data;
  const V = right.data;

  function predictAt(i: number, j: number): number {
    const knownRow = i >= 0 && i < n1;
    const knownCol = j >= 0 && j < n2;
    let x = globalMean;
    if (knownRow) x += rowBias[i];
    if (knownCol) x += colBias[j];
    if (knownRow && knownCol) for (let a = 0, p = i * k, q = j * k; a < k; a++) x += U[p + a] * V[q + a];
    return x;
  }

  return {
    rank: k,
    factors: { left, right },
    globalMean,
    rowBias,
    colBias,
    rowIds,
    colIds,
    method,
    seed,
    predict: (user, item) => predictAt(rowIds.find(String(user)), colIds.find(String(item))),
    predictAt,
    predictBatch(rows, cols) {
      const out = new Float64Array(rows.length);
      for (let t = 0; t < out.length; t++) out[t] = predictAt(rows[t], cols[t]);
      return out;
    },
    report: () => report,
    toTensors() {
      const rowText = rowIds.toBytes();
      const colText = colIds.toBytes();
      return {
        tensors: {
          rowFactors: matrixTensor(left),
          colFactors: matrixTensor(right),
          rowBias: tensorOf(rowBias),
          colBias: tensorOf(colBias),
          globalMean: tensorOf(Float64Array.of(globalMean), []),
          // The tables may have grown since, by the ids of a test.
          'rowIds.bytes': tensorOf(rowText.bytes.subarray(0, Number(rowText.offsets[n1]))),
          'rowIds.offsets': tensorOf(rowText.offsets.subarray(0, n1 + 1)),
          'colIds.bytes': tensorOf(colText.bytes.subarray(0, Number(colText.offsets[n2]))),
          'colIds.offsets': tensorOf(colText.offsets.subarray(0, n2 + 1)),
        },
        metadata: { format: 'lorank-fit', version: '1', method, seed: String(seed), report },
      };
    },
  };
}

const NAMES = ['rowFactors', 'colFactors', 'rowBias', 'colBias', 'globalMean'] as const;

/**
 * The inverse of toTensors.
 * @throws data error where a tensor is missing or its shape does not fit the others.
 */
export function fitFromTensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>>,
): Fit {
  const fail = (what: string) => dataError(`fit: ${what}`, 'write it again with lorank complete -o fit.safetensors');
  if (metadata.format !== 'lorank-fit')
    throw fail(`the text 'format' should be 'lorank-fit', got '${metadata.format ?? 'nothing'}'`);
  if (metadata.version !== '1') throw fail(`the text 'version' should be '1', got '${metadata.version ?? 'nothing'}'`);
  const given = (name: string): Tensor => {
    const tensor = tensors[name];
    if (!tensor) throw fail(`the tensor '${name}' is missing`);
    return tensor;
  };
  const [rowFactors, colFactors, rowBias, colBias, mean] = NAMES.map((name) => {
    const values = toFloat64(given(name));
    if (!values.every(Number.isFinite)) throw fail(`'${name}' should hold finite numbers`);
    return values;
  });
  const [n1, k] = given('rowFactors').shape;
  const expected: Record<(typeof NAMES)[number], number[]> = {
    rowFactors: [n1, k ?? 0],
    colFactors: [colBias.length, k ?? 0],
    rowBias: [n1],
    colBias: [colBias.length],
    globalMean: [],
  };
  for (const name of NAMES)
    if (given(name).shape.join() !== expected[name].join())
      throw fail(`'${name}' should have shape [${expected[name]}], got [${given(name).shape}]`);
  const ids = (name: string, n: number): Ids => {
    const bytes = given(`${name}.bytes`);
    const offsets = given(`${name}.offsets`);
    if (bytes.dtype !== 'U8' || offsets.dtype !== 'I64')
      throw fail(`'${name}' should be bytes in U8 and offsets in I64, got ${bytes.dtype} and ${offsets.dtype}`);
    const table = Ids.fromBytes(bytes.bytes, arrayOf({ ...offsets, dtype: 'I64' }));
    if (table.size !== n) throw fail(`'${name}' should hold ${n} ids, got ${table.size}`);
    return table;
  };
  return createFit({
    factors: { left: matrix(n1, k, rowFactors), right: matrix(colBias.length, k, colFactors) },
    globalMean: mean[0],
    rowBias,
    colBias,
    rowIds: ids('rowIds', n1),
    colIds: ids('colIds', colBias.length),
    method: metadata.method ?? 'unknown',
    seed: Number(metadata.seed ?? 0),
    report: metadata.report ?? '',
  });
}
