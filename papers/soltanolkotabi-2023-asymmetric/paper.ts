import type { Paper } from '../paper.js';
import { claims } from './claims.js';
import { controls } from './controls.js';
import { cells } from './experiment.js';
import { figures } from './figures.js';

export const paper: Paper = {
  id: 'soltanolkotabi-2023-asymmetric',
  title: 'Asymmetric matrix sensing from small random starts',
  reference:
    'M. Soltanolkotabi, D. Stöger, C. Xie: Implicit balancing and regularization: generalization and convergence guarantees for overparameterized asymmetric matrix sensing. COLT 2023, arXiv 2303.14244.',
  introduction: `X of rank r is sensed by m Gaussian measurements and recovered as VWᵀ, with factors far wider than r, by plain gradient
descent. Nothing in the loss asks for low rank or for balanced factors; a small random start brings both. Two independent starts
become coupled (their part along L₋ dies out while that along L₊ grows), the imbalance VᵀV − WᵀW stays small because descent changes
it in second order only, and what is left of the noise when the signal has grown is the floor of the error.

The constants of the theorem are not tested. What is checked are identities, exponents, orders and times; S1.28 and S1.33 go beyond
the paper (S1.28: Xiong, Ding and Du 2023; S1.33: a law of floors that holds for one direction of signal).`,
  claims,
  controls,
  cells,
  figures,
};
