// The work of lorank lora convert.

import { usageError } from '../../errors.js';
import { readAdapter } from '../../lora/adapter.js';
import { openCheckpoint } from '../../lora/checkpoint.js';
import { converting } from '../../lora/convert.js';
import { modulesOf } from '../../lora/targets.js';
import type { Context } from '../context.js';
import { figure } from '../table.js';
import type { ConvertFlags } from './convert.js';
import { openFolder } from './folder.js';
import { makeAdapter, withInputs } from './making.js';

/** Returns the exit code. */
export const convert = (context: Context, path: string, flags: ConvertFlags): Promise<number> =>
  withInputs([path, ...(flags.init === undefined ? [] : [flags.init])], async (inputs) => {
    const { to, recompress } = flags;
    if (flags.init === undefined && to === undefined && recompress === undefined)
      throw usageError('there is nothing to convert', 'name --init, --to or --recompress');
    const [adapter, init] = await Promise.all(inputs.map(({ files }) => readAdapter(files)));
    const known = flags.model === undefined ? undefined : await modulePaths(flags.model);
    return makeAdapter(context, {
      flags,
      inputs,
      spec: { task: 'lora convert', init: flags.init !== undefined, to, recompress, known: known?.length },
      dialect: to ?? adapter.dialect,
      work: (K) => converting(K, adapter, { init, rank: recompress, to, known }),
      columns: [
        ['rank', ({ from, rank }) => (from === rank ? `${rank}` : `${from} → ${rank}`)],
        ['‖ΔW‖', ({ norm }) => figure(norm)],
      ],
      more: () => ({ document: { names: to ?? adapter.dialect }, facts: [['names', to ?? adapter.dialect ?? 'peft']] }),
    });
  });

async function modulePaths(model: string): Promise<string[]> {
  const folder = await openFolder(model);
  try {
    return modulesOf(await openCheckpoint(folder)).map(({ path }) => path);
  } finally {
    await folder.close();
  }
}
