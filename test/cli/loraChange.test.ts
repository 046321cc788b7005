// lorank lora extract, resize, merge, diff, convert, average, from the command line: what is written, what is left alone, what
// is refused, and how they go on.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type AdapterLayer, adapterFiles, adapterOf } from '../../src/lora/adapter.js';
import { type PeftConfig, peftConfig } from '../../src/lora/config.js';
import { bytesOf } from '../../src/lora/files.js';
import { type LlamaOptions, llama } from '../lora/models.js';
import { layer } from '../lora/samples.js';
import { folder, lorank } from './harness.js';

const disk = folder();
let count = 0;
const output = () => disk.path(`out-${count++}`);

/** A folder with these files, new each time. */
function filled(files: Readonly<Record<string, Uint8Array>>): string {
  const path = disk.path(`in-${count++}`);
  mkdirSync(path);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(path, name), bytes);
  return path;
}
const model = (options: LlamaOptions = {}, more: Record<string, Uint8Array> = {}) =>
  filled({ ...llama({ dtype: 'F32', ...options }), ...more });

const PATHS = ['model.layers.0.self_attn.q_proj', 'model.layers.1.mlp.down_proj', 'model.layers.1.self_attn.q_proj'];
const sized = (path: string, seed = '', over: Partial<AdapterLayer> = {}): AdapterLayer => {
  const inputs = path.endsWith('down_proj') ? 96 : 64;
  const { A, B } = layer(path + seed, { outputs: 64, inputs });
  for (const M of [A, B])
    M.data.forEach((x, t) => {
      M.data[t] = 0.1 * x;
    });
  return { ...layer(path, { outputs: 64, inputs, A, B }), ...over };
};
async function adapter(
  seed = '',
  config: Partial<PeftConfig> = {},
  layers = PATHS.map((path) => sized(path, seed)),
): Promise<string> {
  const made = adapterOf(
    peftConfig({ r: 4, lora_alpha: 8, target_modules: ['q_proj', 'down_proj'], ...config }),
    layers,
  );
  const files = await Promise.all(adapterFiles(made).map(async (file) => [file.name, await bytesOf(file)] as const));
  return filled(Object.fromEntries(files));
}

const hashes = (path: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(path).map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(path, name)))
        .digest('hex'),
    ]),
  );
const readJson = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'));
/** Ctrl-C, seen at the n-th look. */
const after = (n: number) => {
  let looks = 0;
  return {
    get aborted() {
      return looks++ >= n;
    },
  } as AbortSignal;
};
const run = async (...argv: string[]) => {
  const { code, stdout, stderr } = await lorank(['lora', ...argv, '--json']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout);
};

