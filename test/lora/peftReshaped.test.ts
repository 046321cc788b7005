// What lorank writes, in PEFT's own code: merged models and made adapters give the logits of PEFT. It runs where PEFT_PYTHON
// names a Python that has torch, peft and transformers:
//
//   python3 -m venv venv && venv/bin/pip install torch peft transformers
//   PEFT_PYTHON=venv/bin/python npx vitest run test/lora/peftReshaped.test.ts

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folder, lorank } from '../cli/harness.js';

const python = process.env.PEFT_PYTHON;
const disk = folder();

const call = (mode: string): string =>
  execFileSync(python!, [join(import.meta.dirname, 'reshaped.py'), mode, disk.path('.')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });

describe.skipIf(!python)(`in PEFT${python ? '' : ' (skipped: PEFT_PYTHON is not set)'}`, () => {
  it('merged models, and converted, averaged, extracted and resized adapters give its logits to 1e-5', async () => {
    call('make');
    mkdirSync(disk.path('written'));
    /** Runs a verb on things in the folder. written: kind@what it should equal. */
    const run = async (written: string, verb: string, ...argv: string[]) => {
      const named = argv.map((word) => (/^[a-z]/.test(word) ? disk.path(word) : word));
      const { code, stderr } = await lorank(['lora', verb, ...named, '-o', disk.path(join('written', written))]);
      expect([code, stderr]).toEqual([0, '']);
    };
    for (const name of ['plain', 'patterns', 'dora', 'saved']) await run(`merged@${name}`, 'merge', 'llama', name);
    for (const name of ['conv1d', 'conv1d-dora']) await run(`merged@${name}`, 'merge', 'gpt2', name);
    for (const name of ['pissa', 'pissa-rs', 'olora', 'olora-rs']) {
      await run(`converted@${name}`, 'convert', name, '--init', `${name}-start`);
      await run(`recompressed@${name}`, 'convert', name, '--init', `${name}-start`, '--recompress', '8');
    }
    await run('averaged@average', 'average', 'plain', 'patterns', '--weights', '0.7,0.3');
    await run('averaged@plain', 'average', 'plain', 'plain'); // of rank 8
    await run('resized@plain', 'resize', 'written/averaged@plain', '-r', '4');
    await run('merged@average', 'merge', 'llama', 'written/averaged@average');
    await run('extracted@patterns', 'extract', 'llama', 'written/merged@patterns', '-r', '4');
    await run('extracted@conv1d', 'extract', 'gpt2', 'written/merged@conv1d', '-r', '4');
    await run('resized@conv1d', 'resize', 'conv1d', '-r', '4');
    const found = JSON.parse(call('judge')) as Record<string, number>;
    expect(Object.keys(found)).toHaveLength(21);
    expect(Object.fromEntries(Object.entries(found).filter(([, off]) => !(off <= 1e-5)))).toEqual({});
  }, 300_000);
});
