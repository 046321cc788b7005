// Models and adapters behind URLs: everything that reads gives over HTTP ranges what it gives from memory, and reads no more
// of a file than it needs; servers that do not do their part are refused.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpFiles } from '../../src/index.js';
import { adapterFiles, readAdapter } from '../../src/lora/adapter.js';
import { checkAdapter } from '../../src/lora/check.js';
import { openCheckpoint } from '../../src/lora/checkpoint.js';
import { extractAdapter } from '../../src/lora/extract.js';
import { bytesOf, filesOf } from '../../src/lora/files.js';
import { initAdapter } from '../../src/lora/initialise.js';
import { resizeAdapter } from '../../src/lora/resize.js';
import { spectrum } from '../../src/lora/spectrum.js';
import { httpSource } from '../../src/platform/web.js';
import { llama, weights } from './models.js';
import { inMemory, K } from './samples.js';

const served: Record<string, Uint8Array> = {};
let sent = 0;
let mode: 'ranges' | 'whole' | 'changing' | 'short' | 'hidden size' = 'ranges';
let server: Server;
let root = '';

beforeAll(async () => {
  server = createServer(({ url, method, headers }, response) => {
    const bytes = served[(url ?? '').split('?')[0]];
    if (!bytes) return response.writeHead(404).end();
    const range = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '');
    if (method === 'HEAD') return response.writeHead(200, { 'content-length': bytes.length }).end();
    if (!range || mode === 'whole') return response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    if (Number(range[1]) >= bytes.length)
      return response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    let body = bytes.subarray(Number(range[1]), Number(range[2]) + 1);
    if (mode === 'short' && body.length > 1) body = body.subarray(1);
    sent += body.length;
    const total = mode === 'changing' && body.length > 1 ? bytes.length + 1 : bytes.length;
    const size = mode === 'hidden size' ? {} : { 'content-range': `bytes ${range[1]}-${range[2]}/${total}` };
    response.writeHead(206, size).end(body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  serve('base', llama({ dtype: 'F32' }));
  const edit = (tensors: Record<string, { bytes: Uint8Array }>) => {
    const q = tensors['model.layers.1.self_attn.q_proj.weight'];
    const added = weights('tuned', [64, 64], 3);
    const W = new Float32Array(q.bytes.slice().buffer).map((w, t) => w + added[t]);
    tensors['model.layers.1.self_attn.q_proj.weight'] = { ...q, bytes: new Uint8Array(W.buffer) };
  };
  serve('tuned', llama({ dtype: 'F32', edit: edit as never, shards: 1 }));
});
afterAll(() => void server.close());

function serve(folder: string, files: Readonly<Record<string, Uint8Array>>): void {
  for (const [name, bytes] of Object.entries(files)) served[`/${folder}/${name}`] = bytes;
}
const stored = (folder: string) =>
  filesOf(
    Object.fromEntries(
      Object.entries(served).flatMap(([path, bytes]) =>
        path.startsWith(`/${folder}/`) ? [[path.split('/')[2], bytes]] : [],
      ),
    ),
  );

describe('over HTTP ranges', () => {
  it('a sharded model starts the adapter that it starts from memory, and only what is needed is sent', async () => {
    const [far, near] = [await openCheckpoint(await httpFiles(`${root}/base`)), await openCheckpoint(stored('base'))];
    expect([...far.tensors.keys()]).toEqual([...near.tensors.keys()]);
    sent = 0;
    const options = { rank: 4, targets: ['q_proj'] };
    const [a, b] = [await initAdapter(K, far, options), await initAdapter(K, near, options)];
    expect(sent).toBe(2 * 64 * 64 * 4);
    expect(a.layers).toEqual(b.layers);
    for (const path of b.adapter.paths)
      expect((await a.adapter.layer(path)).A.data).toEqual((await b.adapter.layer(path)).A.data);
  });

  it('extract, spectrum, resize and check give what they give from memory', async () => {
    const far = await Promise.all(
      ['base/', 'tuned?key=1'].map(async (path) => openCheckpoint(await httpFiles(`${root}/${path}`))),
    );
    const near = await Promise.all(['base', 'tuned'].map((path) => openCheckpoint(stored(path))));
    const [a, b] = [
      await extractAdapter(K, far[0], far[1], { rank: 4 }),
      await extractAdapter(K, near[0], near[1], { rank: 4 }),
    ];
    expect(a.layers).toEqual(b.layers);
    expect(a.layers).toHaveLength(1);
    expect(await spectrum(K, far[1], { targets: ['q_proj'] })).toEqual(
      await spectrum(K, near[1], { targets: ['q_proj'] }),
    );

    const files = await Promise.all(
      adapterFiles(a.adapter).map(async (file) => [file.name, await bytesOf(file)] as const),
    );
    serve('adapter', Object.fromEntries(files));
    const there = await httpFiles(`${root}/adapter`);
    const adapter = await readAdapter(there);
    expect((await resizeAdapter(K, adapter, { rank: 2 })).layers).toEqual(
      (await resizeAdapter(K, a.adapter, { rank: 2 })).layers,
    );
    expect(await checkAdapter(K, there, { base: far[0] })).toEqual(
      await checkAdapter(K, await inMemory(adapterFiles(a.adapter)), { base: near[0] }),
    );
    const alone = await httpFiles(`${root}/adapter/adapter_model.safetensors`);
    expect([...alone.names].sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    expect((await readAdapter(alone)).paths).toEqual(adapter.paths);
  });

  it('a size that the server does not show to a page is asked for by HEAD; an empty file is one', async () => {
    served['/empty'] = new Uint8Array(0);
    expect(await (await httpSource(`${root}/empty`))!.read(0, 5)).toEqual(new Uint8Array(0));
    await during('hidden size', async () => {
      const source = (await httpSource(`${root}/base/config.json`))!;
      expect(await source.read(0, 1e6)).toEqual(served['/base/config.json']);
    });
  });

  it.each([
    ['whole', /the server answers a request for a range with the whole file/],
    ['changing', /has changed while it was read/],
    ['short', /asked for \d+ bytes, got \d+/],
  ] as const)('a server that does not do its part (%s) is refused', (how, message) =>
    during(how, async () => {
      const opening = httpFiles(`${root}/base`).then(openCheckpoint);
      await expect(opening).rejects.toMatchObject({ code: 'io', message: expect.stringMatching(message) });
    }),
  );

  it('nothing at the address, and no server, are told', async () => {
    await expect(httpFiles(`${root}/none`)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/there is none of config.json/),
    });
    await expect(httpFiles(`${root}/base`, ['weights.safetensors'])).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/HTTP status 404/),
    });
    await expect(httpFiles('http://127.0.0.1:1/base')).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(/^http/),
    });
  });

  it('a shard that is missing is named', async () => {
    const { '/base/model-00002-of-00003.safetensors': kept } = served;
    delete served['/base/model-00002-of-00003.safetensors'];
    await expect(httpFiles(`${root}/base`).then(openCheckpoint)).rejects.toMatchObject({
      code: 'data',
      message: expect.stringMatching(/model-00002-of-00003.safetensors is missing/),
    });
    served['/base/model-00002-of-00003.safetensors'] = kept;
  });
});

async function during(how: typeof mode, act: () => Promise<void>): Promise<void> {
  mode = how;
  try {
    await act();
  } finally {
    mode = 'ranges';
  }
}
