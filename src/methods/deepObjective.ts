// F(θ) = ½‖W_L ⋯ W_1 − A‖_F² of a chain (parametrisations/deep.ts), over all entries of A or the known ones: what
// pull(approximation, deep) and pull(entriesLoss, deep) say, up to rounding, at less cost. Every product is made
// once, in kernel memory that is kept from step to step; the gradient alone is new.
// Cost per evaluation, c the narrowest place: 6·n₁n₂·d_c flops, or 6·|Ω|·d_c where the entries are few, and 6·d_l·d_{l−1}·d_c for
// each factor but the outermost, less where a half has one factor; full square factors take 6(L − 1)·d³.

import type { Objective } from '../descend.js';
import { usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { identity } from '../linalg/householder.js';
import { assign, multiplyInto, scratch, shape } from '../linalg/products.js';
import { type Matrix, transpose } from '../matrix.js';
import {
  checkWidths,
  cutOf,
  halvesOf,
  inward,
  layersOf,
  outward,
  type Space,
  sizeOf,
  type Widths,
} from '../parametrisations/deep.js';
import type { KnownEntries } from '../problems/entries.js';

/** From this share of known entries on, a dense residual of at most so many entries beats the sparse kernel. */
const SHARE = 0.2;
const LARGEST = 4e6;

/**
 * @param target A: n₁×n₂, or entries of it.
 * @param widths d_0 = n₂, …, d_L = n₁.
 */
export function deepObjective(K: Kernels, target: Matrix | KnownEntries, widths: Widths): Objective {
  checkWidths('deepObjective', widths);
  const [n1, n2] = [widths[widths.length - 1], widths[0]];
  if (target.rows !== n1 || target.cols !== n2)
    throw usageError(`deepObjective: the widths should end at ${shape(target)}, got ${n1}×${n2}`);
  const cut = cutOf(widths);
  const theta = K.allocate('f64', sizeOf(widths));
  const grad = K.allocate('f64', theta.length);
  const [left, right] = halvesOf(layersOf(widths, theta), cut);
  const [gradLeft, gradRight] = halvesOf(layersOf(widths, grad), cut);
  const again = arena(K);
  const misfit = misfitOf(K, target);
  const objective: Objective = {
    evaluate(at) {
      const space = again();
      theta.set(at);
      const lefts = outward(K, left, space);
      const rights = outward(K, right, space);
      const [L, R] = [dense(lefts.at(-1), n1, space), dense(rights.at(-1), n2, space)];
      const [GR, GtL] = [space(n1, L.cols), space(n2, L.cols)];
      const loss = misfit(L, R, GR, GtL, space);
      if (left.length > 0) inward(K, left, lefts, GR, gradLeft, space);
      if (right.length > 0) inward(K, right, rights, GtL, gradRight, space);
      return { loss, grad: grad.slice() };
    },
  };
  objective.evaluate(grad.slice(), 0); // all scratch is made here, so that an evaluation may lie inside K.scoped
  return objective;
}

/** Hands out the same matrices in the same order each time. */
function arena(K: Kernels): () => Space {
  const made: Matrix<Float64Array>[] = [];
  return () => {
    let next = 0;
    return (rows, cols) => (made[next++] ??= scratch(K, rows, cols));
  };
}

/** A product row by row; the identity where a half has no factors. */
function dense(P: Matrix<Float64Array> | undefined, n: number, space: Space): Matrix<Float64Array> {
  if (P?.colStride === 1) return P;
  const to = P ? space(P.rows, P.cols) : space(n, n);
  assign(to, P ?? identity(n));
  return to;
}

/** The loss of L Rᵀ, with G R and GᵀL into place, G = L Rᵀ − A at the entries that are known and 0 elsewhere. */
type Misfit = (L: Matrix<Float64Array>, R: Matrix<Float64Array>, GR: Matrix, GtL: Matrix, space: Space) => number;

function misfitOf(K: Kernels, target: Matrix | KnownEntries): Misfit {
  const { rows, cols } = target;
  const known = 'starts' in target ? target : undefined;
  if (known && !(known.values.length >= SHARE * rows * cols && rows * cols <= LARGEST)) return sparseMisfit(K, known);
  const A = scratch(K, rows, cols);
  const seen = known && new Uint8Array(rows * cols);
  if (known)
    for (let i = 0; i < rows; i++)
      for (let e = known.starts[i]; e < known.starts[i + 1]; e++) {
        A.data[i * cols + known.columns[e]] = known.values[e];
        seen![i * cols + known.columns[e]] = 1;
      }
  else assign(A, target as Matrix);
  return (L, R, GR, GtL, space) => {
    const G = space(rows, cols);
    multiplyInto(K, L, transpose(R), G);
    const loss = 0.5 * (seen ? lessKnown(G.data, A.data, seen) : less(G.data, A.data));
    multiplyInto(K, G, R, GR);
    multiplyInto(K, transpose(G), L, GtL);
    return loss;
  };
}

/** G ← G − A; the sum of its squares. */
function less(G: Float64Array, A: Float64Array): number {
  let sum = 0;
  for (let t = 0; t < A.length; t++) {
    const r = G[t] - A[t];
    G[t] = r;
    sum += r * r;
  }
  return sum;
}

/** The same at the entries seen, and 0 elsewhere. */
function lessKnown(G: Float64Array, A: Float64Array, seen: Uint8Array): number {
  let sum = 0;
  for (let t = 0; t < A.length; t++) {
    const r = seen[t] * (G[t] - A[t]);
    G[t] = r;
    sum += r * r;
  }
  return sum;
}

function sparseMisfit(K: Kernels, known: KnownEntries): Misfit {
  const inside = <T extends Float64Array | Int32Array>(to: T, from: T): T => {
    to.set(from);
    return to;
  };
  const entries = {
    ...known,
    starts: inside(K.allocate('i32', known.starts.length), known.starts),
    columns: inside(K.allocate('i32', known.columns.length), known.columns),
    values: inside(K.allocate('f64', known.values.length), known.values),
  };
  const block = ({ rows, cols, data, offset }: Matrix) => (data as Float64Array).subarray(offset, offset + rows * cols);
  return (L, R, GR, GtL) => 0.5 * K.entriesGradient(entries, L.cols, block(L), block(R), block(GR), block(GtL));
}
