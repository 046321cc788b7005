// A method made of several descents (over-parametrise, then finish at the detected rank) runs them as legs of one journey.
// The book holds the ends of the finished legs and the iterate of the current one. Because what a method decides between
// legs follows from their ends alone, a checkpoint is the book: a resumed method walks through its finished legs at once
// and goes on inside the current one, to the same bits.

import { descend, type Iterate, type Objective, type Rule, type Theta } from '../descend.js';
import { dataError } from '../errors.js';
import type { Outcome, Stop } from '../stop.js';
import type { Checkpoint, Snapshot } from '../stream.js';

export interface LegEnd {
  /** Where the judge's score was lowest; without a judge, the last iterate. */
  readonly theta: Theta;
  readonly last: Theta;
  readonly loss: number;
  /** Steps taken in this leg. */
  readonly steps: number;
  readonly outcome: Outcome;
  /** The judge's score of theta, where there is a judge. */
  readonly score?: number;
  /** The judge lost patience: no stopping rule fired. */
  readonly judged: boolean;
}

/** Scores each iterate from outside the loss (a held-out error); the leg then ends at the lowest score. */
export interface Judge {
  score(theta: Theta): number;
  /** Converged when the lowest score has not fallen by one per cent for this many steps. */
  readonly patience: number;
}

export type Leg = {
  readonly start: () => Theta;
  readonly stop: Stop;
  readonly judge?: Judge;
} & ({ readonly objective: Objective; readonly rule: Rule } | { readonly stream: StreamOf });

/** The iterates from a start or from one of them, where they are not descend's own: a method that keeps its buffers. */
export type StreamOf = (from: Theta | Iterate) => Iterable<Iterate>;

/** Where the traveller is: what a method shows of a leg in progress. */
export interface Position {
  readonly leg: number;
  /** Steps in all legs so far. */
  readonly step: number;
  readonly it: Iterate;
  readonly score?: number;
}

const OUTCOMES: readonly Outcome[] = ['converged', 'iteration-limit', 'diverged', 'stalled', 'aborted'];

export interface Book<P> {
  /** Runs the next leg, or looks its end up. */
  travel(leg: Leg): Generator<Snapshot<P>, LegEnd, undefined>;
  /** Steps in the legs that have ended. */
  steps(): number;
}

/**
 * @param show what is told of a position; called only when somebody looks.
 * @param from a checkpoint of the same method on the same data.
 * @throws data error when the checkpoint is not one of such a method.
 */
export function openBook<P>(show: (position: Position) => P, from?: Checkpoint): Book<P> {
  const ends: LegEnd[] = [];
  let saved = from;

  function* travel(way: Leg): Generator<Snapshot<P>, LegEnd, undefined> {
    const { start, stop, judge } = way;
    const stream: StreamOf = 'stream' in way ? way.stream : (from) => descend(way.objective, way.rule, from);
    const leg = ends.length;
    const stored = saved && readEnd(saved, leg);
    if (stored) {
      ends.push(stored);
      return stored;
    }
    const resumed = saved && readIterate(saved);
    saved = undefined;
    const before = ends.reduce((steps, end) => steps + end.steps, 0);
    let memory = resumed ? resumed.memory : stop.start;
    let best = resumed?.best;
    for (const it of stream(resumed ? resumed.it : start())) {
      const score = judge?.score(it.theta);
      if (judge && score! < 0.99 * (best?.reference ?? Number.POSITIVE_INFINITY))
        best = { theta: it.theta, score: score!, reference: score!, k: it.k, loss: it.loss };
      else if (best && score! < best.score) best = { ...best, theta: it.theta, score: score!, loss: it.loss };
      const memoryBefore = memory;
      const seen = stop.see(it, memory);
      memory = seen.memory;
      const patient = judge && best && it.k - best.k >= judge.patience ? 'converged' : undefined;
      const outcome = seen.outcome ?? patient;
      if (outcome) {
        const kept = best && outcome !== 'diverged' ? best : { theta: it.theta, loss: it.loss, score };
        const judged = seen.outcome === undefined;
        const end = {
          theta: kept.theta,
          last: it.theta,
          loss: kept.loss,
          score: kept.score,
          steps: it.k,
          outcome,
          judged,
        };
        ends.push(end);
        return end;
      }
      const held = best;
      yield {
        get progress() {
          return show({ leg, step: before + it.k, it, score });
        },
        checkpoint: () => writeBook(ends, it, memoryBefore, held),
      };
    }
    throw new Error('a stream of iterates does not end');
  }
  return { travel, steps: () => ends.reduce((steps, end) => steps + end.steps, 0) };
}

interface Best {
  readonly theta: Theta;
  readonly score: number;
  /** The score that the next one has to fall below by one per cent to count as progress. */
  readonly reference: number;
  readonly k: number;
  readonly loss: number;
}

function writeBook(ends: readonly LegEnd[], it: Iterate, memory: readonly number[], best?: Best): Checkpoint {
  const values: Record<string, number> = { legs: ends.length, k: it.k, loss: it.loss };
  const arrays: Record<string, Float64Array> = { theta: it.theta, grad: it.grad, stop: Float64Array.from(memory) };
  if (it.memory) arrays.memory = it.memory;
  if (best) {
    arrays.best = best.theta;
    arrays.bestNumbers = Float64Array.of(best.score, best.reference, best.k, best.loss);
  }
  ends.forEach((end, i) => {
    arrays[`end${i}`] = end.theta;
    if (end.last !== end.theta) arrays[`last${i}`] = end.last;
    const { loss, steps, outcome, score = Number.NaN, judged } = end;
    arrays[`endNumbers${i}`] = Float64Array.of(loss, steps, OUTCOMES.indexOf(outcome), score, Number(judged));
  });
  return { values, arrays };
}

function readEnd({ values, arrays }: Checkpoint, leg: number): LegEnd | undefined {
  if (leg >= Number(values.legs)) return undefined;
  const [loss, steps, outcome, score, judged] = f64(arrays[`endNumbers${leg}`]);
  const theta = f64(arrays[`end${leg}`]);
  return {
    theta,
    last: f64(arrays[`last${leg}`] ?? theta),
    loss,
    steps,
    outcome: OUTCOMES[outcome],
    score: Number.isNaN(score) ? undefined : score,
    judged: judged === 1,
  };
}

function readIterate({ values, arrays }: Checkpoint): { it: Iterate; memory: number[]; best?: Best } {
  const it: Iterate = {
    k: Number(values.k),
    theta: f64(arrays.theta),
    loss: Number(values.loss),
    grad: f64(arrays.grad),
    memory: arrays.memory && f64(arrays.memory),
  };
  const memory = Array.from(f64(arrays.stop));
  if (!arrays.best) return { it, memory };
  const [score, reference, k, loss] = f64(arrays.bestNumbers);
  return { it, memory, best: { theta: f64(arrays.best), score, reference, k, loss } };
}

function f64(array: unknown): Float64Array {
  if (array instanceof Float64Array) return array;
  throw dataError('resume: the checkpoint should hold a book of descents, got another kind of checkpoint');
}
