// K2, loss and both gradients at the entries of a mask, beside NumPy and SciPy: chunked gathers, einsum, and two products
// with a CSR matrix. Power-law rows and columns in the shapes of MovieLens 1M and 10M. Also a sweep of the posterior.
// node scripts/bench.mjs k2 [1e6|1e7] …

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Entries, type Kernels, startKernels } from '../src/kernels/index.js';
import { type Contestant, numpy, ours, race } from './harness.js';

const shapes: Record<string, [rows: number, cols: number]> = { 1e6: [6040, 3706], 1e7: [69_878, 10_677] };
const given = process.argv.slice(2);

let state = 7;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) | 0;
  return (state >>> 0) / 2 ** 32;
};

/** About m entries: the degree of a row falls like a power of its rank, and a column is drawn with such a probability. */
function powerLaw(m: number, rows: number, cols: number): Entries & { values: Float64Array } {
  const weight = Float64Array.from({ length: rows }, (_, i) => (((i * 7919) % rows) + 20) ** -0.6);
  const total = weight.reduce((sum, w) => sum + w, 0);
  const starts = new Int32Array(rows + 1);
  const columns = new Int32Array(Math.ceil(1.1 * m) + cols);
  const seen = new Int32Array(cols).fill(-1);
  let e = 0;
  for (let i = 0; i < rows; i++) {
    const degree = Math.min(Math.round((m * weight[i]) / total), cols >> 1);
    for (let d = 0; d < degree; ) {
      const j = (Math.floor(cols * random() ** 2.5) * 4099) % cols;
      if (seen[j] === i) {
        d += 0.05; // a popular column again: give up after a while
        continue;
      }
      seen[j] = i;
      columns[e++] = j;
      d++;
    }
    columns.subarray(starts[i], e).sort();
    starts[i + 1] = e;
  }
  const values = Float64Array.from({ length: e }, () => random() - 0.5);
  return { rows, cols, starts, columns: columns.slice(0, e), values };
}

function setup(folder: string, E: Entries & { values: Float64Array }, k: number, dtype: string): string {
  writeFileSync(join(folder, 'starts'), E.starts);
  writeFileSync(join(folder, 'columns'), E.columns);
  writeFileSync(join(folder, 'values'), E.values);
  return `
import scipy.sparse as sp
starts, columns = (np.fromfile('${folder}/' + name, np.int32) for name in ('starts', 'columns'))
x = np.fromfile('${folder}/values').astype('${dtype}')
rows = np.repeat(np.arange(${E.rows}, dtype=np.int32), np.diff(starts))
rng = np.random.default_rng(1)
U = (rng.random((${E.rows}, ${k})) - .5).astype('${dtype}')
V = (rng.random((${E.cols}, ${k})) - .5).astype('${dtype}')
def gradient():
    r = np.empty_like(x)
    for s in range(0, len(x), 1 << 16):
        c = slice(s, s + (1 << 16))
        r[c] = np.einsum('ij,ij->i', U[rows[c]], V[columns[c]]) - x[c]
    R = sp.csr_matrix((r, columns, starts), shape=(${E.rows}, ${E.cols}))
    return r @ r, R @ V, R.T @ U`;
}

function gradient(K: Kernels, E: Entries & { values: Float64Array }, k: number, kind: 'f64' | 'f32'): Contestant {
  const inside = {
    ...E,
    starts: K.allocate('i32', E.starts.length),
    columns: K.allocate('i32', E.columns.length),
    values: K.allocate(kind, E.values.length),
  };
  for (const name of ['starts', 'columns', 'values'] as const) inside[name].set(E[name]);
  const factor = (n: number) => {
    const F = K.allocate(kind, n * k);
    for (let t = 0; t < F.length; t++) F[t] = random() - 0.5;
    return F;
  };
  const [U, V, gU, gV] = [factor(E.rows), factor(E.cols), factor(E.rows), factor(E.cols)];
  const name = `lorank ${kind}, ${K.threads} thread${K.threads > 1 ? 's' : ''}`;
  return ours(name, () => void K.entriesGradient(inside, k, U, V, gU, gV));
}

/** Half a sweep: the posterior of all rows. */
function posterior(K: Kernels, E: Entries & { values: Float64Array }, width: number): Contestant {
  const numbers = (length: number, value: () => number) => {
    const to = K.allocate('f64', length);
    for (let t = 0; t < length; t++) to[t] = value();
    return to;
  };
  const starts = K.allocate('i32', E.starts.length);
  const columns = K.allocate('i32', E.columns.length);
  const which = K.allocate('i32', E.rows);
  starts.set(E.starts);
  columns.set(E.columns);
  for (let i = 0; i < E.rows; i++) which[i] = i;
  const values = K.allocate('f64', E.values.length);
  values.set(E.values);
  const step = {
    entries: { ...E, starts, columns, values },
    width,
    mean: numbers(E.cols * width, () => random() - 0.5),
    variance: numbers(E.cols * width, random),
    precision: 2,
    prior: numbers(E.rows * width, () => 1),
    pull: numbers(E.rows * width, () => 0),
    which,
    newMean: numbers(E.rows * width, () => 0),
    newVariance: numbers(E.rows * width, () => 0),
    misfit: numbers(E.rows, () => 0),
  };
  return ours(`  half a sweep of the posterior, ${K.threads} thr.`, () => K.entriesPosterior(step));
}

const folder = mkdtempSync(join(tmpdir(), 'lorank-k2-'));
try {
  for (const size of given.length ? given.map((text) => String(Number(text))) : Object.keys(shapes)) {
    const [rows, cols] = shapes[size];
    const E = powerLaw(Number(size), rows, cols);
    for (const k of [10, 32]) {
      const all = await startKernels({ threads: availableParallelism() });
      const one = await startKernels({ threads: 1 });
      await race(
        `K2, ${E.values.length} entries of ${rows}×${cols}, k=${k}`,
        [
          await numpy('numpy + scipy f64', setup(folder, E, k, 'float64'), 'gradient()'),
          await numpy('numpy + scipy f32', setup(folder, E, k, 'float32'), 'gradient()'),
          gradient(one, E, k, 'f64'),
          gradient(all, E, k, 'f64'),
          gradient(one, E, k, 'f32'),
          gradient(all, E, k, 'f32'),
          posterior(all, E, k + 1),
        ],
        Number(size) > 2e6 ? { rounds: 5, calls: 1 } : { rounds: 9, calls: 5 },
      );
      all.close();
      one.close();
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
