// The platform in Node.

import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ByteSink, ByteSource, Thread, ThreadEvents } from './types.js';
import { blobSource } from './types.js';

export { httpSource } from './http.js';
export type { ByteSink, ByteSource, Thread, ThreadEvents } from './types.js';

// inside.ts expects the two names that a worker has in a page.
const prelude = `{
  const { parentPort } = require('node:worker_threads');
  globalThis.postMessage = (message, transfer) => parentPort.postMessage(message, transfer);
  parentPort.on('message', (data) => globalThis.onmessage({ data }));
}
`;

export function spawn(source: string, events: ThreadEvents): Thread {
  const worker = new Worker(prelude + source, { eval: true, execArgv: [] });
  worker.on('message', events.message);
  worker.on('error', events.error);
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer as never),
    hold: (on) => (on ? worker.ref() : worker.unref()),
    end: () => void worker.terminate(),
  };
}

export const cores = (): number => availableParallelism();
export const now = (): number => performance.now();
export const pause = (): Promise<void> => new Promise((done) => setImmediate(done));
export const hasSharedMemory = (): boolean => typeof SharedArrayBuffer !== 'undefined';
export const canBlock = (): boolean => true;

export async function fileSource(from: string | Blob): Promise<ByteSource> {
  if (typeof from !== 'string') return blobSource(from);
  const file = await open(from, 'r');
  const { size } = await file.stat();
  return {
    size,
    read: (offset, length, into) => readRange(file, offset, Math.max(0, Math.min(length, size - offset)), into),
    close: () => file.close(),
  };
}

async function readRange(file: FileHandle, offset: number, length: number, into?: Uint8Array): Promise<Uint8Array> {
  const bytes = into?.subarray(0, length) ?? new Uint8Array(Buffer.allocUnsafeSlow(length).buffer); // written over
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

export async function fileSink(path: string): Promise<ByteSink> {
  const partial = `${path}.${process.pid}.part`;
  const file = await open(partial, 'wx');
  return {
    async write(bytes) {
      let done = 0;
      while (done < bytes.length) done += (await file.write(bytes, done, bytes.length - done)).bytesWritten;
    },
    async close() {
      await file.close();
      await rename(partial, path);
    },
    async abort() {
      await file.close();
      await rm(partial, { force: true });
    },
  };
}
