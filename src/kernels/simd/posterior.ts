// The posterior of a factor model on a machine. Rows are independent: any thread may take any of them.

import type { Kernels } from '../contract.js';
import type { Machine } from '../machine.js';

/** Entries times w² under which a half step stays in this thread. */
const SMALL = 2 ** 16;
/** Tasks of a half step: enough that rows of different lengths share the threads evenly. */
const TASKS = 256;

export const simdPosterior = ({ place, team }: Machine): Pick<Kernels, 'entriesPosterior'> => ({
  entriesPosterior(step) {
    const { entries, width: w, precision, which, misfit } = step;
    const stride = 2 * Math.ceil(w / 2);
    const operands = [
      { array: entries.starts, use: 'in' },
      { array: entries.columns, use: 'in' },
      { array: entries.values, use: 'in' },
      { array: step.mean, use: 'in' },
      { array: step.variance, use: 'in' },
      { array: step.prior, use: 'in' },
      { array: step.pull, use: 'in' },
      { array: which, use: 'in' },
      { array: step.newMean, use: 'inout' },
      { array: step.newVariance, use: 'inout' },
      { array: misfit, use: 'inout' },
    ] as const;
    const room = 8 * (stride * (stride + 8) + 4);
    place(operands, room * team.threads, ({ at, scratch, run, runHere }) => {
      const chunk = Math.max(1, Math.ceil(which.length / TASKS));
      const tasks = Math.ceil(which.length / chunk);
      const addresses = [...at.slice(0, -1), misfit.length > 0 ? at[at.length - 1] : 0];
      const go = entries.values.length * w * w < SMALL ? runHere : run;
      go('posteriorRows', tasks, which.length, chunk, w, precision, ...addresses, scratch);
    });
  },
});
