// A sign flipped in the method makes a named claim fail.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { rowsOf } from './cells.js';

afterEach(() => {
  vi.doUnmock('lorank');
  vi.resetModules();
});

/** Verdicts of claims on the cells of some tables, with some names of the library replaced. */
async function verdicts(tables: readonly string[], claims: readonly string[], planted: object): Promise<string[]> {
  vi.resetModules();
  vi.doMock('lorank', async (original) => ({ ...(await original<object>()), ...planted }));
  const { paper } = await import('../../papers/soltanolkotabi-2023-asymmetric/paper.js');
  const cells = paper.cells('quick', 5).filter(({ table, id }) => tables.includes(table) && id.endsWith('-0'));
  const rows = await rowsOf(cells);
  return claims.map((id) => paper.claims.find((claim) => claim.id === id)!.judge(rows, 'quick').status);
}

describe('asymmetric sensing', async () => {
  const lorank = await import('lorank');
  const turned = (K: Parameters<typeof lorank.factorPair>[0], n1: number, n2: number, k: number) => {
    const phi = lorank.factorPair(K, n1, n2, k);
    const pullback = (theta: Float64Array, G: Parameters<typeof phi.pullback>[1]) =>
      phi.pullback(theta, G).map((g, i) => (i < n1 * k ? g : -g));
    return { ...phi, pullback };
  };
  const ascent = (stepSize: number) => lorank.gradient(-stepSize);
  const wrongDrift = (...args: Parameters<typeof lorank.imbalanceStep>) => {
    const change = lorank.imbalanceStep(...args);
    return { ...change, data: change.data.map((v) => -v) };
  };

  it.each([
    ['nothing', {}, ['supported', 'supported']],
    ['the gradient of W', { factorPair: turned }, ['contradicted', 'contradicted']],
    ['the step', { gradient: ascent }, ['contradicted', 'contradicted']],
    ['the recursion', { imbalanceStep: wrongDrift }, ['contradicted', 'supported']],
  ])('with the sign of %s flipped', async (_, planted, expected) =>
    expect(await verdicts(['identities'], ['S1.21', 'S1.22'], planted)).toEqual(expected),
  );
});
