// Measurement ensembles 𝒜 : ℝ^{n₁×n₂} → ℝᵐ.

export { type DenseBuilder, type DenseOptions, denseRows, gaussian } from './dense.js';
export { fast } from './fast.js';
export { type Mask, type MaskOptions, mask } from './mask.js';
export { isFactored, type Operator } from './operator.js';
export { rademacher, rademacherRegenerated } from './rademacher.js';
export { rankOne } from './rankOne.js';
export { stacked } from './stacked.js';
export { checkVector, type Shape } from './vectorised.js';
