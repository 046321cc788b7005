// Room for the arrays of a step, in kernel memory, so that products read them without a copy. Taken from below like a stack:
// a step marks, takes what it needs and releases the mark; the next one gets the same arrays again and allocates nothing.
// An array has anything in it. An arena must not be made within K.scoped, which would free it.

import type { Kernels, Precision } from '../kernels/contract.js';
import type { Float } from '../matrix.js';

/** A place in the stack of an arena. */
export type Mark = readonly [slab: number, used: number];

export interface Arena {
  /** Numbers with anything in them, until a mark from before is released. */
  take(kind: Precision, length: number): Float;
  mark(): Mark;
  /** Everything taken since the mark may be handed out again. */
  release(mark: Mark): void;
  /** Bytes of kernel memory that it holds. */
  readonly bytes: () => number;
}

interface Slab {
  readonly bytes: Uint8Array;
  /** Views handed out before, by their first byte. */
  readonly views: Map<number, Float>;
}

const ALIGN = 64;
const FIRST = 2 ** 22;
const MOST = 2 ** 28;

/**
 * An empty arena. Its memory is free again when the kernels are closed.
 * @param first bytes of its first piece of memory; default 4 MB. Each further one is as large as all before.
 */
export function createArena(K: Kernels, first = FIRST): Arena {
  const slabs: Slab[] = [];
  let slab = 0;
  let used = 0;
  const held = () => slabs.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return {
    bytes: held,
    mark: () => [slab, used],
    release([toSlab, toUsed]) {
      slab = toSlab;
      used = toUsed;
    },
    take(kind, length) {
      const size = kind === 'f64' ? 8 : 4;
      const need = ALIGN * Math.ceil((length * size) / ALIGN);
      while (slab < slabs.length && used + need > slabs[slab].bytes.length) {
        slab++;
        used = 0;
      }
      if (slab === slabs.length)
        slabs.push({
          bytes: K.allocate('u8', Math.max(need, slabs.length === 0 ? first : FIRST, Math.min(held(), MOST))),
          views: new Map(),
        });
      const { bytes, views } = slabs[slab];
      const from = used;
      used += need;
      const known = views.get(from);
      if (known && known.length === length && known.BYTES_PER_ELEMENT === size) return known;
      const at = bytes.byteOffset + from;
      const view: Float =
        kind === 'f64' ? new Float64Array(bytes.buffer, at, length) : new Float32Array(bytes.buffer, at, length);
      views.set(from, view);
      return view;
    },
  };
}
