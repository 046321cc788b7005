// Runs a description from the command line: refuses what would lose something, computes, keeps checkpoints, writes the
// output and its manifest, and tells what came out.

import { readCheckpoint, writeCheckpoint } from '../engine/checkpoint.js';
import type { Progress } from '../engine/jobs.js';
import { identity, inputsOf, manifestText, requireSameRun, withPaths } from '../engine/manifest.js';
import { outputOf } from '../engine/output.js';
import { LorankError, usageError } from '../errors.js';
import { DEFAULT_SEED } from '../random/index.js';
import { parseSpec, type RunSpec } from '../spec.js';
import type { Snapshot } from '../stream.js';
import { compute } from './compute.js';
import type { Context } from './context.js';
import {
  beside,
  checkInputs,
  checkOutputs,
  checkpointOf,
  exists,
  manifestOf,
  readWhole,
  remove,
  STANDARD,
  sha256Of,
  textBytes,
  writeTogether,
  writeWhole,
} from './files.js';
import { exitCode, reportDocument, reportText } from './report.js';
import { versions } from './version.js';

export interface ExecuteOptions {
  readonly spec: RunSpec;
  /** Where the result goes; without it only the report is made. */
  readonly output?: string;
  readonly force?: boolean;
  readonly resume?: boolean;
  /** The files that the description comes from; none where it comes from flags. The output must not replace them. */
  readonly reads?: readonly string[];
}

const CHECKPOINT_INTERVAL = 5000; // ms between two checkpoints

/** Returns the exit code. */
export async function execute(context: Context, options: ExecuteOptions): Promise<number> {
  const { output, force = false, resume = false, reads = [] } = options;
  const spec = specOf(options);
  const toFile = output !== undefined && output !== STANDARD;
  if (output === STANDARD && context.flags.json)
    throw usageError('-o - and --json both want standard output', 'name a file with -o');
  if (resume && !toFile) throw usageError('--resume needs -o: the checkpoint lies beside the output', 'add -o <file>');
  await checkInputs([...inputsOf(spec), ...reads]);
  const checkpoint = toFile ? checkpointOf(output) : undefined;
  if (toFile) {
    const inputs = [...inputsOf(spec), ...reads];
    await checkOutputs([output, manifestOf(output)], { inputs, force });
    await requireCheckpointIntent(context, checkpoint!, { force, resume });
  }

  let run = '';
  let saved = performance.now();
  let kept = resume;
  const save = async (snapshot: Snapshot<Progress>) => {
    await writeWhole(checkpoint!, writeCheckpoint(snapshot.checkpoint(), run));
    saved = performance.now();
    kept = true;
  };
  const made = await compute(context, spec, {
    hash: toFile,
    async begin(_job, inputs) {
      if (!checkpoint) return undefined;
      run = identity(spec, inputs);
      if (!resume) return undefined;
      const stored = await readCheckpoint(await readWhole(checkpoint), checkpoint);
      requireSameRun(run, stored.identity, checkpoint);
      return stored.checkpoint;
    },
    onSnapshot: (snapshot) =>
      checkpoint && performance.now() - saved > CHECKPOINT_INTERVAL ? save(snapshot) : undefined,
    onAbort: (snapshot) => (checkpoint ? save(snapshot) : undefined),
  }).catch((thrown) => {
    if (!(thrown instanceof LorankError && thrown.code === 'aborted')) throw thrown;
    throw new LorankError(
      'aborted',
      kept ? `interrupted; ${checkpoint} keeps what was done` : 'interrupted; nothing is kept',
      kept ? `${context.commandLine}${resume ? '' : ' --resume'}` : undefined,
    );
  });

  if (output === STANDARD) for (const piece of outputOf(made.finished)) await context.write(piece);
  if (toFile) {
    const manifest = manifestText({
      spec: withPaths(spec, (path) => beside(output, path)),
      versions: versions(),
      kernels: made.kernels,
      threads: made.threads,
      inputs: made.inputs.map(({ path, sha256 }) => ({ path: beside(output, path), sha256 })),
      outputs: [{ path: beside(output, output), sha256: sha256Of(outputOf(made.finished, output)) }],
      outcome: made.finished.outcome,
    } satisfies Parameters<typeof manifestText>[0]);
    await writeTogether([
      [output, outputOf(made.finished, output)],
      [manifestOf(output), [textBytes(manifest)]],
    ]);
    await remove(checkpoint!);
  }
  const { notes } = made.finished.result;
  if (output === STANDARD || context.flags.json) for (const note of notes) context.note(note);
  if (output !== STANDARD) await context.report(reportDocument(made, spec), () => reportText(made, spec, output));
  return exitCode(made.finished);
}

/** The description, checked, with its seed. What a method has no use for is told as the flag that it came from. */
function specOf({ spec, reads }: ExecuteOptions): RunSpec {
  try {
    return { seed: DEFAULT_SEED, ...parseSpec(JSON.parse(JSON.stringify(spec))) };
  } catch (thrown) {
    const key = /Unrecognized keys?: "(\w+)".*at method/.exec((thrown as Error).message)?.[1];
    if (reads || !key) throw thrown;
    const flag = key === 'stepSize' ? 'step' : key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw usageError(`--method ${spec.method!.name} takes no --${flag}`, 'leave one of them out');
  }
}

async function requireCheckpointIntent(
  { commandLine }: Context,
  checkpoint: string,
  { force, resume }: { force: boolean; resume: boolean },
): Promise<void> {
  const there = exists(checkpoint);
  if (resume && !there) throw usageError(`${checkpoint}: no such checkpoint`, 'run the same command without --resume');
  if (there && !resume && !force)
    throw usageError(
      `${checkpoint} is there: an interrupted run left it`,
      `${commandLine} --resume goes on from it; --force starts anew`,
    );
}
