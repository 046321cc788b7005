// Bytes at a URL, read by HTTP ranges; the same in Node and in a page.

import { LorankError, usageError } from '../errors.js';
import type { ByteSource } from './types.js';

/**
 * The bytes at a URL; undefined where the server answers a range with the whole.
 * @throws usage error where there is nothing at the URL, io error where the network or the server fails.
 */
export async function httpSource(url: string): Promise<ByteSource | undefined> {
  const first = await ask(url, { headers: { range: 'bytes=0-0' } });
  await first.body?.cancel();
  const { status, headers } = first;
  if (status === 200 && headers.get('content-length') !== '0') return undefined;
  if (status === 401 || status === 403 || status === 404 || status === 410)
    throw usageError(`${url}: there is nothing to read (HTTP status ${status})`, 'check the address and its access');
  const empty = status === 200 || status === 416;
  if (!empty && status !== 206) throw failed(url, `HTTP status ${status}`);
  const size = empty ? 0 : (totalOf(first) ?? (await sizeByHead(url)));
  return {
    size,
    read: async (offset, length) => {
      const end = Math.min(size, offset + length);
      if (end <= offset) return new Uint8Array(0);
      const part = await ask(url, { headers: { range: `bytes=${offset}-${end - 1}` } });
      if (part.status !== 206) throw failed(url, `asked for a range, got HTTP status ${part.status}`);
      if ((totalOf(part) ?? size) !== size) throw failed(url, 'the file has changed while it was read');
      const bytes = new Uint8Array(await part.arrayBuffer());
      if (bytes.length !== end - offset) throw failed(url, `asked for ${end - offset} bytes, got ${bytes.length}`);
      return bytes;
    },
    close: async () => {},
  };
}

const failed = (url: string, what: string, cause?: unknown) =>
  new LorankError('io', `${url}: ${what}`, 'try again later, or download the file and open it', { cause });

async function ask(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const { message, cause } = error as Error & { cause?: Error };
    throw failed(url, cause?.message || message, error);
  }
}

/** The size of the whole, where the answer says it; a page does not see it unless the server exposes the header. */
function totalOf({ headers }: Response): number | undefined {
  const total = /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1];
  return total === undefined ? undefined : Number(total);
}

async function sizeByHead(url: string): Promise<number> {
  const { ok, headers } = await ask(url, { method: 'HEAD' });
  const size = headers.get('content-length');
  if (!ok || size === null) throw failed(url, 'the server does not say how large the file is');
  return Number(size);
}
