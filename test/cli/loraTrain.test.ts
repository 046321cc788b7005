// lorank lora pretrain and lorank lora train: from a text to a model, to an adapter, interrupted and gone on from.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openFolder } from '../../src/cli/lora/folder.js';
import type { Tensor } from '../../src/io/tensor.js';
import { singleKernels } from '../../src/kernels/index.js';
import { chainOf } from '../../src/lm/adapters.js';
import { loadModel } from '../../src/lm/architecture.js';
import { startFrom } from '../../src/lm/starts.js';
import { textTask } from '../../src/lm/text.js';
import { byteTokens } from '../../src/lm/tokenizer.js';
import { heldOutLoss, train } from '../../src/lm/train.js';
import { readAdapter } from '../../src/lora/adapter.js';
import { finish } from '../../src/stream.js';
import { close } from '../close.js';
import { llama } from '../lora/models.js';
import { type Folder, folder, lorank } from './harness.js';

const here: Folder = folder();
const text = here.write('text.txt', 'the quick brown fox jumps over the lazy dog, and the dog sleeps. '.repeat(20));
const other = here.write('other.txt', 'a slow red hen walks under an eager cat, but a cat wakes up! '.repeat(20));
const sizes = ['--width', '16', '--layers', '1', '--heads', '2', '--hidden', '24', '--context', '16'];
const model = here.path('model');

/** A model whose query projections are codes. */
function quantised(): string {
  const path = here.path('quantised');
  mkdirSync(path);
  const edit = (tensors: Record<string, Tensor>) => {
    const { 'model.layers.0.self_attn.q_proj.weight': weight } = tensors;
    delete tensors['model.layers.0.self_attn.q_proj.weight'];
    tensors['model.layers.0.self_attn.q_proj.qweight'] = { ...weight, dtype: 'I16' };
  };
  for (const [name, bytes] of Object.entries(llama({ vocabulary: 256, edit }))) writeFileSync(join(path, name), bytes);
  return path;
}

const json = async (...argv: string[]) => {
  const { code, stdout, stderr } = await lorank([...argv, '--json']);
  return { code, stderr, document: JSON.parse(stdout) };
};
const hashes = (path: string) =>
  Object.fromEntries(
    readdirSync(path).map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(path, name)))
        .digest('hex'),
    ]),
  );

beforeAll(async () => {
  const { code, document } = await json('lora', 'pretrain', text, ...sizes, '--steps', '60', '-o', model);
  expect(code).toBe(0);
  expect(document.heldOut.end).toBeLessThan(document.heldOut.start);
});

