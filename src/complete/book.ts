// The checkpoint of the default method (bayes.ts): the ends of its legs, the best posterior so far, and the one in progress.

import { dataError } from '../errors.js';
import type { Kernels } from '../kernels/contract.js';
import type { Checkpoint } from '../stream.js';
import type { CompleteProgress } from './complete.js';
import { emptySide, FIELDS, type Posterior, type Side } from './posterior.js';

/** How a leg ended. */
export interface LegEnd {
  readonly stage: CompleteProgress['stage'];
  readonly rank: number;
  readonly sweeps: number;
  /** Held-out RMSE. */
  readonly score: number;
  readonly converged: boolean;
}

export interface Book {
  readonly ends: readonly LegEnd[];
  readonly best: Posterior;
  readonly current: Posterior;
  readonly sweeps: number;
  readonly converged: boolean;
}

const STAGES: readonly CompleteProgress['stage'][] = ['rank', 'polish', 'refit'];

/** The book as a checkpoint. */
export function writeBook({ ends, best, current, sweeps, converged }: Book): Checkpoint {
  const table = new Float64Array(5 * ends.length);
  ends.forEach(({ stage, rank, sweeps, score, converged }, i) => {
    table.set([STAGES.indexOf(stage), rank, sweeps, score, Number(converged)], 5 * i);
  });
  return {
    values: { method: 'posterior', sweeps, converged: Number(converged) },
    arrays: { ends: table, ...writePosterior('best', best), ...writePosterior('current', current) },
  };
}

/** @throws data error where the checkpoint is of another method, or of other ratings. */
export function readBook(K: Kernels, n1: number, n2: number, { values, arrays }: Checkpoint): Book {
  if (values.method !== 'posterior')
    throw dataError('resume: the checkpoint should be of this method, got another kind of checkpoint', 'start anew');
  const table = arrays.ends;
  const ends = Array.from({ length: table.length / 5 }, (_, i) => {
    const [stage, rank, sweeps, score, converged] = table.subarray(5 * i, 5 * i + 5);
    return { stage: STAGES[stage], rank, sweeps, score, converged: converged === 1 };
  });
  return {
    ends,
    best: readPosterior(K, n1, n2, 'best', arrays),
    current: readPosterior(K, n1, n2, 'current', arrays),
    sweeps: Number(values.sweeps),
    converged: values.converged === 1,
  };
}

/** Its arrays by name, copied. */
function writePosterior(name: string, P: Posterior): Record<string, Float64Array> {
  const arrays: Record<string, Float64Array> = { [`${name}.noise`]: Float64Array.of(P.noise) };
  for (const part of ['rows', 'cols'] as const)
    for (const field of FIELDS) arrays[`${name}.${part}.${field}`] = Float64Array.from(P[part][field]);
  return arrays;
}

/** The inverse of writePosterior. */
function readPosterior(K: Kernels, n1: number, n2: number, name: string, arrays: Checkpoint['arrays']): Posterior {
  const w = arrays[`${name}.rows.spread`]?.length ?? 0;
  const side = (part: string, n: number): Side => {
    const made = emptySide(K, n, w);
    for (const field of FIELDS) {
      const saved = arrays[`${name}.${part}.${field}`];
      if (!(saved instanceof Float64Array && saved.length === made[field].length))
        throw dataError('resume: the checkpoint should belong to these ratings, got other shapes', 'start anew');
      made[field].set(saved);
    }
    return made;
  };
  return { width: w, rows: side('rows', n1), cols: side('cols', n2), noise: Number(arrays[`${name}.noise`]?.[0]) };
}
