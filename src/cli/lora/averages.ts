// The work of lorank lora average.

import { readAdapter } from '../../lora/adapter.js';
import { averaging } from '../../lora/average.js';
import type { Context } from '../context.js';
import { figure } from '../table.js';
import type { AverageFlags } from './average.js';
import { makeAdapter, withInputs } from './making.js';

/** Returns the exit code. */
export const average = (context: Context, paths: readonly string[], flags: AverageFlags): Promise<number> =>
  withInputs(paths, async (inputs) => {
    const adapters = await Promise.all(inputs.map(({ files }) => readAdapter(files)));
    const { weights = paths.map(() => 1 / paths.length), rank } = flags;
    return makeAdapter(context, {
      flags,
      inputs,
      spec: { task: 'lora average', weights, rank },
      dialect: adapters[0].dialect,
      work: (K) => averaging(K, adapters, { weights, rank }),
      columns: [
        ['of', ({ of }) => `${of}`],
        ['rank', (layer) => String(layer.rank)],
        ['‖ΔW‖', ({ norm }) => figure(norm)],
      ],
      more: () => ({ document: { weights }, facts: [['weights', weights.map(figure).join(', ')]] }),
    });
  });
