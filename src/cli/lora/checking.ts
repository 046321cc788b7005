// The work of lorank lora check.

import { cores } from '#platform';
import { LorankError } from '../../errors.js';
import { startKernels } from '../../kernels/index.js';
import { type CheckReport, checkAdapter, type Finding } from '../../lora/check.js';
import { openCheckpoint } from '../../lora/checkpoint.js';
import { openBar } from '../bar.js';
import type { Context } from '../context.js';
import { EXIT } from '../failure.js';
import { grouped } from '../table.js';
import type { CheckFlags } from './check.js';
import { openFolder } from './folder.js';

/** Returns the exit code: 5 for an adapter with faults. */
export async function checking(context: Context, path: string, flags: CheckFlags): Promise<number> {
  const folder = await openFolder(path);
  const model = flags.base === undefined ? undefined : await openFolder(flags.base);
  const K = await startKernels({ threads: context.flags.threads ?? cores() });
  const bar = openBar(context);
  try {
    const report = await checkAdapter(K, folder, {
      base: model && (await openCheckpoint(model)),
      onLayer: (done, of) => {
        if (context.io.signal.aborted) throw new LorankError('aborted', `interrupted after ${done} of ${of} layers`);
        bar.show(
          done,
          () => done / of,
          () => 'layers',
        );
      },
    });
    bar.clear();
    await context.report({ file: path, ...(flags.base ? { base: flags.base } : {}), ...report }, () =>
      text(path, report),
    );
    return report.ok ? EXIT.fine : EXIT.claim;
  } finally {
    bar.clear();
    K.close();
    await folder.close();
    await model?.close();
  }
}

function text(path: string, { layers, findings, ok }: CheckReport): string {
  const faults = findings.filter(({ severity }) => severity === 'fault').length;
  const warnings = findings.length - faults;
  const counted = (n: number, what: string) => (n === 0 ? `no ${what}s` : `${grouped(n)} ${what}${n > 1 ? 's' : ''}`);
  const lines = findings.map(
    ({ severity, check, path: layer, message, repair }: Finding) =>
      `  ${severity} (${check})${layer ? ` ${layer}` : ''}: ${message}\n    ${repair}\n`,
  );
  const end = `${path}: ${grouped(layers)} layers, ${counted(faults, 'fault')}, ${counted(warnings, 'warning')}${ok ? '' : '; it should not be used as it is'}\n`;
  return `${lines.join('')}${lines.length > 0 ? '\n' : ''}${end}`;
}
