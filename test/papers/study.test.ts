// The judges of the study on losses that were made up: no difference, a difference, runs that scatter too much, runs that
// diverge, a best learning rate at an edge; its vocabulary; and one short run of each kind with what it must do.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { readBook } from '../../papers/li-2024-nystrom-study/book.js';
import { encoded, learnMerges } from '../../papers/li-2024-nystrom-study/bpe.js';
import { chosen } from '../../papers/li-2024-nystrom-study/measures.js';
import { settingOf, weightsOf } from '../../papers/li-2024-nystrom-study/models.js';
import { paper } from '../../papers/li-2024-nystrom-study/paper.js';
import { type MethodId, methodIds, PARTS } from '../../papers/li-2024-nystrom-study/presets.js';
import type { Row, Tables } from '../../papers/paper.js';
import { interval } from '../../papers/statistics.js';
import { normals, stream } from '../../src/random/index.js';
import { close } from '../close.js';
import { rowsOf } from './cells.js';

type Loss = (method: MethodId, run: number, percent: number) => number;
const RATES = [1, 2, 4, 8, 16];

/** Runs whose loss falls from 3 to about 2, with a best learning rate of 4 and some scatter. */
const scatter = normals(stream(3, 'scatter'), 8 * 5);
const usual: Loss = (method, run, percent) =>
  3 - percent / 100 + 0.01 * scatter[5 * methodIds.indexOf(method) + run] * Math.min(1, percent);

const tablesOf = (loss: Loss = usual, best = 2): Tables => ({
  runs: PARTS.flatMap((part) =>
    methodIds.flatMap((method) =>
      RATES.flatMap((rate, i) =>
        Array.from({ length: 5 }, (_, run): Row => {
          const looks = Array.from({ length: 11 }, (_, look) => [
            `at${10 * look}`,
            loss(method, run, 10 * look) + 0.1 * Math.abs(i - best) * Math.min(1, look),
          ]);
          return { part, method, rate, run, ...Object.fromEntries(looks) };
        }),
      ),
    ),
  ),
});

const judged = (id: string, tables: Tables) => paper.claims.find((claim) => claim.id === id)!.judge(tables, 'quick');
const control = (id: string, tables: Tables) => paper.controls.find((one) => one.id === id)!.fails(tables, 'quick');

describe('a comparison', () => {
  it('of methods that do not differ supports the band, and its control still separates', () => {
    const found = judged('S6.33h', tablesOf());
    expect(found.status).toBe('supported');
    expect(found.value).toMatch(/^10 %: Nyström 2\.\d+ ± 0\.0\d+, LoRA 2\.\d+ ± 0\.0\d+; 100 %: /);
    expect(control('S6.C33h', tablesOf())).toEqual({ value: 'higher at 10 %, higher at 100 %', failed: true });
  });
  it.each([
    ['lower', -0.2],
    ['higher', 0.2],
  ])('of methods that differ says that the band proved wrong, and that one is %s', (word, shift) => {
    const differs: Loss = (...all) => usual(...all) + (all[0] === 'nystrom' && all[2] === 100 ? shift : 0);
    const found = judged('S6.33h', tablesOf(differs));
    expect(found.status).toBe('supported-in-range');
    expect(found.note).toContain(`the band proved wrong: intervals separate, Nyström is ${word} at 100 %;`);
  });
  it.each([
    [0.05, 'supported-in-range', 'the intervals overlap, but resolve no more than 4.'],
    [0.4, 'contradicted', 'run by run the difference is'],
  ])('of runs that scatter by %d to either side: %s', (size, status, note) => {
    const wild: Loss = (...all) => usual(...all) + (all[0] === 'lora' ? size * (all[1] - 2) : 0);
    const found = judged('S6.33h', tablesOf(wild));
    expect([found.status, found.note]).toEqual([status, expect.stringContaining(note)]);
  });
  it('with a run that diverged at its best rate, and at every other one, is no support', () => {
    const gone: Loss = (...all) => (all[0] === 'lora' && all[1] === 0 && all[2] > 50 ? Number.NaN : usual(...all));
    expect(judged('S6.33h', tablesOf(gone)).status).toBe('contradicted');
  });
});

