// The step of a descent: one that the data suggest is halved where it diverges; of one that is given, it is told what would do.

import type { Outcome } from '../stop.js';
import type { Snapshot } from '../stream.js';

/** Times that a suggested step is halved. */
const HALVINGS = 8;

/** The step of a descent, and where it comes from. */
export interface Step {
  readonly stepSize: number;
  readonly suggested: number;
  readonly given?: number;
}

/** Descends with the step that is given, else with the suggested one, or the first half of it, a quarter, … that does not diverge. */
export function* withStep<P, E extends { readonly outcome: Outcome }>(
  { suggested, given }: Omit<Step, 'stepSize'>,
  descent: (stepSize: number) => Generator<Snapshot<P>, E, undefined>,
): Generator<Snapshot<P>, { readonly end: E; readonly step: Step }, undefined> {
  let stepSize = given ?? suggested;
  for (let halvings = 0; ; halvings++, stepSize /= 2) {
    const end = yield* descent(stepSize);
    if (end.outcome !== 'diverged' || given !== undefined || halvings === HALVINGS)
      return { end, step: { stepSize, suggested, given } };
  }
}

/** What is told of a step that diverged. */
export function stepNotes(outcome: Outcome, { stepSize, suggested, given }: Step): string[] {
  const figure = (step: number) => Number(step.toPrecision(3));
  if (outcome !== 'diverged')
    return stepSize < suggested && given === undefined
      ? [`The step ${figure(suggested)} that the data suggest diverges; ${figure(stepSize)} was taken.`]
      : [];
  if (given === undefined)
    return [`Steps from ${figure(suggested)} down to ${figure(stepSize)} diverge; give a smaller one.`];
  return given > suggested
    ? [`A step of ${figure(given)} diverges; ${figure(suggested)} would do.`]
    : [`A step of ${figure(given)} diverges; without one, ${figure(suggested)} is halved until it does not.`];
}
