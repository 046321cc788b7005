// The power method that a small random start follows at first (Stöger and Soltanolkotabi 2021): while U_t is small,
//
//   U⁺ = U + μ𝒜*(y − 𝒜(UUᵀ))U ≈ (I + μM)U,  M = 𝒜*(y)          Ũ_{t+1} = (I + μM)Ũ_t,  Ũ_0 = U_0
//
// so that U_t turns to the leading eigenvectors of M, at a speed that does not depend on α, before it grows. Ũ_t is kept as
// factor·2^exponent with entries of moderate size, which is exact, so that it can be followed as long as one likes; its lower
// directions lose their digits once σ_r(Ũ_t)/σ_1(Ũ_t) is near 1e-14. Cost of a step: one product n×n by n×k.

import type { Kernels } from '../kernels/contract.js';
import { spectralNorm } from '../linalg/norms.js';
import { multiplyInto } from '../linalg/products.js';
import { largestEntry, powerOfTwoScale } from '../linalg/vectors.js';
import { copy, type Matrix, matrix } from '../matrix.js';

/** Ũ_t = factor·2^exponent. */
export interface Shadow {
  readonly t: number;
  readonly factor: Matrix<Float64Array>; // n×k
  readonly exponent: number;
}

/** Ũ_0, Ũ_1, … M: n×n, U0: n×k, stepSize: μ. */
export function* powerShadow(K: Kernels, M: Matrix, stepSize: number, U0: Matrix): Generator<Shadow, never> {
  let { factor, exponent } = balanced(copy(U0), 0);
  for (let t = 0; ; t++) {
    yield { t, factor, exponent };
    const next = copy(factor);
    multiplyInto(K, M, factor, next, { alpha: stepSize, accumulate: true });
    ({ factor, exponent } = balanced(next, exponent));
  }
}

/** ‖U − Ũ‖/‖Ũ‖, spectral norms: how far a descent has left its shadow. U: n×k of the same step. */
export function departure(K: Kernels, U: Matrix, { factor, exponent }: Shadow): number {
  const off = timesPower(copy(U), -exponent);
  for (let s = 0; s < off.data.length; s++) off.data[s] -= factor.data[s];
  return spectralNorm(K, off) / spectralNorm(K, factor);
}

/** The same product with its largest entry in [1, 2). */
function balanced(A: Matrix<Float64Array>, exponent: number): Omit<Shadow, 't'> {
  const largest = largestEntry(A);
  if (!(largest > 0 && largest < Infinity)) return { factor: A, exponent };
  const scale = powerOfTwoScale(largest);
  const shift = exponentOf(scale);
  return { factor: shift === 0 ? A : timesPower(A, shift), exponent: exponent - shift };
}

/** A·2^e. */
function timesPower(A: Matrix<Float64Array>, e: number): Matrix<Float64Array> {
  let left = e;
  let data = A.data;
  while (left !== 0) {
    const part = Math.max(-1000, Math.min(1000, left));
    const factor = powerOfTwo(part);
    data = data.map((v) => v * factor);
    left -= part;
  }
  return matrix(A.rows, A.cols, data);
}

const BITS = new DataView(new ArrayBuffer(8));

/** 2^e for −1022 ≤ e ≤ 1023. */
function powerOfTwo(e: number): number {
  BITS.setFloat64(0, 0);
  BITS.setUint16(0, (e + 1023) << 4);
  return BITS.getFloat64(0);
}

/** e of 2^e. */
function exponentOf(power: number): number {
  BITS.setFloat64(0, power);
  return (BITS.getUint16(0) >>> 4) - 1023;
}
