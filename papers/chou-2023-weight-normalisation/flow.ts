// The flows that descent follows in small steps, by RK4 on buffers of their own: an independent form of the algebra of the
// solvers. With h = Aᵀ(A w^L − y), g = L w^{L−1} ⊙ h:
//
//   polar   r' = −⟨u, g⟩/κ,  u' = −r (g − ⟨u, g⟩ u)      (η_u = 1, η_r = 1/κ)
//   plain   w' = −g

import { type Kernels, type Matrix, matrix, qr, transpose } from 'lorank';

/** y = A x of a small problem. A: M×N, row by row. */
export interface Linear {
  readonly rows: number;
  readonly cols: number;
  readonly A: Float64Array;
  readonly y: Float64Array;
}

/** g of w into out; returns ‖A w^L − y‖. */
function gradient({ rows, cols, A, y }: Linear, depth: number, w: Float64Array, out: Float64Array): number {
  out.fill(0);
  let squares = 0;
  for (let i = 0; i < rows; i++) {
    let r = -y[i];
    for (let j = 0; j < cols; j++) {
      let x = w[j];
      for (let l = 1; l < depth; l++) x *= w[j];
      r += A[i * cols + j] * x;
    }
    squares += r * r;
    for (let j = 0; j < cols; j++) out[j] += r * A[i * cols + j];
  }
  for (let j = 0; j < cols; j++) {
    out[j] *= depth;
    for (let l = 1; l < depth; l++) out[j] *= w[j];
  }
  return Math.sqrt(squares);
}

/** One step of RK4 for z' = field(z), in place; returns what the field returned at z. */
function stepper(size: number, field: (z: Float64Array, out: Float64Array) => number) {
  const [k1, k2, k3, k4, z2] = Array.from({ length: 5 }, () => new Float64Array(size));
  return (z: Float64Array, dt: number): number => {
    const value = field(z, k1);
    for (let i = 0; i < size; i++) z2[i] = z[i] + 0.5 * dt * k1[i];
    field(z2, k2);
    for (let i = 0; i < size; i++) z2[i] = z[i] + 0.5 * dt * k2[i];
    field(z2, k3);
    for (let i = 0; i < size; i++) z2[i] = z[i] + dt * k3[i];
    field(z2, k4);
    for (let i = 0; i < size; i++) z[i] += (dt / 6) * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
    return value;
  };
}

export interface Polar {
  readonly t: number;
  readonly u: Float64Array;
  readonly radius: number;
}

/** (r, u) along the polar flow from w₀, at t = 0, every, 2·every, … */
export function* polarFlow(
  data: Linear,
  depth: number,
  ratio: number,
  w0: Float64Array,
  { dt, every, steps }: { dt: number; every: number; steps: number },
): Generator<Polar, void> {
  const { cols: n } = data;
  const w = new Float64Array(n);
  const g = new Float64Array(n);
  const step = stepper(n + 1, (z, out) => {
    for (let j = 0; j < n; j++) w[j] = z[n] * z[j];
    const misfit = gradient(data, depth, w, g);
    let s = 0;
    for (let j = 0; j < n; j++) s += z[j] * g[j];
    for (let j = 0; j < n; j++) out[j] = -z[n] * (g[j] - s * z[j]);
    out[n] = -s / ratio;
    return misfit;
  });
  const z = new Float64Array(n + 1);
  z[n] = length(w0);
  for (let j = 0; j < n; j++) z[j] = w0[j] / z[n];
  for (let k = 0; k <= steps; k++) {
    if (k % every === 0) yield { t: k * dt, u: z.slice(0, n), radius: z[n] };
    step(z, dt);
  }
}

/** The limit w∞ of the plain flow from w₀: until ‖A w^L − y‖ ≤ level; undefined where that takes more steps. */
export function plainLimit(
  data: Linear,
  depth: number,
  w0: Float64Array,
  { dt, level, steps }: { dt: number; level: number; steps: number },
): Float64Array | undefined {
  const { cols: n } = data;
  const step = stepper(n, (z, out) => {
    const misfit = gradient(data, depth, z, out);
    for (let j = 0; j < n; j++) out[j] = -out[j];
    return misfit;
  });
  const w = w0.slice();
  for (let k = 0; k < steps; k++) if (step(w, dt) <= level) return w;
  return undefined;
}

/** v ↦ P⊥v, the part of v in ker A. */
export function kernelPart(K: Kernels, { rows, cols, A }: Linear): (v: Float64Array) => Float64Array {
  const { Q } = qr(K, transpose(matrix(rows, cols, A)));
  return (v) => {
    const out = v.slice();
    for (let pass = 0; pass < 2; pass++) remove(Q, out);
    return out;
  };
}

function remove(Q: Matrix, v: Float64Array): void {
  for (let c = 0; c < Q.cols; c++) {
    let along = 0;
    for (let j = 0; j < Q.rows; j++) along += entry(Q, j, c) * v[j];
    for (let j = 0; j < Q.rows; j++) v[j] -= along * entry(Q, j, c);
  }
}
const entry = (Q: Matrix, i: number, j: number): number => Q.data[Q.offset + i * Q.rowStride + j * Q.colStride];

export const length = (v: ArrayLike<number>): number => {
  let sum = 0;
  for (let j = 0; j < v.length; j++) sum += v[j] * v[j];
  return Math.sqrt(sum);
};

/** ‖a − b‖. */
export const distance = (a: Float64Array, b: Float64Array): number => length(a.map((value, j) => value - b[j]));
