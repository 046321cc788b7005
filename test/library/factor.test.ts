// factor() as its caller sees it.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { factor, openSafetensors, rangeOf } from '../../src/node.js';
import { lowRankMatrix } from '../cli/problems.js';
import { close } from '../close.js';

const matrix = lowRankMatrix(20, 14, 3, 1);
const shape = [20, 14] as const;

describe('factor', () => {
  it('gives V and W that meet a matrix of their rank to 1e-12, its file, and a report', async () => {
    const factored = await factor({ matrix, shape, truth: matrix }, { rank: 3, seed: 7 });
    expect(factored).toMatchObject({ outcome: 'converged', method: 'nystrom', rank: 3, seed: 7 });
    expect(factored.residual).toBeLessThan(1e-12);
    expect(factored.error!.relativeFrobenius).toBeLessThan(1e-12);
    for (const [i, j] of [
      [0, 0],
      [3, 5],
      [19, 13],
    ])
      close(factored.predict(i, j), matrix[14 * i + j], { atol: 1e-11 });
    expect(factored.report()).toMatch(/20×14 matrix, method nystrom: converged after 1 steps?\./);
    const file = await openSafetensors(rangeOf(factored.toBytes()));
    expect([...file.tensors.keys()].sort()).toEqual(['left', 'right']);
    const folder = mkdtempSync(join(tmpdir(), 'lorank-'));
    await factored.save(join(folder, 'factors.safetensors'));
    expect(new Uint8Array(readFileSync(join(folder, 'factors.safetensors')))).toEqual(factored.toBytes());
    rmSync(folder, { recursive: true });
  });

  it('of a symmetric matrix gives one factor twice, the same bits with 1 and 2 threads, and can be watched', async () => {
    const S = lowRankMatrix(16, 16, 2, 5, true);
    const of = (threads: number) => factor({ matrix: S, shape: [16, 16], symmetric: true }, { rank: 2, threads });
    const run = of(1);
    const steps: number[] = [];
    for await (const { step } of run) steps.push(step);
    expect(steps.length).toBeGreaterThan(0);
    const [one, two] = [await run, await of(2)];
    expect(one.right).toBe(one.left);
    expect(two.toBytes()).toEqual(one.toBytes());
    close(one.predict(2, 9), S[2 * 16 + 9], { atol: 1e-8 });
  });

  it('makes a matrix from a seed', async () => {
    const generator = { shape: [12, 9] as [number, number], rank: 2 };
    expect((await factor({ generator }, { rank: 2 })).error!.relativeFrobenius).toBeLessThan(1e-12);
  });

  it.each<[string, Parameters<typeof factor>, string, string]>([
    ['too few numbers', [{ matrix, shape: [20, 15] }, { rank: 2 }], 'usage', 'n₁n₂ = 20·15 = 300 numbers, got 280'],
    ['no rank', [{ matrix, shape }, {}], 'usage', 'factor: a rank is needed'],
    ['numbers', [{ matrix: [1, 2] as never, shape: [1, 2] }, { rank: 1 }], 'usage', 'Float64Array'],
    ['NaN', [{ matrix: matrix.with(3, Number.NaN), shape }, { rank: 2 }], 'data', 'finite'],
    ['no symmetry', [{ matrix: matrix.slice(0, 196), shape: [14, 14], symmetric: true }, { rank: 2 }], 'data', 'symm'],
  ])('refuses %s', async (_what, argv, code, message) => {
    await expect(factor(...argv)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });
});
