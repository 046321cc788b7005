import type { Paper } from '../paper.js';
import { claims } from './claims.js';
import { controls } from './controls.js';
import { cells } from './experiment.js';
import { figures } from './figures.js';

export const paper: Paper = {
  id: 'li-2024-nystrom',
  title: 'The Nyström start of scaled gradient descent',
  reference:
    'B. Li, L. Zhang, A. Mokhtari, N. He: On the crucial role of initialization for matrix factorization. ICLR 2025, arXiv 2410.18965.',
  introduction: `A matrix A that is known is factored, A = UUᵀ or A = VWᵀ, by scaled gradient descent. Started at a sketch U₀ = AΩ, or V₀ = AΩ
and W₀ = 0, with a Gaussian Ω, the iterates stay in the column space of A; symmetric steps with η = ½ are then Newton’s iteration
and converge quadratically, and one step fills W. Any part of a start outside that space is shed at a linear rate only, which is why
small random starts are slow.

The paper’s constants (a first phase with a tiny step, probabilities) are not tested: with η = ½ from the start the course is known
exactly, and it is the exact course that is checked here. The settings of its figures are not known; these are rank 20 with a
geometric spectrum. Steps go through R of a thin QR of the factors, never through UᵀU, and through the pseudo-inverse where the factors are
wider than the rank. S6.18 to S6.20 are of the ScaledGD family; S6.22 goes beyond the papers.

S6.A22 to S6.A32 are of adapters (LoRA) started by such a sketch, B = 0 and A = (ξ/s)·G W₀, and by the other starts in use; whether
one of them trains better is a study of its own, \`li-2024-nystrom-study\`. How long a start takes is measured by the bench, not here.

Figures: \`lorank reproduce li-2024-nystrom --out <folder>\`.`,
  claims,
  controls,
  cells,
  figures,
};
