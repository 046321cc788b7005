import type { Paper } from '../paper.js';
import { claims, controls } from './claims.js';
import { cells } from './experiment.js';
import { figures } from './figures.js';

export const paper: Paper = {
  id: 'chou-2023-weight-normalisation',
  title: 'Weight normalisation and sparse recovery by diagonal networks',
  reference:
    'H.-H. Chou, H. Rauhut, R. Ward: Robust implicit regularization via weight normalization. 2023, arXiv 2305.05448. With claims of T. Vaskevicius, V. Kanade, P. Rebeschini: Implicit regularization for optimal sparse recovery. NeurIPS 2019; J. Li, T. Nguyen, C. Hegde, R. Wong: Implicit sparse regularization: the impact of depth and early stopping. NeurIPS 2021; X. Wu et al.: Implicit regularization and convergence for weight normalization. NeurIPS 2020, arXiv 1911.07956.',
  introduction: `A sparse x ≥ 0 is sought from y = A x with fewer measurements than entries, as x = w^L, by descent on ‖A w^L − y‖². Plain
descent finds the least ‖x‖₁ only from very small starts. Weight normalisation writes w = r·u with ‖u‖ = 1 and gives r and u step
sizes η_r and η_u; with κ = η_u/η_r large it finds it from starts of practical size, as long as r₀² is below ‖x‖₁.

The constants of the paper's theorem were not available to us (S3.12). The laws checked here (S3.1 to S3.3, S3.8, S3.11) are derived
from the flow of (r, u) and hold for any L and κ; the experiments around them are on x ≥ 0. Signed x = u^L − v^L is the same problem on
[A, −A]. S3.9, S3.10 and S3.11 are claims of the papers on which this one builds.`,
  claims,
  controls,
  cells,
  figures,
};
