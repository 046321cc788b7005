import type { Kernels } from '../contract.js';
import type { Machine } from '../machine.js';

/** Numbers that stay in the cache together. */
const BLOCK = 4096;
/** Neighbouring numbers that one task takes through the later stages. */
const STRIP = 1024;

export const simdHadamard = ({ place }: Machine): Pick<Kernels, 'hadamard'> => ({
  hadamard(x) {
    const n = x.length;
    if (n < 4) return small(x);
    place([{ array: x, use: 'inout' }], 0, ({ at: [address], run }) => {
      const block = Math.min(n, BLOCK);
      run('hadamardBlocks', n / block, address, block);
      let half = block;
      for (; half * 2 < n; half *= 4) run('hadamardStrips', n / 4 / STRIP, address, half, STRIP);
      if (half < n) run('hadamardLast', n / 2 / STRIP, address, half, STRIP);
    });
  },
});

function small(x: Float64Array): void {
  if (x.length < 2) return;
  const [a, b] = x;
  x[0] = a + b;
  x[1] = a - b;
}
