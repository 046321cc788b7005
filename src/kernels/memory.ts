// Memory that kernels work in: WebAssembly memories opened one after another, each filled from below. A view, once
// handed out, stays valid: a shared memory keeps its old views when it grows, and an unshared one never grows.

import { LorankError } from '../errors.js';
import type { ArrayOf, Kind } from './contract.js';

const PAGE = 2 ** 16;
const MAX = 2 ** 32;
const ALIGN = 64;
/** The first address handed out; 0 stays unused. */
const BASE = 1024;
/** A shared memory grows by at least so much, an unshared one has at least so much. */
const STEP = 64 * 2 ** 20;

export interface Segment {
  readonly id: number;
  readonly memory: WebAssembly.Memory;
  /** Bytes it can ever have; what is handed out for keeps ends at `keep`, the rest is for scratch. */
  readonly capacity: number;
  readonly keep: number;
  /** The next free address, and the address from which on nothing was ever written. */
  top: number;
  clean: number;
}

export interface Place {
  readonly segment: Segment;
  readonly address: number;
}

export interface Space {
  readonly segments: readonly Segment[];
  /** A zeroed array. */
  allocate<K extends Kind>(kind: K, length: number): ArrayOf[K];
  /** Zeroed bytes, in `near` where they fit. */
  reserve(bytes: number, near?: Segment): Place;
  /** Bytes with anything in them, in `inside` or in any segment. */
  scratch(bytes: number, inside?: Segment): Place;
  /** Whether scratch(bytes, segment) is possible. */
  hasRoom(segment: Segment, bytes: number): boolean;
  /** Where an array lies; undefined outside of kernel memory. */
  locate(array: ArrayBufferView): Place | undefined;
  view<K extends Kind>(kind: K, place: Place, length: number): ArrayOf[K];
  /** Runs body and frees what was reserved in it. */
  scoped<T>(body: () => T): T;
}

type ArrayType = { new (buffer: ArrayBufferLike, offset: number, length: number): ArrayBufferView };
const types = {
  f64: Float64Array,
  f32: Float32Array,
  i32: Int32Array,
  u32: Uint32Array,
  u8: Uint8Array,
} satisfies Record<Kind, ArrayType & { BYTES_PER_ELEMENT: number }>;

export const aligned = (bytes: number): number => ALIGN * Math.ceil(bytes / ALIGN);
const pages = (bytes: number): number => Math.ceil(bytes / PAGE);

function tooLarge(bytes: number, cause?: unknown) {
  const gib = (bytes / 2 ** 30).toFixed(1);
  const message = `kernels: a block should fit into the memory that is left, got a request for ${gib} GiB`;
  return new LorankError('usage', message, 'use f32 storage, fewer measurements, or a machine with more memory', {
    cause,
  });
}

/** opened is told of every new memory before anything lies in it. */
export function createSpace(shared: boolean, opened: (segment: Segment) => void): Space {
  const segments: Segment[] = [];
  const owners = new WeakMap<ArrayBufferLike, Segment>();

  function open(bytes: number): Segment {
    const need = bytes + BASE + ALIGN;
    if (need > MAX * 0.75) throw tooLarge(bytes);
    for (let capacity = shared ? MAX : Math.max(STEP, PAGE * pages(need / 0.75)); ; capacity /= 2) {
      try {
        const initial = pages(shared ? BASE : capacity);
        const memory = new WebAssembly.Memory({ initial, maximum: pages(capacity), shared });
        const id = segments.length;
        const segment = { id, memory, capacity, keep: 0.75 * capacity, top: BASE, clean: BASE };
        opened(segment);
        segments.push(segment);
        owners.set(memory.buffer, segment);
        return segment;
      } catch (cause) {
        if (capacity / 2 < need / 0.75) throw tooLarge(bytes, cause);
      }
    }
  }

  function take(segment: Segment, bytes: number): Place {
    const address = segment.top;
    segment.top = address + aligned(bytes);
    const { memory } = segment;
    const missing = segment.top - memory.buffer.byteLength;
    if (missing > 0) {
      const room = segment.capacity - memory.buffer.byteLength;
      try {
        memory.grow(pages(Math.min(room, Math.max(missing, STEP))));
      } catch (cause) {
        segment.top = address;
        throw tooLarge(bytes, cause);
      }
      owners.set(memory.buffer, segment);
    }
    return { segment, address };
  }

  const fits = (bytes: number, limit: 'keep' | 'capacity') => (segment: Segment) =>
    segment.top + aligned(bytes) <= segment[limit];

  const space: Space = {
    segments,
    allocate(kind, length) {
      return space.view(kind, space.reserve(length * types[kind].BYTES_PER_ELEMENT), length);
    },
    reserve(bytes, near) {
      const home = near && fits(bytes, 'capacity')(near) ? near : segments.find(fits(bytes, 'keep'));
      const place = take(home ?? open(bytes), bytes);
      const { segment, address } = place;
      const used = Math.min(segment.top, segment.clean) - address;
      if (used > 0) space.view('f64', place, used / 8).fill(0); // shared memory is filled number by number
      segment.clean = Math.max(segment.clean, segment.top);
      return place;
    },
    scratch(bytes, inside) {
      const roomy = fits(bytes, 'capacity');
      if (inside && !roomy(inside)) throw tooLarge(bytes);
      const place = take(inside ?? segments.find(roomy) ?? open(bytes), bytes);
      place.segment.clean = Math.max(place.segment.clean, place.segment.top);
      return place;
    },
    hasRoom: (segment, bytes) => fits(bytes, 'capacity')(segment),
    locate(array) {
      const segment = owners.get(array.buffer);
      return segment && { segment, address: array.byteOffset };
    },
    view<K extends Kind>(kind: K, { segment, address }: Place, length: number): ArrayOf[K] {
      const type: ArrayType = types[kind];
      return new type(segment.memory.buffer, address, length) as ArrayOf[K];
    },
    scoped(body) {
      const tops = segments.map((segment) => segment.top);
      try {
        return body();
      } finally {
        for (const segment of segments) segment.top = tops[segment.id] ?? BASE;
      }
    },
  };
  return space;
}
