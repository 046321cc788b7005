// lorank lora init, from the command line: what is written, what is left alone, what is refused, and how it goes on.

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rangeOf } from '../../src/io/bytes.js';
import { openSafetensors } from '../../src/io/safetensors.js';
import { json, type LlamaOptions, llama, weights } from '../lora/models.js';
import { folder, lorank } from './harness.js';

const disk = folder();
let count = 0;

/** A folder with a model in it, new each time. */
function model(options: LlamaOptions = {}, change: Record<string, Uint8Array> = {}): string {
  const path = disk.path(`model-${count++}`);
  mkdirSync(path);
  for (const [name, bytes] of Object.entries({ ...llama(options), ...change })) writeFileSync(join(path, name), bytes);
  return path;
}
const output = () => disk.path(`out-${count++}`);
const hashes = (path: string) =>
  readdirSync(path).map((name) => [
    name,
    createHash('sha256')
      .update(readFileSync(join(path, name)))
      .digest('hex'),
  ]);

describe('lorank lora init', () => {
  it('writes an adapter that PEFT opens, with its provenance, and a manifest; the base keeps its bytes', async () => {
    const base = model();
    const before = hashes(base);
    const out = output();
    const { code, stdout } = await lorank(['lora', 'init', base, '-r', '4', '-o', out, '--verify-base', '--json']);
    expect(code).toBe(0);
    expect(hashes(base)).toEqual(before);
    expect(readdirSync(out).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors', 'manifest.json']);
    const { metadata, tensors } = await openSafetensors(rangeOf(readFileSync(join(out, 'adapter_model.safetensors'))));
    expect(metadata).toEqual({ format: 'pt', method: 'nystrom', orientation: 'row', seed: '20230', sigma: '0.1' });
    expect(tensors.size).toBe(28);
    expect([...tensors].every(([, { dtype }]) => dtype === 'F32')).toBe(true);
    expect(JSON.parse(readFileSync(join(out, 'adapter_config.json'), 'utf8'))).toMatchObject({
      ...{ peft_type: 'LORA', r: 4, lora_alpha: 4, init_lora_weights: true, task_type: 'CAUSAL_LM' },
      target_modules: ['down_proj', 'gate_proj', 'k_proj', 'o_proj', 'q_proj', 'up_proj', 'v_proj'],
    });
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({ noOp: true, largestChange: 0, base: { verified: true } });
    const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
    const digest = Object.fromEntries(before);
    for (const { path, sha256 } of manifest.inputs) expect(digest[path.split('/').at(-1)]).toBe(sha256);
    for (const { path, sha256 } of manifest.outputs) expect(Object.fromEntries(hashes(out))[path]).toBe(sha256);
    expect(manifest.inputs).toHaveLength(5);
  });

  it('gives the same bytes again, with 1 thread or 2, and others with another seed', async () => {
    const base = model();
    const bytes = async (...more: string[]) => {
      const out = output();
      expect((await lorank(['lora', 'init', base, '-r', '4', '-o', out, ...more])).code).toBe(0);
      return readFileSync(join(out, 'adapter_model.safetensors'));
    };
    const first = await bytes('--threads', '1');
    expect(await bytes('--threads', '2')).toEqual(first);
    expect(await bytes('--seed', '7')).not.toEqual(first);
  });

  it.each([[], ['--method', 'pissa'], ['--method', 'orthogonal', '--rslora', '--targets', 'q_proj']])(
    'is computed again by lorank verify, to the bit (%s %s)',
    async (...flags) => {
      const base = model();
      const out = output();
      expect((await lorank(['lora', 'init', base, '-r', '4', '-o', out, ...flags])).code).toBe(0);
      const same = await lorank(['verify', out, '--json']);
      expect(same.code).toBe(0);
      const [{ verified, outputs }] = JSON.parse(same.stdout).manifests;
      expect(verified).toBe(true);
      expect(outputs.every((file: { recomputed: string }) => file.recomputed === 'same')).toBe(true);
      const weights = readFileSync(join(out, 'adapter_model.safetensors'));
      weights[weights.length - 1] ^= 1;
      writeFileSync(join(out, 'adapter_model.safetensors'), weights);
      expect((await lorank(['verify', out])).code).toBe(5);
    },
  );

  it('goes on where it was interrupted, to the same bytes', async () => {
    const base = model({ layers: 3 });
    const whole = output();
    await lorank(['lora', 'init', base, '-r', '4', '-o', whole]);
    const out = output();
    const argv = ['lora', 'init', base, '-r', '4', '-o', out];
    // the first look at the signal that comes after five layers
    let looks = 0;
    const signal = {
      get aborted() {
        return looks++ >= 5;
      },
    } as AbortSignal;
    const stopped = await lorank(argv, { signal });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/interrupted after 5 of 21 layers, which are kept\n.* --resume/);
    expect(readdirSync(`${out}.partial/kept`)).toHaveLength(5);
    const again = await lorank(argv);
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/an interrupted command left it/);
    const other = await lorank([...argv, '--resume', '--seed', '3']);
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(/left by another command, or the model has changed/);
    expect((await lorank([...argv, '--resume'])).code).toBe(0);
    for (const name of ['adapter_model.safetensors', 'adapter_config.json'])
      expect(readFileSync(join(out, name))).toEqual(readFileSync(join(whole, name)));
    expect(disk.list()).not.toContain(`${out.split('/').at(-1)}.partial`);
  });

  it('does not go on where the model has changed meanwhile', async () => {
    const base = model();
    const out = output();
    const signal = AbortSignal.abort();
    expect((await lorank(['lora', 'init', base, '-r', '4', '-o', out], { signal })).code).toBe(130);
    utimesSync(join(base, 'model-00001-of-00003.safetensors'), 1, 1);
    expect((await lorank(['lora', 'init', base, '-r', '4', '-o', out, '--resume'])).stderr).toMatch(
      /has changed since/,
    );
  });

  it('says what it would do, and does nothing, with --dry-run', async () => {
    const base = model();
    const before = disk.list();
    const { code, stdout } = await lorank([
      'lora',
      'init',
      base,
      '-r',
      '4',
      '--targets',
      'q_proj',
      '--dry-run',
      '--json',
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      dryRun: true,
      parameters: 1024,
      modules: [{ path: /./ }, {}].map(() => expect.anything()),
    });
    expect(disk.list()).toEqual(before);
  });

  it('says with --dry-run what the full SVDs of milora cost, and writes ξ of each layer of --sigma auto', async () => {
    const base = model();
    const run = ['lora', 'init', base, '-r', '4', '--targets', 'q_proj,v_proj'];
    const { stdout } = await lorank([...run, '--method', 'milora', '--dry-run']);
    // two of 64×64 at 20·64³, two of 32×64 at 6·64·32² + 20·32³
    expect(stdout).toContain('about 1.26e7 flops in all, 5.24e6 of a 64×64 one');
    expect((await lorank([...run, '--dry-run'])).stdout).not.toContain('flops');
    const out = output();
    await lorank([...run, '--sigma', 'auto', '-o', out]);
    const { metadata } = await openSafetensors(rangeOf(readFileSync(join(out, 'adapter_model.safetensors'))));
    expect(Object.keys(JSON.parse(metadata.sigma_of_layers)).sort()).toEqual([
      ...[0, 1].flatMap((l) => ['q_proj', 'v_proj'].map((name) => `model.layers.${l}.self_attn.${name}`)),
    ]);
  });

  it.each(['pissa', 'olora', 'milora'])(
    '%s writes W_res to a file of its own, and W_res + sBA = W₀ to 1e-6',
    async (method) => {
      const out = output();
      const { code, stdout } = await lorank([
        'lora',
        'init',
        model(),
        '-r',
        '4',
        '--method',
        method,
        '-o',
        out,
        '--json',
      ]);
      expect(code).toBe(0);
      expect(readdirSync(out)).toContain('base_residual.safetensors');
      const told = JSON.parse(stdout);
      expect(told.residual.relative).toBeLessThan(1e-6);
      expect(told.noOp).toBe(true);
    },
  );

  it('doubles the rank with --base double, and writes no residual', async () => {
    const out = output();
    const { stdout } = await lorank([
      'lora',
      'init',
      model(),
      '-r',
      '4',
      '--method',
      'pissa',
      '--base',
      'double',
      '-o',
      out,
      '--json',
    ]);
    expect(readdirSync(out)).not.toContain('base_residual.safetensors');
    expect(JSON.parse(stdout).largestChange).toBeLessThan(1e-6);
    expect(JSON.parse(readFileSync(join(out, 'adapter_config.json'), 'utf8'))).toMatchObject({ r: 8, lora_alpha: 8 });
  });

  it('reads one file alone', async () => {
    const base = model({ shards: 1 });
    expect((await lorank(['lora', 'init', join(base, 'model.safetensors'), '-r', '4', '-o', output()])).code).toBe(0);
  });

  it.each([
    [['-o', 'x'], 2, '-r, the rank, is needed'],
    [['-r', '4'], 2, '-o, the folder of the output, is needed'],
    [['-r', '0', '-o', 'x'], 2, '--rank should be a whole number of at least 1, got 0'],
    [['-r', '99', '-o', 'x'], 2, 'the rank should be at most 32 for model.layers.0.self_attn.k_proj'],
    [['-r', '5', '--method', 'orthogonal', '-o', 'x'], 2, 'the rank should be even'],
    [['-r', '4', '--targets', 'qproj', '-o', 'x'], 2, 'no module matches qproj'],
    [['-r', '4', '--method', 'pisa', '-o', 'x'], 2, '--method should be one of'],
    [['-r', '4', '--method', 'kaiming', '--sigma', '1', '-o', 'x'], 2, '--method kaiming takes no --sigma'],
    [['-r', '4', '--base', 'double', '-o', 'x'], 2, 'leaves the base as it is'],
    [['-r', '4', '--sigma', 'big', '-o', 'x'], 2, '--sigma should be a positive number, got big'],
    [['-r', '4', '-o', 'x', '--resume'], 2, 'nothing to go on from'],
  ] as [string[], number, string][])('refuses %j with code %d', async (flags, expected, message) => {
    const base = model();
    const argv = flags.map((flag) => (flag === 'x' ? output() : flag));
    const before = disk.list();
    const { code, stderr } = await lorank(['lora', 'init', base, ...argv]);
    expect(stderr).toContain(message);
    expect(code).toBe(expected);
    expect(disk.list()).toEqual(before);
  });

  it('refuses a weight that is not finite with code 3, and leaves nothing', async () => {
    const data = weights('x', [64, 64]);
    data[9] = Number.NaN;
    const base = model({
      dtype: 'F32',
      edit: (tensors) => {
        tensors['model.layers.1.self_attn.q_proj.weight'] = {
          dtype: 'F32',
          shape: [64, 64],
          bytes: new Uint8Array(data.buffer),
        };
      },
    });
    const out = output();
    const { code, stderr } = await lorank(['lora', 'init', base, '-r', '4', '-o', out]);
    expect(code).toBe(3);
    expect(stderr).toContain('got NaN in row 0, column 9');
    expect(disk.list().filter((name) => name.startsWith(out.split('/').at(-1)!))).toEqual([]);
  });

  it.each([
    ['a quantised base', {}, { 'config.json': json({ quantization_config: { quant_method: 'awq' } }) }, 3, /quantised/],
    ['no model', { shards: 1 }, { 'model.safetensors': new Uint8Array(3) }, 3, /at least 8 bytes/],
  ] as [string, LlamaOptions, Record<string, Uint8Array>, number, RegExp][])(
    'refuses %s',
    async (_, options, change, expected, message) => {
      const { code, stderr } = await lorank(['lora', 'init', model(options, change), '-r', '4', '-o', output()]);
      expect(stderr).toMatch(message);
      expect(code).toBe(expected);
    },
  );

  it('never replaces the model, an input, or a folder that is not its own', async () => {
    const base = model();
    const run = (...more: string[]) => lorank(['lora', 'init', base, '-r', '4', ...more]);
    expect((await run('-o', base, '--force')).stderr).toMatch(/is or holds the input/);
    const mine = output();
    mkdirSync(mine);
    writeFileSync(join(mine, 'thesis.txt'), 'x');
    expect((await run('-o', mine)).stderr).toMatch(/exists already/);
    expect((await run('-o', mine, '--force')).stderr).toMatch(/is no folder of an adapter/);
    const out = output();
    expect((await run('-o', out)).code).toBe(0);
    expect((await run('-o', out)).code).toBe(2);
    expect((await run('-o', out, '--force')).code).toBe(0);
  });

  it('shows the layers, the proof and the base to a person', async () => {
    const { stdout } = await lorank(['lora', 'init', model(), '-r', '4', '--targets', 'q_proj', '-o', output()]);
    expect(stdout).toMatch(/model\.layers\.0\.self_attn\.q_proj +64×64 +[\d.]+ % +0\n/);
    expect(stdout).toMatch(/at step 0 +max \|sBA\| = 0, as read back: the adapter changes nothing/);
    expect(stdout).toMatch(/base +5 files, 160 kB, read only; hashes in manifest.json/);
  });
});

describe('lorank lora check --base', () => {
  it('tells a base of the same shapes that is not the one in the manifest', async () => {
    const [base, out] = [model(), output()];
    await lorank(['lora', 'init', base, '-r', '4', '-o', out]);
    const findings = async (folder: string) => {
      const { code, stdout } = await lorank(['lora', 'check', out, '--base', folder, '--json']);
      expect(code).toBe(0);
      const found: { check: string; severity: string; message: string }[] = JSON.parse(stdout).findings;
      return found.filter(({ check }) => check === 'base');
    };
    expect(await findings(base)).toEqual([]);
    const tuned = model({
      edit: (tensors) => {
        const { bytes } = tensors['model.layers.1.mlp.up_proj.weight'];
        bytes[0] ^= 1;
      },
    });
    const [found, ...more] = await findings(tuned);
    expect([found.severity, more]).toEqual(['warning', []]);
    expect(found.message).toMatch(/^model-0000\d-of-00003.safetensors is another file than the one that the adapter/);
  });
});
