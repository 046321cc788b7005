// Weight decay: the rule of F(θ) + ½λ‖θ‖², from a gradient of F. Under plain descent with step μ every entry shrinks by 1 − μλ
// a step. The loss that stopping rules see stays F.

import type { Rule } from '../descend.js';
import { usageError } from '../errors.js';
import { axpy } from './vector.js';

/**
 * @param strength λ ≥ 0.
 * @param rule of which a step needs no evaluation of its own.
 */
export function weightDecay(strength: number, rule: Rule): Rule {
  if (!(strength >= 0 && strength < Infinity))
    throw usageError(`weightDecay: strength should be a number ≥ 0, got ${strength}`, 'leave it out');
  return (F) => {
    const step = rule(F);
    return (it) => step({ ...it, grad: axpy(strength, it.theta, it.grad) });
  };
}
