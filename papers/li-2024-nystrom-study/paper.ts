import type { Paper } from '../paper.js';
import { claims } from './claims.js';
import { controls } from './controls.js';
import { bases, cells } from './experiment.js';
import { figures } from './figures.js';

export const paper: Paper = {
  id: 'li-2024-nystrom-study',
  title: 'Does the Nyström start train better adapters?',
  reference:
    'B. Li, L. Zhang, A. Mokhtari, N. He: On the crucial role of initialization for matrix factorization. ICLR 2025, arXiv 2410.18965: its second half, on LoRA.',
  introduction: `The paper starts LoRA adapters by a sketch of the weights (NoRA) and says that they train better, for language and for diffusion models.
Its models are of 1 to 7 billion parameters; these are small ones that train here in minutes, so this is a study of the same question and no
repetition of its tables. A decoder and a denoiser are pretrained once, then eight adapters learn a shifted domain: LoRA as PEFT starts it, the
Nyström start, both with the preconditioner that the authors released (P), the Nyström start with that of PEFT (R, un-normalised), PiSSA, OLoRA and the
orthogonal start. Each has its own grid of learning rates; starts and batches differ from run to run and are the same for all methods, and so is what
is held out.

What an adapter does to the base is judged by claims that hold or fail. Which one trains better is judged against a band that was fixed
before: no difference. Where 95 % intervals over runs separate, the claim says so, and in which direction; a result here is about these two models, their data and
80 steps (200 in full), and about no other. Other runs share the base, so the intervals do not cover other bases.

The quick run takes minutes on two cores, the full one up to two hours. Figures: \`lorank reproduce li-2024-nystrom-study --out <folder>\`.`,
  long: true,
  claims,
  controls,
  bases,
  cells,
  figures,
};
