// The whole lasso path: argmin ½‖A x − y‖² + λ‖x‖₁ (over x ≥ 0 where positive) for every λ, from ‖Aᵀy‖_∞ down to 0, where it
// ends at basis pursuit: argmin ‖x‖₁ over A x = y (over the least squares, where y is not in the range).
//
// Between two knots the support S and its signs stay, and x_S(λ) = p − λ d with G = A_SᵀA_S, p = G⁻¹A_Sᵀy, d = G⁻¹sign.
// A knot is where a correlation a_jᵀ(y − A x) meets ±λ (j joins) or an entry of x_S meets 0 (it leaves). Each segment is
// solved anew from G's Cholesky factor, so that errors do not add up. Osborne, Presnell, Turlach 2000; Efron et al. 2004.
// Guarantee: exact for data in general position; `certificate` says how exact it came out, whatever the data.
// Cost per knot: two passes over A and O(|S|² + M|S|); about as many knots as entries join.

import type { Kernels } from '../kernels/contract.js';
import type { Design } from '../problems/linear.js';

/** x_S(λ) = constant − λ·slope for to ≤ λ ≤ from; x is 0 outside S. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly support: Int32Array; // S, in the order of joining
  readonly constant: Float64Array; // p: |S|
  readonly slope: Float64Array; // d: |S|
}

/** x(λ): N, on a segment that holds λ. */
export function onSegment({ support, constant, slope }: Segment, lambda: number, n: number): Float64Array {
  const x = new Float64Array(n);
  for (let i = 0; i < support.length; i++) x[support[i]] = constant[i] - lambda * slope[i];
  return x;
}

const ZERO = 1e-12; // a knot below this share of the first λ is the end of the path
const DEPENDENT = 1e-10; // share of ‖a_j‖² outside the span of the active columns, below which a column cannot join

/** The segments in order; it ends when λ reaches 0. A: M×N, y: M. */
export function* lassoPath(
  K: Kernels,
  A: Design,
  y: Float64Array,
  { positive = false }: { positive?: boolean } = {},
): Generator<Segment, void> {
  const { rows: m, cols: n } = A;
  const column = columnsOf(A);
  const active = activeSet();
  const blocked = new Set<number>();
  const c0 = K.allocate('f64', n);
  const c1 = K.allocate('f64', n);
  const r0 = K.allocate('f64', m);
  const q = K.allocate('f64', m);
  K.rowsAdjoint(A.packed, y, c0, 'f64');
  let first = 0;
  let next = -1;
  for (let j = 0; j < n; j++) {
    const size = positive ? c0[j] : Math.abs(c0[j]);
    if (size > first) {
      first = size;
      next = j;
    }
  }
  if (next < 0) return;
  active.join(next, Math.sign(c0[next]), column(next));
  for (let lambda = first; ; ) {
    const { support, signs } = active;
    const constant = active.solve(support.map((j) => inner(column(j), y)));
    const slope = active.solve(signs);
    r0.set(y);
    q.fill(0);
    support.forEach((j, i) => {
      const a = column(j);
      for (let t = 0; t < m; t++) {
        r0[t] -= constant[i] * a[t];
        q[t] += slope[i] * a[t];
      }
    });
    K.rowsAdjoint(A.packed, r0, c0, 'f64');
    K.rowsAdjoint(A.packed, q, c1, 'f64');

    const member = new Uint8Array(n);
    for (const j of support) member[j] = 1;
    let to = 0;
    let joins = -1;
    let sign = 0;
    for (let j = 0; j < n; j++) {
      if (member[j] || blocked.has(j)) continue;
      // λ ∓ c_j(λ) = λ(1 ∓ c1) ∓ c0 falls to 0 as λ falls only where 1 ∓ c1 > 0.
      const up = c0[j] > 0 && 1 - c1[j] > 0 ? Math.min(lambda, c0[j] / (1 - c1[j])) : 0;
      const down = !positive && c0[j] < 0 && 1 + c1[j] > 0 ? Math.min(lambda, -c0[j] / (1 + c1[j])) : 0;
      if (Math.max(up, down) > to) {
        to = Math.max(up, down);
        joins = j;
        sign = up > down ? 1 : -1;
      }
    }
    let leaves = -1;
    for (let i = 0; i < support.length; i++) {
      if (!(signs[i] * slope[i] < 0)) continue;
      const at = Math.min(lambda, constant[i] / slope[i]);
      if (at > to) {
        to = at;
        leaves = i;
      }
    }
    if (to <= ZERO * first) to = 0;
    yield {
      from: lambda,
      to,
      support: Int32Array.from(support),
      constant: Float64Array.from(constant),
      slope: Float64Array.from(slope),
    };
    if (to === 0) return;
    lambda = to;
    if (leaves >= 0) {
      active.leave(leaves);
      blocked.clear();
    } else if (!active.join(joins, sign, column(joins))) blocked.add(joins);
  }
}

