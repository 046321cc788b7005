// What a worker does with the data that its caller sends: takes them in part by part, and makes a run of them.

import type { Kernels } from '../kernels/contract.js';
import type { Run } from '../stream.js';

export interface Job {
  readonly task: 'sense' | 'complete';
}
export type Part = unknown;

export interface Intake {
  take(part: Part): void;
  /** After the last part. */
  run(): Run<unknown, unknown>;
}

export function intakeOf(_K: Kernels, job: Job): Intake {
  throw new Error(`no intake for ${job.task}`);
}
