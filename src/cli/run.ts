// lorank run: runs a description, or repeats a manifest.

import type { AddCommand } from './command.js';
import { outputOptions } from './values.js';

export const runCommand: AddCommand = (add, act) => {
  const command = add('run')
    .description('run a description of a run, or repeat the run of a manifest')
    .argument('<spec.json>', 'a description (docs/run-spec.md) or a manifest; its paths are relative to its folder');
  for (const made of outputOptions('where the result goes')) command.addOption(made);
  command
    .addHelpText(
      'after',
      `
Examples:
  lorank run spec.json -o X.npy
  lorank run X.npy.manifest.json -o again.npy`,
    )
    .action(
      act(async (context, path: string, flags: { output?: string; force?: boolean; resume?: boolean }) => {
        const { readManifest } = await import('./reproductionManifest.js');
        const reproduction = await readManifest(path);
        if (reproduction) {
          const { reproduce } = await import('./reproduction.js');
          const { paper, size, seed } = reproduction.spec;
          return reproduce(context, paper, { size, seed, out: flags.output, resume: flags.resume });
        }
        const { readLoraManifest, repeatLora } = await import('./lora/verifying.js');
        const lora = await readLoraManifest(path);
        if (lora) return repeatLora(context, path, lora, flags);
        const { readPredictionManifest } = await import('./predictionManifest.js');
        const prediction = await readPredictionManifest(path);
        if (prediction) {
          const { repeatPrediction } = await import('./prediction.js');
          return repeatPrediction(context, path, prediction, flags);
        }
        const { readDescription, requireSameInputs } = await import('./description.js');
        const { execute } = await import('./execute.js');
        const description = await readDescription(path, context);
        await requireSameInputs(description);
        return execute(context, { ...flags, spec: description.spec, reads: [path] });
      }),
    );
};
