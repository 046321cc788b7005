// The posterior of a low-rank matrix with biases, given some of its noisy entries. It needs no regularisation constant: the
// noise and the spread of every factor are learned, and a factor that the data do not support shrinks to nothing.
//
//   x_ij = b_i + c_j + ⟨u_i, v_j⟩ + noise,  noise ~ N(0, σ²),  b ~ N(0, τ_b),  u_ia ~ N(0, τ_a), the same for c and v
//
// Component 0 of a row's vector (b_i, u_i) is its bias. A half step replaces all rows by their best approximation given the
// columns (the kernel entriesPosterior), a sweep is one half step for the rows and one for the columns, and after each
// the spreads τ and σ² take their best values:
//   τ_a = mean_i E u_ia²,   σ² = mean_e E r_e².
//
// Where rows are ordered (neighbours.ts), u_i follows its neighbour: u_i = α_a u_{i−1} + N(0, τ_a(1 − α_a²)), with α_a
// learned; even and odd rows are then updated in turn.
//
// Guarantee: coordinate ascent on the variational bound, which never falls at full noise (Lim and Teh 2007 for factors;
// here with independent components, Ilin and Raiko 2010). Cost per sweep: O(m w² + (n₁+n₂) w³), w = k+1.

import type { Factored } from '../descend.js';
import type { Kernels } from '../kernels/contract.js';
import { at, type Matrix, matrix } from '../matrix.js';
import { fillNormals, type Stream, split } from '../random/index.js';
import { type Ratings, transposed } from './ratings.js';

/** One side: n×w, component 0 the bias. */
export interface Side {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  /** τ: w. */
  readonly spread: Float64Array;
  /** α: w. */
  readonly link: Float64Array;
}

export interface Posterior {
  readonly width: number; // w
  readonly rows: Side;
  readonly cols: Side;
  /** σ². */
  noise: number;
}

/** Centred entries of X and of Xᵀ in kernel memory. */
export interface Observed {
  readonly entries: Ratings['entries'];
  readonly turned: Ratings['entries'];
  /** Rows, and columns, in an order in which neighbours resemble each other. */
  readonly rowOrder?: Int32Array;
  readonly colOrder?: Int32Array;
  /** Mean square of the centred values: the scale of everything. */
  readonly scale: number;
}

/** Smallest σ² and τ relative to the scale. */
const LEAST_NOISE = 1e-14;
const LEAST_SPREAD = 1e-10;
/** Values that differ by no more than rounding, relative to their mean, squared. */
const CONSTANT = 1e-28;
const LARGEST_LINK = 0.999;
/** Share of the scale that the biases of a side explain before anything is known. */
const BIAS_SHARE = 0.2;

/** Copies the entries, less their mean, and their transpose into kernel memory. `room`: as many entries as will be asked for. */
export function observatory(K: Kernels, n1: number, n2: number, room: number) {
  const one = () => ({
    starts: K.allocate('i32', Math.max(n1, n2) + 1),
    columns: K.allocate('i32', room),
    values: K.allocate('f64', room),
  });
  const there = one();
  const back = one();
  return (E: Ratings['entries'], mean: number): Pick<Observed, 'entries' | 'turned' | 'scale'> => {
    const m = E.values.length;
    const view = (of: typeof there, rows: number) => ({
      starts: of.starts.subarray(0, rows + 1),
      columns: of.columns.subarray(0, m),
      values: of.values.subarray(0, m),
    });
    const entries = { rows: n1, cols: n2, ...view(there, n1) };
    entries.starts.set(E.starts);
    entries.columns.set(E.columns);
    let square = 0;
    for (let e = 0; e < m; e++) {
      const x = E.values[e] - mean;
      entries.values[e] = x;
      square += x * x;
    }
    const constant = square <= m * CONSTANT * mean * mean;
    if (constant) entries.values.fill(0);
    return { entries, turned: transposed(entries, view(back, n2)), scale: constant ? 0 : square / m };
  };
}

