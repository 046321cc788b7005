// Several operators on the same matrices as one: 𝒜(X) = (w₁𝒜₁(X), …, w_s𝒜_s(X)), 𝒜*(r) = Σ w_i 𝒜_i*(r_i), with
// w_i = √(m_i/m), so that parts with E‖𝒜_iX‖² = ‖X‖² make a whole with the same. Cost: the sum of the parts.

import type { Factored, LinearMap } from '../descend.js';
import type { Precision } from '../kernels/contract.js';
import type { Matrix } from '../matrix.js';
import type { Operator } from './operator.js';
import { checkVector } from './vectorised.js';

/** The operators and their measurements, stacked and weighted alike. All of the same shape. */
export function stacked(...parts: { operator: Operator; y: Float64Array }[]): { operator: Operator; y: Float64Array } {
  const m = parts.reduce((sum, { operator }) => sum + operator.measurements, 0);
  const weights = parts.map(({ operator }) => Math.sqrt(operator.measurements / m));
  const join = (vectors: Float64Array[]) => {
    const out = new Float64Array(m);
    let from = 0;
    vectors.forEach((vector, p) => {
      out.set(
        vector.map((value) => weights[p] * value),
        from,
      );
      from += vector.length;
    });
    return out;
  };
  const cut = (r: Float64Array) => {
    let from = 0;
    return parts.map(({ operator }, p) =>
      r.slice(from, (from += operator.measurements)).map((value) => weights[p] * value),
    );
  };
  const of = (operators: Operator[]): Operator => {
    const apply = (X: Matrix | Factored) => join(operators.map((operator) => operator.apply(X)));
    const { rows, cols, symmetric } = operators[0];
    const operator: Operator = {
      rows,
      cols,
      measurements: m,
      symmetric,
      apply,
      adjoint(r) {
        checkVector(operator, 'r', r);
        return sumOf(cut(r).map((part, p) => operators[p].adjoint(part)));
      },
      gradient(X, y) {
        checkVector(operator, 'y', y);
        const parted = cut(y).map((part, p) =>
          operators[p].gradient(
            X,
            part.map((value) => value / (weights[p] * weights[p])),
          ),
        );
        const gradient = sumOf(parted.map(({ gradient: G }, p) => scaledMap(weights[p] * weights[p], G)));
        return { residual: join(parted.map(({ residual }) => residual)), gradient };
      },
      at: operators.every((operator) => operator.at)
        ? (arithmetic: Precision) => of(operators.map((operator) => operator.at!(arithmetic)))
        : undefined,
    };
    return operator;
  };
  return { operator: of(parts.map(({ operator }) => operator)), y: join(parts.map(({ y }) => y)) };
}

const scaledMap = (factor: number, G: LinearMap): LinearMap => ({
  rows: G.rows,
  cols: G.cols,
  symmetric: G.symmetric,
  times: (V) => ((GV) => ({ ...GV, data: GV.data.map((value) => factor * value) }))(G.times(V)),
  timesT: (U) => ((GtU) => ({ ...GtU, data: GtU.data.map((value) => factor * value) }))(G.timesT(U)),
});

function sumOf(maps: LinearMap[]): LinearMap {
  const add = (matrices: Matrix<Float64Array>[]) => {
    const total = matrices[0].data.slice();
    for (const { data } of matrices.slice(1)) for (let i = 0; i < total.length; i++) total[i] += data[i];
    return { ...matrices[0], data: total };
  };
  return {
    rows: maps[0].rows,
    cols: maps[0].cols,
    symmetric: maps.every((G) => G.symmetric),
    times: (V) => add(maps.map((G) => G.times(V))),
    timesT: (U) => add(maps.map((G) => G.timesT(U))),
  };
}
