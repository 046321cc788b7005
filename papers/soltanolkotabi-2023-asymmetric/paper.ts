import type { Paper } from '../paper.js';
import { claims, controls } from './claims.js';
import { cells } from './experiment.js';
import { figures } from './figures.js';

export const paper: Paper = {
  id: 'soltanolkotabi-2023-asymmetric',
  title: 'Asymmetric matrix sensing from small random starts',
  reference:
    'M. Soltanolkotabi, D. Stöger, C. Xie: Implicit balancing and regularization: generalization and convergence guarantees for overparameterized asymmetric matrix sensing. COLT 2023, arXiv 2303.14244.',
  claims,
  controls,
  cells,
  figures,
};
