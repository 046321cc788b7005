// The reproductions, each loaded when it is asked for.

import type { Paper } from './paper.js';

const papers: Readonly<Record<string, () => Promise<Paper>>> = {
  'soltanolkotabi-2023-asymmetric': () =>
    import('./soltanolkotabi-2023-asymmetric/paper.js').then(({ paper }) => paper),
  'stoger-2021-symmetric': () => import('./stoger-2021-symmetric/paper.js').then(({ paper }) => paper),
  'chou-2023-weight-normalisation': () =>
    import('./chou-2023-weight-normalisation/paper.js').then(({ paper }) => paper),
  'bhojanapalli-2016-landscape': () => import('./bhojanapalli-2016-landscape/paper.js').then(({ paper }) => paper),
  'li-2024-nystrom': () => import('./li-2024-nystrom/paper.js').then(({ paper }) => paper),
  'li-2024-nystrom-study': () => import('./li-2024-nystrom-study/paper.js').then(({ paper }) => paper),
  'yaras-2023-deep-factorisation': () => import('./yaras-2023-deep-factorisation/paper.js').then(({ paper }) => paper),
};

/** Their ids, in the order in which they are listed. */
export const paperIds: readonly string[] = Object.keys(papers);

/** @param id one of paperIds. */
export const loadPaper = (id: string): Promise<Paper> => papers[id]();

export { type Judged, type JudgedClaim, type JudgedControl, judge } from './judge.js';
export { claimsDocument, outputsOf, type Reproduced, statusText, valueText } from './output.js';
export type { Base, Bases, Cell, Paper, Row, Size, Status, Tables, Work } from './paper.js';
export { readmeText } from './readme.js';
export { finish as finishWork, type Progress, runPaper } from './run.js';
export { fromCsv, toCsv } from './tables.js';
