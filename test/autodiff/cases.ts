// Every operation of the tape as a function of parameters to a loss, on kernels and a precision of choice.

import {
  add,
  addRow,
  attention,
  backward,
  columns,
  constant,
  createArena,
  crossEntropy,
  gated,
  gather,
  gelu,
  layerNorm,
  matmul,
  meanSquare,
  multiply,
  type Node,
  openTape,
  parameter,
  rmsNorm,
  rotate,
  rotations,
  scale,
  silu,
  type Tape,
} from '../../src/autodiff/index.js';
import type { Objective, Theta } from '../../src/descend.js';
import type { Kernels, Precision } from '../../src/kernels/contract.js';
import { type Float, matrix } from '../../src/matrix.js';
import { noise } from '../kernels/builds.js';

export interface Case {
  readonly name: string;
  /** Rows and columns of the parameters. */
  readonly shapes: readonly (readonly [number, number])[];
  readonly loss: (tape: Tape, ...of: Node[]) => Node;
}

/** A mean square against numbers, which any matrix of the tape may end in. */
export function against(tape: Tape, Y: Node, seed = 9): Node {
  const { rows, cols } = Y.value;
  const target = noise(rows * cols, seed);
  return meanSquare(
    tape,
    Y,
    constant(matrix(rows, cols, tape.precision === 'f64' ? target : Float32Array.from(target))),
  );
}

const table = rotations(5, [1, 0.1]);

export const cases: readonly Case[] = [
  {
    name: 'matmul',
    shapes: [
      [3, 5],
      [5, 4],
    ],
    loss: (t, A, B) => against(t, matmul(t, A, B, { alpha: 0.7 })),
  },
  {
    name: 'matmul of transposes',
    shapes: [
      [5, 3],
      [4, 5],
    ],
    loss: (t, A, B) => against(t, matmul(t, A, B, { transposeA: true, transposeB: true })),
  },
  {
    name: 'matmul onto a product, a matrix used twice',
    shapes: [
      [3, 4],
      [4, 4],
    ],
    loss: (t, A, B) => against(t, matmul(t, A, B, { alpha: -2, transposeB: true, onto: matmul(t, A, B) })),
  },
  {
    name: 'add',
    shapes: [
      [3, 4],
      [3, 4],
    ],
    loss: (t, X, Y) => against(t, add(t, X, add(t, X, Y))),
  },
  { name: 'scale', shapes: [[3, 4]], loss: (t, X) => against(t, scale(t, -1.5, X)) },
  {
    name: 'multiply',
    shapes: [
      [3, 4],
      [3, 4],
    ],
    loss: (t, X, Y) => against(t, multiply(t, multiply(t, X, Y), X)),
  },
  {
    name: 'addRow',
    shapes: [
      [3, 5],
      [5, 4],
      [1, 4],
    ],
    loss: (t, A, B, row) => against(t, addRow(t, matmul(t, A, B), row)),
  },
  {
    name: 'gather',
    shapes: [[4, 3]],
    loss: (t, X) => against(t, gather(t, X, Int32Array.of(2, 0, 2, 3, 2))),
  },
  { name: 'silu', shapes: [[3, 4]], loss: (t, X) => against(t, silu(t, scale(t, 3, X))) },
  { name: 'gelu', shapes: [[3, 4]], loss: (t, X) => against(t, gelu(t, scale(t, 3, X))) },
  {
    name: 'gated',
    shapes: [
      [3, 4],
      [3, 4],
    ],
    loss: (t, X, Y) => against(t, gated(t, scale(t, 3, X), Y)),
  },
  {
    name: 'rmsNorm',
    shapes: [
      [3, 6],
      [1, 6],
    ],
    loss: (t, X, g) => against(t, rmsNorm(t, X, g, 1e-3)),
  },
  {
    name: 'layerNorm',
    shapes: [
      [3, 6],
      [1, 6],
      [1, 6],
    ],
    loss: (t, X, g, b) => against(t, layerNorm(t, X, g, b, 1e-3)),
  },
  {
    name: 'attention, causal, 4 heads on 2 groups, 2 sequences',
    shapes: [
      [10, 12],
      [10, 6],
      [10, 6],
    ],
    loss: (t, Q, K, V) => against(t, attention(t, scale(t, 3, Q), K, V, { length: 5, heads: 4, groups: 2 })),
  },
  {
    name: 'attention, of slices, not causal',
    shapes: [[4, 12]],
    loss: (t, X) =>
      against(
        t,
        attention(t, columns(X, 0, 4), columns(X, 4, 8), columns(X, 8, 12), { length: 4, heads: 2, causal: false }),
      ),
  },
  {
    name: 'rotate, of slices of a product',
    shapes: [
      [10, 3],
      [3, 24],
    ],
    loss: (t, A, B) => {
      const X = matmul(t, A, B);
      const [Q, K] = [rotate(t, columns(X, 0, 8), table, 5), rotate(t, columns(X, 8, 16), table, 5)];
      return against(t, attention(t, Q, K, columns(X, 16, 24), { length: 5, heads: 2, groups: 2 }));
    },
  },
  {
    name: 'crossEntropy, one row left out',
    shapes: [[4, 5]],
    loss: (t, X) => crossEntropy(t, scale(t, 3, X), Int32Array.of(4, 0, -1, 2)),
  },
  {
    name: 'meanSquare',
    shapes: [
      [3, 4],
      [3, 4],
    ],
    loss: (t, X, Y) => meanSquare(t, X, multiply(t, Y, X)),
  },
];

const round = (theta: Theta, precision: Precision): Float => (precision === 'f64' ? theta : Float32Array.from(theta));

/** The loss of a case as a function of all its parameters in one block. */
export function objectiveOf({ shapes, loss }: Case, K: Kernels, precision: Precision): Objective {
  const arena = createArena(K);
  return {
    evaluate(theta) {
      const start = arena.mark();
      const tape = openTape(K, arena, precision);
      const [values, gradients] = [round(theta, precision), round(new Float64Array(theta.length), precision)];
      let from = 0;
      const nodes = shapes.map(([rows, cols]) => {
        const node = parameter(matrix<Float>(rows, cols, values, from), matrix<Float>(rows, cols, gradients, from));
        from += rows * cols;
        return node;
      });
      const L = loss(tape, ...nodes);
      backward(tape, L);
      arena.release(start);
      return { loss: L.value.data[0], grad: Float64Array.from(gradients) };
    },
  };
}

export const startOf = ({ shapes }: Case): Theta =>
  noise(
    shapes.reduce((sum, [rows, cols]) => sum + rows * cols, 0),
    5,
  );
