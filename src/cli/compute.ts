// Computes what a description says, here and now: kernels, data, the run, the bar. What `sense`, `complete`, `run` and
// `verify` share.

import { cores } from '#platform';
import { drive } from '../engine/drive.js';
import type { Finished, Job, Progress } from '../engine/jobs.js';
import type { FileHash } from '../engine/manifest.js';
import { inputsOf } from '../engine/manifest.js';
import { prepare } from '../engine/prepare.js';
import { startKernels } from '../kernels/index.js';
import type { RunSpec } from '../spec.js';
import type { Checkpoint, Snapshot } from '../stream.js';
import { openBar } from './bar.js';
import type { Context } from './context.js';
import { STANDARD, sha256OfFile } from './files.js';
import { progressText, shareDone } from './report.js';
import { openResources } from './resources.js';

export interface Computed {
  readonly finished: Finished;
  readonly job: Job;
  readonly seconds: number;
  readonly kernels: string;
  readonly threads: number;
  /** The hashes of what was read; empty unless asked for. */
  readonly inputs: readonly FileHash[];
}

export interface ComputeOptions {
  /** Whether the inputs are to be hashed. */
  readonly hash: boolean;
  /** Called when the data is in place; what it returns is where the run goes on from. */
  begin?(job: Job, inputs: readonly FileHash[]): Promise<Checkpoint | undefined>;
  onSnapshot?(snapshot: Snapshot<Progress>): void | Promise<void>;
  onAbort?(snapshot: Snapshot<Progress>): void | Promise<void>;
}

/** Paths in spec are relative to the working folder. */
export async function compute(context: Context, spec: RunSpec, options: ComputeOptions): Promise<Computed> {
  const start = performance.now();
  const { signal } = context.io;
  const resources = openResources(context);
  const K = await startKernels({ threads: context.flags.threads ?? cores() });
  const bar = openBar(context);
  try {
    const paths = options.hash ? inputsOf(spec) : [];
    const [job, hashes] = await Promise.all([
      prepare(K, spec, resources),
      Promise.all(paths.map((path) => (path === STANDARD ? '' : sha256OfFile(path)))),
    ]);
    const inputs = paths.map((path, i) => ({ path, sha256: hashes[i] || resources.standardInput()! }));
    for (const note of job.notes) context.note(note);
    const from = await options.begin?.(job, inputs);
    const finished = await drive<Progress, Finished>(job.run(from), {
      signal,
      onSnapshot(snapshot) {
        const { progress } = snapshot;
        bar.show(
          progress.step,
          () => shareDone(progress, spec),
          () => progressText(progress),
        );
        return options.onSnapshot?.(snapshot);
      },
      onAbort: options.onAbort,
    });
    const { build, threads } = K;
    return { finished, job, seconds: (performance.now() - start) / 1000, kernels: build, threads, inputs };
  } finally {
    bar.clear();
    K.close();
    await resources.close();
  }
}