/** The biases alone, before anything is known. */
export function emptyPosterior(K: Kernels, { entries, scale }: Observed): Posterior {
  const rows = emptySide(K, entries.rows, 1);
  const cols = emptySide(K, entries.cols, 1);
  rows.spread[0] = cols.spread[0] = BIAS_SHARE * scale;
  return { width: 1, rows, cols, noise: scale };
}

/**
 * P with k factors: its own, and new ones at a random start that explain `variance` of an entry. The noise is what the
 * entries would show if the new ones explained nothing.
 */
export function grown(K: Kernels, P: Posterior, k: number, variance: number, random: Stream): Posterior {
  const w = k + 1;
  const old = P.width;
  const spread = Math.sqrt(variance / (w - old));
  const side = (from: Side): Side => {
    const n = from.mean.length / old;
    const made = emptySide(K, n, w);
    for (let a = 0; a < w; a++) {
      made.spread[a] = a < old ? from.spread[a] : spread;
      made.link[a] = a < old ? from.link[a] : 0;
    }
    for (let i = 0; i < n; i++) {
      made.mean.set(from.mean.subarray(i * old, (i + 1) * old), i * w);
      made.variance.set(from.variance.subarray(i * old, (i + 1) * old), i * w);
    }
    return made;
  };
  const grown = { width: w, rows: side(P.rows), cols: side(P.cols), noise: P.noise };
  const { mean } = grown.cols;
  const n2 = mean.length / w;
  const draws = new Float64Array(n2 * (w - old));
  fillNormals(split(random, 'start', k), draws);
  const root = Math.sqrt(spread);
  for (let j = 0, t = 0; j < n2; j++) for (let a = old; a < w; a++) mean[j * w + a] = root * draws[t++];
  return grown;
}

/** What one sweep needs besides the posterior. */
export interface Workshop {
  /** One sweep at noise σ²·temper; updates P in place. temper < 1 keeps factors alive that are still finding their place. */
  sweep(P: Posterior, temper: number): void;
}

export function workshop(K: Kernels, data: Observed, width: number): Workshop {
  const { rows: n1, cols: n2 } = data.entries;
  const most = Math.max(n1, n2);
  const prior = K.allocate('f64', most * width);
  const pull = K.allocate('f64', most * width);
  const misfit = K.allocate('f64', n2);
  const turns = (n: number, order?: Int32Array) => {
    const list = K.allocate('i32', n);
    const even = Math.ceil(n / 2);
    for (let p = 0; p < n; p++) list[order ? (p % 2 ? even : 0) + (p >> 1) : p] = order ? order[p] : p;
    return order ? [list.subarray(0, even), list.subarray(even)] : [list];
  };
  const none = K.allocate('f64', 0);
  const rowTurns = turns(n1, data.rowOrder);
  const colTurns = turns(n2, data.colOrder);

  function half(P: Posterior, precision: number, forRows: boolean): void {
    const [side, fixed] = forRows ? [P.rows, P.cols] : [P.cols, P.rows];
    const order = forRows ? data.rowOrder : data.colOrder;
    const n = forRows ? n1 : n2;
    for (const which of forRows ? rowTurns : colTurns) {
      if (order) chain(side, order, width, prior, pull);
      else independent(side, n, width, prior, pull);
      K.entriesPosterior({
        entries: forRows ? data.entries : data.turned,
        width,
        mean: fixed.mean,
        variance: fixed.variance,
        precision,
        prior: prior.subarray(0, n * width),
        pull: pull.subarray(0, n * width),
        which,
        newMean: side.mean,
        newVariance: side.variance,
        misfit: forRows ? none : misfit,
      });
    }
    learn(side, n, width, data.scale, order);
  }

  return {
    sweep(P, temper) {
      const precision = 1 / (P.noise * temper);
      half(P, precision, true);
      half(P, precision, false);
      let sum = 0;
      for (let j = 0; j < n2; j++) sum += misfit[j];
      P.noise = Math.max(sum / data.entries.values.length, LEAST_NOISE * data.scale);
    },
  };
}

function independent(side: Side, n: number, w: number, prior: Float64Array, pull: Float64Array): void {
  for (let a = 0; a < w; a++) prior[a] = 1 / side.spread[a];
  for (let i = 1; i < n; i++) for (let a = 0; a < w; a++) prior[i * w + a] = prior[a];
  pull.fill(0, 0, n * w);
}

