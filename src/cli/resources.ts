// The data of a run, opened by path: files by ranges, standard input as a stream. Ctrl-C ends a read.

import { fileSource } from '#platform';
import type { Resources } from '../engine/prepare.js';
import { LorankError } from '../errors.js';
import type { ByteSource } from '../io/bytes.js';
import type { Context } from './context.js';
import { hashed, STANDARD } from './files.js';

export interface OpenResources extends Resources {
  /** The hash of standard input, once it has been read. */
  standardInput(): string | undefined;
  close(): Promise<void>;
}

export function openResources({ io: { stdin, signal }, note }: Context): OpenResources {
  const opened: { close(): Promise<void> }[] = [];
  let digest: (() => string) | undefined;
  return {
    async open(path): Promise<ByteSource> {
      if (path === STANDARD) {
        note('reading standard input');
        const tapped = hashed(interruptible(stdin, signal));
        digest = tapped.digest;
        return tapped.stream;
      }
      const file = await fileSource(path);
      opened.push(file);
      const { size } = file;
      return {
        size,
        read(offset, length) {
          requireCalm(signal);
          return file.read(offset, length);
        },
      };
    },
    standardInput: () => digest?.(),
    close: async () => void (await Promise.all(opened.map((file) => file.close()))),
  };
}

const interrupted = () => new LorankError('aborted', 'interrupted while reading', 'nothing is written');

function requireCalm(signal: AbortSignal): void {
  if (signal.aborted) throw interrupted();
}

async function* interruptible(stream: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let stop: (error: LorankError) => void = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = reject;
  });
  stopped.catch(() => {});
  const onAbort = () => stop(interrupted());
  signal.addEventListener('abort', onAbort);
  requireCalm(signal);
  const reader = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([reader.next(), stopped]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
