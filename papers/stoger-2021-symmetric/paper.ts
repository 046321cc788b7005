import type { Paper } from '../paper.js';
import { claims } from './claims.js';
import { controls } from './controls.js';
import { cells } from './experiment.js';
import { figures } from './figures.js';

export const paper: Paper = {
  id: 'stoger-2021-symmetric',
  title: 'Symmetric matrix sensing from small random starts: three phases',
  reference:
    'D. Stöger, M. Soltanolkotabi: Small random initialization is akin to spectral learning: optimization and generalization guarantees for overparameterized low-rank matrix reconstruction. NeurIPS 2021, arXiv 2106.15013.',
  introduction: `X, positive semidefinite and of rank r, is sensed by m Gaussian measurements and recovered as UUᵀ, with U far wider than r, by
plain gradient descent, U⁺ = U + μ𝒜*(y − 𝒜(UUᵀ))U. A small random start works like a spectral one: at first descent is a power method
on M = 𝒜*(y), which turns U to the leading eigenvectors of M at a speed that does not depend on the size of the start; then the signal
grows away from the saddle at zero, faster than the noise; then the error falls until only the noise is left, and that is the floor.

The constants of the theorem are not tested. What is checked are identities, one-step inequalities, exponents, orders and times;
S2.3, S2.18 … S2.20 and S2.27 … S2.32 go beyond the paper: a law of floors that holds for one direction of signal, rank-by-rank
learning (Jin et al. 2023), late rates (Xiong, Ding and Du 2023), ScaledGD(λ) (Xu, Shen, Chi and Ma 2023), stopping on held-out
measurements (Ding et al. 2022), and the detectors of this library.`,
  claims,
  controls,
  cells,
  figures,
};
