// A sign flipped in the derivatives, in the trap or in the regulariser makes a named claim fail.

import { afterEach, expect, it, vi } from 'vitest';
import { rowsOf } from './cells.js';

afterEach(() => {
  vi.doUnmock('lorank');
  vi.resetModules();
});

const lorank = await import('lorank');

/** Verdicts of claims on the cells of some tables, with some names of the library replaced. */
async function verdicts(tables: readonly string[], claims: readonly string[], planted: object): Promise<string[]> {
  vi.resetModules();
  vi.doMock('lorank', async (original) => ({ ...(await original<object>()), ...planted }));
  const { paper } = await import('../../papers/bhojanapalli-2016-landscape/paper.js');
  const cells = paper.cells('quick', 5).filter(({ table, id }) => tables.includes(table) && id.endsWith('-0'));
  const rows = await rowsOf(cells);
  return claims.map((id) => paper.claims.find((claim) => claim.id === id)!.judge(rows, 'quick').status);
}

type Curved = ReturnType<typeof lorank.curvedSensing>;
const turned = (F: Curved): Curved => ({
  ...F,
  hessian(theta) {
    const H = F.hessian(theta);
    return { ...H, times: (D) => ((HD) => ({ ...HD, data: HD.data.map((v) => -v) }))(H.times(D)) };
  },
});
const hessian = {
  curvedSensing: (...args: Parameters<typeof lorank.curvedSensing>) => turned(lorank.curvedSensing(...args)),
};
const incoherence = {
  incoherence: (...args: Parameters<typeof lorank.incoherence>) => turned(lorank.incoherence(...args)),
};
const trapProblem = {
  trapProblem(...args: Parameters<typeof lorank.trapProblem>) {
    const made = lorank.trapProblem(...args);
    return { ...made, y: made.y.map((v, i) => (i === 0 ? -v : v)) };
  },
};

it.each([
  ['nothing', {}, ['supported', 'supported', 'supported', 'supported']],
  ['the Hessian', hessian, ['contradicted', 'contradicted', 'contradicted', 'supported']],
  ['the curvature of the regulariser', incoherence, ['supported', 'supported', 'supported', 'contradicted']],
])('with the sign of %s flipped', async (_, planted, expected) =>
  expect(
    await verdicts(['instance', 'saddles', 'identities', 'regulariser'], ['S4.2', 'S4.8', 'S4.9', 'S4.12'], planted),
  ).toEqual(expected),
);

it('with the sign of the first measurement flipped, width 2 no longer ends at zero', async () => {
  expect(await verdicts(['cure'], ['S4.4'], {})).toEqual(['supported']);
  expect(await verdicts(['cure'], ['S4.4'], trapProblem)).toEqual(['contradicted']);
});
