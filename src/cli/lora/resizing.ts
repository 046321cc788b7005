// The work of lorank lora resize.

import { usageError } from '../../errors.js';
import { readAdapter } from '../../lora/adapter.js';
import { resizing } from '../../lora/resize.js';
import type { Context } from '../context.js';
import { figure } from '../table.js';
import { makeAdapter, withInputs } from './making.js';
import type { ResizeFlags } from './resize.js';

/** Returns the exit code. */
export const resize = (context: Context, path: string, flags: ResizeFlags): Promise<number> =>
  withInputs([path], async (inputs) => {
    const { rank, energy } = flags;
    if (rank === undefined) throw usageError('-r, the rank, is needed', 'for example -r 16, or -r auto');
    const adapter = await readAdapter(inputs[0].files);
    return makeAdapter(context, {
      flags,
      inputs,
      spec: { task: 'lora resize', rank, ...(rank === 'auto' ? { energy: energy ?? 0.95 } : {}) },
      dialect: adapter.dialect,
      work: (K) => resizing(K, adapter, { rank, energy }),
      columns: [
        ['rank', ({ from, rank: to }) => (from === to ? `${to}` : `${from} → ${to}`)],
        ['‖ΔW‖', ({ norm }) => figure(norm)],
      ],
    });
  });
