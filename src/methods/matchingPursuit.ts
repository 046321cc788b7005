// Orthogonal matching pursuit: one column of A after another, each the one that the residual points at most, and least squares
// on those chosen.
//
//   j = argmax |a_jᵀ r| / ‖a_j‖,  S ← S ∪ {j},  r = y − A_S A_S⁺ y
//
// Exact in s steps for an s-sparse x where A has orthonormal columns, and in general where ‖A_S⁺a_j‖₁ < 1 off the support
// (Tropp 2004). Pati, Rezaiifar, Krishnaprasad 1993. Cost per step: one pass over A and O(M|S|).

import type { Kernels } from '../kernels/contract.js';
import type { Design } from '../problems/linear.js';
import { columnsOf, inner } from './homotopy.js';

/** What is chosen so far. */
export interface Pursuit {
  readonly support: readonly number[]; // in the order of choosing
  /** ‖A x − y‖. */
  readonly residual: number;
  /** x: N, solved when asked for. */
  x(): Float64Array;
}

/** x = 0, and then one entry more each time; it ends when no column is left that would help. A: M×N, y: M. */
export function* matchingPursuit(K: Kernels, A: Design, y: Float64Array): Generator<Pursuit, void> {
  const { rows: m, cols: n } = A;
  const column = columnsOf(A);
  const sizes = new Float64Array(n);
  for (let i = 0, e = 0; i < m; i++) for (let j = 0; j < n; j++, e++) sizes[j] += A.entries[e] * A.entries[e];
  const support: number[] = [];
  const basis: Float64Array[] = []; // orthonormal
  const triangle: Float64Array[] = []; // column i of R: i + 1 numbers
  const parts: number[] = []; // ⟨q_i, y⟩
  const r = K.allocate('f64', m);
  const c = K.allocate('f64', n);
  r.set(y);
  const left = new Uint8Array(n).fill(1);
  const solve = (count: number) => () => {
    const z = Float64Array.from(parts.slice(0, count));
    for (let i = count - 1; i >= 0; i--) {
      z[i] /= triangle[i][i];
      for (let t = 0; t < i; t++) z[t] -= triangle[i][t] * z[i];
    }
    const x = new Float64Array(n);
    for (let i = 0; i < count; i++) x[support[i]] = z[i];
    return x;
  };
  for (;;) {
    yield { support: support.slice(), residual: Math.sqrt(inner(r, r)), x: solve(support.length) };
    K.rowsAdjoint(A.packed, r, c, 'f64');
    for (;;) {
      let best = -1;
      let most = 0;
      for (let j = 0; j < n; j++) {
        const gain = left[j] ? (c[j] * c[j]) / sizes[j] : 0;
        if (gain > most) {
          most = gain;
          best = j;
        }
      }
      if (best < 0 || basis.length === m) return;
      left[best] = 0;
      const q = column(best).slice();
      const coefficients = new Float64Array(basis.length + 1);
      for (let pass = 0; pass < 2; pass++)
        basis.forEach((b, i) => {
          const along = inner(b, q);
          coefficients[i] += along;
          for (let t = 0; t < m; t++) q[t] -= along * b[t];
        });
      const size = Math.sqrt(inner(q, q));
      if (!(size > 1e-10 * Math.sqrt(sizes[best]))) continue; // in the span of those chosen
      coefficients[basis.length] = size;
      for (let t = 0; t < m; t++) q[t] /= size;
      const along = inner(q, r);
      for (let t = 0; t < m; t++) r[t] -= along * q[t];
      support.push(best);
      basis.push(q);
      triangle.push(coefficients);
      parts.push(along);
      break;
    }
  }
}
