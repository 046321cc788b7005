// The contracts of the hot loops. `reference.ts` is their meaning in plain TypeScript; `simd.ts` runs the WASM twins of
// the same names, on a pool of threads where there is one. The order of every addition is part of the contract and never
// depends on the number of threads, so that f64 results of reference and simd128, with 1 or N threads, are equal bit for
// bit (README.md says where f32 arithmetic needs a tolerance instead, if anywhere). No kernel checks its arguments: the
// room above does, once. Outputs are overwritten unless the name says accumulate.

import type { Float, Matrix } from '../matrix.js';

export interface ArrayOf {
  f64: Float64Array;
  f32: Float32Array;
  i32: Int32Array;
  u32: Uint32Array;
  u8: Uint8Array;
}
export type Kind = keyof ArrayOf;
export type Precision = 'f64' | 'f32';

/** m rows of p numbers, packed by the kernels as they like; opaque above them. */
export interface Rows {
  readonly rows: number; // m
  readonly cols: number; // p
  readonly storage: Precision;
  readonly bytes: number;
}

/** m rows of p signs ±1, one bit each. */
export interface SignRows {
  readonly rows: number;
  readonly cols: number;
  readonly bytes: number;
}

/** Observed entries of an n₁×n₂ matrix in compressed sparse rows: row i holds columns[starts[i] .. starts[i+1]). */
export interface Entries {
  readonly rows: number; // n₁
  readonly cols: number; // n₂
  readonly starts: Int32Array; // n₁+1
  readonly columns: Int32Array; // ascending within a row
  readonly values: Float; // one per entry
}

/** Plane rotations in sweeps over neighbouring rows: a sweep turns the pairs (f, f+d), (f+d, f+2d), … of rows, d = ±1. */
export interface RotationBatch {
  readonly sweeps: Int32Array; // first row f, number of rotations, d: three numbers a sweep
  readonly coefficients: Float64Array; // c, s of each rotation, sweep after sweep
}

/** Every hot loop there is, and the memory and threads that it works with. */
export interface Kernels {
  /** What computed a result; goes into the manifest. */
  readonly build: 'reference' | 'simd128';
  readonly threads: number;

  /** A zeroed array in kernel memory (so that kernels read it without a copy). Kernels accept any other array too, and copy. */
  allocate<K extends Kind>(kind: K, length: number): ArrayOf[K];
  /** Runs body; what it allocated is free again afterwards, so it must not return kernel memory. */
  scoped<T>(body: () => T): T;
  /** Ends the threads. Further calls are an error. */
  close(): void;

  // K1. Dense measurements: A: m×p, x: p, r and y: m. arithmetic 'f32' is for f32 storage only and is good to ~2e-7.
  createRows(m: number, p: number, storage: Precision): Rows;
  /** Rows i … i+k−1 of A from k·p values, row-major. Blocks of rows may be written in any order. */
  writeRows(A: Rows, i: number, values: Float): void;
  /** Row i of A into out: p. */
  readRow(A: Rows, i: number, out: Float): void;
  /** out = A x. */
  rowsApply(A: Rows, x: Float64Array, out: Float64Array, arithmetic: Precision): void;
  /** out = Aᵀ r. */
  rowsAdjoint(A: Rows, r: Float64Array, out: Float64Array, arithmetic: Precision): void;
  /** One pass over A: r = scale·A x − y, g = scale·Aᵀ r. */
  rowsGradient(
    A: Rows,
    scale: number,
    x: Float64Array,
    y: Float64Array,
    r: Float64Array,
    g: Float64Array,
    arithmetic: Precision,
  ): void;
  /** rowsGradient for c right-hand sides: X, G: c×p and Y, R: c×m, row-major. */
  rowsGradientBatch(
    A: Rows,
    c: number,
    scale: number,
    X: Float64Array,
    Y: Float64Array,
    R: Float64Array,
    G: Float64Array,
    arithmetic: Precision,
  ): void;

  // Signs ±1 packed to bits (four-Russians tables). Bit j of row i is bit (j mod 32) of word i·⌈p/32⌉ + ⌊j/32⌋; 1 means −1.
  createSigns(m: number, p: number): SignRows;
  writeSigns(A: SignRows, i: number, words: Uint32Array): void;
  signsApply(A: SignRows, x: Float64Array, out: Float64Array): void;
  signsAdjoint(A: SignRows, r: Float64Array, out: Float64Array): void;
  signsGradient(A: SignRows, scale: number, x: Float64Array, y: Float64Array, r: Float64Array, g: Float64Array): void;

  /** x ← H x, the unnormalised Walsh–Hadamard transform in natural order; the length is a power of two. */
  hadamard(x: Float64Array): void;

  // K3. Dense products on views with any strides; all operands f64, or all f32.
  /** C = α·A B (+ C with accumulate). A: m×q, B: q×n, C: m×n. C does not overlap A or B. */
  gemm(alpha: number, A: Matrix, B: Matrix, C: Matrix, accumulate?: boolean): void;
  /** gemm in f32 with B in bf16: the upper halves of q×n numbers in f32, row-major. The bits are those of gemm on these numbers. */
  gemmBf16(
    alpha: number,
    A: Matrix<Float32Array>,
    bits: Uint16Array,
    C: Matrix<Float32Array>,
    accumulate?: boolean,
  ): void;
  /** The first `count` sweeps in order: rows (p, q) of X become (c·p + s·q, c·q − s·p). X: m×n, row-major. */
  rotateRows(X: Matrix<Float64Array>, batch: RotationBatch, count: number): void;

  // K2. Entries of a mask. U: n₁×k, V: n₂×k, row-major, all f64 or all f32 (values of the same kind).
  /** r_e = ⟨u_i, v_j⟩ − value_e; gU = R V, gV = Rᵀ U, where R holds r at the entries. Returns Σ r_e² in f64. */
  entriesGradient(E: Entries, k: number, U: Float, V: Float, gU: Float, gV: Float): number;
  /** out_e = ⟨u_i, v_j⟩ at every entry. */
  entriesApply(E: Entries, k: number, U: Float, V: Float, out: Float): void;
  /** One half step of the posterior of a factor model with biases; rows are independent of one another. */
  entriesPosterior(step: PosteriorStep): void;
}

/**
 * The fixed side has means v_j and variances s_j, the updated side means m_i and variances d_i, all of `width` w. Component
 * 0 is the bias: with z_j = (1, v_j1, …), the model is x_ij ≈ v_j0 + ⟨m_i, z_j⟩. For each row i of `which`, over its entries e,
 *   P = β Σ_e (z zᵀ + diag(0, s_1, …)) + diag(prior_i),  m_i = P⁻¹(β Σ_e z (x_e − v_0) + pull_i),  d_i = 1/diag(P),
 *   misfit_i = Σ_e E(x_e − v_0 − ⟨m_i, z⟩)² under independent components with these means and variances.
 */
export interface PosteriorStep {
  readonly entries: Entries; // values in f64
  readonly width: number; // w
  readonly mean: Float64Array; // n₂×w, the fixed side
  readonly variance: Float64Array; // n₂×w
  readonly precision: number; // β
  readonly prior: Float64Array; // n₁×w
  readonly pull: Float64Array; // n₁×w
  readonly which: Int32Array; // rows to update, each once
  readonly newMean: Float64Array; // n₁×w, only those rows are written
  readonly newVariance: Float64Array; // n₁×w
  readonly misfit: Float64Array; // n₁, or empty when it is not asked for
}