describe('lorank lora resize', () => {
  it('writes the smaller adapter, its error, and a manifest whose hashes hold; the input keeps its bytes', async () => {
    const from = await adapter();
    const before = hashes(from);
    const out = output();
    const told = await run('resize', from, '-r', '2', '-o', out);
    expect(told.layers.map(({ path, from: r, rank }: never) => [path, r, rank])).toEqual(
      PATHS.map((path) => [path, 4, 2]),
    );
    expect(told.error).toBeGreaterThan(0.3);
    expect(readdirSync(out).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors', 'manifest.json']);
    expect(readJson(out, 'adapter_config.json')).toMatchObject({
      r: 2,
      lora_alpha: 4,
      target_modules: ['q_proj', 'down_proj'],
    });
    const manifest = readJson(out, 'manifest.json');
    expect(manifest.spec).toMatchObject({ task: 'lora resize', rank: 2 });
    for (const { path, sha256 } of manifest.inputs) expect(before[path.split('/').at(-1)]).toBe(sha256);
    for (const { path, sha256 } of manifest.outputs) expect(hashes(out)[path]).toBe(sha256);
    expect(hashes(from)).toEqual(before);
  });

  it('gives the same bytes with 1 thread and 2', async () => {
    const from = await adapter();
    const bytes = async (threads: string) => {
      const out = output();
      await run('resize', from, '-r', '3', '-o', out, '--threads', threads);
      return readFileSync(join(out, 'adapter_model.safetensors'));
    };
    expect(await bytes('1')).toEqual(await bytes('2'));
  });

  it('goes on where it was interrupted, to the same bytes', async () => {
    const from = await adapter();
    const [whole, out] = [output(), output()];
    await run('resize', from, '-r', 'auto', '--energy', '0.7', '-o', whole);
    const argv = ['lora', 'resize', from, '-r', 'auto', '--energy', '0.7', '-o', out];
    const stopped = await lorank(argv, { signal: after(2) });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/interrupted after 2 of 3 layers, which are kept\n.* --resume goes on from there/);
    expect([existsSync(out), readdirSync(`${out}.partial/kept`).length]).toEqual([false, 2]);
    expect((await lorank([...argv.slice(0, 6), '0.8', '-o', out, '--resume'])).stderr).toMatch(
      /left by another command/,
    );
    expect((await lorank([...argv, '--resume'])).code).toBe(0);
    expect({ ...hashes(out), 'manifest.json': '' }).toEqual({ ...hashes(whole), 'manifest.json': '' });
    expect(existsSync(`${out}.partial`)).toBe(false);
  });

  it('with --dry-run says the same and writes nothing', async () => {
    const from = await adapter();
    const told = await run('resize', from, '-r', '2', '-o', output());
    const before = disk.list();
    const dry = await run('resize', from, '-r', '2', '--dry-run');
    expect(dry).toMatchObject({ dryRun: true, layers: told.layers, error: told.error });
    expect(disk.list()).toEqual(before);
  });

  it('writes the names that it read: a kohya file stays one', async () => {
    const [kohya, out] = [output(), output()];
    await run('convert', await adapter(), '--to', 'kohya', '-o', kohya);
    await run('resize', join(kohya, 'lora.safetensors'), '-r', '2', '-o', out);
    expect(readdirSync(out).sort()).toEqual(['lora.safetensors', 'manifest.json']);
  });
});

