// Errors against a truth. Only diagnostics sees a truth; a method never does.

import type { Factored } from '../descend.js';
import type { Kernels } from '../kernels/contract.js';
import { formed } from '../linalg/factored.js';
import { relativeError } from '../linalg/norms.js';
import type { Matrix } from '../matrix.js';

/** ‖X − truth‖_F / ‖truth‖_F, and ‖X‖_F where the truth is 0. X: left n₁×k, right n₂×k; truth: n₁×n₂. */
export const relativeFrobenius = (K: Kernels, X: Factored, truth: Matrix): number => relativeError(formed(K, X), truth);
