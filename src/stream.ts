// Consumers of streams, and the shape in which a long computation hands itself on: a run yields snapshots, each of which
// can be shown (progress) and saved (checkpoint), and returns its result. Whoever drives it decides where it executes,
// what is drawn, and when it stops.

/** Plain values and arrays from which a run goes on with the same bits. Saved as one safetensors file. */
export interface Checkpoint {
  readonly values: Readonly<Record<string, number | string>>;
  readonly arrays: Readonly<Record<string, Float64Array | Float32Array | Int32Array>>;
}

/** A moment of a run: what can be shown of it, and a checkpoint to go on from. */
export interface Snapshot<P> {
  readonly progress: P;
  checkpoint(): Checkpoint;
}

/** A run: a stream of snapshots that ends with a result. A new one takes an optional checkpoint to go on from. */
export type Run<P, R> = Generator<Snapshot<P>, R, undefined>;

/** Every n-th item of a stream, the first included. */
export function* sample<T>(stream: Iterable<T>, every: number): Generator<T> {
  let i = 0;
  for (const item of stream) if (i++ % every === 0) yield item;
}

/** The stream, with look called on every item on its way through. */
export function* tap<T>(stream: Iterable<T>, look: (item: T) => void): Generator<T> {
  for (const item of stream) {
    look(item);
    yield item;
  }
}

/** At most n items. */
export function* take<T>(stream: Iterable<T>, n: number): Generator<T> {
  let left = n;
  if (left > 0)
    for (const item of stream) {
      yield item;
      if (--left === 0) return;
    }
}

/** Drives a run to its end and returns the result. */
export function finish<P, R>(run: Run<P, R>, look?: (progress: P) => void): R {
  for (;;) {
    const next = run.next();
    if (next.done) return next.value;
    look?.(next.value.progress);
  }
}
