// What both twins, node.ts and web.ts, provide under the same names. test/platform/twins.test.ts holds them to it.

/** A thread started from the text of its program. */
export interface Thread {
  post(message: unknown, transfer?: Transferable[]): void;
  /** Whether the process stays alive for it. A thread starts held. */
  hold(on: boolean): void;
  end(): void;
}

export interface ThreadEvents {
  message(value: unknown): void;
  /** The thread could not start, or ended by an exception that it did not catch. */
  error(error: Error): void;
}

/** Bytes at rest, read by ranges. */
export interface ByteSource {
  readonly size: number;
  /** Bytes offset … offset+length−1, fewer at the end. into: memory for them that may be used. */
  read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Bytes on their way to a file, which appears under its name only when closed. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
  /** Leaves nothing behind. */
  abort(): Promise<void>;
}

export interface Platform {
  /** Starts a thread from source, a self-contained script that talks through platform/inside.ts. */
  spawn(source: string, events: ThreadEvents): Thread;
  /** Processors that this process may use. */
  cores(): number;
  /** Milliseconds since some fixed moment. */
  now(): number;
  /** One turn of the event loop: timers, signals and messages are served before it resolves. */
  pause(): Promise<void>;
  /** Whether memory can be shared between threads. */
  hasSharedMemory(): boolean;
  /** Whether this thread may sleep in Atomics.wait. */
  canBlock(): boolean;
  /** from: a path in Node; a URL in a page; a Blob in both. */
  fileSource(from: string | Blob): Promise<ByteSource>;
  /** The bytes at a URL by ranges; undefined where the server answers a range with the whole. */
  httpSource(url: string): Promise<ByteSource | undefined>;
  /** path: of the file system in Node, of the origin's private file system in a page. */
  fileSink(path: string): Promise<ByteSink>;
}

export const blobSource = (blob: Blob): ByteSource => ({
  size: blob.size,
  read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
  close: async () => {},
});
