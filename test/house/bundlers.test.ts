// A small program that uses complete(), bundled by esbuild for Node and by Vite for a page: wherever it runs, it gives the
// same bits. In a page that is cross-origin isolated it has threads, in any other page one thread.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { type BuildOptions, build as esbuild } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';
import { build as vite } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installed, remove, temporary } from './built.js';

const program = `
import { complete, DEFAULT_SEED, normals, stream } from 'lorank';

const hex = (bytes: ArrayBuffer) => Array.from(new Uint8Array(bytes), (b) => b.toString(16).padStart(2, '0')).join('');

export async function run() {
  const a = normals(stream(DEFAULT_SEED, 'a'), 120);
  const b = normals(stream(DEFAULT_SEED, 'b'), 80);
  const ratings: [string, number, number][] = [];
  for (let u = 0; u < 120; u++)
    for (let i = 0; i < 80; i++) if ((u * u + 3 * i * u + i) % 7 < 3) ratings.push(['u' + u, i, 3 + a[u] * b[i]]);
  let states = 0;
  let gap = 0;
  let last = performance.now();
  const timer = setInterval(() => { gap = Math.max(gap, performance.now() - last); last = performance.now(); }, 1);
  const fitting = complete(ratings, { seed: 7, threads: 2 });
  for await (const state of fitting) states += state.step >= 0 ? 1 : 0;
  const fit = await fitting;
  clearInterval(timer);
  const bytes = fit.toBytes();
  const hash = hex(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return { threads: fit.threads, kernels: fit.kernels, hash, watched: states > 0, gap: Math.round(gap) };
}
`;

interface Result {
  threads: number;
  kernels: string;
  hash: string;
  watched: boolean;
  gap: number;
}

const bundle: BuildOptions = {
  entryPoints: ['main.ts'],
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'es2022',
  logLevel: 'error',
};
let folder: string;
let expected: Result;
beforeAll(async () => {
  ({ folder } = await installed());
  writeFileSync(join(folder, 'program.ts'), program);
  writeFileSync(
    join(folder, 'main.ts'),
    "import { run } from './program.js';\nconsole.log(JSON.stringify(await run()));\n",
  );
  await esbuild({ ...bundle, absWorkingDir: folder, packages: 'external', outfile: 'plain.mjs' });
  expected = JSON.parse(execFileSync(process.execPath, ['plain.mjs'], { cwd: folder, encoding: 'utf8' }));
}, 300_000);
afterAll(() => remove(folder));

describe('esbuild', () => {
  it('makes one file of a program, which runs in Node and gives the same bits', async () => {
    const elsewhere = temporary();
    await esbuild({ ...bundle, absWorkingDir: folder, outfile: join(elsewhere, 'one.mjs') });
    const result = JSON.parse(execFileSync(process.execPath, ['one.mjs'], { cwd: elsewhere, encoding: 'utf8' }));
    expect(result).toMatchObject({ hash: expected.hash, threads: 2, kernels: 'simd128', watched: true });
    remove(elsewhere);
  });
});

const browserPath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const reason = existsSync(browserPath) ? '' : ` (skipped: no ${browserPath}; CHROMIUM_PATH names another)`;

describe.skipIf(reason !== '')(`Vite, in Chromium${reason}`, () => {
  let site: string;
  let browser: Browser;
  beforeAll(async () => {
    writeFileSync(
      join(folder, 'index.html'),
      '<!doctype html><title>lorank</title><link rel="icon" href="data:,"><script type="module" src="./page.ts"></script>',
    );
    writeFileSync(
      join(folder, 'page.ts'),
      "import { run } from './program.js';\nObject.assign(globalThis, { result: run() });\n",
    );
    site = join(folder, 'site');
    await vite({ root: folder, configFile: false, logLevel: 'silent', build: { outDir: site } });
    const args = '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking';
    browser = await chromium.launch({
      executablePath: browserPath,
      args: [...args.split(' '), '--disable-component-update', '--disable-sync'],
    });
  }, 120_000);
  afterAll(() => browser?.close());

  const isolation = {
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
  };
  it.each([
    ['a cross-origin isolated page, with threads', isolation, 2],
    ['any other page, on one thread', {}, 1],
  ])('gives the same bits in %s', async (_where, headers, threads) => {
    const server = await serve(site, headers);
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    try {
      await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
      const result: Result = await page.evaluate('result');
      expect(problems).toEqual([]);
      expect(result).toMatchObject({ hash: expected.hash, threads, kernels: 'simd128', watched: true });
      expect(result.gap).toBeLessThan(500); // of the page's own loop, on processors that others use too
    } finally {
      await page.close();
      server.close();
    }
  });
});

const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };

const serve = (site: string, headers: Record<string, string>): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer((request, response) => {
      const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
      const file = join(site, path.endsWith('/') ? `${path}index.html` : path);
      if (!existsSync(file)) response.writeHead(404).end();
      else response.writeHead(200, { ...headers, 'content-type': types[extname(file)] }).end(readFileSync(file));
    });
    server.listen(0, 'localhost', () => resolve(server));
  });
