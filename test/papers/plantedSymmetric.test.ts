// A sign flipped in the method, or in a diagnostic, makes a named claim of symmetric sensing fail.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { rowsOf } from './cells.js';

afterEach(() => {
  vi.doUnmock('lorank');
  vi.resetModules();
});

/** Verdicts of claims on one cell, with some names of the library replaced. */
async function verdicts(cellId: string, claims: readonly string[], planted: object): Promise<string[]> {
  vi.resetModules();
  vi.doMock('lorank', async (original) => ({ ...(await original<object>()), ...planted }));
  const { paper } = await import('../../papers/stoger-2021-symmetric/paper.js');
  const cells = paper.cells('quick', 5).filter(({ id }) => id === cellId);
  const rows = await rowsOf(cells);
  return claims.map((id) => paper.claims.find((claim) => claim.id === id)!.judge(rows, 'quick').status);
}

describe('symmetric sensing', async () => {
  const lorank = await import('lorank');
  const ascent = (stepSize: number) => lorank.gradient(-stepSize);
  const added = (...args: Parameters<typeof lorank.splitNorms>) => {
    const norms = lorank.splitNorms(...args);
    return { ...norms, noise: norms.noise + norms.reach };
  };
  it.each([
    ['nothing', {}, 'supported'],
    ['the step', { gradient: ascent }, 'contradicted'],
    ['the signal in the noise', { splitNorms: added }, 'contradicted'],
  ])('with the sign of %s flipped: one-step inequalities', async (_, planted, expected) =>
    expect(await verdicts('steps-1-0', ['S2.14'], planted)).toEqual([expected]),
  );
  it.each([
    ['nothing', {}, 'supported'],
    ['the step', { gradient: ascent }, 'contradicted'],
  ])('with the sign of %s flipped: recovery at k = r', async (_, planted, expected) =>
    expect(await verdicts('exact-0', ['S2.1'], planted)).toEqual([expected]),
  );
});