describe('lora pretrain', () => {
  it('writes a model that has the held-out loss that it told', async () => {
    expect(readdirSync(model).sort()).toEqual([
      'config.json',
      'losses.csv',
      'losses.svg',
      'manifest.json',
      'model.safetensors',
    ]);
    const K = singleKernels();
    const files = await openFolder(model);
    const loaded = await loadModel(K, files);
    await files.close();
    const manifest = JSON.parse(readFileSync(join(model, 'manifest.json'), 'utf8'));
    const { batch, length, seed } = manifest.spec;
    const task = textTask(loaded, byteTokens.encode(readFileSync(text, 'utf8')), { batch, length, seed });
    const last = readFileSync(join(model, 'losses.csv'), 'utf8').trim().split('\n').at(-1)!.split(',');
    expect(String(heldOutLoss(K, task))).toBe(last[2]);
    expect(manifest.inputs).toEqual([{ path: '../text.txt', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
  });
  it('knows gpt2', async () => {
    const { code } = await lorank([
      'lora',
      'pretrain',
      text,
      '--architecture',
      'gpt2',
      ...sizes,
      '--steps',
      '20',
      '-o',
      here.path('gpt2'),
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(readFileSync(join(here.path('gpt2'), 'config.json'), 'utf8')).model_type).toBe('gpt2');
  });
});

describe('lora train', () => {
  const args = (output: string, ...more: string[]) => [
    'lora',
    'train',
    model,
    other,
    '-r',
    '2',
    '--steps',
    '30',
    '--lr',
    '1e-2',
    ...more,
    '-o',
    here.path(output),
  ];

  it.each(['nystrom', 'pissa', 'olora', 'deep', 'compressed-deep'])(
    'from %s: the adapter read back has the held-out loss that was told, within 1e-5; the model is as it was',
    async (init) => {
      const before = hashes(model);
      const { code, document } = await json(
        ...args(`by-${init}`, '--init', init, '--init-scale', '0.1').filter(
          (x, i, all) => /deep/.test(init) || (x !== '--init-scale' && all[i - 1] !== '--init-scale'),
        ),
      );
      expect(code).toBe(0);
      expect(hashes(model)).toEqual(before);
      const K = singleKernels();
      const [base, made] = [await openFolder(model), await openFolder(here.path(`by-${init}`))];
      const loaded = await loadModel(K, base);
      const { chains, config } = await startFrom(loaded, await readAdapter(made));
      const { batch, length, seed } = document;
      const task = textTask(loaded, byteTokens.encode(readFileSync(other, 'utf8')), { batch, length, seed });
      const read = finish(train(K, task, chains, { steps: 0, learningRate: 1 })).rows[0].heldOut!;
      close(read, document.heldOut.end, { rtol: 1e-5 });
      expect(config.r).toBe(/pissa|olora/.test(init) ? 4 : 2);
      expect(chainOf(chains[0]).factors[0].rows).toBe(config.r);
      await base.close();
      await made.close();
    },
  );

  it('interrupted and resumed gives the bytes of the run that was not, with another number of threads', async () => {
    const stopped = new AbortController();
    stopped.abort();
    const cut = await lorank(args('resumed', '--preconditioner', 'authors'), { signal: stopped.signal });
    expect(cut.code).toBe(130);
    expect(cut.stderr).toContain('--resume');
    expect(existsSync(here.path('resumed'))).toBe(false);
    const again = await lorank(args('resumed', '--preconditioner', 'authors'));
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('an interrupted command left it');
    expect((await lorank([...args('resumed', '--preconditioner', 'authors'), '--resume', '--threads', '2'])).code).toBe(
      0,
    );
    expect((await lorank([...args('whole', '--preconditioner', 'authors'), '--threads', '1'])).code).toBe(0);
    const [resumed, whole] = [hashes(here.path('resumed')), hashes(here.path('whole'))];
    for (const name of ['adapter_config.json', 'adapter_model.safetensors', 'losses.csv', 'losses.svg'])
      expect(resumed[name]).toBe(whole[name]);
  });

  it('goes on with an adapter by --from', async () => {
    await lorank(args('first'));
    const { document } = await json(
      'lora',
      'train',
      model,
      other,
      '--from',
      here.path('first'),
      '--steps',
      '10',
      '-o',
      here.path('second'),
    );
    const first = readFileSync(join(here.path('first'), 'losses.csv'), 'utf8')
      .trim()
      .split('\n')
      .at(-1)!
      .split(',')[2];
    expect(document.heldOut.start).toBe(Number(first));
  });

  it('learns from examples, whose prompts do not count', async () => {
    const lines = Array.from({ length: 40 }, (_, i) =>
      JSON.stringify({ prompt: `${i % 7} is `, completion: i % 2 ? 'odd' : 'even' }),
    );
    const jsonl = here.write('examples.jsonl', lines.join('\n'));
    const { code, document } = await json(
      'lora',
      'train',
      model,
      jsonl,
      '-r',
      '2',
      '--steps',
      '30',
      '--lr',
      '1e-2',
      '-o',
      here.path('examples'),
    );
    expect([code, document.heldOut.end < document.heldOut.start]).toEqual([0, true]);
  });

  it('says how many examples are cut and left out', async () => {
    const line = (prompt: string, completion: string) => JSON.stringify({ prompt, completion });
    const lines = [line('x'.repeat(30), 'y'), ...Array(6).fill(line('a is ', 'b')), line('a is ', 'b'.repeat(30))];
    const run = ['lora', 'train', model, here.write('long.jsonl', lines.join('\n')), '-r', '2', '--dry-run'];
    expect((await json(...run)).document.examples).toEqual({ count: 8, cut: 1, leftOut: 1 });
    expect((await lorank(run)).stdout).toContain(
      '1 of 8 cut at --length 16; 1 LEFT OUT: their prompts alone are longer',
    );
  });

  it('that got worse ends with 4, and is written all the same', async () => {
    const { code, stdout } = await lorank(
      args('worse', '--lr', '30', '--schedule', 'constant').map((arg) => (arg === other ? text : arg)),
    );
    expect(code).toBe(4);
    expect(stdout).toMatch(/NOT BETTER|DIVERGED/);
    expect(existsSync(join(here.path('worse'), 'adapter_model.safetensors'))).toBe(true);
  });

  it('says with --dry-run what it would do, and writes nothing', async () => {
    const { code, stdout } = await lorank([...args('dry'), '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/7 layers, 496 numbers/);
    expect(existsSync(here.path('dry'))).toBe(false);
  });

  const refused: [what: string, argv: string[], code: number, message: RegExp][] = [
    ['no rank', ['lora', 'train', model, other, '-o', 'x'], 2, /-r, the rank, is needed/],
    ['no output', ['lora', 'train', model, other, '-r', '2'], 2, /-o, the folder of the adapter, is needed/],
    [
      'an option of another start',
      args('x', '--init', 'kaiming', '--sigma', '0.1'),
      2,
      /--init kaiming takes no --sigma/,
    ],
    ...[
      ['--init', 'nystrom'],
      ['--rank', '2'],
      ['--sigma', '0.1'],
      ['--orientation', 'col'],
      ['--rslora'],
      ['--init-scale', '1'],
      ['--outer-speed', '1'],
    ].map((option): (typeof refused)[number] => [
      `--from with ${option[0]}`,
      ['lora', 'train', model, other, '--from', here.path('first'), ...option, '-o', 'x'],
      2,
      new RegExp(`--from takes no ${option[0]}`),
    ]),
    ['no such text', ['lora', 'train', model, 'absent.txt', '-r', '2', '-o', 'x'], 2, /absent.txt: no such file/],
    ['no such layer', args('x', '--targets', 'q_prog'), 2, /no module matches q_prog/],
    [
      'a text that is too short',
      ['lora', 'train', model, here.write('short.txt', 'abc'), '-r', '2', '-o', here.path('x')],
      3,
      /at least 17 tokens/,
    ],
    [
      'a line that is no JSON',
      ['lora', 'train', model, here.write('bad.jsonl', '{"text":"a"}\n{'), '-r', '2', '-o', here.path('x')],
      3,
      /line 2: should be JSON/,
    ],
    [
      'examples whose prompts are all too long',
      [
        'lora',
        'train',
        model,
        here.write('all.jsonl', `{"prompt":"${'x'.repeat(30)}","completion":"y"}`),
        '-r',
        '2',
        '-o',
        'x',
      ],
      3,
      /tokens that count among its first 17, got none of 1/,
    ],
    [
      'a share that holds nothing out',
      ['lora', 'train', model, here.write('few.txt', 'a few words. '.repeat(10)), '-r', '2', '-o', 'x'],
      3,
      /held out should be at least 17 tokens, got 13 of 130/,
    ],
    [
      'a quantised model',
      ['lora', 'train', quantised(), other, '-r', '2', '-o', here.path('x')],
      3,
      /the base is quantised \(it has the tensor model.layers.0.self_attn.q_proj.qweight\)/,
    ],
    ['a length that the model has not', args('x', '--length', '17'), 2, /length should be from 1 to 16, got 17/],
  ];
  it.each(refused)('refuses %s', async (_what, argv, code, message) => {
    const ended = await lorank(argv);
    expect(ended.stderr).toMatch(message);
    expect(ended.code).toBe(code);
  });
});
