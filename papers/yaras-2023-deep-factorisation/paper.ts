import type { Paper } from '../paper.js';
import { claims } from './claims.js';
import { controls } from './controls.js';
import { cells } from './experiment.js';
import { figures } from './figures.js';

export const paper: Paper = {
  id: 'yaras-2023-deep-factorisation',
  title: 'Deep matrix factorisation in a small invariant subspace',
  reference:
    'C. Yaras, P. Wang, W. Hu, Z. Zhu, L. Balzano, Q. Qu: The law of parsimony in gradient descent for learning deep linear networks. 2023, arXiv 2306.01154. With S. M. Kwon, Z. Zhang, D. Song, L. Balzano, Q. Qu: arXiv 2311.05061; and C. Yaras et al. 2024, arXiv 2406.04112.',
  introduction:
    'A chain X = W_L ⋯ W_1 of square factors, started at multiples of orthogonal matrices and fitted to a matrix T of rank r by gradient descent, moves in 2r dimensions alone. Checked are: that subspace, exactly and for any depth, scales and decay; the compressed chain that lives in it and follows the whole one; what becomes of it where only entries of T are known, so that nothing is exact; the chain that starts at singular vectors of what is known (C-DLN); and what depth and width do for completion.',
  claims,
  controls,
  cells,
  figures,
};
