// A sign flipped in weight normalisation, or in what is said of it, makes a named claim fail.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { rowsOf } from './cells.js';

afterEach(() => {
  vi.doUnmock('lorank');
  vi.resetModules();
});

/** Verdicts of claims on the first cell of each table, with some names of the library replaced. */
async function verdicts(claims: Readonly<Record<string, string>>, planted: object): Promise<string[]> {
  vi.resetModules();
  vi.doMock('lorank', async (original) => ({ ...(await original<object>()), ...planted }));
  const { paper } = await import('../../papers/chou-2023-weight-normalisation/paper.js');
  const cells = paper.cells('quick', 5).filter(({ id }) => Object.values(claims).some((table) => id === `${table}-0`));
  const rows = await rowsOf(cells);
  return Object.keys(claims).map((id) => paper.claims.find((claim) => claim.id === id)!.judge(rows, 'quick').status);
}

describe('weight normalisation', async () => {
  const lorank = await import('lorank');
  const claims = { 'S3.1': 'invariants', 'S3.3': 'potential', 'S3.11': 'depthOne' };
  const [good, bad] = ['supported', 'contradicted'];
  const invariant = (u: Float64Array, radius: number, ratio: number, depth: number) =>
    lorank.weightNormInvariant(u, radius, -ratio, depth);
  const inverse: typeof lorank.diagonal = (K, A, y, options) =>
    lorank.diagonal(K, A, y, { ...options, ratio: options.ratio && 1 / options.ratio });
  const logarithm = (x: number) => -lorank.log(x);

  it.each([
    ['nothing', {}, [good, good, good]],
    ['κ in the invariant', { weightNormInvariant: invariant }, [bad, good, good]],
    ['the exponent of κ in descent', { diagonal: inverse }, [good, bad, bad]],
    ['the logarithm of the potential and of the rate', { log: logarithm }, [good, bad, bad]],
  ])('with the sign of %s flipped', async (_, planted, expected) =>
    expect(await verdicts(claims, planted)).toEqual(expected),
  );

  it('with the sign of the exponent of w_eff flipped', async () => {
    const flipped = (w0: Float64Array, radius: number, ratio: number) => lorank.equivalentStart(w0, radius, -ratio);
    expect(await verdicts({ 'S3.2': 'equivalence' }, { equivalentStart: flipped })).toEqual([bad]);
  });
});
