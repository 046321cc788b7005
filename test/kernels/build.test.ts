import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { base64, memoryFlag } from '../../src/kernels/wasm.generated.js';

it('the committed module is what the sources compile to', async () => {
  const { generate } = await import('../../scripts/kernels.mjs' as string);
  const committed = await readFile('src/kernels/wasm.generated.ts', 'utf8');
  const text: string = await generate();
  expect(text === committed, 'run: npm run kernels').toBe(true);
});

it('one module serves shared and unshared memories', () => {
  const bytes = Buffer.from(base64, 'base64');
  for (const shared of [true, false]) {
    bytes[memoryFlag] = shared ? 3 : 1;
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 10, shared });
    expect(() => new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })).not.toThrow();
  }
});
