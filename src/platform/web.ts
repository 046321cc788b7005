// The platform in a page or in a worker of a page.

import { httpSource } from './http.js';
import type { ByteSink, ByteSource, Thread, ThreadEvents } from './types.js';
import { blobSource } from './types.js';

export { httpSource } from './http.js';
export type { ByteSink, ByteSource, Thread, ThreadEvents } from './types.js';

export function spawn(source: string, events: ThreadEvents): Thread {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker(url);
  worker.onmessage = (event) => {
    URL.revokeObjectURL(url);
    events.message(event.data);
  };
  worker.onerror = (event) => events.error(new Error(event.message || 'the worker could not start'));
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    hold: () => {},
    end: () => worker.terminate(),
  };
}

export const cores = (): number => navigator.hardwareConcurrency || 1;
export const now = (): number => performance.now();
export const pause = (): Promise<void> =>
  new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(undefined);
  });
export const hasSharedMemory = (): boolean =>
  typeof SharedArrayBuffer !== 'undefined' && globalThis.crossOriginIsolated === true;
export const canBlock = (): boolean => typeof document === 'undefined';

export async function fileSource(from: string | Blob): Promise<ByteSource> {
  if (typeof from !== 'string') return blobSource(from);
  const ranges = await httpSource(from);
  if (ranges) return ranges;
  const whole = await fetch(from);
  if (!whole.ok) throw new Error(`${from}: HTTP status ${whole.status}`);
  return blobSource(await whole.blob());
}

export async function fileSink(path: string): Promise<ByteSink> {
  const names = path.split('/').filter((name) => name !== '');
  let folder = await navigator.storage.getDirectory();
  for (const name of names.slice(0, -1)) folder = await folder.getDirectoryHandle(name, { create: true });
  const handle = await folder.getFileHandle(names[names.length - 1], { create: true });
  const stream = await handle.createWritable();
  return {
    write: (bytes) => stream.write(bytes as Uint8Array<ArrayBuffer>),
    close: () => stream.close(),
    abort: () => stream.abort(),
  };
}