describe('the learning rate', () => {
  it('of a run is what the other runs choose', () => {
    // run 0 alone is best at the first rate, by far: the others would follow it if it had a say
    const lucky: Tables = {
      runs: tablesOf().runs.map((row) => (row.run === 0 && row.rate === 1 ? { ...row, at100: -100 } : row)),
    };
    const rows = chosen(lucky, 'decoder', 'lora');
    expect(rows.map(({ rate }) => rate)).toEqual([4, 1, 1, 1, 1]);
  });
  it('that is best at an edge of the grid contradicts', () => {
    expect(judged('S6.33e', tablesOf()).status).toBe('supported');
    expect(control('S6.C33e', tablesOf()).failed).toBe(true);
    for (const edge of [0, 4]) {
      const found = judged('S6.33e', tablesOf(usual, edge));
      expect([found.status, String(found.value).includes('PiSSA (denoiser)')]).toEqual(['contradicted', true]);
    }
  });
});

describe('an adaptation', () => {
  it('is a loss that falls', () => {
    expect(judged('S6.33f', tablesOf()).status).toBe('supported');
    expect(control('S6.C33f', tablesOf()).failed).toBe(true);
    const rises: Loss = (method, run, percent) =>
      method === 'olora' ? 3 + percent / 100 : usual(method, run, percent);
    expect(judged('S6.33f', tablesOf(rises)).status).toBe('contradicted');
  });
});

describe('an interval', () => {
  it('is that of Student: 1 … 5 gives 3 ± 2.776·√(2.5/5)', () => {
    const { mean, half } = interval([1, 2, 3, 4, 5]);
    close([mean, half], [3, 2.776 * Math.sqrt(0.5)], { rtol: 1e-12 });
    expect(interval([1, Number.NaN]).half).toBeNaN();
  });
});

describe('the vocabulary', () => {
  const text = 'abracadabra abracadabra'.repeat(20);
  const merges = learnMerges(new TextEncoder().encode(text), 262);
  it('merges the most frequent pair first', () => expect(merges[0]).toEqual([97, 98]));
  it('spells what it was given, in fewer tokens', () => {
    const spell = (token: number): string =>
      token < 256 ? String.fromCharCode(token) : merges[token - 256].map(spell).join('');
    const tokens = encoded(merges, text);
    expect(Array.from(tokens, spell).join('')).toBe(text);
    expect(tokens.length).toBeLessThan(text.length / 3);
  });
});

describe('the book', () => {
  const book = readBook();
  it('has two domains of records, and other countries held out', () => {
    for (const { learned, held } of [book.own, book.shifted]) {
      expect(learned.length).toBeGreaterThan(1e6);
      expect(held.length).toBeGreaterThan(2e5);
      expect(learned.includes(held.slice(0, 300))).toBe(false);
    }
    expect(book.own.learned.slice(0, 40)).toMatch(/^Background: /);
    expect(book.shifted.learned.slice(0, 40)).toMatch(/^Electricity - production: /);
  });
});

describe('what an adapter does to the base', async () => {
  const lorank = await import('lorank');
  const base = await weightsOf(settingOf('denoiser', 'quick', 5).untrained(lorank.singleKernels()));
  const bases = new Map([['base-denoiser', base]]);
  /** Verdicts on the starts that matter, with some names of the library replaced. */
  const verdicts = async (planted: object) => {
    vi.resetModules();
    vi.doMock('lorank', async (original) => ({ ...(await original<object>()), ...planted }));
    const study = (await import('../../papers/li-2024-nystrom-study/paper.js')).paper;
    const cells = study.cells('quick', 5).filter(({ id }) => /^effects-denoiser-(nystrom|pissa)$/.test(id));
    const rows = await rowsOf(cells, bases);
    return ['S6.33b', 'S6.33c', 'S6.33d'].map(
      (id) => study.claims.find((claim) => claim.id === id)!.judge(rows, 'quick').status,
    );
  };
  const nudged: typeof lorank.startAdapters = async (...args) => {
    const started = await lorank.startAdapters(...args);
    const chains = started.chains.map((chain) => {
      const { B, ...pair } = chain as import('lorank').Pair;
      return { ...pair, B: { ...B, data: B.data.map((b) => b + 0.01) } };
    });
    return { ...started, chains };
  };
  const forgetful: typeof lorank.learnedAdapter = (K, model, started, learned) =>
    lorank.learnedAdapter(K, started.model === model ? model : started.model, started, learned);
  const [fine, bad] = ['supported', 'contradicted'];

  afterEach(() => {
    vi.doUnmock('lorank');
    vi.resetModules();
  });
  it.each([
    ['nothing', {}, [fine, fine, fine]],
    ['B = 0', { startAdapters: nudged }, [bad, fine, fine]],
    ['the doubling of the rank', { learnedAdapter: forgetful }, [fine, fine, bad]],
  ])('with %s broken', async (_, planted, expected) => expect(await verdicts(planted)).toEqual(expected));
});
