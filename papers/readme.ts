// The page of a reproduction, from its claims and the rows of a quick run: what a claim says and what came out cannot differ.

import type { Judged } from './judge.js';
import { statusText, valueText } from './output.js';
import type { Paper } from './paper.js';

const cell = (text: string | number): string => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

/** The text of README.md. */
export function readmeText(paper: Paper, { claims, controls, counts }: Judged, seed: number): string {
  const counted = Object.entries(counts).flatMap(([status, n]) => (n > 0 ? [`${n} ${status}`] : []));
  return `# ${paper.title}

${paper.reference}

${paper.introduction}

\`lorank reproduce ${paper.id}\` computes this table; the rows behind it are in \`results/\` (quick, seed ${seed}): ${counted.join(', ')}.
Experiments are consistent with a theorem, or not; they do not prove it.

## Claims

${table(
  ['', 'statement', 'assumption', 'experiment', 'statistic', 'band and why', 'result', 'status'],
  claims.map((c) => [
    c.id,
    c.statement,
    `${c.assumption} (${c.checkable ? 'can be checked' : 'cannot be checked'})`,
    c.experiment,
    c.statistic,
    `${c.band}. ${c.why}`,
    valueText(c.value),
    statusText(c),
  ]),
)}

## Controls

Each breaks an experiment, and hands its rows to the check of the claims that it guards, which must fail.

${table(
  ['', 'guards', 'what is broken', 'result', 'status'],
  controls.map((c) => [c.id, c.guards.join(', '), c.breaks, valueText(c.value), statusText(c)]),
)}
`;
}
