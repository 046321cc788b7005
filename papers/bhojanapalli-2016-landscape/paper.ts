import type { Paper } from '../paper.js';
import { claims, controls } from './claims.js';
import { cells } from './experiment.js';
import { figures } from './figures.js';

export const paper: Paper = {
  id: 'bhojanapalli-2016-landscape',
  title: 'No spurious local minima in factorised low-rank recovery',
  reference:
    'S. Bhojanapalli, B. Neyshabur, N. Srebro: Global optimality of local search for low rank matrix recovery. NIPS 2016, arXiv 1605.07221.',
  introduction: `A positive semidefinite X of rank r is sensed by a linear 𝒜 and recovered as UUᵀ, U: n×r, by descent from a random start.
The problem is not convex; but where 𝒜 has a restricted isometry with a small constant δ, every local minimum is X itself, every
other critical point has a direction of negative curvature, and noise moves the minima by no more than it must.

What is checked are derivatives at points whose isometry constant is known exactly, and descents. How far δ may go is the subject of
R. Y. Zhang, S. Sojoudi, J. Lavaei: Sharp restricted isometry bounds for the inexistence of spurious local minima in nonconvex
matrix recovery (JMLR 20, 2019), whose trap at δ = ½ and whose certificate are checked too. The regulariser of S4.12 is that of
R. Ge, J. D. Lee, T. Ma: Matrix completion has no spurious local minimum (NIPS 2016).`,
  claims,
  controls,
  cells,
  figures,
};
