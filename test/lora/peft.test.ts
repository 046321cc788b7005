// Adapters written here, loaded by PEFT: the same logits as the base at step 0. It needs a Python with torch, peft,
// transformers and safetensors, named by PEFT_PYTHON; without it the tests are skipped.
//   python3 -m venv peft && peft/bin/pip install torch peft transformers safetensors
//   PEFT_PYTHON=peft/bin/python npx vitest run test/lora/peft.test.ts

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { folder, lorank } from '../cli/harness.js';
import { root } from '../house/code.js';

const python = process.env.PEFT_PYTHON;
const oracle = (...args: string[]) =>
  execFileSync(python!, [join(root, 'test/lora/oracle.py'), ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });

const STARTS = [
  ['--method', 'nystrom'],
  ['--method', 'nystrom', '--orientation', 'col', '--rslora', '--lora-alpha', '16'],
  ['--method', 'nystrom', '--sigma', 'auto'],
  ['--method', 'gaussian'],
  ['--method', 'kaiming'],
  ['--method', 'orthogonal'],
  ['--method', 'pissa'],
  ['--method', 'pissa', '--base', 'double'],
  ['--method', 'olora'],
  ['--method', 'milora', '--base', 'double', '--rslora'],
];

describe.skipIf(!python)(`PEFT${python ? '' : ' (skipped: PEFT_PYTHON is not set)'}`, () => {
  const disk = folder();
  beforeAll(() => void oracle('make', disk.path('.')), 120_000);

  it.each([
    ['llama', 14],
    ['gpt2', 8],
  ])('gives the logits of the base of %s to 1e-5 with every start', { timeout: 120_000 }, async (name, layers) => {
    const outs: string[] = [];
    for (const [i, flags] of STARTS.entries()) {
      outs.push(disk.path(`${name}-${i}`));
      const { code, stderr } = await lorank(['lora', 'init', disk.path(name), '-r', '8', '-o', outs[i], ...flags]);
      expect(stderr).toBe('');
      expect(code).toBe(0);
    }
    const loaded: { off: number; layers: number; loaded: number }[] = JSON.parse(
      oracle('load', disk.path('.'), name, ...outs),
    );
    for (const [i, one] of loaded.entries()) {
      expect(one.off, STARTS[i].join(' ')).toBeLessThan(1e-5);
      expect(one.layers).toBe(layers);
      expect(one.loaded).toBe(2 * layers); // the tensors of the file, each equal
    }
  });
});
