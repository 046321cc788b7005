// Judges a paper by the rows of its grid alone. A control is a broken experiment on which the check of a claim must fail; one
// that passes all the same is contradicted, for then the check proves nothing.

import type { Claim, Control, Paper, Size, Status, Tables, Verdict } from './paper.js';

export type JudgedClaim = Omit<Claim, 'judge'> & Verdict;
export type JudgedControl = Omit<Control, 'fails'> & Verdict;

export interface Judged {
  readonly claims: readonly JudgedClaim[];
  readonly controls: readonly JudgedControl[];
  /** Of claims and controls. */
  readonly counts: Readonly<Record<Status, number>>;
}

const words = (value: number | string): number | string => (Number.isFinite(value) ? value : String(value));

export function judge(paper: Paper, tables: Tables, size: Size): Judged {
  const claims = paper.claims.map(({ judge: verdictOf, ...claim }): JudgedClaim => {
    const { value, status, note } = verdictOf(tables, size);
    return { ...claim, value: words(value), status, ...(note && { note }) };
  });
  const controls = paper.controls.map(({ fails, ...control }): JudgedControl => {
    const { value, failed } = fails(tables, size);
    return {
      ...control,
      value: words(value),
      status: failed ? 'supported' : 'contradicted',
      ...(!failed && { note: 'the broken experiment passes the check, so that the check proves nothing' }),
    };
  });
  const counts = { supported: 0, 'supported-in-range': 0, 'not-testable': 0, contradicted: 0 };
  for (const { status } of [...claims, ...controls]) counts[status]++;
  return { claims, controls, counts };
}

/** Supported where the statistic is in its band, else contradicted. NaN is in no band: write `in band`, never `not outside`. */
export const verdict = (value: number | string, inBand: boolean, note?: string): Verdict => ({
  value,
  status: inBand ? 'supported' : 'contradicted',
  ...(note && { note }),
});