/** How far x is from optimal: the duality gap, as a share of ½‖y‖². penalty: λ; 0 stands for basis pursuit: of ‖x‖₁. */
export function certificate(
  A: Design,
  y: Float64Array,
  x: Float64Array,
  { penalty, dual, positive = false }: { penalty: number; dual?: Float64Array; positive?: boolean },
): number {
  let l1 = 0;
  for (let j = 0; j < x.length; j++) l1 += Math.abs(x[j]);
  const r = A.apply(x).map((value, i) => y[i] - value);
  const nu = dual ?? r;
  const correlations = A.adjoint(nu);
  let largest = 0;
  for (let j = 0; j < correlations.length; j++)
    largest = Math.max(largest, positive ? correlations[j] : Math.abs(correlations[j]));
  if (penalty === 0) return l1 === 0 ? 0 : Math.abs(l1 - inner(y, nu) / Math.max(largest, 1)) / l1;
  const scale = largest > penalty ? penalty / largest : 1;
  const primal = 0.5 * inner(r, r) + penalty * l1;
  const lower = scale * inner(y, nu) - 0.5 * scale * scale * inner(nu, nu);
  return Math.abs(primal - lower) / (0.5 * inner(y, y));
}

/** The dual vector A_S G⁻¹ sign of a segment: M. At the end of the path its ⟨y, ·⟩ equals ‖x‖₁. */
export function dualOf(A: Design, { support, slope }: Segment): Float64Array {
  const column = columnsOf(A);
  const q = new Float64Array(A.rows);
  support.forEach((j, i) => {
    const a = column(j);
    for (let t = 0; t < q.length; t++) q[t] += slope[i] * a[t];
  });
  return q;
}

/** Column j of A, copied once. */
export function columnsOf({ rows, cols, entries }: Design): (j: number) => Float64Array {
  const kept = new Map<number, Float64Array>();
  return (j) => {
    let a = kept.get(j);
    if (!a) {
      a = new Float64Array(rows);
      for (let i = 0; i < rows; i++) a[i] = entries[i * cols + j];
      kept.set(j, a);
    }
    return a;
  };
}

export function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** The active columns and the Cholesky factor of their Gram matrix. */
function activeSet() {
  const support: number[] = [];
  const signs: number[] = [];
  const columns: Float64Array[] = [];
  const factor: Float64Array[] = []; // row i of L: i + 1 numbers

  const solveLower = (b: ArrayLike<number>): Float64Array => {
    const z = Float64Array.from(b);
    for (let i = 0; i < z.length; i++) {
      for (let t = 0; t < i; t++) z[i] -= factor[i][t] * z[t];
      z[i] /= factor[i][i];
    }
    return z;
  };
  /** Extends L by a column of A; false where that depends on those before it. */
  const extend = (a: Float64Array): boolean => {
    const i = factor.length;
    const row = new Float64Array(i + 1);
    const z = solveLower(columns.slice(0, i).map((other) => inner(other, a)));
    row.set(z);
    const size = inner(a, a);
    const rest = size - inner(z, z);
    if (!(rest > DEPENDENT * size)) return false;
    row[i] = Math.sqrt(rest);
    factor.push(row);
    return true;
  };
  return {
    support,
    signs,
    join(j: number, sign: number, a: Float64Array): boolean {
      if (!extend(a)) return false;
      support.push(j);
      signs.push(sign);
      columns.push(a);
      return true;
    },
    /** The i-th that joined leaves. */
    leave(i: number): void {
      for (const list of [support, signs, columns]) list.splice(i, 1);
      factor.length = i;
      for (const a of columns.slice(i)) extend(a);
    },
    /** G⁻¹ b. */
    solve(b: readonly number[]): Float64Array {
      const z = solveLower(b);
      for (let i = z.length - 1; i >= 0; i--) {
        for (let t = i + 1; t < z.length; t++) z[i] -= factor[t][i] * z[t];
        z[i] /= factor[i][i];
      }
      return z;
    },
  };
}