describe('lorank lora merge', () => {
  it('writes the shards, the index and the tokenizer of the model, and leaves out weights in other formats', async () => {
    const text = new TextEncoder().encode('{}');
    const base = model({}, { 'tokenizer.json': text, 'pytorch_model.bin': text, 'README.md': text });
    const before = hashes(base);
    const out = output();
    const told = await run('merge', base, await adapter(), '-o', out);
    expect(told.layers.map(({ path }: { path: string }) => path).sort()).toEqual(PATHS);
    expect(told).toMatchObject({ leftOut: ['pytorch_model.bin'], unchanged: 18 });
    const written = hashes(out);
    expect(Object.keys(written)).toEqual(
      [...Object.keys(before).filter((name) => !name.endsWith('.bin')), 'manifest.json'].sort(),
    );
    for (const name of ['config.json', 'tokenizer.json', 'model.safetensors.index.json'])
      expect(written[name]).toBe(before[name]);
    const manifest = readJson(out, 'manifest.json');
    for (const { path, sha256 } of manifest.outputs) expect(written[path]).toBe(sha256);
    for (const { path, sha256 } of manifest.inputs)
      if (path.includes('model-')) expect(before[path.split('/').at(-1)]).toBe(sha256);
    expect(hashes(base)).toEqual(before);
  });

  it('and back with --scale -1 is the model again: ≤ 1e-6 by lorank lora diff', async () => {
    const [base, by] = [model(), await adapter()];
    const [there, back] = [output(), output()];
    await run('merge', base, by, '-o', there);
    await run('merge', there, by, '--scale', '-1', '-o', back);
    const found = await run('diff', base, back);
    expect(found).toMatchObject({ kind: 'models', onlyInA: [], onlyInB: [] });
    expect(found.relative).toBeLessThan(1e-6);
    expect((await run('diff', base, there)).relative).toBeGreaterThan(0.1);
  });

  it('goes on where it was interrupted, to the same bytes', async () => {
    const [base, by] = [model(), await adapter()];
    const [whole, out] = [output(), output()];
    await run('merge', base, by, '-o', whole);
    const argv = ['lora', 'merge', base, by, '-o', out];
    const stopped = await lorank(argv, { signal: after(12) });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/interrupted after [12] of 3 files/);
    expect(existsSync(out)).toBe(false);
    expect((await lorank([...argv, '--resume'])).code).toBe(0);
    expect({ ...hashes(out), 'manifest.json': '' }).toEqual({ ...hashes(whole), 'manifest.json': '' });
  });

  it('with --dry-run says the same and writes nothing', async () => {
    const [base, by] = [model(), await adapter()];
    const before = disk.list();
    const { code, stdout } = await lorank(['lora', 'merge', base, by, '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/model\.layers\.1\.mlp\.down_proj\.weight +\d/);
    expect(stdout).toMatch(/nothing is written: 3 files/);
    expect(disk.list()).toEqual(before);
  });
});

describe('lorank lora extract', () => {
  it('gives back what was merged, and says what it does not carry', async () => {
    const [base, by] = [model(), await adapter()];
    const [tuned, out] = [output(), output()];
    await run('merge', base, by, '-o', tuned);
    const told = await run('extract', base, tuned, '-r', '4', '-o', out);
    expect(told).toMatchObject({ notCarried: [], seed: 20230 });
    expect(told.error).toBeLessThan(1e-5);
    const found = await run('diff', by, out);
    expect(found).toMatchObject({ kind: 'adapters', onlyInA: [], onlyInB: [] });
    expect(found.relative).toBeLessThan(1e-5);
    expect(Math.max(...found.layers.flatMap((l: { columnAngles: number[] }) => l.columnAngles))).toBeLessThan(0.1);
    const other = model({
      edit: (tensors) => {
        const norm = tensors['model.norm.weight'];
        tensors['model.norm.weight'] = { ...norm, bytes: new Uint8Array(norm.bytes.length) };
      },
    });
    const { stdout } = await lorank(['lora', 'extract', base, other, '--dry-run']);
    expect(stdout).toMatch(/not carried +model\.norm\.weight: no matrix, changed by 1\n/);
    const ended = await lorank(['lora', 'extract', base, other, '-o', output()]);
    expect([ended.code, ended.stderr]).toEqual([3, expect.stringContaining('only others do: model.norm.weight')]);
  });

  it('goes on where it was interrupted, to the same bytes', async () => {
    const [base, tuned] = [model(), output()];
    await run('merge', base, await adapter(), '-o', tuned);
    const [whole, out] = [output(), output()];
    await run('extract', base, tuned, '-r', '2', '-o', whole);
    const argv = ['lora', 'extract', base, tuned, '-r', '2', '-o', out];
    expect((await lorank(argv, { signal: after(6) })).code).toBe(130);
    expect((await lorank([...argv, '--resume'])).code).toBe(0);
    expect({ ...hashes(out), 'manifest.json': '' }).toEqual({ ...hashes(whole), 'manifest.json': '' });
  });
});

describe('lorank lora convert', () => {
  it('makes a plain adapter of twice the rank; at the rank of what training changed nothing is lost', async () => {
    const init = { init_lora_weights: 'pissa' };
    const start = PATHS.map((path) => sized(path));
    const trained = start.map((one) => ({
      ...one,
      A: { ...one.A, data: one.A.data.map((x, t) => (t < one.A.cols ? 2 * x : x)) },
    }));
    const [first, last] = [await adapter('', init, start), await adapter('', init, trained)];
    const [plain, small] = [output(), output()];
    const told = await run('convert', last, '--init', first, '-o', plain);
    expect(told.layers[0]).toMatchObject({ from: 4, rank: 8, error: 0 });
    expect(readJson(plain, 'adapter_config.json')).toMatchObject({ r: 8, lora_alpha: 16, init_lora_weights: true });
    await run('convert', last, '--init', first, '--recompress', '1', '-o', small);
    expect((await run('diff', plain, small)).relative).toBeLessThan(1e-6);
  });

  it('to kohya and back with the names of the model is the same adapter: ≤ 1e-14', async () => {
    const [base, from] = [model(), await adapter()];
    const [kohya, back] = [output(), output()];
    await run('convert', from, '--to', 'kohya', '-o', kohya);
    await run('convert', kohya, '--to', 'peft', '--model', base, '-o', back);
    const found = await run('diff', from, back);
    expect(found).toMatchObject({ onlyInA: [], onlyInB: [] });
    expect(found.relative).toBeLessThan(1e-14);
  });
});

describe('an adapter that came with a changed base in a file of its own', () => {
  it.each(['pissa', 'olora', 'milora'])(
    '%s: merge, resize, average and train --from refuse it, convert makes it plain',
    async (method) => {
      const base = model({ vocabulary: 256 });
      const [start, plain, out] = [output(), output(), output()];
      await run('init', base, '-r', '2', '--method', method, '--targets', 'q_proj', '-o', start);
      const text = join(filled({ 'text.txt': new TextEncoder().encode('some words '.repeat(60)) }), 'text.txt');
      for (const words of [
        ['merge', base, start],
        ['resize', start, '-r', '1'],
        ['average', start, start],
        ['train', base, text, '--from', start, '--steps', '1'],
      ]) {
        const ended = await lorank(['lora', ...words, '-o', out]);
        expect([words[0], ended.code]).toEqual([words[0], 3]);
        expect(ended.stderr).toMatch(
          new RegExp(`the adapter says method '${method}', base 'residual'.*\\n.*lora convert`),
        );
        expect(existsSync(out) || existsSync(`${out}.partial`)).toBe(false);
      }
      await run('convert', start, '--init', start, '-o', plain);
      expect((await run('merge', base, plain, '-o', out)).layers.every(({ change }: never) => change < 1e-6)).toBe(
        true,
      );
    },
  );
});

describe('lorank lora average', () => {
  it('takes weights and a rank, and says the error', async () => {
    const [a, b] = [await adapter(), await adapter('/second')];
    const [mean, same] = [output(), output()];
    const told = await run('average', a, b, '--weights', '0.7,0.3', '-r', '4', '-o', mean);
    expect(told).toMatchObject({ weights: [0.7, 0.3] });
    expect(told.error).toBeGreaterThan(0.1);
    await run('average', a, a, '-r', '4', '-o', same);
    expect((await run('diff', a, same)).relative).toBeLessThan(1e-6);
  });
});

describe('lorank lora diff', () => {
  it('prints layers, angles, and what is in one alone', async () => {
    const a = await adapter();
    const b = await adapter(
      '/second',
      {},
      PATHS.slice(1).map((path) => sized(path, '/second')),
    );
    const { code, stdout } = await lorank(['lora', 'diff', a, b]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/down_proj +1\.\d+ +-?0\.0\d+ +\d+\.\d° … \d+\.\d°/);
    expect(stdout).toMatch(/only in A +model\.layers\.0\.self_attn\.q_proj/);
  });
});

describe('refused, with nothing written:', () => {
  const other = () => adapter('', {}, [sized('model.layers.9.self_attn.q_proj')]);
  const cases: [string, () => Promise<string[]>, number, RegExp][] = [
    ['no rank', async () => ['resize', await adapter(), '-o', output()], 2, /-r, the rank, is needed/],
    ['no output', async () => ['resize', await adapter(), '-r', '2'], 2, /-o, the folder of the output, is needed/],
    [
      'an input that is not there',
      async () => ['resize', disk.path('none'), '-r', '2', '-o', output()],
      2,
      /no such file or folder/,
    ],
    [
      'a folder without an adapter',
      async () => ['resize', model(), '-r', '2', '-o', output()],
      3,
      /adapter_model.safetensors or one .safetensors file/,
    ],
    [
      'a rank that is no number',
      async () => ['resize', await adapter(), '-r', 'two', '-o', output()],
      2,
      /--rank should be a whole number/,
    ],
    [
      'an energy above 1',
      async () => ['resize', await adapter(), '-r', 'auto', '--energy', '2', '-o', output()],
      2,
      /--energy should be a share/,
    ],
    [
      'an energy beside a rank',
      async () => ['resize', await adapter(), '-r', '2', '--energy', '0.9', '-o', output()],
      2,
      /energy should come with rank 'auto'/,
    ],
    [
      'an adapter of another base',
      async () => ['merge', model(), await other(), '-o', output()],
      3,
      /1 of the 1 layers of the adapter have no weight in the model: model.layers.9/,
    ],
    [
      'a scale that is no number',
      async () => ['merge', model(), await adapter(), '--scale', 'x', '-o', output()],
      2,
      /--scale should be a number/,
    ],
    [
      'models of different shapes',
      async () => ['extract', model(), model({ vocabulary: 130 }), '-o', output()],
      3,
      /should have the same shapes, 2 differ: model.embed_tokens.weight/,
    ],
    ['nothing to convert', async () => ['convert', await adapter(), '-o', output()], 2, /nothing to convert/],
    [
      'a changed base without its start',
      async () => ['convert', await adapter('', { init_lora_weights: 'pissa' }), '--to', 'kohya', '-o', output()],
      3,
      /init_lora_weights 'pissa'/,
    ],
    [
      'weights that are too few',
      async () => ['average', await adapter(), await adapter(), '--weights', '1', '-o', output()],
      2,
      /weights should be 2 finite numbers/,
    ],
    ['an adapter beside a model', async () => ['diff', await adapter(), model()], 2, /is an adapter, .* is a model/],
    [
      'NaN in an adapter',
      async () => {
        const bad = sized(PATHS[0]);
        bad.B.data[3] = Number.NaN;
        return ['resize', await adapter('', {}, [bad]), '-r', '2', '-o', output()];
      },
      3,
      /q_proj: B should hold finite numbers, got NaN/,
    ],
    [
      'a truncated adapter',
      async () => {
        const from = await adapter();
        truncateSync(join(from, 'adapter_model.safetensors'), 3000);
        return ['merge', model(), from, '-o', output()];
      },
      3,
      /tensors should end with the file/,
    ],
    [
      'a truncated shard',
      async () => {
        const base = model();
        truncateSync(join(base, 'model-00002-of-00003.safetensors'), 5000);
        return ['merge', base, await adapter(), '-o', output()];
      },
      3,
      /model-00002-of-00003.safetensors|tensors should end with the file/,
    ],
  ];
  it.each(cases)('%s', async (_, argv, code, sentence) => {
    const words = await argv();
    const before = disk.list();
    const ended = await lorank(['lora', ...words]);
    expect(ended.stderr).toMatch(sentence);
    expect([ended.code, ended.stdout]).toEqual([code, '']);
    expect(disk.list()).toEqual(before);
  });

  it('an output that is the input, or is there without --force', async () => {
    const [base, by, out] = [model(), await adapter(), output()];
    expect((await lorank(['lora', 'resize', by, '-r', '2', '-o', by, '--force'])).stderr).toMatch(
      /is or holds the input/,
    );
    expect((await lorank(['lora', 'merge', base, by, '-o', base, '--force'])).stderr).toMatch(/is or holds the input/);
    await run('resize', by, '-r', '2', '-o', out);
    expect(await lorank(['lora', 'resize', by, '-r', '3', '-o', out])).toMatchObject({ code: 2 });
    expect(readJson(out, 'adapter_config.json').r).toBe(2);
    await run('resize', by, '-r', '3', '-o', out, '--force');
    expect(readJson(out, 'adapter_config.json').r).toBe(3);
  });
});
