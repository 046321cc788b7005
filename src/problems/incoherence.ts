// Keeps the rows of a factor short: F(X) = λ·Σ_i (‖X_i‖ − α)₊⁴, X: n×k, zero where no row is longer than α. Added to the loss of
// completion it keeps descent among incoherent factors, where the mask sees all directions alike (Ge, Lee and Ma 2016).
//
//   ∇F, row i      4λ(t − α)₊³·u,   t = ‖X_i‖, u = X_i/t
//   ∇²F, row i     h″uuᵀ + (h′/t)(I − uuᵀ),   h′ = 4λ(t − α)₊³, h″ = 12λ(t − α)₊²
//
// F is twice continuously differentiable: both derivatives vanish at t = α, and at X_i = 0 where α > 0. Cost: O(nk).

import type { Theta } from '../descend.js';
import { usageError } from '../errors.js';
import { type Curved, hessianMap } from './curved.js';

/** What incoherence() takes. */
export interface IncoherenceOptions {
  readonly width: number; // k: θ holds rows of so many numbers
  readonly bound: number; // α > 0
  readonly strength: number; // λ ≥ 0
}

/** The regulariser of a factor, or of a pair one after another. */
export function incoherence({ width, bound, strength }: IncoherenceOptions): Curved {
  if (!(Number.isInteger(width) && width >= 1))
    throw usageError(`incoherence: width should be an integer of at least 1, got ${width}`, 'give k of the factors');
  if (!(bound > 0 && bound < Infinity))
    throw usageError(`incoherence: bound should be a positive number, got ${bound}`, 'take twice the longest row');
  if (!(strength >= 0 && strength < Infinity))
    throw usageError(`incoherence: strength should be a number ≥ 0, got ${strength}`, 'leave it out');

  /** Calls back for each row that is longer than α: where it begins, its length t, and t − α. */
  const longRows = (theta: Theta, see: (from: number, t: number, over: number) => void) => {
    if (theta.length % width !== 0)
      throw usageError(`incoherence: θ should hold rows of ${width}, got ${theta.length} numbers`, 'check the width');
    for (let from = 0; from < theta.length; from += width) {
      let square = 0;
      for (let j = from; j < from + width; j++) square += theta[j] * theta[j];
      const t = Math.sqrt(square);
      if (t > bound) see(from, t, t - bound);
    }
  };
  return {
    evaluate(theta) {
      const grad = new Float64Array(theta.length);
      let loss = 0;
      longRows(theta, (from, t, over) => {
        loss += strength * over * over * over * over;
        const factor = (4 * strength * over * over * over) / t;
        for (let j = from; j < from + width; j++) grad[j] = factor * theta[j];
      });
      return { loss, grad };
    },
    hessian: (theta) =>
      hessianMap(theta.length, (d) => {
        const out = new Float64Array(theta.length);
        longRows(theta, (from, t, over) => {
          const across = (4 * strength * over * over * over) / t;
          let inner = 0;
          for (let j = from; j < from + width; j++) inner += theta[j] * d[j];
          const along = ((12 * strength * over * over - across) * inner) / (t * t);
          for (let j = from; j < from + width; j++) out[j] = across * d[j] + along * theta[j];
        });
        return out;
      }),
  };
}
