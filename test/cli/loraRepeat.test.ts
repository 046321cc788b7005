// The manifests of lorank lora: lorank run repeats the command in them, lorank verify computes their outputs again.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { llama } from '../lora/models.js';
import { folder, lorank } from './harness.js';

const disk = folder();
const at = (name: string) => disk.path(name);
const lora = async (...words: string[]) => {
  const { code, stderr } = await lorank(['lora', ...words]);
  expect([stderr, code]).toEqual(['', 0]);
};

beforeAll(async () => {
  mkdirSync(at('model'));
  const files = llama({ dtype: 'F32', vocabulary: 256, layers: 1, d: 32, kv: 16, mlp: 40 });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(at('model'), name), bytes);
  writeFileSync(at('text.txt'), 'the quick brown fox jumps over the lazy dog, and sleeps. '.repeat(20));
  await lora('init', at('model'), '-r', '2', '--method', 'pissa', '-o', at('pissa'));
  const training = ['--steps', '6', '--length', '8', '--batch', '2', '--lr', '1e-2', '--targets', 'q_proj'];
  await lora('train', at('model'), at('text.txt'), '-r', '2', ...training, '-o', at('first'));
  await lora('train', at('model'), at('text.txt'), '-r', '2', '--seed', '4', ...training, '-o', at('second'));
  await lora('merge', at('model'), at('first'), '-o', at('merged'));
});

const commands: [string, () => string[]][] = [
  ['init', () => ['init', at('model'), '-r', '2', '--rslora', '--targets', '/q_proj|down/', '--sigma', 'auto']],
  ['init of a changed base', () => ['init', at('model'), '-r', '2', '--method', 'pissa']],
  ['extract', () => ['extract', at('model'), at('merged'), '--energy', '0.9']],
  ['resize', () => ['resize', at('first'), '-r', 'auto', '--energy', '0.5']],
  ['merge', () => ['merge', at('model'), at('second'), '--scale', '-0.5']],
  ['convert', () => ['convert', at('pissa'), '--init', at('pissa'), '--to', 'kohya', '--model', at('model')]],
  ['average', () => ['average', at('first'), at('second'), '--weights', '0.7,-0.3', '-r', '1']],
  [
    'train --from',
    () => ['train', at('model'), at('text.txt'), '--from', at('first'), '--steps', '5', '--length', '8'],
  ],
  ['pretrain', () => ['pretrain', at('text.txt'), '--width', '8', '--heads', '2', '--context', '8', '--steps', '5']],
];

const hashes = (path: string) => JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')).outputs;

describe.each(commands)('lorank lora %s', (name, words) => {
  const out = () => at(`out-${name.replaceAll(/\W/g, '')}`);

  it('is repeated by lorank run to the same bytes, and verified by computing it again', async () => {
    expect((await lorank(['lora', ...words(), '-o', out()])).code).toBeLessThan(5);
    const again = `${out()}-again`;
    const { stderr } = await lorank(['run', join(out(), 'manifest.json'), '-o', again]);
    expect(stderr).toBe('the same bits as in the manifest\n');
    expect(hashes(again)).toEqual(hashes(out()));

    const verified = await lorank(['verify', out(), '--json']);
    expect(verified.code).toBe(0);
    const [{ inputs, outputs }] = JSON.parse(verified.stdout).manifests;
    expect(inputs.length).toBeGreaterThan(0);
    expect(outputs.map(({ recomputed }: { recomputed: string }) => recomputed)).toEqual(
      hashes(out()).map(() => 'same'),
    );
  });
});

describe('a manifest of lorank lora', () => {
  it('is verified where it was moved with its inputs; a changed output and a changed input are told', async () => {
    await lora('resize', at('first'), '-r', '1', '-o', at('small'));
    mkdirSync(at('moved'));
    for (const name of ['first', 'small']) renameSync(at(name), join(at('moved'), name));
    const [input, output] = ['moved/first', 'moved/small'].map((path) => at(`${path}/adapter_model.safetensors`));
    expect((await lorank(['verify', at('moved/small')])).code).toBe(0);
    flip(output);
    const changed = await lorank(['verify', at('moved/small')]);
    expect([changed.code, changed.stdout]).toEqual([
      5,
      expect.stringMatching(/changed since the run; recomputed: the same/),
    ]);
    flip(input);
    const other = await lorank(['verify', at('moved/small')]);
    expect([other.code, other.stdout]).toEqual([5, expect.stringMatching(/not recomputed/)]);
    const again = await lorank(['run', at('moved/small/manifest.json'), '-o', at('never')]);
    expect([again.code, again.stderr]).toEqual([
      3,
      expect.stringMatching(/has changed since the manifest was written/),
    ]);
  });

  it('whose command is another one gives other bits, and is told so', async () => {
    const path = join(at('merged'), 'manifest.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(
      path,
      JSON.stringify({ ...manifest, spec: { ...manifest.spec, command: [...manifest.spec.command, '--scale', '2'] } }),
    );
    expect((await lorank(['verify', at('merged')])).code).toBe(5);
    delete manifest.spec.command;
    writeFileSync(path, JSON.stringify(manifest));
    const ended = await lorank(['verify', at('merged')]);
    expect([ended.code, ended.stderr]).toEqual([
      3,
      expect.stringMatching(/should have a command.*\n.*with lorank lora merge/),
    ]);
  });
});

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(path, bytes);
}