/** Conditional of u_i given its neighbours in a stationary chain. */
function chain(side: Side, order: Int32Array, w: number, prior: Float64Array, pull: Float64Array): void {
  const { mean, spread, link } = side;
  const last = order.length - 1;
  for (let p = 0; p <= last; p++) {
    const at = order[p] * w;
    const before = p > 0 ? order[p - 1] * w : -1;
    const after = p < last ? order[p + 1] * w : -1;
    for (let a = 0; a < w; a++) {
      const fresh = 1 / (spread[a] * (1 - link[a] * link[a]));
      const sum = (before < 0 ? 0 : mean[before + a]) + (after < 0 ? 0 : mean[after + a]);
      prior[at + a] = (before < 0 || after < 0 ? 1 : 1 + link[a] * link[a]) * fresh;
      pull[at + a] = link[a] * fresh * sum;
    }
  }
  if (last === 0) for (let a = 0; a < w; a++) prior[order[0] * w + a] = 1 / spread[a];
}

function learn(side: Side, n: number, w: number, scale: number, order?: Int32Array): void {
  const { mean, variance, spread, link } = side;
  const square = new Float64Array(w);
  for (let i = 0, t = 0; i < n; i++) for (let a = 0; a < w; a++, t++) square[a] += mean[t] * mean[t] + variance[t];
  for (let a = 0; a < w; a++) spread[a] = Math.max(square[a] / n, LEAST_SPREAD * (a === 0 ? scale : Math.sqrt(scale)));
  if (!order) return;
  const product = new Float64Array(w);
  for (let p = 1; p < n; p++)
    for (let a = 0, i = order[p] * w, j = order[p - 1] * w; a < w; a++) product[a] += mean[i + a] * mean[j + a];
  for (let a = 0; a < w; a++) link[a] = Math.min(Math.max(product[a] / square[a], 0), LARGEST_LINK);
}

/** The factors without the biases: n×k. */
export function factorsOf({ mean }: Side, width: number): Matrix<Float64Array> {
  const n = mean.length / width;
  const k = width - 1;
  const F = matrix(n, k);
  for (let i = 0; i < n; i++) F.data.set(mean.subarray(i * width + 1, (i + 1) * width), i * k);
  return F;
}

/** The biases: n. */
export const biasesOf = ({ mean }: Side, width: number): Float64Array =>
  Float64Array.from({ length: mean.length / width }, (_, i) => mean[i * width]);

/** The same biases with other factors; their variances are not known yet. left: n₁×k, right: n₂×k. */
export function withFactors(K: Kernels, P: Posterior, { left, right }: Factored): Posterior {
  const w = left.cols + 1;
  const side = (from: Side, F: Matrix): Side => {
    const made = emptySide(K, F.rows, w);
    made.spread[0] = from.spread[0];
    made.link[0] = from.link[0];
    for (let i = 0; i < F.rows; i++) {
      made.mean[i * w] = from.mean[i * P.width];
      made.variance[i * w] = from.variance[i * P.width];
      for (let a = 1; a < w; a++) {
        const u = at(F, i, a - 1);
        made.mean[i * w + a] = u;
        made.spread[a] += (u * u) / F.rows;
      }
    }
    return made;
  };
  return { width: w, rows: side(P.rows, left), cols: side(P.cols, right), noise: P.noise };
}

/** A side of which nothing is known: n×w. */
export const emptySide = (K: Kernels, n: number, w: number): Side => ({
  mean: K.allocate('f64', n * w),
  variance: K.allocate('f64', n * w),
  spread: new Float64Array(w),
  link: new Float64Array(w),
});

export const FIELDS = ['mean', 'variance', 'spread', 'link'] as const;

/** A posterior that does not change with this one. */
export function copyPosterior(K: Kernels, P: Posterior): Posterior {
  const side = (from: Side): Side => {
    const made = emptySide(K, from.mean.length / P.width, P.width);
    for (const field of FIELDS) made[field].set(from[field]);
    return made;
  };
  return { width: P.width, rows: side(P.rows), cols: side(P.cols), noise: P.noise };
}
