// Signs: y_i = (1/√m)·⟨A_i, X⟩ with independent numbers ±1 (for symmetric X: those of svec(A_i)), so E‖𝒜(X)‖² = ‖X‖_F², and
// RIP as for Gaussian measurements (any sub-Gaussian ensemble: Candès and Plan 2011).
//
//   rademacher             one bit a number: mp/8 bytes
//   rademacherRegenerated  no storage: the bits are drawn again whenever they are needed, in strips of rows for 𝒜 and of
//                          columns for 𝒜*; bit for bit the results of `rademacher` from the same stream
//
// Row i is words 0 … ⌈p/32⌉−1 of stream (random, index i); bit j mod 32 of word ⌊j/32⌋, where 1 means −1.

import type { Kernels, SignRows } from '../kernels/contract.js';
import { at, fillWords, type Stream } from '../random/index.js';
import type { Operator } from './operator.js';
import { checkedShape, onMatrices, type Shape, unknowns, type VectorOperator } from './vectorised.js';

/**
 * Signs kept as bits: mp/8 bytes.
 * @param random row i comes from its index i.
 */
export function rademacher(K: Kernels, options: Shape, random: Stream): Operator {
  checkedShape('rademacher', options);
  const m = options.measurements;
  const p = unknowns(options);
  const all = Int32Array.from({ length: m }, (_, i) => i);
  return onMatrices(K, options, stored(K, p, m, all, random));
}

/** The measurements `indices` of m, kept as bits. */
function stored(K: Kernels, p: number, m: number, indices: ArrayLike<number>, random: Stream): VectorOperator {
  const A = K.createSigns(indices.length, p);
  writeStrip(K, A, indices, 0, random);
  const scale = 1 / Math.sqrt(m);
  const scaled = (values: Float64Array) => values.map((v) => scale * v);
  return {
    apply(x) {
      const y = new Float64Array(indices.length);
      K.signsApply(A, x, y);
      return scaled(y);
    },
    adjoint(r) {
      const g = new Float64Array(p);
      K.signsAdjoint(A, r, g);
      return scaled(g);
    },
    gradient(x, y) {
      const residual = new Float64Array(indices.length);
      const gradient = new Float64Array(p);
      K.signsGradient(A, scale, x, y, residual, gradient);
      return { residual, gradient };
    },
    select: (some) =>
      stored(
        K,
        p,
        m,
        Int32Array.from(some, (t) => indices[t]),
        random,
      ),
  };
}

/** A ← the columns from `column` on, a multiple of 128, of the measurements `indices`. A: strip of them. */
function writeStrip(K: Kernels, A: SignRows, indices: ArrayLike<number>, column: number, random: Stream): void {
  const bits = new Uint32Array(Math.ceil(A.cols / 32));
  for (let t = 0; t < indices.length; t++) {
    fillWords(at(random, indices[t]), bits, column / 32);
    K.writeSigns(A, t, bits);
  }
}

/** Bits of a strip, about. */
const STRIP = 2 ** 23;

/**
 * Signs drawn again at every use: about 1 MB of kernel memory while in use, or p/8 or 16m bytes where that is more.
 * @param random row i comes from its index i.
 */
export function rademacherRegenerated(K: Kernels, options: Shape, random: Stream): Operator {
  checkedShape('rademacherRegenerated', options);
  const m = options.measurements;
  const p = unknowns(options);
  const scale = 1 / Math.sqrt(m);
  const height = Math.min(m, Math.max(1, Math.floor(STRIP / p)));
  const width = Math.min(p, 128 * Math.max(1, Math.floor(STRIP / 128 / m)));

  const apply = (x: Float64Array): Float64Array =>
    K.scoped(() => {
      const strip = K.createSigns(height, p);
      const part = new Float64Array(height);
      const y = new Float64Array(m);
      for (let i = 0; i < m; i += height) {
        const rows = Int32Array.from({ length: Math.min(height, m - i) }, (_, t) => i + t);
        writeStrip(K, strip, rows, 0, random);
        K.signsApply(strip, x, part);
        for (let t = 0; t < rows.length; t++) y[i + t] = scale * part[t];
      }
      return y;
    });
  const adjoint = (r: Float64Array): Float64Array =>
    K.scoped(() => {
      const strip = K.createSigns(m, width);
      const rows = Int32Array.from({ length: m }, (_, i) => i);
      const part = new Float64Array(width);
      const g = new Float64Array(p);
      for (let j = 0; j < p; j += width) {
        writeStrip(K, strip, rows, j, random);
        K.signsAdjoint(strip, r, part);
        for (let t = 0; t < Math.min(width, p - j); t++) g[j + t] = scale * part[t];
      }
      return g;
    });
  return onMatrices(K, options, {
    apply,
    adjoint,
    gradient(x, y) {
      const residual = apply(x);
      for (let i = 0; i < m; i++) residual[i] -= y[i];
      return { residual, gradient: adjoint(residual) };
    },
    select: (some) => stored(K, p, m, some, random),
  });
}
