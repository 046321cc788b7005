import type { Kernels } from '../contract.js';
import type { Machine } from '../machine.js';

/** Rotations times columns below which a batch stays in this thread. */
const SMALL = 4e4;

export const simdRotations = ({ place, team }: Machine): Pick<Kernels, 'rotateRows'> => ({
  rotateRows(X, { sweeps, coefficients }, count) {
    const { rows: m, cols: n, offset, rowStride } = X;
    if (count === 0 || m === 0 || n === 0) return;
    let turns = 0;
    for (let t = 0; t < count; t++) turns += sweeps[3 * t + 1];
    const operands = [
      { array: X.data.subarray(offset, offset + (m - 1) * rowStride + n), use: 'inout' },
      { array: sweeps.subarray(0, 3 * count), use: 'in' },
      { array: coefficients.subarray(0, 2 * turns), use: 'in' },
    ] as const;
    place(operands, 64 * m * team.threads, ({ at: [x, s, c], scratch, run, runHere }) => {
      const go = turns * n < SMALL ? runHere : run;
      go('rotateStrip', Math.ceil(n / 8), x, 8 * rowStride, m, n, s, c, count, scratch);
    });
  },
});
