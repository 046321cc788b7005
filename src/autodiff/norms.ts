// Normalisation of rows: x̂ = x/√(mean x² + ε) (RMSNorm), or of x − mean x (LayerNorm); y = x̂ ∘ gain (+ bias).
// With g = dy ∘ gain and ρ = 1/√(…): dx = ρ·(g − x̂·mean(g ∘ x̂)), and for LayerNorm less the mean of g.

import { usageError } from '../errors.js';
import { adding, dense, type Node, numbers, record, result, type Tape } from './tape.js';

/** RMSNorm of rows. X: m×n, gain: 1×n. */
export const rmsNorm = (tape: Tape, X: Node, gain: Node, epsilon: number): Node =>
  normalised('rmsNorm', tape, X, gain, undefined, epsilon);

/** LayerNorm of rows. X: m×n, gain and bias: 1×n. */
export const layerNorm = (tape: Tape, X: Node, gain: Node, bias: Node, epsilon: number): Node =>
  normalised('layerNorm', tape, X, gain, bias, epsilon);

function normalised(caller: string, tape: Tape, X: Node, gain: Node, bias: Node | undefined, epsilon: number): Node {
  const { rows, cols } = X.value;
  for (const row of bias ? [gain, bias] : [gain])
    if (row.value.rows !== 1 || row.value.cols !== cols)
      throw usageError(
        `${caller}: gain and bias should be 1×${cols}, got ${row.value.rows}×${row.value.cols}`,
        'check the shapes',
      );
  const x = dense(caller, X);
  const w = dense(caller, gain);
  const b = bias && dense(caller, bias);
  const Y = result(tape, rows, cols, bias ? [X, gain, bias] : [X, gain]);
  const y = Y.value.data;
  const means = tape.arena.take('f64', rows);
  const scales = tape.arena.take('f64', rows);
  for (let i = 0, t = 0; i < rows; i++, t += cols) {
    let mean = 0;
    if (b) {
      for (let j = 0; j < cols; j++) mean += x[t + j];
      mean /= cols;
    }
    let sum = 0;
    for (let j = 0; j < cols; j++) {
      const d = x[t + j] - mean;
      sum += d * d;
    }
    const rho = 1 / Math.sqrt(sum / cols + epsilon);
    means[i] = mean;
    scales[i] = rho;
    if (b) for (let j = 0; j < cols; j++) y[t + j] = (x[t + j] - mean) * rho * w[j] + b[j];
    else for (let j = 0; j < cols; j++) y[t + j] = x[t + j] * rho * w[j];
  }
  record(tape, Y, (dY) => {
    const dy = numbers(dY);
    if (X.needs) {
      const dx = numbers(adding(tape, X));
      for (let i = 0, t = 0; i < rows; i++, t += cols) {
        const mean = means[i];
        const rho = scales[i];
        let along = 0;
        let middle = 0;
        for (let j = 0; j < cols; j++) {
          const g = dy[t + j] * w[j];
          along += g * (x[t + j] - mean);
          middle += g;
        }
        along *= (rho * rho) / cols;
        middle = b ? middle / cols : 0;
        for (let j = 0; j < cols; j++) dx[t + j] += rho * (dy[t + j] * w[j] - middle - (x[t + j] - mean) * along);
      }
    }
    if (gain.needs) {
      const sums = new Float64Array(cols);
      for (let i = 0, t = 0; i < rows; i++)
        for (let j = 0; j < cols; j++, t++) sums[j] += dy[t] * (x[t] - means[i]) * scales[i];
      addSums(tape, gain, sums);
    }
    if (bias?.needs) {
      const sums = new Float64Array(cols);
      for (let i = 0, t = 0; i < rows; i++) for (let j = 0; j < cols; j++) sums[j] += dy[t++];
      addSums(tape, bias, sums);
    }
  });
  return Y;
}

function addSums(tape: Tape, row: Node, sums: Float64Array): void {
  const to = numbers(adding(tape, row));
  for (let j = 0; j < sums.length; j++) to[j] += sums[j];
}
