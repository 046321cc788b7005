// The work of lorank lora check.

import { basename, join } from 'node:path';
import { cores } from '#platform';
import { LorankError } from '../../errors.js';
import { startKernels } from '../../kernels/index.js';
import { type CheckReport, checkAdapter, type Finding } from '../../lora/check.js';
import { openCheckpoint } from '../../lora/checkpoint.js';
import { type Files, readJson } from '../../lora/files.js';
import { openBar } from '../bar.js';
import type { Context } from '../context.js';
import { EXIT } from '../failure.js';
import { sha256OfFile } from '../files.js';
import { grouped } from '../table.js';
import type { CheckFlags } from './check.js';
import { type OpenFolder, openFolder } from './folder.js';
import type { FolderHash } from './output.js';

/** Returns the exit code: 5 for an adapter with faults. */
export async function checking(context: Context, path: string, flags: CheckFlags): Promise<number> {
  const folder = await openFolder(path);
  const model = flags.base === undefined ? undefined : await openFolder(flags.base);
  const K = await startKernels({ threads: context.flags.threads ?? cores() });
  const bar = openBar(context);
  try {
    const base = model && (await openCheckpoint(model));
    const checked = await checkAdapter(K, folder, {
      base,
      onLayer: (done, of) => {
        if (context.io.signal.aborted) throw new LorankError('aborted', `interrupted after ${done} of ${of} layers`);
        bar.show(
          done,
          () => done / of,
          () => 'layers',
        );
      },
    });
    const other = model && base && (await otherFile(folder, model, base.files));
    bar.clear();
    const report = other ? { ...checked, findings: [...checked.findings, other] } : checked;
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

/** A file of the base that is not the one of its name which the manifest beside the adapter says it was made from. */
async function otherFile(adapter: Files, model: OpenFolder, files: readonly string[]): Promise<Finding | undefined> {
  if (!adapter.names.includes('manifest.json')) return undefined;
  const { inputs } = await readJson(adapter, 'manifest.json');
  const read = (Array.isArray(inputs) ? inputs : []) as Partial<FolderHash>[];
  for (const file of files) {
    const known = read.filter(({ path }) => typeof path === 'string' && basename(path) === basename(file));
    if (known.length === 0) continue;
    const sha256 = await sha256OfFile(join(model.folder, file));
    if (known.every((input) => input.sha256 !== sha256))
      return {
        ...{ severity: 'warning', check: 'base' },
        message: `${file} is another file than the one that the adapter was made from: its sha256 begins with ${sha256.slice(0, 12)}, in the manifest with ${known[0].sha256?.slice(0, 12)}`,
        repair: 'take the base that it was made from, unless this one is meant',
      };
  }
  return undefined;
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
