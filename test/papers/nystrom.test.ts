// A sign flipped in scaled steps, or a start that leaves the columns of A, makes named claims fail.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { rowsOf } from './cells.js';

afterEach(() => {
  vi.doUnmock('lorank');
  vi.resetModules();
});

/** Verdicts of claims on the first cells of some tables, with some names of the library replaced. */
async function verdicts(tables: readonly string[], claims: readonly string[], planted: object): Promise<string[]> {
  vi.resetModules();
  vi.doMock('lorank', async (original) => ({ ...(await original<object>()), ...planted }));
  const { paper } = await import('../../papers/li-2024-nystrom/paper.js');
  const cells = paper.cells('quick', 5).filter(({ table, id }) => tables.includes(table) && id.endsWith('-0'));
  const rows = await rowsOf(cells);
  return claims.map((id) => paper.claims.find((claim) => claim.id === id)!.judge(rows, 'quick').status);
}

describe('the Nyström start', async () => {
  const lorank = await import('lorank');
  type Steps = Parameters<typeof lorank.scaledSteps>;
  const ascent = (K: Steps[0], A: Steps[1], options: Steps[2]) =>
    lorank.scaledSteps(K, A, { ...options, stepSize: -(options.stepSize ?? 0.5) });
  const outside = (...args: Parameters<typeof lorank.nystrom>) =>
    lorank.nystrom(...args).map((v, t) => v + 1e-3 * (t % 7));
  const [fine, bad] = ['supported', 'contradicted'];

  it.each([
    ['nothing', {}, [fine, fine, fine, fine]],
    ['the sign of the step', { scaledSteps: ascent }, [bad, bad, bad, bad]],
    ['the space of the start', { nystrom: outside }, [bad, bad, bad, bad]],
  ])('with %s broken', async (_, planted, expected) =>
    expect(await verdicts(['exact', 'law'], ['S6.2', 'S6.3', 'S6.14', 'S6.17'], planted)).toEqual(expected),
  );
});
