import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { expect, it } from 'vitest';
import { startKernels } from '../../src/kernels/index.js';
import { createSpace } from '../../src/kernels/memory.js';
import { pooledTeam } from '../../src/kernels/team.js';

/** A module with one kernel, `trap`, that fails in every thread but the coordinator, or (everywhere) in all. */
function trapModule(everywhere: boolean): WebAssembly.Module {
  const text = (s: string) => [s.length, ...Array.from(s, (c) => c.charCodeAt(0))];
  const section = (id: number, ...bytes: number[]) => [id, bytes.length, ...bytes];
  const body = everywhere ? [0, 0x00, 0x0b] : [0, 0x20, 1, 0x04, 0x40, 0x00, 0x0b, 0x0b];
  return new WebAssembly.Module(
    Uint8Array.of(
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, 1, 0x60, 2, 0x7f, 0x7f, 0),
      ...section(2, 1, ...text('env'), ...text('memory'), 2, 3, 1, 0x80, 0x80, 4),
      ...section(3, 1, 0),
      ...section(7, 1, ...text('trap'), 0, 0),
      ...section(10, 1, body.length, ...body),
    ),
  );
}

it('an exception in a worker is thrown by the coordinator, and the pool goes on', async () => {
  const team = await pooledTeam(trapModule(false), 2);
  const space = createSpace(true, team.open);
  const { segment } = space.reserve(8);
  const call = { segment, name: 'trap', tasks: 100_000, args: [] };
  // A worker that is slow to wake takes no task: then nothing fails, and it is tried again.
  const untilFailure = () => {
    for (let i = 0; i < 200; i++) team.run([call]);
  };
  for (let i = 0; i < 3; i++) expect(untilFailure).toThrow(/a thread failed with .*unreachable/);
  team.run([{ ...call, tasks: 1 }]);
  team.close();
});

it('an exception in the coordinator is thrown after the workers have ended', async () => {
  const team = await pooledTeam(trapModule(true), 3);
  const { segment } = createSpace(true, team.open).reserve(8);
  for (let i = 0; i < 3; i++)
    expect(() => team.run([{ segment, name: 'trap', tasks: 100, args: [] }])).toThrow(/unreachable/);
  team.close();
});

it('all tasks of many calls are run, each once', async () => {
  const K = await startKernels({ threads: 4 });
  expect(K.threads).toBe(4);
  const x = K.allocate('f64', 2 ** 16);
  for (let i = 0; i < 50; i++) {
    x.fill(0);
    x[i] = 1;
    K.hadamard(x);
    K.hadamard(x);
    expect(x[i]).toBe(2 ** 16);
    expect(x.reduce((sum, v) => sum + v, 0)).toBe(2 ** 16);
  }
  K.close();
});

it('without SharedArrayBuffer there is one thread and unshared memory', async () => {
  const shared = globalThis.SharedArrayBuffer;
  try {
    Reflect.deleteProperty(globalThis, 'SharedArrayBuffer');
    const K = await startKernels({ threads: 4 });
    expect([K.build, K.threads]).toEqual(['simd128', 1]);
    expect(K.allocate('f64', 4).buffer).toBeInstanceOf(ArrayBuffer);
  } finally {
    globalThis.SharedArrayBuffer = shared;
  }
});

it('without SIMD there is the reference; asking for simd128 is refused', async () => {
  const { validate } = WebAssembly;
  try {
    WebAssembly.validate = () => false;
    expect((await startKernels({ threads: 2 })).build).toBe('reference');
    await expect(startKernels({ threads: 2, build: 'simd128' })).rejects.toThrow('without WebAssembly SIMD');
  } finally {
    WebAssembly.validate = validate;
  }
  expect((await startKernels({ threads: 2, build: 'reference' })).build).toBe('reference');
  await expect(startKernels({ threads: 0 })).rejects.toThrow('threads should be an integer ≥ 1, got 0');
});

it('kernels that nobody closed do not keep a process alive, closed ones end their threads', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lorank-'));
  try {
    const contents = `
      import { startKernels } from './src/kernels/index.js';
      const K = await startKernels({ threads: 3 });
      K.hadamard(K.allocate('f64', 65536));
      if (process.argv[2]) K.close();
      console.log(K.threads);`;
    const outfile = join(folder, 'run.mjs');
    buildSync({
      stdin: { contents, resolveDir: process.cwd(), loader: 'ts' },
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      conditions: ['node'],
    });
    for (const close of ['', 'close']) {
      const { stdout, status } = spawnSync(process.execPath, [outfile, close], { timeout: 20_000, encoding: 'utf8' });
      expect([stdout, status]).toEqual(['3\n', 0]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
