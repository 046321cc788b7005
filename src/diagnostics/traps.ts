// Sensing problems with a known trap: measurements of X = zzᵀ under which descent on f(x) = ‖𝒜(xxᵀ − zzᵀ)‖² can stop at a
// point x that is orthogonal to z. They show what a restricted isometry is needed for, and how much of it
// (Zhang, Sojoudi and Lavaei 2019: rank one, δ < ½ ⇔ no spurious second-order point).
//
// With u₁ = z/‖z‖, u₂, … orthonormal:
//
//   u₁u₁ᵀ + δu₂u₂ᵀ,   √((1+δ)/2)(u₁u₂ᵀ + u₂u₁ᵀ),   (u₁u₂ᵀ − u₂u₁ᵀ)/√2,   √(1−δ²)u₂u₂ᵀ,   and u_iu_jᵀ for all other i, j
//
// so that 1 − δ ≤ ‖𝒜(M)‖²/‖M‖_F² ≤ 1 + δ for every M. The trap is x = √δ‖z‖u₂: f(x) = (1 − δ²)‖z‖⁴ and ∇f(x) = 0; the Hessian
// has the eigenvalue 4(2δ − 1)(δ + 1)‖z‖² along u₁ and 8δ‖z‖² along u₂. A strict saddle for δ < ½, a strict local minimum for
// δ > ½. At δ = ½ (their instance) it is degenerate: along x₂² = ½ − 2t, t = x₁², f falls as ¾ − 3t², so that descent leaves at
// an algebraic rate only. For n = 2, z = (1, 0):
//
//   f(x) = (x₁² − 1)² + 2δ(x₁² − 1)x₂² + x₂⁴ + 2(1 + δ)x₁²x₂².

import { usageError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import { qr } from '../linalg/qr.js';
import { norm } from '../linalg/vectors.js';
import { matrix } from '../matrix.js';
import { denseRows, type Operator } from '../operators/index.js';
import { normals, stream } from '../random/index.js';

/** A sensing problem with a point where descent can stop. */
export interface Trap {
  /** n² measurements of n×n matrices, used as they stand; not symmetric. */
  readonly operator: Operator;
  /** 𝒜(zzᵀ): n². */
  readonly y: Float64Array;
  readonly z: Float64Array; // n
  /** Where descent stops: n. */
  readonly trap: Float64Array;
}

/**
 * The problem above.
 * @param z n ≥ 2 numbers, not zero; default (1, 0).
 * @param delta δ in (0, 1).
 */
export function trapProblem(K: Kernels, delta: number, z = Float64Array.of(1, 0)): Trap {
  const n = z.length;
  const size = norm(z);
  if (!(delta > 0 && delta < 1))
    throw usageError(`trapProblem: delta should be between 0 and 1, got ${delta}`, 'try 0.8');
  if (!(n >= 2 && size > 0 && size < Infinity))
    throw usageError(`trapProblem: z should be at least two finite numbers, not all zero, got ${z}`, 'try (1, 0)');
  const u = frame(K, z);
  const rows = new Float64Array(n * n * n * n);
  const add = (row: number, weight: number, a: number, b: number) => {
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) rows[row * n * n + i * n + j] += weight * u[a * n + i] * u[b * n + j];
  };
  for (let a = 0; a < n; a++) for (let b = 0; b < n; b++) if (a > 1 || b > 1) add(a + n * b, 1, a, b);
  const off = Math.sqrt((1 + delta) / 2);
  add(0, 1, 0, 0);
  add(0, delta, 1, 1);
  add(1, off, 0, 1);
  add(1, off, 1, 0);
  add(n, Math.SQRT1_2, 0, 1);
  add(n, -Math.SQRT1_2, 1, 0);
  add(n + 1, Math.sqrt(1 - delta * delta), 1, 1);
  const shape = { rows: n, cols: n, measurements: n * n, storage: 'f64', scale: 'none' } as const;
  const builder = denseRows(K, shape);
  builder.write(0, rows);
  const { operator } = builder.finish();
  const column = matrix(n, 1, z);
  const trap = Float64Array.from({ length: n }, (_, i) => Math.sqrt(delta) * size * u[n + i]);
  return { operator, y: operator.apply({ left: column, right: column }), z, trap };
}

/** Rows u₁ = z/‖z‖, u₂, …: the unit vectors themselves where z is a multiple of the first. */
function frame(K: Kernels, z: Float64Array): Float64Array {
  const n = z.length;
  const start = matrix(n, n);
  const rest = z.subarray(1).every((v) => v === 0) ? undefined : normals(stream(0, 'frame'), n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) start.data[i * n + j] = j === 0 ? z[i] : rest ? rest[i * n + j] : Number(i === j);
  const { Q } = qr(K, start);
  const sign = (j: number) => {
    let along = 0;
    for (let i = 0; i < n; i++) along += Q.data[i * n + j] * start.data[i * n + j];
    return along < 0 ? -1 : 1;
  };
  const u = new Float64Array(n * n);
  for (let j = 0; j < n; j++) for (let i = 0; i < n; i++) u[j * n + i] = sign(j) * Q.data[i * n + j];
  return u;
}

/**
 * δ_lb: under measurements of zzᵀ with a restricted isometry of order 2 and a constant below it, x is no second-order point
 * (Zhang, Sojoudi and Lavaei 2019). Its smallest value is ½, at ‖x‖ = ‖z‖/√2 and a right angle.
 * @param ratio ρ = ‖x‖/‖z‖ ≥ 0.
 * @param sine of the angle between x and z, in [0, 1].
 */
export function leastTrappingDelta(ratio: number, sine: number): number {
  if (!(ratio >= 0 && ratio < Infinity && sine >= 0 && sine <= 1))
    throw usageError(
      `leastTrappingDelta: ratio should be ≥ 0 and sine in [0, 1], got ${ratio} and ${sine}`,
      'give ‖x‖/‖z‖ and the sine of their angle',
    );
  const square = ratio * ratio;
  const D = Math.sqrt((square - 1) * (square - 1) + 2 * square * sine * sine);
  if (D === 0) return 1; // x = ±z
  const a = (sine * sine) / D;
  const b = square / D;
  const root = Math.sqrt(Math.max(0, 1 - a * a));
  return b >= a / (1 + root) ? root : (1 - 2 * a * b + b * b) / (1 - b * b);
}
