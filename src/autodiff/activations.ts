// SiLU, GELU in its tanh form (both of language models), and the gated product of SwiGLU.

import { expOf } from './elementary.js';
import { adding, dense, type Node, numbers, record, result, sameShape, space, type Tape } from './tape.js';

/** silu(x) = x·σ(x), σ(x) = 1/(1 + e^{−x}). */
export function silu(tape: Tape, X: Node): Node {
  const x = dense('silu', X);
  const Y = result(tape, X.value.rows, X.value.cols, [X]);
  const y = Y.value.data;
  const sigma = space(tape, X.value.rows, X.value.cols).data;
  const exp = expOf(tape.precision);
  for (let i = 0; i < y.length; i++) {
    const s = 1 / (1 + exp(-x[i]));
    sigma[i] = s;
    y[i] = x[i] * s;
  }
  record(tape, Y, (dY) => {
    const dy = numbers(dY);
    const dx = numbers(adding(tape, X));
    for (let i = 0; i < dy.length; i++) dx[i] += dy[i] * (sigma[i] * (1 + x[i] * (1 - sigma[i])));
  });
  return Y;
}

/** silu(gate) ∘ up. */
export function gated(tape: Tape, gate: Node, up: Node): Node {
  sameShape('gated', gate, up);
  const [g, u] = [dense('gated', gate), dense('gated', up)];
  const Y = result(tape, gate.value.rows, gate.value.cols, [gate, up]);
  const y = Y.value.data;
  const sigma = space(tape, gate.value.rows, gate.value.cols).data;
  const exp = expOf(tape.precision);
  for (let i = 0; i < y.length; i++) {
    const s = 1 / (1 + exp(-g[i]));
    sigma[i] = s;
    y[i] = g[i] * s * u[i];
  }
  record(tape, Y, (dY) => {
    const dy = numbers(dY);
    if (gate.needs) {
      const dg = numbers(adding(tape, gate));
      for (let i = 0; i < dy.length; i++) dg[i] += dy[i] * u[i] * (sigma[i] * (1 + g[i] * (1 - sigma[i])));
    }
    if (up.needs) {
      const du = numbers(adding(tape, up));
      for (let i = 0; i < dy.length; i++) du[i] += dy[i] * g[i] * sigma[i];
    }
  });
  return Y;
}

const ROOT = 0.7978845608028654; // √(2/π)
const CUBE = 0.044715;

/** gelu(x) = x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2, which is x·σ of twice the argument of tanh. */
export function gelu(tape: Tape, X: Node): Node {
  const x = dense('gelu', X);
  const Y = result(tape, X.value.rows, X.value.cols, [X]);
  const y = Y.value.data;
  const sigma = space(tape, X.value.rows, X.value.cols).data;
  const exp = expOf(tape.precision);
  for (let i = 0; i < y.length; i++) {
    const v = x[i];
    const s = 1 / (1 + exp(-2 * ROOT * v * (1 + CUBE * v * v)));
    sigma[i] = s;
    y[i] = v * s;
  }
  record(tape, Y, (dY) => {
    const dy = numbers(dY);
    const dx = numbers(adding(tape, X));
    for (let i = 0; i < dy.length; i++) {
      const v = x[i];
      const s = sigma[i];
      dx[i] += dy[i] * (s + v * s * (1 - s) * (2 * ROOT * (1 + 3 * CUBE * v * v)));
    }
  });
  return Y;
}
