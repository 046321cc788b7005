// The work of lorank lora extract.

import { openCheckpoint } from '../../lora/checkpoint.js';
import { extracting, type NotCarried } from '../../lora/extract.js';
import { parseTargets } from '../../lora/targets.js';
import { DEFAULT_SEED } from '../../random/index.js';
import type { Context } from '../context.js';
import { figure } from '../table.js';
import type { ExtractFlags } from './extract.js';
import { makeAdapter, withInputs } from './making.js';

/** Returns the exit code. */
export const extract = (context: Context, base: string, tuned: string, flags: ExtractFlags): Promise<number> =>
  withInputs([base, tuned], async (inputs) => {
    const [before, after] = [await openCheckpoint(inputs[0].files), await openCheckpoint(inputs[1].files)];
    const { energy, seed = DEFAULT_SEED } = flags;
    const rank = flags.rank ?? (energy === undefined ? 16 : undefined);
    const targets = flags.targets === undefined ? undefined : parseTargets(flags.targets);
    let left: readonly NotCarried[] = [];
    return makeAdapter(context, {
      flags,
      inputs,
      spec: { task: 'lora extract', rank, energy, targets: flags.targets, seed },
      work: (K) =>
        extracting(K, before, after, { rank, energy, targets, seed }, (found) => {
          left = found;
        }),
      columns: [
        ['rank', (layer) => String(layer.rank)],
        ['‖ΔW‖/‖W‖', ({ change }) => figure(change)],
      ],
      more: () => ({
        document: { seed, notCarried: left },
        facts: [
          ['seed', String(seed)],
          ...(left.length === 0
            ? [['not carried', 'nothing: all other tensors are equal'] as const]
            : left.map(
                ({ name, why, change }, i) =>
                  [
                    i === 0 ? 'not carried' : '',
                    `${name}: ${why}${change === undefined ? '' : `, changed by ${figure(change)}`}`,
                  ] as const,
              )),
        ],
      }),
    });
  });
