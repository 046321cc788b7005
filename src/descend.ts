// The waist. Problem ∘ parametrisation = an objective on one flat vector θ; a rule sees only the objective; an
// algorithm is an infinite stream of iterates, and stopping, tracing and timing consume the stream.

import type { Matrix } from './matrix.js';

/** All parameters in one block; a parametrisation views it. */
export type Theta = Float64Array;

/** f : X-space → ℝ, and its gradient in whatever form is cheap to use. k addresses a random draw (a minibatch). */
export interface Problem<X, G> {
  evaluate(x: X, k: number): { loss: number; grad: G };
}

/** X = φ(θ), the transposed derivative of φ, and optionally the metric that scaled rules divide by. */
export interface Parametrisation<X, G> {
  readonly size: number;
  value(theta: Theta): X;
  pullback(theta: Theta, grad: G): Theta;
  metric?(theta: Theta, direction: Theta): Theta;
}

/** F : θ-space → ℝ. All that a first-order rule ever sees. */
export interface Objective {
  evaluate(theta: Theta, k: number): { loss: number; grad: Theta };
}

/** memory: what the rule carries from step to step (a momentum, a step size), so that an iterate is a checkpoint. */
export interface Iterate {
  readonly k: number;
  readonly theta: Theta;
  readonly loss: number;
  readonly grad: Theta;
  readonly memory?: Theta;
}

/** An update: from an objective, the step that takes an iterate to the next θ and its memory. */
export type Rule = (F: Objective) => (it: Iterate) => { theta: Theta; memory?: Theta };

/** F = f ∘ φ. */
export const pull = <X, G>(f: Problem<X, G>, phi: Parametrisation<X, G>): Objective => ({
  evaluate(theta, k) {
    const { loss, grad } = f.evaluate(phi.value(theta), k);
    return { loss, grad: phi.pullback(theta, grad) };
  },
});

/** F = F₁ + F₂ + …: a regulariser is another objective. */
export const sum = (...terms: Objective[]): Objective => ({
  evaluate(theta, k) {
    const grad = new Float64Array(theta.length);
    let loss = 0;
    for (const term of terms) {
      const part = term.evaluate(theta, k);
      loss += part.loss;
      for (let i = 0; i < grad.length; i++) grad[i] += part.grad[i];
    }
    return { loss, grad };
  },
});

/** The infinite stream θ₀, θ₁ = rule(θ₀), …; from an Iterate it goes on where that one was. What is yielded is never written again. */
export function* descend(F: Objective, rule: Rule, start: Theta | Iterate): Generator<Iterate, never> {
  const step = rule(F);
  let it: Iterate = 'theta' in start ? start : { k: 0, theta: start, ...F.evaluate(start, 0) };
  for (;;) {
    yield it;
    const { theta, memory } = step(it);
    const k = it.k + 1;
    it = { k, theta, memory, ...F.evaluate(theta, k) };
  }
}

/** X = left·rightᵀ, left: n₁×k, right: n₂×k. The form in which matrix methods hand a matrix on: X is formed only by who must. */
export interface Factored {
  readonly left: Matrix;
  readonly right: Matrix;
}

/** A gradient G: n₁×n₂, known by its products. */
export interface LinearMap {
  readonly rows: number;
  readonly cols: number;
  /** Says that G = Gᵀ, so that one product stands for both. */
  readonly symmetric?: boolean;
  /** G·V, V: n₂×k → n₁×k, dense row-major. */
  times(V: Matrix): Matrix<Float64Array>;
  /** Gᵀ·U, U: n₁×k → n₂×k, dense row-major. */
  timesT(U: Matrix): Matrix<Float64Array>;
}
